//! A log, and the registers as its first entries have made them. On disk, a snapshot of the registers
//! takes the place of the entries that it has in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::log::{Command, Entry, Log, Position};
use super::store::{Call, Store};
use crate::protocol::NodeId;
use crate::protocol::machine::Slot;
use crate::protocol::message::ClientReply;

/// A snapshot is made after so many entries, or after twice as many as there are registers, so that the
/// work of it is a constant for each entry.
const SNAPSHOT_LEAST: u64 = 64;
/// And at the latest after so many.
const SNAPSHOT_MOST: u64 = 1 << 15;
/// So many entries are kept beyond the snapshot, for nodes that lag a little.
const KEPT: u64 = 32;
/// Entries on disk take turns in so many slots: more than there are ever entries without a snapshot.
const RING: u64 = 1 << 16;

const ENTRIES: u8 = 1;
const SNAPSHOT: u8 = 2;

/// What is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::protocol) enum Record {
    /// An entry, its number, and the term of the entry before it: by that it is known again after a
    /// restart, or, if it was dropped from the log, is not.
    Entry { index: u64, before: u64, entry: Entry },
    /// What the entries up to a position have made.
    Snapshot { at: Position, store: Store },
}

/// A record, and where it goes.
pub(in crate::protocol) type Save<R> = (Slot, R);

/// Why entries do not go with a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::protocol) enum Misfit {
    /// It is not known to be the same where they begin.
    Unclear,
    /// It has applied others.
    Parted,
}

/// A log and what comes of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(in crate::protocol) struct Ledger {
    /// The entries.
    pub(in crate::protocol) log: Log,
    /// What the applied ones have made.
    pub(in crate::protocol) store: Store,
    applied: u64,
    snapshot: u64,
}

impl Ledger {
    /// What is found on disk: the snapshot, and those entries that follow it without a gap.
    pub(in crate::protocol) fn recover(records: impl Iterator<Item = Record>) -> Self {
        let (mut ledger, mut entries) = (Self::default(), BTreeMap::new());
        for record in records {
            match record {
                Record::Snapshot { at, store } => ledger.become_snapshot(at, store),
                Record::Entry { index, before, entry } => {
                    entries.insert(index, (before, entry));
                }
            }
        }
        loop {
            let last = ledger.log.last();
            match entries.remove(&(last.index + 1)) {
                Some((before, entry)) if before == last.term => ledger.log.push(entry),
                _ => return ledger,
            }
        }
    }

    fn become_snapshot(&mut self, at: Position, store: Store) {
        *self = Self { log: Log::new(at), store, applied: at.index, snapshot: at.index };
    }

    /// How many entries are applied.
    pub(in crate::protocol) fn applied(&self) -> u64 {
        self.applied
    }

    /// The requests in the log that are not yet applied.
    pub(in crate::protocol) fn unsettled(&self) -> impl Iterator<Item = (NodeId, u64)> {
        let indices = self.applied + 1..=self.log.last().index;
        indices.filter_map(|index| match &self.log.get(index)?.command {
            Command::Carry(call) => Some((call.origin, call.serial)),
            Command::Begin | Command::Insync(_) => None,
        })
    }

    /// Adds an entry.
    pub(in crate::protocol) fn push(&mut self, entry: Entry) -> Save<Record> {
        let before = self.log.last().term;
        self.log.push(entry.clone());
        let index = self.log.last().index;
        let slot = Slot { room: ENTRIES, number: index % RING };
        (slot, Record::Entry { index, before, entry })
    }

    /// Makes the log the same as another one as far as these entries go, which follow `before` there,
    /// unless it `keeps` its own. Returns what is new, to be saved.
    pub(in crate::protocol) fn follow(
        &mut self,
        mut before: Position,
        mut entries: Vec<Entry>,
        keeps: bool,
    ) -> Result<Vec<Save<Record>>, Misfit> {
        let base = self.log.base();
        if before.index < base.index {
            let forgotten = (base.index - before.index) as usize;
            match entries.get(forgotten - 1) {
                None => return Err(Misfit::Unclear),
                Some(entry) if entry.term != base.term => return Err(Misfit::Parted),
                Some(_) => entries.drain(..forgotten),
            };
            before = base;
        }
        if self.log.position(before.index) != Some(before) {
            let is_applied = before.index <= self.applied;
            return Err(if is_applied { Misfit::Parted } else { Misfit::Unclear });
        }
        let mut saves = Vec::new();
        for (entry, index) in entries.into_iter().zip(before.index + 1..) {
            match self.log.get(index) {
                Some(own) if own.term == entry.term || keeps => continue,
                Some(_) if index <= self.applied => return Err(Misfit::Parted),
                _ => self.log.truncate(index - 1),
            }
            saves.push(self.push(entry));
        }
        Ok(saves)
    }

