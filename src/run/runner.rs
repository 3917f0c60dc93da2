//! The loop of a run.

mod empty;
mod recovery;

pub use recovery::Recovery;

use std::collections::{BTreeSet, VecDeque};

use quorate_checker::{EventKind, Verdict};

use super::faults::Faults;
use super::{Asked, Progress, Run, RunError};
use crate::client::{Action, Operation, Response, classify};
use crate::generator::{Context, Generator, Next, Registers};
use crate::nemesis::{Fault, Nemesis};
use crate::protocol::{Key, Object};
use crate::record::{RecordError, Recorder};
use crate::rng::{Rng, Seed};
use crate::time::{MILLISECOND, Nanos};
use crate::timing::Timing;
use crate::workload::Workload;
use crate::world::{Happening, World};

/// A client that was refused, or whose node can do nothing for it, waits this long before it tries again.
const RECONNECT: Nanos = 20 * MILLISECOND;
/// Where time is real, the record is with the operating system after this time at the latest.
const FLUSH: Nanos = 50 * MILLISECOND;
/// At most this many registers are read by everybody in the end: those used last.
const FINAL_KEYS_MAX: usize = 100;

/// What a worker does right now.
#[derive(Debug, Clone, Copy)]
struct Worker {
    process: u32,
    operation: Operation,
    /// When the operation was to begin.
    due: Nanos,
}

pub(super) struct Runner<'w, 'f, W> {
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
    pub(super) fn new(
        workload: &'w Workload,
        seed: Seed,
        world: &'w mut W,
        recorder: Recorder<'f>,
    ) -> Self {
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

    /// Stops after so many messages.
    pub(super) fn limited(self, messages_most: u64) -> Self {
        Self { messages_most, ..self }
    }

    /// Whether more messages were sent than it takes.
    fn is_flooded(&self) -> bool {
        self.world.traffic().messages > self.messages_most
    }

    pub(super) fn run(mut self, watch: &mut dyn FnMut(Progress) -> bool) -> Result<Run, RunError> {
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
