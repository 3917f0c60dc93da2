//! Registers of versions: what operations do that are the same whichever way a version is chosen.

use super::message::ClientReply;
use super::phases::{Gathered, Next, Phase};
use super::version::Stored;
use super::{Configuration, Value};

/// What an operation is after, and in which phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Goal {
    /// Find the latest value.
    Read,
    /// Find the latest version, to write a later one.
    Write { writer: u32, value: Value },
    /// Store something, and then say this.
    Stored(ClientReply),
}

/// The first phase of a read.
pub(super) const READ: (Goal, Phase<Stored>) = (Goal::Read, Phase::Query);

/// What a coordinator does after one more answer.
pub(super) fn go_on(
    config: &Configuration,
    goal: &mut Goal,
    gathered: &Gathered<Stored>,
) -> Next<Stored> {
    match *goal {
        Goal::Read if config.is_read_quorum(gathered.nodes) => reply(config, goal, gathered.merged),
        // The query of a write must meet the writes before it.
        Goal::Write { writer, value } if config.is_write_quorum(gathered.nodes) => {
            *goal = Goal::Stored(ClientReply::Written);
            let counter = gathered.merged.version.counter + 1;
            Next::Phase(Phase::Store(Stored::new(counter, writer, value)))
        }
        Goal::Stored(reply) if config.is_write_quorum(gathered.nodes) => Next::Reply(reply),
        _ => Next::Wait,
    }
}

/// What a coordinator does with what a read has found.
pub(super) fn reply(config: &Configuration, goal: &mut Goal, latest: Stored) -> Next<Stored> {
    let reply = ClientReply::Value(latest.value);
    // Before the first write there is nothing to write back.
    if config.write_back && latest.value.is_some() {
        *goal = Goal::Stored(reply);
        return Next::Phase(Phase::Store(latest));
    }
    if config.read_repair { Next::ReplyAndRepair(reply, latest) } else { Next::Reply(reply) }
}
