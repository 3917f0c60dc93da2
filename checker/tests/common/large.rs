//! Large histories of a register that is linearizable by construction: all clients always have one
//! operation under way, latencies are exponential with a mean of 10 ms, and each operation takes
//! effect at a random moment while it is open.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use quorate_checker::{Datum, Event, EventKind, Process};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// What kind of history.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Large {
    pub(crate) op_count: u32,
    pub(crate) clients: u32,
    pub(crate) keys: u32,
    /// Written values come from 0 to below this; `None` writes each value once per key.
    pub(crate) domain: Option<i64>,
    /// Whether half of what is no read is compare-and-set.
    pub(crate) cas: bool,
    /// How many in a thousand end with an unknown outcome; half of these take effect later.
    pub(crate) info_per_mille: u32,
}

impl Large {
    pub(crate) const DISTINCT: Self = Self {
        op_count: 10_000,
        clients: 10,
        keys: 1,
        domain: None,
        cas: false,
        info_per_mille: 0,
    };
    pub(crate) const SMALL_DOMAIN: Self = Self { domain: Some(5), cas: true, ..Self::DISTINCT };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Effect,
    Return,
    Call,
}

#[derive(Debug, Clone, Copy)]
enum Asked {
    Read,
    Write(i64),
    Cas(i64, i64),
}

#[derive(Debug, Clone, Copy)]
struct Open {
    process: u32,
    key: u32,
    asked: Asked,
    /// What the register held when it took effect.
    met: Option<i64>,
    info: bool,
}

struct Maker {
    large: Large,
    rng: ChaCha8Rng,
    /// -1 before the first write.
    registers: Vec<i64>,
    next_value: Vec<i64>,
    agenda: BinaryHeap<Reverse<(u64, Step, u32)>>,
    /// Operations under way, and places in it that are free again.
    ops: Vec<Open>,
    free: Vec<u32>,
    begun: u32,
    process_of: Vec<u32>,
}

/// Makes the history and hands out its events one by one.
pub(crate) fn make(large: Large, seed: u64, mut each: impl FnMut(Event)) {
    let mut maker = Maker {
        large,
        rng: ChaCha8Rng::seed_from_u64(seed),
        registers: vec![-1; large.keys as usize],
        next_value: vec![0; large.keys as usize],
        agenda: BinaryHeap::new(),
        ops: Vec::new(),
        free: Vec::new(),
        begun: 0,
        process_of: (0..large.clients).collect(),
    };
    for client in 0..large.clients {
        let at = maker.latency();
        maker.agenda.push(Reverse((at, Step::Call, client)));
    }
    let mut index = 0;
    while let Some(Reverse((now, step, number))) = maker.agenda.pop() {
        if let Some(mut event) = maker.step(now, step, number) {
            event.index = Some(index);
            index += 1;
            each(event);
        }
    }
}

impl Maker {
    fn latency(&mut self) -> u64 {
        let share: f64 = self.rng.random();
        (-(1.0 - share).ln() * 10e6) as u64 + 2
    }

    fn step(&mut self, now: u64, step: Step, number: u32) -> Option<Event> {
        match step {
            Step::Call => {
                if self.begun >= self.large.op_count {
                    return None;
                }
                self.begun += 1;
                let place = self.call(now, number);
                Some(self.event(now, place as usize, EventKind::Invoke))
            }
            Step::Effect => {
                let op = &mut self.ops[number as usize];
                let register = &mut self.registers[op.key as usize];
                op.met = Some(*register);
                match op.asked {
                    Asked::Write(new) => *register = new,
                    Asked::Cas(old, new) if old == *register => *register = new,
                    Asked::Cas(..) | Asked::Read => {}
                }
                None
            }
            Step::Return => {
                let op = self.ops[number as usize];
                let client = op.process % self.large.clients;
                self.agenda.push(Reverse((now + 1, Step::Call, client)));
                let kind = match (op.asked, op.met) {
                    _ if op.info => {
                        self.process_of[client as usize] += self.large.clients;
                        EventKind::Info
                    }
                    (Asked::Cas(old, _), Some(met)) if old != met => EventKind::Fail,
                    _ => EventKind::Ok,
                };
                // One of unknown outcome may take effect yet.
                if !op.info {
                    self.free.push(number);
                }
                Some(self.event(now, number as usize, kind))
            }
        }
    }

    fn call(&mut self, now: u64, client: u32) -> u32 {
        let key = self.rng.random_range(0..self.large.keys);
        let place = key as usize;
        let new = match self.large.domain {
            Some(domain) => self.rng.random_range(0..domain),
            None => self.next_value[place],
        };
        let asked = match self.rng.random_range(0..4) {
            0 | 1 => Asked::Read,
            2 if self.large.cas => {
                let old = match self.large.domain {
                    Some(domain) => self.rng.random_range(0..domain),
                    None => self.registers[place],
                };
                Asked::Cas(old, new)
            }
            _ => Asked::Write(new),
        };
        if !matches!(asked, Asked::Read) {
            self.next_value[place] += 1;
        }
        let info = self.rng.random_range(0..1000) < self.large.info_per_mille;
        let process = self.process_of[client as usize];
        let op = Open { process, key, asked, met: None, info };
        let number = self.free.pop().unwrap_or(self.ops.len() as u32);
        if number as usize == self.ops.len() {
            self.ops.push(op);
        } else {
            self.ops[number as usize] = op;
        }
        let latency = self.latency();
        self.agenda.push(Reverse((now + latency, Step::Return, number)));
        if !info {
            let effect = now + self.rng.random_range(1..latency);
            self.agenda.push(Reverse((effect, Step::Effect, number)));
        } else if self.rng.random_range(0..2) == 0 {
            let effect = now + self.rng.random_range(1..10 * latency);
            self.agenda.push(Reverse((effect, Step::Effect, number)));
        }
        number
    }

    fn event(&self, now: u64, number: usize, kind: EventKind) -> Event {
        let op = &self.ops[number];
        let datum = |value: i64| if value < 0 { Datum::Nil } else { Datum::Int(value) };
        let (f, value) = match op.asked {
            Asked::Read if kind == EventKind::Ok => ("read", datum(op.met.unwrap_or(-1))),
            Asked::Read => ("read", Datum::Nil),
            Asked::Write(value) => ("write", datum(value)),
            Asked::Cas(old, new) => ("cas", Datum::List(vec![datum(old), datum(new)])),
        };
        Event {
            line: 0,
            index: None,
            time: Some(now as i64),
            process: Process::Client(op.process),
            kind,
            f: f.into(),
            key: (self.large.keys > 1).then(|| Datum::Int(i64::from(op.key))),
            value,
            observed: None,
            extra: Vec::new(),
        }
    }
}
