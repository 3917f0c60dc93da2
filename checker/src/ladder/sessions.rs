//! Sequential consistency of one register, and the session guarantees: one order of the values such
//! that what a process does on one of them comes before what it does later on another.
//!
//! Sequential is all four guarantees together, on the same order.

use std::collections::BTreeMap;

use super::circle::{Before, Edge, Reason};
use super::steps::{Sessions, Step};
use super::{Breach, Link, Rung, Standing};
use crate::clusters::Clusters;

const RUNGS: [Rung; 5] = [
    Rung::Sequential,
    Rung::ReadYourWrites,
    Rung::MonotonicReads,
    Rung::MonotonicWrites,
    Rung::WritesFollowReads,
];

/// Every condition on sessions.
pub(super) fn check(sessions: &Sessions) -> Vec<(Rung, Standing)> {
    RUNGS.into_iter().map(|rung| (rung, stands(rung, sessions))).collect()
}

fn stands(rung: Rung, sessions: &Sessions) -> Standing {
    let clusters = sessions.clusters;
    if matches!(rung, Rung::Sequential | Rung::WritesFollowReads)
        && let Some(breach) = sessions.before_own_write()
    {
        return Standing::Breaks(breach);
    }
    let mut graph = Before::default();
    graph.add_nodes(clusters.all.len() as u32);
    for number in 1..clusters.all.len() as u32 {
        graph.add(0, number, Reason::default());
    }
    for steps in &sessions.all {
        match rung {
            Rung::ReadYourWrites => add_all_before(&mut graph, steps, true),
            Rung::WritesFollowReads => add_all_before(&mut graph, steps, false),
            Rung::MonotonicReads => {
                add_neighbours(&mut graph, steps.iter().filter(|s| !s.is_write));
            }
            Rung::MonotonicWrites => {
                add_neighbours(&mut graph, steps.iter().filter(|s| s.is_write));
            }
            _ => add_neighbours(&mut graph, steps.iter()),
        }
    }
    match graph.circle() {
        None => Standing::Holds,
        Some(circle) => Standing::Breaks(Breach::Circle(links(&circle, clusters))),
    }
}

/// Each of these comes before the next: then also before all later ones.
fn add_neighbours<'s>(graph: &mut Before, steps: impl Iterator<Item = &'s Step>) {
    let mut last: Option<&Step> = None;
    for step in steps {
        if let Some(last) = last.filter(|last| last.cluster != step.cluster) {
            let reason = Reason { first: Some(last.op), then: Some(step.op) };
            graph.add(last.cluster, step.cluster, reason);
        }
        last = Some(step);
    }
}

/// Each write comes before all later reads (`writes_first`), or each read before all later writes;
/// but nothing before itself. Writes do not come before each other by that, nor reads, so there are
/// nodes for whole stretches of them: a binary tree, of which a stretch is a few nodes.
fn add_all_before(graph: &mut Before, steps: &[Step], writes_first: bool) {
    let firsts: Vec<&Step> = steps.iter().filter(|step| step.is_write == writes_first).collect();
    let count = firsts.len() as u32;
    // Node k of the tree is `base + k`: leaves from `count` on, the parent of k is k / 2.
    let base = graph.add_nodes(2 * count);
    for (leaf, first) in (count..).zip(&firsts) {
        graph.add(first.cluster, base + leaf, Reason { first: Some(first.op), then: None });
    }
    for node in 2..2 * count {
        graph.add(base + node, base + node / 2, Reason::default());
    }
    let mut stretch = |from: u32, to: u32, then: &Step| {
        let (mut low, mut high) = (from + count, to + count);
        while low < high {
            for end in [(low, low % 2 == 1), (high - 1, high % 2 == 1)] {
                if let (node, true) = end {
                    let reason = Reason { first: None, then: Some(then.op) };
                    graph.add(base + node, then.cluster, reason);
                }
            }
            low = low.div_ceil(2);
            high /= 2;
        }
    };
    let mut before = 0;
    let mut own = BTreeMap::new();
    for step in steps {
        if step.is_write == writes_first {
            own.insert(step.cluster, before);
            before += 1;
        } else if let Some(place) = own.get(&step.cluster).filter(|_| writes_first) {
            stretch(0, *place, step);
            stretch(place + 1, before, step);
        } else {
            stretch(0, before, step);
        }
    }
}

/// The circle from value to value, without the nodes in between.
fn links(circle: &[Edge], clusters: &Clusters) -> Vec<Link> {
    let count = clusters.all.len() as u32;
    let start = circle.iter().position(|edge| edge.from < count).unwrap_or(0);
    let edges = circle[start..].iter().chain(&circle[..start]);
    let mut links: Vec<Link> = Vec::new();
    let mut open: Option<(u32, Option<u32>)> = None;
    for edge in edges {
        let (from, first) = open.take().unwrap_or((edge.from, edge.reason.first));
        if edge.to < count {
            let value = |number: u32| clusters.all[number as usize].value;
            links.push(Link {
                from: value(from),
                to: value(edge.to),
                first,
                then: edge.reason.then,
            });
        } else {
            open = Some((from, first));
        }
    }
    links
}
