//! What clients have seen so far: as much of it as the checker needs to know.

use std::fmt;
use std::hash::Hash;

use quorate_checker::{Function, History, KeyHistory, Op, Outcome, Value as Datum, ValueId};

use super::{Ask, Client};
use crate::client::{Action, Completion};
use crate::protocol::Value;

/// The history of all clients, as the real-time order of their operations: the order of two beginnings, or
/// of two ends, rules out nothing, and states that differ in nothing else are one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Story(Vec<Telling>);

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Telling {
    fate: Fate,
    /// Which operations had ended when it began: one bit each.
    after: u32,
}

/// What became of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Fate {
    ToCome,
    UnderWay,
    Ok(Option<Value>),
    /// It never happened, or nobody saw what it returned.
    Nothing,
    Unknown,
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|Telling { fate, after }| write!(f, "{fate:?} {after:b}; "))
    }
}

impl Story {
    /// Nothing has begun.
    pub(super) fn new(clients: &[Client]) -> Self {
        let count = clients.iter().map(|client| client.asks.len()).sum();
        Self(vec![Telling { fate: Fate::ToCome, after: 0 }; count])
    }

    /// The place of the operation that a client is at or comes to next, if it has one, and whether it is
    /// under way.
    pub(super) fn at(&self, clients: &[Client], client: usize) -> Option<(usize, bool)> {
        let before: usize = clients[..client].iter().map(|client| client.asks.len()).sum();
        let own = before..before + clients[client].asks.len();
        own.into_iter().find_map(|place| match self.0[place].fate {
            Fate::ToCome => Some((place, false)),
            Fate::UnderWay => Some((place, true)),
            Fate::Ok(_) | Fate::Nothing | Fate::Unknown => None,
        })
    }

    /// How many operations of a client have an unknown outcome: after each it goes on under a new number.
    pub(super) fn unknown(&self, clients: &[Client], client: usize) -> u32 {
        let before: usize = clients[..client].iter().map(|client| client.asks.len()).sum();
        let own = &self.0[before..before + clients[client].asks.len()];
        own.iter().filter(|telling| telling.fate == Fate::Unknown).count() as u32
    }

    /// An operation begins.
    pub(super) fn begin(&mut self, place: usize) {
        let ended = |(place, telling): (usize, &Telling)| {
            if matches!(telling.fate, Fate::Ok(_)) { 1 << place } else { 0 }
        };
        let after = self.0.iter().enumerate().map(ended).sum();
        self.0[place] = Telling { fate: Fate::UnderWay, after };
    }

    /// An operation ends.
    pub(super) fn complete(&mut self, place: usize, completion: &Completion) {
        let telling = &mut self.0[place];
        telling.fate = match completion.kind {
            quorate_checker::EventKind::Ok => Fate::Ok(completion.read),
            quorate_checker::EventKind::Info => Fate::Unknown,
            _ => Fate::Nothing,
        };
        if telling.fate == Fate::Nothing {
            telling.after = 0;
        }
    }

    /// Whether no operation that returns something is under way or to come.
    pub(super) fn is_over(&self, asks: &[Ask]) -> bool {
        !self.0.iter().zip(asks).any(|(telling, ask)| {
            matches!(telling.fate, Fate::ToCome | Fate::UnderWay)
                && !matches!(ask.action, Action::Write(_))
        })
    }

    /// Whether an operation that returns something has ended since. `asks` are all operations.
    pub(super) fn has_returned_since(&self, earlier: &Self, asks: &[Ask]) -> bool {
        self.0.iter().zip(&earlier.0).zip(asks).any(|((now, before), ask)| {
            matches!(now.fate, Fate::Ok(_))
                && now.fate != before.fate
                && !matches!(ask.action, Action::Write(_))
        })
    }

    /// The history of the register. `asks` are all operations.
    pub(super) fn history(&self, asks: &[Ask]) -> History {
        let mut history = History::default();
        let mut order: Vec<usize> = (0..self.0.len())
            .filter(|place| !matches!(self.0[*place].fate, Fate::ToCome | Fate::Nothing))
            .collect();
        // What had ended when an operation began had also ended when a later one did.
        order.sort_by_key(|place| self.0[*place].after.count_ones());
        let mut ops: Vec<(usize, Op)> = Vec::new();
        let mut position = 0;
        let mut next = || {
            position += 1;
            position
        };
        for place in order {
            let after = self.0[place].after;
            for (earlier, op) in &mut ops {
                if after & (1 << *earlier) != 0 && op.outcome() != Outcome::Ok {
                    op.complete(Outcome::Ok, next());
                }
            }
            let op = self.op(place, asks, next(), &mut history);
            ops.push((place, op));
        }
        for (place, op) in &mut ops {
            if matches!(self.0[*place].fate, Fate::Ok(_)) && op.outcome() != Outcome::Ok {
                op.complete(Outcome::Ok, next());
            }
        }
        history.event_count = position;
        let ops = ops.into_iter().map(|(_, op)| op).collect();
        history.keys.push(KeyHistory { key: None, ops });
        history
    }

    fn op(&self, place: usize, asks: &[Ask], call: u32, history: &mut History) -> Op {
        let mut id =
            |value: Option<Value>| history.values.intern(&value.map_or(Datum::Nil, Datum::Int));
        let process = place as u32;
        match asks[place].action {
            Action::Read => {
                let a = match self.0[place].fate {
                    Fate::Ok(value) => id(value),
                    _ => ValueId::NONE,
                };
                Op::invoked(call, process, Function::Read, a, ValueId::NONE)
            }
            Action::Write(value) => {
                Op::invoked(call, process, Function::Write, id(Some(value)), ValueId::NONE)
            }
            Action::Cas { expected, new } => {
                Op::invoked(call, process, Function::Cas, id(expected), id(Some(new)))
            }
            other => unreachable!("{} is asked of no register", other.name()),
        }
    }
}
