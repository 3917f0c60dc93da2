//! What comes of a log: registers, and which requests were carried out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::protocol::message::{ClientReply, Request};
use crate::protocol::set::NodeSet;
use crate::protocol::{Key, NodeId, Value};

/// A client's request on its way through the cluster. However often it travels, it is carried out at
/// most once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::protocol) struct Call {
    /// The node that the client asked.
    pub(in crate::protocol) origin: NodeId,
    /// Counts that node's requests, never twice the same, not even after a restart.
    pub(in crate::protocol) serial: u64,
    /// That node has forgotten all requests before this one: nobody waits for them any more.
    pub(in crate::protocol) floor: u64,
    /// The register.
    pub(in crate::protocol) key: Key,
    /// What to do with it.
    pub(in crate::protocol) request: Request,
}

/// What is known of one node's requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
struct Session {
    floor: u64,
    /// What came of those carried out, from the floor on.
    done: BTreeMap<u64, ClientReply>,
}

/// The registers, and which requests were carried out (Ongaro, "Consensus: bridging theory and
/// practice", 2014, section 6.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub(in crate::protocol) struct Store {
    registers: BTreeMap<Key, Value>,
    sessions: BTreeMap<NodeId, Session>,
    /// The nodes in sync, as far as the log has said.
    pub(in crate::protocol) insync: Option<NodeSet>,
}

impl Store {
    /// What a register holds.
    pub(in crate::protocol) fn read(&self, key: Key) -> Option<Value> {
        self.registers.get(&key).copied()
    }

    /// How many registers were ever written.
    pub(super) fn len(&self) -> usize {
        self.registers.len()
    }

    /// What came of a request; `None` if it was not carried out, or nobody waits for it any more.
    pub(in crate::protocol) fn reply(&self, origin: NodeId, serial: u64) -> Option<ClientReply> {
        self.sessions.get(&origin)?.done.get(&serial).copied()
    }

    /// Whether nothing would come of carrying this out.
    pub(in crate::protocol) fn is_over(&self, call: &Call) -> bool {
        self.sessions.get(&call.origin).is_some_and(|session| {
            call.serial < session.floor || session.done.contains_key(&call.serial)
        })
    }

    /// Carries out a request. `None` if that was done before, or nobody waits for it any more.
    pub(super) fn carry_out(&mut self, call: &Call) -> Option<ClientReply> {
        let session = self.sessions.entry(call.origin).or_default();
        if call.floor > session.floor {
            session.floor = call.floor;
            session.done = session.done.split_off(&call.floor);
        }
        if self.is_over(call) {
            return None;
        }
        let reply = self.act(call.key, call.request);
        self.sessions.entry(call.origin).or_default().done.insert(call.serial, reply);
        Some(reply)
    }

    fn act(&mut self, key: Key, request: Request) -> ClientReply {
        let held = self.read(key);
        let value = match request {
            Request::Read => return ClientReply::Value(held),
            Request::Cas { expected, .. } if expected != held => return ClientReply::Differs(held),
            Request::Cas { new, .. } => new,
            Request::Write(value) => value,
            _ => return ClientReply::Unavailable,
        };
        self.registers.insert(key, value);
        ClientReply::Written
    }
}
