//! What a check comes to: a verdict with its proof, for each key and for the whole.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::anomaly::Anomaly;
use crate::value::Value;

/// Whether a history is linearizable. Ordered: a whole is as bad as its worst part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is, and there is a linearization.
    Valid,
    /// The budget ran out before either was shown.
    Unknown,
    /// It is not, and there is a counterexample.
    Invalid,
}

impl Verdict {
    /// The word of reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Unknown => "unknown",
            Self::Invalid => "invalid",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How much a check may spend on one key. Counted in steps and bytes, so that the answer does not
/// depend on how fast the machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Configurations a search may expand.
    pub steps: u64,
    /// Bytes a search may hold, about.
    pub bytes: u64,
}

impl Budget {
    /// Enough for a few minutes on the hardest registers, and two gigabytes.
    pub const GENEROUS: Self = Self { steps: 50_000_000, bytes: 2 << 30 };
}

impl FromStr for Budget {
    type Err = String;

    /// Steps, or steps and bytes, with the suffixes people use: `200M` or `200M,4GiB`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (steps, bytes) = text.split_once(',').unwrap_or((text, "2GiB"));
        let steps = amount(steps, &[("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000)])?;
        let bytes = amount(bytes, &[("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)])?;
        Ok(Self { steps, bytes })
    }
}

fn amount(text: &str, suffixes: &[(&str, u64)]) -> Result<u64, String> {
    let text = text.trim();
    let suffix = suffixes.iter().find(|(suffix, _)| text.ends_with(suffix));
    let (digits, unit) = suffix
        .map_or((text, 1), |(suffix, unit)| (text.strip_suffix(suffix).unwrap_or(text), *unit));
    let number: Option<u64> = digits.parse().ok().filter(|number| *number > 0);
    number.and_then(|number| number.checked_mul(unit)).ok_or_else(|| {
        let names: Vec<&str> = suffixes.iter().map(|(suffix, _)| *suffix).collect();
        format!(
            "`{text}` is no amount; expected a number above 0, with {} or nothing behind it",
            names.join(", ")
        )
    })
}

/// What decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Distinct values: zones of values, near-linear.
    Zones,
    /// Distinct values and compare-and-set: zones of chains, near-linear.
    Chains,
    /// Repeated values, told apart by what each read can have seen: zones, near-linear.
    ForcedReads,
    /// Failed compare-and-sets that do not say what they met, placed in a linearization of all else.
    PlacedFailures,
    /// Versions that tell the order of the writes: one sweep, near-linear.
    VersionOrder,
    /// Transactions: a graph of dependencies, near-linear.
    Dependencies,
    /// Nothing to search: what was put in is compared with what came out.
    Counting,
    /// Just-in-time linearization, depth first.
    DepthFirst,
    /// Just-in-time linearization, breadth first.
    Frontier,
}

impl Engine {
    /// The word of reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zones => "zones",
            Self::Chains => "chains",
            Self::ForcedReads => "forced-reads",
            Self::PlacedFailures => "placed-failures",
            Self::VersionOrder => "version-order",
            Self::Dependencies => "dependencies",
            Self::Counting => "counting",
            Self::DepthFirst => "depth-first",
            Self::Frontier => "frontier",
        }
    }
}

/// One operation of a counterexample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cited {
    /// Its number among the operations of its key.
    pub op: u32,
    /// Whether only what this compare-and-set wrote matters, and not what it expected.
    pub as_write: bool,
}

/// A few operations that no order can explain, whatever else happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample {
    /// What it is called.
    pub anomaly: Anomaly,
    /// The operations, in the order of their calls.
    pub ops: Vec<Cited>,
    /// The position at which the contradiction is complete: one of the operations returns. Those
    /// that return later count as still open.
    pub until: u32,
    /// Whether leaving out any one of them would make the rest explicable.
    pub minimal: bool,
}

/// How far a search got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GaveUp {
    /// The operation, by its number among the register's, at whose return it stopped.
    pub op: u32,
    /// The operation at whose call nothing else of known outcome was open, the last time before.
    pub since: u32,
    /// The most operations of known outcome that were open at once.
    pub open_max: usize,
    /// Whether memory ran out, not steps.
    pub memory: bool,
    /// How many configurations were expanded.
    pub steps: u64,
}

impl GaveUp {
    /// The history could not be searched at all.
    pub(crate) const NOTHING: Self = Self { op: 0, since: 0, open_max: 0, memory: false, steps: 0 };
}

/// Why a verdict holds, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Valid: the operations of the key in an order that explains them all.
    Linearization(Vec<u32>),
    /// Invalid.
    Counterexample(Counterexample),
    /// Unknown.
    GaveUp(GaveUp),
}

/// The result for one key.
#[derive(Debug, Clone)]
pub struct KeyReport {
    /// The register; `None` where the history has just one and does not name it.
    pub key: Option<Value>,
    /// How many operations it has.
    pub op_count: usize,
    /// What decided.
    pub engine: Engine,
    /// Why this engine.
    pub why: &'static str,
    /// The proof.
    pub proof: Proof,
}

impl KeyReport {
    /// The verdict on this key.
    pub fn verdict(&self) -> Verdict {
        match &self.proof {
            Proof::Linearization(_) => Verdict::Valid,
            Proof::Counterexample(_) => Verdict::Invalid,
            Proof::GaveUp(_) => Verdict::Unknown,
        }
    }
}

/// The result for a history.
#[derive(Debug, Clone)]
pub struct Report {
    /// One result for each key, in the order of the history's keys.
    pub keys: Vec<KeyReport>,
}

impl Report {
    /// The verdict on the whole: that on its worst key.
    pub fn verdict(&self) -> Verdict {
        self.keys.iter().map(KeyReport::verdict).max().unwrap_or(Verdict::Valid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_read_with_their_suffixes() {
        let budget = |text: &str| text.parse::<Budget>();
        assert_eq!(budget("200M"), Ok(Budget { steps: 200_000_000, bytes: 2 << 30 }));
        assert_eq!(budget("5k,64MiB"), Ok(Budget { steps: 5_000, bytes: 64 << 20 }));
        assert_eq!(budget("7,8"), Ok(Budget { steps: 7, bytes: 8 }));
        for text in ["", "0", "-1", "5X", "M", "1,", "1,2,3", "99999999999G"] {
            assert!(budget(text).is_err(), "{text}");
        }
    }
}
