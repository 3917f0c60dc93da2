//! A graph of what must come before what, and its circles.

use petgraph::Graph;
use petgraph::algo::{astar, toposort};
use petgraph::graph::NodeIndex;

/// Nodes are numbers; an edge may name the operations that are its reason.
#[derive(Debug, Default)]
pub(super) struct Before {
    graph: Graph<(), Reason>,
}

/// The operation that comes first, where an edge leaves a value, and the one that comes after it,
/// where it leads to one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reason {
    pub(super) first: Option<u32>,
    pub(super) then: Option<u32>,
}

/// One must come before the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) reason: Reason,
}

impl Before {
    /// So many more nodes. Returns the first of them.
    pub(super) fn add_nodes(&mut self, count: u32) -> u32 {
        let first = self.graph.node_count() as u32;
        for _ in 0..count {
            self.graph.add_node(());
        }
        first
    }

    pub(super) fn add(&mut self, from: u32, to: u32, reason: Reason) {
        self.graph.add_edge(NodeIndex::from(from), NodeIndex::from(to), reason);
    }

    /// A short circle, as its edges in order; `None` if there is none. O(nodes + edges) if there is
    /// none.
    pub(super) fn circle(&self) -> Option<Vec<Edge>> {
        let graph = &self.graph;
        let start = toposort(graph, None).err()?.node_id();
        let leads_back = |node| graph.contains_edge(node, start);
        let way = astar(graph, start, leads_back, |_| 1, |_| 0);
        let (_, mut way) = way.expect("a node of a circle has a way back");
        way.push(start);
        let edge = |pair: &[NodeIndex]| {
            let edge = graph.find_edge(pair[0], pair[1])?;
            let (from, to) = (pair[0].index() as u32, pair[1].index() as u32);
            Some(Edge { from, to, reason: graph[edge] })
        };
        way.windows(2).map(edge).collect()
    }
}
