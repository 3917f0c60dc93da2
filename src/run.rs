//! One run: ask the generator what to do, hand it to the world, record what comes back.
//!
//! The runner is plain synchronous code and the same for every world. It ends when the generator is
//! done, all faults are mended, and every client has its answer.

mod asked;
mod done;
mod empty;
mod recovery;

pub use asked::Asked;
pub use done::Done;
pub use recovery::Recovery;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Write;
use std::sync::Arc;

use quorate_checker::{Event, EventKind, History, Verdict};

use crate::client::{Action, Operation, Response, classify};
use crate::generator::{Context, Generator, Next, Registers};
use crate::nemesis::{Fault, FaultKind, Nemesis};
use crate::protocol::{Configuration, Key, NodeSet, Object};
use crate::record::{RecordError, Recorder};
use crate::rng::{Rng, Seed};
use crate::time::{MILLISECOND, Nanos};
use crate::timing::Timing;
use crate::workload::{Clients, Workload};
use crate::world::live::{Live, Place};
use crate::world::sim::{Coverage, SimSettings, Simulation};
use crate::world::stage::{Performance, Played, Script, Step};
use crate::world::trace::Recording;
use crate::world::{Happening, Ledger, Traffic, World, WorldError, WorldKind};

/// A client that was refused, or whose node can do nothing for it, waits this long before it tries again.
const RECONNECT: Nanos = 20 * MILLISECOND;
/// Where time is real, the record is with the operating system after this time at the latest.
const FLUSH: Nanos = 50 * MILLISECOND;
/// At most this many registers are read by everybody in the end: those used last.
const FINAL_KEYS_MAX: usize = 100;

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

/// A time during which something was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultWindow {
    /// What was broken.
    pub kind: FaultKind,
    /// When it broke.
    pub from: Nanos,
    /// When it was mended.
    pub to: Nanos,
    /// The nodes that were down meanwhile, or may have been: none, unless it was a crash, a wipe or a full disk.
    pub down: NodeSet,
}

impl FaultWindow {
    /// Something that was on from then until it was, or will be, undone.
    fn of(undo: &Fault, from: Nanos, to: Nanos) -> Self {
        let down = match undo {
            Fault::Restart { nodes } | Fault::Replace { nodes } | Fault::FreeDisks { nodes } => {
                nodes.iter().copied().collect()
            }
            _ => NodeSet::EMPTY,
        };
        Self { kind: undo.kind(), from, to, down }
    }
}

/// What was broken and mended so far.
#[derive(Debug, Default)]
struct Faults {
    /// Faults that are on: what mends each, and since when.
    on: Vec<(Fault, Nanos)>,
    over: Vec<FaultWindow>,
}

impl Faults {
    /// Something breaks, or is mended.
    fn change(&mut self, fault: &Fault, now: Nanos) {
        if let Some(undo) = fault.undo() {
            self.on.push((undo, now));
        } else if let Some(place) = self.on.iter().position(|(undo, _)| undo == fault) {
            let (undo, from) = self.on.remove(place);
            self.over.push(FaultWindow::of(&undo, from, now));
        }
    }

    /// What mends what is on: a wiped node that starts is replaced.
    fn mend(&self, fault: Fault) -> Fault {
        match fault {
            Fault::Restart { nodes } => {
                let replaced = Fault::Replace { nodes: nodes.clone() };
                let is_wiped = self.on.iter().any(|(undo, _)| *undo == replaced);
                if is_wiped { replaced } else { Fault::Restart { nodes } }
            }
            other => other,
        }
    }

    /// How many of each kind are on.
    fn now(&self) -> [usize; FaultKind::ALL.len()] {
        FaultKind::ALL.map(|kind| self.on.iter().filter(|(undo, _)| undo.kind() == kind).count())
    }

