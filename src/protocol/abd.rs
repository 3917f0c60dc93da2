//! Attiya, Bar-Noy and Dolev, "Sharing memory robustly in message-passing systems", JACM 42(1), 1995;
//! for many writers Lynch and Shvartsman, 1997.
//!
//! A write first asks a quorum for the latest version and then stores a later one; a read stores what
//! it is about to return before it returns it, unless it is told not to.

use super::machine::Seat;
use super::phases::Phase;
use super::version::Stored;
use super::versioned::{Goal, Versioning, ask_first, store};
use super::{Mutant, Value};
use crate::time::Nanos;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Abd {
    by_clock: bool,
}

impl Versioning for Abd {
    fn start(seat: &Seat) -> Self {
        Self { by_clock: seat.config.is(Mutant::ClockAsVersion) }
    }

    fn write(&mut self, now: Nanos, writer: u32, value: Value) -> (Goal, Phase<Stored>) {
        if self.by_clock {
            return store(Stored::new(now, writer, value));
        }
        ask_first(writer, value)
    }
}
