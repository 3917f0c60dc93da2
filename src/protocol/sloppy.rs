//! Sloppy quorums with hinted handoff, as in Dynamo (DeCandia et al., SOSP 2007) and Riak: where a replica
//! does not answer in time, another node stands in for it, keeps what the replica should hold, and hands it
//! over later. A quorum is so many answers, whoever gives them, of which some may be required to come
//! from the replicas themselves (Riak's PR and PW).
//!
//! Stamps are readings of the coordinator's clock, as in [`lww`](super::lww).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::machine::{Context, Machine, Seat, Slot, Timer};
use super::message::{ClientReply, ClientRequest, Request, RequestId};
use super::replica::Registers;
use super::set::NodeSet;
use super::version::{Stored, Version};
use super::{Configuration, Durability, Key, NodeId, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Message {
    /// What do you hold of this register, for yourself or for this replica?
    Query { op: RequestId, key: Key, owner: NodeId },
    /// This is what I hold.
    Found { op: RequestId, owner: NodeId, stored: Stored },
    /// Hold this, for yourself or for this replica.
    Store { op: RequestId, key: Key, owner: NodeId, stored: Stored },
    /// I hold it.
    Holding { op: RequestId, owner: NodeId },
    /// I have held this for you.
    HandOff { key: Key, stored: Stored },
    /// I have it now.
    Taken { key: Key, version: Version },
}

/// What a node does once a register is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Answer {
    to: NodeId,
    message: Message,
}

/// An operation under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Pending {
    request: RequestId,
    key: Key,
    /// What to store; `None` for a read.
    store: Option<Stored>,
    latest: Stored,
    /// The replicas that have answered, themselves or by somebody who stands in for them.
    answered: NodeSet,
    /// Of those, the ones that answered themselves.
    primaries: NodeSet,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Sloppy {
    registers: Registers<Stored, Answer>,
    /// What is held for others.
    hints: BTreeMap<(NodeId, Key), Stored>,
    /// Who waits for which hint to be on disk.
    waiting: Vec<(Slot, Version, Answer)>,
    pending: Vec<Pending>,
}

/// Replicas that have not answered need somebody to stand in for them.
const STAND_IN: u8 = 0;
/// The client has given up.
const EXPIRE: u8 = 1;
/// Time to hand over what is held for others.
const HAND_OFF: u8 = 2;
/// A replica is given a part of an operation's patience before somebody stands in for it.
const STAND_IN_SHARE: u64 = 20;

const REGISTER: u8 = 0;
const HINT: u8 = 1;

impl Machine for Sloppy {
    type Message = Message;
    /// `None` for a hint that was handed over.
    type Record = Option<Stored>;

    fn start(seat: &Seat, disk: impl Iterator<Item = (Slot, Option<Stored>)>) -> Self {
        let records: Vec<(Slot, Stored)> =
            disk.filter_map(|(slot, record)| Some((slot, record?))).collect();
        let of = |room| records.iter().filter(move |(slot, _)| slot.room == room);
        let registers = of(REGISTER).map(|(slot, stored)| (slot.number as Key, *stored));
        let hint = |(slot, stored): &(Slot, Stored)| {
            (((slot.number >> 32) as NodeId, slot.number as Key), *stored)
        };
        Self {
            registers: Registers::new(&seat.config, registers),
            hints: of(HINT).map(hint).collect(),
            waiting: Vec::new(),
            pending: Vec::new(),
        }
    }

    fn begin(&mut self, cx: &mut Context<'_, Self>) {
        cx.set_timer(cx.patience(), cx.patience(), Timer { kind: HAND_OFF, number: 0 });
    }

    fn request(&mut self, request: ClientRequest, cx: &mut Context<'_, Self>) {
        let store = match request.request {
            Request::Read => None,
            Request::Write(value) => Some(Stored::new(cx.now, request.process, value)),
            _ => {
                cx.reply(request.id, ClientReply::Unavailable);
                return;
            }
        };
        let pending = Pending {
            request: request.id,
            key: request.key,
            store,
            latest: Stored::default(),
            answered: NodeSet::EMPTY,
            primaries: NodeSet::EMPTY,
        };
        for owner in replicas(cx.config(), request.key) {
            cx.send(owner, pending.question(owner));
        }
        self.pending.push(pending);
        let number = request.id.0;
        cx.set_timer(cx.patience() / STAND_IN_SHARE, 0, Timer { kind: STAND_IN, number });
        cx.set_timer(cx.patience(), 0, Timer { kind: EXPIRE, number });
    }