    /// All of them. What is still on ends with the run.
    fn windows(self, end: Nanos) -> Vec<FaultWindow> {
        let mut windows = self.over;
        windows.extend(self.on.iter().map(|(undo, from)| FaultWindow::of(undo, *from, end)));
        windows
    }
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
            let loss = sim.network.loss;
            Live::start_system(choice, &place.dir, names, clients, loss, sim.timeout)
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
    let mut runner = Runner::new(workload, seed, &mut world, recorder);
    runner.messages_most = messages_most;
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

/// Carries out a script, in which nothing is left to the seed.
fn perform(
    workload: &Workload,
    script: &Script,
    mut recorder: Recorder<'_>,
) -> Result<(Run, Performance), RecordError> {
    let performance = script.perform(&Arc::new(workload.config.clone()));
    let performance = performance.expect("a workload that was resolved can be carried out");
    let mut under_way: BTreeMap<u32, Operation> = BTreeMap::new();
    let (mut faults, mut asked) = (Faults::default(), BTreeMap::new());
    for Played { at, step, happenings } in &performance.played {
        if let Step::Begin { process, operation, node } | Step::Ask { process, operation, node } =
            step
        {
            under_way.insert(*process, *operation);
            recorder.invoke(*at, *process, operation)?;
            asked.insert(recorder.position(), *node);
        }
        if let Some(fault) = fault_of(step).map(|fault| faults.mend(fault)) {
            recorder.fault(*at, &fault, &workload.node_names, true)?;
            faults.change(&fault, *at);
        }
        for Happening { process, response } in happenings {
            let operation = under_way[process];
            recorder.complete(*at, *process, &operation, &classify(&operation, *response))?;
        }
    }
    let verdict = recorder.verdict();
    let (history, events) = recorder.finish();
    let run = Run {
        verdict,
        history,
        events,
        asked: Asked::EachTime(asked),
        faults: faults.windows(performance.duration),
        duration: performance.duration,
        traffic: performance.traffic,
        ledger: None,
        recovery: None,
        timing: Timing::default(),
        stopped_at: None,
    };
    Ok((run, performance))
}

/// What a step breaks or mends beside the network.
fn fault_of(step: &Step) -> Option<Fault> {
    match step {
        Step::Crash { node, lose_unsynced } => {
            Some(Fault::Crash { nodes: vec![*node], lose_unsynced: *lose_unsynced })
        }
        Step::Wipe { node } => Some(Fault::Wipe { nodes: vec![*node] }),
        Step::Restart { node } => Some(Fault::Restart { nodes: vec![*node] }),
        Step::SetClock { node, offset: 0 } => Some(Fault::ResetClocks { nodes: vec![*node] }),
        Step::SetClock { node, offset } => {
            Some(Fault::SkewClocks { offsets: vec![(*node, *offset)] })
        }
        Step::Begin { .. }
        | Step::Ask { .. }
        | Step::Arrive { .. }
        | Step::Answer { .. }
        | Step::Disconnect { .. }
        | Step::Deliver(_)
        | Step::Drop(_)
        | Step::Duplicate(_)
        | Step::Sync { .. }
        | Step::Timer { .. }
        | Step::GiveUp { .. } => None,
    }
}

/// What a worker does right now.
#[derive(Debug, Clone, Copy)]
struct Worker {
    process: u32,
    operation: Operation,
    /// When the operation was to begin.
    due: Nanos,
}

struct Runner<'w, 'f, W> {
    workload: &'w Workload,
    world: &'w mut W,
    recorder: Recorder<'f>,
    generator: Generator,
    generator_rng: Rng,
    nemesis: Nemesis,
    workers: Vec<Worker>,
    /// Workers without an operation, those free for longest first.
    free: VecDeque<u32>,
    /// Workers that were refused, and until when they wait.
    resting: VecDeque<(Nanos, u32)>,
    faults: Faults,
    ops: u64,
    /// It stops after so many messages.
    messages_most: u64,
    timing: Timing,
    /// The objects with the highest numbers of those used, for the final reads; all of them, if they are
    /// queues.
    last_keys: BTreeSet<Key>,
    /// Where time is real: when somebody looks at the interrupt and the file next.
    pulse_at: Nanos,
}

impl<'w, 'f, W: World> Runner<'w, 'f, W> {
    fn new(workload: &'w Workload, seed: Seed, world: &'w mut W, recorder: Recorder<'f>) -> Self {
        let clients = &workload.clients;
        let mut generator = Generator::Registers(Registers::new(clients.registers));
        if let Some(pace) = clients.pace {
            generator = generator.stagger(pace);
        }
        let idle = Operation { key: 0, action: Action::Read };
        Self {
            workload,
            world,
            recorder: recorder.of(clients.registers.object),
            generator: generator.limit(clients.ops).time_limit(clients.time_limit),
            generator_rng: seed.fork("generator"),
            nemesis: Nemesis::new(&workload.nemesis, workload.config.n, seed),
            workers: (0..clients.count)
                .map(|process| Worker { process, operation: idle, due: 0 })
                .collect(),
            free: (0..clients.count).collect(),
            resting: VecDeque::new(),
            faults: Faults::default(),
            ops: 0,
            messages_most: u64::MAX,
            timing: Timing::default(),
            last_keys: BTreeSet::new(),
            pulse_at: 0,
        }
    }

