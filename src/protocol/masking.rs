//! Masking quorums (Malkhi and Reiter, "Byzantine quorum systems", Distributed Computing 11(4), 1998): of N
//! replicas some lie. A value counts only if more replicas than can lie return it, word for word.

use super::machine::Seat;
use super::message::ClientReply;
use super::phases::{Gathered, Next, Phase};
use super::version::Stored;
use super::versioned::{self, Goal, Versioning, ask_first, store};
use super::{Configuration, Mutant, Value};
use crate::time::Nanos;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Masking;

impl Versioning for Masking {
    fn start(_: &Seat) -> Self {
        Self
    }

    fn write(&mut self, _: Nanos, writer: u32, value: Value) -> (Goal, Phase<Stored>) {
        ask_first(writer, value)
    }

    fn go_on(config: &Configuration, goal: &mut Goal, gathered: &Gathered<Stored>) -> Next<Stored> {
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
                let counter = believable_counter(config, gathered) + 1;
                let (next, phase) = store(Stored::new(counter, writer, value));
                *goal = next;
                Next::Phase(phase)
            }
            Goal::Stored(_) => versioned::go_on(config, goal, gathered),
            Goal::Digests | Goal::Read | Goal::Write { .. } => Next::Wait,
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
        .filter(|stored| votes(stored) > believed(config))
        .max()
}

/// So many may say the same without being believed.
fn believed(config: &Configuration) -> usize {
    if config.is(Mutant::BelievesOne) { 0 } else { usize::from(config.liars) }
}

/// A counter that an honest replica has at least reached, and no completed write is above.
fn believable_counter(config: &Configuration, gathered: &Gathered<Stored>) -> u64 {
    let mut counters: Vec<u64> =
        gathered.found.iter().map(|(_, stored)| stored.version.counter).collect();
    counters.sort_unstable_by(|a, b| b.cmp(a));
    counters.get(usize::from(config.liars)).copied().unwrap_or(0)
}
