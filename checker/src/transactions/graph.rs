//! The graph of dependencies, and its cycles by kind.

use std::collections::VecDeque;
use std::ops::Range;

use petgraph::algo::{kosaraju_scc, toposort};
use petgraph::graph::{DiGraph, EdgeReference, NodeIndex};
use petgraph::visit::{EdgeFiltered, EdgeRef, IntoEdges};
use rustc_hash::FxHashSet;

use super::facts::{Link, Why};
use crate::anomaly::{CycleKind, Scope};

/// A graph of transactions and helper nodes.
pub(super) type Graph = DiGraph<(), Why>;

/// A graph of so many nodes with these links.
pub(super) fn graph(nodes: u32, links: impl Iterator<Item = Link>) -> Graph {
    let mut graph = Graph::with_capacity(nodes as usize, 0);
    for _ in 0..nodes {
        graph.add_node(());
    }
    for link in links {
        graph.add_edge(link.from.into(), link.to.into(), link.why);
    }
    graph
}

/// An order of all nodes, from which no link leads back; `None` if there is a cycle.
pub(super) fn order(graph: &Graph) -> Option<Vec<u32>> {
    let order = toposort(graph, None).ok()?;
    Some(order.into_iter().map(|node| node.index() as u32).collect())
}

/// Part of a graph in which every node leads to every other: all cycles are in one.
pub(super) struct Knot {
    /// The nodes, by their numbers in the whole graph.
    nodes: Vec<u32>,
    graph: Graph,
}

/// A cycle: its links from helper node to helper node, in order.
pub(super) type Cycle = Vec<Link>;

/// All knots among the links of a scope. O(nodes + links).
pub(super) fn knots(graph: &Graph, scope: Scope, helpers_from: u32) -> Vec<Knot> {
    let within = EdgeFiltered::from_fn(graph, |edge| {
        // Helper nodes of real time are the last.
        let real_time = match edge.weight() {
            Why::Onward => edge.source().index() as u32 >= helpers_from,
            why => *why == Why::RealTime,
        };
        match scope {
            Scope::Data => !real_time && *edge.weight() != Why::Process,
            Scope::Process => !real_time,
            Scope::RealTime => true,
        }
    });
    let mut place = vec![(u32::MAX, u32::MAX); graph.node_count()];
    let mut knots = Vec::new();
    for mut nodes in kosaraju_scc(&within).into_iter().filter(|nodes| nodes.len() > 1) {
        nodes.sort_unstable();
        for (i, node) in nodes.iter().enumerate() {
            place[node.index()] = (knots.len() as u32, i as u32);
        }
        let nodes: Vec<u32> = nodes.into_iter().map(|node| node.index() as u32).collect();
        let mut part = Graph::with_capacity(nodes.len(), 0);
        for _ in &nodes {
            part.add_node(());
        }
        knots.push(Knot { nodes, graph: part });
    }
    for (number, knot) in knots.iter_mut().enumerate() {
        for (from, node) in (0_u32..).zip(&knot.nodes) {
            for edge in IntoEdges::edges(&within, (*node).into()) {
                let (to_knot, to) = place[edge.target().index()];
                if to_knot as usize == number {
                    knot.graph.add_edge(from.into(), to.into(), *edge.weight());
                }
            }
        }
    }
    knots
}

fn is_read(why: Why) -> bool {
    matches!(why, Why::Read { .. })
}

fn is_miss(why: Why) -> bool {
    matches!(why, Why::Missed { .. })
}

/// Whether a transaction that missed a write comes right after another. Without that, a cycle is of
/// another kind.
fn has_misses_in_a_row(cycle: &[Link]) -> bool {
    let links = || cycle.iter().filter(|link| link.why != Why::Onward);
    links().zip(links().cycle().skip(1)).any(|(link, next)| is_miss(link.why) && is_miss(next.why))
}

