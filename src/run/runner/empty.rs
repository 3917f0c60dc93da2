//! In the end queues are emptied: only then can anybody say what they have lost.

use std::collections::VecDeque;

use quorate_checker::EventKind;

use super::{Progress, RunError, Runner};
use crate::client::{Action, Operation, Response};
use crate::protocol::Key;
use crate::world::{Happening, World};

/// A queue is empty for a client that has found nothing in it so many times in a row.
const EMPTY_TIMES: u32 = 3;

/// A queue that a client still has to empty.
#[derive(Debug, Clone, Copy)]
struct Left {
    key: Key,
    /// How many times in a row it was empty.
    empty_times: u32,
}

impl<W: World> Runner<'_, '_, W> {
    /// After it has been quiet for a while, lets every client dequeue from every queue until it has found nothing
    /// several times in a row; not longer than the run may take. Returns after how many events it was stopped
    /// before.
    pub(super) fn empty(
        &mut self,
        watch: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Option<u32>, RunError> {
        self.drain()?;
        let from = self.world.now() + self.workload.clients.settle;
        let until = from.saturating_add(self.workload.clients.time_limit);
        let queues: VecDeque<Left> =
            self.last_keys.iter().map(|key| Left { key: *key, empty_times: 0 }).collect();
        let mut left = vec![queues; self.workers.len()];
        while self.world.now() < until && !self.is_flooded() {
            let now = self.wake();
            if self.pulse(now)? && !watch(self.progress()) {
                return Ok(Some(self.recorder.position()));
            }
            let able = |worker: &u32| now >= from && !left[*worker as usize].is_empty();
            if let Some(worker) = self.free.iter().copied().find(able) {
                let key = left[worker as usize][0].key;
                self.begin(worker, Operation { key, action: Action::Dequeue })?;
                continue;
            }
            if left.iter().all(VecDeque::is_empty) {
                break;
            }
            let start = if now < from { from } else { until };
            if let Some((happening, kind)) = self.wait(start.min(self.rested_at()))? {
                let worker = happening.process as usize % self.workers.len();
                found(&mut left[worker], happening, kind);
            }
        }
        Ok(None)
    }
}

/// A client has dequeued, or tried to.
fn found(left: &mut VecDeque<Left>, happening: Happening, kind: EventKind) {
    let Some(first) = left.front_mut().filter(|_| kind == EventKind::Ok) else { return };
    let is_empty = happening.response == Response::Value(None);
    first.empty_times = if is_empty { first.empty_times + 1 } else { 0 };
    if first.empty_times >= EMPTY_TIMES {
        left.pop_front();
    }
}
