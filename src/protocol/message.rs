//! What clients and nodes say to each other, whatever the protocol.

use serde::{Deserialize, Serialize};

use super::{Key, Value};

/// Names a client's request in its answer. No two requests to a cluster share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId(pub u64);

/// What a client asks of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientRequest {
    /// Names it in the answer.
    pub id: RequestId,
    /// Who asks: the writer of a version.
    pub process: u32,
    /// The object.
    pub key: Key,
    /// What to do.
    pub request: Request,
}

/// What to do with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Request {
    /// Return the value.
    Read,
    /// Replace it.
    Write(Value),
    /// Replace it if it equals the expected one.
    Cas {
        /// What it must hold; `None` if it must never have been written.
        expected: Option<Value>,
        /// What it then gets.
        new: Value,
    },
    /// Add this amount to a counter.
    Add(Value),
    /// Put this element, 0 to 62, into a set.
    Insert(Value),
    /// Put this into a queue.
    Enqueue(Value),
    /// Take something out of a queue.
    Dequeue,
}

/// What clients operate on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Object {
    /// Registers: read, write and compare-and-set.
    #[default]
    Register,
    /// Counters: read and add.
    Counter,
    /// Sets: read and add.
    Set,
    /// Queues: enqueue and dequeue.
    Queue,
}

impl Object {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Register, Self::Counter, Self::Set, Self::Queue];

    /// The word of workloads.
    pub fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Counter => "counter",
            Self::Set => "set",
            Self::Queue => "queue",
        }
    }
}

/// What a node answers. It answers nothing when no quorum does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ClientReply {
    /// The value; `None` if it was never written.
    Value(Option<Value>),
    /// It is stored, as safely as the protocol promises. Also what a compare-and-set that replaced the
    /// value is told.
    Written,
    /// A compare-and-set found this instead of what it expected, and changed nothing.
    Differs(Option<Value>),
    /// This node cannot carry it out and has not begun to: the request has certainly failed.
    Unavailable,
}
