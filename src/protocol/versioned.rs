//! Registers of versions: what operations do that are the same whichever way a version is chosen.

use std::fmt::Debug;
use std::hash::Hash;

use super::machine::Seat;
use super::message::ClientReply;
use super::phases::{Gathered, Next, Phase, Phased};
use super::version::Stored;
use super::{Configuration, MissingValue, Mutant, Value};
use crate::time::Nanos;

/// How the version of a write is chosen.
pub(super) trait Versioning: Clone + Debug + Eq + Hash {
    /// A node that starts.
    fn start(seat: &Seat) -> Self;
    /// The first phase of a write. `now` is the node's own clock.
    fn write(&mut self, now: Nanos, writer: u32, value: Value) -> (Goal, Phase<Stored>);
    /// What to do after one more answer.
    fn go_on(config: &Configuration, goal: &mut Goal, gathered: &Gathered<Stored>) -> Next<Stored> {
        go_on(config, goal, gathered)
    }
}

/// A protocol of phases whose registers have versions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Versions<V> {
    versioning: V,
    /// Whether a read asks all but one for versions only, at first.
    digests: bool,
}

impl<V: Versioning> Phased for Versions<V> {
    type Held = Stored;
    type Goal = Goal;

    fn start(seat: &Seat) -> Self {
        Self { versioning: V::start(seat), digests: seat.config.digests }
    }

    fn read(&mut self) -> (Goal, Phase<Stored>) {
        if self.digests { (Goal::Digests, Phase::Digest) } else { (Goal::Read, Phase::Query) }
    }

    fn write(&mut self, now: Nanos, writer: u32, value: Value) -> (Goal, Phase<Stored>) {
        self.versioning.write(now, writer, value)
    }

    fn go_on(
        &mut self,
        config: &Configuration,
        goal: &mut Goal,
        gathered: &Gathered<Stored>,
    ) -> Next<Stored> {
        V::go_on(config, goal, gathered)
    }
}

/// What an operation is after, and in which phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Goal {
    /// Find the latest version, and perhaps the value at the same time.
    Digests,
    /// Find the latest value.
    Read,
    /// Find the latest version, to write a later one.
    Write { writer: u32, value: Value },
    /// Store something, and then say this.
    Stored(ClientReply),
}

/// A write that first asks for the latest version.
pub(super) fn ask_first(writer: u32, value: Value) -> (Goal, Phase<Stored>) {
    (Goal::Write { writer, value }, Phase::Query)
}

/// A write that is stored at once.
pub(super) fn store(stored: Stored) -> (Goal, Phase<Stored>) {
    (Goal::Stored(ClientReply::Written), Phase::Store(stored))
}

/// What a coordinator does after one more answer.
pub(super) fn go_on(
    config: &Configuration,
    goal: &mut Goal,
    gathered: &Gathered<Stored>,
) -> Next<Stored> {
    match *goal {
        Goal::Digests if gathered.is_enough(config) => {
            let latest = gathered.merged;
            if latest.value.is_some() || latest == Stored::default() {
                return reply(config, goal, latest);
            }
            *goal = Goal::Read;
            Next::Phase(Phase::Query)
        }
        Goal::Read if gathered.is_enough(config) || config.is(Mutant::ReadAsksOne) => {
            match with_value(config, gathered, found(config, gathered)) {
                Some(found) => reply(config, goal, found),
                None if gathered.nodes.len() == config.n => Next::Reply(ClientReply::Unavailable),
                None => Next::Wait,
            }
        }
        // The query of a write must meet the writes before it.
        Goal::Write { writer, value }
            if gathered.is_enough(config) || config.is(Mutant::WriteAsksOne) =>
        {
            *goal = Goal::Stored(ClientReply::Written);
            let bump = u64::from(!config.is(Mutant::LostTimestampBump));
            let counter = gathered.merged.version.counter + bump;
            Next::Phase(Phase::Store(Stored::new(counter, writer, value)))
        }
        Goal::Stored(reply) if gathered.is_enough(config) => Next::Reply(reply),
        _ => Next::Wait,
    }
}

/// The value that a read has found.
fn found(config: &Configuration, gathered: &Gathered<Stored>) -> Stored {
    let mut held = gathered.found.iter().map(|(_, stored)| *stored);
    match config.mutant {
        Some(Mutant::StaleRepair) => held.min().unwrap_or_default(),
        Some(Mutant::LastAnswerWins) => held.next_back().unwrap_or_default(),
        _ => gathered.merged,
    }
}

/// What a read can return of what it has found: nothing, where only witnesses have answered that know the
/// latest version.
fn with_value(
    config: &Configuration,
    gathered: &Gathered<Stored>,
    found: Stored,
) -> Option<Stored> {
    if found.value.is_some() || found == Stored::default() {
        return Some(found);
    }
    let held = gathered.found.iter().map(|(_, stored)| *stored);
    match config.missing_value {
        MissingValue::Wait => None,
        MissingValue::ReturnOlder => {
            Some(held.filter(|stored| stored.value.is_some()).max().unwrap_or_default())
        }
    }
}

/// What a coordinator does with what a read has found.
pub(super) fn reply(config: &Configuration, goal: &mut Goal, mut latest: Stored) -> Next<Stored> {
    let reply = ClientReply::Value(latest.value);
    if config.is(Mutant::NoWriteBack) {
        return Next::Reply(reply);
    }
    latest.version.counter += u64::from(config.is(Mutant::BumpsOnWriteBack));
    // Before the first write there is nothing to write back.
    if config.write_back && latest.value.is_some() {
        *goal = Goal::Stored(reply);
        return Next::Phase(Phase::Store(latest));
    }
    if config.read_repair { Next::ReplyAndRepair(reply, latest) } else { Next::Reply(reply) }
}
