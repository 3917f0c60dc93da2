//! How much a link carries at a time.

use crate::time::{Nanos, SECOND};

/// How many bytes a second go along a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bandwidth(pub u64);

impl Bandwidth {
    /// How long it takes to send so many bytes.
    pub fn transmission(self, bytes: u64) -> Nanos {
        let nanos = u128::from(bytes) * u128::from(SECOND) / u128::from(self.0.max(1));
        Nanos::try_from(nanos).unwrap_or(Nanos::MAX)
    }
}
