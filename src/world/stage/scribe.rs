//! Steps written down as the lines of a script.

use std::sync::Arc;

use super::{Cue, Envelope, Fate, Impossible, Stage, Step, Which};
use crate::protocol::{Configuration, NodeId, RequestId, Timer};
use crate::time::Nanos;
use crate::world::asker;

/// Takes steps, and writes each down as people would say it at that moment.
pub struct Scribe {
    stage: Stage,
    clients: Vec<String>,
    cues: Vec<Cue>,
}

impl Scribe {
    /// On a stage where nothing has happened yet, with these clients. A process is that of the client with
    /// its number modulo the number of clients.
    pub fn new(config: &Arc<Configuration>, patience: Nanos, clients: Vec<String>) -> Self {
        let mut cues = vec![Cue::Clients(clients.clone())];
        cues.extend((patience < Nanos::MAX).then_some(Cue::Patience(patience)));
        Self { stage: Stage::with_patience(config, patience), clients, cues }
    }

    /// From now on steps take this long.
    pub fn pace(&mut self, time: Nanos) {
        self.cues.push(Cue::Pace(time));
    }

    /// Time passes, and the script says so.
    pub fn wait(&mut self, time: Nanos) {
        self.cues.push(Cue::Wait(time));
        self.stage.pass(time);
    }

    /// Time passes, and the script need not say so.
    pub fn pass(&mut self, time: Nanos) {
        self.stage.pass(time);
    }

    /// What is on the stage.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Takes a step and writes it down. Nothing is written if it is impossible.
    pub fn write(&mut self, step: &Step) -> Result<(), Impossible> {
        let cue = self.cue(step);
        self.stage.take(step)?;
        self.cues.push(cue);
        Ok(())
    }

    /// What was written.
    pub fn cues(self) -> Vec<Cue> {
        self.cues
    }

    fn cue(&self, step: &Step) -> Cue {
        match step {
            Step::Begin { process, node, operation } => Cue::Begin {
                client: self.client(*process),
                operation: *operation,
                node: *node,
                later: false,
            },
            Step::Ask { process, node, operation } => Cue::Begin {
                client: self.client(*process),
                operation: *operation,
                node: *node,
                later: true,
            },
            Step::Arrive { request } => self.arrive(*request),
            Step::Answer { process } => Cue::Answer { client: self.client(*process) },
            Step::Disconnect { process } => Cue::Disconnect { client: self.client(*process) },
            Step::Deliver(envelope) => self.carry(Fate::Deliver, envelope),
            Step::Drop(envelope) => self.carry(Fate::Drop, envelope),
            Step::Duplicate(envelope) => self.carry(Fate::Duplicate, envelope),
            Step::Sync { node } => {
                Cue::Sync { nodes: vec![*node], once: self.stage.unsynced(*node) > 1 }
            }
            Step::Timer { node, timer } => self.timer(*node, *timer),
            Step::Crash { node, lose_unsynced } => {
                Cue::Crash { nodes: vec![*node], lose_unsynced: *lose_unsynced }
            }
            Step::Wipe { node } => Cue::Wipe(vec![*node]),
            Step::Restart { node } => Cue::Restart(vec![*node]),
            Step::SetClock { node, offset } => Cue::SetClock { node: *node, offset: *offset },
            Step::GiveUp { process } => Cue::GiveUp { client: self.client(*process) },
        }
    }

    fn client(&self, process: u32) -> String {
        self.clients[process as usize % self.clients.len()].clone()
    }

    fn arrive(&self, request: RequestId) -> Cue {
        let count = self.clients.len() as u32;
        let of = |request: RequestId| asker(request) % count;
        let own = self.stage.requests().filter(|other| of(*other) == of(request));
        let before = own.take_while(|other| *other != request).count();
        Cue::Arrive { client: self.client(asker(request)), number: before + 1 }
    }

    /// A timer, which need not be named if it is the only one.
    fn timer(&self, node: NodeId, timer: Timer) -> Cue {
        let set = self.stage.timers().iter().filter(|(other, _)| *other == node).count();
        Cue::Timer { node, timer: (set != 1).then_some(timer) }
    }

    /// A message by its link, its kind, and its place among those of its kind.
    fn carry(&self, fate: Fate, envelope: &Envelope) -> Cue {
        let alike = self.stage.wire().iter().filter(|other| {
            (other.from, other.to) == (envelope.from, envelope.to)
                && other.message.kind() == envelope.message.kind()
        });
        let before = alike.take_while(|other| *other != envelope).count();
        Cue::Carry {
            fate,
            which: Which {
                kind: Some(envelope.message.kind().to_owned()),
                number: Some(before + 1),
            },
            from: envelope.from,
            to: vec![envelope.to],
        }
    }
}
