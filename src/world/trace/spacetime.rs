//! A recording as a diagram of space and time shows it: who sent what to whom, when it arrived or was lost,
//! which node held what of which register, and what clients asked and learned.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::recording::{Loss, Moment, Recording};
use crate::client::{Operation, Response};
use crate::nemesis::Fault;
use crate::protocol::{Configuration, Key, NodeId, RequestId, Timer, Value};
use crate::time::Nanos;
use crate::world::stage::{Envelope, Impossible, Stage, Step};
use crate::world::{Happening, asker};

/// What happened, as lines between lanes and marks on them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpaceTime {
    /// Messages between nodes, in the order in which they were sent.
    pub messages: Vec<Carried>,
    /// What clients asked for, in the order in which they began.
    pub operations: Vec<Asked>,
    /// Which node held what of which register from when on, in the order of time. Nothing is said of a
    /// register until it is written, nor of protocols whose replicas hold something else than a value.
    pub holdings: Vec<Holding>,
    /// What happened to nodes beside messages and requests, in the order of time.
    pub incidents: Vec<(Nanos, NodeId, Incident)>,
    /// What was broken and mended when.
    pub faults: Vec<(Nanos, Fault)>,
    /// When it ended.
    pub end: Nanos,
}

/// A message between two nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// Who sent it.
    pub from: NodeId,
    /// To whom.
    pub to: NodeId,
    /// What kind of message it is.
    pub kind: &'static str,
    /// When it was sent, or doubled.
    pub sent: Nanos,
    /// What became of it; `None` if it was still on its way in the end.
    pub ended: Option<(Nanos, Ending)>,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It arrived.
    Arrived,
    /// It was lost.
    Lost(Loss),
}

/// An operation of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who asked.
    pub process: u32,
    /// Whom.
    pub node: NodeId,
    /// For what.
    pub operation: Operation,
    /// When it began.
    pub begun: Nanos,
    /// When the node heard of it; `None` if it never did.
    pub arrived: Option<Nanos>,
    /// When the client learned what, and what.
    pub ended: Option<(Nanos, Response)>,
}

/// What a node holds of a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// Since when.
    pub from: Nanos,
    /// Which node.
    pub node: NodeId,
    /// Which register.
    pub key: Key,
    /// Its value; `None` if there is none any more, as after a crash.
    pub value: Option<Value>,
}

/// What happens to a node by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incident {
    /// A record has reached its disk.
    Synced,
    /// A timer went off.
    Timer(Timer),
    /// It stopped; whether it lost what was not synced.
    Crashed(bool),
    /// It started again.
    Restarted,
    /// Its clock was set so much ahead, in nanoseconds.
    ClockSet(i64),
}

impl Recording {
    /// The diagram, of a cluster of this configuration.
    ///
    /// # Errors
    /// If this is no recording of one.
    pub fn spacetime(&self, config: &Arc<Configuration>) -> Result<SpaceTime, Impossible> {
        let mut draftsman = Draftsman::new(Stage::with_patience(config, self.patience));
        for moment in &self.moments {
            draftsman.draw(moment)?;
        }
        let end = draftsman.stage.now();
        Ok(SpaceTime { faults: self.faults.clone(), end, ..draftsman.drawn })
    }
}

/// Follows a recording on a stage.
struct Draftsman {
    stage: Stage,
    drawn: SpaceTime,
    /// Which of the messages drawn is at each place of the wire.
    on_wire: Vec<usize>,
    /// The operation under way of each process.
    under_way: BTreeMap<u32, usize>,
    /// The operations whose requests are on their way.
    asked: BTreeMap<RequestId, usize>,
    held: BTreeMap<(NodeId, Key), Value>,
    keys: Vec<Key>,
}

impl Draftsman {
    fn new(stage: Stage) -> Self {
        let mut draftsman = Self {
            stage,
            drawn: SpaceTime::default(),
            on_wire: Vec::new(),
            under_way: BTreeMap::new(),
            asked: BTreeMap::new(),
            held: BTreeMap::new(),
            keys: Vec::new(),
        };
        draftsman.draw_sent();
        draftsman
    }

