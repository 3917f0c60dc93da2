//! What configurations cost and buy, side by side.
//!
//! All configurations run under the same seeds, one round after the other, so that what differs is due to
//! them: the same operations on the same registers come in the same order. Rounds go on until every figure
//! is tight.

mod condition;
mod ground;
mod measure;

use std::sync::Mutex;

pub use condition::Condition;
pub use ground::Ground;
pub use measure::{Measured, Times};

use crate::promise::promise;
use crate::protocol::Setting;
use crate::quorum::miss_probability;
use crate::rng::Seed;
use crate::run::RunError;
use crate::workload::Workload;

/// Fewer rounds say nothing of how far they can be relied on.
const ROUNDS_LEAST: u32 = 3;

/// What is compared.
#[derive(Debug, Clone)]
pub struct Question {
    /// Each configuration with the clients, the network and the disks that all have in common. Faults are
    /// those of the conditions.
    pub candidates: Vec<Workload>,
    /// Under which conditions.
    pub conditions: Vec<Condition>,
    /// Where.
    pub ground: Ground,
    /// How many rounds at most.
    pub rounds: u32,
    /// The seed of the first round; those after it count up.
    pub seed: Seed,
}

/// One configuration under one condition.
#[derive(Debug)]
pub struct Cell {
    /// The configuration, by its place.
    pub candidate: usize,
    /// The condition.
    pub condition: Condition,
    /// What was measured.
    pub measured: Measured,
    /// Whether no other configuration is both faster and less stale under this condition.
    pub is_best: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct Comparison {
    /// Every configuration under every condition: by condition, and there in their order.
    pub cells: Vec<Cell>,
    /// How many rounds there were.
    pub rounds: u32,
    /// Whether every figure is tight.
    pub is_tight: bool,
}

/// Compares configurations. `watch` is told before each run how many there were, and ends it by returning
/// false: what is left of the round then counts for nothing.
///
/// # Errors
/// If processes cannot be started, or end by themselves.
///
/// # Panics
/// If a run panics.
pub fn compare(
    question: &Question,
    watch: &mut (dyn FnMut(u64) -> bool + Send),
) -> Result<Comparison, RunError> {
    let mut cells: Vec<Cell> = (question.conditions.iter())
        .flat_map(|condition| (0..question.candidates.len()).map(|place| (*condition, place)))
        .map(|(condition, candidate)| Cell {
            candidate,
            condition,
            measured: Measured::default(),
            is_best: false,
        })
        .collect();
    let workloads: Vec<Workload> = (cells.iter())
        .map(|cell| cell.condition.impose(&question.candidates[cell.candidate]))
        .collect();
    let watch = Mutex::new((0, watch));
    let go_on = || {
        let mut watch = watch.lock().expect("nobody panics while counting");
        watch.0 += 1;
        let before = watch.0 - 1;
        (watch.1)(before)
    };
    let (mut rounds, mut is_tight) = (0, false);
    while rounds < question.rounds && !is_tight {
        let seed = Seed(question.seed.0.wrapping_add(rounds.into()));
        let Some(samples) = question.ground.round(&workloads, seed, rounds, &go_on)? else { break };
        for (cell, sample) in cells.iter_mut().zip(samples) {
            cell.measured.add(sample);
        }
        rounds += 1;
        is_tight = rounds >= ROUNDS_LEAST && cells.iter().all(|cell| cell.measured.is_tight());
    }
    mark_best(&mut cells);
    Ok(Comparison { cells, rounds, is_tight })
}

/// The share of reads that would be stale if nothing spread further than to the quorum of a write, with
/// quorums chosen at random: no more than this is stale where more spreads. `None` where quorums are not
/// counted.
pub fn predicted_stale(workload: &Workload) -> Option<f64> {
    let config = &workload.config;
    let is_counted = config.protocol.facts().settings.contains(&Setting::R);
    if !is_counted || config.system.is_some() || config.replicas != config.n {
        return None;
    }
    let [n, r, w] = [config.n, config.r, config.w].map(u32::from);
    Some(if r + w > n { 0.0 } else { miss_probability(n, r, w) })
}

/// What theory promises for a configuration under a condition.
pub fn promised(workload: &Workload, condition: Condition) -> crate::promise::Promise {
    let workload = condition.impose(workload);
    promise(&workload.config, workload.hazards())
}

impl Cell {
    /// How long an operation takes, half of them reads: the mean of both medians, in nanoseconds.
    pub fn latency(&self) -> Option<f64> {
        let [read, write] = [&self.measured.reads, &self.measured.writes].map(Times::median);
        Some(f64::midpoint(read?.value, write?.value))
    }

    /// The share of reads that were stale.
    pub fn staleness(&self) -> f64 {
        self.measured.stale().map_or(1.0, |stale| stale.value)
    }
}

/// Marks the Pareto front of latency against staleness under each condition.
fn mark_best(cells: &mut [Cell]) {
    let figures: Vec<_> =
        cells.iter().map(|cell| (cell.condition, cell.latency(), cell.staleness())).collect();
    for cell in cells {
        let (Some(latency), stale) = (cell.latency(), cell.staleness()) else { continue };
        let beats = |(condition, other, staleness): &(Condition, Option<f64>, f64)| {
            *condition == cell.condition
                && other.is_some_and(|other| {
                    other <= latency
                        && *staleness <= stale
                        && (other < latency || *staleness < stale)
                })
        };
        cell.is_best = !figures.iter().any(beats);
    }
}
