//! The nodes of a live world, as it breaks and mends them, whatever they are.

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use super::LiveError;
use crate::protocol::NodeId;
use crate::world::{Ledger, Traffic};

/// The directory of what nodes say, in that of the run.
pub(super) const LOGS: &str = "log";

/// The nodes of a live world, and the network between them. They end with this. What changes something says
/// whether it made any difference; what somebody cannot do makes none, and what nobody knows is not told.
pub(super) trait Hosts: Debug {
    /// Starts a node that is down. It is ready some time later.
    fn start(&mut self, id: NodeId) -> Result<bool, LiveError>;

    /// Ends a node at once.
    fn kill(&mut self, id: NodeId, lose_unsynced: bool) -> bool;

    /// Empties the disk of a node that is down.
    fn wipe(&mut self, id: NodeId) -> Result<(), LiveError>;

    /// Stops a node without its knowing.
    fn pause(&mut self, id: NodeId) -> bool;

    /// Lets a paused node go on.
    fn resume(&mut self, id: NodeId) -> bool;

    /// Cuts links, or mends them.
    fn set_cuts(&mut self, links: &[(NodeId, NodeId)], is_cut: bool) -> io::Result<bool>;

    /// Makes links slow, or as they were.
    fn set_slowness(&mut self, _links: &[(NodeId, NodeId)], _slowness: u32) -> bool {
        false
    }

    /// Sets a node's clock off.
    fn set_clock_offset(&mut self, _id: NodeId, _offset: i64) -> bool {
        false
    }

    /// Makes a node's disk slow, or as it was.
    fn set_disk_slowness(&mut self, _id: NodeId, _slowness: u32) -> bool {
        false
    }

    /// Takes all space from a node's disk.
    fn fill_disk(&mut self, _id: NodeId) -> bool {
        false
    }

    /// Gives it space again, and starts the node if it has stopped for want of it.
    fn free_disk(&mut self, _id: NodeId) -> Result<bool, LiveError> {
        Ok(false)
    }

    /// Why a run cannot go on after it was told that a process has ended; `None` if it was killed.
    fn ended(&mut self, _id: NodeId, _process: u32) -> Option<LiveError> {
        None
    }

    /// Why a run cannot go on, where nobody is told but by looking.
    fn failure(&mut self) -> Option<LiveError> {
        None
    }

    /// Who leads, as far as somebody says so.
    fn leader(&mut self) -> Option<NodeId> {
        None
    }

    /// The process of a node; `None` if it is down.
    fn process(&self, id: NodeId) -> Option<u32>;

    /// Where a node listens for clients; `None` if it does not, or nobody asks that way.
    fn address(&self, _id: NodeId) -> Option<SocketAddr> {
        None
    }

    /// What went through the network, as far as somebody knows.
    fn traffic(&self) -> Traffic {
        Traffic::default()
    }

    /// The run begins: its time counts from now on.
    fn begin(&mut self, _began: Instant) {}

    /// What each sent when, if anybody knows.
    fn ledger(&self) -> Option<Ledger> {
        None
    }
}

/// The name of a node, where it can be one of a file, or of a host.
pub(super) fn file_name(names: &[String], id: NodeId) -> String {
    let name = &names[usize::from(id)];
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.chars().all(is_plain) { name.clone() } else { format!("node-{}", id + 1) }
}

/// Makes a directory, if there is none.
pub(super) fn make_dir(dir: &Path) -> Result<(), LiveError> {
    std::fs::create_dir_all(dir).map_err(|error| LiveError::Dir { dir: dir.to_owned(), error })
}

/// Removes a directory with all that is in it, if there is one.
pub(super) fn remove_dir(dir: &Path) -> Result<(), LiveError> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(LiveError::Dir { dir: dir.to_owned(), error })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
