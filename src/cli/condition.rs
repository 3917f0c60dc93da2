//! One condition alone: `quorate check --condition`.

use std::fmt::Write as _;

use clap::ValueEnum;
use quorate_checker::{Footing, Isolation, KeyResult, Rung, Verdict};
use serde_json::{Value, json};

use crate::judge::Examined;
use crate::report::{counted, explanation, key_on_rung};

/// How many counterexamples are told in full.
const STORIES_MAX: usize = 3;
/// How many other keys are named.
const LISTED_MAX: usize = 10;

/// Which conditions to check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ConditionArg {
    /// One order of all operations, in real time.
    #[default]
    Linearizable,
    /// One order of the writes, in real time; each read by itself fits in.
    Regular,
    /// No read misses a write that was complete before it.
    WeaklyRegular,
    /// The same, of reads during which nobody writes.
    Safe,
    /// One order of all operations that respects each process's own.
    Sequential,
    /// Causal memory (CM): an order for each process that respects causes.
    Causal,
    /// Weak causal consistency (CC): no read of what its causes replaced.
    WeaklyCausal,
    /// An order for each process that respects each process's own.
    Pram,
    /// What a process wrote comes before what it reads later.
    ReadYourWrites,
    /// What a process read comes before what it reads later.
    MonotonicReads,
    /// What a process wrote comes before what it writes later.
    MonotonicWrites,
    /// What a process read comes before what it writes later.
    WritesFollowReads,
    /// Once nobody writes any more, all processes read the same.
    Convergence,
    /// Of transactions: one order of all, in real time.
    StrictSerializable,
    /// Of transactions: one order of all that respects each process's own.
    StrongSessionSerializable,
    /// Of transactions: one order of all.
    Serializable,
    /// Of transactions: snapshots, the latest in real time.
    StrongSnapshotIsolation,
    /// Of transactions: snapshots, none older than the process's last transaction.
    StrongSessionSnapshotIsolation,
    /// Of transactions: snapshots, and none overwrites what it did not see.
    SnapshotIsolation,
    /// Of transactions: each sees all or nothing of another (PL-2+).
    ConsistentView,
    /// Of transactions: only committed, final values are read.
    ReadCommitted,
    /// Of transactions: they overwrite each other in one order.
    ReadUncommitted,
    /// All of these, and how stale reads are; the exit code tells of the first.
    All,
}

impl ConditionArg {
    /// The condition that decides, if it is another than linearizability.
    pub(super) fn below_linearizable(self) -> Option<Rung> {
        Some(match self {
            Self::Regular => Rung::Regular,
            Self::WeaklyRegular => Rung::WeakRegular,
            Self::Safe => Rung::Safe,
            Self::Sequential => Rung::Sequential,
            Self::Causal => Rung::Causal,
            Self::WeaklyCausal => Rung::WeaklyCausal,
            Self::Pram => Rung::Pram,
            Self::ReadYourWrites => Rung::ReadYourWrites,
            Self::MonotonicReads => Rung::MonotonicReads,
            Self::MonotonicWrites => Rung::MonotonicWrites,
            Self::WritesFollowReads => Rung::WritesFollowReads,
            Self::Convergence => Rung::Convergence,
            _ => return None,
        })
    }

    /// The isolation level that decides.
    pub(super) fn isolation(self) -> Option<Isolation> {
        Some(match self {
            Self::StrictSerializable => Isolation::StrictSerializable,
            Self::StrongSessionSerializable => Isolation::StrongSessionSerializable,
            Self::Serializable => Isolation::Serializable,
            Self::StrongSnapshotIsolation => Isolation::StrongSnapshotIsolation,
            Self::StrongSessionSnapshotIsolation => Isolation::StrongSessionSnapshotIsolation,
            Self::SnapshotIsolation => Isolation::SnapshotIsolation,
            Self::ConsistentView => Isolation::ConsistentView,
            Self::ReadCommitted => Isolation::ReadCommitted,
            Self::ReadUncommitted => Isolation::ReadUncommitted,
            _ => return None,
        })
    }
}

