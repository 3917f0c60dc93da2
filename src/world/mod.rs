//! Where a cluster lives. A world runs operations and applies faults; what to do is decided outside.

mod bandwidth;
mod host;
mod ledger;
pub mod live;
pub mod machine;
pub mod sim;
pub mod stage;
pub mod trace;

pub use bandwidth::Bandwidth;
pub use ledger::{Account, Ledger, Sent};

use crate::client::{Operation, Response};
use crate::nemesis::Fault;
use crate::protocol::{NodeId, RequestId};
use crate::time::Nanos;

/// A cluster and its clients, simulated or real.
pub trait World {
    /// Nanoseconds since the run began.
    fn now(&self) -> Nanos;

    /// Lets `process` ask `node`. Returns at once; the response comes as a [`Happening`]. A process
    /// has one operation under way at a time, and every operation gets a response.
    fn invoke(&mut self, process: u32, node: NodeId, operation: Operation);

    /// Breaks or mends something. False if that changed nothing.
    fn apply(&mut self, fault: &Fault) -> bool;

    /// The next response and when it came, waiting for it at most until `until`. `None` when that time has
    /// come, or the world has failed.
    fn next(&mut self, until: Nanos) -> Option<(Nanos, Happening)>;

    /// Where time passes by itself, the longest time that nobody should wait without looking around; `None`
    /// where it does not.
    fn pulse(&self) -> Option<Nanos> {
        None
    }

    /// Why it cannot go on, if it cannot. Told once.
    fn failure(&mut self) -> Option<WorldError> {
        None
    }

    /// Who leads, where somebody says so.
    fn leader(&mut self) -> Option<NodeId> {
        None
    }

    /// What the cluster did so far.
    fn traffic(&self) -> Traffic;

    /// What each node sent when, if somebody keeps books.
    fn ledger(&self) -> Option<Ledger> {
        None
    }
}

/// The kinds of worlds.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum WorldKind {
    /// Simulated, in virtual time.
    #[default]
    Sim,
    /// Processes on this machine, with a proxy for each link.
    Processes,
    /// Processes with a network of the kernel's for each, cut by its packet filter; needs root.
    Netns,
    /// Processes on other hosts, over SSH (`--hosts`), cut by the packet filter of each; needs root there.
    Remote,
}

impl WorldKind {
    /// The word of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::Processes => "processes",
            Self::Netns => "netns",
            Self::Remote => "remote",
        }
    }
}

/// Why a world cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// Something that is real.
    #[error(transparent)]
    Live(#[from] live::LiveError),
}

/// A process learns what became of its operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happening {
    /// Who.
    pub process: u32,
    /// What it learns.
    pub response: Response,
}

/// What went through the network, as far as somebody knows: nodes that are processes say what they sent
/// and what they had no room for, and nobody counts messages among the bytes that real links lose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Traffic {
    /// Messages that nodes sent each other.
    pub messages: u64,
    /// Of those, lost at a cut.
    pub cut: u64,
    /// Of those, lost at random.
    pub lost: u64,
    /// Messages delivered twice.
    pub doubled: u64,
    /// What the messages take on the wire of live nodes, in bytes, each frame with its length; 0 where nobody
    /// weighs them.
    #[serde(skip_serializing_if = "is_zero")]
    pub bytes: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The name of the `nth` request of a process, from 1, in worlds that decide it themselves.
fn request_id(process: u32, nth: u32) -> RequestId {
    RequestId(u64::from(process) << 32 | u64::from(nth))
}

/// The process that made a request with such a name.
fn asker(request: RequestId) -> u32 {
    (request.0 >> 32) as u32
}
