//! Protocols with a leader, which puts all operations into one log and has its followers copy it.
//!
//! The frame is Raft (Ongaro and Ousterhout, "In search of an understandable consensus algorithm", USENIX
//! ATC 2014; the details are in Ongaro's thesis, "Consensus: bridging theory and practice", Stanford
//! 2014). What distinguishes one such protocol from another is who may lead, whose copies are enough to
//! acknowledge, and whether a leader that hears from too few gives up ([`Rules`]).
//!
//! Whichever node a client asks passes the request on to the leader, and answers when it has applied it
//! itself. Whatever is said to others waits until it is safe on the disk that it comes from.

mod election;
mod insync;
mod reading;
mod replication;

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Debug;
use std::hash::Hash;

use serde::{Deserialize, Serialize};

use super::machine::{Context, Machine, Seat, Slot, Timer};
use super::message::{ClientReply, ClientRequest, Request};
use super::ordered::{
    self, Call, Command, Deed, Entry, Errands, Journal, Ledger, Position, Save, Store,
    UNSETTLED_MOST,
};
use super::registry::Registered;
use super::set::NodeSet;
use super::{Configuration, Key, Mutant, NodeId, Reads, Value};
use crate::time::Nanos;

/// A node does something by itself so often within its patience.
const TICKS: Nanos = 40;
/// A node that has heard from its leader for so many ticks at least helps nobody else to lead.
const LOYALTY: u32 = 5;
/// A leader is sure of itself for so many ticks after it has asked: fewer than its followers are loyal
/// for certain.
const LEASE: Nanos = 3;
/// A leader that is to give up does so after it has not heard from enough followers for so many ticks.
const DESPAIR: u32 = 4 * LOYALTY;

const TICK: u8 = 0;
const CANVASS: u8 = 1;
const BALLOT_ROOM: u8 = 0;

/// What distinguishes one protocol with a leader from another.
pub(super) trait Rules: Clone + Debug + Default + Eq + Hash {
    /// Whether a leader that does not hear from a majority gives up.
    const GIVES_UP: bool;

    /// Whether a node votes for a candidate.
    fn may_lead(config: &Configuration, candidate: Candidate, voter: &Voter) -> bool;
    /// Whether what these nodes have in common cannot be lost by these rules. The leader need not be one
    /// of them.
    fn is_enough(config: &Configuration, leader: NodeId, nodes: NodeSet, insync: Insync) -> bool;
    /// Whether it keeps account of who is in sync.
    fn keeps_insync(_: &Configuration) -> bool {
        false
    }
}

/// Who wants to lead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// Which node.
    pub(super) id: NodeId,
    /// The end of its log.
    pub(super) last: Position,
}

/// Who is asked for its vote.
#[derive(Debug, Clone, Copy)]
pub(super) struct Voter {
    /// The end of its log.
    pub(super) last: Position,
    /// Who is in sync as far as it knows.
    pub(super) insync: NodeSet,
}

/// Who is in sync.
#[derive(Debug, Clone, Copy)]
pub(super) struct Insync {
    /// These nodes.
    pub(super) members: NodeSet,
    /// Whether this is known to be committed. Otherwise a majority must have agreed for it to count.
    pub(super) is_settled: bool,
}

/// Between nodes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Message {
    /// Put this into the log.
    Propose(Call),
    /// How far must I be to answer this read?
    Where { serial: u64 },
    /// So far.
    Here { term: u64, serial: u64, index: u64 },
    /// Would you, or (not on trial) do you vote for me in this term?
    Canvass { term: u64, last: Position, trial: bool },
    /// I would, or do.
    Vote { term: u64, trial: bool },
    /// This follows in the log, and so much of it is committed.
    Append { term: u64, before: Position, entries: Vec<Entry>, commit: u64 },
    /// Mine is the same up to here.
    Appended { term: u64, matched: u64 },
    /// Mine is another one, or too short. I have applied so much.
    Missing { term: u64, applied: u64, lost: Lost },
    /// Take over what I have applied, if you are still as lost as you were.
    Install { term: u64, lost: Lost, at: Position, store: Box<Store> },
    /// I am still the leader, and so much is committed.
    Beat { term: u64, round: u64, commit: u64 },
    /// So you are.
    Beaten { term: u64, round: u64 },
    /// The time of your term is over.
    Newer { term: u64 },
}

/// In what way a node has another log than its leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Lost {
    /// So often its log had changed.
    change: u64,
    /// Whether it has applied what the leader has not.
    parted: bool,
}

/// What is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Record {
    /// The term, and who got this node's vote in it.
    Ballot { term: u64, voted: Option<NodeId> },
    /// A part of the log, or of what came of it.
    Ledger(ordered::Record),
}