/// How many links each kind of cycle tries to close for a short one.
const TRIES_MAX: usize = 16;

impl Knot {
    /// Whether one of these helper nodes is in it.
    pub(super) fn has_helper(&self, helpers: Range<u32>) -> bool {
        self.nodes.iter().any(|node| helpers.contains(node))
    }

    /// A short cycle of each kind that is there, the worst kind first. `effort` is how many nodes may
    /// still be visited in search of a [`CycleKind::GSingle`], for which there is no linear rule.
    pub(super) fn cycles(&self, effort: &mut u64) -> Vec<(CycleKind, Cycle)> {
        let mut cycles = Vec::new();
        let mut add = |kind, cycle: Option<Cycle>| cycles.extend(cycle.map(|cycle| (kind, cycle)));
        let plain = |why: Why| !is_read(why) && !is_miss(why);
        let overwrote = |why: Why| matches!(why, Why::Overwrote { .. });
        add(CycleKind::G0, self.close(plain, overwrote));
        add(CycleKind::G1c, self.close(|why| !is_miss(why), is_read));
        if let Some(walk) = self.nonadjacent() {
            let misses = |cycle: &Cycle| cycle.iter().filter(|link| is_miss(link.why)).count();
            if misses(&walk) > 1 {
                add(CycleKind::GSingle, self.single(effort));
                add(CycleKind::GNonadjacent, Some(walk));
            } else {
                add(CycleKind::GSingle, Some(walk));
            }
        }
        let circle = self.close(|_| true, is_miss);
        add(CycleKind::G2Item, circle.filter(|circle| has_misses_in_a_row(circle)));
        cycles
    }

    /// A cycle of links that are `allowed`, with one at least that is `required`.
    fn close(
        &self,
        allowed: impl Fn(Why) -> bool + Copy,
        required: impl Fn(Why) -> bool,
    ) -> Option<Cycle> {
        let cycle = close(&self.graph, allowed, required)?;
        Some(self.links(&cycle, |node| node))
    }

    /// A cycle in which no two links that miss a write follow each other, one of them at least: in a
    /// graph of two copies, of which one is entered by such links and only left by others.
    fn nonadjacent(&self) -> Option<Cycle> {
        let count = self.graph.node_count() as u32;
        let mut twice = Graph::with_capacity(2 * count as usize, 2 * self.graph.edge_count());
        for _ in 0..2 * count {
            twice.add_node(());
        }
        for edge in self.graph.edge_references() {
            let (from, to) = (edge.source().index() as u32, edge.target().index() as u32);
            let ends: &[(u32, u32)] = match *edge.weight() {
                why if is_miss(why) => &[(from, to + count)],
                Why::Onward => &[(from, to), (from + count, to + count)],
                _ => &[(from, to), (from + count, to)],
            };
            for (from, to) in ends {
                twice.add_edge((*from).into(), (*to).into(), *edge.weight());
            }
        }
        let cycle = close(&twice, |_| true, is_miss)?;
        Some(self.links(&cycle, |node| node % count))
    }

    /// A cycle with exactly one link that misses a write, as far as the effort goes.
    fn single(&self, effort: &mut u64) -> Option<Cycle> {
        for edge in self.graph.edge_references().filter(|edge| is_miss(*edge.weight())) {
            if *effort == 0 {
                return None;
            }
            *effort = effort.saturating_sub(self.nodes.len() as u64);
            let way =
                way(&self.graph, edge.target(), edge.source(), |edge| !is_miss(*edge.weight()));
            if let Some(mut way) = way {
                way.push((edge.source(), edge.target(), *edge.weight()));
                return Some(self.links(&way, |node| node));
            }
        }
        None
    }

    fn links(&self, cycle: &[Arc], node: impl Fn(u32) -> u32) -> Cycle {
        let number = |at: NodeIndex| self.nodes[node(at.index() as u32) as usize];
        let link = |(from, to, why): &Arc| Link { from: number(*from), to: number(*to), why: *why };
        cycle.iter().map(link).collect()
    }
}

