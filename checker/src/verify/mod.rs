//! The independent verifier: accepts or rejects a proof without knowing how it was found.
//!
//! It shares no code with the engines, reads operations in its own way, and is short enough to be
//! read in one sitting. A linearization is checked in one pass. A counterexample is checked twice:
//! that it is closed, so that what holds of it holds of the whole register, and, by trying every
//! order, that nothing explains it.

mod calls;
mod rejection;
mod single;
mod total_queue;
mod transactions;

use std::collections::{BTreeMap, HashSet};

use crate::function::Function;
use crate::history::{KeyHistory, OPEN, Op, Outcome};
use crate::linear::{FailedCas, NilRead, Rules};
use crate::value::{Value, ValueId, Values};
use crate::verdict::{Cited, Proof};

pub use calls::verify_calls;
pub use rejection::Rejection;
pub(crate) use single::verify_single;
pub(crate) use total_queue::verify_total_queue;
pub(crate) use transactions::TransactionVerifier;

/// Orders of a counterexample tried before giving up: seconds.
const STATES_MAX: usize = 5_000_000;

/// Checks the proof for one register. A search that gave up proves nothing and is accepted as that.
pub fn verify(
    key: &KeyHistory,
    values: &Values,
    rules: &Rules,
    proof: &Proof,
) -> Result<(), Rejection> {
    let register = Register::new(key, values, rules);
    match proof {
        Proof::Linearization(order) => register.follow(order),
        Proof::Counterexample(counterexample) => {
            register.refute(&counterexample.ops, counterexample.until)
        }
        Proof::GaveUp(_) => Ok(()),
    }
}

/// What an operation needs and does.
#[derive(Debug, Clone, Copy)]
struct Effect {
    /// The value it must find.
    finds: Option<ValueId>,
    /// A value it must not find.
    avoids: Option<ValueId>,
    /// The value it leaves.
    leaves: Option<ValueId>,
    certain: bool,
}

struct Register<'a> {
    ops: &'a [Op],
    values: &'a Values,
    effects: Vec<Option<Effect>>,
    initial: ValueId,
}

impl<'a> Register<'a> {
    fn new(key: &'a KeyHistory, values: &'a Values, rules: &Rules) -> Self {
        let initial = values.find(&rules.initial).unwrap_or(ValueId::NONE);
        let effects = key.ops.iter().map(|op| effect(op, values, rules)).collect();
        Self { ops: &key.ops, values, effects, initial }
    }

    fn effect(&self, op: u32) -> Result<Effect, Rejection> {
        match self.effects.get(op as usize) {
            None => Err(Rejection::NoSuchOperation(op)),
            Some(None) => Err(Rejection::NotThere(op)),
            Some(Some(effect)) => Ok(*effect),
        }
    }

    fn show(&self, value: ValueId) -> String {
        if value == ValueId::NONE {
            return "its initial value".to_owned();
        }
        self.values.get(value).to_string()
    }

    /// One pass over a linearization.
    fn follow(&self, order: &[u32]) -> Result<(), Rejection> {
        let mut placed = vec![false; self.ops.len()];
        let mut latest_call = 0;
        let mut holds = self.initial;
        for number in order {
            let effect = self.effect(*number)?;
            let op = &self.ops[*number as usize];
            if std::mem::replace(&mut placed[*number as usize], true) {
                return Err(Rejection::Twice(*number));
            }
            if op.ret < latest_call {
                return Err(Rejection::OutOfOrder(*number));
            }
            latest_call = latest_call.max(op.call);
            let wrong = |observed: String| {
                let holds = self.show(holds);
                Err(Rejection::WrongValue { op: *number, observed, holds })
            };
            if let Some(found) = effect.finds.filter(|found| *found != holds) {
                return wrong(self.show(found));
            }
            if effect.avoids == Some(holds) {
                return wrong(format!("another value than {}", self.show(holds)));
            }
            holds = effect.leaves.unwrap_or(holds);
        }
        for (number, effect) in self.effects.iter().enumerate() {
            if effect.is_some_and(|effect| effect.certain) && !placed[number] {
                return Err(Rejection::Missing(number as u32));
            }
        }
        Ok(())
    }

    /// Shows that a part of the register's operations is illegal, and that this speaks for the whole.
    fn refute(&self, cited: &[Cited], until: u32) -> Result<(), Rejection> {
        let mut part: BTreeMap<u32, Effect> = BTreeMap::new();
        for cited in cited {
            let mut effect = self.effect(cited.op)?;
            if cited.as_write && effect.leaves.is_some() {
                effect.finds = None;
            }
            // What returns later counts as still open.
            effect.certain &= self.ops[cited.op as usize].ret <= until;
            if part.insert(cited.op, effect).is_some() {
                return Err(Rejection::Twice(cited.op));
            }
        }
        for (number, effect) in &part {
            if let Some(value) = effect.finds {
                self.check_closed(*number, value, until, &part)?;
            }
        }
        self.try_every_order(&part)
    }

