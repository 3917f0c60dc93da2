//! What the nodes of a protocol of phases say to each other.

use serde::{Deserialize, Serialize};

use super::super::Key;
use super::super::entropy;

/// Between nodes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::protocol) enum Message<H> {
    /// What do you hold of this register?
    Query { op: OpId, key: Key },
    /// Which version do you hold of it?
    Digest { op: OpId, key: Key },
    /// This is what I hold.
    Found { op: OpId, held: H },
    /// This is what I hold, without the value.
    Digested { op: OpId, held: H },
    /// Hold this.
    Store { op: OpId, key: Key, held: H },
    /// I hold it.
    Holding { op: OpId },
    /// Between replicas that compare what they hold.
    Entropy(entropy::Message<H>),
    /// The same as [`Store`](Self::Store), and nobody waits for the answer: the operation is over.
    Repair { op: OpId, key: Key, held: H },
}

impl<H> Message<H> {
    /// What kind of message it is, in a word.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Query { .. } => "query",
            Self::Digest { .. } => "digest",
            Self::Found { .. } => "found",
            Self::Digested { .. } => "digested",
            Self::Store { .. } | Self::Repair { .. } => "store",
            Self::Holding { .. } => "holding",
            Self::Entropy(message) => message.kind(),
        }
    }
}

/// A phase of an operation in the eyes of its coordinator: never reused by that node, not even after a
/// restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::protocol) struct OpId {
    /// Counts operations, beginning anew in a higher range after each restart.
    pub(super) serial: u64,
    /// Where the coordinator keeps it.
    pub(super) slot: u32,
}

/// What a phase asks, in the order in which an operation can come to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Question {
    /// For what replicas hold, all but one without the value.
    Digest,
    /// For what they hold.
    Query,
    /// To hold something.
    Store,
}
