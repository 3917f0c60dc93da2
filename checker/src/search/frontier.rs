//! Breadth-first search by event: keeps every configuration that is not dominated by another, so it
//! finds out at the earliest possible return that nothing explains the history.

use rustc_hash::FxHashMap;

use super::layout::Event;
use super::learned::Learned;
use super::slots::Slots;
use super::{Config, Ended, Meter, Step, System};

/// A configuration, and how it came about.
#[derive(Clone)]
struct Node<S> {
    config: Config<S>,
    /// The last step of its path in the [`Paths`].
    path: u32,
}

/// Configurations of which none dominates another.
struct Antichain<S> {
    nodes: FxHashMap<(u32, S), Vec<Node<S>>>,
    len: usize,
}

impl<S: Slots> Antichain<S> {
    fn new() -> Self {
        Self { nodes: FxHashMap::default(), len: 0 }
    }

    /// Adds the node unless one that is there dominates it; drops those it dominates.
    fn insert(&mut self, node: Node<S>) -> bool {
        let same = self.nodes.entry((node.config.state, node.config.changed)).or_default();
        if same.iter().any(|other| other.config.dominates(&node.config)) {
            return false;
        }
        let before = same.len();
        same.retain(|other| !node.config.dominates(&other.config));
        self.len = self.len + 1 - (before - same.len());
        same.push(node);
        true
    }

    /// All nodes, in an order that the seed of no hash decides.
    fn into_nodes(self) -> Vec<Node<S>> {
        let mut groups: Vec<Vec<Node<S>>> = self.nodes.into_values().collect();
        groups.sort_unstable_by_key(|group| group[0].path);
        groups.into_iter().flatten().collect()
    }
}

/// The paths of all configurations, as a tree that shares beginnings.
struct Paths {
    steps: Vec<(u32, Step)>,
    /// Collected again when it has grown to this.
    collect_at: usize,
}

const ROOT: u32 = u32::MAX;

impl Paths {
    fn extend(&mut self, mut path: u32, steps: &[Step]) -> u32 {
        for step in steps {
            self.steps.push((path, *step));
            path = self.steps.len() as u32 - 1;
        }
        path
    }

    fn trace(&self, mut path: u32) -> Vec<Step> {
        let mut steps = Vec::new();
        while path != ROOT {
            let (before, step) = self.steps[path as usize];
            steps.push(step);
            path = before;
        }
        steps.reverse();
        steps
    }

    /// Drops the steps of configurations that are gone.
    fn collect<S>(&mut self, nodes: &mut [Node<S>]) {
        if self.steps.len() < self.collect_at {
            return;
        }
        let mut place = vec![ROOT; self.steps.len()];
        for node in nodes.iter() {
            let mut path = node.path;
            while path != ROOT && place[path as usize] == ROOT {
                place[path as usize] = 0;
                path = self.steps[path as usize].0;
            }
        }
        let mut kept = 0;
        for old in 0..self.steps.len() {
            if place[old] == ROOT {
                continue;
            }
            let (before, step) = self.steps[old];
            let before = if before == ROOT { ROOT } else { place[before as usize] };
            self.steps[kept as usize] = (before, step);
            place[old] = kept;
            kept += 1;
        }
        self.steps.truncate(kept as usize);
        for node in nodes {
            if node.path != ROOT {
                node.path = place[node.path as usize];
            }
        }
        self.collect_at = (2 * self.steps.len()).max(1 << 16);
    }
}

