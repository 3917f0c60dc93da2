//! Where a cluster lives. A world runs operations and applies faults; what to do is decided outside.

mod host;
pub mod sim;
pub mod stage;
pub mod trace;

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

    /// The next response, waiting for it at most until `until`. `None` when that time has come.
    fn next(&mut self, until: Nanos) -> Option<Happening>;

    /// What the cluster did so far.
    fn traffic(&self) -> Traffic;
}

/// A process learns what became of its operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happening {
    /// Who.
    pub process: u32,
    /// What it learns.
    pub response: Response,
}

/// What went through the network.
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
}

/// The name of the `nth` request of a process, from 1, in worlds that decide it themselves.
fn request_id(process: u32, nth: u32) -> RequestId {
    RequestId(u64::from(process) << 32 | u64::from(nth))
}

/// The process that made a request with such a name.
fn asker(request: RequestId) -> u32 {
    (request.0 >> 32) as u32
}
