//! Conditions weaker than linearizability on objects that adds make grow and reads show whole: counters and
//! sets. Adds commute, so a read is explained not by an order but by a *choice*: of the adds that it shows.
//!
//! The rungs are those of registers, with the words of such objects:
//! - [`Rung::WeakRegular`]: each read by itself shows all adds that were complete before it began, and none that
//!   began after it had ended;
//! - [`Rung::ReadYourWrites`]: each read shows all adds that its process had completed before;
//! - [`Rung::MonotonicReads`]: what a process has read it reads again; the count of a counter that nobody takes
//!   anything from never goes down;
//! - [`Rung::Convergence`]: once nobody adds any more, and everything has settled if the history says when, all
//!   processes read the same, and that shows all acknowledged adds.
//!
//! An add of unknown outcome may be shown or not, one that failed never. Each rung is exact where its amounts can
//! be told apart, and open elsewhere.

mod conditions;
mod sums;

use super::{Call, Model};
use crate::anomaly::Anomaly;
use crate::ladder::Rung;

pub(super) use sums::fit as fit_sum;

/// What an operation means to an object that grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It adds something.
    Adds,
    /// It shows everything.
    Shows,
    /// Something else.
    Neither,
}

/// Whether a read shows some choice of adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It does.
    Fits,
    /// This required add, by its place among them, is not shown.
    Misses(usize),
    /// It shows what is not among them, or no choice of them comes to what it shows.
    Differs,
    /// Too many choices.
    Unclear,
}

/// An object that grows.
pub(crate) trait Growing: Model {
    /// What an operation means.
    fn kind(&self, op: &Self::Op) -> Kind;
    /// Whether a read shows all required adds and some of the optional ones, and nothing else.
    fn fit(&self, read: &Self::Op, required: &[&Self::Op], optional: &[&Self::Op]) -> Fit;
    /// Whether a read shows all that another one does, where nothing is taken away.
    fn shows_all_of(&self, later: &Self::Op, earlier: &Self::Op) -> bool;
    /// Whether an add takes away.
    fn takes_away(&self, add: &Self::Op) -> bool;
}

/// Whether a condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It does.
    Holds,
    /// Nobody can tell; this is why.
    Open(&'static str),
    /// It does not.
    Breaks(Breach),
}

/// What breaks a condition: operations by their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Breach {
    /// A read does not show these adds, or at least not all of them.
    Misses {
        /// The read.
        read: u32,
        /// The adds.
        adds: Vec<u32>,
    },
    /// No choice of the adds that it may show comes to what a read shows.
    FromNowhere {
        /// The read.
        read: u32,
    },
    /// A read does not show what one before it did; or in the end, what another one does.
    Differ {
        /// The one before.
        first: u32,
        /// The later one.
        then: u32,
    },
}

/// Where an object stands on the rungs that there are for it, given where everything had settled, if the history
/// says so.
pub(crate) fn ladder<M: Growing>(
    model: &M,
    calls: &[Call<M::Op>],
    settled: Option<u32>,
) -> Vec<(Rung, Standing)> {
    conditions::all(model, calls, settled)
}

/// What it is called that nothing explains this history.
pub(super) fn anomaly<M: Growing>(model: &M, calls: &[Call<M::Op>]) -> Anomaly {
    let standings = conditions::all(model, calls, None);
    let breaks = |rung| match standings.iter().find(|(other, _)| *other == rung) {
        Some((_, Standing::Breaks(breach))) => Some(breach),
        _ => None,
    };
    if conditions::is_from_nowhere(model, calls) {
        return Anomaly::PhantomValue;
    }
    match (breaks(Rung::Convergence), breaks(Rung::WeakRegular), breaks(Rung::MonotonicReads)) {
        (Some(Breach::Misses { .. }), ..) => Anomaly::LostWrite,
        (_, Some(Breach::Misses { .. }), _) => Anomaly::StaleRead,
        (_, None, Some(_)) => Anomaly::NewOldInversion,
        _ => Anomaly::Contradiction,
    }
}
