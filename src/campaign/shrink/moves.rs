//! The steps of a run under names that still mean the same when other steps are left out: a message is not
//! what it says, but the first `store` to B that this step caused. What was caused by a step that is left
//! out is then left out by itself.

use std::collections::BTreeMap;

use crate::client::{Operation, classify};
use crate::protocol::{NodeId, RequestId, Timer};
use crate::time::Nanos;
use crate::world::Happening;
use crate::world::stage::{Envelope, Fate, Impossible, Stage, Step};
use quorate_checker::EventKind;

/// The place of a step in the run that is shrunk.
pub(super) type Id = u32;

/// What was there before the first step.
const BEGINNING: Id = Id::MAX;

/// A step, with its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) id: Id,
    pub(super) at: Nanos,
    pub(super) deed: Deed,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    /// A client asks; `direct` if nothing lies between it and its node.
    Ask { client: u32, node: NodeId, operation: Operation, direct: bool },
    /// The request of that step arrives.
    Arrive { ask: Id },
    /// What was asked in that step ends for its client.
    End { ask: Id, how: End },
    /// Something becomes of a message.
    Carry { fate: Fate, name: Name, link: (NodeId, NodeId) },
    /// A timer goes off.
    Timer { node: NodeId, name: Name },
    /// Something that needs no other name.
    Plain(Step),
}

/// How an operation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Answer,
    Disconnect,
    GiveUp,
}

/// What a message or a timer is called: by the step that it comes from, its kind, and its place among
/// those alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Name {
    cause: Id,
    kind: Kind,
    nth: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Message { to: NodeId, kind: &'static str },
    Timer(u8),
}

/// A stage on which everything has its name.
pub(super) struct Named {
    pub(super) stage: Stage,
    client_count: u32,
    /// Of what is on the wire.
    wire: Vec<Name>,
    /// Of the timers that are set, in their order.
    timers: Vec<((NodeId, Timer), Name)>,
    /// Of clients, the numbers of their present processes, and what they asked for last.
    clients: Vec<(u32, Option<(Id, Operation)>)>,
    /// The requests on their way.
    requests: BTreeMap<Id, RequestId>,
}

impl Named {
    pub(super) fn new(stage: Stage, client_count: u32) -> Self {
        let clients = (0..client_count).map(|process| (process, None)).collect();
        let (wire, timers, requests) = (Vec::new(), Vec::new(), BTreeMap::new());
        let mut named = Self { stage, client_count, wire, timers, clients, requests };
        named.name_new(BEGINNING);
        named
    }

    /// What a step is called that can be taken now.
    pub(super) fn deed(&self, step: &Step) -> Deed {
        let ask = |process: u32| self.ask(process % self.client_count);
        let end = |process, how| Deed::End { ask: ask(process), how };
        match step {
            Step::Begin { process, node, operation } => {
                self.asked(*process, *node, *operation, true)
            }
            Step::Ask { process, node, operation } => {
                self.asked(*process, *node, *operation, false)
            }
            Step::Arrive { request } => {
                let found = self.requests.iter().find(|(_, other)| *other == request);
                Deed::Arrive { ask: found.map_or(BEGINNING, |(ask, _)| *ask) }
            }
            Step::Answer { process } => end(*process, End::Answer),
            Step::Disconnect { process } => end(*process, End::Disconnect),
            Step::GiveUp { process } => end(*process, End::GiveUp),
            Step::Deliver(envelope) => self.carry(Fate::Deliver, envelope, step),
            Step::Drop(envelope) => self.carry(Fate::Drop, envelope, step),
            Step::Duplicate(envelope) => self.carry(Fate::Duplicate, envelope, step),
            Step::Timer { node, timer } => {
                let named = self.timers.iter().find(|(set, _)| *set == (*node, *timer));
                named.map_or(Deed::Plain(step.clone()), |(_, name)| Deed::Timer {
                    node: *node,
                    name: *name,
                })
            }
            Step::Sync { .. }
            | Step::Crash { .. }
            | Step::Wipe { .. }
            | Step::Restart { .. }
            | Step::SetClock { .. } => Deed::Plain(step.clone()),
        }
    }

    fn asked(&self, process: u32, node: NodeId, operation: Operation, direct: bool) -> Deed {
        Deed::Ask { client: process % self.client_count, node, operation, direct }
    }

    fn carry(&self, fate: Fate, envelope: &Envelope, step: &Step) -> Deed {
        let place = self.stage.wire().iter().position(|other| other == envelope);
        place.map_or(Deed::Plain(step.clone()), |place| Deed::Carry {
            fate,
            name: self.wire[place],
            link: (envelope.from, envelope.to),
        })
    }

    fn ask(&self, client: u32) -> Id {
        self.clients[client as usize].1.map_or(BEGINNING, |(ask, _)| ask)
    }

