//! What is to happen, by time. Equal times keep the order in which they were planned.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::Nanos;

/// A queue of events. They stay where they are while only their times are put in order: an event may be
/// large.
#[derive(Debug)]
pub(super) struct Queue<E> {
    /// When, how many were planned before, and where the event is. The earliest is the greatest:
    /// `BinaryHeap` gives the greatest first.
    order: BinaryHeap<Reverse<(Nanos, u64, u32)>>,
    events: Vec<Option<E>>,
    free: Vec<u32>,
    planned: u64,
}

impl<E> Queue<E> {
    pub(super) fn new() -> Self {
        Self { order: BinaryHeap::new(), events: Vec::new(), free: Vec::new(), planned: 0 }
    }

    pub(super) fn push(&mut self, at: Nanos, event: E) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.events.push(None);
            self.events.len() as u32 - 1
        });
        self.events[place as usize] = Some(event);
        self.planned += 1;
        self.order.push(Reverse((at, self.planned, place)));
    }

    pub(super) fn next_at(&self) -> Option<Nanos> {
        self.order.peek().map(|Reverse((at, ..))| *at)
    }

    pub(super) fn pop(&mut self) -> Option<(Nanos, E)> {
        let Reverse((at, _, place)) = self.order.pop()?;
        self.free.push(place);
        self.events[place as usize].take().map(|event| (at, event))
    }
}
