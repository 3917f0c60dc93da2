//! What can happen on a stage, and why it sometimes cannot.

use std::fmt;

use super::Envelope;
use crate::client::Operation;
use crate::protocol::{NodeId, RequestId, Timer};

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A process asks a node, which hears of it at once; and so will the process of the answer.
    Begin {
        /// Who asks.
        process: u32,
        /// Whom.
        node: NodeId,
        /// For what.
        operation: Operation,
    },
    /// A process asks a node: the request, and then the answer, are on their way until another step says
    /// that they have arrived.
    Ask {
        /// Who asks.
        process: u32,
        /// Whom.
        node: NodeId,
        /// For what.
        operation: Operation,
    },
    /// A request reaches its node.
    Arrive {
        /// Which.
        request: RequestId,
    },
    /// The answer reaches the process that asked.
    Answer {
        /// Who.
        process: u32,
    },
    /// A process learns that its connection broke, since the node has crashed.
    Disconnect {
        /// Who.
        process: u32,
    },
    /// A message arrives.
    Deliver(Envelope),
    /// A message is lost.
    Drop(Envelope),
    /// A message is doubled: another one like it is on its way, too.
    Duplicate(Envelope),
    /// The oldest record that a node has written reaches its disk.
    Sync {
        /// Whose.
        node: NodeId,
    },
    /// A timer goes off.
    Timer {
        /// Whose.
        node: NodeId,
        /// Which.
        timer: Timer,
    },
    /// A node stops, and whoever waits for it learns that the connection broke.
    Crash {
        /// Which.
        node: NodeId,
        /// Whether what was not synced is lost.
        lose_unsynced: bool,
    },
    /// A node stops, as in a crash, and its disk is emptied.
    Wipe {
        /// Which.
        node: NodeId,
    },
    /// A node that is down starts, with what is on its disk.
    Restart {
        /// Which.
        node: NodeId,
    },
    /// A node's clock is set off.
    SetClock {
        /// Whose.
        node: NodeId,
        /// By how many nanoseconds it is ahead.
        offset: i64,
    },
    /// A process stops waiting for an answer.
    GiveUp {
        /// Who.
        process: u32,
    },
}

/// Why a step cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Impossible {
    /// No such message is on its way.
    NoSuchMessage,
    /// The node has written nothing that is not synced.
    NothingToSync,
    /// No such timer is set.
    NoSuchTimer,
    /// The node is down.
    Down,
    /// The node is not down.
    NotDown,
    /// The process still waits for its last operation.
    StillWaiting,
    /// The process waits for nothing.
    NotWaiting,
    /// No such request is on its way to a node.
    NoSuchRequest,
    /// No answer is on its way to the process.
    NoAnswer,
    /// The connection of the process has not broken.
    Connected,
}

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchMessage => "no such message is on its way",
            Self::NothingToSync => "everything it wrote is on disk already",
            Self::NoSuchTimer => "it has set no such timer",
            Self::Down => "the node is down",
            Self::NotDown => "the node is not down",
            Self::StillWaiting => "the client still waits for its last operation",
            Self::NotWaiting => "the client waits for nothing",
            Self::NoSuchRequest => "nothing that the client asked for is on its way to its node",
            Self::NoAnswer => "no answer is on its way to the client",
            Self::Connected => "the client's connection has not broken",
        })
    }
}
