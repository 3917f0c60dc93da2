//! A node: a replica and a coordinator behind one door.

use std::collections::VecDeque;

use super::coordinator::{self, Coordinator};
use super::message::{ClientReply, ClientRequest, Message, RequestId, Stored, Version};
use super::replica::{self, Replica};
use super::{Configuration, Key, NodeId};
use crate::time::Nanos;

/// What a node finds on its disk when it starts.
pub trait Disk {
    /// The registers that are on it.
    fn registers(&self) -> impl Iterator<Item = (Key, Stored)>;
}

/// What happens to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// What [`Effect::Persist`] asked for is on disk for certain.
    Persisted {
        /// The register.
        key: Key,
        /// The version that was given.
        version: Version,
    },
}

/// What a node wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Send a message to another node.
    Send {
        /// To whom.
        to: NodeId,
        /// What.
        message: Message,
    },
    /// Put a register on disk, and come back with [`Input::Persisted`].
    Persist {
        /// The register.
        key: Key,
        /// The value and its version.
        stored: Stored,
    },
    /// Answer a client.
    Reply {
        /// Which request.
        request: RequestId,
        /// The answer.
        reply: ClientReply,
    },
}

/// One node of the cluster.
#[derive(Debug)]
pub struct Node {
    replica: Replica,
    coordinator: Coordinator,
    outbox: Outbox,
}

impl Node {
    /// A node that starts for the `incarnation`-th time and finds `disk`. An operation without a
    /// quorum is forgotten after `patience` on the node's clock.
    pub fn start(
        id: NodeId,
        config: Configuration,
        patience: Nanos,
        incarnation: u32,
        disk: &impl Disk,
    ) -> Self {
        Self {
            replica: Replica::new(config.durability, disk.registers()),
            coordinator: Coordinator::new(config, patience, incarnation),
            outbox: Outbox { id, n: config.n, to_self: VecDeque::new(), effects: Vec::new() },
        }
    }

    /// Takes one input and adds what is to be done about it to `effects`: all of it before the next
    /// input. `now` is the node's own clock.
    pub fn handle(&mut self, now: Nanos, input: Input, effects: &mut Vec<Effect>) {
        std::mem::swap(&mut self.outbox.effects, effects);
        let out = &mut self.outbox;
        match input {
            Input::Request(request) => self.coordinator.begin(now, &request, out),
            Input::Message { from, message } => self.receive(from, message),
            Input::Persisted { key, version } => self.replica.persisted(key, version, out),
        }
        // What a node says to itself needs no network.
        while let Some(message) = self.outbox.to_self.pop_front() {
            self.receive(self.outbox.id, message);
        }
        std::mem::swap(&mut self.outbox.effects, effects);
    }

    fn receive(&mut self, from: NodeId, message: Message) {
        let out = &mut self.outbox;
        match message {
            Message::Query { op, key } => self.replica.query(from, op, key, out),
            Message::Store { op, key, stored } => self.replica.store(from, op, key, stored, out),
            Message::Found { op, stored } => self.coordinator.found(from, op, stored, out),
            Message::Holding { op } => self.coordinator.holding(from, op, out),
        }
    }
}

/// Gathers effects; keeps apart what the node says to itself.
#[derive(Debug)]
struct Outbox {
    id: NodeId,
    n: u16,
    to_self: VecDeque<Message>,
    effects: Vec<Effect>,
}

impl replica::Outbox for Outbox {
    fn send(&mut self, to: NodeId, message: Message) {
        if to == self.id {
            self.to_self.push_back(message);
        } else {
            self.effects.push(Effect::Send { to, message });
        }
    }

    fn persist(&mut self, key: Key, stored: Stored) {
        self.effects.push(Effect::Persist { key, stored });
    }
}

impl coordinator::Outbox for Outbox {
    fn broadcast(&mut self, message: Message) {
        for to in 0..self.n {
            replica::Outbox::send(self, to, message);
        }
    }

    fn reply(&mut self, request: RequestId, reply: ClientReply) {
        self.effects.push(Effect::Reply { request, reply });
    }
}
