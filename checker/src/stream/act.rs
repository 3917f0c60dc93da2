//! What happens to one register, apart from all others.

use crate::value::Value;

/// Something that happens to a register.
#[derive(Debug)]
pub struct Act {
    /// The number of the register, in the order of the first invocations.
    pub(super) key: u32,
    /// When the operation was called.
    pub(super) call: u32,
    /// When this happens.
    pub(super) now: u32,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// An operation is called that changes nothing.
    Asks,
    /// An operation is called that may replace the value, or just the one it expects.
    Writes { value: Value, expected: Option<Value> },
    /// An operation returns that wrote or read this value.
    Touched(Value),
    /// An operation ends without telling anything.
    Ended,
    /// A write or compare-and-set did not happen.
    Failed {
        /// What it would have written; `None` if it would have changed nothing.
        value: Option<Value>,
        /// What it met instead of what it expected.
        met: Option<Value>,
        /// Whether it met some other value than it expected, and nobody says which.
        met_another: bool,
    },
    /// Nobody knows whether this value is written, or will be.
    Lost(Value),
}
