//! Chain replication: van Renesse and Schneider, "Chain replication for supporting high throughput and
//! availability", OSDI 2004.
//!
//! Writes enter at the head, the first node, and go down the chain; what the tail has on disk is committed,
//! and word of that goes back up. Reads are answered at the tail. The chain is always of all nodes: while
//! one of them is down nothing is written, and whoever comes back has what it had on disk.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::machine::{Context, Machine, Seat, Slot, Timer};
use super::message::{ClientReply, ClientRequest, Request};
use super::ordered::{
    BATCH, Call, Command, Deed, Entry, Errands, Journal, Ledger, Position, Record, UNSETTLED_MOST,
};
use super::{Key, Mutant, NodeId, Reads, Value};
use crate::time::Nanos;

/// A node does something by itself so often within its patience.
const TICKS: Nanos = 40;

/// Between nodes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Message {
    /// To the head: put this into the order.
    Propose(Call),
    /// Down the chain: these follow.
    Down { before: Position, entries: Vec<Entry> },
    /// To itself: so much is on disk.
    Synced(u64),
    /// Up the chain: so much is on my disk, and so much on that of the tail.
    Up { synced: u64, committed: u64 },
    /// To the tail: what does this register hold?
    Read { serial: u64, key: Key },
    /// From the tail: this, after so many entries.
    Value { serial: u64, value: Option<Value>, index: u64 },
}

/// A node of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Chain {
    ledger: Ledger,
    /// So much is on disk.
    synced: u64,
    /// So much is on the tail's disk.
    committed: u64,
    /// Requests that the head has put into the order and that are not yet committed.
    proposed: BTreeSet<(NodeId, u64)>,
    /// So much is on the disk of the next node.
    passed: u64,
    /// Whether entries are on their way to it.
    is_busy: bool,
    errands: Errands,
    journal: Journal<Message>,
    /// How far the tail was when it last answered this node; `None` if it has not since the node
    /// started. Before it is as far, the node may be behind what it has answered.
    seen: Option<u64>,
}

impl Machine for Chain {
    type Message = Message;
    type Record = Record;

    fn start(seat: &Seat, disk: impl Iterator<Item = (Slot, Record)>) -> Self {
        let ledger = Ledger::recover(disk.map(|(_, record)| record));
        let (synced, committed) = (ledger.log.last().index, ledger.applied());
        Self {
            proposed: ledger.unsettled().collect(),
            ledger,
            synced,
            committed,
            passed: committed,
            is_busy: false,
            errands: Errands::new(seat.incarnation),
            journal: Journal::new(seat.config.durability()),
            seen: None,
        }
    }

    fn begin(&mut self, cx: &mut Context<'_, Self>) {
        self.tick(cx);
        self.synced(self.synced, cx);
    }

    fn request(&mut self, request: ClientRequest, cx: &mut Context<'_, Self>) {
        let is_fresh = self.seen.is_some_and(|index| index <= self.ledger.applied());
        let reads_here = cx.config().reads == Reads::Any && is_fresh;
        let reads_here = reads_here || cx.config().is(Mutant::ReadsAnywhere);
        if request.request == Request::Read && reads_here {
            let reply = ClientReply::Value(self.ledger.store.read(request.key));
            cx.reply(request.id, reply);
            return;
        }
        let serial = self.errands.add(&request);
        self.pass_on(serial, cx);
    }

    fn message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        match message {
            Message::Propose(call) => self.propose(call, cx),
            Message::Down { before, entries } => self.copy(before, entries, cx),
            Message::Synced(index) => self.synced(index, cx),
            Message::Up { synced, committed } => {
                self.passed = self.passed.max(synced);
                self.is_busy = false;
                self.commit_to(committed, cx);
                self.send_down(cx);
            }
            Message::Read { serial, key } => {
                let (value, index) = (self.ledger.store.read(key), self.ledger.applied());
                cx.send(from, Message::Value { serial, value, index });
            }
            Message::Value { serial, value, index } => {
                if let Some(errand) = self.errands.settle(serial) {
                    self.seen = self.seen.max(Some(index));
                    cx.reply(errand.client, ClientReply::Value(value));
                }
            }
        }
    }

    fn persisted(&mut self, _: Slot, _: Record, cx: &mut Context<'_, Self>) {
        self.journal.saved(cx);
    }

    fn timer(&mut self, _: Timer, cx: &mut Context<'_, Self>) {
        self.tick(cx);
    }

    fn holds(&self, key: Key) -> Option<Value> {
        self.ledger.store.read(key)
    }

    fn kind(message: &Message) -> &'static str {
        match message {
            Message::Propose(_) => "propose",
            Message::Down { .. } => "down",
            Message::Synced(_) => "synced",
            Message::Up { .. } => "up",
            Message::Read { .. } => "read",
            Message::Value { .. } => "value",
        }
    }
}

