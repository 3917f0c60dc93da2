//! The seam between a protocol and whatever drives it: inputs, effects, and the trait of a protocol.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::message::{ClientReply, ClientRequest, RequestId};
use super::registry::{Message, Record, Registered};
use super::set::NodeSet;
use super::{Configuration, Key, NodeId, Value};
use crate::time::Nanos;

/// What happens to a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Input {
    /// A client asks.
    Request(ClientRequest),
    /// Another node speaks.
    Message {
        /// Who.
        from: NodeId,
        /// What.
        message: Message,
    },
    /// What [`Effect::Persist`] asked for is on disk for certain, and so is everything asked for before.
    Persisted {
        /// Where.
        slot: Slot,
        /// What.
        record: Record,
    },
    /// A time that [`Effect::SetTimer`] asked for has come.
    Timer(Timer),
}

/// What a node wants done.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Send a message to another node.
    Send {
        /// To whom.
        to: NodeId,
        /// What.
        message: Message,
    },
    /// Put a record on disk in the place of what was there, and come back with [`Input::Persisted`].
    /// A crash loses a suffix of what was asked for, never something in between.
    Persist {
        /// Where.
        slot: Slot,
        /// What.
        record: Record,
    },
    /// Answer a client.
    Reply {
        /// Which request.
        request: RequestId,
        /// The answer.
        reply: ClientReply,
    },
    /// Come back with [`Input::Timer`] after some time between `after` and `after + spread`, by whatever
    /// chance the driver has: protocols have none of their own. A crash forgets it.
    SetTimer {
        /// In nanoseconds, at least.
        after: Nanos,
        /// In nanoseconds, how much later at most.
        spread: Nanos,
        /// What to come back with.
        timer: Timer,
    },
}

/// A place on a node's disk.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize,
)]
pub struct Slot {
    /// What kind of record is in it, in the numbers of the protocol.
    pub room: u8,
    /// Which of that kind: often a key.
    pub number: u64,
}

/// What a timer is for, in the words of the protocol. There is no way to stop one: whoever set it knows
/// whether it still means anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timer {
    /// What kind.
    pub kind: u8,
    /// Which of that kind.
    pub number: u64,
}

/// What a node finds on its disk when it starts.
pub trait Disk {
    /// The records that are on it, in any order.
    fn records(&self) -> impl Iterator<Item = (Slot, Record)>;
}

/// A node's place in the cluster.
#[derive(Debug, Clone)]
pub struct Seat {
    /// Which node it is.
    pub id: NodeId,
    /// How the cluster works.
    pub config: Arc<Configuration>,
    /// An operation without a quorum is forgotten after this time on the node's clock. Also the measure
    /// of the node's own timers.
    pub patience: Nanos,
    /// How often the node was started before.
    pub incarnation: u32,
}

/// A protocol: the state of one node, and what it does with each input.
///
/// Whatever a machine does is a function of its state and the input, so equal states have equal futures.
/// Its state is hashed by whoever explores all futures; in it a `u16` is always the number of a node,
/// so that exploration can treat nodes that are alike as the same.
pub(super) trait Machine: Registered + Clone + Debug + Eq + Hash {
    /// What its nodes say to each other.
    type Message: Clone + Debug + Eq + Hash + Serialize + DeserializeOwned;
    /// What its nodes put on disk.
    type Record: Clone + Debug + Eq + Hash + Serialize + DeserializeOwned;
    /// Whether a node does the same whatever its number, and whatever those of others are. False if nobody
    /// has thought about it.
    const NODES_ARE_ALIKE: bool = false;

