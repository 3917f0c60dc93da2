//! The ladder: conditions weaker than linearizability, register by register. Which of them hold, and
//! what breaks the others.
//!
//! Each rung has an exact rule of its own, near-linear in the number of operations:
//! - [`Rung::Safe`] and [`Rung::WeakRegular`] look at each read by itself, whatever the values;
//! - [`Rung::Regular`] and the session guarantees ask for one order of all values, which exists
//!   exactly if what must come before what has no circle. They need written values to be distinct and
//!   no compare-and-set, and say so where it is otherwise.

mod circle;
mod converge;
mod regular;
mod sessions;

use std::fmt;

use crate::clusters::{Clusters, Unclear};
use crate::history::KeyHistory;
use crate::linear::{Lens, Rules};
use crate::value::{ValueId, Values};
use crate::verdict::Verdict;

/// A condition on each register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// One order of all operations, in real time (Herlihy and Wing, 1990).
    Linearizable,
    /// One order of all writes, in real time, such that each read returns the latest write before it
    /// at some moment while it runs; reads need not agree on how far the order has got.
    Regular,
    /// Each read by itself returns a write that is not overwritten before it begins (Lamport, "On
    /// interprocess communication", 1986, for many writers); reads need not agree on anything.
    WeakRegular,
    /// As weakly regular, for reads during which nobody writes; others may return anything.
    Safe,
    /// One order of all operations that respects each process's own, but not real time.
    Sequential,
    /// What a process has written comes before what it reads later (Terry et al., "Session guarantees
    /// for weakly consistent replicated data", 1994; all four on one order of the writes).
    ReadYourWrites,
    /// What a process has read comes before what it reads later.
    MonotonicReads,
    /// What a process has written comes before what it writes later.
    MonotonicWrites,
    /// What a process has read comes before what it writes later.
    WritesFollowReads,
    /// Once nobody writes any more, everybody reads the same in the end.
    Convergence,
}

impl Rung {
    /// All of them, from the strongest on.
    pub const ALL: [Self; 10] = [
        Self::Linearizable,
        Self::Regular,
        Self::WeakRegular,
        Self::Safe,
        Self::Sequential,
        Self::ReadYourWrites,
        Self::MonotonicReads,
        Self::MonotonicWrites,
        Self::WritesFollowReads,
        Self::Convergence,
    ];

    /// The word of the command line and of reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linearizable => "linearizable",
            Self::Regular => "regular",
            Self::WeakRegular => "weakly regular",
            Self::Safe => "safe",
            Self::Sequential => "sequential",
            Self::ReadYourWrites => "read your writes",
            Self::MonotonicReads => "monotonic reads",
            Self::MonotonicWrites => "monotonic writes",
            Self::WritesFollowReads => "writes follow reads",
            Self::Convergence => "convergence",
        }
    }

    /// Whether a linearizable register has it, too.
    pub fn is_implied_by_linearizability(self) -> bool {
        self != Self::Convergence
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a register stands on a rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Holds,
    /// It does not.
    Breaks(Breach),
    /// Nobody can tell; this is why.
    Open(&'static str),
}

/// What breaks a condition, in operations of the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breach {
    /// A read of a value that nobody can have written by then.
    Sourceless {
        /// The read.
        read: u32,
    },
    /// A read that missed an acknowledged write.
    Stale {
        /// The read.
        read: u32,
        /// The write.
        missed: u32,
    },
    /// A process that read a value before it wrote it itself.
    BeforeOwnWrite {
        /// The read.
        read: u32,
        /// The write.
        write: u32,
    },
    /// Values of which each must come before the next, and the last before the first.
    Circle(Vec<Link>),
    /// Last reads that differ.
    Diverged {
        /// One.
        first: u32,
        /// Another.
        second: u32,
    },
}

/// One value must come before another, since an operation on the one comes before one on the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The earlier value.
    pub from: ValueId,
    /// The later value.
    pub to: ValueId,
    /// The operation that comes first; `None` if the earlier value is the initial one.
    pub first: Option<u32>,
    /// The one that comes after it.
    pub then: Option<u32>,
}

/// The rungs that ask for an order of the values.
const BY_ORDER: [Rung; 6] = [
    Rung::Regular,
    Rung::Sequential,
    Rung::ReadYourWrites,
    Rung::MonotonicReads,
    Rung::MonotonicWrites,
    Rung::WritesFollowReads,
];

/// Where a register stands on every rung below linearizability, in the order of [`Rung::ALL`]. What
/// follows from the verdict on linearizability is not looked at again.
pub fn ladder(
    key: &KeyHistory,
    values: &Values,
    rules: &Rules,
    linearizable: Verdict,
) -> Vec<(Rung, Standing)> {
    let lens = Lens::new(rules, values);
    let ops = &key.ops;
    let mut standings = vec![(Rung::Convergence, converge::check(ops, lens))];
    if linearizable == Verdict::Valid {
        let implied = Rung::ALL.into_iter().filter(|rung| rung.is_implied_by_linearizability());
        standings.extend(implied.skip(1).map(|rung| (rung, Standing::Holds)));
    } else {
        standings.push((Rung::WeakRegular, regular::weak(ops, lens)));
        standings.push((Rung::Safe, regular::safe(ops, lens)));
        match Clusters::new(ops, lens) {
            Ok(clusters) => {
                standings.push((Rung::Regular, regular::strong(&clusters)));
                standings.extend(sessions::check(ops, &clusters));
            }
            Err(unclear) => {
                let standing = match unclear {
                    Unclear::Open(why) => Standing::Open(why),
                    Unclear::Sourceless(read) => Standing::Breaks(Breach::Sourceless { read }),
                };
                standings.extend(BY_ORDER.map(|rung| (rung, standing.clone())));
            }
        }
    }
    standings.sort_by_key(|(rung, _)| *rung);
    standings
}
