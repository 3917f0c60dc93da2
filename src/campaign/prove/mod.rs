//! Bounded exhaustive exploration: every interleaving of a few operations, messages, syncs and crashes, of
//! the same state machines that run elsewhere.
//!
//! Breadth first, so that the first violation is one of the fewest moves; level by level and on all cores,
//! yet with the same result every time. A state is forgotten once it was expanded: only 64 bits of it stay,
//! so that two of `S` states are taken for one with a probability below `S²/2⁶⁵`.
//!
//! # What is not explored, and why nothing is missed
//!
//! - **Losses, delays and partitions**: a message that is lost is one that arrives after the end, so every
//!   history with losses is also one without. A node that is down is one that has restarted already and
//!   that messages have not reached since. So there is no step for a loss, and a crash includes the restart.
//! - The [`Reductions`], each with its reason there.

mod counterexample;
mod explore;
mod fingerprint;
mod state;
mod story;

use std::collections::BTreeSet;

use crate::client::Action;
use crate::promise::{Hazards, Promise, promise};
use crate::protocol::{NodeId, Object, Value};
use crate::workload::Workload;

pub use counterexample::Counterexample;
pub use explore::prove;

/// What is to be shown.
#[derive(Debug, Clone)]
pub struct Question {
    /// The cluster, and what must come of it: an anomaly is looked for, whatever else is found on the way.
    pub workload: Workload,
    /// What clients do.
    pub clients: Vec<Client>,
    /// How far to look.
    pub bounds: Bounds,
    /// What need not be looked at.
    pub reductions: Reductions,
}

/// What one client does, one operation after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// How scripts call it.
    pub name: String,
    /// Its operations.
    pub asks: Vec<Ask>,
}

/// An operation to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// What for.
    pub action: Action,
    /// Whom; any node if `None`.
    pub node: Option<NodeId>,
}

/// How far to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How many crashes, all nodes together. Each loses what is not synced.
    pub crashes: u32,
    /// How many messages arrive twice.
    pub duplicates: u32,
    /// How many times a clock is set back behind all others.
    pub skews: u32,
    /// How many timers go off.
    pub timers: u32,
    /// How many moves; all if `None`.
    pub depth: Option<u32>,
    /// How many states.
    pub states: u64,
    /// How much memory, in bytes, as far as it can be told.
    pub memory: u64,
}

/// What need not be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each may be left out by itself")]
pub struct Reductions {
    /// A question changes nothing at the node that answers it, so all that matters is what the answer says
    /// and when it arrives. Instead of a state for each moment at which the question may have arrived,
    /// question and answer happen in one move, and the answer may be any that could have been given since
    /// the question was sent. (Move the arrival of the question on to that of the answer: everything between
    /// is either elsewhere or another state of the answering node, of which the past answer is kept.)
    pub questions: bool,
    /// A message that can make no difference any more is taken off the wire: what is left is the same for
    /// states that differ in nothing else.
    pub moot: bool,
    /// While no crash is left to come, records reach the disk as soon as they are written. All that comes of
    /// it is that acknowledgements are sent earlier, which may arrive as late as before; and that the
    /// node's own counts earlier, which only matters where the last answer of others is then not needed any
    /// more: it may arrive as late as before, too. Where nobody else is needed at all, an operation ends
    /// earlier, which rules out more orders, and never fewer.
    pub disks: bool,
    /// Only what a read returns can show a violation: once no operation that returns something is under way
    /// or still to come, nothing more need happen. (A write that ends after all reads can be last.)
    pub ends: bool,
    /// Nodes that are alike are interchangeable: of all ways to name them, one is looked at (Ip and Dill,
    /// "Better verification through symmetry", 1996).
    pub symmetry: bool,
}

impl Reductions {
    /// All of them.
    pub const ALL: Self =
        Self { questions: true, moot: true, disks: true, ends: true, symmetry: true };
    /// None.
    pub const NONE: Self =
        Self { questions: false, moot: false, disks: false, ends: false, symmetry: false };
}

/// What was found.
#[derive(Debug)]
pub struct Proof {
    /// Why the exploration ended.
    pub end: End,
    /// Different states.
    pub states: u64,
    /// Moves from a state to another.
    pub transitions: u64,
    /// The most moves on the shortest way to a state.
    pub depth: u32,
    /// The histories of clients that were checked, each when an operation has returned a value: for each
    /// operation what came of it, and which ones had ended when it began.
    pub histories: BTreeSet<String>,
}

/// Why an exploration ended.
#[derive(Debug)]
pub enum End {
    /// There is nothing more within the bounds. Violations of another kind than the expected one, if any.
    Exhausted(Option<Box<Counterexample>>),
    /// What was expected, or a violation where none was.
    Found(Box<Counterexample>),
    /// A bound on the exploration itself was met: which.
    OutOf(&'static str),
    /// Somebody stopped it.
    Stopped,
}

/// How far it is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Different states.
    pub states: u64,
    /// Of those, still to be expanded.
    pub open: u64,
    /// How many moves deep.
    pub depth: u32,
}

impl Question {
    /// The cluster of a workload under so many clients that write and read. Written values are 1, 2, ….
    pub fn new(workload: &Workload, writers: u32, readers: u32, ops: u32, bounds: Bounds) -> Self {
        let client = |letter: char, number: u32, action: &dyn Fn(u32) -> Action| Client {
            name: format!("{letter}{}", number + 1),
            asks: (0..ops).map(|nth| Ask { action: action(nth), node: None }).collect(),
        };
        let writer = |number: u32| {
            client('w', number, &|nth| Action::Write(Value::from(number * ops + nth + 1)))
        };
        let reader = |number: u32| client('r', number, &|_| Action::Read);
        Self {
            workload: workload.clone(),
            clients: (0..writers).map(writer).chain((0..readers).map(reader)).collect(),
            bounds,
            reductions: Reductions::ALL,
        }
    }

    /// What theory promises for the cluster within the bounds.
    pub fn promise(&self) -> Promise {
        let writes = |ask: &Ask| !matches!(ask.action, Action::Read);
        let writers = self.clients.iter().filter(|client| client.asks.iter().any(writes));
        let hazards = Hazards {
            lost_unsynced: self.bounds.crashes > 0,
            wiped: false,
            clock_skew: self.bounds.skews > 0,
            many_writers: writers.count() > 1,
            object: Object::Register,
        };
        promise(&self.workload.config, hazards)
    }

    /// The most operations that can be explored together.
    pub const OPS_MAX: usize = 32;
}
