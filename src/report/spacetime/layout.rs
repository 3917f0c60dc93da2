//! Where things stand. The order of moments is true, distances are not: a message takes a millisecond and
//! a client waits for a second, and both are to be seen.

use std::collections::BTreeMap;

use super::scene::Scene;
use super::{letter, told};
use crate::protocol::NodeId;
use crate::time::Nanos;
use crate::world::trace::Asked;

/// From the left edge to the first moment.
pub(super) const LEFT: f64 = 104.0;
/// From the last moment to the right edge.
const RIGHT: f64 = 60.0;
/// How wide a character is in the pictures' font.
pub(super) const CHARACTER: f64 = 7.7;
pub(super) const FAULT_HEIGHT: f64 = 20.0;
const CLIENT_HEIGHT: f64 = 38.0;
const NODE_HEIGHT: f64 = 70.0;
/// Between clients and nodes, so that there is room for what they say to each other.
const BETWEEN: f64 = 22.0;
const AXIS: f64 = 24.0;
/// What a stretch is wide in which more happened than is shown.
const SKIP: f64 = 76.0;

/// Where lanes and moments are.
#[derive(Debug)]
pub(super) struct Layout {
    columns: BTreeMap<Nanos, f64>,
    /// The processes, from the top down.
    pub(super) processes: Vec<u32>,
    fault_rows: usize,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Layout {
    pub(super) fn new(scene: &Scene<'_>) -> Self {
        let mut processes: Vec<u32> = Vec::new();
        for asked in &scene.operations {
            if !processes.contains(&asked.process) {
                processes.push(asked.process);
            }
        }
        processes.sort_unstable();
        let (columns, end) = columns(scene);
        let mut layout = Self {
            columns,
            processes,
            fault_rows: scene.faults.len(),
            width: end + RIGHT,
            height: 0.0,
        };
        layout.height = layout.node(scene.names.len() as NodeId) - NODE_HEIGHT / 2.0 + AXIS;
        layout
    }

    /// Where a moment is. One that is not shown is where the last one before it is.
    pub(super) fn x(&self, at: Nanos) -> f64 {
        let before = self.columns.range(..=at).next_back();
        before.or(self.columns.iter().next()).map_or(LEFT, |(_, x)| *x)
    }

    /// The moments and where they are.
    pub(super) fn columns(&self) -> impl Iterator<Item = (Nanos, f64)> {
        self.columns.iter().map(|(at, x)| (*at, *x))
    }

    pub(super) fn right(&self) -> f64 {
        self.width - RIGHT
    }

    /// The top of a row of faults.
    pub(super) fn fault(row: usize) -> f64 {
        4.0 + FAULT_HEIGHT * row as f64
    }

    /// The middle of a client's lane.
    pub(super) fn process(&self, process: u32) -> f64 {
        let lane = self.processes.iter().position(|other| *other == process).unwrap_or(0);
        Self::fault(self.fault_rows) + CLIENT_HEIGHT * (lane as f64 + 0.5)
    }

    /// The middle of a node's lane.
    pub(super) fn node(&self, node: NodeId) -> f64 {
        let clients = CLIENT_HEIGHT * self.processes.len() as f64;
        Self::fault(self.fault_rows) + clients + BETWEEN + NODE_HEIGHT * (f64::from(node) + 0.5)
    }

    /// Where the lanes end.
    pub(super) fn bottom(&self) -> f64 {
        self.height - AXIS
    }
}

/// What the bar of an operation is wide at least, for what stands in it.
pub(super) fn label_width(place: usize, asked: &Asked) -> f64 {
    let characters = letter(place).len() + 2 + told(asked).chars().count();
    characters as f64 * CHARACTER + 16.0
}

/// A column for each moment, and where the last of them ends: the longer the time between two, the further
/// apart, by its logarithm; and far enough for what operations are called.
fn columns(scene: &Scene<'_>) -> (BTreeMap<Nanos, f64>, f64) {
    let gaps = || scene.moments.windows(2).map(|pair| pair[1] - pair[0]);
    let mut sorted: Vec<Nanos> = gaps().collect();
    sorted.sort_unstable();
    let usual = sorted.get(sorted.len() / 2).copied().unwrap_or(1).max(1) as f64;
    let mut columns: BTreeMap<Nanos, f64> = BTreeMap::new();
    let (mut x, mut end) = (LEFT, LEFT);
    let mut last = None;
    for at in scene.moments.iter().copied() {
        if let Some(last) = last {
            let gap: Nanos = at - last;
            let far = 12.0 + 19.0 * libm::log2(1.0 + gap as f64 / usual);
            let is_skipped = scene.skipped.iter().any(|(from, to, _)| (*from, *to) == (last, at));
            x += if is_skipped { SKIP } else { far.min(110.0) };
            x = x.max(end);
        }
        for (place, asked) in scene.operations.iter().enumerate() {
            match (columns.get(&asked.begun), asked.ended) {
                (Some(from), Some((ended, _))) if ended == at => {
                    x = x.max(from + label_width(place, asked));
                }
                // It took no time at all, but its bar does.
                (None, Some((ended, _))) if ended == at => {
                    end = end.max(x + label_width(place, asked));
                }
                _ => {}
            }
        }
        columns.insert(at, x);
        end = end.max(x);
        last = Some(at);
    }
    (columns, end)
}
