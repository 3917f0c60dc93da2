//! A compare-and-set for each key by itself: CASPaxos (Rystsov, "CASPaxos: replicated state machines
//! without logs", 2018), which is what stores call lightweight transactions or Paxos per key.
//!
//! Every operation, reads too, chooses a ballot above all it knows, asks a quorum what was accepted last,
//! changes that, and has the result accepted by a quorum. Quorums of the two phases must meet.
//!
//! Plain writes, where a configuration has them, are stored at a quorum as they are, with a clock's reading for
//! a ballot and without asking anybody: what Cassandra does with writes that are no lightweight transactions.

use serde::{Deserialize, Serialize};

use super::keys::Keys;
use super::machine::{Context, Machine, Seat, Slot, Timer};
use super::message::{ClientReply, ClientRequest, Request, RequestId};
use super::replica::{Held, Registers};
use super::set::NodeSet;
use super::{Key, Mutant, NodeId, Value};

/// Orders attempts: later ones win.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub(super) struct Ballot {
    counter: u64,
    node: NodeId,
    /// How often the node had been started: it forgets its ballots in a crash.
    incarnation: u32,
}

/// What an acceptor must never forget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub(super) struct Acceptor {
    /// It takes part in no earlier ballot.
    promised: Ballot,
    /// The ballot in which it accepted last.
    accepted: Ballot,
    /// What it accepted then.
    value: Option<Value>,
}

impl Held for Acceptor {
    fn merge(&mut self, other: &Self) -> Self {
        self.promised = self.promised.max(other.promised);
        if other.accepted > self.accepted {
            (self.accepted, self.value) = (other.accepted, other.value);
        }
        *other
    }

    fn covers(&self, other: &Self) -> bool {
        self.promised >= other.promised && self.accepted >= other.accepted
    }

    fn value(&self) -> Option<Value> {
        self.value
    }
}

/// Between nodes, about one ballot of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Message {
    /// Take part in no earlier ballot, and say what you accepted last.
    Prepare { key: Key, ballot: Ballot },
    /// I will, and this it was.
    Promise { key: Key, ballot: Ballot, accepted: Ballot, value: Option<Value> },
    /// Accept this.
    Accept { key: Key, ballot: Ballot, value: Option<Value> },
    /// I have.
    Accepted { key: Key, ballot: Ballot },
    /// Accept this whatever you have promised, unless you have accepted something later.
    Put { key: Key, ballot: Ballot, value: Option<Value> },
    /// I take part in no ballot before this one.
    Reject { key: Key, ballot: Ballot, promised: Ballot },
}

/// An operation under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Attempt {
    ballot: Ballot,
    request: ClientRequest,
    answered: NodeSet,
    /// The latest of what was accepted before.
    latest: (Ballot, Option<Value>),
    /// What to tell the client once the result is accepted; `None` while preparing.
    reply: Option<ClientReply>,
}

/// Ballots count for each key by itself.
type AttemptId = (Key, Ballot);