    fn draw(&mut self, moment: &Moment) -> Result<(), Impossible> {
        let Moment { at, step, loss } = moment;
        self.stage.pass(at.saturating_sub(self.stage.now()));
        let leaves = self.leaves_wire(step);
        let happenings = self.stage.take(step)?;
        match step {
            Step::Begin { process, node, operation } => {
                self.begin(*process, *node, *operation, Some(*at));
            }
            Step::Ask { process, node, operation } => self.ask(*process, *node, *operation),
            Step::Arrive { request } => {
                if let Some(operation) = self.asked.remove(request) {
                    self.drawn.operations[operation].arrived = Some(*at);
                }
            }
            Step::Deliver(_) => self.end(leaves, *at, Ending::Arrived),
            Step::Drop(_) => self.end(leaves, *at, Ending::Lost(loss.unwrap_or(Loss::Chance))),
            Step::Sync { node } => self.mark(*at, *node, Incident::Synced),
            Step::Timer { node, timer } => self.mark(*at, *node, Incident::Timer(*timer)),
            Step::Crash { node, lose_unsynced } => {
                self.mark(*at, *node, Incident::Crashed(*lose_unsynced));
            }
            Step::Restart { node } => self.mark(*at, *node, Incident::Restarted),
            Step::SetClock { node, offset } => self.mark(*at, *node, Incident::ClockSet(*offset)),
            Step::Duplicate(_)
            | Step::Answer { .. }
            | Step::Disconnect { .. }
            | Step::GiveUp { .. } => {}
        }
        for Happening { process, response } in happenings {
            if let Some(operation) = self.under_way.remove(&process) {
                self.drawn.operations[operation].ended = Some((*at, response));
            }
        }
        self.draw_sent();
        self.draw_held();
        Ok(())
    }

    /// The place on the wire of the message that a step takes off it.
    fn leaves_wire(&self, step: &Step) -> Option<usize> {
        match step {
            Step::Deliver(envelope) | Step::Drop(envelope) => {
                self.stage.wire().iter().position(|other| other == envelope)
            }
            _ => None,
        }
    }

    fn end(&mut self, place: Option<usize>, at: Nanos, ending: Ending) {
        if let Some(place) = place {
            let message = self.on_wire.remove(place);
            self.drawn.messages[message].ended = Some((at, ending));
        }
    }

    fn begin(&mut self, process: u32, node: NodeId, operation: Operation, arrived: Option<Nanos>) {
        if !self.keys.contains(&operation.key) {
            self.keys.push(operation.key);
        }
        let begun = self.stage.now();
        self.under_way.insert(process, self.drawn.operations.len());
        let asked = Asked { process, node, operation, begun, arrived, ended: None };
        self.drawn.operations.push(asked);
    }

    fn ask(&mut self, process: u32, node: NodeId, operation: Operation) {
        self.begin(process, node, operation, None);
        // It is the latest of those on their way, unless it was refused.
        let latest = self.stage.requests().last().filter(|request| asker(*request) == process);
        if let Some(request) = latest {
            self.asked.entry(request).or_insert(self.drawn.operations.len() - 1);
        }
    }

    fn mark(&mut self, at: Nanos, node: NodeId, incident: Incident) {
        self.drawn.incidents.push((at, node, incident));
    }

    /// What has come onto the wire: it is at its end.
    fn draw_sent(&mut self) {
        let sent = self.stage.now();
        for Envelope { from, to, message } in &self.stage.wire()[self.on_wire.len()..] {
            self.on_wire.push(self.drawn.messages.len());
            let kind = message.kind();
            self.drawn.messages.push(Carried { from: *from, to: *to, kind, sent, ended: None });
        }
    }

    /// What nodes hold that they did not before.
    fn draw_held(&mut self) {
        let from = self.stage.now();
        for node in 0..self.stage.node_count() {
            for key in &self.keys {
                let value = self.stage.node(node).and_then(|node| node.holds(*key));
                let before = match value {
                    Some(value) => self.held.insert((node, *key), value),
                    None => self.held.remove(&(node, *key)),
                };
                if value != before {
                    self.drawn.holdings.push(Holding { from, node, key: *key, value });
                }
            }
        }
    }
}
