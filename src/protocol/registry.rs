//! All protocols. A new one is a file that has a machine, and a line here.

use std::hash::Hash;

use serde::{Deserialize, Serialize};

use super::choice::Reads;
use super::choice::Setting::{
    self, Acks, AntiEntropy, Asks, Change, ChangeAfter, Digests, Election, Liars, Lies, Members,
    MinInsync, MissingValue, NewMembers, PlainWrites, Pr, Pw, R, ReadRepair, Replicas, System, W,
    Witnesses, WriteBack,
};
use super::machine::{Disk, Effect, Input, Machine, Seat, Seated};
use super::message::Object;
use super::phases::Phases;
use super::versioned::Versions;
use super::{
    Key, NodeId, Value, abd, caspaxos, chain, crdt, gifford, led, lww, masking, members, primary,
    raft, siblings, single_writer, sloppy, voting,
};
use crate::time::Nanos;

/// What every machine gets from its line in the registry.
pub(super) trait Registered: Sized {
    /// A message of this protocol as one of any.
    fn wrap(message: <Self as Machine>::Message) -> Message
    where
        Self: Machine;
    /// Back; `None` if it is of another protocol.
    fn unwrap(message: Message) -> Option<<Self as Machine>::Message>
    where
        Self: Machine;
    /// A record of this protocol as one of any.
    fn wrap_record(record: <Self as Machine>::Record) -> Record
    where
        Self: Machine;
    /// Back; `None` if it is of another protocol.
    fn unwrap_record(record: Record) -> Option<<Self as Machine>::Record>
    where
        Self: Machine;
}

