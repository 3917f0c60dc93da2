//! A replica: holds the latest version it has seen of every register.

use rustc_hash::FxHashMap;

use super::message::{Message, OpId, Stored, Version};
use super::{Durability, Key, NodeId};

/// One register.
#[derive(Debug, Default)]
struct Register {
    /// What it holds, perhaps only in memory.
    held: Stored,
    /// The latest version that is certainly on disk.
    synced: Version,
    /// Who waits for which version to be on disk.
    waiting: Vec<(NodeId, OpId, Version)>,
}

/// The state of a replica.
#[derive(Debug)]
pub(super) struct Replica {
    durability: Durability,
    registers: FxHashMap<Key, Register>,
}

/// What a replica wants done.
pub(super) trait Outbox {
    /// Send a message.
    fn send(&mut self, to: NodeId, message: Message);
    /// Put a register on disk, and say so when it is there.
    fn persist(&mut self, key: Key, stored: Stored);
}

impl Replica {
    /// A replica that finds these registers on its disk.
    pub(super) fn new(
        durability: Durability,
        disk: impl IntoIterator<Item = (Key, Stored)>,
    ) -> Self {
        let register =
            |stored: Stored| Register { held: stored, synced: stored.version, waiting: Vec::new() };
        let registers = disk.into_iter().map(|(key, stored)| (key, register(stored))).collect();
        Self { durability, registers }
    }

    pub(super) fn query(&self, from: NodeId, op: OpId, key: Key, out: &mut impl Outbox) {
        let stored = self.registers.get(&key).map(|register| register.held).unwrap_or_default();
        out.send(from, Message::Found { op, stored });
    }

    pub(super) fn store(
        &mut self,
        from: NodeId,
        op: OpId,
        key: Key,
        stored: Stored,
        out: &mut impl Outbox,
    ) {
        let register = self.registers.entry(key).or_default();
        if stored > register.held {
            register.held = stored;
            out.persist(key, stored);
        }
        // What is held may still be on its way to the disk: then a second request for it waits, too.
        if self.durability == Durability::AckBeforeSync || register.synced >= stored.version {
            out.send(from, Message::Holding { op });
        } else {
            register.waiting.push((from, op, stored.version));
        }
    }

    /// A register has reached the disk.
    pub(super) fn persisted(&mut self, key: Key, version: Version, out: &mut impl Outbox) {
        let Some(register) = self.registers.get_mut(&key) else { return };
        register.synced = register.synced.max(version);
        let synced = register.synced;
        register.waiting.retain(|(from, op, version)| {
            let still = *version > synced;
            if !still {
                out.send(*from, Message::Holding { op: *op });
            }
            still
        });
    }
}
