//! What theory guarantees of a configuration, and why.

use quorate_checker::{Anomaly, Rung};
use serde::Serialize;

use super::{chain, consensus, crdt, dynamo, leader, liars, members, versions};
use crate::protocol::{Configuration, Durability, Object, Protocol};
use crate::quorum::{Meeting, ReadWriteSystem, TooMany};

/// A condition on each register, weaker ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// Nothing at all: a read may return what nobody wrote.
    Anything,
    /// Nothing but that values come from writes: even an acknowledged write may vanish.
    Nothing,
    /// With repair and without new writes, all replicas agree in the end.
    Eventual,
    /// Replicas that have heard of the same agree, and all have heard of everything once nobody changes anything
    /// any more; then reads show all that was acknowledged (Shapiro et al., 2011).
    StrongEventual,
    /// Of a queue: whatever is acknowledged comes out in the end, be it more than once and in any order.
    AtLeastOnce,
    /// There is one order of all operations in which those of each client stand as it began them
    /// (Lamport, "How to make a multiprocessor computer that correctly executes multiprocess programs",
    /// 1979). Reads may be out of date. Stronger and weaker only than what stands at the ends: of the two
    /// that follow, neither implies it.
    Sequential,
    /// A read returns the last write completed before it, or one concurrent with it (Lamport, "On
    /// interprocess communication", 1986), each read by itself.
    WeakRegular,
    /// Both: strong eventual convergence, and each read by itself shows all that was complete before it.
    ConvergentRegular,
    /// As weak regularity, by one order of the writes for all reads.
    Regular,
    /// There is one order of all operations that respects real time (Herlihy and Wing, 1990).
    Linearizable,
}

impl Condition {
    /// The rungs of the ladder on which every register, or other object, must stand.
    pub fn rungs(self) -> &'static [Rung] {
        match self {
            Self::Anything | Self::Nothing | Self::Eventual | Self::AtLeastOnce => &[],
            Self::StrongEventual => &[Rung::Convergence],
            Self::Sequential => &[Rung::Sequential],
            Self::WeakRegular => &[Rung::WeakRegular],
            Self::ConvergentRegular => &[Rung::WeakRegular, Rung::Convergence],
            Self::Regular => &[Rung::Regular],
            Self::Linearizable => &[Rung::Linearizable],
        }
    }

    /// Whether this anomaly cannot happen where the condition holds.
    pub fn forbids(self, anomaly: Anomaly) -> bool {
        match anomaly {
            // Values come from writes, unless replicas lie.
            Anomaly::PhantomValue | Anomaly::DirtyRead | Anomaly::FutureRead => {
                self > Self::Anything
            }
            Anomaly::LostWrite | Anomaly::StaleRead => self >= Self::WeakRegular,
            Anomaly::LostElement => self == Self::AtLeastOnce || self == Self::Linearizable,
            // Transactions promise more than any register.
            _ => self == Self::Linearizable,
        }
    }

    /// The word of reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Anything => "nothing at all",
            Self::Nothing => "nothing",
            Self::Eventual => "eventual consistency",
            Self::StrongEventual => "strong eventual convergence",
            Self::AtLeastOnce => "at-least-once delivery",
            Self::Sequential => "sequential consistency",
            Self::WeakRegular => "weak regularity",
            Self::ConvergentRegular => "strong eventual convergence and weak regularity",
            Self::Regular => "regularity",
            Self::Linearizable => "linearizability",
        }
    }
}

/// What is allowed to go wrong besides delay, loss, reordering, partitions and crashes.
#[expect(clippy::struct_excessive_bools, reason = "each may happen or not, whatever the others do")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hazards {
    /// Crashes lose what was not synced.
    pub lost_unsynced: bool,
    /// Nodes come back with empty disks.
    pub wiped: bool,
    /// Clocks differ.
    pub clock_skew: bool,
    /// Several clients write the same register.
    pub many_writers: bool,
    /// What clients operate on: no hazard, but it decides what can go wrong.
    pub object: Object,
}

