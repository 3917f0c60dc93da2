//! Attiya, Bar-Noy and Dolev, "Sharing memory robustly in message-passing systems", JACM 42(1), 1995;
//! for many writers Lynch and Shvartsman, 1997.
//!
//! A write first asks a quorum for the latest version and then stores a later one; a read stores what
//! it is about to return before it returns it, unless it is told not to.

use super::Value;
use super::machine::Seat;
use super::phases::Phase;
use super::version::Stored;
use super::versioned::{Goal, Versioning, ask_first};
use crate::time::Nanos;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Abd;

impl Versioning for Abd {
    fn start(_: &Seat) -> Self {
        Self
    }

    fn write(&mut self, _: Nanos, writer: u32, value: Value) -> (Goal, Phase<Stored>) {
        ask_first(writer, value)
    }
}
