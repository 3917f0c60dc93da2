//! Value voting: no versions. A write is acknowledged by a quorum, which each overwrite whatever they had;
//! a read succeeds when R replicas return the same value.
//!
//! What many believe a majority gives. It does not: a late or doubled message overwrites a newer value, and
//! after a partial write no value may have a majority any more.

use serde::{Deserialize, Serialize};

use super::machine::Seat;
use super::message::ClientReply;
use super::phases::{Gathered, Next, Phase, Phased};
use super::replica::Held;
use super::{Configuration, Value};
use crate::time::Nanos;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Voting;

/// A value, and how many came before it at its replica: those are no versions, for no other replica knows
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub(super) struct Vote {
    value: Option<Value>,
    arrivals: u64,
}

/// What an operation is after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Goal {
    Read,
    Write,
}

impl Held for Vote {
    fn merge(&mut self, other: &Self) -> Self {
        *self = Self { value: other.value, arrivals: self.arrivals + 1 };
        *self
    }

    fn covers(&self, other: &Self) -> bool {
        self.arrivals >= other.arrivals
    }

    fn value(&self) -> Option<Value> {
        self.value
    }
}

impl Phased for Voting {
    type Held = Vote;
    type Goal = Goal;

    fn start(_: &Seat) -> Self {
        Self
    }

    fn read(&mut self) -> (Goal, Phase<Vote>) {
        (Goal::Read, Phase::Query)
    }

    fn write(&mut self, _: Nanos, _: u32, value: Value) -> (Goal, Phase<Vote>) {
        (Goal::Write, Phase::Store(Vote { value: Some(value), arrivals: 0 }))
    }

    fn go_on(
        &mut self,
        config: &Configuration,
        goal: &mut Goal,
        gathered: &Gathered<Vote>,
    ) -> Next<Vote> {
        match goal {
            Goal::Write if config.is_write_quorum(gathered.nodes) => {
                Next::Reply(ClientReply::Written)
            }
            Goal::Write => Next::Wait,
            Goal::Read => match agreed(config, gathered) {
                Some(reply) => Next::Reply(reply),
                None if gathered.nodes.len() == config.n => Next::Reply(ClientReply::Unavailable),
                None => Next::Wait,
            },
        }
    }
}

/// The value that a read quorum returned.
fn agreed(config: &Configuration, gathered: &Gathered<Vote>) -> Option<ClientReply> {
    let values = gathered.found.iter().map(|(_, vote)| vote.value);
    let mut agreed = values.filter(|value| {
        let same = gathered.found.iter().filter(|(_, vote)| vote.value == *value);
        config.is_read_quorum(same.map(|(node, _)| *node).collect())
    });
    agreed.next().map(ClientReply::Value)
}
