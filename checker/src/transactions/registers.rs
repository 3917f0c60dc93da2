//! Registers by key: a read tells whose write it saw, but the order of the versions is known in part
//! only. The initial value comes before all others; and what a transaction wrote comes right after what
//! it had read, wherever no update may be lost. So a cycle is a proof, but none may be found where
//! there is no order.

use rustc_hash::FxHashMap;

use super::facts::{Facts, Oddity, Why};
use super::history::{Act, TransactionHistory};
use crate::history::Outcome;
use crate::linear::{NilRead, Rules};
use crate::model::MultiRegister;
use crate::value::{Value, ValueId};

/// What registers hold at first, and what a read of null says.
pub(super) struct Beginning<'m> {
    model: &'m MultiRegister,
    /// By the number of the key; null for keys left out.
    initial: FxHashMap<u32, ValueId>,
    nil: ValueId,
}

impl<'m> Beginning<'m> {
    pub(super) fn new(history: &TransactionHistory, model: &'m MultiRegister) -> Self {
        let find = |value| history.values.find(value).unwrap_or(ValueId::NONE);
        let initial = model.initial.iter();
        let initial = initial.filter_map(|(k, value)| Some((history.keys.find(k)?.0, find(value))));
        Self { model, initial: initial.collect(), nil: find(&Value::Nil) }
    }

    /// The number of the value that a key holds at first; [`ValueId::NONE`] if it does not occur.
    pub(super) fn of(&self, key: u32) -> ValueId {
        self.initial.get(&key).copied().unwrap_or(self.nil)
    }

    /// The rules for one key by itself.
    pub(super) fn rules(&self, key: &Value) -> Rules {
        let given = self.model.initial.iter().find(|(name, _)| name == key);
        let initial = given.map_or(Value::Nil, |(_, value)| value.clone());
        Rules { initial, nil_read: self.model.nil_read, ..Rules::default() }
    }

    /// Whether a read of this value says anything.
    fn tells(&self, value: ValueId) -> bool {
        value != self.nil || self.model.nil_read == NilRead::Value
    }
}

/// What a transaction reads of a key before it writes it, and the last that it writes to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Access {
    pub(super) key: u32,
    pub(super) found: Option<ValueId>,
    pub(super) left: Option<ValueId>,
}

/// Who wrote a value, and whether it was the transaction's last write to the key.
#[derive(Debug, Clone, Copy)]
struct Written {
    by: u32,
    is_last: bool,
}

/// A transaction, and what it wrote to the key that it had read.
type Reader = (u32, Option<ValueId>);

struct Registers<'h> {
    history: &'h TransactionHistory,
    beginning: &'h Beginning<'h>,
    facts: Facts,
    written: FxHashMap<(u32, ValueId), Written>,
    /// Who found a value in a key, by both.
    found: FxHashMap<(u32, ValueId), Vec<Reader>>,
}

/// Dependencies and oddities of a history of registers. O(steps). Says why if values are not distinct.
pub(super) fn facts(
    history: &TransactionHistory,
    beginning: &Beginning<'_>,
) -> Result<Facts, &'static str> {
    let mut registers = Registers {
        history,
        beginning,
        facts: Facts::new(history),
        written: FxHashMap::default(),
        found: FxHashMap::default(),
    };
    registers.find_writes()?;
    for number in history.numbers().filter(|n| history.of(*n).outcome == Outcome::Ok) {
        registers.read(number);
    }
    registers.link();
    Ok(registers.facts)
}

