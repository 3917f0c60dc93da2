//! The names of what can go wrong.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a counterexample is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
    /// A read missed a write that had completed before it began: it returned a value whose every
    /// write had ended before that one began. Not even weakly regular.
    StaleRead,
    /// An old value was read again after a newer one had been in place, and that it is the older one
    /// only another read tells. Weakly regular, but not atomic.
    NewOldInversion,
    /// No order explains the operations, and no simpler name fits.
    Contradiction,
}

impl Anomaly {
    /// All names.
    pub const ALL: [Self; 8] = [
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
            Self::StaleRead => "stale-read",
            Self::NewOldInversion => "new-old-inversion",
            Self::Contradiction => "contradiction",
        }
    }

    /// The anomaly of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|anomaly| anomaly.name() == name)
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
