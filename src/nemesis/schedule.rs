//! When faults come, how long they last, and whom they hit: drawn from the seed.

use rand::RngExt as _;
use rand::seq::{IndexedRandom as _, SliceRandom as _};

use super::fault::{Due, Fault, FaultKind};
use super::shape::Shape;
use crate::protocol::NodeId;
use crate::rng::{Rng, Seed};
use crate::time::Nanos;

/// How many nodes a fault hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Targets {
    /// One.
    One,
    /// The greatest number that leaves a majority.
    Minority,
    /// The smallest majority.
    Majority,
    /// All of them.
    All,
    /// Whoever leads.
    Leader,
}

impl Targets {
    /// All choices that need not know who leads.
    pub const ALL: [Self; 4] = [Self::One, Self::Minority, Self::Majority, Self::All];

    /// The word of workloads.
    pub fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Minority => "minority",
            Self::Majority => "majority",
            Self::All => "all",
            Self::Leader => "leader",
        }
    }

    /// How many of `n` nodes.
    fn count(self, n: usize) -> usize {
        match self {
            Self::One | Self::Leader => 1,
            Self::Minority => (n - 1) / 2,
            Self::Majority => n / 2 + 1,
            Self::All => n,
        }
    }
}

/// A kind of fault that comes again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disturbance {
    /// What it does.
    pub kind: DisturbanceKind,
    /// How long it is quiet before each fault, on average: half as long to half as long again.
    pub interval: Nanos,
    /// How long each fault lasts, on average: half as long to half as long again.
    pub duration: Nanos,
}

/// What a disturbance does. Where several choices are given, each fault draws one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DisturbanceKind {
    /// Cuts the network.
    Partition(Vec<Shape>),
    /// Stops nodes.
    Crash {
        /// How many.
        targets: Vec<Targets>,
        /// Whether what was not synced is lost.
        lose_unsynced: bool,
    },
    /// Stops nodes, which lose their disks.
    Wipe(Vec<Targets>),
    /// Pauses nodes.
    Pause(Vec<Targets>),
    /// Makes all links from and to some nodes slow.
    SlowLinks {
        /// How many nodes.
        targets: Vec<Targets>,
        /// What latencies are multiplied by.
        factor: u32,
    },
    /// Sets clocks off.
    ClockSkew {
        /// How many.
        targets: Vec<Targets>,
        /// At most by how much, in either direction.
        magnitude: Nanos,
    },
    /// Makes disks slow.
    SlowDisks {
        /// Of how many nodes.
        targets: Vec<Targets>,
        /// What the time of a sync is multiplied by.
        factor: u32,
    },
    /// Leaves no space on disks.
    FullDisks(Vec<Targets>),
}

impl DisturbanceKind {
    /// What it breaks.
    pub fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Partition(_) => FaultKind::Partition,
            Self::Crash { .. } => FaultKind::Crash,
            Self::Wipe(_) => FaultKind::Wipe,
            Self::Pause(_) => FaultKind::Pause,
            Self::SlowLinks { .. } => FaultKind::SlowLinks,
            Self::ClockSkew { .. } => FaultKind::ClockSkew,
            Self::SlowDisks { .. } => FaultKind::SlowDisks,
            Self::FullDisks(_) => FaultKind::FullDisks,
        }
    }

    /// Draws a fault. It is asked for who leads where that matters; if nobody knows, it is whoever is drawn.
    fn draw(&self, n: u16, rng: &mut Rng, leader: &mut dyn FnMut() -> Option<NodeId>) -> Fault {
        let mut nodes: Vec<NodeId> = (0..n).collect();
        nodes.shuffle(rng);
        let mut put_leader_first = |nodes: &mut [NodeId]| {
            let leader = leader();
            nodes.sort_by_key(|node| Some(*node) != leader);
        };
        let mut hit = |targets: &[Targets], rng: &mut Rng| {
            let targets = *targets.choose(rng).expect("a disturbance has targets");
            if targets == Targets::Leader {
                put_leader_first(&mut nodes);
            }
            nodes.truncate(targets.count(usize::from(n)));
            nodes.sort_unstable();
            std::mem::take(&mut nodes)
        };
        match self {
            Self::Partition(shapes) => {
                let shape = *shapes.choose(rng).expect("a partition has shapes");
                if shape == Shape::Leader {
                    put_leader_first(&mut nodes);
                }
                Fault::Partition { shape, cuts: shape.cuts(&nodes) }
            }
            Self::Crash { targets, lose_unsynced } => {
                Fault::Crash { nodes: hit(targets, rng), lose_unsynced: *lose_unsynced }
            }
            Self::Wipe(targets) => Fault::Wipe { nodes: hit(targets, rng) },
            Self::Pause(targets) => Fault::Pause { nodes: hit(targets, rng) },
            Self::SlowLinks { targets, factor } => {
                let slow = hit(targets, rng);
                let pairs = (0..n).flat_map(|from| (0..n).map(move |to| (from, to)));
                let links = pairs
                    .filter(|(from, to)| from != to && (slow.contains(from) || slow.contains(to)));
                Fault::SlowLinks { links: links.collect(), factor: *factor }
            }
            Self::ClockSkew { targets, magnitude } => {
                let magnitude = *magnitude as i64;
                let skewed = hit(targets, rng).into_iter();
                let offset = |node| (node, rng.random_range(-magnitude..=magnitude));
                Fault::SkewClocks { offsets: skewed.map(offset).collect() }
            }
            Self::SlowDisks { targets, factor } => {
                Fault::SlowDisks { nodes: hit(targets, rng), factor: *factor }
            }
            Self::FullDisks(targets) => Fault::FillDisks { nodes: hit(targets, rng) },
        }
    }
}

