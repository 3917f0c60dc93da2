//! Masking quorums (Malkhi and Reiter, "Byzantine quorum systems", Distributed Computing 11(4), 1998): of N
//! replicas some lie. A value counts only if more replicas than can lie return it, word for word.

use super::Configuration;
use super::machine::Seat;
use super::message::{ClientReply, ClientRequest, Request};
use super::phases::{Gathered, Next, Phase, Phased};
use super::version::Stored;
use super::versioned::{self, Goal};
use crate::time::Nanos;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Masking;

impl Phased for Masking {
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
        match *goal {
            Goal::Read if config.is_read_quorum(gathered.nodes) => {
                let Some(latest) = vouched(config, gathered) else {
                    // A write is under way, or its writer is gone: one more answer may settle it.
                    let all = gathered.nodes.len() == config.n;
                    return if all { Next::Reply(ClientReply::Unavailable) } else { Next::Wait };
                };
                versioned::reply(config, goal, latest)
            }
            Goal::Write { writer, value } if config.is_write_quorum(gathered.nodes) => {
                *goal = Goal::Stored(ClientReply::Written);
                let counter = believable_counter(config, gathered) + 1;
                Next::Phase(Phase::Store(Stored::new(counter, writer, value)))
            }
            Goal::Stored(_) => versioned::go_on(config, goal, gathered),
            Goal::Read | Goal::Write { .. } => Next::Wait,
        }
    }
}

/// The latest of what more replicas return than can lie, unless some completed write may be later.
fn vouched(config: &Configuration, gathered: &Gathered<Stored>) -> Option<Stored> {
    let reached = believable_counter(config, gathered);
    let votes = |stored: &Stored| gathered.found.iter().filter(|(_, s)| s == stored).count();
    let found = gathered.found.iter().map(|(_, stored)| *stored);
    found
        .filter(|stored| stored.version.counter >= reached)
        .filter(|stored| votes(stored) > usize::from(config.liars))
        .max()
}

/// A counter that an honest replica has at least reached, and no completed write is above.
fn believable_counter(config: &Configuration, gathered: &Gathered<Stored>) -> u64 {
    let mut counters: Vec<u64> =
        gathered.found.iter().map(|(_, stored)| stored.version.counter).collect();
    counters.sort_unstable_by(|a, b| b.cmp(a));
    counters.get(usize::from(config.liars)).copied().unwrap_or(0)
}
