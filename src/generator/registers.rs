//! Operations on registers: which function, which register, which value.

use rand::RngExt as _;

use crate::client::{Action, Operation};
use crate::protocol::{Key, Value};
use crate::rng::Rng;

/// How often each function comes, in proportion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mix {
    /// Reads.
    pub read: u32,
    /// Writes.
    pub write: u32,
    /// Compare-and-sets.
    pub cas: u32,
}

/// Which values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// Each once per register: 1, 2, 3, …. Such histories are checked in near-linear time.
    Unique,
    /// One of 1 to this many.
    Domain(u32),
}

/// Who changes a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writers {
    /// Everybody.
    All,
    /// One worker, another for each register; what others draw that is no read becomes one.
    One,
}

impl Writers {
    /// Both.
    pub const ALL: [Self; 2] = [Self::All, Self::One];

    /// The word of workloads.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::One => "one",
        }
    }
}

/// What to draw operations from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegisterSettings {
    /// Which functions.
    pub mix: Mix,
    /// How many registers are in use at a time.
    pub keys: u32,
    /// After how many operations a register is given up for a new one; never if `None`.
    pub ops_per_key: Option<u32>,
    /// Which values.
    pub values: Values,
    /// Who writes.
    pub writers: Writers,
}

/// Draws operations without end.
#[derive(Debug, Clone)]
pub struct Registers {
    settings: RegisterSettings,
    active: Vec<Register>,
    next_key: Key,
}

#[derive(Debug, Clone, Copy)]
struct Register {
    key: Key,
    op_count: u32,
    last_value: Value,
}

impl Register {
    fn new(key: Key) -> Self {
        Self { key, op_count: 0, last_value: 0 }
    }
}

impl Registers {
    /// Nothing drawn yet.
    pub fn new(settings: RegisterSettings) -> Self {
        let active = (0..settings.keys).map(Register::new).collect();
        Self { settings, active, next_key: settings.keys }
    }

    /// An operation for one of so many workers.
    pub(super) fn draw(&mut self, worker: u32, workers: u32, rng: &mut Rng) -> Operation {
        let register = &mut self.active[rng.random_range(0..self.settings.keys as usize)];
        if self.settings.ops_per_key.is_some_and(|most| register.op_count >= most) {
            *register = Register::new(self.next_key);
            self.next_key += 1;
        }
        register.op_count += 1;
        let Mix { read, write, cas } = self.settings.mix;
        let draw = rng.random_range(0..read + write + cas);
        let values = self.settings.values;
        let may_change = self.settings.writers == Writers::All || register.key % workers == worker;
        let action = if draw < read || !may_change {
            Action::Read
        } else if draw < read + write {
            Action::Write(register.new_value(values, rng))
        } else {
            let expected = register.old_value(values, rng);
            Action::Cas { expected, new: register.new_value(values, rng) }
        };
        Operation { key: register.key, action }
    }
}

impl Register {
    fn new_value(&mut self, values: Values, rng: &mut Rng) -> Value {
        match values {
            Values::Unique => {
                self.last_value += 1;
                self.last_value
            }
            Values::Domain(size) => rng.random_range(1..=Value::from(size)),
        }
    }

    /// A value that may be there now; `None` before the first write.
    fn old_value(self, values: Values, rng: &mut Rng) -> Option<Value> {
        match values {
            Values::Unique => Some(self.last_value).filter(|value| *value > 0),
            Values::Domain(size) => {
                Some(rng.random_range(0..=Value::from(size))).filter(|v| *v > 0)
            }
        }
    }
}