impl Chain {
    /// Passes a client's request on to the end of the chain that can do something about it.
    fn pass_on(&mut self, serial: u64, cx: &mut Context<'_, Self>) {
        let Some(call) = self.errands.call(cx.id(), serial) else { return };
        let call = self.errands.perhaps_anew(call, cx.config());
        if call.request == Request::Read {
            cx.send(cx.config().n - 1, Message::Read { serial, key: call.key });
        } else {
            cx.send(0, Message::Propose(call));
        }
    }

    /// Puts a request into the order, unless it is there already.
    fn propose(&mut self, call: Call, cx: &mut Context<'_, Self>) {
        let unsettled = self.ledger.log.last().index - self.ledger.applied();
        if unsettled < UNSETTLED_MOST
            && !self.ledger.store.is_over(&call)
            && self.proposed.insert((call.origin, call.serial))
        {
            let entry = Entry { term: 0, command: Command::Carry(call) };
            self.copy(self.ledger.log.last(), vec![entry], cx);
        }
    }

    /// Takes in entries, and once they are on disk goes on with them.
    fn copy(&mut self, before: Position, entries: Vec<Entry>, cx: &mut Context<'_, Self>) {
        for save in self.ledger.follow(before, entries, false).into_iter().flatten() {
            self.journal.save(save, cx);
        }
        let last = self.ledger.log.last().index;
        if cx.config().is(Mutant::TailTrustsMemory) {
            cx.send(cx.id(), Message::Synced(last));
        } else {
            self.journal.once_safe(Deed::Send(cx.id(), Message::Synced(last)), cx);
        }
    }

    fn synced(&mut self, index: u64, cx: &mut Context<'_, Self>) {
        self.synced = self.synced.max(index);
        if cx.id() + 1 == cx.config().n || cx.config().is(Mutant::HeadAnswers) {
            self.commit_to(self.synced, cx);
        }
        self.send_up(cx);
        self.send_down(cx);
    }

    /// So much is on the tail's disk.
    fn commit_to(&mut self, index: u64, cx: &mut Context<'_, Self>) {
        if index <= self.committed {
            return;
        }
        self.committed = index;
        for (call, reply) in self.ledger.apply_to(index) {
            self.proposed.remove(&(call.origin, call.serial));
            if let Some(reply) = reply.filter(|_| call.origin == cx.id())
                && let Some(errand) = self.errands.settle(call.serial)
            {
                cx.reply(errand.client, reply);
            }
        }
        if let Some(save) = self.ledger.snapshot_if_due() {
            self.journal.save(save, cx);
        }
        self.send_up(cx);
    }

    fn send_up(&mut self, cx: &mut Context<'_, Self>) {
        let Self { synced, committed, .. } = *self;
        if let Some(previous) = cx.id().checked_sub(1) {
            cx.send(previous, Message::Up { synced, committed });
        }
    }

    /// Sends the next node what it lacks of what is on disk here, unless something is on its way to it.
    fn send_down(&mut self, cx: &mut Context<'_, Self>) {
        let is_tail = cx.id() + 1 == cx.config().n;
        if !is_tail && !self.is_busy && self.passed < self.synced {
            self.send_entries(cx);
        }
    }

    fn send_entries(&mut self, cx: &mut Context<'_, Self>) {
        let Some(before) = self.ledger.log.position(self.passed) else { return };
        let entries = self.ledger.log.between(self.passed, self.synced, BATCH);
        self.is_busy = true;
        cx.send(cx.id() + 1, Message::Down { before, entries });
    }

    /// What a node does by itself now and then: whatever may have been lost is sent again.
    fn tick(&mut self, cx: &mut Context<'_, Self>) {
        cx.set_timer(cx.patience() / TICKS, 0, Timer { kind: 0, number: 0 });
        self.is_busy = false;
        if self.committed < self.synced && cx.id() + 1 < cx.config().n {
            self.send_entries(cx);
        }
        for serial in self.errands.grow_older() {
            if let Some(reply) = self.ledger.store.reply(cx.id(), serial)
                && let Some(errand) = self.errands.settle(serial)
            {
                cx.reply(errand.client, reply);
            } else {
                self.pass_on(serial, cx);
            }
        }
    }
}
