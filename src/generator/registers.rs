//! Operations on registers or other objects: which function, which object, which value.

use rand::RngExt as _;

use crate::client::{Action, Operation};
use crate::protocol::{Key, Object, Value};
use crate::rng::Rng;

/// A set has elements from 0 to this: what its reads return fits into one value. The last one is only added when
/// all is mended.
pub const SET_SIZE: Value = 62;

/// How often each function comes, in proportion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mix {
    /// Reads; of queues, dequeues.
    pub read: u32,
    /// Writes; of counters and sets, adds; of queues, enqueues.
    pub write: u32,
    /// Compare-and-sets.
    pub cas: u32,
}

/// Which values are written. What is added to a set, or put into a queue, is always unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// Each once per register: 1, 2, 3, …. Such histories are checked in near-linear time. To a counter, 1 is
    /// added each time.
    Unique,
    /// One of 1 to this many. To a counter, so much is added or taken away.
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
    /// What they are on.
    pub object: Object,
    /// Which functions.
    pub mix: Mix,
    /// How many objects are in use at a time.
    pub keys: u32,
    /// After how many operations an object is given up for a new one; if `None`, never, or when a set is full.
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
        let is_full = self.settings.object == Object::Set && register.last_value >= SET_SIZE;
        if is_full || self.settings.ops_per_key.is_some_and(|most| register.op_count >= most) {
            *register = Register::new(self.next_key);
            self.next_key += 1;
        }
        register.op_count += 1;
        let Mix { read, write, cas } = self.settings.mix;
        let draw = rng.random_range(0..read + write + cas);
        let values = self.settings.values;
        let may_change = self.settings.writers == Writers::All || register.key % workers == worker;
        let action = if draw < read || !may_change {
            Action::look(self.settings.object)
        } else if draw < read + write {
            register.change(self.settings, rng)
        } else {
            let expected = register.old_value(values, rng);
            Action::Cas { expected, new: register.new_value(values, rng) }
        };
        Operation { key: register.key, action }
    }
}

impl Register {
    /// Puts something new into the object.
    fn change(&mut self, settings: RegisterSettings, rng: &mut Rng) -> Action {
        let RegisterSettings { object, values, .. } = settings;
        let value = match (object, values) {
            (Object::Register, _) => self.new_value(values, rng),
            (Object::Counter, Values::Unique) => 1,
            (Object::Counter, Values::Domain(most)) => {
                let amount = rng.random_range(1..=Value::from(most));
                if rng.random() { amount } else { -amount }
            }
            (Object::Set, _) => self.new_value(Values::Unique, rng) - 1,
            (Object::Queue, _) => self.new_value(Values::Unique, rng),
        };
        Action::change(object, value)
    }

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