type Arc = (NodeIndex, NodeIndex, Why);

/// A short cycle of links that are `allowed`, with one at least that is `required`: any such link
/// inside a strongly connected component lies on one.
fn close(
    graph: &Graph,
    allowed: impl Fn(Why) -> bool + Copy,
    required: impl Fn(Why) -> bool,
) -> Option<Vec<Arc>> {
    let within = EdgeFiltered::from_fn(graph, |edge| allowed(*edge.weight()));
    let mut component = vec![0; graph.node_count()];
    for (number, nodes) in kosaraju_scc(&within).into_iter().enumerate() {
        for node in nodes {
            component[node.index()] = number;
        }
    }
    let closing = graph.edge_references().filter(|edge| {
        required(*edge.weight())
            && component[edge.source().index()] == component[edge.target().index()]
    });
    let cycle = |edge: EdgeReference<'_, Why>| {
        let mut way = way(graph, edge.target(), edge.source(), |edge| allowed(*edge.weight()))?;
        way.push((edge.source(), edge.target(), *edge.weight()));
        Some(way)
    };
    let mut best = closing.take(TRIES_MAX).filter_map(cycle).min_by_key(Vec::len)?;
    // No part of the cycle must be one.
    while let Some(shorter) = shorten(graph, &best, allowed, &required) {
        best = shorter;
    }
    Some(best)
}

/// A shorter cycle among the nodes of this one.
fn shorten(
    graph: &Graph,
    cycle: &[Arc],
    allowed: impl Fn(Why) -> bool,
    required: impl Fn(Why) -> bool,
) -> Option<Vec<Arc>> {
    let nodes: FxHashSet<NodeIndex> = cycle.iter().map(|(from, ..)| *from).collect();
    let inside = |edge: &EdgeReference<'_, Why>| {
        allowed(*edge.weight()) && nodes.contains(&edge.source()) && nodes.contains(&edge.target())
    };
    let closing = cycle.iter().flat_map(|(from, ..)| graph.edges(*from));
    let mut closing = closing.filter(|edge| inside(edge) && required(*edge.weight()));
    closing.find_map(|edge| {
        let mut way = way(graph, edge.target(), edge.source(), inside)?;
        way.push((edge.source(), edge.target(), *edge.weight()));
        (way.len() < cycle.len()).then_some(way)
    })
}

/// At what cost, and over which link, if any.
type Reached = (u32, Option<(NodeIndex, Why)>);

/// A shortest way from one node to another by links that are `allowed`, where those from helper nodes
/// cost nothing.
fn way(
    graph: &Graph,
    from: NodeIndex,
    to: NodeIndex,
    allowed: impl Fn(&EdgeReference<'_, Why>) -> bool,
) -> Option<Vec<Arc>> {
    let mut reached: Vec<Option<Reached>> = vec![None; graph.node_count()];
    reached[from.index()] = Some((0, None));
    let mut queue = VecDeque::from([(0, from)]);
    while let Some((cost, node)) = queue.pop_front() {
        if node == to {
            break;
        }
        if reached[node.index()].is_some_and(|(best, _)| best < cost) {
            continue;
        }
        for edge in graph.edges(node).filter(&allowed) {
            let free = *edge.weight() == Why::Onward;
            let next = if free { cost } else { cost + 1 };
            let target = edge.target();
            if reached[target.index()].is_none_or(|(best, _)| next < best) {
                reached[target.index()] = Some((next, Some((node, *edge.weight()))));
                if free {
                    queue.push_front((next, target));
                } else {
                    queue.push_back((next, target));
                }
            }
        }
    }
    let mut way = Vec::new();
    let mut at = to;
    while let (_, Some((before, why))) = reached[at.index()]? {
        way.push((before, at, why));
        at = before;
    }
    way.reverse();
    Some(way)
}
