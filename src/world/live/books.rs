//! The ledger of a live world, which several threads write.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use crate::protocol::NodeId;
use crate::time::{MILLISECOND, Nanos};
use crate::world::{Ledger, Sent};

/// The first pieces of time are so long: nodes of our own say every 50 ms what they have sent, and shorter
/// pieces would show when they said it.
const PIECE: Nanos = 128 * MILLISECOND;

/// A ledger whose time begins with the run. What is sent before counts as sent then.
#[derive(Debug)]
pub(super) struct Books {
    began: OnceLock<Instant>,
    ledger: Mutex<Ledger>,
}

impl Books {
    /// Of so many nodes, before the run.
    pub(super) fn new(n: u16) -> Self {
        Self { began: OnceLock::new(), ledger: Mutex::new(Ledger::new(n, PIECE)) }
    }

    /// The run begins.
    pub(super) fn begin(&self, began: Instant) {
        let _ = self.began.set(began);
    }

    /// A node has sent something.
    pub(super) fn add(&self, node: NodeId, sent: Sent) {
        let now = self.began.get().map_or(0, |began| began.elapsed().as_nanos() as Nanos);
        self.lock().add(now, node, sent);
    }

    /// What was sent so far.
    pub(super) fn ledger(&self) -> Ledger {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