    fn message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        match message {
            Message::Query { op, key, owner } => {
                let hint = self.hints.get(&(owner, key)).copied().unwrap_or_default();
                let stored = self.registers.held(key).max(hint);
                cx.send(from, Message::Found { op, owner, stored });
            }
            Message::Store { op, key, owner, stored } => {
                self.store(
                    Answer { to: from, message: Message::Holding { op, owner } },
                    owner,
                    key,
                    stored,
                    cx,
                );
            }
            Message::HandOff { key, stored } => {
                let message = Message::Taken { key, version: stored.version };
                self.store(Answer { to: from, message }, cx.id(), key, stored, cx);
            }
            Message::Taken { key, version } => self.taken(from, key, version, cx),
            Message::Found { op, owner, stored } => self.answered(op, from, owner, stored, cx),
            Message::Holding { op, owner } => {
                self.answered(op, from, owner, Stored::default(), cx);
            }
        }
    }

    fn persisted(&mut self, slot: Slot, record: Option<Stored>, cx: &mut Context<'_, Self>) {
        let Some(stored) = record else { return };
        let mut say = |answer: Answer| cx.send(answer.to, answer.message);
        if slot.room == REGISTER {
            self.registers.persisted(slot.number as Key, stored, say);
            return;
        }
        self.waiting.retain(|(hint, version, answer)| {
            let is_safe = *hint == slot && *version <= stored.version;
            if is_safe {
                say(*answer);
            }
            !is_safe
        });
    }

    fn timer(&mut self, timer: Timer, cx: &mut Context<'_, Self>) {
        let op = RequestId(timer.number);
        match timer.kind {
            STAND_IN => self.ask_others(op, cx),
            EXPIRE => self.pending.retain(|pending| pending.request != op),
            _ => {
                for ((owner, key), stored) in &self.hints {
                    cx.send(*owner, Message::HandOff { key: *key, stored: *stored });
                }
                cx.set_timer(cx.patience(), cx.patience(), timer);
            }
        }
    }

    fn holds(&self, key: Key) -> Option<Value> {
        self.registers.held(key).value
    }

    fn kind(message: &Message) -> &'static str {
        match message {
            Message::Query { .. } => "query",
            Message::Found { .. } => "found",
            Message::Store { .. } => "store",
            Message::Holding { .. } => "holding",
            Message::HandOff { .. } => "hand-off",
            Message::Taken { .. } => "taken",
        }
    }

    fn is_repair(message: &Message) -> bool {
        matches!(message, Message::HandOff { .. } | Message::Taken { .. })
    }
}

/// The nodes that are to hold a register: so many in the ring, from a place of its own.
fn replicas(config: &Configuration, key: Key) -> impl Iterator<Item = NodeId> + use<> {
    let n = config.n;
    (0..config.replicas).map(move |place| ((key + u32::from(place)) % u32::from(n)) as NodeId)
}

/// The nodes that stand in where those fail, in the order in which they are asked.
fn others(config: &Configuration, key: Key) -> impl Iterator<Item = NodeId> + use<> {
    let n = config.n;
    (config.replicas..n).map(move |place| ((key + u32::from(place)) % u32::from(n)) as NodeId)
}

impl Pending {
    fn question(&self, owner: NodeId) -> Message {
        let (op, key) = (self.request, self.key);
        match self.store {
            None => Message::Query { op, key, owner },
            Some(stored) => Message::Store { op, key, owner, stored },
        }
    }

    fn is_complete(&self, config: &Configuration) -> bool {
        let (needed, primaries) =
            if self.store.is_some() { (config.w, config.pw) } else { (config.r, config.pr) };
        self.answered.len() >= needed && self.primaries.len() >= primaries
    }
}

impl Sloppy {
    /// Holds something for itself or for another.
    fn store(
        &mut self,
        answer: Answer,
        owner: NodeId,
        key: Key,
        stored: Stored,
        cx: &mut Context<'_, Self>,
    ) {
        if owner == cx.id() {
            let stores = self.registers.store(key, &stored, answer);
            if let Some(stored) = stores.persist {
                cx.persist(Slot { room: REGISTER, number: key.into() }, Some(stored));
            }
            if stores.acknowledge {
                cx.send(answer.to, answer.message);
            }
            return;
        }
        let hint = self.hints.entry((owner, key)).or_default();
        *hint = stored.max(*hint);
        let slot = hint_slot(owner, key);
        cx.persist(slot, Some(*hint));
        if cx.config().durability() == Durability::AckBeforeSync {
            cx.send(answer.to, answer.message);
        } else {
            self.waiting.push((slot, stored.version, answer));
        }
    }

    /// A replica has what was held for it.
    fn taken(&mut self, from: NodeId, key: Key, version: Version, cx: &mut Context<'_, Self>) {
        if self.hints.get(&(from, key)).is_some_and(|hint| hint.version == version) {
            self.hints.remove(&(from, key));
            cx.persist(hint_slot(from, key), None);
        }
    }

    fn answered(
        &mut self,
        op: RequestId,
        from: NodeId,
        owner: NodeId,
        stored: Stored,
        cx: &mut Context<'_, Self>,
    ) {
        let Some(place) = self.pending.iter().position(|pending| pending.request == op) else {
            return;
        };
        let pending = &mut self.pending[place];
        pending.answered.insert(owner);
        if from == owner {
            pending.primaries.insert(owner);
        }
        pending.latest = pending.latest.max(stored);
        if pending.is_complete(cx.config()) {
            let reply = match pending.store {
                Some(_) => ClientReply::Written,
                None => ClientReply::Value(pending.latest.value),
            };
            cx.reply(op, reply);
            self.pending.swap_remove(place);
        }
    }

    /// Asks others in the place of the replicas that have not answered.
    fn ask_others(&mut self, op: RequestId, cx: &mut Context<'_, Self>) {
        let Some(pending) = self.pending.iter().find(|pending| pending.request == op) else {
            return;
        };
        let answered = pending.answered;
        let silent = replicas(cx.config(), pending.key).filter(|owner| !answered.contains(*owner));
        for (owner, other) in silent.zip(others(cx.config(), pending.key)) {
            cx.send(other, pending.question(owner));
        }
    }
}

fn hint_slot(owner: NodeId, key: Key) -> Slot {
    Slot { room: HINT, number: u64::from(owner) << 32 | u64::from(key) }
}