    /// Applies entries up to this number. Returns the requests among them, and what came of those that
    /// were carried out now.
    pub(in crate::protocol) fn apply_to(&mut self, index: u64) -> Vec<(Call, Option<ClientReply>)> {
        let mut carried = Vec::new();
        while self.applied < index
            && let Some(entry) = self.log.get(self.applied + 1)
        {
            self.applied += 1;
            match &entry.command {
                Command::Begin => {}
                Command::Insync(nodes) => self.store.insync = Some(*nodes),
                Command::Carry(call) => carried.push((call.clone(), self.store.carry_out(call))),
            }
        }
        carried
    }

    /// Where another node's registers would be if it took over these.
    pub(in crate::protocol) fn applied_position(&self) -> Position {
        self.log.position(self.applied).unwrap_or_else(|| self.log.base())
    }

    /// Replaces everything by another node's registers.
    pub(in crate::protocol) fn take_over(&mut self, at: Position, store: Store) -> Save<Record> {
        self.become_snapshot(at, store.clone());
        (Slot { room: SNAPSHOT, number: 0 }, Record::Snapshot { at, store })
    }

    /// Makes a snapshot if it is time, and forgets entries that it has in it.
    pub(in crate::protocol) fn snapshot_if_due(&mut self) -> Option<Save<Record>> {
        let every = (2 * self.store.len() as u64).clamp(SNAPSHOT_LEAST, SNAPSHOT_MOST);
        if self.applied - self.snapshot < every {
            return None;
        }
        let at = self.applied_position();
        self.snapshot = at.index;
        self.log.forget(at.index.saturating_sub(KEPT));
        let store = self.store.clone();
        Some((Slot { room: SNAPSHOT, number: 0 }, Record::Snapshot { at, store }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(term: u64) -> Entry {
        Entry { term, command: Command::Begin }
    }

    #[test]
    fn entries_that_were_dropped_do_not_come_back_with_a_restart() {
        let (mut disk, mut ledger) = (BTreeMap::<Slot, Record>::new(), Ledger::default());
        for term in [1, 1, 2, 2] {
            disk.extend([ledger.push(begin(term))]);
        }
        let before = Position { term: 1, index: 1 };
        let saves = ledger.follow(before, vec![begin(3)], false).expect("nothing is applied");
        disk.extend(saves);
        assert_eq!(ledger.log.last(), Position { term: 3, index: 2 });
        let found = Ledger::recover(disk.into_values());
        assert_eq!(found.log.last(), Position { term: 3, index: 2 });
    }

    #[test]
    fn what_is_applied_is_never_replaced() {
        let mut ledger = Ledger::default();
        for _ in 0..3 {
            ledger.push(begin(1));
        }
        ledger.apply_to(2);
        let before = Position { term: 1, index: 1 };
        assert_eq!(ledger.follow(before, vec![begin(2)], false), Err(Misfit::Parted));
        let before = Position { term: 2, index: 9 };
        assert_eq!(ledger.follow(before, Vec::new(), false), Err(Misfit::Unclear));
        assert_eq!(ledger.log.last(), Position { term: 1, index: 3 });
    }

    #[test]
    fn a_snapshot_takes_the_place_of_what_it_has_in_it() {
        let (mut disk, mut ledger) = (BTreeMap::<Slot, Record>::new(), Ledger::default());
        for index in 1..=1000 {
            disk.extend([ledger.push(begin(1))]);
            ledger.apply_to(index);
            disk.extend(ledger.snapshot_if_due());
            let kept = ledger.log.last().index - ledger.log.base().index;
            assert!(kept <= SNAPSHOT_LEAST + KEPT, "{kept} entries are kept");
        }
        let found = Ledger::recover(disk.into_values());
        assert_eq!(found.log.last(), ledger.log.last());
        assert_eq!(found.applied(), 1000 / SNAPSHOT_LEAST * SNAPSHOT_LEAST);
    }
}
