//! Last writer wins, as most Dynamo-style stores do it: a write is stamped by the coordinator's clock
//! and stored in one phase; a read asks a quorum and returns the latest stamp.

use super::Configuration;
use super::machine::Seat;
use super::message::{ClientReply, ClientRequest, Request};
use super::phases::{Gathered, Next, Phase, Phased};
use super::version::Stored;
use super::versioned::{self, Goal};
use crate::time::Nanos;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Lww;

impl Phased for Lww {
    type Held = Stored;
    type Goal = Goal;

    fn start(_: &Seat) -> Self {
        Self
    }

    fn begin(
        &mut self,
        now: Nanos,
        _: &Configuration,
        request: &ClientRequest,
    ) -> Option<(Goal, Phase<Stored>)> {
        match request.request {
            Request::Read => Some(versioned::READ),
            Request::Write(value) => {
                let stamped = Stored::new(now, request.process, value);
                Some((Goal::Stored(ClientReply::Written), Phase::Store(stamped)))
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
