//! Raft: Ongaro and Ousterhout, "In search of an understandable consensus algorithm", USENIX ATC 2014. A
//! majority elects, a majority acknowledges, and any two majorities meet.

use super::led::{Candidate, Insync, Rules, Voter};
use super::set::NodeSet;
use super::{Configuration, Mutant, NodeId};

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Raft;

impl Rules for Raft {
    const GIVES_UP: bool = true;

    fn may_lead(config: &Configuration, candidate: Candidate, voter: &Voter) -> bool {
        candidate.last >= voter.last || config.is(Mutant::VotesForAnyone)
    }

    fn is_enough(config: &Configuration, _: NodeId, nodes: NodeSet, _: Insync) -> bool {
        nodes.len() + u16::from(config.is(Mutant::CommitsByLess)) >= config.majority()
    }
}
