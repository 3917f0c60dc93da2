//! Gifford's voting (Gifford, "Weighted voting for replicated data", SOSP 1979): version numbers under locks.
//!
//! An operation locks a quorum of replicas, reads to share and writes to themselves; a write then stores the
//! value with the next version number at all of them and releases them by that, which is two-phase commit.
//! A replica that has granted a lock keeps it, through crashes, until it hears the outcome: if the node
//! that coordinates the write crashes in between, the register is blocked.

use serde::{Deserialize, Serialize};

use super::machine::{Context, Machine, Seat, Slot, Timer};
use super::message::{ClientReply, ClientRequest, Request, RequestId};
use super::replica::{Held, Registers};
use super::set::NodeSet;
use super::version::Stored;
use super::{Key, Mutant, NodeId, Value};

/// An operation: by which node, and which of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Owner {
    node: NodeId,
    incarnation: u32,
    serial: u32,
}

/// A register and who has locked it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub(super) struct Locked {
    stored: Stored,
    holders: Vec<Owner>,
    /// Whether the only holder has it to itself.
    is_exclusive: bool,
    /// Counts changes: locks come and go.
    changes: u64,
}

/// Replaces what is there: only its own replica changes it.
impl Held for Locked {
    fn merge(&mut self, other: &Self) -> Self {
        self.clone_from(other);
        other.clone()
    }

    fn covers(&self, other: &Self) -> bool {
        self.changes >= other.changes
    }

    fn value(&self) -> Option<Value> {
        self.stored.value
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Message {
    /// May I have this register, to myself or to share it?
    Lock { owner: Owner, key: Key, exclusive: bool },
    /// You may, and this is in it.
    Granted { owner: Owner, key: Key, stored: Stored },
    /// Somebody else has it.
    Busy { owner: Owner },
    /// I am done with it; a write leaves this in it.
    Release { owner: Owner, key: Key, outcome: Option<Stored> },
    /// You no longer have it.
    Released { owner: Owner },
}

/// An operation under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Pending {
    owner: Owner,
    key: Key,
    /// The client, until it has its answer.
    client: Option<(RequestId, ClientReply)>,
    /// What is to be written by whom.
    write: Option<(u32, Value)>,
    answered: NodeSet,
    latest: Stored,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Stage {
    Locking,
    /// Releasing everywhere, with this outcome.
    Releasing(Option<Stored>),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Gifford {
    incarnation: u32,
    serial: u32,
    registers: Registers<Locked, (NodeId, Message)>,
    pending: Vec<Pending>,
}

/// Messages are repeated this often within an operation's patience.
const REPEATS: u64 = 8;

impl Machine for Gifford {
    type Message = Message;
    type Record = Locked;

    fn start(seat: &Seat, disk: impl Iterator<Item = (Slot, Locked)>) -> Self {
        let forgets = seat.config.is(Mutant::ForgetsLocks);
        let disk = disk.map(|(slot, mut locked)| {
            locked.holders.retain(|_| !forgets);
            (slot.number as Key, locked)
        });
        Self {
            incarnation: seat.incarnation,
            serial: 0,
            registers: Registers::new(&seat.config, disk),
            pending: Vec::new(),
        }
    }

    fn request(&mut self, request: ClientRequest, cx: &mut Context<'_, Self>) {
        let (write, reply) = match request.request {
            Request::Read => (None, ClientReply::Unavailable),
            Request::Write(value) => (Some((request.process, value)), ClientReply::Written),
            _ => {
                cx.reply(request.id, ClientReply::Unavailable);
                return;
            }
        };
        self.serial += 1;
        let owner = Owner { node: cx.id(), incarnation: self.incarnation, serial: self.serial };
        let pending = Pending {
            owner,
            key: request.key,
            client: Some((request.id, reply)),
            write,
            answered: NodeSet::EMPTY,
            latest: Stored::default(),
            stage: Stage::Locking,
        };
        pending.ask(cx);
        self.pending.push(pending);
        cx.set_timer(cx.patience() / REPEATS, 0, repeat(owner));
    }

    fn message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        match message {
            Message::Lock { owner, key, exclusive } => self.lock(from, owner, key, exclusive, cx),
            Message::Release { owner, key, outcome } => self.release(from, owner, key, outcome, cx),
            Message::Granted { owner, key, stored } => self.granted(from, owner, key, stored, cx),
            Message::Busy { owner } => self.busy(owner, cx),
            Message::Released { owner } => self.released(from, owner, cx),
        }
    }

    fn persisted(&mut self, slot: Slot, locked: Locked, cx: &mut Context<'_, Self>) {
        self.registers.persisted(slot.number as Key, locked, |(to, message)| cx.send(to, message));
    }

    /// What was lost on the way is said again, until everybody has let go.
    fn timer(&mut self, timer: Timer, cx: &mut Context<'_, Self>) {
        let meant = |pending: &&Pending| repeat(pending.owner) == timer;
        if let Some(pending) = self.pending.iter().find(meant) {
            pending.ask(cx);
            cx.set_timer(cx.patience() / REPEATS, 0, timer);
        }
    }

    fn holds(&self, key: Key) -> Option<Value> {
        self.registers.held(key).value()
    }

    fn kind(message: &Message) -> &'static str {
        match message {
            Message::Lock { .. } => "lock",
            Message::Granted { .. } => "granted",
            Message::Busy { .. } => "busy",
            Message::Release { .. } => "release",
            Message::Released { .. } => "released",
        }
    }
}

fn repeat(owner: Owner) -> Timer {
    Timer { kind: 0, number: owner.serial.into() }
}

impl Pending {
    /// Says to all that have not answered what they are to do.
    fn ask(&self, cx: &mut Context<'_, Gifford>) {
        let Self { owner, key, .. } = *self;
        let message = match self.stage {
            Stage::Locking => Message::Lock { owner, key, exclusive: self.write.is_some() },
            Stage::Releasing(outcome) => Message::Release { owner, key, outcome },
        };
        for node in 0..cx.config().n {
            if !self.answered.contains(node) {
                cx.send(node, message);
            }
        }
    }
}

/// The replica.
impl Gifford {
    fn lock(
        &mut self,
        from: NodeId,
        owner: Owner,
        key: Key,
        exclusive: bool,
        cx: &mut Context<'_, Self>,
    ) {
        let mut locked = self.registers.held(key);
        let granted = Message::Granted { owner, key, stored: locked.stored };
        if !locked.holders.contains(&owner) {
            let exclusive = exclusive && !cx.config().is(Mutant::SharedWrites);
            let is_shared = !exclusive && cx.config().is(Mutant::SharedReads);
            let is_free =
                locked.holders.is_empty() || is_shared || !(exclusive || locked.is_exclusive);
            if !is_free {
                cx.send(from, Message::Busy { owner });
                return;
            }
            locked.holders.push(owner);
            locked.is_exclusive = exclusive;
            locked.changes += 1;
        }
        self.store(from, key, &locked, granted, cx);
    }