    /// Every write that `reader` may have observed is in the part. What a reader that is still open
    /// would observe later explains nothing.
    fn check_closed(
        &self,
        reader: u32,
        value: ValueId,
        until: u32,
        part: &BTreeMap<u32, Effect>,
    ) -> Result<(), Rejection> {
        let read = &self.ops[reader as usize];
        for (writer, effect) in self.effects.iter().enumerate() {
            let writer = writer as u32;
            let write = &self.ops[writer as usize];
            let may_be = effect.is_some_and(|effect| effect.leaves == Some(value))
                && !part.contains_key(&writer)
                && write.call < read.ret.min(until);
            // Not if an acknowledged write lies wholly between the two.
            let between = |(op, effect): (&u32, &Effect)| {
                let op = &self.ops[*op as usize];
                effect.certain
                    && effect.leaves.is_some()
                    && write.ret < op.call
                    && op.ret < read.call
            };
            if may_be && !part.iter().any(between) {
                return Err(Rejection::NotClosed { reader, writer });
            }
        }
        Ok(())
    }

    /// Tries every order of the part. Writes left out may leave some other value at any time after
    /// the first of them began.
    fn try_every_order(&self, part: &BTreeMap<u32, Effect>) -> Result<(), Rejection> {
        let ops: Vec<(u32, Effect)> = part.iter().map(|(op, effect)| (*op, *effect)).collect();
        let left_out = self.effects.iter().enumerate().filter(|(number, effect)| {
            effect.is_some_and(|e| e.leaves.is_some()) && !part.contains_key(&(*number as u32))
        });
        let others_from = left_out.map(|(number, _)| self.ops[number].call).min();
        let mut tried: HashSet<(Vec<bool>, Option<ValueId>)> = HashSet::new();
        let mut work: Vec<(Vec<u32>, Option<ValueId>)> = vec![(Vec::new(), Some(self.initial))];
        while let Some((order, holds)) = work.pop() {
            let placed: Vec<bool> = ops.iter().map(|(op, _)| order.contains(op)).collect();
            if !tried.insert((placed.clone(), holds)) {
                continue;
            }
            if tried.len() > STATES_MAX {
                return Err(Rejection::TooHard);
            }
            let waiting =
                || ops.iter().zip(&placed).filter(|(_, placed)| !**placed).map(|(op, _)| op);
            if !waiting().any(|(_, effect)| effect.certain) {
                return Err(Rejection::Explicable(order));
            }
            let certain = waiting().filter(|(_, effect)| effect.certain);
            let first_return =
                certain.map(|(op, _)| self.ops[*op as usize].ret).min().unwrap_or(OPEN);
            if others_from.is_some_and(|call| call < first_return) && holds.is_some() {
                work.push((order.clone(), None));
            }
            for (op, effect) in waiting() {
                let possible = self.ops[*op as usize].call < first_return
                    && effect.finds.is_none_or(|found| holds == Some(found))
                    && effect.avoids.is_none_or(|avoided| holds != Some(avoided));
                if possible {
                    let order = order.iter().copied().chain([*op]).collect();
                    work.push((order, effect.leaves.or(holds)));
                }
            }
        }
        Ok(())
    }
}

/// What an operation needs and does, by the rules; `None` if it says nothing.
fn effect(op: &Op, values: &Values, rules: &Rules) -> Option<Effect> {
    let nothing = Effect { finds: None, avoids: None, leaves: None, certain: true };
    let certain = op.outcome() == Outcome::Ok;
    match op.function() {
        Function::Read => {
            let silent =
                rules.nil_read == NilRead::Any && certain && *values.get(op.a) == Value::Nil;
            (certain && !silent).then_some(Effect { finds: Some(op.a), ..nothing })
        }
        Function::Write => (op.outcome() != Outcome::Fail).then_some(Effect {
            leaves: Some(op.a),
            certain,
            ..nothing
        }),
        // Replacing a value by itself leaves no trace.
        Function::Cas if op.outcome() != Outcome::Fail && op.a == op.b => {
            certain.then_some(Effect { finds: Some(op.a), ..nothing })
        }
        Function::Cas if op.outcome() != Outcome::Fail => {
            Some(Effect { finds: Some(op.a), leaves: Some(op.b), certain, ..nothing })
        }
        Function::Cas if op.observed != ValueId::NONE => {
            Some(Effect { finds: Some(op.observed), ..nothing })
        }
        Function::Cas => (rules.failed_cas == FailedCas::Mismatch)
            .then_some(Effect { avoids: Some(op.a), ..nothing }),
    }
}
