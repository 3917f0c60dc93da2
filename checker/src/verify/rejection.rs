//! Why a proof is not accepted.

use crate::anomaly::Anomaly;

/// Why a proof is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The proof names an operation that the register does not have.
    #[error("there is no operation {0}")]
    NoSuchOperation(u32),
    /// The proof uses an operation twice.
    #[error("operation {0} stands twice")]
    Twice(u32),
    /// The proof uses an operation that certainly did not happen, or says nothing.
    #[error("operation {0} has no effect and no result")]
    NotThere(u32),
    /// An operation that certainly happened is missing from the linearization.
    #[error("operation {0} is missing")]
    Missing(u32),
    /// The linearization puts an operation after one that began only when it had returned.
    #[error("operation {0} returned before an operation that stands ahead of it was called")]
    OutOfOrder(u32),
    /// An operation does not find the value it observed.
    #[error("operation {op} observed {observed}, but the register holds {holds}")]
    WrongValue {
        /// The operation.
        op: u32,
        /// What it observed.
        observed: String,
        /// What the order so far leaves.
        holds: String,
    },
    /// The counterexample leaves out a write that an operation in it may have observed.
    #[error("operation {reader} may have observed operation {writer}, which is left out")]
    NotClosed {
        /// The observer.
        reader: u32,
        /// The write left out.
        writer: u32,
    },
    /// An operation is impossible in the state that the order leads to.
    #[error("operation {op} is impossible: {why}")]
    Impossible {
        /// The operation.
        op: u32,
        /// What the object says.
        why: String,
    },
    /// Nothing shows that one transaction must come before the other.
    #[error("nothing shows that transaction {first} comes before transaction {then}")]
    NotBefore {
        /// What is to come first.
        first: u32,
        /// What is to follow.
        then: u32,
    },
    /// The transactions do not show the anomaly.
    #[error("the transactions do not show the anomaly {0}")]
    NotShown(Anomaly),
    /// The counterexample is about elements, but the object has none.
    #[error("the counterexample is about elements, which the object does not have")]
    NoElements,
    /// The counterexample can be explained.
    #[error("the operations can be explained, in this order: {0:?}")]
    Explicable(Vec<u32>),
    /// Too many orders to try.
    #[error("too many orders to try them all")]
    TooHard,
}
