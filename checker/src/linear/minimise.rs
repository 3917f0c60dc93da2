//! From a refuted register to the few operations that refute it.
//!
//! A part of a history proves something about the whole only if it is *closed*: whoever observes a
//! value must come with every write that it may have observed. So a read whose possible writers are
//! not all in the part is left out, and a compare-and-set in that position is kept for what it wrote
//! and not for what it expected. A write is not a possible source of a read if it begins after the
//! read ended, or if an acknowledged write in the part lies wholly between the two. With failed
//! compare-and-sets in the part, writes outside it are allowed for, too: any number of them may
//! leave some other value at any time after the first of them began.
//!
//! Under these rules, leaving out operations turns a linearizable history into another one, never
//! into an illegal one. So whatever part is illegal proves the whole illegal.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::classify::classify;
use super::decide::{Culprits, Decider};
use super::item::{Action, Item, Lens};
use crate::history::{OPEN, Op};
use crate::value::ValueId;
use crate::verdict::{Cited, Counterexample};

/// Operations looked at before minimisation stops and says so: some seconds.
const EFFORT_MAX: u64 = 40_000_000;

pub(super) struct Minimiser<'a> {
    decider: &'a mut Decider,
    ops: &'a [Op],
    lens: Lens,
    /// Where the history is cut off.
    until: u32,
    /// Every operation that says something; `None` for the others.
    items: Vec<Option<Item>>,
    /// Who leaves each value, in the order of the calls.
    writers: FxHashMap<ValueId, Vec<u32>>,
    effort: u64,
}

impl<'a> Minimiser<'a> {
    pub(super) fn new(decider: &'a mut Decider, ops: &'a [Op]) -> Self {
        let lens = decider.lens;
        let items: Vec<_> = ops.iter().enumerate().map(|(i, op)| lens.item(i, op)).collect();
        let mut writers: FxHashMap<ValueId, Vec<u32>> = FxHashMap::default();
        for item in items.iter().flatten() {
            if let Some(value) = item.action.leaves() {
                writers.entry(value).or_default().push(item.op);
            }
        }
        Self { decider, ops, lens, until: OPEN - 1, items, writers, effort: 0 }
    }

    /// The counterexample.
    pub(super) fn minimise(mut self, culprits: &Culprits) -> Counterexample {
        let mut part = self.starting_part(culprits);
        // What is called only after the cut may turn out not to matter.
        loop {
            part = self.thin(part);
            if !self.cut_off(&part) {
                break;
            }
        }
        let (ops, until) = (self.close(&part), self.until);
        let anomaly = classify(self.ops, self.lens, &ops, until);
        Counterexample { anomaly, ops, until, minimal: self.effort < EFFORT_MAX }
    }

    /// Leaves out operations, many at once and then one by one, as long as the rest is illegal.
    fn thin(&mut self, mut part: Vec<u32>) -> Vec<u32> {
        let mut size = part.len().div_ceil(2);
        loop {
            let mut shrunk = false;
            let mut start = 0;
            while start < part.len() {
                let end = (start + size).min(part.len());
                let rest: Vec<u32> = [&part[..start], &part[end..]].concat();
                if self.is_illegal(&rest) {
                    part = self.close(&rest).into_iter().map(|cited| cited.op).collect();
                    shrunk = true;
                } else {
                    start = end;
                }
            }
            if size == 1 && !shrunk {
                return part;
            }
            if !shrunk || size > part.len() {
                size = size.div_ceil(2).min(part.len()).max(1);
            }
        }
    }

    /// Moves the cut forward to the last return that the part needs. False if it is there.
    fn cut_off(&mut self, part: &[u32]) -> bool {
        let returns = part.iter().filter_map(|op| Some(self.items[*op as usize]?.ret));
        let last = returns.filter(|ret| *ret <= self.until).max().unwrap_or(self.until);
        std::mem::replace(&mut self.until, last) != last
    }

