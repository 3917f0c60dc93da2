//! A primary and its backups: Alsberg and Day, "A principle for resilient sharing of distributed
//! resources", ICSE 1976; with automatic fail-over as in Redis Sentinel, MongoDB, RabbitMQ's mirrored
//! queues and Kafka.
//!
//! A majority elects the primary after a time of silence, but a write waits for as many copies as one
//! likes, and the old primary goes on until it hears of the new one. Then it throws away what the new
//! one has not.

use super::led::{Candidate, Insync, Rules, Voter};
use super::set::NodeSet;
use super::{Acks, Configuration, Election, Mutant, NodeId};

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Primary;

impl Rules for Primary {
    const GIVES_UP: bool = false;

    fn may_lead(config: &Configuration, candidate: Candidate, voter: &Voter) -> bool {
        match (config.election, config.acks) {
            (Election::Any, _) => true,
            (Election::Latest, Acks::Count(_)) => candidate.last >= voter.last,
            (Election::Latest, Acks::Insync) => voter.insync.contains(candidate.id),
        }
    }

    fn is_enough(
        config: &Configuration,
        leader: NodeId,
        nodes: NodeSet,
        Insync { members, is_settled }: Insync,
    ) -> bool {
        match config.acks {
            Acks::Count(backups) => nodes.contains(leader) && nodes.len() > backups,
            Acks::Insync => {
                let is_agreed = is_settled
                    || nodes.len() >= config.majority()
                    || config.is(Mutant::InsyncByOne);
                is_agreed && nodes.contains_all(members)
            }
        }
    }

    fn keeps_insync(config: &Configuration) -> bool {
        config.acks == Acks::Insync
    }
}
