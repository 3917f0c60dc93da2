//! What has to wait for the disk. Disks work in order, so what waits for the last record is in its turn
//! when all records before it are safe, too.

use std::collections::VecDeque;

use super::ledger::Save;
use crate::protocol::machine::{Context, Machine};
use crate::protocol::message::{ClientReply, RequestId};
use crate::protocol::{Durability, NodeId};

/// What others learn, and must not learn before it cannot be forgotten here any more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::protocol) enum Deed<T> {
    /// Send a message.
    Send(NodeId, T),
    /// Answer a client.
    Reply(RequestId, ClientReply),
}

/// The records on their way to the disk, and what waits for each.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::protocol) struct Journal<T> {
    durability: Durability,
    unsynced: VecDeque<Vec<Deed<T>>>,
}

impl<T> Journal<T> {
    /// A disk that is up to date.
    pub(in crate::protocol) fn new(durability: Durability) -> Self {
        Self { durability, unsynced: VecDeque::new() }
    }

    /// Puts a record on disk.
    pub(in crate::protocol) fn save<M>(
        &mut self,
        (slot, record): Save<M::Record>,
        cx: &mut Context<'_, M>,
    ) where
        M: Machine<Message = T>,
    {
        self.unsynced.push_back(Vec::new());
        cx.persist(slot, record);
    }

    /// Does something once all that was saved so far is safe; at once if nobody waits for the disk here.
    pub(in crate::protocol) fn once_safe<M>(&mut self, deed: Deed<T>, cx: &mut Context<'_, M>)
    where
        M: Machine<Message = T>,
    {
        match self.unsynced.back_mut() {
            Some(waiting) if self.durability == Durability::SyncBeforeAck => waiting.push(deed),
            _ => perform(deed, cx),
        }
    }

    /// The first record on its way is safe.
    pub(in crate::protocol) fn saved<M>(&mut self, cx: &mut Context<'_, M>)
    where
        M: Machine<Message = T>,
    {
        for deed in self.unsynced.pop_front().into_iter().flatten() {
            perform(deed, cx);
        }
    }
}

fn perform<M: Machine>(deed: Deed<M::Message>, cx: &mut Context<'_, M>) {
    match deed {
        Deed::Send(to, message) => cx.send(to, message),
        Deed::Reply(request, reply) => cx.reply(request, reply),
    }
}