/// What a node is in its term.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Role {
    /// It follows this leader, if it knows one.
    Following(Option<NodeId>),
    /// It has these votes. On trial it only asks whether it would get them.
    Canvassing { trial: bool, votes: NodeSet },
    /// It leads.
    Leading(Box<Lead>),
}

/// What a leader knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Lead {
    /// Its first entry: when that is committed, it knows all that was committed before.
    first: u64,
    /// All nodes, itself among them.
    followers: Vec<Follower>,
    /// The requests in its log that are not yet applied.
    proposed: BTreeSet<(NodeId, u64)>,
    /// How often it has asked whether it still leads.
    round: u64,
    /// The last of these rounds that was answered by enough.
    confirmed: u64,
    /// When unanswered rounds began, by its own clock; only where there are leases.
    began: VecDeque<(u64, Nanos)>,
    /// Until when it is sure of itself, by its own clock.
    sure_until: Nanos,
    /// Reads that wait for a round: which, and whose read.
    asked: BTreeSet<(u64, NodeId, u64)>,
}

/// What a leader knows of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Follower {
    /// Its log is the same up to here for certain.
    matched: u64,
    /// What it is to be sent next.
    next: u64,
    /// Whether entries are on their way to it.
    is_busy: bool,
    /// How far its log is the same once those have arrived.
    awaited: u64,
    /// It was told that so much is committed.
    told: u64,
    /// It cannot go on from its own log.
    lost: Option<Lost>,
    /// The last round that it has answered.
    round: u64,
    /// For how many ticks it has not been heard.
    silence: u32,
}

/// A node of a protocol with a leader.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Led<R> {
    rules: R,
    term: u64,
    voted: Option<NodeId>,
    role: Role,
    /// For how many ticks no leader has been heard.
    silence: u32,
    ledger: Ledger,
    commit: u64,
    /// Counts what changes the log; never the same again after a restart.
    change: u64,
    errands: Errands,
    journal: Journal<Message>,
    /// Reads that wait until so much is applied, by serial.
    reads: BTreeSet<(u64, u64)>,
    /// Whether the node has learned since it started how far it must be. Before that it may be behind
    /// what it has answered in an earlier life.
    is_fresh: bool,
}

impl<R: Rules> Machine for Led<R>
where
    Self: Registered,
{
    type Message = Message;
    type Record = Record;

    fn start(seat: &Seat, disk: impl Iterator<Item = (Slot, Record)>) -> Self {
        let (mut term, mut voted) = (0, None);
        let ledger = Ledger::recover(disk.filter_map(|(_, record)| match record {
            Record::Ballot { term: found, voted: by } => {
                (term, voted) = (found, by);
                None
            }
            Record::Ledger(record) => Some(record),
        }));
        Self {
            rules: R::default(),
            term,
            voted,
            role: Role::Following(None),
            silence: 0,
            commit: ledger.applied(),
            ledger,
            change: u64::from(seat.incarnation) << 40,
            errands: Errands::new(seat.incarnation),
            journal: Journal::new(seat.config.durability()),
            reads: BTreeSet::new(),
            is_fresh: false,
        }
    }

    fn begin(&mut self, cx: &mut Context<'_, Self>) {
        set_tick(cx);
    }

    fn request(&mut self, request: ClientRequest, cx: &mut Context<'_, Self>) {
        let is_read = request.request == Request::Read;
        if is_read && cx.config().reads == Reads::Any && self.is_fresh {
            let reply = ClientReply::Value(self.ledger.store.read(request.key));
            self.journal.once_safe(Deed::Reply(request.id, reply), cx);
            return;
        }
        match self.leader(cx) {
            Some(leader) if is_read || leader != cx.id() || self.takes_writes(cx) => {
                let serial = self.errands.add(&request);
                self.pass_on(serial, leader, cx);
            }
            _ => cx.reply(request.id, ClientReply::Unavailable),
        }
    }

    fn message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        if !self.is_of_this_term(from, &message, cx) {
            return;
        }
        match message {
            Message::Propose(call) => self.propose(call, cx),
            Message::Where { serial } => self.locate(from, serial, cx),
            Message::Here { serial, index, .. } => self.located(serial, index, cx),
            Message::Canvass { term, last, trial } => self.canvassed(from, term, last, trial, cx),
            Message::Vote { term, trial } => self.voted_for(from, term, trial, cx),
            Message::Append { before, entries, commit, .. } => {
                self.follow(from);
                self.copy(from, before, entries, commit, cx);
            }
            Message::Appended { matched, .. } => self.copied(from, matched, cx),
            Message::Missing { applied, lost, .. } => self.missed(from, applied, lost, cx),
            Message::Install { lost, at, store, .. } => {
                self.follow(from);
                self.install(from, lost, at, *store, cx);
            }
            Message::Beat { round, commit, .. } => {
                self.follow(from);
                cx.send(from, Message::Beaten { term: self.term, round });
                self.commit_to(commit, cx);
            }
            Message::Beaten { round, .. } => self.confirmed_by(from, round, cx),
            Message::Newer { .. } => {}
        }
    }

    fn persisted(&mut self, _: Slot, _: Record, cx: &mut Context<'_, Self>) {
        self.journal.saved(cx);
    }

    fn timer(&mut self, timer: Timer, cx: &mut Context<'_, Self>) {
        match timer.kind {
            TICK => self.tick(cx),
            _ if timer.number == self.term && self.silence >= LOYALTY => self.canvass(true, cx),
            _ => {}
        }
    }

    fn holds(&self, key: Key) -> Option<Value> {
        self.ledger.store.read(key)
    }

    fn kind(message: &Message) -> &'static str {
        match message {
            Message::Propose(_) => "propose",
            Message::Where { .. } => "where",
            Message::Here { .. } => "here",
            Message::Canvass { .. } => "canvass",
            Message::Vote { .. } => "vote",
            Message::Append { .. } => "append",
            Message::Appended { .. } => "appended",
            Message::Missing { .. } => "missing",
            Message::Install { .. } => "install",
            Message::Beat { .. } => "beat",
            Message::Beaten { .. } => "beaten",
            Message::Newer { .. } => "newer",
        }
    }
}

