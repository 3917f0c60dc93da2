//! Versions by vector clocks, as in Dynamo (DeCandia et al., SOSP 2007) and Riak: of two values that were
//! written without knowing of each other, neither replaces the other; both are kept as siblings.
//!
//! A write replaces what its coordinator has read before it. Asked for *the* value, a read returns the last
//! sibling, as applications do that expect only one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::machine::Seat;
use super::message::ClientReply;
use super::phases::{Gathered, Next, Phase, Phased};
use super::replica::Held;
use super::{Configuration, Value};
use crate::time::Nanos;

/// The writes that somebody knows of: of each writer, how many.
type Clock = BTreeMap<u32, u64>;

/// A value, which write it is, and which others it replaces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Sibling {
    /// Which write of its writer.
    count: u64,
    writer: u32,
    value: Value,
}

/// What a replica holds of a register: values of which none replaces another, and all writes that it knows
/// of (a dotted version vector set: Preguiça et al., 2012).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub(super) struct Siblings {
    known: Clock,
    values: Vec<Sibling>,
}

impl Siblings {
    fn knows(&self, sibling: &Sibling) -> bool {
        self.known.get(&sibling.writer).is_some_and(|count| *count >= sibling.count)
    }

    /// The same with one more write, which replaces all of `replaced`.
    fn write(replaced: &Self, writer: u32, value: Value) -> Self {
        let count = replaced.known.get(&writer).copied().unwrap_or(0) + 1;
        let mut known = replaced.known.clone();
        known.insert(writer, count);
        Self { known, values: vec![Sibling { count, writer, value }] }
    }

    /// The value that an application picks that expects only one.
    fn last(&self) -> Option<Value> {
        self.values.iter().max().map(|sibling| sibling.value)
    }
}

impl Held for Siblings {
    fn merge(&mut self, other: &Self) -> Self {
        // Whatever one side knows of and no longer has was replaced.
        let mine = self.values.iter().filter(|s| other.values.contains(s) || !other.knows(s));
        let theirs = other.values.iter().filter(|s| !self.knows(s));
        let mut values: Vec<Sibling> = mine.chain(theirs).cloned().collect();
        values.sort_unstable();
        self.values = values;
        for (writer, count) in &other.known {
            let known = self.known.entry(*writer).or_default();
            *known = (*known).max(*count);
        }
        other.clone()
    }

    fn covers(&self, other: &Self) -> bool {
        other.known.iter().all(|(writer, count)| self.known.get(writer) >= Some(count))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct DynamoSiblings;

/// What an operation is after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Goal {
    Read,
    /// Find what to replace.
    Write {
        writer: u32,
        value: Value,
    },
    Stored,
}

impl Phased for DynamoSiblings {
    type Held = Siblings;
    type Goal = Goal;

    fn start(_: &Seat) -> Self {
        Self
    }

    fn read(&mut self) -> (Goal, Phase<Siblings>) {
        (Goal::Read, Phase::Query)
    }

    fn write(&mut self, _: Nanos, writer: u32, value: Value) -> (Goal, Phase<Siblings>) {
        (Goal::Write { writer, value }, Phase::Query)
    }

    fn go_on(
        &mut self,
        config: &Configuration,
        goal: &mut Goal,
        gathered: &Gathered<Siblings>,
    ) -> Next<Siblings> {
        match *goal {
            Goal::Read if config.is_read_quorum(gathered.nodes) => {
                let reply = ClientReply::Value(gathered.merged.last());
                if config.read_repair {
                    Next::ReplyAndRepair(reply, gathered.merged.clone())
                } else {
                    Next::Reply(reply)
                }
            }
            Goal::Write { writer, value } if config.is_read_quorum(gathered.nodes) => {
                *goal = Goal::Stored;
                Next::Phase(Phase::Store(Siblings::write(&gathered.merged, writer, value)))
            }
            Goal::Stored if config.is_write_quorum(gathered.nodes) => {
                Next::Reply(ClientReply::Written)
            }
            _ => Next::Wait,
        }
    }
}
