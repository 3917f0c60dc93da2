//! Raft: Ongaro and Ousterhout, "In search of an understandable consensus algorithm", USENIX ATC 2014. A
//! majority elects, a majority acknowledges, and any two majorities meet.

use super::led::{Candidate, Insync, Rules, Voter};
use super::set::NodeSet;
use super::{Configuration, NodeId};

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Raft;

impl Rules for Raft {
    const GIVES_UP: bool = true;

    fn may_lead(_: &Configuration, candidate: Candidate, voter: &Voter) -> bool {
        candidate.last >= voter.last
    }

    fn is_enough(config: &Configuration, _: NodeId, nodes: NodeSet, _: Insync) -> bool {
        nodes.len() >= config.majority()
    }
}
