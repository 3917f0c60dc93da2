//! A world in which nothing happens by itself: every step is somebody's choice.
//!
//! Nodes, disks, clocks and timers are those of the simulated world, but what nodes send stays on the wire,
//! what they write stays unsynced, and their clocks stand still until a [`Step`] says otherwise. The same
//! steps give the same results. A clone costs little: what no step changes is shared.

mod cue;
mod performance;
mod scribe;
mod script;
mod show;
mod step;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub use cue::{Cue, Fate, Which};
pub use performance::{Performance, Played};
pub use scribe::Scribe;
pub use script::{Mistake, Script};
pub use step::{Impossible, Step};

use super::host::Host;
use super::{Happening, Traffic, request_id};
use crate::client::{Operation, Response};
use crate::protocol::{
    ClientRequest, Configuration, Effect, Input, Message, Node, NodeId, RequestId, Timer,
};
use crate::time::Nanos;

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Envelope {
    /// Who sent it.
    pub from: NodeId,
    /// Who is to get it.
    pub to: NodeId,
    /// What it says.
    pub message: Message,
}

/// A machine at one moment. Machines of one configuration with equal hashes have equal futures.
#[derive(Debug, Clone)]
pub struct Machine(Arc<Host>);

impl Machine {
    /// Its node, if it runs.
    pub fn node(&self) -> Option<&Node> {
        self.0.node()
    }
}

impl Hash for Machine {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// A process that waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waiting {
    process: u32,
    node: NodeId,
    id: RequestId,
    connection: Connection,
}

/// What is between a process and its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connection {
    /// No way at all: what one says the other hears at once.
    Direct,
    /// A way of some length, on which there may be an answer; it breaks when the node crashes.
    Long { answer: Option<Response>, is_broken: bool },
}

/// A cluster that waits to be told what happens.
#[derive(Debug, Clone)]
pub struct Stage {
    hosts: Vec<Arc<Host>>,
    /// In the order in which they were sent.
    wire: Vec<Envelope>,
    /// By node and timer.
    timers: Vec<(NodeId, Timer)>,
    waiting: Vec<Waiting>,
    /// On their way to their nodes, in the order in which they were asked.
    requests: Vec<(NodeId, ClientRequest)>,
    /// How many operations each process has begun.
    begun: Vec<u32>,
    now: Nanos,
    traffic: Traffic,
}

impl Stage {
    /// A cluster whose nodes have just started. None of its nodes forgets an operation because of the time
    /// it takes.
    pub fn new(config: &Arc<Configuration>) -> Self {
        Self::with_patience(config, Nanos::MAX)
    }

    /// A cluster whose nodes have just started, and forget an operation after this time.
    pub fn with_patience(config: &Arc<Configuration>, patience: Nanos) -> Self {
        let host = |id| Arc::new(Host::new(id, Arc::clone(config), patience));
        let mut stage = Self {
            hosts: (0..config.n).map(host).collect(),
            wire: Vec::new(),
            timers: Vec::new(),
            waiting: Vec::new(),
            requests: Vec::new(),
            begun: Vec::new(),
            now: 0,
            traffic: Traffic::default(),
        };
        for node in 0..config.n {
            stage.start(node);
        }
        stage
    }

    /// Lets all clocks go on.
    pub fn pass(&mut self, time: Nanos) {
        self.now += time;
    }

    /// Nanoseconds since it began.
    pub fn now(&self) -> Nanos {
        self.now
    }

