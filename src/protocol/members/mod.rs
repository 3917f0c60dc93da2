//! A register whose replicas change: from the members to the new ones, by [`Change`]. Operations are those of
//! Attiya, Bar-Noy and Dolev, over majorities of the members.
//!
//! The joint change goes on in stages, as in RAMBO (Lynch and Shvartsman, DISC 2002) and in Raft's joint consensus
//! (Ongaro and Ousterhout, 2014, section 6). An operation belongs to a stage, and a replica that has passed
//! that stage does not answer it:
//!
//! ```text
//! old    majorities of the members
//! joint  majorities of both: entered when a driver collects what a majority of the members holds
//! new    majorities of the new members: entered when a majority of these keeps what was collected
//! ```
//!
//! Whatever an old majority has acknowledged, one of its members held before it passed on and told the driver of
//! it. Alone, each node goes from old to new when its time has come, and nobody asks in which stage it is.

mod coordinator;
mod driver;
mod stage;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::choice::Change;
use super::machine::{Context, Machine, Seat, Slot, Timer};
use super::message::{ClientReply, ClientRequest, Request};
use super::replica::Registers;
use super::set::NodeSet;
use super::version::Stored;
use super::{Durability, Key, NodeId, Value};
use crate::time::Nanos;
use stage::Stage;

type Register = (Key, Stored);

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Message {
    /// What do you hold of this register?
    Query { phase: u64, stage: Stage, key: Key },
    /// This is what I hold.
    Found { phase: u64, stored: Stored },
    /// Hold this.
    Store { phase: u64, stage: Stage, key: Key, stored: Stored },
    /// I hold it.
    Holding { phase: u64 },
    /// I have passed the stage that you are in; this is mine.
    Passed { stage: Stage },
    /// Pass on to the joint stage, and tell me all that you hold.
    Collect,
    /// This is all.
    Collected(Vec<Register>),
    /// Keep all of this.
    Keep(Vec<Register>),
    /// I have it.
    Kept,
}

/// On disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Record {
    Register(Stored),
    Stage(Stage),
}

const REGISTER: u8 = 0;
const STAGE: Slot = Slot { room: 1, number: 0 };

/// Who waits for a register to be on disk, or for the last of those of a `Keep`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Answer {
    Holding { to: NodeId, phase: u64 },
    Kept { to: NodeId, keep: u64 },
}

/// An operation under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Pending {
    request: ClientRequest,
    expires: Option<Nanos>,
    /// Never reused by the node, not even after a restart: names the phase in answers.
    phase: u64,
    stage: Stage,
    /// What is being stored, and what to say then; `None` while asking.
    store: Option<(Stored, ClientReply)>,
    answered: NodeSet,
    latest: Stored,
}

/// How far a driver is with the joint change.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Drive {
    Collecting { from: NodeSet, held: BTreeMap<Key, Stored> },
    Keeping { by: NodeSet, held: Vec<Register> },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Members {
    stage: Stage,
    /// The stage that is on disk.
    synced: Stage,
    /// What to say once the stage is on disk.
    waiting: Vec<(NodeId, Message)>,
    registers: Registers<Stored, Answer>,
    /// The registers that were ever stored here.
    keys: Vec<Key>,
    /// Of each `Keep`, how many registers are not on disk yet.
    keeps: BTreeMap<u64, u32>,
    /// Counts phases and keeps.
    next: u64,
    pending: Vec<Pending>,
    drive: Option<Drive>,
}

/// A driver says again what was not answered, so often within an operation's patience.
const REPEATS: u64 = 4;

impl Machine for Members {
    type Message = Message;
    type Record = Record;

    fn start(seat: &Seat, disk: impl Iterator<Item = (Slot, Record)>) -> Self {
        let (mut registers, mut stage) = (Vec::new(), Stage::Old);
        for (slot, record) in disk {
            match record {
                Record::Register(stored) => registers.push((slot.number as Key, stored)),
                Record::Stage(synced) => stage = synced,
            }
        }
        registers.sort_unstable();
        Self {
            stage,
            synced: stage,
            waiting: Vec::new(),
            keys: registers.iter().map(|(key, _)| *key).collect(),
            registers: Registers::new(&seat.config, registers.into_iter()),
            keeps: BTreeMap::new(),
            next: u64::from(seat.incarnation) << 40,
            pending: Vec::new(),
            drive: None,
        }
    }

    /// The change has its time; where it is joint, new members drive it.
    fn begin(&mut self, cx: &mut Context<'_, Self>) {
        let drives = match cx.config().change {
            Change::Joint => cx.config().new_members.contains(cx.id()),
            Change::Alone => true,
        };
        if drives && self.stage != Stage::New && cx.config().members != cx.config().new_members {
            let after = cx.config().change_after;
            cx.set_timer(after, cx.patience(), Timer { kind: 0, number: 0 });
        }
    }

    fn request(&mut self, request: ClientRequest, cx: &mut Context<'_, Self>) {
        let now = cx.now;
        self.pending.retain(|pending| pending.expires.is_none_or(|at| at > now));
        if !matches!(request.request, Request::Read | Request::Write(_)) {
            cx.reply(request.id, ClientReply::Unavailable);
            return;
        }
        self.pending.push(Pending {
            request,
            expires: now.checked_add(cx.patience()),
            phase: 0,
            stage: self.stage,
            store: None,
            answered: NodeSet::EMPTY,
            latest: Stored::default(),
        });
        self.ask(self.pending.len() - 1, cx);
    }