    fn release(
        &mut self,
        from: NodeId,
        owner: Owner,
        key: Key,
        outcome: Option<Stored>,
        cx: &mut Context<'_, Self>,
    ) {
        let mut locked = self.registers.held(key);
        let before = locked.clone();
        locked.holders.retain(|holder| *holder != owner);
        // A replica that was not locked takes the outcome, too, as long as it is later.
        locked.stored = locked.stored.max(outcome.unwrap_or_default());
        if locked != before {
            locked.changes += 1;
        }
        self.store(from, key, &locked, Message::Released { owner }, cx);
    }

    fn store(
        &mut self,
        to: NodeId,
        key: Key,
        locked: &Locked,
        message: Message,
        cx: &mut Context<'_, Self>,
    ) {
        let stores = self.registers.store(key, locked, (to, message));
        if let Some(locked) = stores.persist {
            cx.persist(Slot { room: 0, number: key.into() }, locked);
        }
        if stores.acknowledge {
            cx.send(to, message);
        }
    }
}

/// The coordinator.
impl Gifford {
    fn granted(
        &mut self,
        from: NodeId,
        owner: Owner,
        key: Key,
        stored: Stored,
        cx: &mut Context<'_, Self>,
    ) {
        let Some(place) = self.pending.iter().position(|pending| pending.owner == owner) else {
            // Everybody had let go, and then an old request was heard. Of a node that crashed meanwhile
            // nobody knows the outcome any more: that blocks.
            if owner.incarnation == self.incarnation {
                cx.send(from, Message::Release { owner, key, outcome: None });
            }
            return;
        };
        let pending = &mut self.pending[place];
        match pending.stage {
            Stage::Releasing(outcome) => cx.send(from, Message::Release { owner, key, outcome }),
            Stage::Locking => {
                pending.answered.insert(from);
                pending.latest = pending.latest.max(stored);
                self.decide(place, cx);
            }
        }
    }

    /// With a quorum locked, decides the outcome.
    fn decide(&mut self, place: usize, cx: &mut Context<'_, Self>) {
        let pending = &mut self.pending[place];
        let Pending { latest, answered, write, .. } = *pending;
        match write {
            Some((writer, value)) if cx.config().is_write_quorum(answered) => {
                let bump = u64::from(!cx.config().is(Mutant::LostTimestampBump));
                let next = Stored::new(latest.version.counter + bump, writer, value);
                self.let_go(place, Some(next), cx);
            }
            None if cx.config().is_read_quorum(answered) => {
                if let Some((request, _)) = pending.client.take() {
                    cx.reply(request, ClientReply::Value(latest.value));
                }
                self.let_go(place, None, cx);
            }
            _ => {}
        }
    }

    /// Somebody else has a replica: rather than wait for each other for ever, nobody waits.
    fn busy(&mut self, owner: Owner, cx: &mut Context<'_, Self>) {
        let is_meant =
            |pending: &Pending| pending.owner == owner && pending.stage == Stage::Locking;
        let Some(place) = self.pending.iter().position(is_meant) else { return };
        if let Some((request, _)) = self.pending[place].client.take() {
            cx.reply(request, ClientReply::Unavailable);
        }
        self.let_go(place, None, cx);
    }

    fn let_go(&mut self, place: usize, outcome: Option<Stored>, cx: &mut Context<'_, Self>) {
        let pending = &mut self.pending[place];
        pending.stage = Stage::Releasing(outcome);
        pending.answered = NodeSet::EMPTY;
        pending.ask(cx);
    }

    fn released(&mut self, from: NodeId, owner: Owner, cx: &mut Context<'_, Self>) {
        let is_meant = |pending: &Pending| {
            pending.owner == owner && matches!(pending.stage, Stage::Releasing(_))
        };
        let Some(place) = self.pending.iter().position(is_meant) else { return };
        let pending = &mut self.pending[place];
        pending.answered.insert(from);
        if cx.config().is_write_quorum(pending.answered)
            && let Some((request, reply)) = pending.client.take()
        {
            cx.reply(request, reply);
        }
        if pending.answered == NodeSet::first(cx.config().n) {
            self.pending.swap_remove(place);
        }
    }
}
