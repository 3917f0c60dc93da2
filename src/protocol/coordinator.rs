//! A coordinator: carries out clients' requests by asking replicas and counting their answers.

use std::collections::VecDeque;

use super::message::{
    ClientReply, ClientRequest, Message, OpId, Request, RequestId, Stored, Version,
};
use super::{Configuration, Key, NodeId, Protocol, Value};
use crate::time::Nanos;

/// What a coordinator wants done.
pub(super) trait Outbox {
    /// Send a message to every replica.
    fn broadcast(&mut self, message: Message);
    /// Answer a client.
    fn reply(&mut self, request: RequestId, reply: ClientReply);
}

/// An operation under way.
#[derive(Debug)]
struct Pending {
    serial: u64,
    request: RequestId,
    key: Key,
    phase: Phase,
    /// The replicas that answered in this phase, as bits.
    answered: u64,
    /// The latest version found so far.
    latest: Stored,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Asks what replicas hold, and then goes on to this.
    Query(Goal),
    /// Stores a value, and then answers this.
    Store(ClientReply),
}

#[derive(Debug, Clone, Copy)]
enum Goal {
    Read,
    Write { writer: u32, value: Value },
}

/// The state of a coordinator. It is lost in a crash; its operations then remain unanswered.
#[derive(Debug)]
pub(super) struct Coordinator {
    config: Configuration,
    /// How long an operation is worth remembering.
    patience: Nanos,
    next_serial: u64,
    slots: Vec<Option<Pending>>,
    free: Vec<u32>,
    /// Operations by the time at which they are forgotten.
    expiry: VecDeque<(Nanos, OpId)>,
}

impl Coordinator {
    /// A coordinator in a node that was started for the `incarnation`-th time.
    pub(super) fn new(config: Configuration, patience: Nanos, incarnation: u32) -> Self {
        Self {
            config,
            patience,
            next_serial: u64::from(incarnation) << 40,
            slots: Vec::new(),
            free: Vec::new(),
            expiry: VecDeque::new(),
        }
    }

    /// Takes on a client's request. `now` is the node's clock: by it `lww` stamps writes.
    pub(super) fn begin(&mut self, now: Nanos, request: &ClientRequest, out: &mut impl Outbox) {
        self.forget_expired(now);
        let key = request.key;
        let (phase, latest) = match (request.request, self.config.protocol) {
            (Request::Read, _) => (Phase::Query(Goal::Read), Stored::default()),
            (Request::Write(value), Protocol::Abd) => {
                let goal = Goal::Write { writer: request.process, value };
                (Phase::Query(goal), Stored::default())
            }
            (Request::Write(value), Protocol::Lww) => {
                let version = Version { counter: now, writer: request.process };
                (Phase::Store(ClientReply::Written), Stored { version, value: Some(value) })
            }
        };
        let serial = self.next_serial;
        self.next_serial += 1;
        let pending = Pending { serial, request: request.id, key, phase, answered: 0, latest };
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        if slot as usize == self.slots.len() {
            self.slots.push(None);
        }
        self.slots[slot as usize] = Some(pending);
        let op = OpId { serial, slot };
        self.expiry.push_back((now.saturating_add(self.patience), op));
        out.broadcast(match phase {
            Phase::Query(_) => Message::Query { op, key },
            Phase::Store(_) => Message::Store { op, key, stored: latest },
        });
    }

    /// A replica says what it holds.
    pub(super) fn found(&mut self, from: NodeId, op: OpId, stored: Stored, out: &mut impl Outbox) {
        let config = self.config;
        let Some(pending) = self.pending(op) else { return };
        let Phase::Query(goal) = pending.phase else { return };
        let latest = pending.latest.max(stored);
        pending.latest = latest;
        let needed = match goal {
            Goal::Read => config.r,
            // The query of a write must meet the writes before it.
            Goal::Write { .. } => config.w,
        };
        if !pending.count(from, needed) {
            return;
        }
        let (store, reply) = match goal {
            Goal::Read => {
                let reply = ClientReply::Value(latest.value);
                // Before the first write there is nothing to write back.
                if !config.write_back || latest.value.is_none() {
                    self.finish(op, reply, out);
                    return;
                }
                (latest, reply)
            }
            Goal::Write { writer, value } => {
                let version = Version { counter: latest.version.counter + 1, writer };
                (Stored { version, value: Some(value) }, ClientReply::Written)
            }
        };
        pending.phase = Phase::Store(reply);
        pending.answered = 0;
        let key = pending.key;
        out.broadcast(Message::Store { op, key, stored: store });
    }

    /// A replica says that it holds what it was given.
    pub(super) fn holding(&mut self, from: NodeId, op: OpId, out: &mut impl Outbox) {
        let needed = self.config.w;
        let Some(pending) = self.pending(op) else { return };
        let Phase::Store(reply) = pending.phase else { return };
        if pending.count(from, needed) {
            self.finish(op, reply, out);
        }
    }

    /// The operation, unless it is answered or forgotten.
    fn pending(&mut self, op: OpId) -> Option<&mut Pending> {
        let slot = self.slots.get_mut(op.slot as usize)?;
        slot.as_mut().filter(|pending| pending.serial == op.serial)
    }

    fn finish(&mut self, op: OpId, reply: ClientReply, out: &mut impl Outbox) {
        if let Some(pending) = self.forget(op) {
            out.reply(pending.request, reply);
        }
    }

    fn forget(&mut self, op: OpId) -> Option<Pending> {
        self.pending(op)?;
        self.free.push(op.slot);
        self.slots[op.slot as usize].take()
    }

    /// Operations without a quorum stay unanswered; their clients have long given up.
    fn forget_expired(&mut self, now: Nanos) {
        while let Some((at, op)) = self.expiry.front().copied() {
            if at > now {
                break;
            }
            self.expiry.pop_front();
            self.forget(op);
        }
    }
}

impl Pending {
    /// Counts an answer. True if it completes the quorum.
    fn count(&mut self, from: NodeId, needed: u16) -> bool {
        self.answered |= 1 << from;
        self.answered.count_ones() >= u32::from(needed)
    }
}
