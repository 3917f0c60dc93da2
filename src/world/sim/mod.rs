//! The simulated world: a cluster in virtual time, decided by one seed.
//!
//! A discrete-event simulation of nodes with disks and clocks, of a network that delays, loses,
//! doubles and reorders, and of clients that each hold a connection to one node. The protocol is the
//! real one ([`crate::protocol`]); only what surrounds it is simulated.

mod coverage;
mod faults;
mod network;
mod queue;

use std::collections::VecDeque;
use std::sync::Arc;

pub use coverage::{Coverage, number};
pub use network::NetworkSettings;

pub(super) use network::Network;
use queue::Queue;

use super::host::Host;
use super::trace::{Loss, Recording};
use super::{Happening, Ledger, Sent, Traffic, World, asker, request_id};
use rand::RngExt as _;

use crate::client::{Operation, Response};
use crate::latency::{Latency, Sampler};
use crate::nemesis::Fault;
use crate::node::frame_bytes;
use crate::protocol::{
    ClientRequest, Configuration, Effect, Input, Message, NodeId, RequestId, Timer,
};
use crate::rng::{Rng, Seed};
use crate::time::Nanos;
use crate::world::stage::{Envelope, Step};

/// The first pieces of time of a ledger are so long: shorter than anything that can be seen in a plot.
const PIECE: Nanos = 1 << 14;

/// How the simulated world behaves when nothing is broken.
#[derive(Debug, Clone, PartialEq)]
pub struct SimSettings {
    /// The links between nodes.
    pub network: NetworkSettings,
    /// How long it takes between a client and its node, one way.
    pub client_latency: Latency,
    /// How long a sync to disk takes.
    pub sync_latency: Latency,
    /// How long a client waits for an answer.
    pub timeout: Nanos,
}

/// What is to happen.
#[derive(Debug, Clone)]
enum Event {
    /// A message arrives.
    Message { from: NodeId, to: NodeId, message: Message },
    /// A request arrives.
    Request { to: NodeId, request: ClientRequest },
    /// A client learns something.
    Response { id: RequestId, response: Response },
    /// A disk has synced all records up to this number.
    Synced { node: NodeId, incarnation: u32, number: u64 },
    /// A node's timer goes off.
    Timer { node: NodeId, incarnation: u32, timer: Timer },
}

/// A client.
#[derive(Debug, Clone, Copy, Default)]
struct Client {
    /// How many operations it has begun.
    begun: u32,
    waiting: Option<Waiting>,
}

/// A request whose client still waits.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    id: RequestId,
    node: NodeId,
    /// Whether the connection has broken: a request on its way never arrives.
    broken: bool,
}

/// A cluster of nodes in virtual time.
#[derive(Debug)]
pub struct Simulation {
    now: Nanos,
    queue: Queue<Event>,
    hosts: Vec<Host>,
    network: Network,
    network_rng: Rng,
    client_latency: Sampler,
    client_rng: Rng,
    sync_latency: Sampler,
    disk_rng: Rng,
    timer_rng: Rng,
    timeout: Nanos,
    /// By process.
    clients: Vec<Client>,
    /// When clients give up: in the order in which they asked, since all are equally patient.
    deadlines: VecDeque<(Nanos, RequestId)>,
    effects: Vec<Effect>,
    /// After so many messages nothing happens any more.
    messages_most: u64,
    /// What happened, if somebody wants to know.
    recording: Option<Recording>,
    /// What nodes were made to do, likewise.
    coverage: Option<Box<Coverage>>,
    /// Whether messages are weighed.
    weighs: bool,
    /// What each node sent when, if somebody wants to know.
    ledger: Option<Ledger>,
}

impl Simulation {
    /// A cluster that has just started. `seed` decides all that is random.
    pub fn new(config: Configuration, settings: &SimSettings, seed: Seed) -> Self {
        Self::before_start(config, settings, seed).started()
    }

    /// The same cluster, with books of what each node sends: every message is weighed.
    pub fn accounting(config: Configuration, settings: &SimSettings, seed: Seed) -> Self {
        let ledger = Some(Ledger::new(config.n, PIECE));
        let simulation = Self::before_start(config, settings, seed).weighing();
        Self { ledger, ..simulation }.started()
    }

    fn before_start(config: Configuration, settings: &SimSettings, seed: Seed) -> Self {
        let n = config.n;
        let config = Arc::new(config);
        let host = |id| Host::new(id, Arc::clone(&config), 2 * settings.timeout);
        Self {
            now: 0,
            queue: Queue::new(),
            hosts: (0..n).map(host).collect(),
            network: Network::new(n, &settings.network),
            network_rng: seed.fork("network"),
            client_latency: Sampler::new(settings.client_latency),
            client_rng: seed.fork("clients"),
            sync_latency: Sampler::new(settings.sync_latency),
            disk_rng: seed.fork("disks"),
            timer_rng: seed.fork("timers"),
            timeout: settings.timeout,
            clients: Vec::new(),
            deadlines: VecDeque::new(),
            effects: Vec::new(),
            messages_most: u64::MAX,
            recording: None,
            coverage: None,
            weighs: false,
            ledger: None,
        }
    }

