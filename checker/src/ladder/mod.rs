//! The ladder: conditions weaker than linearizability, register by register. Which of them hold, and
//! what breaks the others.
//!
//! Each rung has an exact rule of its own, near-linear in the number of operations:
//! - [`Rung::Safe`] and [`Rung::WeakRegular`] look at each read by itself, whatever the values;
//! - [`Rung::Regular`] and the session guarantees ask for one order of all values, which exists
//!   exactly if what must come before what has no circle;
//! - [`Rung::Causal`], [`Rung::WeaklyCausal`] and [`Rung::Pram`] ask for an order for each process or
//!   even each read, which exists exactly if some patterns do not occur.
//!
//! All but the first two need written values to be distinct and no compare-and-set, and say so where
//! it is otherwise.
//!
//! # What implies what, on one register
//!
//! Conditions on one register say less than the same words for a whole store: what a process learns
//! from one register says nothing of another. Some fall together (all of this is tested):
//! - Sequential is all four session guarantees, and also causal convergence (CCv of Bouajjani et al.),
//!   which therefore is no rung of its own: a common order of the writes that respects the causal past
//!   is one that all processes can have seen.
//! - Sequential implies causal; causal is weakly causal and PRAM together, neither of which implies
//!   the other.
//! - Weakly causal implies writes follow reads. Monotonic writes, which only a read of what nobody
//!   wrote can break, follows from all but safe and convergence.
//! - Causal does not imply read your writes or monotonic reads: these ask here for one order of the
//!   writes, the same for all processes, and causal leaves one to each. In its own order, each process
//!   of a PRAM register keeps all four.
//! - Those in real time imply nothing else by process, and nothing by process implies one of them;
//!   only linearizable implies both.

mod causal;
mod circle;
mod converge;
mod pram;
mod regular;
mod sessions;
mod steps;

use std::fmt;

use crate::clusters::{Clusters, Unclear};
use crate::history::KeyHistory;
use crate::linear::{Lens, Rules};
use crate::value::{ValueId, Values};
use crate::verdict::Verdict;
use steps::Sessions;

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
    /// Causal memory (Ahamad et al., "Causal memory", 1995; CM of Bouajjani et al., "On verifying causal
    /// consistency", 2017): each process has an order of all operations in its causal past, which
    /// respects the causal past of each of them and explains everything the process read itself.
    Causal,
    /// Weak causal consistency (CC of Bouajjani et al.): the same for each read by itself. No read
    /// returns what something else in its causal past has overwritten, but reads of concurrent writes
    /// may alternate.
    WeaklyCausal,
    /// Pipelined random access memory (Lipton and Sandberg, "PRAM", 1988): each process has an order of
    /// all writes and its own reads, in which the operations of each process stand as it issued them.
    Pram,
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
    /// All of them: those in real time, those by process, and what comes of it in the end; the
    /// stronger ones first, where one implies another.
    pub const ALL: [Self; 13] = [
        Self::Linearizable,
        Self::Regular,
        Self::WeakRegular,
        Self::Safe,
        Self::Sequential,
        Self::Causal,
        Self::WeaklyCausal,
        Self::Pram,
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
            Self::Causal => "causal",
            Self::WeaklyCausal => "weakly causal",
            Self::Pram => "PRAM",
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

/// The rungs that ask for orders of the values.
const BY_ORDER: [Rung; 9] = [
    Rung::Regular,
    Rung::Sequential,
    Rung::Causal,
    Rung::WeaklyCausal,
    Rung::Pram,
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
                let sessions = Sessions::new(ops, &clusters);
                let of_sessions = sessions::check(&sessions);
                let is_sequential = of_sessions.contains(&(Rung::Sequential, Standing::Holds));
                standings.extend(of_sessions);
                standings.extend(views(&sessions, is_sequential));
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

/// The rungs that leave an order to each process. One order for all of them is one for each.
fn views(sessions: &Sessions, is_sequential: bool) -> [(Rung, Standing); 3] {
    if is_sequential {
        return [Rung::Causal, Rung::WeaklyCausal, Rung::Pram].map(|rung| (rung, Standing::Holds));
    }
    let standing = |breach: Option<Breach>| breach.map_or(Standing::Holds, Standing::Breaks);
    let weak = causal::weak_breach(sessions);
    let causal = causal::breach(sessions, weak.as_ref());
    [
        (Rung::Causal, standing(causal)),
        (Rung::WeaklyCausal, standing(weak)),
        (Rung::Pram, standing(pram::breach(sessions))),
    ]
}