/// Where transactions stand on one level: in a few words, in detail, and for programs.
pub(super) fn on_level(level: Isolation, footing: &Footing) -> (String, String, Value) {
    let (shown, details) = match footing {
        Footing::Holds => (format!("valid: {level} holds"), String::new()),
        Footing::Open(why) => (format!("unknown: {level} is open"), format!("  {why}\n")),
        Footing::Breaks(story) => {
            (format!("invalid: {level} breaks"), format!("\n{}", explanation(story)))
        }
    };
    let json = json!({ "condition": level.name(), "verdict": footing.verdict().name() });
    (shown, details, json)
}

/// Where the keys of a history stand on one rung.
pub(super) struct OnRung {
    rung: Rung,
    keys: Vec<(KeyResult, Footing)>,
}

impl OnRung {
    /// Takes this rung from what was found out about each key.
    pub(super) fn new(rung: Rung, examined: Vec<Examined>) -> Self {
        let footing = |key: Examined| {
            let mut rungs = key.more?.rungs.into_iter();
            let (_, footing) = rungs.find(|(other, _)| *other == rung)?;
            Some((key.result, footing))
        };
        Self { rung, keys: examined.into_iter().filter_map(footing).collect() }
    }

    /// The worst of all keys.
    pub(super) fn verdict(&self) -> Verdict {
        self.keys.iter().map(|(_, footing)| footing.verdict()).max().unwrap_or(Verdict::Valid)
    }

    /// The verdict in a few words.
    pub(super) fn shown(&self) -> String {
        let rung = self.rung;
        match self.verdict() {
            Verdict::Valid => format!("valid: {rung} holds"),
            Verdict::Unknown => format!("unknown: {rung} is open"),
            Verdict::Invalid => {
                let broken = self.broken().count();
                let keys = counted(self.keys.len() as u64, "key");
                format!("invalid: {rung} breaks on {broken} of {keys}")
            }
        }
    }

    fn broken(&self) -> impl Iterator<Item = String> {
        let broken = |(key, footing): &(KeyResult, Footing)| match footing {
            Footing::Breaks(_) => Some(shown_key(key)),
            Footing::Holds | Footing::Open(_) => None,
        };
        self.keys.iter().filter_map(broken)
    }

    /// What breaks it, and where nobody can tell.
    pub(super) fn details(&self) -> String {
        let mut out = String::new();
        let (mut told, mut open) = (0, 0);
        for (key, footing) in &self.keys {
            match footing {
                Footing::Breaks(story) if told < STORIES_MAX => {
                    told += 1;
                    let _ = write!(out, "\n{}", explanation(story));
                }
                Footing::Open(why) if open < STORIES_MAX => {
                    open += 1;
                    let of_key = key.key.as_ref().map(|key| format!("key {key}: "));
                    let _ = writeln!(out, "  {}{why}", of_key.unwrap_or_default());
                }
                _ => {}
            }
        }
        let rest: Vec<String> = self.broken().skip(told).collect();
        if !rest.is_empty() {
            out += "\nBreaks on these, too:\n";
            for key in rest.iter().take(LISTED_MAX) {
                let _ = writeln!(out, "  key {key}");
            }
            if rest.len() > LISTED_MAX {
                let more = counted((rest.len() - LISTED_MAX) as u64, "key");
                let _ = writeln!(out, "  and {more} more");
            }
        }
        out
    }

    /// The same for programs: `condition`, `verdict` and `keys`.
    pub(super) fn json(&self) -> Value {
        let keys = self.keys.iter().map(|(key, footing)| key_on_rung(key, footing));
        json!({
            "condition": self.rung.name(),
            "verdict": self.verdict().name(),
            "keys": keys.collect::<Vec<_>>(),
        })
    }
}

fn shown_key(key: &KeyResult) -> String {
    key.key.as_ref().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_can_be_asked_for_by_its_name() {
        let rungs = Rung::ALL.into_iter().map(Some);
        let asked = ConditionArg::value_variants().iter().map(|arg| arg.below_linearizable());
        let linearizable = [Some(Rung::Linearizable)].into_iter();
        assert!(linearizable.chain(asked.flatten().map(Some)).eq(rungs));
        let levels = ConditionArg::value_variants().iter().filter_map(|arg| arg.isolation());
        assert!(levels.eq(Isolation::ALL));
        for arg in ConditionArg::value_variants() {
            let Some(rung) = arg.below_linearizable() else { continue };
            let word = arg.to_possible_value().expect("none is hidden");
            assert_eq!(word.get_name(), rung.name().replace(' ', "-").to_lowercase());
        }
    }
}