    fn started(mut self) -> Self {
        for node in 0..self.hosts.len() as NodeId {
            self.start(node);
        }
        self
    }

    /// The same cluster, where nothing has happened yet, and everything that will is recorded.
    #[must_use]
    pub fn recording(self, client_count: u32) -> Self {
        let patience = 2 * self.timeout;
        Self { recording: Some(Recording::new(client_count, patience)), ..self }
    }

    /// The same cluster, where nothing happens any more once so many messages were sent.
    #[must_use]
    pub fn limited(self, messages_most: u64) -> Self {
        Self { messages_most, ..self }
    }

    /// The same cluster, where nothing has happened yet, and it is noted what nodes are made to do.
    #[must_use]
    pub fn covering(self) -> Self {
        Self { coverage: Some(Box::default()), ..self }
    }

    /// The same cluster, where nothing has happened yet, and every message is weighed.
    #[must_use]
    pub fn weighing(self) -> Self {
        Self { weighs: true, ..self }
    }

    /// What nodes were made to do, if that was to be noted.
    pub fn into_coverage(self) -> Option<Coverage> {
        self.coverage.map(|coverage| *coverage)
    }

    /// What was recorded, if anything was to be.
    pub fn into_recording(self) -> Option<Recording> {
        self.recording
    }

    /// Lets one event happen. Returns what a client learns by it.
    fn happen(&mut self, event: Event) -> Option<Happening> {
        match event {
            Event::Message { from, to, message } => {
                if self.network.is_cut(from, to) {
                    self.network.traffic.cut += 1;
                    self.note_loss(Loss::Cut, || Envelope { from, to, message });
                } else {
                    self.give(to, Input::Message { from, message });
                }
            }
            Event::Request { to, request } => {
                let waiting = self.waiting(request.id);
                if !waiting.is_some_and(|waiting| waiting.broken) {
                    self.give(to, Input::Request(request));
                }
            }
            Event::Response { id, response } => return self.respond(id, response),
            Event::Synced { node, incarnation, number } => {
                while self.hosts[usize::from(node)].incarnation == incarnation
                    && let Some((slot, record)) = self.hosts[usize::from(node)].sync(number)
                {
                    self.give(node, Input::Persisted { slot, record });
                }
            }
            Event::Timer { node, incarnation, timer } => {
                if self.hosts[usize::from(node)].incarnation == incarnation {
                    self.give(node, Input::Timer(timer));
                }
            }
        }
        None
    }

    /// Starts a node that is down. False if it is not down.
    fn start(&mut self, node: NodeId) -> bool {
        let mut effects = std::mem::take(&mut self.effects);
        let started = self.hosts[usize::from(node)].start(self.now, &mut effects);
        self.perform(node, effects);
        started
    }

    /// Gives a node an input and does what it wants done. If it has no space for that, it has stopped.
    fn give(&mut self, id: NodeId, input: Input) {
        if self.hosts[usize::from(id)].misses_space(self.now, &input) {
            self.crash(id, false);
        }
        if let Some(recording) = &mut self.recording {
            recording.input(self.now, id, &self.hosts[usize::from(id)], &input);
        }
        let kind = self.coverage.as_ref().map_or(0, |_| Coverage::input(&input));
        let mut effects = std::mem::take(&mut self.effects);
        self.hosts[usize::from(id)].handle(self.now, input, &mut effects);
        if let Some(coverage) = &mut self.coverage {
            coverage.add(id, kind, &effects);
        }
        self.perform(id, effects);
    }

    /// Does what a node wants done, and keeps the list for its memory.
    fn perform(&mut self, id: NodeId, mut effects: Vec<Effect>) {
        let mut written = None;
        let incarnation = self.hosts[usize::from(id)].incarnation;
        for effect in effects.drain(..) {
            match effect {
                Effect::Send { to, message } => self.send(id, to, message),
                Effect::Persist { slot, record } => {
                    written = Some(self.hosts[usize::from(id)].write(slot, record));
                }
                Effect::Reply { request, reply } => self.answer(request, reply.into()),
                Effect::SetTimer { after, spread, timer } => {
                    let at = self.now + after + self.timer_rng.random_range(0..=spread);
                    self.queue.push(at, Event::Timer { node: id, incarnation, timer });
                }
            }
        }
        if let Some(number) = written {
            let slowness = u64::from(self.hosts[usize::from(id)].disk_slowness);
            let latency = self.sync_latency.draw(&mut self.disk_rng);
            let at = self.now + latency.saturating_mul(slowness);
            self.queue.push(at, Event::Synced { node: id, incarnation, number });
        }
        self.effects = effects;
    }

