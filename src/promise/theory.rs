//! What theory guarantees of a configuration, and why.

use quorate_checker::{Anomaly, Rung};
use serde::Serialize;

use super::{reads_meet_writes, writes_meet_writes};
use crate::protocol::{Configuration, Durability, Protocol};

/// A condition on each register, weaker ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// Nothing: even an acknowledged write may vanish.
    Nothing,
    /// With repair and without new writes, all replicas agree in the end.
    Eventual,
    /// A read returns the last write completed before it, or one concurrent with it (Lamport, "On
    /// interprocess communication", 1986), each read by itself.
    WeakRegular,
    /// The same, by one order of the writes for all reads.
    Regular,
    /// There is one order of all operations that respects real time (Herlihy and Wing, 1990).
    Linearizable,
}

impl Condition {
    /// The rung of the ladder on which every register must stand.
    pub fn rung(self) -> Option<Rung> {
        match self {
            Self::Nothing | Self::Eventual => None,
            Self::WeakRegular => Some(Rung::WeakRegular),
            Self::Regular => Some(Rung::Regular),
            Self::Linearizable => Some(Rung::Linearizable),
        }
    }

    /// Whether this anomaly cannot happen where the condition holds.
    pub fn forbids(self, anomaly: Anomaly) -> bool {
        match anomaly {
            // Values come from writes, whatever is promised.
            Anomaly::PhantomValue | Anomaly::DirtyRead | Anomaly::FutureRead => true,
            Anomaly::LostWrite | Anomaly::StaleRead => self >= Self::WeakRegular,
            // Transactions promise more than any register.
            _ => self == Self::Linearizable,
        }
    }

    /// The word of reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Eventual => "eventual consistency",
            Self::WeakRegular => "weak regularity",
            Self::Regular => "regularity",
            Self::Linearizable => "linearizability",
        }
    }
}

/// What is allowed to go wrong besides delay, loss, reordering, partitions and crashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hazards {
    /// Crashes lose what was not synced.
    pub lost_unsynced: bool,
    /// Clocks differ.
    pub clock_skew: bool,
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
    match config.protocol {
        Protocol::Abd => abd(config, hazards),
        Protocol::Lww => lww(config, hazards),
    }
}

/// R + W against N, in numbers.
fn read_write_sum(config: &Configuration) -> String {
    let Configuration { n, r, w, .. } = *config;
    let (sum, relation) = (r + w, if r + w > n { ">" } else { "<=" });
    format!("R + W = {r} + {w} = {sum} {relation} N = {n}")
}

fn missed_reads(config: &Configuration) -> Promise {
    Promise {
        condition: Condition::Eventual,
        because: read_write_sum(config),
        reason: "A read quorum need not meet the quorum of the last write, so a read may miss a \
                 write that had completed before it began."
            .into(),
        remedy: if writes_meet_writes(config) {
            format!("R = {}, so that R + W > N", config.n - config.w + 1)
        } else {
            format!("R = W = {}, so that any two quorums meet", config.n / 2 + 1)
        },
        source: "Gifford 1979; Bailis et al., \"Probabilistically bounded staleness\", 2012",
    }
}

/// Whether a read sees whatever an earlier read saw, although that was not written back: both ask all
/// replicas, and no replica forgets what it answered.
fn reads_repeat(config: &Configuration, hazards: Hazards) -> bool {
    config.r == config.n && !hazards.lost_unsynced
}

