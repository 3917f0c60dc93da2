//! Sets of nodes.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::NodeId;
use crate::quorum;

/// A set of nodes of a cluster.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "u64", into = "u64")]
pub struct NodeSet(quorum::NodeSet);

impl From<u64> for NodeSet {
    fn from(bits: u64) -> Self {
        Self(quorum::NodeSet(bits))
    }
}

impl From<NodeSet> for u64 {
    fn from(nodes: NodeSet) -> Self {
        nodes.0.0
    }
}

impl NodeSet {
    /// No node.
    pub const EMPTY: Self = Self(quorum::NodeSet::EMPTY);

    /// The first `n` nodes.
    pub fn first(n: u16) -> Self {
        Self(quorum::NodeSet::first(n.into()))
    }

    /// Adds a node.
    pub fn insert(&mut self, node: NodeId) {
        self.0 = self.0.union(quorum::NodeSet::only(node.into()));
    }

    /// The same without a node.
    #[must_use]
    pub fn without(self, node: NodeId) -> Self {
        Self(self.0.without(quorum::NodeSet::only(node.into())))
    }

    /// Whether all of these nodes are in it.
    pub fn contains_all(self, nodes: Self) -> bool {
        nodes.0.is_subset_of(self.0)
    }

    /// Whether a node is in it.
    pub fn contains(self, node: NodeId) -> bool {
        self.0.contains(node.into())
    }

    /// How many nodes are in it.
    pub fn len(self) -> u16 {
        self.0.len() as u16
    }

    /// The nodes, in order.
    pub fn iter(self) -> impl Iterator<Item = NodeId> {
        self.0.iter().map(|node| node as NodeId)
    }

    /// Whether no node is in it.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// As quorum systems know it.
    pub fn nodes(self) -> quorum::NodeSet {
        self.0
    }
}

impl FromIterator<NodeId> for NodeSet {
    fn from_iter<I: IntoIterator<Item = NodeId>>(nodes: I) -> Self {
        let mut set = Self::EMPTY;
        nodes.into_iter().for_each(|node| set.insert(node));
        set
    }
}

/// As 128 bits, which nothing else in a node's state is: whoever explores all futures renames nodes by
/// that.
impl Hash for NodeSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(self.0.0.into());
    }
}

impl std::fmt::Debug for NodeSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
