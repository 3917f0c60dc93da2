//! Protocols that carry out an operation in phases: in each, the node that a client asked puts one
//! question to replicas and goes on when enough of them have answered. What such a protocol adds is
//! which question, how many are enough, and what then ([`Phased`]); replicas, messages and the
//! gathering of quorums are here.

mod asking;
mod coordinator;
mod message;

use std::collections::VecDeque;
use std::fmt::Debug;
use std::hash::Hash;

use super::choice::Asks;
use super::entropy::{self, Entropy};
use super::machine::{Context, Machine, Seat, Slot, Timer};
use super::message::{ClientReply, ClientRequest, Request, RequestId};
use super::registry::Registered;
use super::replica::{Held, Registers};
use super::set::NodeSet;
use super::{Configuration, Key, Mutant, NodeId, Value};
use crate::time::Nanos;
use asking::{Need, Part};
use message::{Message, OpId, Question};

/// What distinguishes one protocol of phases from another.
pub(super) trait Phased: Clone + Debug + Eq + Hash {
    /// What a replica holds of a register.
    type Held: Held;
    /// What an operation is after.
    type Goal: Clone + Debug + Eq + Hash;

    /// A node that starts.
    fn start(seat: &Seat) -> Self;
    /// The first phase of a read.
    fn read(&mut self) -> (Self::Goal, Phase<Self::Held>);
    /// The first phase of a write. `now` is the node's own clock.
    fn write(&mut self, now: Nanos, writer: u32, value: Value) -> (Self::Goal, Phase<Self::Held>);
    /// The first phase of what changes an object that is no register; `None` if there are no such objects.
    fn change(&mut self, _key: Key, _request: Request) -> Option<(Self::Goal, Phase<Self::Held>)> {
        None
    }
    /// What to do after one more answer.
    fn go_on(
        &mut self,
        config: &Configuration,
        goal: &mut Self::Goal,
        gathered: &Gathered<Self::Held>,
    ) -> Next<Self::Held>;
}

/// A question to all replicas.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Phase<H> {
    /// What do you hold of this register?
    Query,
    /// The same, and all but the node itself leave out the value.
    Digest,
    /// Hold this.
    Store(H),
}

/// What a coordinator does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next<H> {
    /// Wait for more answers.
    Wait,
    /// Go on to another phase.
    Phase(Phase<H>),
    /// Answer the client.
    Reply(ClientReply),
    /// Answer the client, and let those replicas that lag behind have this.
    ReplyAndRepair(ClientReply, H),
}

/// The answers of a phase.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Gathered<H> {
    /// Who answered.
    pub(super) nodes: NodeSet,
    /// Everything that was found, taken together.
    pub(super) merged: H,
    /// Who holds what, of those that were asked.
    pub(super) found: Vec<(NodeId, H)>,
    need: Need,
    part: Part,
}

impl<H> Gathered<H> {
    /// Whether these answers are enough: a read quorum for the query of a read, else a write quorum, as far as
    /// the configuration knows no other rule.
    pub(super) fn is_enough(&self, config: &Configuration) -> bool {
        asking::is_enough(config, self.need, self.part, self.nodes)
    }
}

/// So often within an operation's patience replicas compare what they hold, at least.
const COMPARISONS: u64 = 4;
/// Who does not answer within this share of an operation's patience is suspected of being down.
const SUSPICION_SHARE: u64 = 20;

/// Time to compare.
const COMPARE: u8 = 0;
/// Those who have not answered a phase are late.
const LATE: u8 = 1;

/// An operation under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Pending<P: Phased> {
    serial: u64,
    request: RequestId,
    key: Key,
    is_write: bool,
    goal: P::Goal,
    phase: Phase<P::Held>,
    /// Counts phases.
    phases: u32,
    gathered: Gathered<P::Held>,
}

impl<H> Phase<H> {
    fn question(&self) -> Question {
        match self {
            Self::Digest => Question::Digest,
            Self::Query => Question::Query,
            Self::Store(_) => Question::Store,
        }
    }
}