impl<R: Rules> Led<R>
where
    Self: Registered,
{
    /// The leader, if this node knows one that it has heard lately.
    fn leader(&self, cx: &Context<'_, Self>) -> Option<NodeId> {
        match self.role {
            Role::Leading(_) => Some(cx.id()),
            Role::Following(leader) if self.silence < LOYALTY => leader,
            _ => None,
        }
    }

    /// Passes a client's request on to the leader, perhaps again.
    fn pass_on(&mut self, serial: u64, leader: NodeId, cx: &mut Context<'_, Self>) {
        let Some(call) = self.errands.call(cx.id(), serial) else { return };
        let call = self.errands.perhaps_anew(call, cx.config());
        let is_read = call.request == Request::Read;
        if is_read && cx.config().reads != Reads::Log {
            cx.send(leader, Message::Where { serial });
        } else {
            cx.send(leader, Message::Propose(call));
        }
    }

    /// What a node does by itself now and then.
    fn tick(&mut self, cx: &mut Context<'_, Self>) {
        set_tick(cx);
        if matches!(self.role, Role::Leading(_)) {
            self.lead_on(cx);
        } else {
            self.silence = self.silence.saturating_add(1);
            if self.silence.is_multiple_of(LOYALTY) {
                let spread = cx.patience() / TICKS * Nanos::from(LOYALTY);
                cx.set_timer(0, spread, Timer { kind: CANVASS, number: self.term });
            }
        }
        for serial in self.errands.grow_older() {
            // It may have been carried out without passing by here: it is in what was installed.
            if let Some(reply) = self.ledger.store.reply(cx.id(), serial) {
                self.finish(serial, reply, cx);
            } else if let Some(leader) = self.leader(cx) {
                self.pass_on(serial, leader, cx);
            }
        }
    }

    /// So much is committed.
    fn commit_to(&mut self, index: u64, cx: &mut Context<'_, Self>) {
        if index <= self.commit {
            return;
        }
        self.commit = index;
        for (call, reply) in self.ledger.apply_to(index) {
            if let Role::Leading(lead) = &mut self.role {
                lead.proposed.remove(&(call.origin, call.serial));
            }
            if let Some(reply) = reply.filter(|_| call.origin == cx.id()) {
                self.finish(call.serial, reply, cx);
            }
        }
        self.answer_reads(cx);
        if let Some(save) = self.ledger.snapshot_if_due() {
            self.save(save, cx);
        }
    }

    /// Answers a client, if it still waits.
    fn finish(&mut self, serial: u64, reply: ClientReply, cx: &mut Context<'_, Self>) {
        if let Some(errand) = self.errands.settle(serial) {
            self.journal.once_safe(Deed::Reply(errand.client, reply), cx);
        }
    }

    fn save(&mut self, (slot, record): Save<ordered::Record>, cx: &mut Context<'_, Self>) {
        self.journal.save((slot, Record::Ledger(record)), cx);
    }
}

fn set_tick<R: Rules>(cx: &mut Context<'_, Led<R>>)
where
    Led<R>: Registered,
{
    cx.set_timer(cx.patience() / TICKS, 0, Timer { kind: TICK, number: 0 });
}
