//! A world in which nothing happens by itself: every step is somebody's choice.
//!
//! Nodes, disks, clocks and timers are those of the simulated world, but what nodes send stays on the wire,
//! what they write stays unsynced, and their clocks stand still until a [`Step`] says otherwise. The same
//! steps give the same results. A clone costs little: what no step changes is shared.

mod cue;
mod performance;
mod script;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub use cue::{Cue, Fate, Which};
pub use performance::{Performance, Played};
pub use script::{Mistake, Script};

use super::host::Host;
use super::{Happening, Traffic};
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

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A process asks a node.
    Begin {
        /// Who asks.
        process: u32,
        /// Whom.
        node: NodeId,
        /// For what.
        operation: Operation,
    },
    /// A message arrives.
    Deliver(Envelope),
    /// A message is lost.
    Drop(Envelope),
    /// A message is doubled: another one like it is on its way, too.
    Duplicate(Envelope),
    /// The oldest record that a node has written reaches its disk.
    Sync {
        /// Whose.
        node: NodeId,
    },
    /// A timer goes off.
    Timer {
        /// Whose.
        node: NodeId,
        /// Which.
        timer: Timer,
    },
    /// A node stops, and whoever waits for it learns that the connection broke.
    Crash {
        /// Which.
        node: NodeId,
        /// Whether what was not synced is lost.
        lose_unsynced: bool,
    },
    /// A node that is down starts, with what is on its disk.
    Restart {
        /// Which.
        node: NodeId,
    },
    /// A node's clock is set off.
    SetClock {
        /// Whose.
        node: NodeId,
        /// By how many nanoseconds it is ahead.
        offset: i64,
    },
    /// A process stops waiting for an answer.
    GiveUp {
        /// Who.
        process: u32,
    },
}

/// Why a step cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Impossible {
    /// No such message is on its way.
    NoSuchMessage,
    /// The node has written nothing that is not synced.
    NothingToSync,
    /// No such timer is set.
    NoSuchTimer,
    /// The node is down.
    Down,
    /// The node is not down.
    NotDown,
    /// The process still waits for its last operation.
    StillWaiting,
    /// The process waits for nothing.
    NotWaiting,
}

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchMessage => "no such message is on its way",
            Self::NothingToSync => "everything it wrote is on disk already",
            Self::NoSuchTimer => "it has set no such timer",
            Self::Down => "the node is down",
            Self::NotDown => "the node is not down",
            Self::StillWaiting => "the client still waits for its last operation",
            Self::NotWaiting => "the client waits for nothing",
        })
    }
}

/// A process that waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Waiting {
    process: u32,
    node: NodeId,
    id: RequestId,
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
    /// How many operations each process has begun.
    begun: Vec<u32>,
    now: Nanos,
    traffic: Traffic,
}

impl Stage {
    /// A cluster whose nodes have just started. None of its nodes forgets an operation because of the time
    /// it takes.
    pub fn new(config: &Arc<Configuration>) -> Self {
        let host = |id| Arc::new(Host::new(id, Arc::clone(config), Nanos::MAX));
        let mut stage = Self {
            hosts: (0..config.n).map(host).collect(),
            wire: Vec::new(),
            timers: Vec::new(),
            waiting: Vec::new(),
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

    /// Lets a step happen. Returns what clients learn by it.
    pub fn take(&mut self, step: &Step) -> Result<Vec<Happening>, Impossible> {
        match step {
            Step::Begin { process, node, operation } => self.begin(*process, *node, *operation),
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
            Step::Crash { node, lose_unsynced } => self.crash(*node, *lose_unsynced),
            Step::Restart { node } if self.hosts[usize::from(*node)].is_down() => {
                Ok(self.start(*node))
            }
            Step::Restart { .. } => Err(Impossible::NotDown),
            Step::SetClock { node, offset } => {
                Arc::make_mut(&mut self.hosts[usize::from(*node)]).set_clock_offset(*offset);
                Ok(Vec::new())
            }
            Step::GiveUp { process } => {
                let place = self.waiting.iter().position(|waiting| waiting.process == *process);
                self.waiting.remove(place.ok_or(Impossible::NotWaiting)?);
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
        if self.asked(process).is_some() {
            return Err(Impossible::StillWaiting);
        }
        if self.running(node).is_err() {
            return Ok(vec![Happening { process, response: Response::Refused }]);
        }
        let place = process as usize;
        self.begun.resize(self.begun.len().max(place + 1), 0);
        self.begun[place] += 1;
        let id = RequestId((u64::from(process) << 32) | u64::from(self.begun[place]));
        self.waiting.push(Waiting { process, node, id });
        let request = operation.action.into();
        let request = ClientRequest { id, process, key: operation.key, request };
        Ok(self.give(node, Input::Request(request)))
    }

    fn crash(&mut self, node: NodeId, lose_unsynced: bool) -> Result<Vec<Happening>, Impossible> {
        self.running(node)?;
        Arc::make_mut(&mut self.hosts[usize::from(node)]).crash(lose_unsynced);
        self.timers.retain(|(other, _)| *other != node);
        let broken = self.waiting.extract_if(.., |waiting| waiting.node == node);
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
                    let place = self.waiting.iter().position(|waiting| waiting.id == request);
                    let answered = place.map(|place| self.waiting.remove(place));
                    happenings.extend(answered.map(|Waiting { process, .. }| Happening {
                        process,
                        response: reply.into(),
                    }));
                }
            }
        }
        happenings
    }
}
