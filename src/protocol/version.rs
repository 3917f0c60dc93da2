//! Values with versions: what most replicas hold.

use serde::{Deserialize, Serialize};

use super::replica::Held;
use super::{Lies, Value};

/// When a value was written, as far as the protocol can tell: later versions win.
///
/// A process writes one value at a time and never acts again after an unknown outcome, so no two
/// writes share a version as long as each write's query meets the write before it. Where it need not
/// (W + W <= N), or where a clock was set back, two may.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Version {
    /// A logical counter, or a clock's reading.
    pub counter: u64,
    /// Who wrote: breaks ties between concurrent writes.
    pub writer: u32,
}

/// A value with its version. The default is a register that was never written. Of two values with the
/// same version the greater wins, so that replicas agree in the end whatever reaches them in whatever
/// order (as in Cassandra).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Stored {
    /// Its version.
    pub version: Version,
    /// The value; `None` before the first write, or where only the version is known.
    pub value: Option<Value>,
}

impl Stored {
    /// A value that replaces everything before `version`.
    pub(super) fn new(counter: u64, writer: u32, value: Value) -> Self {
        Self { version: Version { counter, writer }, value: Some(value) }
    }
}

impl Held for Stored {
    const ONLY_GROWS: bool = true;

    fn merge(&mut self, other: &Self) -> Self {
        *self = (*self).max(*other);
        *other
    }

    fn covers(&self, other: &Self) -> bool {
        self.version >= other.version
    }

    fn value(&self) -> Option<Value> {
        self.value
    }

    fn without_value(&self) -> Self {
        Self { value: None, ..*self }
    }

    fn lie(lies: Lies) -> Self {
        match lies {
            Lies::Forged => Self::new(u64::MAX >> 1, u32::MAX, -1),
            Lies::Forgotten => Self::default(),
        }
    }
}