    /// What nodes have sent each other so far.
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// What is on its way, oldest first.
    pub fn wire(&self) -> &[Envelope] {
        &self.wire
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> NodeId {
        self.hosts.len() as NodeId
    }

    /// The timers that are set, by node.
    pub fn timers(&self) -> &[(NodeId, Timer)] {
        &self.timers
    }

    /// A node, if it runs.
    pub fn node(&self, node: NodeId) -> Option<&Node> {
        self.hosts[usize::from(node)].node()
    }

    /// How many records a node has written that are not on its disk.
    pub fn unsynced(&self, node: NodeId) -> usize {
        self.hosts[usize::from(node)].unsynced()
    }

    /// A machine as it is now: a node with its disk and its clock.
    pub fn machine(&self, node: NodeId) -> Machine {
        Machine(Arc::clone(&self.hosts[usize::from(node)]))
    }

    /// Who waits for whom.
    pub fn waiting(&self) -> impl Iterator<Item = (u32, NodeId)> {
        self.waiting.iter().map(|waiting| (waiting.process, waiting.node))
    }

    /// Whom a process waits for, if it waits.
    pub fn asked(&self, process: u32) -> Option<NodeId> {
        self.waiting.iter().find(|waiting| waiting.process == process).map(|waiting| waiting.node)
    }

    /// The processes to which an answer is on its way.
    pub fn answered(&self) -> impl Iterator<Item = u32> {
        let answered = self.waiting.iter().filter(|waiting| {
            matches!(waiting.connection, Connection::Long { answer: Some(_), .. })
        });
        answered.map(|waiting| waiting.process)
    }

    /// The requests on their way to their nodes, in the order in which they were asked.
    pub fn requests(&self) -> impl Iterator<Item = RequestId> {
        self.requests.iter().map(|(_, request)| request.id)
    }

    /// Lets a step happen. Returns what clients learn by it.
    pub fn take(&mut self, step: &Step) -> Result<Vec<Happening>, Impossible> {
        match step {
            Step::Begin { process, node, operation } => self.begin(*process, *node, *operation),
            Step::Ask { process, node, operation } => self.ask(*process, *node, *operation),
            Step::Arrive { request } => self.arrive(*request),
            Step::Answer { process } => self.answer(*process),
            Step::Disconnect { process } => self.disconnect(*process),
            Step::Deliver(envelope) => {
                let place = self.find(envelope)?;
                self.running(envelope.to)?;
                let Envelope { from, to, message } = self.wire.remove(place);
                Ok(self.give(to, Input::Message { from, message }))
            }
            Step::Drop(envelope) => {
                let place = self.find(envelope)?;
                self.wire.remove(place);
                self.traffic.lost += 1;
                Ok(Vec::new())
            }
            Step::Duplicate(envelope) => {
                self.find(envelope)?;
                self.wire.push(envelope.clone());
                self.traffic.doubled += 1;
                Ok(Vec::new())
            }
            Step::Sync { node } => {
                let host = Arc::make_mut(&mut self.hosts[usize::from(*node)]);
                let (slot, record) = host.sync_next().ok_or(Impossible::NothingToSync)?;
                Ok(self.give(*node, Input::Persisted { slot, record }))
            }
            Step::Timer { node, timer } => {
                let place = self.timers.iter().position(|set| *set == (*node, *timer));
                self.timers.remove(place.ok_or(Impossible::NoSuchTimer)?);
                Ok(self.give(*node, Input::Timer(*timer)))
            }
            Step::Crash { node, lose_unsynced } => {
                self.stop(*node, |host| host.crash(*lose_unsynced))
            }
            Step::Wipe { node } => self.stop(*node, Host::wipe),
            Step::Restart { node } if self.hosts[usize::from(*node)].is_down() => {
                Ok(self.start(*node))
            }
            Step::Restart { .. } => Err(Impossible::NotDown),
            Step::SetClock { node, offset } => {
                Arc::make_mut(&mut self.hosts[usize::from(*node)]).set_clock_offset(*offset);
                Ok(Vec::new())
            }
            Step::GiveUp { process } => {
                let place = self.place(*process)?;
                self.waiting.remove(place);
                Ok(vec![Happening { process: *process, response: Response::TimedOut }])
            }
        }
    }

    /// Takes a message off the wire without delivering it.
    pub fn take_off(&mut self, place: usize) -> Envelope {
        self.wire.remove(place)
    }

    /// Gives a node that runs a message that need not have been on the wire. Returns what clients learn.
    pub fn hand(&mut self, envelope: Envelope) -> Vec<Happening> {
        let Envelope { from, to, message } = envelope;
        self.give(to, Input::Message { from, message })
    }

    fn find(&self, envelope: &Envelope) -> Result<usize, Impossible> {
        self.wire.iter().position(|other| other == envelope).ok_or(Impossible::NoSuchMessage)
    }

    fn running(&self, node: NodeId) -> Result<(), Impossible> {
        if self.hosts[usize::from(node)].is_down() { Err(Impossible::Down) } else { Ok(()) }
    }

    fn begin(
        &mut self,
        process: u32,
        node: NodeId,
        operation: Operation,
    ) -> Result<Vec<Happening>, Impossible> {
        let request = self.request(process, operation)?;
        if self.running(node).is_err() {
            return Ok(vec![Happening { process, response: Response::Refused }]);
        }
        let connection = Connection::Direct;
        self.waiting.push(Waiting { process, node, id: request.id, connection });
        Ok(self.give(node, Input::Request(request)))
    }

    fn ask(
        &mut self,
        process: u32,
        node: NodeId,
        operation: Operation,
    ) -> Result<Vec<Happening>, Impossible> {
        let request = self.request(process, operation)?;
        let is_refused = self.running(node).is_err();
        let answer = is_refused.then_some(Response::Refused);
        let connection = Connection::Long { answer, is_broken: false };
        self.waiting.push(Waiting { process, node, id: request.id, connection });
        if !is_refused {
            self.requests.push((node, request));
        }
        Ok(Vec::new())
    }

    /// The next request of a process, which must not wait for another one.
    fn request(&mut self, process: u32, operation: Operation) -> Result<ClientRequest, Impossible> {
        if self.asked(process).is_some() {
            return Err(Impossible::StillWaiting);
        }
        let place = process as usize;
        self.begun.resize(self.begun.len().max(place + 1), 0);
        self.begun[place] += 1;
        let id = request_id(process, self.begun[place]);
        let request = operation.action.into();
        Ok(ClientRequest { id, process, key: operation.key, request })
    }

    /// A request whose process still waits for a broken connection never arrives; one whose process has
    /// given up does.
    fn arrive(&mut self, id: RequestId) -> Result<Vec<Happening>, Impossible> {
        let place = self.requests.iter().position(|(_, request)| request.id == id);
        let place = place.ok_or(Impossible::NoSuchRequest)?;
        let is_broken = |waiting: &Waiting| {
            waiting.id == id
                && matches!(waiting.connection, Connection::Long { is_broken: true, .. })
        };
        if self.waiting.iter().any(is_broken) {
            return Err(Impossible::NoSuchRequest);
        }
        self.running(self.requests[place].0)?;
        let (node, request) = self.requests.remove(place);
        Ok(self.give(node, Input::Request(request)))
    }

    fn answer(&mut self, process: u32) -> Result<Vec<Happening>, Impossible> {
        let place = self.place(process)?;
        let Connection::Long { answer: Some(response), .. } = self.waiting[place].connection else {
            return Err(Impossible::NoAnswer);
        };
        self.waiting.remove(place);
        Ok(vec![Happening { process, response }])
    }

    fn disconnect(&mut self, process: u32) -> Result<Vec<Happening>, Impossible> {
        let place = self.place(process)?;
        let Connection::Long { is_broken: true, .. } = self.waiting[place].connection else {
            return Err(Impossible::Connected);
        };
        self.waiting.remove(place);
        Ok(vec![Happening { process, response: Response::ConnectionLost }])
    }

    /// Where a process waits.
    fn place(&self, process: u32) -> Result<usize, Impossible> {
        let place = self.waiting.iter().position(|waiting| waiting.process == process);
        place.ok_or(Impossible::NotWaiting)
    }

    fn stop(
        &mut self,
        node: NodeId,
        stop: impl FnOnce(&mut Host) -> bool,
    ) -> Result<Vec<Happening>, Impossible> {
        self.running(node)?;
        stop(Arc::make_mut(&mut self.hosts[usize::from(node)]));
        self.timers.retain(|(other, _)| *other != node);
        let mut breaks = |waiting: &mut Waiting| match &mut waiting.connection {
            _ if waiting.node != node => false,
            Connection::Direct => true,
            Connection::Long { is_broken, .. } => {
                *is_broken = true;
                false
            }
        };
        let broken = self.waiting.extract_if(.., &mut breaks);
        let response = Response::ConnectionLost;
        Ok(broken.map(|Waiting { process, .. }| Happening { process, response }).collect())
    }

    fn start(&mut self, node: NodeId) -> Vec<Happening> {
        let mut effects = Vec::new();
        let host = Arc::make_mut(&mut self.hosts[usize::from(node)]);
        host.start(self.now, &mut effects);
        self.perform(node, effects)
    }

    fn give(&mut self, node: NodeId, input: Input) -> Vec<Happening> {
        let mut effects = Vec::new();
        let host = Arc::make_mut(&mut self.hosts[usize::from(node)]);
        host.handle(self.now, input, &mut effects);
        self.perform(node, effects)
    }

    /// Does what a node wants done, as far as it happens at once.
    fn perform(&mut self, node: NodeId, effects: Vec<Effect>) -> Vec<Happening> {
        let mut happenings = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send { to, message } => {
                    self.traffic.messages += 1;
                    self.wire.push(Envelope { from: node, to, message });
                }
                Effect::Persist { slot, record } => {
                    Arc::make_mut(&mut self.hosts[usize::from(node)]).write(slot, record);
                }
                Effect::SetTimer { timer, .. } => {
                    let place = self.timers.partition_point(|set| *set <= (node, timer));
                    self.timers.insert(place, (node, timer));
                }
                Effect::Reply { request, reply } => {
                    happenings.extend(self.reply(request, reply.into()));
                }
            }
        }
        happenings
    }

    /// A node answers a request. Returns what the process learns at once, if it still waits.
    fn reply(&mut self, request: RequestId, response: Response) -> Option<Happening> {
        let place = self.waiting.iter().position(|waiting| waiting.id == request)?;
        if let Connection::Long { answer, .. } = &mut self.waiting[place].connection {
            answer.get_or_insert(response);
            return None;
        }
        let process = self.waiting.remove(place).process;
        Some(Happening { process, response })
    }
}
