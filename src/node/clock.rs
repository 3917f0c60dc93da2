//! A node's clock: that of the machine, set off if the harness says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rustix::time::{ClockId, clock_gettime};

use crate::time::{Nanos, SECOND};

/// What the node takes for the time of day. All clones are one clock.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    offset: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that is wrong by `offset` nanoseconds.
    pub(super) fn new(offset: i64) -> Self {
        Self { offset: Arc::new(AtomicI64::new(offset)) }
    }

    /// Sets it off.
    pub(super) fn set_offset(&self, offset: i64) {
        self.offset.store(offset, Ordering::Relaxed);
    }

    /// Nanoseconds since 1970.
    pub(super) fn now(&self) -> Nanos {
        let now = clock_gettime(ClockId::Realtime);
        let nanos = now.tv_sec * SECOND as i64 + now.tv_nsec;
        nanos.saturating_add(self.offset.load(Ordering::Relaxed)).max(0) as Nanos
    }
}