/// All disturbances of a run, each on its own schedule.
#[derive(Debug)]
pub struct Nemesis {
    n: u16,
    plans: Vec<Plan>,
}

#[derive(Debug)]
struct Plan {
    disturbance: Disturbance,
    rng: Rng,
    next_at: Nanos,
    /// What mends the fault that is on.
    undo: Option<Fault>,
}

impl Plan {
    /// Half of `mean` to half as much again.
    fn spread(&mut self, mean: Nanos) -> Nanos {
        mean / 2 + self.rng.random_range(0..=mean)
    }
}

impl Nemesis {
    /// Disturbances of a cluster of `n` nodes.
    pub fn new(disturbances: &[Disturbance], n: u16, seed: Seed) -> Self {
        let plan = |(i, disturbance): (usize, &Disturbance)| {
            let name = format!("nemesis/{i}/{}", disturbance.kind.fault_kind().name());
            let mut plan = Plan {
                disturbance: disturbance.clone(),
                rng: seed.fork(&name),
                next_at: 0,
                undo: None,
            };
            plan.next_at = plan.spread(disturbance.interval);
            plan
        };
        Self { n, plans: disturbances.iter().enumerate().map(plan).collect() }
    }

    /// When the next fault is due; `None` if there is none ever.
    pub fn next_at(&self) -> Option<Nanos> {
        self.plans.iter().map(|plan| plan.next_at).min()
    }

    /// The fault that is due next, and when. `leader` is asked for who leads, if it hits that one.
    pub fn take_next(&mut self, leader: &mut dyn FnMut() -> Option<NodeId>) -> Option<Due> {
        let plan = self.plans.iter_mut().min_by_key(|plan| plan.next_at)?;
        let at = plan.next_at;
        let fault = if let Some(undo) = plan.undo.take() {
            plan.next_at = at + plan.spread(plan.disturbance.interval).max(1);
            undo
        } else {
            let fault = plan.disturbance.kind.draw(self.n, &mut plan.rng, leader);
            plan.undo = fault.undo();
            plan.next_at = at + plan.spread(plan.disturbance.duration).max(1);
            fault
        };
        Some((at, fault))
    }

    /// Ends all disturbances. Returns what mends those that are on.
    pub fn stop(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.plans).into_iter().filter_map(|plan| plan.undo).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::time::{MILLISECOND, SECOND};

    #[test]
    fn every_fault_is_mended_and_schedules_do_not_disturb_each_other() {
        let partition = Disturbance {
            kind: DisturbanceKind::Partition(Shape::ALL.to_vec()),
            interval: 100 * MILLISECOND,
            duration: 50 * MILLISECOND,
        };
        let crash = Disturbance {
            kind: DisturbanceKind::Crash { targets: vec![Targets::Minority], lose_unsynced: true },
            interval: 70 * MILLISECOND,
            duration: 30 * MILLISECOND,
        };
        let run = |disturbances: &[Disturbance]| {
            let mut nemesis = Nemesis::new(disturbances, 5, Seed(7));
            let mut faults = Vec::new();
            while nemesis.next_at().is_some_and(|at| at < 10 * SECOND) {
                faults.extend(nemesis.take_next(&mut || None));
            }
            faults.extend(nemesis.stop().into_iter().map(|fault| (10 * SECOND, fault)));
            faults
        };
        let of = |faults: &[Due], kind: FaultKind| -> Vec<Due> {
            faults.iter().filter(|(_, fault)| fault.kind() == kind).cloned().collect()
        };
        let both = run(&[partition.clone(), crash]);
        assert!(both.is_sorted_by_key(|(at, _)| *at));
        assert_eq!(of(&both, FaultKind::Partition), run(&[partition]));
        for kind in [FaultKind::Partition, FaultKind::Crash] {
            let faults = of(&both, kind);
            assert!(faults.len() > 50);
            for pair in faults.chunks(2) {
                assert_eq!(pair[0].1.undo().as_ref(), Some(&pair[1].1));
            }
        }
        let crashed: BTreeSet<_> =
            of(&both, FaultKind::Crash).iter().map(|f| format!("{:?}", f.1)).collect();
        assert!(crashed.len() > 10, "always the same nodes");
    }
}
