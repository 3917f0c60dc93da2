//! From a failing run to the smallest story that still fails the same way: fewer operations, registers,
//! clients, nodes, faults and messages, shorter times, smaller values. It ends with a script, in which nothing is
//! left to a seed.

mod minimise;
mod moves;
mod nodes;
mod replay;
mod simplify;
mod tell;
mod unavailable;

use std::sync::Arc;

use quorate_checker::{Anomaly, Budget, Proof, Rules, check};

use crate::judge::most_telling;
use crate::rng::Seed;
use crate::run::{Run, simulate_recording};
use crate::time::Nanos;
use crate::workload::{NeedsRegisters, Workload};
use crate::world::stage::{Cue, Script};
use crate::world::trace::Recording;

use minimise::minimise;
use moves::Move;
use nodes::on_fewest_nodes;
use replay::{Setting, anomalies, shows};

pub use unavailable::shrink_unavailable;

/// Runs with fewer operations are tried first, from so many on.
const OPS_LEAST: u64 = 250;

/// A small story.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrunk {
    /// What it shows.
    pub anomaly: Anomaly,
    /// The cluster, and what happens step by step.
    pub workload: Workload,
    /// How large the story was.
    pub before: Size,
    /// How large it is.
    pub after: Size,
}

/// How large a story is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Size {
    /// Operations.
    pub ops: usize,
    /// Crashes, restarts, clocks set, messages lost or doubled.
    pub faults: usize,
    /// Everything that happens.
    pub steps: usize,
    /// The nodes of the cluster.
    pub nodes: u16,
}

/// Why there is nothing to shrink.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unshrinkable {
    /// Everything is linearizable, or nobody can tell.
    #[error("no register shows a violation with this seed")]
    NoViolation,
    /// There are no registers.
    #[error(transparent)]
    NoRegisters(#[from] NeedsRegisters),
    /// There are others.
    #[error("no register shows a {wanted} with this seed; expected {}", names(.found))]
    Another {
        /// What was to be shown.
        wanted: Anomaly,
        /// What is shown.
        found: Vec<Anomaly>,
    },
}

fn names(anomalies: &[Anomaly]) -> String {
    let names: Vec<&str> = anomalies.iter().map(|anomaly| anomaly.name()).collect();
    names.join(" or ")
}

/// Shrinks the run that a workload and a seed give, to one that shows the same anomaly: `wanted`, or the
/// most telling one. `watch` is told how large it still is, and ends it early by returning false: then the
/// smallest story found so far is the result.
///
/// # Errors
/// If there is no such anomaly.
pub fn shrink(
    workload: &Workload,
    seed: Seed,
    wanted: Option<Anomaly>,
    watch: &mut dyn FnMut(Size) -> bool,
) -> Result<Shrunk, Unshrinkable> {
    workload.need_registers("shrinking")?;
    let (anomaly, before) = what_to_show(workload, seed, wanted)?;
    let (smaller, its_seed) = match workload.script {
        Some(_) => (workload.clone(), seed),
        None => on_fewest_nodes(workload, seed, anomaly),
    };
    let (run, recording) = shortest_run(&smaller, its_seed, anomaly);
    let (setting, moves) = up_to_violation(&smaller, &run, &recording, anomaly);
    let moves = reduce(&setting, moves, anomaly, watch);
    let workload = tell::told(&smaller, seed, &setting, &moves, anomaly);
    let after = Size::of_script(&workload);
    Ok(Shrunk { anomaly, workload, before, after })
}

/// The anomaly, and how large the run is that shows it.
fn what_to_show(
    workload: &Workload,
    seed: Seed,
    wanted: Option<Anomaly>,
) -> Result<(Anomaly, Size), Unshrinkable> {
    let (run, recording) = record(workload, seed, workload.clients.ops);
    let mut found: Vec<Anomaly> = anomalies(&run.history).collect();
    found.sort_by_key(|anomaly| most_telling(workload.expect, *anomaly));
    found.dedup();
    let anomaly = match (wanted, found.first()) {
        (_, None) => return Err(Unshrinkable::NoViolation),
        (Some(wanted), _) if !found.contains(&wanted) => {
            return Err(Unshrinkable::Another { wanted, found });
        }
        (wanted, Some(first)) => wanted.unwrap_or(*first),
    };
    let (setting, moves) = up_to_violation(workload, &run, &recording, anomaly);
    Ok((anomaly, Size::of_moves(&moves, &setting)))
}

