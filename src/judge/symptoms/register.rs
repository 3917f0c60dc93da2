//! A register and the ages of its values, and the symptoms that show whichever node was asked.

use std::collections::BTreeSet;

use quorate_checker::{Function, NO_TIME, OPEN, Op, Outcome, ValueId};
use rustc_hash::{FxHashMap, FxHashSet};

/// The operations on a register, and what is known of each value.
pub(super) struct Register<'a> {
    pub(super) ops: &'a [Op],
    /// The value of a register that was never written.
    nothing: ValueId,
    written: FxHashMap<ValueId, Written>,
}

/// What is known of a value that somebody wrote, or wanted to.
#[derive(Debug, Clone, Copy)]
struct Written {
    times: u32,
    age: Age,
    /// Whether every write of it has definitely failed.
    has_failed: bool,
}

/// The time in which a value came into being, in positions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Age {
    /// When somebody began to write it.
    pub(super) from: u32,
    /// When it was there for certain: its write was acknowledged, or somebody had read it. [`OPEN`] if it
    /// never was.
    pub(super) to: u32,
}

/// What an operation leaves in the register if it takes effect.
pub(super) fn leaves(op: &Op) -> Option<ValueId> {
    match op.function() {
        Function::Read => None,
        Function::Write => Some(op.a),
        Function::Cas => Some(op.b),
    }
}

/// The value that a read has returned.
pub(super) fn returned(op: &Op) -> Option<ValueId> {
    (op.function() == Function::Read && op.outcome() == Outcome::Ok).then_some(op.a)
}

/// The value that was certainly in the register while the operation ran: read, replaced or left there.
fn shown(op: &Op) -> [Option<ValueId>; 2] {
    if op.outcome() != Outcome::Ok {
        return [None, None];
    }
    let replaced = (op.function() != Function::Write).then_some(op.a);
    [replaced, leaves(op)]
}

impl<'a> Register<'a> {
    pub(super) fn new(ops: &'a [Op], nothing: ValueId) -> Self {
        let mut written: FxHashMap<ValueId, Written> = FxHashMap::default();
        for op in ops {
            let Some(value) = leaves(op) else { continue };
            let age = Age { from: op.call, to: OPEN };
            let entry = written.entry(value).or_insert(Written { times: 0, age, has_failed: true });
            entry.times += 1;
            entry.has_failed &= op.outcome() == Outcome::Fail;
        }
        for op in ops {
            for value in shown(op).into_iter().flatten() {
                if let Some(written) = written.get_mut(&value) {
                    written.age.to = written.age.to.min(op.ret);
                }
            }
        }
        Self { ops, nothing, written }
    }

    /// When a value came into being; `None` if it was written more than once, or never.
    pub(super) fn age(&self, value: ValueId) -> Option<Age> {
        match self.written.get(&value) {
            Some(written) => (written.times == 1).then_some(written.age),
            None => (value == self.nothing).then_some(Age { from: 0, to: 0 }),
        }
    }

    /// Ok reads and what they returned.
    pub(super) fn reads(&self) -> impl Iterator<Item = (&'a Op, ValueId)> {
        self.ops.iter().filter_map(|op| Some((op, returned(op)?)))
    }

    pub(super) fn dirty_reads(&self) -> u64 {
        let has_failed =
            |value: &ValueId| self.written.get(value).is_some_and(|written| written.has_failed);
        self.reads().filter(|(_, value)| has_failed(value)).count() as u64
    }

    pub(super) fn phantom_values(&self) -> u64 {
        let is_phantom =
            |value: &ValueId| *value != self.nothing && !self.written.contains_key(value);
        self.reads().filter(|(_, value)| is_phantom(value)).count() as u64
    }

    pub(super) fn lost_cas(&self) -> u64 {
        let mut replaced = FxHashSet::default();
        let ok = self.ops.iter().filter(|op| op.outcome() == Outcome::Ok);
        let cas = ok.filter(|op| op.function() == Function::Cas);
        cas.filter(|op| self.age(op.a).is_some() && !replaced.insert(op.a)).count() as u64
    }

    pub(super) fn resurrected_writes(&self) -> u64 {
        let acknowledged = Acknowledged::new(self.ops);
        let mut first_read: FxHashMap<ValueId, i64> = FxHashMap::default();
        for (op, value) in self.reads() {
            first_read.entry(value).or_insert(op.call_time);
        }
        let resurrects = |op: &&Op| {
            let Some(value) = leaves(op).filter(|value| self.age(*value).is_some()) else {
                return false;
            };
            let read = first_read.get(&value);
            op.outcome() != Outcome::Ok
                && op.ret_time != NO_TIME
                && read.is_some_and(|read| acknowledged.any_between(op.ret_time, *read))
        };
        self.ops.iter().filter(resurrects).count() as u64
    }

    /// Whether no read has ended with a value after all was mended and every write was over, though at
    /// least two clients tried.
    pub(super) fn is_stuck(&self, mended: i64) -> bool {
        let writes = self.ops.iter().filter(|op| op.function() != Function::Read);
        let over = writes
            .map(|op| op.ret_time)
            .try_fold(mended, |over, ret| (ret != NO_TIME).then_some(over.max(ret)));
        let Some(over) = over else { return false };
        let is_late = |op: &&Op| op.function() == Function::Read && op.call_time > over;
        let late = || self.ops.iter().filter(is_late);
        let clients: BTreeSet<u32> = late().map(Op::process).collect();
        clients.len() > 1 && late().all(|op| op.outcome() == Outcome::Fail)
    }
}

/// Acknowledged writes by the time at which they began, each with the earliest end from there on.
struct Acknowledged(Vec<(i64, i64)>);

impl Acknowledged {
    fn new(ops: &[Op]) -> Self {
        let ok = ops.iter().filter(|op| op.outcome() == Outcome::Ok && leaves(op).is_some());
        let mut spans: Vec<(i64, i64)> = ok.map(|op| (op.call_time, op.ret_time)).collect();
        for i in (1..spans.len()).rev() {
            spans[i - 1].1 = spans[i - 1].1.min(spans[i].1);
        }
        Self(spans)
    }

    /// Whether any began after one time and ended before another.
    fn any_between(&self, from: i64, to: i64) -> bool {
        let later = self.0.partition_point(|(call, _)| *call <= from);
        self.0.get(later).is_some_and(|(_, ret)| *ret < to)
    }
}
