//! Under which conditions configurations are compared.

use crate::latency::Latency;
use crate::nemesis::{Disturbance, DisturbanceKind, Shape};
use crate::protocol::NodeId;
use crate::time::MILLISECOND;
use crate::workload::Workload;

/// The links of the slow node take so many times as long as the others.
const SLOWNESS: u64 = 10;

/// A condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// Nothing is broken.
    Healthy,
    /// Four tenths of the time one node is cut off from all others, each time another one.
    Partitioned,
    /// The links of the last node take ten times as long as the others.
    OneSlowNode,
}

impl Condition {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Healthy, Self::Partitioned, Self::OneSlowNode];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Partitioned => "partitioned",
            Self::OneSlowNode => "one-slow-node",
        }
    }

    /// What it means.
    pub fn about(self) -> &'static str {
        match self {
            Self::Healthy => "nothing is broken",
            Self::Partitioned => "four tenths of the time one node is cut off",
            Self::OneSlowNode => "the links of the last node take ten times as long",
        }
    }

    /// The workload under it.
    pub(super) fn impose(self, workload: &Workload) -> Workload {
        let mut workload = Workload { nemesis: Vec::new(), ..workload.clone() };
        match self {
            Self::Healthy => {}
            Self::Partitioned => workload.nemesis.push(Disturbance {
                kind: DisturbanceKind::Partition(vec![Shape::One]),
                interval: 60 * MILLISECOND,
                duration: 40 * MILLISECOND,
            }),
            Self::OneSlowNode => slow_down_last(&mut workload),
        }
        workload
    }
}

fn slow_down_last(workload: &mut Workload) {
    let last = workload.config.n - 1;
    let network = &mut workload.sim.network;
    let others = (0..last).flat_map(|other| [(other, last), (last, other)]);
    let slow = |(from, to): (NodeId, NodeId)| {
        let own = network.links.iter().find(|(a, b, _)| (*a, *b) == (from, to));
        let latency = own.map_or(network.latency, |(_, _, latency)| *latency);
        (from, to, latency.times(SLOWNESS))
    };
    let slow: Vec<(NodeId, NodeId, Latency)> = others.map(slow).collect();
    network.links.retain(|(from, to, _)| *from != last && *to != last);
    network.links.extend(slow);
}