/// What a transaction does to each of its keys, and the keys whose reads contradict its own steps, with
/// whether it is its own write that they contradict.
pub(super) fn accesses(
    history: &TransactionHistory,
    beginning: &Beginning<'_>,
    number: u32,
) -> (Vec<Access>, Vec<(u32, bool)>) {
    let (mut accesses, mut wrong): (Vec<Access>, Vec<(u32, bool)>) = Default::default();
    for step in history.steps(number) {
        let key = step.key;
        let place = accesses.iter().position(|access| access.key == key).unwrap_or_else(|| {
            accesses.push(Access { key, found: None, left: None });
            accesses.len() - 1
        });
        let access = &mut accesses[place];
        match step.act {
            Act::Write(value) => access.left = Some(value),
            Act::Read(value) if beginning.tells(value) => match (access.left, access.found) {
                (Some(own), _) if own != value => wrong.push((key, true)),
                (None, Some(before)) if before != value => wrong.push((key, false)),
                (None, None) => access.found = Some(value),
                _ => {}
            },
            _ => {}
        }
    }
    (accesses, wrong)
}

impl Registers<'_> {
    fn find_writes(&mut self) -> Result<(), &'static str> {
        for number in self.history.numbers() {
            let steps = self.history.steps(number);
            for (place, step) in steps.iter().enumerate() {
                let Act::Write(value) = step.act else { continue };
                if value == self.beginning.of(step.key) {
                    return Err("an initial value is written again");
                }
                let again = |later: &super::history::Step| {
                    later.key == step.key && matches!(later.act, Act::Write(_))
                };
                let is_last = !steps[place + 1..].iter().any(again);
                let written = Written { by: number, is_last };
                if self.written.insert((step.key, value), written).is_some() {
                    return Err("a value is written twice to one key");
                }
            }
        }
        Ok(())
    }

    fn read(&mut self, reader: u32) {
        let (accesses, wrong) = accesses(self.history, self.beginning, reader);
        for (key, own) in wrong {
            self.facts.oddities.push(if own {
                Oddity::Internal { reader, key }
            } else {
                Oddity::Unrepeatable { reader, key }
            });
        }
        for Access { key, found, left } in accesses {
            let Some(value) = found else { continue };
            self.found.entry((key, value)).or_default().push((reader, left));
            if value == self.beginning.of(key) {
                continue;
            }
            let Some(Written { by: writer, is_last }) = self.written.get(&(key, value)).copied()
            else {
                self.facts.oddities.push(Oddity::Phantom { reader, key, value });
                continue;
            };
            if writer == reader {
                self.facts.oddities.push(Oddity::Internal { reader, key });
            } else if self.history.of(writer).outcome == Outcome::Fail {
                self.facts.oddities.push(Oddity::Dirty { reader, writer, key, value });
            } else {
                self.facts.effective[writer as usize] = true;
                self.facts.link(writer, reader, Why::Read { key, value });
                if !is_last {
                    self.facts.oddities.push(Oddity::Intermediate { reader, writer, key, value });
                }
            }
        }
    }

    fn link(&mut self) {
        let mut writers: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for number in self.history.numbers().filter(|n| self.facts.effective[*n as usize]) {
            for step in self.history.steps(number) {
                if let Act::Write(_) = step.act {
                    let of_key = writers.entry(step.key).or_default();
                    if of_key.last() != Some(&number) {
                        of_key.push(number);
                    }
                }
            }
        }
        let mut found: Vec<_> = std::mem::take(&mut self.found).into_iter().collect();
        found.sort_unstable_by_key(|((key, value), _)| (*key, *value));
        for ((key, value), readers) in found {
            let mut updates = readers.iter().filter_map(|(reader, left)| Some((*reader, (*left)?)));
            let update = updates.next();
            if let (Some((first, _)), Some((second, _))) = (update, updates.next()) {
                self.facts.oddities.push(Oddity::LostUpdate { first, second, key });
            }
            let why = |missed| Why::Missed { key, found: Some(value), missed };
            if value == self.beginning.of(key) {
                let missed = |(reader, _): &(u32, _)| (*reader, why(ValueId::NONE));
                let missed: Vec<(u32, Why)> = readers.iter().map(missed).collect();
                let writers = writers.get(&key).map_or(&[][..], Vec::as_slice);
                self.facts.all_missed(self.history, (&missed, writers));
            } else if let Some((writer, missed)) = update {
                for (reader, _) in readers {
                    self.facts.link(reader, writer, why(missed));
                }
            }
        }
    }
}
