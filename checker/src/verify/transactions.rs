//! Proofs about transactions: an order that is followed step by step, or transactions of which each
//! must come before the next, by rules that hold in every serial order.

use std::collections::HashMap;

use super::Rejection;
use crate::anomaly::Anomaly;
use crate::history::Outcome;
use crate::linear::NilRead;
use crate::model::MultiRegister;
use crate::transactions::{Act, TransactionHistory};
use crate::value::{Value, ValueId};

/// Verifies proofs about one history.
pub(crate) struct TransactionVerifier<'a> {
    history: &'a TransactionHistory,
    /// What the keys hold at first, and what a read of null says; nothing for lists.
    registers: Option<&'a MultiRegister>,
    /// The number of each value, in its place: a register holds a list of one.
    numbers: Vec<ValueId>,
}

impl<'a> TransactionVerifier<'a> {
    pub(crate) fn new(
        history: &'a TransactionHistory,
        registers: Option<&'a MultiRegister>,
    ) -> Self {
        let numbers = (0..history.values.len() as u32).map(ValueId).collect();
        Self { history, registers, numbers }
    }

    /// Follows the order, and accepts it if every read finds what it found.
    pub(crate) fn follow(&self, order: &[u32]) -> Result<(), Rejection> {
        let mut placed = vec![false; self.history.transactions.len()];
        let mut latest_call = 0;
        let mut holds: HashMap<u32, Vec<ValueId>> = HashMap::new();
        for number in order {
            let op = *number;
            let transaction = self.history.of(op);
            if std::mem::replace(&mut placed[op as usize], true) {
                return Err(Rejection::Twice(op));
            }
            if transaction.outcome == Outcome::Fail {
                return Err(Rejection::NotThere(op));
            }
            if transaction.ret < latest_call {
                return Err(Rejection::OutOfOrder(op));
            }
            latest_call = latest_call.max(transaction.call);
            for step in self.history.steps(op) {
                let held = holds.entry(step.key).or_insert_with(|| self.initial(step.key));
                match step.act {
                    Act::Append(value) => held.push(value),
                    Act::Write(value) => *held = vec![value],
                    Act::List { .. } | Act::Read(_) | Act::Unknown => {
                        if self.found(step.act).is_some_and(|found| found != held.as_slice()) {
                            let why = format!("key {} holds something else", self.key(step.key));
                            return Err(Rejection::Impossible { op, why });
                        }
                    }
                }
            }
        }
        let happened = |number: &u32| self.history.of(*number).outcome == Outcome::Ok;
        let missing = self.history.numbers().filter(happened).find(|n| !placed[*n as usize]);
        missing.map_or(Ok(()), |number| Err(Rejection::Missing(number)))
    }

    /// Shows that these transactions have no serial order in real time.
    pub(crate) fn refute(&self, anomaly: Anomaly, ops: &[u32]) -> Result<(), Rejection> {
        let shown = match (anomaly, ops) {
            (Anomaly::Cycle(..) | Anomaly::LongFork, _) if ops.len() > 1 => {
                let mut pairs = ops.iter().zip(ops.iter().cycle().skip(1));
                return pairs.try_for_each(|(first, then)| self.check_before(*first, *then));
            }
            (Anomaly::PhantomValue, [reader]) => self.values_found(*reader).any(|(key, value)| {
                !self.initial(key).contains(&value)
                    && !self.history.numbers().any(|other| self.writes(other, key, value))
            }),
            (Anomaly::DirtyRead, [writer, reader]) => {
                self.history.of(*writer).outcome == Outcome::Fail
                    && self.values_found(*reader).any(|(k, v)| self.writes(*writer, k, v))
            }
            (Anomaly::IntermediateRead, [writer, reader]) => self.is_intermediate(*writer, *reader),
            (Anomaly::InternalRead, [reader]) => self.contradicts_own_writes(*reader),
            (Anomaly::UnrepeatableRead, [reader]) => self.keys(*reader).any(|key| {
                let before = self.found_before_own(*reader, key);
                before.windows(2).any(|pair| pair[0] != pair[1])
            }),
            (Anomaly::IncompatibleOrder, [first, second]) => {
                self.keys(*first).any(|key| self.is_incompatible(*first, *second, key))
            }
            (Anomaly::DuplicateElement, [reader]) => self.keys(*reader).any(|key| {
                let twice =
                    |list: &[ValueId]| (1..list.len()).any(|i| list[..i].contains(&list[i]));
                self.reads(*reader, key).any(twice)
            }),
            (Anomaly::LostUpdate, [first, second]) => {
                first != second && self.update(*first, *second)
            }
            _ => false,
        };
        if shown { Ok(()) } else { Err(Rejection::NotShown(anomaly)) }
    }