    /// Whether more messages were sent than it takes.
    fn is_flooded(&self) -> bool {
        self.world.traffic().messages > self.messages_most
    }

    fn run(mut self, watch: &mut dyn FnMut(Progress) -> bool) -> Result<Run, RunError> {
        let mut stopped_at = self.go(watch)?;
        self.mend()?;
        let recovery = match self.workload.clients.recovery {
            Some(within) if stopped_at.is_none() => Some(self.recover(within)?),
            _ => None,
        };
        if stopped_at.is_none() && self.workload.clients.registers.object == Object::Queue {
            stopped_at = self.empty(watch)?;
        } else if stopped_at.is_none() && self.workload.clients.final_reads {
            stopped_at = self.read_in_the_end(watch)?;
        }
        self.drain()?;
        let duration = self.world.now();
        let verdict = self.recorder.verdict();
        let (history, events) = self.recorder.finish();
        Ok(Run {
            verdict,
            history,
            events,
            asked: Asked::InTurn {
                clients: self.workload.clients.count,
                nodes: self.workload.config.n,
            },
            faults: self.faults.windows(duration),
            duration,
            traffic: self.world.traffic(),
            ledger: self.world.ledger().map(|ledger| ledger.named(&self.workload.node_names)),
            recovery,
            timing: self.timing,
            stopped_at,
        })
    }