    fn message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        match message {
            Message::Query { phase, stage, key } => {
                if self.answers(from, stage, cx) {
                    let stored = self.registers.held(key);
                    self.say(from, Message::Found { phase, stored }, cx);
                }
            }
            Message::Store { phase, stage, key, stored } => {
                if self.answers(from, stage, cx)
                    && self.store(key, &stored, Answer::Holding { to: from, phase }, cx)
                {
                    self.say(from, Message::Holding { phase }, cx);
                }
            }
            Message::Found { phase, stored } => self.answered(from, phase, stored, cx),
            Message::Holding { phase } => self.answered(from, phase, Stored::default(), cx),
            Message::Passed { stage } => self.pass_on(stage, cx),
            Message::Collect => {
                if self.answers(from, Stage::Joint, cx) {
                    self.say(from, Message::Collected(self.all()), cx);
                }
            }
            Message::Keep(held) => {
                if self.answers(from, Stage::Joint, cx) {
                    self.keep(from, held, cx);
                }
            }
            Message::Collected(held) => self.collected(from, held, cx),
            Message::Kept => self.kept(from, cx),
        }
    }

    fn persisted(&mut self, slot: Slot, record: Record, cx: &mut Context<'_, Self>) {
        match record {
            Record::Stage(stage) => {
                self.synced = stage;
                if self.synced == self.stage {
                    self.waiting.drain(..).for_each(|(to, message)| cx.send(to, message));
                }
            }
            Record::Register(stored) => {
                let keeps = &mut self.keeps;
                self.registers.persisted(slot.number as Key, stored, |answer| match answer {
                    Answer::Holding { to, phase } => cx.send(to, Message::Holding { phase }),
                    Answer::Kept { to, keep } => {
                        let left = keeps.get_mut(&keep).map_or(0, |left| {
                            *left -= 1;
                            *left
                        });
                        if left == 0 {
                            keeps.remove(&keep);
                            cx.send(to, Message::Kept);
                        }
                    }
                });
            }
        }
    }

    fn timer(&mut self, timer: Timer, cx: &mut Context<'_, Self>) {
        if cx.config().change == Change::Alone {
            self.pass_on(Stage::New, cx);
            return;
        }
        if self.stage == Stage::New {
            return;
        }
        self.pass_on(Stage::Joint, cx);
        self.drive(cx);
        cx.set_timer(cx.patience() / REPEATS, 0, timer);
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
            Message::Passed { .. } => "passed",
            Message::Collect => "collect",
            Message::Collected(_) => "collected",
            Message::Keep(_) => "keep",
            Message::Kept => "kept",
        }
    }
}

/// The replica.
impl Members {
    /// Whether to answer what belongs to a stage: whoever is behind passes on to it first, and whoever is past
    /// it says so. Alone, nobody asks.
    fn answers(&mut self, from: NodeId, stage: Stage, cx: &mut Context<'_, Self>) -> bool {
        if cx.config().change == Change::Alone {
            return true;
        }
        if self.stage > stage {
            self.say(from, Message::Passed { stage: self.stage }, cx);
            return false;
        }
        self.pass_on(stage, cx);
        true
    }

    /// Goes on to a later stage. Operations under way begin their phase again in it.
    fn pass_on(&mut self, stage: Stage, cx: &mut Context<'_, Self>) {
        if stage <= self.stage {
            return;
        }
        self.stage = stage;
        cx.persist(STAGE, Record::Stage(stage));
        if stage == Stage::New {
            self.drive = None;
        }
        if cx.config().change == Change::Joint {
            for place in 0..self.pending.len() {
                self.pending[place].stage = stage;
                self.ask(place, cx);
            }
        }
    }

    /// Says something that is only true of this stage, once the stage cannot be forgotten any more.
    fn say(&mut self, to: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        let is_safe =
            self.synced == self.stage || cx.config().durability() == Durability::AckBeforeSync;
        if is_safe {
            cx.send(to, message);
        } else {
            self.waiting.push((to, message));
        }
    }

    /// Stores a register. Returns whether it is on disk already; otherwise the answer is given when it is.
    fn store(
        &mut self,
        key: Key,
        stored: &Stored,
        answer: Answer,
        cx: &mut Context<'_, Self>,
    ) -> bool {
        if let Err(place) = self.keys.binary_search(&key) {
            self.keys.insert(place, key);
        }
        let stores = self.registers.store(key, stored, answer);
        if let Some(stored) = stores.persist {
            cx.persist(Slot { room: REGISTER, number: key.into() }, Record::Register(stored));
        }
        stores.acknowledge
    }

    fn all(&self) -> Vec<Register> {
        self.keys.iter().map(|key| (*key, self.registers.held(*key))).collect()
    }

    fn keep(&mut self, from: NodeId, held: Vec<Register>, cx: &mut Context<'_, Self>) {
        let keep = self.next;
        self.next += 1;
        let mut left = 0;
        for (key, stored) in held {
            left += u32::from(!self.store(key, &stored, Answer::Kept { to: from, keep }, cx));
        }
        if left == 0 {
            self.say(from, Message::Kept, cx);
        } else {
            self.keeps.insert(keep, left);
        }
    }
}