    /// A part that is illegal: small if the culprits say enough, everything in the worst case.
    fn starting_part(&mut self, culprits: &Culprits) -> Vec<u32> {
        match culprits {
            Culprits::Ops(ops) => {
                let part = self.with_reasons(ops);
                if self.is_illegal(&part) {
                    return part;
                }
                self.items.iter().flatten().map(|item| item.op).collect()
            }
            Culprits::Refuting(op) => {
                let until =
                    self.items[*op as usize].expect("a refuting operation says something").ret;
                self.until = until;
                let before: Vec<Item> =
                    self.items.iter().flatten().copied().filter(|i| i.call < until).collect();
                let mut size = 16;
                while size < before.len() {
                    let window: Vec<u32> =
                        before[before.len() - size..].iter().map(|item| item.op).collect();
                    if self.is_illegal(&window) {
                        return window;
                    }
                    size *= 2;
                }
                before.iter().map(|item| item.op).collect()
            }
        }
    }

    /// The operations with the writes that they may have observed, for each the acknowledged write
    /// that rules out all others, and for each of unknown outcome an observer that shows it took
    /// effect.
    fn with_reasons(&self, ops: &[u32]) -> Vec<u32> {
        let acknowledged = self.acknowledged();
        let mut part = BTreeSet::new();
        let mut work = ops.to_vec();
        while let Some(op) = work.pop() {
            if !part.insert(op) {
                continue;
            }
            let Some(item) = self.items[op as usize] else { continue };
            work.extend(self.sources(&item, &acknowledged));
            if item.is_optional() {
                work.extend(self.witness(&item, &acknowledged));
            }
        }
        part.into_iter().collect()
    }

    /// Acknowledged writes by return, each with the latest called until then: call and operation.
    fn acknowledged(&self) -> Vec<(u32, (u32, u32))> {
        let writes = self.items.iter().flatten().filter(|item| item.action.leaves().is_some());
        let mut acknowledged: Vec<(u32, (u32, u32))> = writes
            .filter(|item| !item.is_optional())
            .map(|item| (item.ret, (item.call, item.op)))
            .collect();
        acknowledged.sort_unstable();
        for i in 1..acknowledged.len() {
            acknowledged[i].1 = acknowledged[i].1.max(acknowledged[i - 1].1);
        }
        acknowledged
    }

    /// The writes that an operation may have observed; and, unless there is just one of the value
    /// anyway, the acknowledged one that rules out all others.
    fn sources(&self, observer: &Item, acknowledged: &[(u32, (u32, u32))]) -> Vec<u32> {
        let Some(value) = observer.action.observes() else { return Vec::new() };
        let writers = self.writers.get(&value).map_or(&[][..], Vec::as_slice);
        if writers.len() == 1 && value != self.lens.initial {
            return writers.to_vec();
        }
        let before = acknowledged.partition_point(|(ret, _)| *ret < observer.call);
        let missed = before.checked_sub(1).map(|last| acknowledged[last].1);
        let may_be = |writer: &&u32| {
            self.items[**writer as usize].is_some_and(|write| {
                write.call < observer.ret && missed.is_none_or(|(call, _)| write.ret >= call)
            })
        };
        writers.iter().filter(may_be).copied().chain(missed.map(|(_, op)| op)).collect()
    }

    /// An operation that shows that one of unknown outcome took effect: if possible, one that can have
    /// observed nothing else.
    fn witness(&self, write: &Item, acknowledged: &[(u32, (u32, u32))]) -> Option<u32> {
        const LOOKED_AT: usize = 100;
        let value = write.action.leaves()?;
        let observers = || {
            let observes = |other: &&Item| other.action.observes() == Some(value);
            self.items.iter().flatten().filter(observes)
        };
        let shows = |observer: &&Item| {
            let is_other = |op: &u32| *op != write.op && self.writers[&value].contains(op);
            !self.sources(observer, acknowledged).iter().any(is_other)
        };
        let early = observers().filter(|observer| observer.ret > write.call).take(LOOKED_AT);
        let first = || observers().min_by_key(|observer| observer.ret);
        early.filter(shows).min_by_key(|observer| observer.ret).or_else(first).map(|item| item.op)
    }

