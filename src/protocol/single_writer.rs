//! Attiya, Bar-Noy and Dolev's register with one writer: it numbers its writes itself, so they take one
//! phase. Reads store what they return, unless they are told not to.

use super::Configuration;
use super::machine::Seat;
use super::message::{ClientReply, ClientRequest, Request};
use super::phases::{Gathered, Next, Phase, Phased};
use super::version::Stored;
use super::versioned::{self, Goal};
use crate::time::Nanos;

/// The writes of all registers that are written through one node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct SingleWriter {
    written: u64,
}

impl Phased for SingleWriter {
    type Held = Stored;
    type Goal = Goal;

    fn start(seat: &Seat) -> Self {
        // After a restart above everything it may have written before.
        Self { written: u64::from(seat.incarnation) << 40 }
    }

    fn begin(
        &mut self,
        _: Nanos,
        _: &Configuration,
        request: &ClientRequest,
    ) -> Option<(Goal, Phase<Stored>)> {
        match request.request {
            Request::Read => Some(versioned::READ),
            Request::Write(value) => {
                self.written += 1;
                let numbered = Stored::new(self.written, request.process, value);
                Some((Goal::Stored(ClientReply::Written), Phase::Store(numbered)))
            }
            Request::Cas { .. } => None,
        }
    }

    fn go_on(
        &mut self,
        config: &Configuration,
        goal: &mut Goal,
        gathered: &Gathered<Stored>,
    ) -> Next<Stored> {
        versioned::go_on(config, goal, gathered)
    }
}