    /// When it has been quiet for a while, lets every worker read everything. Returns after how many events it was
    /// stopped before.
    fn read_in_the_end(
        &mut self,
        watch: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Option<u32>, RunError> {
        let settle = Generator::sleep(self.workload.clients.settle);
        let reads = Generator::each_worker(self.final_reads());
        if self.workload.clients.registers.object == Object::Register {
            self.generator = Generator::phases([settle, reads]);
            return self.go(watch);
        }
        // What converges does so by then: whoever checks the history must know.
        self.generator = Generator::phases([settle, Generator::each_worker(Vec::new())]);
        let stopped_at = self.go(watch)?;
        if stopped_at.is_some() {
            return Ok(stopped_at);
        }
        self.recorder.settled(self.world.now())?;
        self.generator = reads;
        self.go(watch)
    }

    /// Goes on until the generator is done. Returns after how many events it was stopped before.
    fn go(&mut self, watch: &mut dyn FnMut(Progress) -> bool) -> Result<Option<u32>, RunError> {
        const WATCH_EVERY: u64 = 1024;
        for step in 0_u64.. {
            let now = self.wake();
            let is_watched = step % WATCH_EVERY == 0 || self.pulse(now)?;
            let is_violated = self.recorder.verdict() == Some(Verdict::Invalid);
            if is_violated || self.is_flooded() || (is_watched && !watch(self.progress())) {
                return Ok(Some(self.recorder.position()));
            }
            if self.nemesis.next_at().is_some_and(|at| at <= now) {
                let fault = self.nemesis.take_next(&mut || self.world.leader());
                fault.map_or(Ok(()), |(_, fault)| self.apply(&fault))?;
                continue;
            }
            let until = match self.ask(now) {
                Next::Op(worker, operation) => {
                    self.begin(worker, operation)?;
                    continue;
                }
                Next::At(at) => at,
                Next::Wait => Nanos::MAX,
                Next::Done => return Ok(None),
            };
            let fault = self.nemesis.next_at().unwrap_or(Nanos::MAX);
            self.wait(until.min(self.rested_at()).min(fault))?;
        }
        Ok(None)
    }

    /// Workers that have rested long enough are free again. Returns the time.
    fn wake(&mut self) -> Nanos {
        let now = self.world.now();
        while self.resting.front().is_some_and(|(until, _)| *until <= now) {
            self.free.extend(self.resting.pop_front().map(|(_, worker)| worker));
        }
        now
    }

    /// When the next worker has rested long enough.
    fn rested_at(&self) -> Nanos {
        self.resting.front().map_or(Nanos::MAX, |(until, _)| *until)
    }

    /// Waits until something happens, at most until `until`. Returns which process has learned what.
    fn wait(&mut self, until: Nanos) -> Result<Option<(Happening, EventKind)>, RunError> {
        let until = match self.world.pulse() {
            None => until,
            Some(pulse) => until.min(self.world.now() + pulse),
        };
        if let Some((at, happening)) = self.world.next(until) {
            return Ok(Some((happening, self.complete(at, happening)?)));
        }
        self.world.failure().map_or(Ok(None), |failure| Err(failure.into()))
    }

    /// Where time is real, keeps the file up with it. Returns whether it is time to look around.
    fn pulse(&mut self, now: Nanos) -> Result<bool, RecordError> {
        if self.world.pulse().is_none() || now < self.pulse_at {
            return Ok(false);
        }
        self.pulse_at = now + FLUSH;
        self.recorder.flush()?;
        Ok(true)
    }

    /// Waits for all answers that are still to come.
    fn drain(&mut self) -> Result<(), RunError> {
        while self.free.len() + self.resting.len() < self.workers.len() {
            self.pulse(self.world.now())?;
            let has_happened = self.wait(Nanos::MAX)?.is_some();
            if !has_happened && self.world.pulse().is_none() {
                break;
            }
        }
        Ok(())
    }

    fn ask(&mut self, now: Nanos) -> Next {
        let free = self.free.make_contiguous();
        let context = Context { now, free, workers: self.workers.len() as u32 };
        self.generator.next(&context, &mut self.generator_rng)
    }

    fn begin(&mut self, worker: u32, operation: Operation) -> Result<(), RecordError> {
        let place = self.free.iter().position(|free| *free == worker);
        place.and_then(|place| self.free.remove(place)).expect("generators name free workers");
        let now = self.world.now();
        let due = self.generator.was_due().map_or(now, |due| due.min(now));
        let process = self.workers[worker as usize].process;
        self.workers[worker as usize] = Worker { process, operation, due };
        self.last_keys.insert(operation.key);
        let are_all_emptied = self.workload.clients.registers.object == Object::Queue;
        if self.last_keys.len() > FINAL_KEYS_MAX && !are_all_emptied {
            self.last_keys.pop_first();
        }
        self.recorder.invoke(now, process, &operation)?;
        let node = Asked::home(worker, self.workload.config.n);
        self.world.invoke(process, node, operation);
        self.ops += 1;
        Ok(())
    }

    /// A process has learned something at `now`. Returns what it means.
    fn complete(&mut self, now: Nanos, happening: Happening) -> Result<EventKind, RecordError> {
        let Happening { process, response } = happening;
        // A process keeps its number modulo the number of workers for all its successors.
        let count = self.workers.len() as u32;
        let worker = process % count;
        let Worker { operation, due, .. } = self.workers[worker as usize];
        let completion = classify(&operation, response);
        self.recorder.complete(now, process, &operation, &completion)?;
        match completion.kind {
            EventKind::Ok => self.timing.add(operation.action, now - due),
            EventKind::Info => self.workers[worker as usize].process += count,
            EventKind::Invoke | EventKind::Fail => {}
        }
        let is_refused = match response {
            Response::Refused | Response::Unavailable => true,
            Response::Error(error) => error.is_definite,
            _ => false,
        };
        if is_refused {
            self.resting.push_back((now + RECONNECT, worker));
        } else {
            self.free.push_back(worker);
        }
        Ok(completion.kind)
    }

    fn apply(&mut self, fault: &Fault) -> Result<(), RecordError> {
        let changed = self.world.apply(fault);
        let now = self.world.now();
        self.recorder.fault(now, fault, &self.workload.node_names, changed)?;
        tracing::debug!(at = now, fault = fault.name(), changed, "fault");
        if changed || fault.undo().is_none() {
            self.faults.change(fault, now);
        }
        Ok(())
    }

    /// Ends all disturbances and mends what is broken.
    fn mend(&mut self) -> Result<(), RecordError> {
        for fault in self.nemesis.stop() {
            self.apply(&fault)?;
        }
        Ok(())
    }

    fn final_reads(&self) -> Vec<Operation> {
        let last = self.last_keys.iter().rev();
        last.map(|key| Operation { key: *key, action: Action::Read }).collect()
    }

    fn progress(&self) -> Progress {
        Progress {
            ops: self.ops,
            now: self.world.now(),
            faults: self.faults.now(),
            verdict: self.recorder.verdict(),
        }
    }
}
