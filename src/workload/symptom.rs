//! The names of what users of stores complain about. The checker names counterexamples, each the smallest
//! proof that a register is not linearizable; a symptom is what clients saw, as often as they saw it.

use std::collections::BTreeMap;

use serde::Serialize;

/// Something that clients saw.
///
/// Where a definition needs to know which value is older: a value is older than another if somebody had
/// read it, or its write had been acknowledged, before anybody began to write the other one. Values that
/// are written more than once have no age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Symptom {
    /// A write that had failed, or whose client had given up, was first read after another write that
    /// began later had been acknowledged. Counts writes. Where the outcome was unknown, a linearizable
    /// register can show it: such a write may take effect at any later time.
    ResurrectedWrite,
    /// A read returned a value whose every write had definitely failed. Counts reads.
    DirtyRead,
    /// A read returned a value that nobody ever wrote. Counts reads.
    PhantomValue,
    /// Compare-and-sets replaced a value, written once, that another had replaced already. Counts
    /// compare-and-sets beyond the first.
    LostCas,
    /// Two nodes went on without each other: for longer than operations take (their 99th percentile), each
    /// returned only what had been written through it, and ignored what the other had acknowledged
    /// meanwhile. Counts registers. Two nodes that lag that far behind each other look the same.
    SplitBrain,
    /// What one reads depends on the node: one node returned a value, then another node another value, then
    /// the first node the first value again. Counts reads of the other node.
    FracturedRead,
    /// After a restart a node returned a value older than one that it had returned or acknowledged before
    /// the crash. Counts reads.
    Regression,
    /// After everything had been mended and every write was over, no read of a register ended with a value.
    /// Counts registers.
    StuckRead,
    /// A dequeue returned what another had returned already. Counts dequeues beyond the first. No fault of a
    /// queue that promises to deliver at least once.
    DuplicateDelivery,
    /// A read of a counter or a set did not show all that its process had added before, and been told so. Counts
    /// reads.
    MissedOwnAdd,
}

impl Symptom {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::ResurrectedWrite,
        Self::DirtyRead,
        Self::PhantomValue,
        Self::LostCas,
        Self::SplitBrain,
        Self::FracturedRead,
        Self::Regression,
        Self::StuckRead,
        Self::DuplicateDelivery,
        Self::MissedOwnAdd,
    ];

    /// The word of workloads and reports. Where the checker has a name for a counterexample of this kind,
    /// it is the same.
    pub fn name(self) -> &'static str {
        match self {
            Self::ResurrectedWrite => "resurrected-write",
            Self::DirtyRead => "dirty-read",
            Self::PhantomValue => "phantom-value",
            Self::LostCas => "lost-cas",
            Self::SplitBrain => "split-brain",
            Self::FracturedRead => "fractured-read",
            Self::Regression => "regression",
            Self::StuckRead => "stuck-read",
            Self::DuplicateDelivery => "duplicate-delivery",
            Self::MissedOwnAdd => "missed-own-add",
        }
    }
}

/// How often clients saw what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Symptoms(BTreeMap<Symptom, u64>);

impl Symptoms {
    /// Counts more of a symptom.
    pub fn add(&mut self, symptom: Symptom, times: u64) {
        if times > 0 {
            *self.0.entry(symptom).or_default() += times;
        }
    }

    /// How often a symptom was seen.
    pub fn count(&self, symptom: Symptom) -> u64 {
        self.0.get(&symptom).copied().unwrap_or(0)
    }

    /// Whether something of this name was seen.
    pub fn has(&self, name: &str) -> bool {
        self.0.keys().any(|symptom| symptom.name() == name)
    }

    /// Those that were seen, and how often.
    pub fn iter(&self) -> impl Iterator<Item = (Symptom, u64)> {
        self.0.iter().map(|(symptom, times)| (*symptom, *times))
    }
}