fn abd(config: &Configuration, hazards: Hazards) -> Promise {
    const SOURCE: &str = "Attiya, Bar-Noy and Dolev 1995; Lynch and Shvartsman 1997";
    let Configuration { n, w, .. } = *config;
    if !reads_meet_writes(config) {
        return missed_reads(config);
    }
    if !writes_meet_writes(config) {
        return Promise {
            condition: Condition::Eventual,
            because: format!("W + W = {w} + {w} = {} <= N = {n}", w + w),
            reason: "The query of a write need not meet the write before it, so a later write may \
                     choose a lower version and never be read."
                .into(),
            remedy: format!("W = {}, so that W + W > N", n / 2 + 1),
            source: SOURCE,
        };
    }
    if !config.write_back && w == n && reads_repeat(config, hazards) {
        return Promise {
            condition: Condition::Linearizable,
            because: format!("R = W = N = {n}"),
            reason: "Every operation asks every replica, so whatever one read saw, each later \
                     operation sees, too."
                .into(),
            remedy: String::new(),
            source: SOURCE,
        };
    }
    if !config.write_back && w == n {
        return Promise {
            condition: Condition::Regular,
            because: format!("W = N = {n}, but reads do not write back"),
            reason:
                "A read finds every completed write, and a write finds everything that was read. \
                     While a write is under way, one read may return its value and a later one, at \
                     other replicas, the value before it."
                    .into(),
            remedy: "write_back = true".into(),
            source: SOURCE,
        };
    }
    if !config.write_back {
        return Promise {
            condition: Condition::WeakRegular,
            because: format!("{}, but reads do not write back", read_write_sum(config)),
            reason: "A read finds every completed write. While a write is under way, one read may \
                     return its value and a later one, at other replicas, the value before it; and \
                     a write that begins in between may choose a version below the one that was read."
                .into(),
            remedy: "write_back = true".into(),
            source: SOURCE,
        };
    }
    Promise {
        condition: Condition::Linearizable,
        because: format!("{} and W + W = {} > N = {n}", read_write_sum(config), w + w),
        reason: "Every read meets every completed write, every write chooses a version above all \
                 completed ones, and a read stores what it returns before it returns it."
            .into(),
        remedy: String::new(),
        source: SOURCE,
    }
}

/// What makes versions that are counted and not timed worth it.
fn without_clocks(config: &Configuration, hazards: Hazards) -> String {
    let counted = abd(&Configuration { protocol: Protocol::Abd, ..config.clone() }, hazards);
    let remedy = "protocol = \"abd\", whose versions are counted and not timed";
    if counted.condition > Condition::Eventual {
        remedy.to_owned()
    } else {
        format!("{remedy}; and {}", counted.remedy)
    }
}

fn lww(config: &Configuration, hazards: Hazards) -> Promise {
    const SOURCE: &str = "Dynamo-style stores; Kingsbury on Cassandra, 2013";
    if hazards.clock_skew {
        return Promise {
            condition: Condition::Eventual,
            because: "versions are readings of clocks that differ".into(),
            reason:
                "A write that is stamped by a slow clock loses against an older one stamped by a \
                     fast clock: it is acknowledged, and never read."
                    .into(),
            remedy: without_clocks(config, hazards),
            source: SOURCE,
        };
    }
    if !reads_meet_writes(config) {
        return missed_reads(config);
    }
    if !config.write_back && reads_repeat(config, hazards) {
        return Promise {
            condition: Condition::Linearizable,
            because: format!("R = N = {}, and clocks agree", config.n),
            reason:
                "As long as all clocks agree, stamps order writes as real time does, and a read \
                     asks every replica: whatever one read saw, each later one sees, too."
                    .into(),
            remedy: String::new(),
            source: SOURCE,
        };
    }
    if !config.write_back {
        return Promise {
            condition: Condition::Regular,
            because: format!("{}, clocks agree, but reads do not write back", read_write_sum(config)),
            reason: "As long as all clocks agree, a read finds every completed write. While a write \
                     is under way, one read may return its value and a later one the value before it."
                .into(),
            remedy: "write_back = true".into(),
            source: SOURCE,
        };
    }
    Promise {
        condition: Condition::Linearizable,
        because: format!("{}, clocks agree, and reads write back", read_write_sum(config)),
        reason: "As long as all clocks agree, stamps order writes as real time does, and a read \
                 stores what it returns before it returns it."
            .into(),
        remedy: String::new(),
        source: SOURCE,
    }
}
