//! One run: ask the generator what to do, hand it to the world, record what comes back.
//!
//! The runner is plain synchronous code and the same for every world. It ends when the generator is
//! done, all faults are mended, and every client has its answer.

mod asked;
mod done;
mod faults;
mod runner;
mod script;

pub use asked::Asked;
pub use done::Done;
pub use faults::FaultWindow;
pub use runner::Recovery;

use std::io::Write;

use quorate_checker::{Event, History, Verdict};
use runner::Runner;
use script::perform;

use crate::nemesis::FaultKind;
use crate::protocol::Configuration;
use crate::record::{RecordError, Recorder};
use crate::rng::Seed;
use crate::time::Nanos;
use crate::timing::Timing;
use crate::workload::{Clients, Workload};
use crate::world::live::{Live, Place};
use crate::world::sim::{Coverage, SimSettings, Simulation};
use crate::world::trace::Recording;
use crate::world::{Ledger, Traffic, World, WorldError, WorldKind};

/// What happened in a run.
#[derive(Debug)]
pub struct Run {
    /// What every client saw of registers.
    pub history: History,
    /// What every client saw of other objects, and what broke meanwhile; empty where clients operate on
    /// registers.
    pub events: Vec<Event>,
    /// Which node was asked for what.
    pub asked: Asked,
    /// What was broken when.
    pub faults: Vec<FaultWindow>,
    /// How long it took, in the time of its world.
    pub duration: Nanos,
    /// What went through the network.
    pub traffic: Traffic,
    /// What each node sent when; `None` if nobody kept books.
    pub ledger: Option<Ledger>,
    /// Whether every client got through after everything was mended; `None` if nobody looked.
    pub recovery: Option<Recovery>,
    /// How long operations took.
    pub timing: Timing,
    /// How many events there were when it was stopped early; `None` if it ended by itself.
    pub stopped_at: Option<u32>,
    /// What came of checking it while it was recorded; `None` if it was not.
    pub verdict: Option<Verdict>,
}

/// Why a run could not go on. What was recorded until then is in its file.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Its record takes no more.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Its world has failed.
    #[error(transparent)]
    World(#[from] WorldError),
}

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Operations begun.
    pub ops: u64,
    /// The time in its world.
    pub now: Nanos,
    /// How many faults of each kind are on, in the order of [`FaultKind::ALL`].
    pub faults: [usize; FaultKind::ALL.len()],
    /// The verdict so far, if the run is checked while it is recorded.
    pub verdict: Option<Verdict>,
}

impl Progress {
    /// How much of the run is over, in thousandths: by operations or by time, whatever ends it first.
    pub fn permille(&self, clients: &Clients) -> u64 {
        let share = |done: u64, limit: u64| done.saturating_mul(1000) / limit.max(1);
        share(self.ops, clients.ops).max(share(self.now, clients.time_limit)).min(1000)
    }
}

/// Runs a workload in the simulated world, or carries out its script.
///
/// Writes `history.jsonl` to `file` as events happen. `watch` is told now and then how far it is, and
/// stops the run by returning false; then everything is mended and the run ends in good order.
pub fn simulate(
    workload: &Workload,
    seed: Seed,
    file: Option<&mut dyn Write>,
    watch: &mut dyn FnMut(Progress) -> bool,
) -> Result<Run, RunError> {
    simulate_as(Simulation::new, Recorder::new(file), workload, seed, watch)
}

/// As [`simulate`], into a recorder: one that checks stops the run at the first violation, and after one
/// that keeps nothing in memory the history of the [`Run`] has no operations. Books are kept of what each
/// node sends.
pub fn simulate_into(
    recorder: Recorder<'_>,
    workload: &Workload,
    seed: Seed,
    watch: &mut dyn FnMut(Progress) -> bool,
) -> Result<Run, RunError> {
    simulate_as(Simulation::accounting, recorder, workload, seed, watch)
}

