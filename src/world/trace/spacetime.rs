//! A recording as a diagram of space and time shows it: who sent what to whom, when it arrived or was lost,
//! which node held what of which register, and what clients asked and learned.

use std::collections::{BTreeMap, VecDeque};
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
    /// Which node held what of the registers asked for from when on, in the order of time. Nothing is said
    /// of a register until it is written, nor of protocols whose replicas hold something else than a value.
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
    /// The operation that made a node send it, by way of other messages and of the disk; `None` if a timer
    /// or a start did.
    pub serves: Option<usize>,
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
    /// When the node answered; `None` if it never did while the client waited.
    pub answered: Option<Nanos>,
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
    /// The message that brought it; `None` if it came otherwise.
    pub brought_by: Option<usize>,
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
    /// It stopped, and its disk was emptied.
    Wiped,
    /// It started again.
    Restarted,
    /// Its clock was set so much ahead, in nanoseconds.
    ClockSet(i64),
}

impl Recording {
    /// The diagram, of a cluster of this configuration, with what its nodes hold of these registers.
    ///
    /// # Errors
    /// If this is no recording of one.
    pub fn spacetime(
        &self,
        config: &Arc<Configuration>,
        keys: &[Key],
    ) -> Result<SpaceTime, Impossible> {
        let mut draftsman = Draftsman::new(Stage::with_patience(config, self.patience), keys);
        for moment in &self.moments {
            draftsman.draw(moment)?;
        }
        let end = draftsman.stage.now();
        Ok(SpaceTime { faults: self.faults.clone(), end, ..draftsman.drawn })
    }
}

/// Follows a recording on a stage.
struct Draftsman<'k> {
    stage: Stage,
    drawn: SpaceTime,
    /// Which of the messages drawn is at each place of the wire.
    on_wire: Vec<usize>,
    /// The operation under way of each process.
    under_way: BTreeMap<u32, usize>,
    /// The operations whose requests are on their way.
    asked: BTreeMap<RequestId, usize>,
    held: BTreeMap<(NodeId, Key), Value>,
    keys: &'k [Key],
    /// For each node, the operations behind what it has written and not synced.
    writing: Vec<VecDeque<Option<usize>>>,
}

/// Why a step happens.
#[derive(Debug, Clone, Copy, Default)]
struct Cause {
    /// The operation behind it.
    serves: Option<usize>,
    /// The message that arrives.
    message: Option<usize>,
}

impl<'k> Draftsman<'k> {
    fn new(stage: Stage, keys: &'k [Key]) -> Self {
        let writing = vec![VecDeque::new(); usize::from(stage.node_count())];
        let mut draftsman = Self {
            stage,
            drawn: SpaceTime::default(),
            on_wire: Vec::new(),
            under_way: BTreeMap::new(),
            asked: BTreeMap::new(),
            held: BTreeMap::new(),
            keys,
            writing,
        };
        draftsman.draw_sent(None);
        draftsman
    }

    fn draw(&mut self, moment: &Moment) -> Result<(), Impossible> {
        let Moment { at, step, loss } = moment;
        self.stage.pass(at.saturating_sub(self.stage.now()));
        let place = self.place_on_wire(step);
        let cause = self.cause(step, place);
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
            Step::Deliver(_) => self.end(place, *at, Ending::Arrived),
            Step::Drop(_) => self.end(place, *at, Ending::Lost(loss.unwrap_or(Loss::Chance))),
            Step::Sync { node } => self.mark(*at, *node, Incident::Synced),
            Step::Timer { node, timer } => self.mark(*at, *node, Incident::Timer(*timer)),
            Step::Crash { node, lose_unsynced } => {
                self.mark(*at, *node, Incident::Crashed(*lose_unsynced));
                self.writing[usize::from(*node)].clear();
            }
            Step::Wipe { node } => {
                self.mark(*at, *node, Incident::Wiped);
                self.writing[usize::from(*node)].clear();
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
                let operation = &mut self.drawn.operations[operation];
                operation.ended = Some((*at, response));
                if response.is_of_node() {
                    operation.answered.get_or_insert(*at);
                }
            }
        }
        let serves = match step {
            Step::Begin { .. } => self.drawn.operations.len().checked_sub(1),
            _ => cause.serves,
        };
        self.draw_answered();
        self.draw_sent(serves);
        self.draw_written(serves);
        self.draw_held(cause.message);
        Ok(())
    }

    /// The place on the wire of the message that a step is about.
    fn place_on_wire(&self, step: &Step) -> Option<usize> {
        match step {
            Step::Deliver(envelope) | Step::Drop(envelope) | Step::Duplicate(envelope) => {
                self.stage.wire().iter().position(|other| other == envelope)
            }
            _ => None,
        }
    }

    /// Why a step is about to happen, with the place of its message on the wire.
    fn cause(&mut self, step: &Step, place: Option<usize>) -> Cause {
        let message = place.map(|place| self.on_wire[place]);
        match step {
            Step::Arrive { request } => {
                Cause { serves: self.asked.get(request).copied(), message: None }
            }
            Step::Sync { node } => {
                let serves = self.writing[usize::from(*node)].pop_front().flatten();
                Cause { serves, message: None }
            }
            _ => {
                let serves = message.and_then(|message| self.drawn.messages[message].serves);
                Cause { serves, message }
            }
        }
    }

    fn end(&mut self, place: Option<usize>, at: Nanos, ending: Ending) {
        if let Some(place) = place {
            let message = self.on_wire.remove(place);
            self.drawn.messages[message].ended = Some((at, ending));
        }
    }

    fn begin(&mut self, process: u32, node: NodeId, operation: Operation, arrived: Option<Nanos>) {
        let begun = self.stage.now();
        self.under_way.insert(process, self.drawn.operations.len());
        let asked = Asked { process, node, operation, begun, arrived, answered: None, ended: None };
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
    fn draw_sent(&mut self, serves: Option<usize>) {
        let sent = self.stage.now();
        for Envelope { from, to, message } in &self.stage.wire()[self.on_wire.len()..] {
            self.on_wire.push(self.drawn.messages.len());
            let kind = message.kind();
            let ended = None;
            self.drawn.messages.push(Carried { from: *from, to: *to, kind, sent, ended, serves });
        }
    }

    /// What nodes have written that they had not before: it is at the end.
    fn draw_written(&mut self, serves: Option<usize>) {
        for (node, writing) in (0..).zip(&mut self.writing) {
            writing.resize(self.stage.unsynced(node), serves);
        }
    }

    /// Answers that are on their way to their clients, or there.
    fn draw_answered(&mut self) {
        let now = self.stage.now();
        let answered = self.stage.answered().filter_map(|process| self.under_way.get(&process));
        for operation in answered {
            self.drawn.operations[*operation].answered.get_or_insert(now);
        }
    }

    /// What nodes hold that they did not before.
    fn draw_held(&mut self, brought_by: Option<usize>) {
        let from = self.stage.now();
        for node in 0..self.stage.node_count() {
            for key in self.keys {
                let value = self.stage.node(node).and_then(|node| node.holds(*key));
                let before = match value {
                    Some(value) => self.held.insert((node, *key), value),
                    None => self.held.remove(&(node, *key)),
                };
                if value != before {
                    let holding = Holding { from, node, key: *key, value, brought_by };
                    self.drawn.holdings.push(holding);
                }
            }
        }
    }
}
