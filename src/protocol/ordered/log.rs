//! The log: entries in order, the oldest of them forgotten.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::store::Call;
use crate::protocol::set::NodeSet;

/// A place in a log. Where two logs have the same position, they are the same up to there. Of two
/// positions at the ends of logs the later one belongs to the log that knows more.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub(in crate::protocol) struct Position {
    /// The term in which the entry was made; 0 before the first.
    pub(in crate::protocol) term: u64,
    /// Its number, from 1.
    pub(in crate::protocol) index: u64,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::protocol) enum Command {
    /// Nothing: the first entry of a leader.
    Begin,
    /// Carry this out.
    Carry(Call),
    /// From here on these nodes are in sync.
    Insync(NodeSet),
}

/// One entry of a log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::protocol) struct Entry {
    /// The term in which it was made.
    pub(in crate::protocol) term: u64,
    /// What it says.
    pub(in crate::protocol) command: Command,
}

/// Entries in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(in crate::protocol) struct Log {
    /// The last position that is forgotten.
    base: Position,
    entries: VecDeque<Entry>,
}

impl Log {
    /// A log that has forgotten everything up to `base`, and has nothing after it.
    pub(super) fn new(base: Position) -> Self {
        Self { base, entries: VecDeque::new() }
    }

    /// The last position that is forgotten.
    pub(in crate::protocol) fn base(&self) -> Position {
        self.base
    }

    /// The last position.
    pub(in crate::protocol) fn last(&self) -> Position {
        let term = self.entries.back().map_or(self.base.term, |entry| entry.term);
        Position { term, index: self.base.index + self.entries.len() as u64 }
    }

    /// The entry of this number, unless it is forgotten or still to come.
    pub(in crate::protocol) fn get(&self, index: u64) -> Option<&Entry> {
        self.entries.get(index.checked_sub(self.base.index + 1)? as usize)
    }

    /// The position of this number, unless it is forgotten or still to come.
    pub(in crate::protocol) fn position(&self, index: u64) -> Option<Position> {
        if index == self.base.index {
            return Some(self.base);
        }
        self.get(index).map(|entry| Position { term: entry.term, index })
    }

    /// The entries after this number and up to that one, at most `most` of them.
    pub(in crate::protocol) fn between(&self, after: u64, to: u64, most: usize) -> Vec<Entry> {
        let from = after.saturating_sub(self.base.index) as usize;
        let to = (to.saturating_sub(self.base.index) as usize).min(self.entries.len());
        let to = to.min(from.saturating_add(most));
        if from >= to { Vec::new() } else { self.entries.range(from..to).cloned().collect() }
    }

    /// Adds an entry.
    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
    }

    /// Drops all entries after this number.
    pub(super) fn truncate(&mut self, index: u64) {
        self.entries.truncate(index.saturating_sub(self.base.index) as usize);
    }

    /// Forgets all entries up to this number.
    pub(super) fn forget(&mut self, index: u64) {
        let Some(base) = self.position(index) else { return };
        self.entries.drain(..(index - self.base.index) as usize);
        self.base = base;
    }
}
