//! The replicated register, sans-I/O: state machines that take inputs and give effects.
//!
//! A [`Node`] is a replica and a coordinator behind one door. [`Node::handle`] takes one [`Input`]
//! at a local time and writes down what is to be done about it as [`Effect`]s; whoever drives the
//! node performs all of them before the next input. There is no clock, thread, socket or randomness
//! in here: the simulator and a live node run the same code.
//!
//! Two protocols share it. **abd** (Attiya, Bar-Noy and Dolev, "Sharing memory robustly in
//! message-passing systems", JACM 42(1), 1995; for many writers Lynch and Shvartsman, 1997): a write
//! first asks a quorum for the latest version and then stores a later one; a read stores what it is
//! about to return before it returns it. **lww**, last writer wins, is what most Dynamo-style stores
//! do: a write is stamped by the coordinator's clock and stored in one phase, a read asks a quorum and
//! returns the latest stamp.

mod coordinator;
mod message;
mod node;
mod replica;

pub use message::{ClientReply, ClientRequest, Message, OpId, Request, RequestId, Stored, Version};
pub use node::{Disk, Effect, Input, Node};

use serde::{Deserialize, Serialize};

/// The number of a node, from 0.
pub type NodeId = u16;
/// The number of a register.
pub type Key = u32;
/// What the registers of the embedded cluster hold.
pub type Value = i64;

/// The most nodes of a cluster: sets of nodes are bits of one word.
pub const NODE_COUNT_MAX: usize = 64;

/// How versions are chosen, and what a read does before it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Query, then store with a later version; reads write back.
    Abd,
    /// One phase, stamped by the coordinator's clock.
    Lww,
}

impl Protocol {
    /// All protocols.
    pub const ALL: [Self; 2] = [Self::Abd, Self::Lww];

    /// The word of workloads and of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Abd => "abd",
            Self::Lww => "lww",
        }
    }

    /// Whether it has a compare-and-set. Neither has: that takes consensus, and registers alone
    /// cannot reach it (Herlihy, "Wait-free synchronization", TOPLAS 13(1), 1991).
    pub fn has_cas(self) -> bool {
        match self {
            Self::Abd | Self::Lww => false,
        }
    }

    /// Whether reads write back unless told otherwise.
    pub fn writes_back(self) -> bool {
        match self {
            Self::Abd => true,
            Self::Lww => false,
        }
    }
}

/// When a replica acknowledges a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// After it is on disk for certain.
    SyncBeforeAck,
    /// Before: a crash that loses what was not synced loses acknowledged writes.
    AckBeforeSync,
}

impl Durability {
    /// Both.
    pub const ALL: [Self; 2] = [Self::SyncBeforeAck, Self::AckBeforeSync];

    /// The word of workloads and of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::SyncBeforeAck => "sync-before-ack",
            Self::AckBeforeSync => "ack-before-sync",
        }
    }
}

/// A cluster of replicas and how they work together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Configuration {
    /// How versions are chosen.
    pub protocol: Protocol,
    /// N: how many replicas.
    pub n: u16,
    /// R: how many replicas a read hears before it goes on.
    pub r: u16,
    /// W: how many replicas acknowledge before a write returns.
    pub w: u16,
    /// Whether a read stores what it returns at W replicas before it returns.
    pub write_back: bool,
    /// When replicas acknowledge.
    pub durability: Durability,
}
