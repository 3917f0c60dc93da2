//! The names of what can go wrong.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a counterexample is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Anomaly {
    /// A read returned a value that nobody ever wrote.
    PhantomValue,
    /// A read returned a value whose write had definitely failed.
    DirtyRead,
    /// A read returned a value before anybody began to write it.
    FutureRead,
    /// Two compare-and-sets both replaced the same value, written once.
    LostCas,
    /// An acknowledged write vanished: nothing replaced it, yet several reads that began after it
    /// returned older values, and nobody ever saw it again.
    LostWrite,
    /// What was acknowledged to be in a queue never came out of it, though it was emptied in the end.
    LostElement,
    /// A read missed a write that had completed before it began: it returned a value whose every
    /// write had ended before that one began. Not even weakly regular.
    StaleRead,
    /// An old value was read again after a newer one had been in place, and that it is the older one
    /// only another read tells. Weakly regular, but not atomic.
    NewOldInversion,
    /// The versions of a register contradict real time or each other, though the values alone can be
    /// explained.
    VersionOrder,
    /// No order explains the operations, and no simpler name fits.
    Contradiction,
    /// A transaction read a value that its writer replaced before it completed (G1b).
    IntermediateRead,
    /// A transaction did not find what it had written itself, or found what it wrote only later.
    InternalRead,
    /// A transaction read a key twice and found two versions.
    UnrepeatableRead,
    /// Two reads of a list contradict each other: neither begins with the other.
    IncompatibleOrder,
    /// An element stands in a list more often than it was appended.
    DuplicateElement,
    /// Two transactions read the same version of a key, and both replaced it.
    LostUpdate,
    /// Two transactions saw two writes in opposite orders.
    LongFork,
    /// Transactions that must each come before the next, in a circle.
    Cycle(CycleKind, Scope),
}

/// What the dependencies of a cycle are (Adya, Liskov and O'Neil, "Generalized isolation level
/// definitions", ICDE 2000; the names are Elle's).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CycleKind {
    /// Writes only: each transaction overwrote the one before.
    G0,
    /// Writes and reads: each overwrote or read the one before, and one at least read.
    G1c,
    /// As before, but for exactly one transaction that did not see the write of the next.
    GSingle,
    /// Several transactions did not see the write of the next, but never two in a row.
    GNonadjacent,
    /// Transactions did not see the writes of the next, two in a row among them.
    G2Item,
}

impl CycleKind {
    /// From the worst on.
    pub const ALL: [Self; 5] =
        [Self::G0, Self::G1c, Self::GSingle, Self::GNonadjacent, Self::G2Item];
}

/// Which orders, other than those that the data tell, a cycle needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// None.
    Data,
    /// The order of a process's own transactions.
    Process,
    /// Real time: one transaction completed before another was invoked.
    RealTime,
}

impl Scope {
    /// From the narrowest on.
    pub const ALL: [Self; 3] = [Self::Data, Self::Process, Self::RealTime];
}

/// Names of cycles, by kind and scope.
const CYCLES: [[&str; 3]; 5] = [
    ["G0", "G0-process", "G0-realtime"],
    ["G1c", "G1c-process", "G1c-realtime"],
    ["G-single", "G-single-process", "G-single-realtime"],
    ["G-nonadjacent", "G-nonadjacent-process", "G-nonadjacent-realtime"],
    ["G2-item", "G2-item-process", "G2-item-realtime"],
];

impl Anomaly {
    /// Those of registers.
    pub const REGISTER: [Self; 8] = [
        Self::PhantomValue,
        Self::DirtyRead,
        Self::FutureRead,
        Self::LostCas,
        Self::LostWrite,
        Self::StaleRead,
        Self::NewOldInversion,
        Self::Contradiction,
    ];

    /// The name, as workloads and reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PhantomValue => "phantom-value",
            Self::DirtyRead => "dirty-read",
            Self::FutureRead => "future-read",
            Self::LostCas => "lost-cas",
            Self::LostWrite => "lost-write",
            Self::LostElement => "lost-element",
            Self::StaleRead => "stale-read",
            Self::NewOldInversion => "new-old-inversion",
            Self::VersionOrder => "version-order",
            Self::Contradiction => "contradiction",
            Self::IntermediateRead => "intermediate-read",
            Self::InternalRead => "internal-read",
            Self::UnrepeatableRead => "unrepeatable-read",
            Self::IncompatibleOrder => "incompatible-order",
            Self::DuplicateElement => "duplicate-element",
            Self::LostUpdate => "lost-update",
            Self::LongFork => "long-fork",
            Self::Cycle(kind, scope) => CYCLES[kind as usize][scope as usize],
        }
    }

    /// The anomaly of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        const OF_OTHERS: [Anomaly; 9] = [
            Anomaly::LostElement,
            Anomaly::VersionOrder,
            Anomaly::IntermediateRead,
            Anomaly::InternalRead,
            Anomaly::UnrepeatableRead,
            Anomaly::IncompatibleOrder,
            Anomaly::DuplicateElement,
            Anomaly::LostUpdate,
            Anomaly::LongFork,
        ];
        let cycles = CycleKind::ALL
            .into_iter()
            .flat_map(|kind| Scope::ALL.map(|scope| Self::Cycle(kind, scope)));
        let mut all = Self::REGISTER.into_iter().chain(OF_OTHERS).chain(cycles);
        all.find(|anomaly| anomaly.name() == name)
    }
}

impl From<Anomaly> for &'static str {
    fn from(anomaly: Anomaly) -> Self {
        anomaly.name()
    }
}

impl TryFrom<String> for Anomaly {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::from_name(&name).ok_or_else(|| format!("unknown anomaly `{name}`"))
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