    fn is_illegal(&mut self, part: &[u32]) -> bool {
        self.effort += part.len() as u64 + 10;
        if self.effort >= EFFORT_MAX {
            return false;
        }
        let cited = self.close(part);
        let item = |cited: &Cited| self.lens.cited(self.ops, *cited, self.until);
        let mut items: Vec<Item> = cited.iter().filter_map(item).collect();
        let other = ValueId(self.decider.value_count as u32 + 1);
        items.extend(self.others(&cited, &items, other));
        items.sort_unstable_by_key(|item| item.call);
        self.decider.is_illegal(&items, other.index() + 1) == Some(true)
    }

    /// Writes left out of the part, as far as they may satisfy an operation that only observes a
    /// difference: one write of some other value for each, since the first of them began.
    fn others(&self, cited: &[Cited], items: &[Item], other: ValueId) -> Vec<Item> {
        let differs = items.iter().filter(|item| matches!(item.action, Action::Differs(_))).count();
        if differs == 0 {
            return Vec::new();
        }
        let left_out = |item: &&Item| {
            item.action.leaves().is_some()
                && cited.binary_search_by_key(&item.op, |cited| cited.op).is_err()
        };
        let first = self.items.iter().flatten().filter(left_out).map(|item| item.call).min();
        // Nobody is asked for their numbers.
        let op = u32::MAX;
        let write = |call| Item { op, call, ret: OPEN, action: Action::Write(other) };
        first.map_or(Vec::new(), |call| vec![write(call); differs])
    }

    /// The closed part of `part`, which is sorted.
    fn close(&self, part: &[u32]) -> Vec<Cited> {
        let items = || {
            let cited = part.iter().map(|op| Cited { op: *op, as_write: false });
            cited.filter_map(|cited| self.lens.cited(self.ops, cited, self.until))
        };
        let mut acknowledged: Vec<(u32, u32)> = items()
            .filter(|item| item.action.leaves().is_some() && !item.is_optional())
            .map(|item| (item.ret, item.call))
            .collect();
        acknowledged.sort_unstable();
        for i in 1..acknowledged.len() {
            acknowledged[i].1 = acknowledged[i].1.max(acknowledged[i - 1].1);
        }
        let mut absent = FxHashMap::default();
        let mut closed = |read: &Item, value: ValueId| {
            let absent = absent.entry(value).or_insert_with(|| self.absent_writers(value, part));
            let read_end = read.ret.min(self.until);
            let candidates = absent.partition_point(|(call, _)| *call < read_end);
            let Some((_, latest_return)) = candidates.checked_sub(1).map(|last| absent[last])
            else {
                return true;
            };
            let before = acknowledged.partition_point(|(ret, _)| *ret < read.call);
            let overwritten = before.checked_sub(1).map_or(0, |last| acknowledged[last].1);
            // Where a value has just one writer, the story is not complete without it.
            latest_return < overwritten
                && (self.writers[&value].len() > 1 || value == self.lens.initial)
        };
        let mut cited = Vec::with_capacity(part.len());
        for item in items() {
            let is_closed = item.action.observes().is_none_or(|value| closed(&item, value));
            match item.action {
                Action::Read(_) if !is_closed => {}
                _ => cited.push(Cited { op: item.op, as_write: !is_closed }),
            }
        }
        cited
    }

    /// Writers of `value` outside the part, by call, with the latest return among them so far.
    fn absent_writers(&self, value: ValueId, part: &[u32]) -> Vec<(u32, u32)> {
        let mut latest = 0;
        let writers = self.writers.get(&value).map_or(&[][..], Vec::as_slice);
        let absent = writers.iter().filter(|op| part.binary_search(op).is_err());
        absent
            .map(|op| {
                let item = self.items[*op as usize].expect("writers say something");
                latest = latest.max(item.ret);
                (item.call, latest)
            })
            .collect()
    }
}