/// The machine of a protocol of phases: a replica and a coordinator. The operations of the coordinator
/// are lost in a crash and then remain unanswered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Phases<P: Phased> {
    protocol: P,
    registers: Registers<P::Held, (NodeId, OpId)>,
    /// What it holds in short, where replicas compare that.
    entropy: Option<Entropy>,
    /// Who is suspected of being down.
    suspects: NodeSet,
    next_serial: u64,
    slots: Vec<Option<Pending<P>>>,
    free: Vec<u32>,
    /// Operations by the time at which they are forgotten.
    expiry: VecDeque<(Nanos, OpId)>,
}

impl<P: Phased> Machine for Phases<P>
where
    Self: Registered,
{
    type Message = Message<P::Held>;
    type Record = P::Held;

    const NODES_ARE_ALIKE: bool = true;

    fn start(seat: &Seat, disk: impl Iterator<Item = (Slot, P::Held)>) -> Self {
        let disk: Vec<(Key, P::Held)> =
            disk.map(|(slot, held)| (slot.number as Key, held)).collect();
        let keys: Vec<Key> = disk.iter().map(|(key, _)| *key).collect();
        let registers = Registers::new(&seat.config, disk.into_iter());
        let entropy = seat.config.anti_entropy.then(|| {
            let mut entropy = Entropy::default();
            for key in keys {
                entropy.changed(key, &registers.held(key));
            }
            entropy
        });
        Self {
            protocol: P::start(seat),
            registers,
            entropy,
            suspects: NodeSet::EMPTY,
            next_serial: if seat.config.is(Mutant::SerialsStartAnew) {
                0
            } else {
                u64::from(seat.incarnation) << 40
            },
            slots: Vec::new(),
            free: Vec::new(),
            expiry: VecDeque::new(),
        }
    }

    fn begin(&mut self, cx: &mut Context<'_, Self>) {
        if self.entropy.is_some() {
            let after = cx.patience() / COMPARISONS;
            cx.set_timer(after, after, Timer { kind: COMPARE, number: 0 });
        }
    }

    fn request(&mut self, request: ClientRequest, cx: &mut Context<'_, Self>) {
        self.forget_expired(cx.now);
        let first = match request.request {
            Request::Read => Some(self.protocol.read()),
            Request::Write(value) => Some(self.protocol.write(cx.now, request.process, value)),
            // Registers alone cannot reach the consensus that takes a compare-and-set.
            other => self.protocol.change(request.key, other),
        };
        let Some((goal, phase)) = first else {
            cx.reply(request.id, ClientReply::Unavailable);
            return;
        };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32 - 1
        });
        let op = OpId { serial: self.next_serial, slot };
        self.next_serial += 1;
        self.slots[slot as usize] = Some(Pending {
            serial: op.serial,
            request: request.id,
            key: request.key,
            is_write: request.request != Request::Read,
            goal,
            phase: Phase::Query,
            phases: 0,
            gathered: Gathered::default(),
        });
        if let Some(at) = cx.now.checked_add(cx.patience()) {
            self.expiry.push_back((at, op));
        }
        self.ask(op, phase, cx);
    }

    fn message(&mut self, from: NodeId, message: Self::Message, cx: &mut Context<'_, Self>) {
        self.suspects = self.suspects.without(from);
        match message {
            Message::Query { op, .. } if cx.config().is_liar(cx.id()) => {
                cx.send(from, Message::Found { op, held: P::Held::lie(cx.config().lies) });
            }
            Message::Store { op, .. } | Message::Repair { op, .. }
                if cx.config().is_liar(cx.id()) =>
            {
                cx.send(from, Message::Holding { op });
            }
            Message::Query { op, key } => cx.send(from, self.found(op, key)),
            Message::Digest { op, key } => cx.send(from, self.digested(op, key)),
            Message::Store { op, key, mut held } | Message::Repair { op, key, mut held } => {
                if cx.config().is_witness(cx.id()) {
                    held = held.without_value();
                }
                let stores = self.registers.store(key, &held, (from, op));
                self.keep(key, stores.persist, cx);
                if stores.acknowledge {
                    cx.send(from, Message::Holding { op });
                }
            }
            Message::Found { op, held } => {
                self.answered(op, Question::Query, from, Some(held), cx);
            }
            Message::Digested { op, held } => {
                self.answered(op, Question::Digest, from, Some(held), cx);
            }
            Message::Holding { op } => self.answered(op, Question::Store, from, None, cx),
            Message::Entropy(message) => self.compare(from, message, cx),
        }
    }

    fn timer(&mut self, timer: Timer, cx: &mut Context<'_, Self>) {
        if timer.kind == LATE {
            self.late(timer, cx);
            return;
        }
        let Some(entropy) = &mut self.entropy else { return };
        if let Some(peer) = entropy.next_peer(cx.id(), cx.config().n) {
            cx.send(peer, Message::Entropy(entropy.begin()));
        }
        let after = cx.patience() / COMPARISONS;
        cx.set_timer(after, after, timer);
    }

    fn persisted(&mut self, slot: Slot, held: P::Held, cx: &mut Context<'_, Self>) {
        self.registers.persisted(slot.number as Key, held, |(from, op)| {
            cx.send(from, Message::Holding { op });
        });
    }

    fn holds(&self, key: Key) -> Option<Value> {
        self.registers.held(key).value()
    }

    fn kind(message: &Self::Message) -> &'static str {
        message.kind()
    }

    fn is_repair(message: &Self::Message) -> bool {
        matches!(message, Message::Repair { .. } | Message::Entropy(_))
    }

    /// Whoever is told to hold what makes no difference any more has nothing to do but to say so.
    fn answer(&self, message: &Self::Message) -> Option<Self::Message> {
        match message {
            Message::Query { op, key } => Some(self.found(*op, *key)),
            Message::Digest { op, key } => Some(self.digested(*op, *key)),
            Message::Store { op, key, held } | Message::Repair { op, key, held } => {
                self.registers.is_settled(*key, held).then_some(Message::Holding { op: *op })
            }
            Message::Found { .. }
            | Message::Digested { .. }
            | Message::Holding { .. }
            | Message::Entropy(_) => None,
        }
    }

    /// An answer counts once, in the phase that asked for it, and no operation asks again for what is held
    /// after it has begun to store.
    fn awaits(&self, from: NodeId, message: &Self::Message) -> bool {
        let (op, question) = match message {
            Message::Query { .. }
            | Message::Digest { .. }
            | Message::Store { .. }
            | Message::Repair { .. }
            | Message::Entropy(_) => return true,
            Message::Found { op, .. } => (op, Question::Query),
            Message::Digested { op, .. } => (op, Question::Digest),
            Message::Holding { op } => (op, Question::Store),
        };
        let pending = self.slots.get(op.slot as usize).and_then(Option::as_ref);
        pending.is_some_and(|pending| {
            let now = pending.phase.question();
            pending.serial == op.serial
                && question >= now
                && (question > now || !pending.gathered.nodes.contains(from))
        })
    }
}

impl<P: Phased> Phases<P>
where
    Self: Registered,
{
    fn found(&self, op: OpId, key: Key) -> Message<P::Held> {
        Message::Found { op, held: self.registers.held(key) }
    }

    fn digested(&self, op: OpId, key: Key) -> Message<P::Held> {
        Message::Digested { op, held: self.registers.held(key).without_value() }
    }

    /// Puts a register that has changed on disk.
    fn keep(&mut self, key: Key, changed: Option<P::Held>, cx: &mut Context<'_, Self>) {
        let Some(held) = changed else { return };
        if let Some(entropy) = &mut self.entropy {
            entropy.changed(key, &held);
        }
        cx.persist(Slot { room: 0, number: key.into() }, held);
    }

    /// Another replica compares what it holds.
    fn compare(
        &mut self,
        from: NodeId,
        message: entropy::Message<P::Held>,
        cx: &mut Context<'_, Self>,
    ) {
        let Some(entropy) = &self.entropy else { return };
        let heard = entropy.hear(message, |key| self.registers.held(key));
        for (key, held) in heard.newer {
            let changed = self.registers.take_in(key, &held);
            self.keep(key, changed, cx);
        }
        for message in heard.say {
            cx.send(from, Message::Entropy(message));
        }
    }
}
