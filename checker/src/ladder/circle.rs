//! A graph of what must come before what, and its circles.

use std::collections::VecDeque;

/// Nodes are numbers; an edge may name the operation that is its reason.
#[derive(Debug, Default)]
pub(super) struct Before {
    node_count: u32,
    edges: Vec<Edge>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) from: u32,
    pub(super) to: u32,
    /// The operation that comes first, where the edge leaves a value, or that comes after it, where it
    /// leads to one.
    pub(super) first: Option<u32>,
    pub(super) then: Option<u32>,
}

impl Before {
    pub(super) fn new(node_count: u32) -> Self {
        Self { node_count, edges: Vec::new() }
    }

    /// So many more nodes. Returns the first of them.
    pub(super) fn add_nodes(&mut self, count: u32) -> u32 {
        self.node_count += count;
        self.node_count - count
    }

    pub(super) fn add(&mut self, edge: Edge) {
        self.edges.push(edge);
    }

    /// A short circle, as its edges in order; `None` if there is none. O(nodes + edges).
    pub(super) fn circle(mut self) -> Option<Vec<Edge>> {
        let count = self.node_count as usize;
        self.edges.sort_unstable_by_key(|edge| edge.from);
        let mut starts = vec![0_u32; count + 1];
        let mut incoming = vec![0_u32; count];
        for edge in &self.edges {
            starts[edge.from as usize + 1] += 1;
            incoming[edge.to as usize] += 1;
        }
        for i in 0..count {
            starts[i + 1] += starts[i];
        }
        let out = |node: u32| {
            &self.edges[starts[node as usize] as usize..starts[node as usize + 1] as usize]
        };
        // Takes away nodes that nothing must come before (Kahn 1962): what is left leads from circles.
        let mut free: Vec<u32> =
            (0..self.node_count).filter(|n| incoming[*n as usize] == 0).collect();
        while let Some(node) = free.pop() {
            for edge in out(node) {
                incoming[edge.to as usize] -= 1;
                if incoming[edge.to as usize] == 0 {
                    free.push(edge.to);
                }
            }
        }
        let is_left = |node: u32| incoming[node as usize] > 0;
        // Backwards every node that is left has another one that is left, until one comes again.
        let mut before = vec![u32::MAX; count];
        for edge in self.edges.iter().filter(|edge| is_left(edge.from) && is_left(edge.to)) {
            before[edge.to as usize] = edge.from;
        }
        let mut node = (0..self.node_count).find(|node| is_left(*node))?;
        let mut seen = vec![false; count];
        while !std::mem::replace(&mut seen[node as usize], true) {
            node = before[node as usize];
        }
        Some(shortest(node, out, count))
    }
}

/// The shortest way from a node on a circle back to it.
fn shortest<'e>(start: u32, out: impl Fn(u32) -> &'e [Edge], count: usize) -> Vec<Edge> {
    let mut by: Vec<Option<Edge>> = vec![None; count];
    let mut queue = VecDeque::from([start]);
    'search: while let Some(node) = queue.pop_front() {
        for edge in out(node) {
            if by[edge.to as usize].is_none() {
                by[edge.to as usize] = Some(*edge);
                if edge.to == start {
                    break 'search;
                }
                queue.push_back(edge.to);
            }
        }
    }
    let mut way = Vec::new();
    let mut node = start;
    while let Some(edge) = by[node as usize] {
        way.push(edge);
        node = edge.from;
        if node == start {
            break;
        }
    }
    way.reverse();
    way
}