/// As [`simulate`], but every message is weighed; nothing is written.
pub fn simulate_weighing(workload: &Workload, seed: Seed) -> Result<Run, RunError> {
    let weighing = |config, settings: &_, seed| Simulation::new(config, settings, seed).weighing();
    simulate_as(weighing, Recorder::new(None), workload, seed, &mut |_| true)
}

/// Runs a workload in a simulated world that `make` makes, or carries out its script.
fn simulate_as(
    make: impl FnOnce(Configuration, &SimSettings, Seed) -> Simulation,
    recorder: Recorder<'_>,
    workload: &Workload,
    seed: Seed,
    watch: &mut dyn FnMut(Progress) -> bool,
) -> Result<Run, RunError> {
    if let Some(script) = &workload.script {
        return Ok(perform(workload, script, recorder).map(|(run, _)| run)?);
    }
    let mut world = make(workload.config.clone(), &workload.sim, seed);
    run_in(&mut world, recorder, workload, seed, watch)
}

/// Runs a workload on processes, as `kind` has them, or on the system or program that it names, into `recorder`.
pub fn run_live(
    place: &Place,
    kind: WorldKind,
    recorder: Recorder<'_>,
    workload: &Workload,
    seed: Seed,
    watch: &mut dyn FnMut(Progress) -> bool,
) -> Result<Run, RunError> {
    let Workload { node_names: names, sim, live, .. } = workload;
    let clients = workload.clients.count;
    let world = match workload.system {
        None => match &workload.program {
            None => Live::start(place, kind, names, clients, sim, *live, seed),
            Some(program) => {
                Live::start_program(program, &place.dir, names, clients, sim, live.cut, seed)
            }
        },
        Some(choice) => {
            let skews_clocks = workload.hazards().clock_skew;
            Live::start_system(choice, &place.dir, names, clients, sim, skews_clocks)
        }
    };
    run_in(&mut world.map_err(WorldError::from)?, recorder, workload, seed, watch)
}

/// As [`simulate`], but also with every step of it: what it takes to tell the run again, or to draw it.
///
/// # Panics
/// If a script is impossible that was not resolved.
pub fn simulate_recording(
    workload: &Workload,
    seed: Seed,
    watch: &mut dyn FnMut(Progress) -> bool,
) -> Result<(Run, Recording), RunError> {
    let recorder = Recorder::new(None);
    if let Some(script) = &workload.script {
        let (run, performance) = perform(workload, script, recorder)?;
        return Ok((run, Recording::of_performance(&performance)));
    }
    let world = Simulation::new(workload.config.clone(), &workload.sim, seed);
    let mut world = world.recording(workload.clients.count);
    let run = run_in(&mut world, recorder, workload, seed, watch)?;
    Ok((run, world.into_recording().expect("it was recorded")))
}

/// As [`simulate`], but also with what nodes were made to do; nothing of that is known of a script. A run in
/// which more than `messages_most` are sent is stopped there.
pub fn simulate_covering(
    workload: &Workload,
    seed: Seed,
    messages_most: u64,
) -> Result<(Run, Coverage), RunError> {
    let recorder = Recorder::new(None);
    if let Some(script) = &workload.script {
        let (run, _) = perform(workload, script, recorder)?;
        return Ok((run, Coverage::default()));
    }
    let world = Simulation::new(workload.config.clone(), &workload.sim, seed);
    let mut world = world.covering().limited(messages_most);
    let runner = Runner::new(workload, seed, &mut world, recorder).limited(messages_most);
    let run = runner.run(&mut |_| true)?;
    Ok((run, world.into_coverage().unwrap_or_default()))
}

/// Runs a workload without a script in any world, into `recorder`.
pub fn run_in(
    world: &mut impl World,
    recorder: Recorder<'_>,
    workload: &Workload,
    seed: Seed,
    watch: &mut dyn FnMut(Progress) -> bool,
) -> Result<Run, RunError> {
    Runner::new(workload, seed, world, recorder).run(watch)
}