    fn send(&mut self, from: NodeId, to: NodeId, message: Message) {
        let weighs = self.weighs || self.network.weighs();
        let bytes = if weighs { frame_bytes(&message) } else { 0 };
        if self.weighs {
            self.network.traffic.bytes += bytes;
            if let Some(ledger) = &mut self.ledger {
                ledger.add(self.now, from, Sent::one(bytes, message.is_repair()));
            }
        }
        let [first, second] = self.network.send(self.now, (from, to), bytes, &mut self.network_rng);
        if let (None, Some(recording)) = (first, &mut self.recording) {
            let loss = if self.network.is_cut(from, to) { Loss::Cut } else { Loss::Chance };
            let envelope = Envelope { from, to, message: message.clone() };
            recording.lost(self.now, envelope, loss);
        }
        if let Some(at) = second {
            self.note(|| Step::Duplicate(Envelope { from, to, message: message.clone() }));
            let message = message.clone();
            self.queue.push(at, Event::Message { from, to, message });
        }
        if let Some(at) = first {
            self.queue.push(at, Event::Message { from, to, message });
        }
    }

    /// Sends a response on its way to its client.
    fn answer(&mut self, id: RequestId, response: Response) {
        let at = self.now + self.client_latency.draw(&mut self.client_rng);
        self.queue.push(at, Event::Response { id, response });
    }

    /// A client learns something, if it still waits.
    fn respond(&mut self, id: RequestId, response: Response) -> Option<Happening> {
        let process = asker(id);
        self.waiting(id)?;
        self.clients[process as usize].waiting = None;
        self.note(|| match response {
            Response::TimedOut => Step::GiveUp { process },
            Response::ConnectionLost => Step::Disconnect { process },
            Response::Value(_)
            | Response::ValueAt(..)
            | Response::Written
            | Response::WrittenAt(_)
            | Response::Differs(_)
            | Response::Unavailable
            | Response::Refused
            | Response::Error(_) => Step::Answer { process },
        });
        Some(Happening { process, response })
    }

    /// The request with this name, if its client still waits.
    fn waiting(&self, id: RequestId) -> Option<Waiting> {
        self.clients[asker(id) as usize].waiting.filter(|waiting| waiting.id == id)
    }

    fn note(&mut self, step: impl FnOnce() -> Step) {
        if let Some(recording) = &mut self.recording {
            recording.step(self.now, step());
        }
    }

    fn note_loss(&mut self, loss: Loss, envelope: impl FnOnce() -> Envelope) {
        if let Some(recording) = &mut self.recording {
            recording.lost(self.now, envelope(), loss);
        }
    }
}

impl World for Simulation {
    fn now(&self) -> Nanos {
        self.now
    }

    fn invoke(&mut self, process: u32, node: NodeId, operation: Operation) {
        self.note(|| Step::Ask { process, node, operation });
        let count = self.clients.len().max(process as usize + 1);
        self.clients.resize(count, Client::default());
        let client = &mut self.clients[process as usize];
        client.begun += 1;
        let id = request_id(process, client.begun);
        client.waiting = Some(Waiting { id, node, broken: false });
        self.deadlines.push_back((self.now + self.timeout, id));
        let latency = self.client_latency.draw(&mut self.client_rng);
        if self.hosts[usize::from(node)].is_down() {
            let at = self.now + 2 * latency;
            self.queue.push(at, Event::Response { id, response: Response::Refused });
            return;
        }
        let request =
            ClientRequest { id, process, key: operation.key, request: operation.action.into() };
        self.queue.push(self.now + latency, Event::Request { to: node, request });
    }

    fn apply(&mut self, fault: &Fault) -> bool {
        let changed = self.change(fault);
        if let (true, Some(recording)) = (changed, &mut self.recording) {
            recording.fault(self.now, fault);
        }
        changed
    }

    fn next(&mut self, until: Nanos) -> Option<(Nanos, Happening)> {
        loop {
            // Deadlines of requests that were answered long ago.
            while let Some((_, id)) = self.deadlines.front()
                && self.waiting(*id).is_none()
            {
                self.deadlines.pop_front();
            }
            if self.network.traffic.messages > self.messages_most {
                return None;
            }
            let deadline = self.deadlines.front().map_or(Nanos::MAX, |(at, _)| *at);
            let event = self.queue.next_at().unwrap_or(Nanos::MAX);
            if deadline.min(event) > until {
                self.now = self.now.max(until);
                return None;
            }
            let happening = if deadline < event {
                self.now = deadline;
                let id = self.deadlines.pop_front().map(|(_, id)| id);
                id.and_then(|id| self.respond(id, Response::TimedOut))
            } else {
                self.queue.pop().and_then(|(at, event)| {
                    self.now = at;
                    self.happen(event)
                })
            };
            if let Some(happening) = happening {
                return Some((self.now, happening));
            }
        }
    }

    fn traffic(&self) -> Traffic {
        self.network.traffic
    }

    fn ledger(&self) -> Option<Ledger> {
        self.ledger.clone()
    }
}
