//! What nodes and clients say to each other.

use super::{Key, Value};

/// When a value was written, as far as the protocol can tell: later versions win.
///
/// A process writes one value at a time and never acts again after an unknown outcome, so no two
/// writes share a version as long as each write's query meets the write before it. Where it need not
/// (W + W <= N), or where a clock was set back, two may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Version {
    /// A logical counter, or a clock's reading.
    pub counter: u64,
    /// Who wrote: breaks ties between concurrent writes.
    pub writer: u32,
}

/// A value with its version. The default is a register that was never written. Of two values with the
/// same version the greater wins, so that replicas agree in the end whatever reaches them in whatever
/// order (as in Cassandra).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Stored {
    /// Its version.
    pub version: Version,
    /// The value; `None` before the first write.
    pub value: Option<Value>,
}

/// An operation in the eyes of its coordinator: never reused by that node, not even after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpId {
    /// Counts operations, beginning anew in a higher range after each restart.
    pub(super) serial: u64,
    /// Where the coordinator keeps it.
    pub(super) slot: u32,
}

/// Between nodes. Every message may be lost, doubled, delayed or overtaken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// What do you hold of this register?
    Query {
        /// For this operation.
        op: OpId,
        /// The register.
        key: Key,
    },
    /// This is what I hold.
    Found {
        /// For this operation.
        op: OpId,
        /// The latest version seen.
        stored: Stored,
    },
    /// Hold this, unless you hold something later.
    Store {
        /// For this operation.
        op: OpId,
        /// The register.
        key: Key,
        /// The value and its version.
        stored: Stored,
    },
    /// I hold it, or something later.
    Holding {
        /// For this operation.
        op: OpId,
    },
}

/// Names a client's request in its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(pub u64);

/// What a client asks of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientRequest {
    /// Names it in the answer.
    pub id: RequestId,
    /// Who asks: the writer of a version.
    pub process: u32,
    /// The register.
    pub key: Key,
    /// What to do.
    pub request: Request,
}

/// What to do with a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Return the value.
    Read,
    /// Replace it.
    Write(Value),
}

/// What a node answers. It answers nothing when no quorum does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientReply {
    /// The value; `None` if it was never written.
    Value(Option<Value>),
    /// It is stored at a quorum.
    Written,
}