    /// A node that starts and finds these records on its disk.
    fn start(seat: &Seat, disk: impl Iterator<Item = (Slot, Self::Record)>) -> Self;
    /// The first thing it does.
    fn begin(&mut self, _cx: &mut Context<'_, Self>) {}
    /// A client asks.
    fn request(&mut self, request: ClientRequest, cx: &mut Context<'_, Self>);
    /// A node speaks, perhaps this one to itself.
    fn message(&mut self, from: NodeId, message: Self::Message, cx: &mut Context<'_, Self>);
    /// A record is on disk for certain.
    fn persisted(&mut self, slot: Slot, record: Self::Record, cx: &mut Context<'_, Self>);
    /// A time has come.
    fn timer(&mut self, _timer: Timer, _cx: &mut Context<'_, Self>) {}

    /// What kind of message it is, in a word: by that, scripts tell messages of one link apart.
    fn kind(_message: &Self::Message) -> &'static str {
        "message"
    }

    /// Whether a message mends what replicas hold, and no operation waits for what comes of it.
    fn is_repair(_message: &Self::Message) -> bool {
        false
    }

    /// The one message with which it would answer this one now, if that is all that would come of it, now
    /// and whenever it arrives later: a question, which changes nothing here. `None` if more would, or if
    /// nobody has thought about it. If the asker waits for none of the possible answers, it never will.
    fn answer(&self, _message: &Self::Message) -> Option<Self::Message> {
        None
    }

    /// The value that its replica holds of a register, for pictures. `None` if it holds none, or something
    /// else than one value.
    fn holds(&self, _key: Key) -> Option<Value> {
        None
    }

    /// Whether this message can still make a difference here, now or later. True if nobody has thought
    /// about it.
    fn awaits(&self, _from: NodeId, _message: &Self::Message) -> bool {
        true
    }
}

/// What a machine knows and can do while it handles an input.
pub(super) struct Context<'a, M: Machine> {
    /// The node's own clock, in nanoseconds.
    pub(super) now: Nanos,
    seat: &'a Seat,
    effects: &'a mut Vec<Effect>,
    to_self: &'a mut VecDeque<M::Message>,
}

impl<M: Machine> Context<'_, M> {
    pub(super) fn id(&self) -> NodeId {
        self.seat.id
    }

    pub(super) fn config(&self) -> &Configuration {
        &self.seat.config
    }

    pub(super) fn patience(&self) -> Nanos {
        self.seat.patience
    }

    /// Sends a message. What a node says to itself needs no network.
    pub(super) fn send(&mut self, to: NodeId, message: M::Message) {
        if to == self.seat.id {
            self.to_self.push_back(message);
        } else {
            self.effects.push(Effect::Send { to, message: M::wrap(message) });
        }
    }

    /// Sends a message to each of some nodes, the node itself among them.
    pub(super) fn send_each(&mut self, to: NodeSet, message: &M::Message) {
        for to in to.iter() {
            self.send(to, message.clone());
        }
    }

    pub(super) fn persist(&mut self, slot: Slot, record: M::Record) {
        self.effects.push(Effect::Persist { slot, record: M::wrap_record(record) });
    }

    pub(super) fn reply(&mut self, request: RequestId, reply: ClientReply) {
        self.effects.push(Effect::Reply { request, reply });
    }

    /// Sets a timer, see [`Effect::SetTimer`].
    pub(super) fn set_timer(&mut self, after: Nanos, spread: Nanos, timer: Timer) {
        self.effects.push(Effect::SetTimer { after, spread, timer });
    }
}

/// A machine at work. Between inputs it has nothing left to say to itself.
#[derive(Debug, Clone)]
pub(super) struct Seated<M: Machine> {
    machine: M,
    to_self: VecDeque<M::Message>,
}

impl<M: Machine> Seated<M> {
    pub(super) fn start(
        seat: &Seat,
        now: Nanos,
        disk: &impl Disk,
        effects: &mut Vec<Effect>,
    ) -> Self {
        let records = disk.records();
        let records = records.filter_map(|(slot, record)| Some((slot, M::unwrap_record(record)?)));
        let mut seated = Self { machine: M::start(seat, records), to_self: VecDeque::new() };
        seated.act(seat, now, effects, M::begin);
        seated
    }

    /// Takes an input. One of another protocol means nothing to it.
    pub(super) fn handle(
        &mut self,
        seat: &Seat,
        now: Nanos,
        input: Input,
        effects: &mut Vec<Effect>,
    ) {
        self.act(seat, now, effects, |machine, cx| match input {
            Input::Request(request) => machine.request(request, cx),
            Input::Message { from, message } => {
                if let Some(message) = M::unwrap(message) {
                    machine.message(from, message, cx);
                }
            }
            Input::Persisted { slot, record } => {
                if let Some(record) = M::unwrap_record(record) {
                    machine.persisted(slot, record, cx);
                }
            }
            Input::Timer(timer) => machine.timer(timer, cx),
        });
    }

    pub(super) fn answer(&self, message: &M::Message) -> Option<Message> {
        self.machine.answer(message).map(M::wrap)
    }

    pub(super) fn awaits(&self, from: NodeId, message: &M::Message) -> bool {
        self.machine.awaits(from, message)
    }

    pub(super) fn holds(&self, key: Key) -> Option<Value> {
        self.machine.holds(key)
    }

    fn act(
        &mut self,
        seat: &Seat,
        now: Nanos,
        effects: &mut Vec<Effect>,
        act: impl FnOnce(&mut M, &mut Context<'_, M>),
    ) {
        let mut cx = Context { now, seat, effects, to_self: &mut self.to_self };
        act(&mut self.machine, &mut cx);
        while let Some(message) = cx.to_self.pop_front() {
            self.machine.message(seat.id, message, &mut cx);
        }
    }
}

impl<M: Machine> PartialEq for Seated<M> {
    fn eq(&self, other: &Self) -> bool {
        self.machine == other.machine
    }
}

impl<M: Machine> Eq for Seated<M> {}

impl<M: Machine> Hash for Seated<M> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.machine.hash(state);
    }
}
