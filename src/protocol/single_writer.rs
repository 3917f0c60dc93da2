//! Attiya, Bar-Noy and Dolev's register with one writer: it numbers its writes itself, so they take one
//! phase. Reads store what they return, unless they are told not to.

use super::machine::Seat;
use super::phases::Phase;
use super::version::Stored;
use super::versioned::{Goal, Versioning, store};
use super::{Mutant, Value};
use crate::time::Nanos;

/// The writes of all registers that are written through one node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct SingleWriter {
    written: u64,
}

impl Versioning for SingleWriter {
    fn start(seat: &Seat) -> Self {
        // After a restart above everything it may have written before.
        let life = if seat.config.is(Mutant::CountsAnew) { 0 } else { seat.incarnation };
        Self { written: u64::from(life) << 40 }
    }

    fn write(&mut self, _: Nanos, writer: u32, value: Value) -> (Goal, Phase<Stored>) {
        self.written += 1;
        store(Stored::new(self.written, writer, value))
    }
}