/// Searches until a linearization is found, there is none, or the meter runs out. Configurations that
/// are dead, or dominated by a dead one, are not followed.
pub(super) fn search<S: Slots, T: System<S>>(
    system: &mut T,
    meter: &mut Meter,
    learned: &mut Learned<S>,
) -> Ended {
    let mut paths = Paths { steps: Vec::new(), collect_at: 1 << 16 };
    let mut nodes = vec![Node { config: Config::<S>::initial(system.initial()), path: ROOT }];
    let mut steps = Vec::new();
    for index in 0..system.layout().events.len() {
        let event = index as u32;
        match system.layout().events[index] {
            Event::Call(number) => {
                system.set_open(number, true);
                for node in &mut nodes {
                    steps.clear();
                    system.observe(&mut node.config, &mut steps);
                    node.path = paths.extend(node.path, &steps);
                }
            }
            Event::Return(number) => {
                let level = Level::new(system, event, number, learned);
                let Some(next) = level.close(nodes, &mut paths, meter) else {
                    return Ended::GaveUp { event };
                };
                if next.is_empty() {
                    // The dead may have led further before nothing explained the history any more.
                    return Ended::Stuck { event: event.max(learned.furthest) };
                }
                nodes = next;
                system.set_open(number, false);
                paths.collect(&mut nodes);
            }
        }
    }
    Ended::Linearizable(paths.trace(nodes[0].path))
}

/// One return, at which every configuration must have the operation linearized.
struct Level<'s, S, T> {
    system: &'s mut T,
    event: u32,
    goal: u32,
    goal_slot: u16,
    /// Configurations with the goal linearized and returned.
    done: Antichain<S>,
    /// Configurations without it: dead, expanded or waiting.
    seen: Antichain<S>,
    /// Those waiting, by how many operations of unknown outcome they used: the frugal come first,
    /// since they dominate others.
    waiting: Vec<Vec<Node<S>>>,
    /// Held by what was learned of later events.
    bytes: u64,
}

impl<'s, S: Slots, T: System<S>> Level<'s, S, T> {
    fn new(system: &'s mut T, event: u32, goal: u32, learned: &mut Learned<S>) -> Self {
        let goal_slot = system.layout().ops[goal as usize].place as u16;
        let (done, mut seen) = (Antichain::new(), Antichain::new());
        for config in learned.take(event) {
            seen.insert(Node { config, path: ROOT });
        }
        let bytes = learned.bytes();
        Self { system, event, goal, goal_slot, done, seen, waiting: Vec::new(), bytes }
    }

    /// Linearizes one more operation in each configuration until all have the goal. `None` if the
    /// meter ran out.
    fn close(
        mut self,
        nodes: Vec<Node<S>>,
        paths: &mut Paths,
        meter: &mut Meter,
    ) -> Option<Vec<Node<S>>> {
        for node in nodes {
            self.sort_in(node);
        }
        let mut used = 0;
        let mut steps = Vec::new();
        while used < self.waiting.len() {
            let Some(node) = self.waiting[used].pop() else {
                used += 1;
                continue;
            };
            for step in self.system.moves(&node.config, self.event, self.goal) {
                steps.clear();
                let config = self.system.apply(&node.config, step, self.event, &mut steps);
                self.sort_in(Node { config, path: paths.extend(node.path, &steps) });
            }
            let node_count = self.done.len + 2 * self.seen.len;
            let bytes = node_count * 2 * size_of::<Node<S>>() + paths.steps.len() * 8;
            if !meter.step() || !meter.holds(self.system.bytes() + self.bytes + bytes as u64) {
                return None;
            }
        }
        Some(self.done.into_nodes())
    }

    /// Puts a node aside that has the goal; lets another wait.
    fn sort_in(&mut self, mut node: Node<S>) {
        let event = self.event;
        if let Some(mut config) = node.config.returned(self.goal_slot) {
            config.forget(|class| self.system.is_useless(class, event + 1));
            config.state = self.system.settle(config.state, event + 1);
            self.done.insert(Node { config, path: node.path });
            return;
        }
        node.config.forget(|class| self.system.is_useless(class, event));
        if self.seen.insert(node.clone()) {
            let used = node.config.used_total() as usize;
            if self.waiting.len() <= used {
                self.waiting.resize_with(used + 1, Vec::new);
            }
            self.waiting[used].push(node);
        }
    }
}