    fn key(&self, key: u32) -> &Value {
        self.history.keys.get(ValueId(key))
    }

    fn initial(&self, key: u32) -> Vec<ValueId> {
        let Some(model) = self.registers else { return Vec::new() };
        let given = model.initial.iter().find(|(name, _)| name == self.key(key));
        let value = given.map_or(&Value::Nil, |(_, value)| value);
        self.history.values.find(value).into_iter().collect()
    }

    /// What a read found: the elements of a list, or one value.
    fn found(&self, act: Act) -> Option<&[ValueId]> {
        match act {
            Act::List { from, len } => Some(self.history.list(from, len)),
            Act::Read(value) => {
                let any = self.registers.is_some_and(|model| model.nil_read == NilRead::Any);
                let silent = any && *self.history.values.get(value) == Value::Nil;
                (!silent).then(|| &self.numbers[value.index()..=value.index()])
            }
            _ => None,
        }
    }

    fn keys(&self, number: u32) -> impl Iterator<Item = u32> + '_ {
        self.history.steps(number).iter().map(|step| step.key)
    }

    /// What the reads of a key found, if the transaction completed.
    fn reads(&self, number: u32, key: u32) -> impl Iterator<Item = &[ValueId]> + '_ {
        let happened = self.history.of(number).outcome == Outcome::Ok;
        let steps = self.history.steps(number).iter().filter(move |s| happened && s.key == key);
        steps.filter_map(|step| self.found(step.act))
    }

    fn values_found(&self, number: u32) -> impl Iterator<Item = (u32, ValueId)> + '_ {
        self.keys(number)
            .flat_map(move |key| self.reads(number, key).flatten().map(move |value| (key, *value)))
    }

    /// What a transaction writes to a key, in order.
    fn written(&self, number: u32, key: u32) -> impl Iterator<Item = ValueId> + '_ {
        let steps = self.history.steps(number).iter().filter(move |step| step.key == key);
        steps.filter_map(|step| step.act.leaves())
    }

    fn writes(&self, number: u32, key: u32, value: ValueId) -> bool {
        self.written(number, key).any(|written| written == value)
    }

    /// Whether it certainly took effect: it completed, or somebody who completed read what it wrote.
    fn happened(&self, number: u32) -> bool {
        let seen = |reader| self.values_found(reader).any(|(k, v)| self.writes(number, k, v));
        match self.history.of(number).outcome {
            Outcome::Ok => true,
            Outcome::Fail => false,
            Outcome::Info => self.history.numbers().any(seen),
        }
    }

    fn check_before(&self, first: u32, then: u32) -> Result<(), Rejection> {
        for number in [first, then] {
            if !self.happened(number) {
                return Err(Rejection::NotThere(number));
            }
        }
        let (a, b) = (self.history.of(first), self.history.of(then));
        let in_time = a.ret < b.call || (a.process == b.process && a.call < b.call);
        let by_data = || self.keys(first).any(|key| self.is_before(first, then, key));
        if first != then && (in_time || by_data()) {
            return Ok(());
        }
        Err(Rejection::NotBefore { first, then })
    }

    /// Whether one key shows that `first` comes before `then`.
    fn is_before(&self, first: u32, then: u32, key: u32) -> bool {
        let saw = self.reads(then, key).flatten().any(|value| self.writes(first, key, *value));
        if saw {
            return true;
        }
        if self.registers.is_some() {
            let initial = self.initial(key);
            let found = self.found_before_own(first, key);
            let updated = self.found_before_own(then, key);
            let missed = found.iter().any(|found| **found == *initial || updated.contains(found));
            return missed && self.written(then, key).next().is_some();
        }
        let lacks = |list: &[ValueId]| self.written(then, key).any(|value| !list.contains(&value));
        // Whoever read it saw what `first` wrote, and not yet what `then` did, or the one before the
        // other.
        let between = |list: &[ValueId]| {
            let place =
                |value: ValueId| list.iter().position(|v| *v == value).unwrap_or(list.len());
            let last = self.written(then, key).map(place).max();
            self.written(first, key).map(place).min().is_some_and(|from| Some(from) < last)
        };
        self.reads(first, key).any(lacks)
            || self.history.numbers().any(|reader| self.reads(reader, key).any(between))
    }

    /// What reads found of a key, without the transaction's own appends, and only before its own
    /// writes to a register.
    fn found_before_own(&self, number: u32, key: u32) -> Vec<&[ValueId]> {
        let mut own: Vec<ValueId> = Vec::new();
        let mut found = Vec::new();
        let happened = self.history.of(number).outcome == Outcome::Ok;
        for step in self.history.steps(number).iter().filter(|s| happened && s.key == key) {
            own.extend(step.act.leaves());
            match self.found(step.act) {
                Some(list) if self.registers.is_none() => {
                    found.extend(list.strip_suffix(own.as_slice()));
                }
                Some(value) if own.is_empty() => found.push(value),
                _ => {}
            }
        }
        found
    }

    fn contradicts_own_writes(&self, number: u32) -> bool {
        let mut own: HashMap<u32, Vec<ValueId>> = HashMap::new();
        self.history.of(number).outcome == Outcome::Ok
            && self.history.steps(number).iter().any(|step| {
                let own = own.entry(step.key).or_default();
                own.extend(step.act.leaves());
                let Some(found) = self.found(step.act) else { return false };
                let expected = if self.registers.is_some() {
                    &own[own.len().saturating_sub(1)..]
                } else {
                    own
                };
                let Some(before) = found.strip_suffix(expected) else { return true };
                before.iter().any(|value| self.writes(number, step.key, *value))
            })
    }

    fn is_intermediate(&self, writer: u32, reader: u32) -> bool {
        writer != reader
            && self.keys(reader).any(|key| {
                let last = self.written(writer, key).last();
                self.reads(reader, key).any(|list| {
                    list.iter().any(|value| self.writes(writer, key, *value))
                        && last.is_some_and(|last| !list.contains(&last))
                })
            })
    }

    /// Whether of two lists neither begins with the other, or the one that `second` read shows the
    /// appends of `first` in another order, or later ones without earlier ones.
    fn is_incompatible(&self, first: u32, second: u32, key: u32) -> bool {
        self.reads(second, key).any(|list| {
            let other = |one: &[ValueId]| !one.starts_with(list) && !list.starts_with(one);
            let place = |value: ValueId| {
                list.iter().position(|element| *element == value).unwrap_or(list.len())
            };
            let appended: Vec<usize> = self.written(first, key).map(place).collect();
            self.reads(first, key).any(other) || !appended.is_sorted()
        })
    }

    /// Whether both read the same version of a key, and both wrote the next.
    fn update(&self, first: u32, second: u32) -> bool {
        self.keys(first).any(|key| {
            let (one, other) =
                (self.found_before_own(first, key), self.found_before_own(second, key));
            [first, second].into_iter().all(|number| self.written(number, key).next().is_some())
                && one.first().is_some_and(|found| other.first() == Some(found))
        })
    }
}