impl Attempt {
    fn id(&self) -> AttemptId {
        (self.request.key, self.ballot)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct CasPaxos {
    incarnation: u32,
    acceptors: Registers<Acceptor, (NodeId, Message)>,
    /// The highest ballots heard of.
    highest: Keys<u64>,
    attempts: Vec<Attempt>,
    /// Requests that were outrun and wait to be tried again.
    waiting: Vec<ClientRequest>,
}

/// Try a request again.
const RETRY: u8 = 0;
/// The client has given up.
const EXPIRE: u8 = 1;
/// Requests that were outrun wait for a share of an operation's patience, so that one of them gets
/// through.
const BACKOFF_SHARE: u64 = 100;

impl Machine for CasPaxos {
    type Message = Message;
    type Record = Acceptor;

    fn start(seat: &Seat, disk: impl Iterator<Item = (Slot, Acceptor)>) -> Self {
        let disk = disk.map(|(slot, acceptor)| (slot.number as Key, acceptor));
        Self {
            incarnation: seat.incarnation,
            acceptors: Registers::new(&seat.config, disk),
            highest: Keys::default(),
            attempts: Vec::new(),
            waiting: Vec::new(),
        }
    }

    fn request(&mut self, request: ClientRequest, cx: &mut Context<'_, Self>) {
        cx.set_timer(cx.patience(), 0, Timer { kind: EXPIRE, number: request.id.0 });
        match request.request {
            Request::Write(value) if cx.config().plain_writes => self.put(request, value, cx),
            Request::Write(_) | Request::Read | Request::Cas { .. } => self.attempt(request, cx),
            _ => cx.reply(request.id, ClientReply::Unavailable),
        }
    }

    fn message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        match message {
            Message::Prepare { key, ballot } => self.prepare(from, key, ballot, cx),
            Message::Accept { key, ballot, value } => self.accept(from, key, ballot, value, cx),
            Message::Promise { key, ballot, accepted, value } => {
                self.promised(from, (key, ballot), (accepted, value), cx);
            }
            Message::Accepted { key, ballot } => self.accepted(from, (key, ballot), cx),
            Message::Reject { key, ballot, promised } => self.outrun((key, ballot), promised, cx),
            Message::Put { key, ballot, value } => {
                let put = Acceptor { promised: Ballot::default(), accepted: ballot, value };
                self.store(from, key, put, Message::Accepted { key, ballot }, cx);
            }
        }
    }

    fn persisted(&mut self, slot: Slot, acceptor: Acceptor, cx: &mut Context<'_, Self>) {
        self.acceptors.persisted(slot.number as Key, acceptor, |(to, message)| {
            cx.send(to, message);
        });
    }

    fn timer(&mut self, timer: Timer, cx: &mut Context<'_, Self>) {
        let is_meant = |request: &ClientRequest| request.id == RequestId(timer.number);
        let waiting = self.waiting.iter().position(is_meant);
        let waiting = waiting.map(|place| self.waiting.swap_remove(place));
        match (timer.kind, waiting) {
            (RETRY, Some(request)) => self.attempt(request, cx),
            (EXPIRE, _) => self.attempts.retain(|attempt| !is_meant(&attempt.request)),
            _ => {}
        }
    }

    fn holds(&self, key: Key) -> Option<Value> {
        self.acceptors.held(key).value()
    }

    fn kind(message: &Message) -> &'static str {
        match message {
            Message::Prepare { .. } => "prepare",
            Message::Promise { .. } => "promise",
            Message::Accept { .. } => "accept",
            Message::Accepted { .. } => "accepted",
            Message::Put { .. } => "put",
            Message::Reject { .. } => "reject",
        }
    }
}

impl CasPaxos {
    /// Begins a ballot above all that were heard of.
    fn attempt(&mut self, request: ClientRequest, cx: &mut Context<'_, Self>) {
        let ballot = self.next_ballot(request.key, cx);
        self.attempts.push(Attempt {
            ballot,
            request,
            answered: NodeSet::EMPTY,
            latest: (Ballot::default(), None),
            reply: None,
        });
        let all = NodeSet::first(cx.config().n);
        cx.send_each(all, &Message::Prepare { key: request.key, ballot });
    }

    /// A ballot above all that were heard of. Where plain writes are stamped by clocks, so are ballots.
    fn next_ballot(&mut self, key: Key, cx: &Context<'_, Self>) -> Ballot {
        let highest = self.highest.get_or_insert_with(key, || 0);
        *highest += 1;
        if cx.config().plain_writes {
            *highest = cx.now.max(*highest);
        }
        Ballot { counter: *highest, node: cx.id(), incarnation: self.incarnation }
    }

    /// Stores a value without asking anybody what there is.
    fn put(&mut self, request: ClientRequest, value: Value, cx: &mut Context<'_, Self>) {
        let ballot = self.next_ballot(request.key, cx);
        self.attempts.push(Attempt {
            ballot,
            request,
            answered: NodeSet::EMPTY,
            latest: (Ballot::default(), None),
            reply: Some(ClientReply::Written),
        });
        let put = Message::Put { key: request.key, ballot, value: Some(value) };
        cx.send_each(NodeSet::first(cx.config().n), &put);
    }

    fn prepare(&mut self, from: NodeId, key: Key, ballot: Ballot, cx: &mut Context<'_, Self>) {
        let acceptor = self.acceptors.held(key);
        if ballot < acceptor.promised && !cx.config().is(Mutant::PreparesOlder) {
            cx.send(from, Message::Reject { key, ballot, promised: acceptor.promised });
            return;
        }
        let Acceptor { accepted, value, .. } = acceptor;
        let promise = Message::Promise { key, ballot, accepted, value };
        if cx.config().is(Mutant::PromisesNothing) {
            cx.send(from, promise);
            return;
        }
        self.store(from, key, Acceptor { promised: ballot, ..acceptor }, promise, cx);
    }

