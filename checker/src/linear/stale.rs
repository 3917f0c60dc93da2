//! Reads that are wrong by themselves: of a value that nobody had begun to write, or that missed a
//! write which had completed before they began.
//!
//! Without any, every read by itself is consistent with some order of the writes: the register is at
//! least regular. They are the most telling violations, and are found one by one in O(n log n) even
//! where a search needed long to find out that something is wrong.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::item::{Action, Item};
use crate::value::ValueId;

/// A read, and the acknowledged write it should have seen, or a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stale {
    pub(crate) read: u32,
    pub(crate) missed: u32,
    /// Nothing else was written meanwhile, another read missed the write, too, and nobody ever sees
    /// it again: it is lost.
    pub(crate) lost: bool,
}

/// The first lost write, or else the first stale read, of a register.
pub(crate) fn find(items: impl Iterator<Item = Item> + Clone) -> Option<Stale> {
    let index = Index::new(items.clone());
    let mut first = None;
    for item in items {
        if let Some(stale) = index.stale(&item) {
            if stale.lost {
                return Some(stale);
            }
            first = first.or(Some(stale));
        }
    }
    first
}

/// The first observer of a value that nobody had begun to write when it ended.
pub(crate) fn find_sourceless(
    items: impl Iterator<Item = Item> + Clone,
    initial: ValueId,
) -> Option<u32> {
    let sources = Sources::new(items.clone(), initial);
    items.into_iter().find(|item| sources.lack(item)).map(|item| item.op)
}

/// When the first write of each value began.
pub(crate) struct Sources {
    initial: ValueId,
    first_call: FxHashMap<ValueId, u32>,
}

impl Sources {
    pub(crate) fn new(items: impl Iterator<Item = Item>, initial: ValueId) -> Self {
        let mut first_call: FxHashMap<ValueId, u32> = FxHashMap::default();
        for item in items {
            if let Some(value) = item.action.leaves() {
                first_call.entry(value).or_insert(item.call);
            }
        }
        Self { initial, first_call }
    }

    /// Whether an operation certainly observed a value that nobody had begun to write when it ended.
    pub(crate) fn lack(&self, item: &Item) -> bool {
        item.action.observes().is_some_and(|value| {
            value != self.initial
                && !item.is_optional()
                && self.first_call.get(&value).is_none_or(|call| *call > item.ret)
        })
    }
}

/// How a set of operations stands to one read: does it miss an acknowledged write?
pub(crate) fn is_stale(items: impl Iterator<Item = Item> + Clone, read: &Item) -> Option<Stale> {
    Index::new(items).stale(read)
}

/// Writes and reads by value and by time: answers whether a read is stale.
pub(crate) struct Index {
    /// Writers of each value by call, with the latest return among them so far.
    writers: FxHashMap<ValueId, Vec<(u32, u32)>>,
    /// Acknowledged writes by return, with the latest called among them so far: call, operation and
    /// value.
    acknowledged: Vec<(u32, (u32, u32, ValueId))>,
    /// Writes that took effect, by call, with the two latest returns so far and whose the latest is.
    effective: Vec<(u32, (u32, u32), u32)>,
    /// The latest call of an observer of each value.
    observed: FxHashMap<ValueId, u32>,
    /// Calls and returns of all reads, by call.
    reads: Vec<(u32, u32)>,
}

impl Index {
    pub(crate) fn new(items: impl Iterator<Item = Item> + Clone) -> Self {
        let mut observed: FxHashMap<ValueId, u32> = FxHashMap::default();
        for item in items.clone().filter(|item| !item.is_optional()) {
            if let Some(value) = item.action.observes() {
                let call = observed.entry(value).or_default();
                *call = (*call).max(item.call);
            }
        }
        let reads = items.clone().filter(|item| matches!(item.action, Action::Read(_)));
        let reads = reads.map(|item| (item.call, item.ret)).collect();
        let mut writers: FxHashMap<ValueId, Vec<(u32, u32)>> = FxHashMap::default();
        let mut effective: Vec<(u32, (u32, u32), u32)> = Vec::new();
        let mut acknowledged = Vec::new();
        for item in items {
            let Some(value) = item.action.leaves() else { continue };
            match writers.entry(value) {
                Entry::Occupied(mut entry) => {
                    let latest = entry.get().last().map_or(0, |(_, ret)| *ret);
                    entry.get_mut().push((item.call, latest.max(item.ret)));
                }
                Entry::Vacant(entry) => drop(entry.insert(vec![(item.call, item.ret)])),
            }
            if !item.is_optional() {
                acknowledged.push((item.ret, (item.call, item.op, value)));
            }
            if !item.is_optional() || observed.contains_key(&value) {
                let (mut two, mut whose) = effective.last().map_or(((0, 0), 0), |e| (e.1, e.2));
                if item.ret > two.0 {
                    (two, whose) = ((item.ret, two.0), item.op);
                } else {
                    two.1 = two.1.max(item.ret);
                }
                effective.push((item.call, two, whose));
            }
        }
        acknowledged.sort_unstable_by_key(|(ret, _)| *ret);
        for i in 1..acknowledged.len() {
            acknowledged[i].1 = acknowledged[i].1.max(acknowledged[i - 1].1);
        }
        Self { writers, acknowledged, effective, observed, reads }
    }

    /// The acknowledged write that this read missed.
    pub(crate) fn stale(&self, read: &Item) -> Option<Stale> {
        let (Action::Read(value) | Action::Cas(value, _)) = read.action else { return None };
        if read.is_optional() {
            return None;
        }
        let before = self.acknowledged.partition_point(|(ret, _)| *ret < read.call);
        let (_, (missed_call, missed, missed_value)) =
            *self.acknowledged.get(before.checked_sub(1)?)?;
        // The initial value may have no writer; a value nobody wrote is another kind of wrong.
        let writers = self.writers.get(&value).map_or(&[][..], Vec::as_slice);
        let candidates = writers.partition_point(|(call, _)| *call < read.ret);
        let latest_return = candidates.checked_sub(1).map_or(0, |last| writers[last].1);
        if latest_return > missed_call {
            return None;
        }
        let missed_return = self.acknowledged[before - 1].0;
        let seen_again = self.observed.get(&missed_value).is_some_and(|call| *call > read.call);
        let lost = !seen_again
            && self.is_undisputed(missed, missed_call, read.ret)
            && self.reads_after(missed_return, 2, |until| {
                self.is_undisputed(missed, missed_call, until)
            });
        Some(Stale { read: read.op, missed, lost })
    }

    /// Whether every other write that took effect had ended before this one was called, or was
    /// called only after `until`.
    fn is_undisputed(&self, write: u32, call: u32, until: u32) -> bool {
        let others = self.effective.partition_point(|(call, ..)| *call < until);
        others.checked_sub(1).is_none_or(|last| {
            let (_, (first, second), whose) = self.effective[last];
            (if whose == write { second } else { first }) < call
        })
    }

    /// Whether at least so many reads begin after `position` and return while `fits`.
    fn reads_after(&self, position: u32, count: usize, fits: impl Fn(u32) -> bool) -> bool {
        const LOOKED_AT: usize = 8;
        let from = self.reads.partition_point(|(call, _)| *call < position);
        let candidates = self.reads[from..].iter().take(LOOKED_AT);
        candidates.filter(|(_, ret)| fits(*ret)).count() >= count
    }
}