fn record(workload: &Workload, seed: Seed, ops: u64) -> (Run, Recording) {
    let mut workload = workload.clone();
    workload.clients.ops = ops;
    simulate_recording(&workload, seed, &mut |_| true).expect("nothing is written")
}

/// A run with as few operations as will do: the first ones of a long run are those of a short one.
fn shortest_run(workload: &Workload, seed: Seed, anomaly: Anomaly) -> (Run, Recording) {
    let mut ops = OPS_LEAST;
    while workload.script.is_none() && ops < workload.clients.ops {
        let (run, recording) = record(workload, seed, ops);
        if shows(&run.history, anomaly) {
            return (run, recording);
        }
        ops *= 2;
    }
    record(workload, seed, workload.clients.ops)
}

/// What happened until the violation was complete; everything, if what follows is part of it.
fn up_to_violation(
    workload: &Workload,
    run: &Run,
    recording: &Recording,
    anomaly: Anomaly,
) -> (Setting, Vec<Move>) {
    let config = Arc::new(workload.config.clone());
    let client_count = recording.client_count.max(1);
    let setting = Setting { config, patience: recording.patience, client_count };
    let report = check(&run.history, &Rules::default(), Budget::GENEROUS);
    let completed = report.keys.iter().zip(&run.history.keys).filter_map(|(key, history)| {
        let Proof::Counterexample(counterexample) = &key.proof else { return None };
        let last = history.ops.iter().find(|op| op.ret == counterexample.until)?;
        (counterexample.anomaly == anomaly).then_some(last.ret_time as Nanos)
    });
    let until = completed.min().unwrap_or(Nanos::MAX);
    let shown = setting.shown_by(&setting.moves(recording, until), anomaly);
    let moves = shown.unwrap_or_else(|| setting.moves(recording, Nanos::MAX));
    (setting, moves)
}

/// Leaves out and makes simpler whatever can be.
fn reduce(
    setting: &Setting,
    mut moves: Vec<Move>,
    anomaly: Anomaly,
    watch: &mut dyn FnMut(Size) -> bool,
) -> Vec<Move> {
    let mut test = |moves: &[Move]| setting.shown_by(moves, anomaly);
    let mut go_on = |moves: &[Move]| watch(Size::of_moves(moves, setting));
    moves = simplify::to_one_key(moves, &mut test);
    moves = minimise(moves, Move::is_operation, &mut test, &mut go_on);
    moves = minimise(moves, Move::is_fault, &mut test, &mut go_on);
    moves = simplify::connect(moves, &mut test);
    moves = minimise(moves, |_| true, &mut test, &mut go_on);
    moves = simplify::connect(moves, &mut test);
    moves = minimise(moves, |_| true, &mut test, &mut go_on);
    simplify::rename(moves, &mut test)
}

impl Size {
    fn of_moves(moves: &[Move], setting: &Setting) -> Self {
        let count = |counts: fn(&Move) -> bool| moves.iter().filter(|way| counts(way)).count();
        let (ops, faults) = (count(Move::is_operation), count(Move::is_fault));
        Self { ops, faults, steps: moves.len(), nodes: setting.config.n }
    }

    fn of_script(workload: &Workload) -> Self {
        let cues: Vec<&Cue> = workload.script.iter().flat_map(Script::cues).collect();
        let count = |counts: fn(&Cue) -> bool| cues.iter().filter(|cue| counts(cue)).count();
        Self {
            ops: count(|cue| matches!(cue, Cue::Begin { .. })),
            faults: count(Cue::is_fault),
            steps: count(|cue| !matches!(cue, Cue::Clients(_) | Cue::Pace(_) | Cue::Patience(_))),
            nodes: workload.config.n,
        }
    }
}