    /// The step of this name, if there can be one now.
    pub(super) fn step(&self, deed: &Deed) -> Option<Step> {
        Some(match deed {
            Deed::Ask { client, node, operation, direct } => {
                let process = self.clients[*client as usize].0;
                let (node, operation) = (*node, *operation);
                match direct {
                    true => Step::Begin { process, node, operation },
                    false => Step::Ask { process, node, operation },
                }
            }
            Deed::Arrive { ask } => Step::Arrive { request: *self.requests.get(ask)? },
            Deed::End { ask, how } => {
                let is_it = |client: &&(u32, Option<(Id, Operation)>)| {
                    client.1.is_some_and(|(other, _)| other == *ask)
                };
                let process = self.clients.iter().find(is_it)?.0;
                match how {
                    End::Answer => Step::Answer { process },
                    End::Disconnect => Step::Disconnect { process },
                    End::GiveUp => Step::GiveUp { process },
                }
            }
            Deed::Carry { fate, name, .. } => {
                let place = self.wire.iter().position(|other| other == name)?;
                let envelope = self.stage.wire()[place].clone();
                match fate {
                    Fate::Deliver => Step::Deliver(envelope),
                    Fate::Drop => Step::Drop(envelope),
                    Fate::Duplicate => Step::Duplicate(envelope),
                }
            }
            Deed::Timer { name, .. } => {
                let ((node, timer), _) = self.timers.iter().find(|(_, other)| other == name)?;
                Step::Timer { node: *node, timer: *timer }
            }
            Deed::Plain(step) => step.clone(),
        })
    }

    /// Takes a step, and names what comes of it after `id`. Returns what clients learn, each with what it
    /// had asked for.
    pub(super) fn take(
        &mut self,
        id: Id,
        step: &Step,
    ) -> Result<Vec<(Happening, Operation)>, Impossible> {
        let leaves = match step {
            Step::Deliver(envelope) | Step::Drop(envelope) => {
                self.stage.wire().iter().position(|other| other == envelope)
            }
            _ => None,
        };
        let happenings = self.stage.take(step)?;
        if let Some(place) = leaves {
            self.wire.remove(place);
        }
        match step {
            Step::Begin { process, operation, .. } | Step::Ask { process, operation, .. } => {
                self.clients[(process % self.client_count) as usize].1 = Some((id, *operation));
                if matches!(step, Step::Ask { .. }) {
                    self.requests
                        .extend(self.latest_request(*process).map(|request| (id, request)));
                }
            }
            Step::Arrive { request } => self.requests.retain(|_, other| other != request),
            _ => {}
        }
        self.name_new(id);
        Ok(happenings.into_iter().filter_map(|happening| self.learn(happening)).collect())
    }

    /// The request that a process has just made, unless it was refused.
    fn latest_request(&self, process: u32) -> Option<RequestId> {
        let latest = self.stage.requests().last()?;
        let is_new = !self.requests.values().any(|other| *other == latest);
        (is_new && self.stage.asked(process).is_some()).then_some(latest)
    }

    /// A client learns something. After an unknown outcome it goes on under a new number.
    fn learn(&mut self, happening: Happening) -> Option<(Happening, Operation)> {
        let client = &mut self.clients[(happening.process % self.client_count) as usize];
        let (_, operation) = client.1.take()?;
        if classify(&operation, happening.response).kind == EventKind::Info {
            client.0 += self.client_count;
        }
        Some((happening, operation))
    }

    /// Names what has come onto the wire, and the timers that were set.
    fn name_new(&mut self, cause: Id) {
        let new = &self.stage.wire()[self.wire.len()..];
        let first = self.wire.len();
        for Envelope { to, message, .. } in new {
            let kind = Kind::Message { to: *to, kind: message.kind() };
            let alike = self.wire[first..].iter().filter(|name| name.kind == kind).count();
            self.wire.push(Name { cause, kind, nth: alike as u32 });
        }
        let set = self.stage.timers();
        if self.timers.len() == set.len() && self.timers.iter().map(|(timer, _)| timer).eq(set) {
            return;
        }
        let mut before = std::mem::take(&mut self.timers).into_iter().peekable();
        let mut new: Vec<Kind> = Vec::new();
        for timer in set {
            // Both are in the same order: what is missing went off or was forgotten.
            while before.next_if(|(other, _)| other < timer).is_some() {}
            let named = before.next_if(|(other, _)| other == timer).unwrap_or_else(|| {
                let kind = Kind::Timer(timer.1.kind);
                let nth = new.iter().filter(|other| **other == kind).count() as u32;
                new.push(kind);
                (*timer, Name { cause, kind, nth })
            });
            self.timers.push(named);
        }
    }
}
