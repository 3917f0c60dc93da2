//! Last writer wins, as most Dynamo-style stores do it: a write is stamped by the coordinator's clock
//! and stored in one phase; a read asks a quorum and returns the latest stamp.

use super::Value;
use super::machine::Seat;
use super::phases::Phase;
use super::version::Stored;
use super::versioned::{Goal, Versioning, store};
use crate::time::Nanos;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Lww;

impl Versioning for Lww {
    fn start(_: &Seat) -> Self {
        Self
    }

    fn write(&mut self, now: Nanos, writer: u32, value: Value) -> (Goal, Phase<Stored>) {
        store(Stored::new(now, writer, value))
    }
}