    fn accept(
        &mut self,
        from: NodeId,
        key: Key,
        ballot: Ballot,
        value: Option<Value>,
        cx: &mut Context<'_, Self>,
    ) {
        let acceptor = self.acceptors.held(key);
        if ballot < acceptor.promised && !cx.config().is(Mutant::AcceptsOlder) {
            cx.send(from, Message::Reject { key, ballot, promised: acceptor.promised });
            return;
        }
        let accepting = Acceptor { promised: ballot, accepted: ballot, value };
        self.store(from, key, accepting, Message::Accepted { key, ballot }, cx);
    }

    /// Says something once the acceptor can no longer forget it.
    fn store(
        &mut self,
        to: NodeId,
        key: Key,
        acceptor: Acceptor,
        message: Message,
        cx: &mut Context<'_, Self>,
    ) {
        let stores = self.acceptors.store(key, &acceptor, (to, message));
        if let Some(acceptor) = stores.persist {
            cx.persist(Slot { room: 0, number: key.into() }, acceptor);
        }
        if stores.acknowledge {
            cx.send(to, message);
        }
    }

    fn promised(
        &mut self,
        from: NodeId,
        id: AttemptId,
        accepted: (Ballot, Option<Value>),
        cx: &mut Context<'_, Self>,
    ) {
        let Some(attempt) = self.find(id).filter(|attempt| attempt.reply.is_none()) else {
            return;
        };
        let is_first = attempt.answered == NodeSet::EMPTY;
        attempt.answered.insert(from);
        if is_first || !cx.config().is(Mutant::TakesFirstPromise) {
            attempt.latest = attempt.latest.max(accepted);
        }
        if !cx.config().is_read_quorum(attempt.answered) {
            return;
        }
        let mut request = attempt.request.request;
        if let (Request::Cas { new, .. }, true) = (request, cx.config().is(Mutant::BlindCas)) {
            request = Request::Write(new);
        }
        let (value, reply) = change(request, attempt.latest.1);
        if request == Request::Read && cx.config().is(Mutant::ReadsWithoutAccept) {
            let client = attempt.request.id;
            self.forget(id);
            cx.reply(client, reply);
            return;
        }
        attempt.reply = Some(reply);
        if !cx.config().is(Mutant::PreparesCount) {
            attempt.answered = NodeSet::EMPTY;
        }
        let (key, ballot) = id;
        let all = NodeSet::first(cx.config().n);
        cx.send_each(all, &Message::Accept { key, ballot, value });
    }

    fn accepted(&mut self, from: NodeId, id: AttemptId, cx: &mut Context<'_, Self>) {
        let Some(attempt) = self.find(id) else { return };
        let Some(reply) = attempt.reply else { return };
        attempt.answered.insert(from);
        if cx.config().is_write_quorum(attempt.answered) {
            let request = attempt.request.id;
            self.forget(id);
            cx.reply(request, reply);
        }
    }

    /// Somebody else has a later ballot. What only reads, or has not asked anybody to accept anything, is
    /// tried again. Anything else may still be accepted by a quorum; whether it was accepted by anybody
    /// nobody can say, and trying it again might let it take effect twice.
    fn outrun(&mut self, id: AttemptId, promised: Ballot, cx: &mut Context<'_, Self>) {
        let Some(attempt) = self.find(id) else { return };
        let request = attempt.request;
        let is_harmless = attempt.reply.is_none()
            || request.request == Request::Read
            || cx.config().is(Mutant::RetriesWrites);
        let highest = self.highest.get_or_insert_with(request.key, || 0);
        *highest = promised.counter.max(*highest);
        if is_harmless {
            self.forget(id);
            let backoff = cx.patience() / BACKOFF_SHARE;
            self.waiting.push(request);
            cx.set_timer(0, backoff, Timer { kind: RETRY, number: request.id.0 });
        }
    }

    fn find(&mut self, id: AttemptId) -> Option<&mut Attempt> {
        self.attempts.iter_mut().find(|attempt| attempt.id() == id)
    }

    fn forget(&mut self, id: AttemptId) {
        self.attempts.retain(|attempt| attempt.id() != id);
    }
}

/// What a request makes of a value, and what its client is told.
fn change(request: Request, value: Option<Value>) -> (Option<Value>, ClientReply) {
    match request {
        Request::Read => (value, ClientReply::Value(value)),
        Request::Write(new) => (Some(new), ClientReply::Written),
        Request::Cas { expected, new } if expected == value => (Some(new), ClientReply::Written),
        Request::Cas { .. } => (value, ClientReply::Differs(value)),
        _ => (value, ClientReply::Unavailable),
    }
}
