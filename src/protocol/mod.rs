//! The replicated register, sans-I/O: state machines that take inputs and give effects.
//!
//! A [`Node`] is a replica and a coordinator behind one door. [`Node::handle`] takes one [`Input`]
//! at a local time and writes down what is to be done about it as [`Effect`]s; whoever drives the
//! node performs all of them before the next input. There is no clock, thread, socket or randomness
//! in here: the simulator and a live node run the same code.
//!
//! Each protocol is a file with its machine and a line in `registry.rs`. Those that work in phases, with
//! a quorum of answers to each, share `phases`: they only say what to ask and what follows. Those that
//! put all operations into one order share `ordered/`, and those of them that have a leader share `led/`.

mod abd;
mod caspaxos;
mod chain;
mod choice;
mod crdt;
mod entropy;
mod gifford;
mod keys;
mod led;
mod lww;
mod machine;
mod masking;
mod members;
mod message;
mod mutant;
mod ordered;
mod phases;
mod primary;
mod raft;
mod registry;
mod replica;
mod set;
mod siblings;
mod single_writer;
mod sloppy;
mod version;
mod versioned;
mod voting;

pub use choice::{Acks, Asks, Change, Durability, Election, Lies, MissingValue, Reads, Setting};
pub use machine::{Disk, Effect, Input, Seat, Slot, Timer};
pub use message::{ClientReply, ClientRequest, Object, Request, RequestId};
pub use mutant::{Mutant, MutantClass};
pub use registry::{Facts, Message, Node, Protocol, Record};
pub use set::NodeSet;
pub use version::{Stored, Version};

use std::sync::Arc;

use crate::quorum::ReadWriteSystem;
use crate::time::{MILLISECOND, Nanos};

/// The number of a node, from 0.
pub type NodeId = u16;
/// The number of a register.
pub type Key = u32;
/// What the registers of the embedded cluster hold.
pub type Value = i64;

/// The most nodes of a cluster: sets of nodes are bits of one word.
pub const NODE_COUNT_MAX: usize = 64;

/// A cluster of replicas and how they work together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting by itself")]
pub struct Configuration {
    /// How versions are chosen.
    pub protocol: Protocol,
    /// N: how many replicas.
    pub n: u16,
    /// R: how many replicas a read hears before it goes on; with a `system`, those of its smallest quorum.
    pub r: u16,
    /// W: how many replicas acknowledge before a write returns; likewise.
    pub w: u16,
    /// Which replicas make a quorum, where not any R and any W do.
    pub system: Option<Arc<ReadWriteSystem>>,
    /// Whether a read stores what it returns at W replicas before it returns.
    pub write_back: bool,
    /// Whether replicas that are seen to lag behind in a read are sent what it returns, and nobody waits
    /// for it.
    pub read_repair: bool,
    /// When replicas acknowledge.
    pub durability: Durability,
    /// How many nodes are to hold each register, where others may stand in for them (`sloppy`).
    pub replicas: u16,
    /// PR: how many of those must answer a read themselves.
    pub pr: u16,
    /// PW: how many of those must acknowledge a write themselves.
    pub pw: u16,
    /// How many replicas lie, the last ones of the cluster.
    pub liars: u16,
    /// What they say.
    pub lies: Lies,
    /// What a read waits for, where operations have one order.
    pub reads: Reads,
    /// What a write of a primary waits for.
    pub acks: Acks,
    /// With fewer replicas in sync a primary takes no writes.
    pub min_insync: u16,
    /// Who may become primary.
    pub election: Election,
    /// Whether writes bypass the consensus on their register (`caspaxos`).
    pub plain_writes: bool,
    /// Whether replicas compare what they hold now and then, and mend what differs.
    pub anti_entropy: bool,
    /// How many replicas store versions and no values, the last ones of the cluster.
    pub witnesses: u16,
    /// What a read does if a witness knows a later version than those that have values.
    pub missing_value: MissingValue,
    /// Whom a phase asks, and how many answers are enough.
    pub asks: Asks,
    /// Whether a read asks all replicas but one for versions only, and for values when versions differ.
    pub digests: bool,
    /// Which nodes are replicas at first (`members`).
    pub members: NodeSet,
    /// Which nodes are replicas after the change.
    pub new_members: NodeSet,
    /// How the replicas change.
    pub change: Change,
    /// When the change begins, in nanoseconds after a node has started.
    pub change_after: Nanos,
    /// The bug that it has, if it is broken on purpose.
    pub mutant: Option<Mutant>,
}

impl Configuration {
    /// A configuration in which everything else is as the protocol has it unless told otherwise.
    pub fn new(protocol: Protocol, n: u16, r: u16, w: u16) -> Self {
        Self {
            protocol,
            n,
            r,
            w,
            system: None,
            write_back: protocol.facts().writes_back,
            read_repair: false,
            durability: Durability::SyncBeforeAck,
            replicas: n,
            pr: 0,
            pw: 0,
            liars: 0,
            lies: Lies::Forged,
            reads: protocol.facts().reads.first().copied().unwrap_or(Reads::Log),
            acks: Acks::Count(n / 2),
            min_insync: 1,
            election: Election::Latest,
            plain_writes: false,
            anti_entropy: false,
            witnesses: 0,
            missing_value: MissingValue::Wait,
            asks: Asks::All,
            digests: false,
            members: NodeSet::first(n),
            new_members: NodeSet::first(n),
            change: Change::Joint,
            change_after: 100 * MILLISECOND,
            mutant: None,
        }
    }

    /// The smallest majority.
    pub fn majority(&self) -> u16 {
        self.n / 2 + 1
    }

    /// When replicas really acknowledge.
    fn durability(&self) -> Durability {
        if self.is(Mutant::AckBeforeSync) { Durability::AckBeforeSync } else { self.durability }
    }

    /// Whether the replica of a node lies.
    pub fn is_liar(&self, node: NodeId) -> bool {
        node + self.liars >= self.n
    }

    /// Whether a node stores versions and no values.
    pub fn is_witness(&self, node: NodeId) -> bool {
        node + self.witnesses >= self.n
    }

    /// Whether nodes do the same whatever their numbers, so that clusters which differ only in these have
    /// the same future.
    pub fn nodes_are_alike(&self) -> bool {
        self.protocol.nodes_are_alike()
            && self.liars == 0
            && self.witnesses == 0
            && !self.anti_entropy
            && self.asks == Asks::All
            && !self.digests
            && self.replicas == self.n
            && self.system.is_none()
    }

    /// Whether these answers are enough for a read.
    pub fn is_read_quorum(&self, nodes: NodeSet) -> bool {
        match &self.system {
            None => nodes.len() + u16::from(self.is(Mutant::ReadQuorumOffByOne)) >= self.r,
            Some(system) => system.is_read_quorum(nodes.nodes()),
        }
    }

    /// Whether these acknowledgements are enough for a write.
    pub fn is_write_quorum(&self, nodes: NodeSet) -> bool {
        match &self.system {
            None => nodes.len() + u16::from(self.is(Mutant::WriteQuorumOffByOne)) >= self.w,
            Some(system) => system.is_write_quorum(nodes.nodes()),
        }
    }
}
