//! Quorums that stay quorums when some of their own nodes fail.

use super::minimal::{TooMany, minimal};
use super::rule::Rule;
use super::set::NodeSet;

/// How many sets may be tried.
const TRIED_MAX: u32 = 1 << 22;

impl Rule {
    /// The minimal sets that contain a quorum even if any `failures` of their nodes fail, smallest first;
    /// none where even all nodes are not enough.
    ///
    /// Such a set has more than `failures` nodes in common with each quorum of the dual. Takes time
    /// exponential in the nodes, within a bound on the sets tried.
    pub fn resilient_quorums(&self, failures: u32) -> Result<Vec<NodeSet>, TooMany> {
        match self {
            _ if failures == 0 => self.minimal_quorums(),
            Self::Threshold { needed, among } if needed.saturating_add(failures) > among.len() => {
                Ok(Vec::new())
            }
            Self::Threshold { needed, among } => {
                Self::Threshold { needed: needed + failures, among: *among }.minimal_quorums()
            }
            _ => {
                let blocking = self.dual().minimal_quorums()?;
                let nodes: Vec<usize> = self.nodes().iter().collect();
                let mut search =
                    Search { blocking, nodes, failures, found: Vec::new(), left: TRIED_MAX };
                search.decide(NodeSet::EMPTY, 0)?;
                minimal(search.found)
            }
        }
    }
}

/// Decides node by node who is in the set.
struct Search {
    /// The sets of which more than `failures` nodes are needed.
    blocking: Vec<NodeSet>,
    nodes: Vec<usize>,
    failures: u32,
    found: Vec<NodeSet>,
    left: u32,
}

impl Search {
    fn is_resilient(&self, set: NodeSet) -> bool {
        self.blocking.iter().all(|other| set.intersection(*other).len() > self.failures)
    }

    /// Finds all sets that have `chosen` and no other of the first `decided` nodes.
    fn decide(&mut self, chosen: NodeSet, decided: usize) -> Result<(), TooMany> {
        self.left = self.left.checked_sub(1).ok_or(TooMany)?;
        if self.is_resilient(chosen) {
            self.found.push(chosen);
            return Ok(());
        }
        let open: NodeSet = self.nodes[decided..].iter().copied().collect();
        if !self.is_resilient(chosen.union(open)) {
            return Ok(());
        }
        let node = NodeSet::only(self.nodes[decided]);
        self.decide(chosen.union(node), decided + 1)?;
        self.decide(chosen, decided + 1)
    }
}