/// The strongest condition that theory guarantees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Promise {
    /// The condition.
    pub condition: Condition,
    /// The inequality or setting that decides.
    pub because: String,
    /// Why, in a sentence or two.
    pub reason: String,
    /// The one change that would lift it; empty where there is nothing to lift.
    pub remedy: String,
    /// The paper or the systems it comes from.
    pub source: &'static str,
}

/// What a configuration guarantees under these hazards.
pub fn promise(config: &Configuration, hazards: Hazards) -> Promise {
    if hazards.wiped {
        return Promise {
            condition: Condition::Nothing,
            because: "nodes come back with empty disks, under the names they had".into(),
            reason: "A quorum is counted on for what it acknowledged, and one of its nodes has forgotten: the \
                     next quorum may meet it in that node alone."
                .into(),
            remedy: "disks that stay; or members that are replaced, not emptied".into(),
            source: "Attiya, Bar-Noy and Dolev 1995 assume that replicas do not forget",
        };
    }
    if config.durability == Durability::AckBeforeSync && hazards.lost_unsynced {
        return Promise {
            condition: Condition::Nothing,
            because: "acknowledged before it is synced, and crashes lose what is not synced".into(),
            reason:
                "A replica that forgets what it acknowledged breaks every quorum it was part of: \
                     the write may be on no replica any more."
                    .into(),
            remedy: "durability = \"sync-before-ack\"".into(),
            source: "Attiya, Bar-Noy and Dolev 1995 assume that replicas do not forget",
        };
    }
    if let Some(promise) = versions::believed_alive(config, hazards) {
        return promise;
    }
    match config.protocol {
        Protocol::Abd => versions::abd(config, hazards),
        Protocol::AbdSingleWriter => versions::single_writer(config, hazards),
        Protocol::Lww => versions::lww(config, hazards),
        Protocol::Masking => liars::masking(config),
        Protocol::Sloppy => dynamo::sloppy(config, hazards),
        Protocol::Siblings => dynamo::siblings(config, hazards),
        Protocol::Crdt => crdt::crdt(config, hazards),
        Protocol::Voting => dynamo::voting(),
        Protocol::Gifford => consensus::gifford(config),
        Protocol::CasPaxos => consensus::caspaxos(config),
        Protocol::Members => members::members(config),
        Protocol::Raft => leader::raft(config, hazards),
        Protocol::Primary => leader::primary(config, hazards),
        Protocol::Chain => chain::chain(config),
    }
}

/// Whether reads meet writes, in the terms of the configuration.
pub(super) fn read_write_sum(config: &Configuration) -> String {
    if let Some(system) = &config.system {
        return meeting(system, ["read", "write"], system.reads_meet_writes());
    }
    let Configuration { n, r, w, .. } = *config;
    let (sum, relation) = (r + w, if r + w > n { ">" } else { "<=" });
    format!("R + W = {r} + {w} = {sum} {relation} N = {n}")
}

/// Whether writes meet each other, in the terms of the configuration.
pub(super) fn write_write_sum(config: &Configuration) -> String {
    if let Some(system) = &config.system {
        return meeting(system, ["write", "write"], system.writes_meet_writes());
    }
    let Configuration { n, w, .. } = *config;
    let (sum, relation) = (w + w, if w + w > n { ">" } else { "<=" });
    format!("W + W = {w} + {w} = {sum} {relation} N = {n}")
}

fn meeting(
    system: &ReadWriteSystem,
    [first, second]: [&str; 2],
    meeting: Result<Meeting, TooMany>,
) -> String {
    let show = |set| system.names.show(set);
    match meeting {
        Ok(found) if found.always() => {
            let nodes = if found.nodes == 1 { "node" } else { "nodes" };
            format!(
                "every {first} quorum meets every {second} quorum, in {} {nodes} at least",
                found.nodes
            )
        }
        Ok(Meeting { first: one, second: other, .. }) => {
            format!("the {first} quorum {} misses the {second} quorum {}", show(one), show(other))
        }
        Err(TooMany) => {
            format!("too many quorums to say whether every {first} meets every {second}")
        }
    }
}
