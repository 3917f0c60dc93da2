//! Replicated data types that converge by themselves (Shapiro, Preguiça, Baquero and Zawirski, "Conflict-free
//! replicated data types", SSS 2011): counters, sets that only grow, and registers in which the last writer wins.
//!
//! What a replica holds is a join-semilattice: taking something in, in whatever order and however often, only
//! adds to it, so replicas that have heard of the same are the same. A change is one phase, stored at W; a read
//! merges what R replicas hold. Nothing is ever ordered, and so nobody ever has to agree.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::machine::Seat;
use super::message::{ClientReply, Request};
use super::phases::{Gathered, Next, Phase, Phased};
use super::replica::Held;
use super::version::Stored;
use super::{Configuration, Key, Mutant, NodeId, Value};
use crate::time::Nanos;

/// Whose contribution it is: a node between two of its crashes, since what it last contributed before one may
/// not be on its disk.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
struct Origin {
    node: NodeId,
    incarnation: u32,
}

/// All that an origin has added to a counter, and all that it has taken away: both only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
struct Contribution {
    added: Value,
    taken: Value,
}

impl Contribution {
    fn add(&mut self, amount: Value) {
        self.added += amount.max(0);
        self.taken -= amount.min(0);
    }

    fn join(&mut self, other: Self) {
        self.added = self.added.max(other.added);
        self.taken = self.taken.max(other.taken);
    }
}

/// What a replica holds of an object: of each kind of object the least element, but for the kind that clients
/// use it as.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub(super) struct Joined {
    counter: BTreeMap<Origin, Contribution>,
    /// A bit for each element of a set.
    elements: u64,
    register: Stored,
}

impl Held for Joined {
    const ONLY_GROWS: bool = true;

    fn merge(&mut self, other: &Self) -> Self {
        for (origin, contribution) in &other.counter {
            self.counter.entry(*origin).or_default().join(*contribution);
        }
        self.elements |= other.elements;
        self.register.merge(&other.register);
        other.clone()
    }

    fn covers(&self, other: &Self) -> bool {
        let mut both = self.clone();
        both.merge(other);
        both == *self
    }

    fn value(&self) -> Option<Value> {
        if !self.counter.is_empty() {
            let contributions = self.counter.values();
            return Some(contributions.map(|one| one.added - one.taken).sum());
        }
        if self.elements != 0 {
            return Some(self.elements as Value);
        }
        self.register.value
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Crdt {
    origin: Origin,
    /// What it has contributed to each counter since it started.
    contributed: BTreeMap<Key, Contribution>,
}

/// What an operation is after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Goal {
    Read,
    /// That this is stored.
    Stored,
    /// That this amount is added to this counter.
    Added(Key, Value),
}

impl Crdt {
    /// All that this node has contributed to a counter.
    fn contribution(&self, key: Key) -> Joined {
        let contribution = self.contributed.get(&key).copied().unwrap_or_default();
        Joined { counter: BTreeMap::from([(self.origin, contribution)]), ..Joined::default() }
    }

    fn add(&mut self, key: Key, amount: Value) -> Phase<Joined> {
        self.contributed.entry(key).or_default().add(amount);
        Phase::Store(self.contribution(key))
    }
}

impl Phased for Crdt {
    type Held = Joined;
    type Goal = Goal;

    fn start(seat: &Seat) -> Self {
        let counts_anew = seat.config.is(Mutant::CountsAnew);
        let incarnation = if counts_anew { 0 } else { seat.incarnation };
        Self { origin: Origin { node: seat.id, incarnation }, contributed: BTreeMap::new() }
    }

    fn read(&mut self) -> (Goal, Phase<Joined>) {
        (Goal::Read, Phase::Query)
    }

    fn write(&mut self, now: Nanos, writer: u32, value: Value) -> (Goal, Phase<Joined>) {
        let register = Stored::new(now, writer, value);
        (Goal::Stored, Phase::Store(Joined { register, ..Joined::default() }))
    }

    fn change(&mut self, key: Key, request: Request) -> Option<(Goal, Phase<Joined>)> {
        match request {
            Request::Add(amount) => Some((Goal::Added(key, amount), self.add(key, amount))),
            Request::Insert(element) => {
                let elements = 1_u64 << element.clamp(0, 63);
                Some((Goal::Stored, Phase::Store(Joined { elements, ..Joined::default() })))
            }
            _ => None,
        }
    }

    fn go_on(
        &mut self,
        config: &Configuration,
        goal: &mut Goal,
        gathered: &Gathered<Joined>,
    ) -> Next<Joined> {
        match *goal {
            Goal::Read if gathered.is_enough(config) => {
                let found = match gathered.found.last() {
                    Some((_, last)) if config.is(Mutant::LastAnswerWins) => last,
                    _ => &gathered.merged,
                };
                let reply = ClientReply::Value(found.value());
                if config.read_repair {
                    Next::ReplyAndRepair(reply, found.clone())
                } else {
                    Next::Reply(reply)
                }
            }
            Goal::Added(key, amount)
                if config.is(Mutant::AddsAgain) && !gathered.nodes.contains(self.origin.node) =>
            {
                *goal = Goal::Stored;
                Next::Phase(self.add(key, amount))
            }
            Goal::Stored | Goal::Added(..) if gathered.is_enough(config) => {
                Next::Reply(ClientReply::Written)
            }
            _ => Next::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt as _;

    use super::*;
    use crate::rng::{Rng, Seed};

    fn any(rng: &mut Rng) -> Joined {
        let mut joined = Joined { elements: rng.random_range(0..16), ..Joined::default() };
        for _ in 0..rng.random_range(0..3) {
            let origin =
                Origin { node: rng.random_range(0..2), incarnation: rng.random_range(0..2) };
            let amount = || Contribution { added: 1, taken: 2 };
            let Contribution { added, taken } = joined.counter.entry(origin).or_insert_with(amount);
            (*added, *taken) = (rng.random_range(0..3), rng.random_range(0..3));
        }
        if rng.random() {
            joined.register = Stored::new(rng.random_range(1..3), 0, rng.random_range(1..3));
        }
        joined
    }

    fn join(one: &Joined, other: &Joined) -> Joined {
        let mut joined = one.clone();
        joined.merge(other);
        joined
    }

    #[test]
    fn it_is_a_semilattice() {
        let mut rng = Seed(1).fork("semilattice");
        for _ in 0..10_000 {
            let (a, b, c) = (any(&mut rng), any(&mut rng), any(&mut rng));
            assert_eq!(join(&a, &a), a);
            assert_eq!(join(&a, &b), join(&b, &a));
            assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)));
            assert!(join(&a, &b).covers(&a));
            assert_eq!(a.covers(&b) && b.covers(&a), a == b);
        }
    }
}
