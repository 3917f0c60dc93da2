//! Attiya, Bar-Noy and Dolev, "Sharing memory robustly in message-passing systems", JACM 42(1), 1995;
//! for many writers Lynch and Shvartsman, 1997.
//!
//! A write first asks a quorum for the latest version and then stores a later one; a read stores what
//! it is about to return before it returns it, unless it is told not to.

use super::Configuration;
use super::machine::Seat;
use super::message::{ClientRequest, Request};
use super::phases::{Gathered, Next, Phase, Phased};
use super::version::Stored;
use super::versioned::{self, Goal};
use crate::time::Nanos;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Abd;

impl Phased for Abd {
    type Held = Stored;
    type Goal = Goal;

    fn start(_: &Seat) -> Self {
        Self
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
                Some((Goal::Write { writer: request.process, value }, Phase::Query))
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