macro_rules! protocols {
    ($($(#[$doc:meta])* $name:ident = $word:literal: $machine:ty, $facts:expr;)*) => {
        /// How replicas work together.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Protocol {
            $($(#[$doc])* $name,)*
        }

        impl Protocol {
            /// All protocols.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word of workloads and of the command line.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Whether its nodes do the same whatever their numbers, unless the configuration tells them
            /// apart.
            pub(super) fn nodes_are_alike(self) -> bool {
                match self { $(Self::$name => <$machine as Machine>::NODES_ARE_ALIKE,)* }
            }

            /// What it can do.
            pub fn facts(self) -> Facts {
                match self { $(Self::$name => $facts,)* }
            }
        }

        /// What nodes say to each other. Every message may be lost, doubled, delayed or overtaken.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[expect(private_interfaces, reason = "what is in a message is between the nodes")]
        pub enum Message {
            $(
                #[doc = concat!("Between nodes of ", $word, ".")]
                $name(<$machine as Machine>::Message),
            )*
        }

        /// What nodes put on disk.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[expect(private_interfaces, reason = "what is in a record is the node's own")]
        pub enum Record {
            $(
                #[doc = concat!("By a node of ", $word, ".")]
                $name(<$machine as Machine>::Record),
            )*
        }

        impl Message {
            /// What kind of message it is, in a word: by that, scripts tell messages of one link apart.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$name(message) => <$machine as Machine>::kind(message),)* }
            }

            /// Whether it mends what replicas hold, and no operation waits for what comes of it: read repair
            /// in the background, replicas that compare what they hold, and hints that are handed over.
            pub fn is_repair(&self) -> bool {
                match self {
                    $(Self::$name(message) => <$machine as Machine>::is_repair(message),)*
                }
            }
        }

        $(
            impl Registered for $machine {
                fn wrap(message: <Self as Machine>::Message) -> Message {
                    Message::$name(message)
                }

                fn unwrap(message: Message) -> Option<<Self as Machine>::Message> {
                    match message {
                        Message::$name(message) => Some(message),
                        _ => None,
                    }
                }

                fn wrap_record(record: <Self as Machine>::Record) -> Record {
                    Record::$name(record)
                }

                fn unwrap_record(record: Record) -> Option<<Self as Machine>::Record> {
                    match record {
                        Record::$name(record) => Some(record),
                        _ => None,
                    }
                }
            }
        )*

        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        enum State {
            $($name(Seated<$machine>),)*
        }

        impl Node {
            /// A node that starts at `now` on its own clock and finds `disk`. What is to be done about
            /// that is added to `effects`.
            pub fn start(
                seat: Seat,
                now: Nanos,
                disk: &impl Disk,
                effects: &mut Vec<Effect>,
            ) -> Self {
                let state = match seat.config.protocol {
                    $(Protocol::$name => State::$name(Seated::start(&seat, now, disk, effects)),)*
                };
                Self { seat, state }
            }

            /// Takes one input and adds what is to be done about it to `effects`: all of it, in order,
            /// before the next input. `now` is the node's own clock.
            pub fn handle(&mut self, now: Nanos, input: Input, effects: &mut Vec<Effect>) {
                match &mut self.state {
                    $(State::$name(seated) => seated.handle(&self.seat, now, input, effects),)*
                }
            }

            /// The one message with which this node answers a question now, whoever asks. `None` if it is
            /// no question: a question changes nothing here, whenever it arrives, and if the asker
            /// [awaits](Self::awaits) none of the possible answers, it never will.
            pub fn answer(&self, message: &Message) -> Option<Message> {
                if self.seat.config.is_liar(self.seat.id) {
                    return None;
                }
                match (&self.state, message) {
                    $((State::$name(seated), Message::$name(message)) => seated.answer(message),)*
                    _ => None,
                }
            }

            /// The value that its replica holds of a register, for pictures. `None` if it holds none, or
            /// something else than one value.
            pub fn holds(&self, key: Key) -> Option<Value> {
                match &self.state { $(State::$name(seated) => seated.holds(key),)* }
            }

            /// Whether a message can still make a difference here, now or later.
            pub fn awaits(&self, from: NodeId, message: &Message) -> bool {
                match (&self.state, message) {
                    $((State::$name(seated), Message::$name(message)) => {
                        seated.awaits(from, message)
                    })*
                    _ => false,
                }
            }
        }
    };
}

/// What a protocol can do, and what it does unless told otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself")]
pub struct Facts {
    /// Whether it has a compare-and-set. Registers alone cannot reach the consensus that takes
    /// (Herlihy, "Wait-free synchronization", TOPLAS 13(1), 1991).
    pub has_cas: bool,
    /// Whether reads write back unless told otherwise.
    pub writes_back: bool,
    /// Whether each register must be written by one client only.
    pub single_writer: bool,
    /// Whether a crash may leave a register blocked for good, by its own rules.
    pub blocks: bool,
    /// What reads may wait for, and first what they wait for unless told otherwise.
    pub reads: &'static [Reads],
    /// What clients can operate on.
    pub objects: &'static [Object],
    /// Which settings mean something to it, of those that do not to every protocol.
    pub settings: &'static [Setting],
}

impl Facts {
    const REGISTER: Self = Self {
        has_cas: false,
        writes_back: false,
        single_writer: false,
        blocks: false,
        reads: &[],
        objects: &[Object::Register],
        settings: &[R, W, System, WriteBack, ReadRepair, AntiEntropy, Asks, Digests],
    };
    const ORDERED: Self = Self {
        has_cas: true,
        reads: &[Reads::ReadIndex, Reads::Log, Reads::Lease, Reads::Sync, Reads::Any],
        settings: &[Setting::Reads],
        ..Self::REGISTER
    };
}

/// One node of the cluster: a replica, and a coordinator for the clients that ask it.
#[derive(Debug, Clone)]
pub struct Node {
    seat: Seat,
    state: State,
}

protocols! {
    /// Query, then store with a later version; reads write back (Attiya, Bar-Noy and Dolev).
    Abd = "abd": Phases<Versions<abd::Abd>>,
        Facts {
            writes_back: true,
            settings: &[
                R, W, System, WriteBack, ReadRepair, AntiEntropy, Asks, Digests, Liars, Lies, Witnesses, MissingValue,
            ],
            ..Facts::REGISTER
        };
    /// The same with one writer, which numbers its writes itself and so needs one phase.
    AbdSingleWriter = "abd-single-writer": Phases<Versions<single_writer::SingleWriter>>,
        Facts { writes_back: true, single_writer: true, ..Facts::REGISTER };
    /// Last writer wins: one phase, stamped by the coordinator's clock.
    Lww = "lww": Phases<Versions<lww::Lww>>, Facts::REGISTER;
    /// The same with others that stand in for replicas, and hand over later what they hold for them.
    Sloppy = "sloppy": sloppy::Sloppy, Facts {
        settings: &[R, W, WriteBack, ReadRepair, Replicas, Pr, Pw],
        ..Facts::REGISTER
    };
    /// Vector clocks: values that do not know of each other are kept as siblings.
    Siblings = "siblings": Phases<siblings::DynamoSiblings>, Facts {
        settings: &[R, W, System, ReadRepair, AntiEntropy],
        ..Facts::REGISTER
    };
    /// Counters, sets and registers that converge by themselves (Shapiro et al.).
    Crdt = "crdt": Phases<crdt::Crdt>, Facts {
        objects: &[Object::Register, Object::Counter, Object::Set],
        settings: &[R, W, System, ReadRepair, AntiEntropy, Asks],
        ..Facts::REGISTER
    };
    /// No versions: the value that enough replicas agree on.
    Voting = "voting": Phases<voting::Voting>, Facts { settings: &[R, W, System], ..Facts::REGISTER };
    /// Version numbers under locks and two-phase commit (Gifford).
    Gifford = "gifford": gifford::Gifford,
        Facts { blocks: true, settings: &[R, W, System], ..Facts::REGISTER };
    /// Values count that more replicas return than can lie (Malkhi and Reiter).
    Masking = "masking": Phases<Versions<masking::Masking>>,
        Facts { writes_back: true, settings: &[R, W, WriteBack, ReadRepair, Liars, Lies], ..Facts::REGISTER };
    /// Consensus on each key by itself, with compare-and-set (Rystsov).
    CasPaxos = "caspaxos": caspaxos::CasPaxos,
        Facts { has_cas: true, settings: &[R, W, System, PlainWrites], ..Facts::REGISTER };
    /// Counted versions at majorities of members that change.
    Members = "members": members::Members, Facts {
        writes_back: true,
        settings: &[Members, NewMembers, Change, ChangeAfter],
        ..Facts::REGISTER
    };
    /// A leader's log, committed by a majority (Ongaro and Ousterhout).
    Raft = "raft": led::Led<raft::Raft>, Facts::ORDERED;
    /// A primary and its backups, and automatic fail-over.
    Primary = "primary": led::Led<primary::Primary>, Facts {
        reads: &[Reads::Sync, Reads::ReadIndex, Reads::Log, Reads::Lease, Reads::Any],
        settings: &[Setting::Reads, Acks, MinInsync, Election],
        ..Facts::ORDERED
    };
    /// Chain replication: in at the head, out at the tail (van Renesse and Schneider).
    Chain = "chain": chain::Chain, Facts { reads: &[Reads::Tail, Reads::Any], ..Facts::ORDERED };
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.seat.id == other.seat.id && self.state == other.state
    }
}

impl Eq for Node {}

/// Without the configuration, which all nodes of a cluster share.
impl Hash for Node {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.seat.id.hash(state);
        self.state.hash(state);
    }
}
