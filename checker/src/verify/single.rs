//! Proofs about transactions on registers that one key shows by itself, or all keys by every order.

use std::collections::BTreeSet;

use super::{Rejection, verify, verify_calls};
use crate::anomaly::Anomaly;
use crate::certificate::CitedCall;
use crate::datum::Datum;
use crate::function::Function;
use crate::history::{KeyHistory, Op, Outcome};
use crate::linear::{NilRead, Rules};
use crate::model::{Call, CallCounterexample, CallProof, Micro, MultiRegister};
use crate::transactions::{Act, TransactionHistory};
use crate::value::{Value, ValueId};
use crate::verdict::{Cited, Counterexample, Proof};

/// Shows that some key is not linearizable, of which each transaction is one operation: a necessary
/// condition for the whole. Failing that, that no order explains all that was called before `until`.
pub(crate) fn verify_single(
    history: &TransactionHistory,
    model: &MultiRegister,
    (cited, until): (&[CitedCall], u32),
    elements: Option<&[Datum]>,
) -> Result<(), Rejection> {
    let touched = |key: &u32| {
        let touches = |cited: &CitedCall| {
            let number = history.called_at(cited.call);
            number.is_some_and(|number| history.steps(number).iter().any(|step| step.key == *key))
        };
        cited.iter().all(touches)
    };
    let mut keys = (0..history.keys.len() as u32).filter(touched);
    if keys.any(|key| refute_key(history, model, key, (cited, until)).is_ok()) {
        return Ok(());
    }
    let elements = elements.map(|named| keys_named(history, named));
    refute_all(history, model, (cited, until), elements)
}

/// The keys that a certificate names. There, a keyword is a string with a colon.
fn keys_named(history: &TransactionHistory, named: &[Datum]) -> BTreeSet<Value> {
    let shown = |datum: &Datum| serde_json::to_string(datum).unwrap_or_default();
    let named: Vec<String> = named.iter().map(shown).collect();
    let keys = (0..history.keys.len() as u32).map(|key| history.keys.get(ValueId(key)));
    keys.filter(|key| named.contains(&shown(&key.to_datum()))).cloned().collect()
}

fn refute_key(
    history: &TransactionHistory,
    model: &MultiRegister,
    key: u32,
    (cited, until): (&[CitedCall], u32),
) -> Result<(), Rejection> {
    let name = history.keys.get(ValueId(key));
    let ops: Vec<Op> =
        history.numbers().filter_map(|number| op(history, model, number, key)).collect();
    let part = KeyHistory { key: Some(name.clone()), ops };
    let place = |cited: &CitedCall| {
        let op = part.ops.binary_search_by_key(&cited.call, |op| op.call);
        let op = op.map_err(|_| Rejection::NoSuchOperation(cited.call))?;
        Ok(Cited { op: op as u32, as_write: cited.as_write })
    };
    let ops = cited.iter().map(place).collect::<Result<_, _>>()?;
    let anomaly = Anomaly::Contradiction;
    let proof = Proof::Counterexample(Counterexample { anomaly, ops, until, minimal: false });
    let given = model.initial.iter().find(|(given, _)| given == name);
    let initial = given.map_or(Value::Nil, |(_, value)| value.clone());
    let rules = Rules { initial, nil_read: model.nil_read, ..Rules::default() };
    verify(&part, &history.values, &rules, &proof)
}

/// What a transaction does to one key, as one operation: what it read first, unless it had written
/// before, and what it wrote last.
fn op(history: &TransactionHistory, model: &MultiRegister, number: u32, key: u32) -> Option<Op> {
    let transaction = history.of(number);
    let (mut read, mut written) = (None, None);
    for step in history.steps(number).iter().filter(|step| step.key == key) {
        match step.act {
            Act::Write(value) => written = Some(value),
            Act::Read(value) if transaction.outcome == Outcome::Ok => {
                let silent =
                    model.nil_read == NilRead::Any && *history.values.get(value) == Value::Nil;
                if written.is_none() && !silent {
                    read = read.or(Some(value));
                }
            }
            _ => {}
        }
    }
    let (function, a, b) = match (read, written) {
        (Some(read), Some(written)) => (Function::Cas, read, written),
        (Some(read), None) => (Function::Read, read, ValueId::NONE),
        (None, Some(written)) => (Function::Write, written, ValueId::NONE),
        (None, None) => return None,
    };
    let mut op = Op::invoked(transaction.call, transaction.process, function, a, b);
    op.complete(transaction.outcome, transaction.ret);
    Some(op)
}

/// Tries every order of all that was called before `until`.
fn refute_all(
    history: &TransactionHistory,
    model: &MultiRegister,
    (cited, until): (&[CitedCall], u32),
    elements: Option<BTreeSet<Value>>,
) -> Result<(), Rejection> {
    let happened = |number: &u32| history.of(*number).outcome != Outcome::Fail;
    let calls: Vec<Call<Vec<Micro>>> = history
        .numbers()
        .filter(happened)
        .map(|number| {
            let transaction = history.of(number);
            Call {
                op: micros(history, model, number),
                process: transaction.process,
                call: transaction.call,
                ret: transaction.ret,
                call_time: transaction.call_time,
                ret_time: transaction.ret_time,
            }
        })
        .collect();
    let place = |cited: &CitedCall| {
        let op = calls.binary_search_by_key(&cited.call, |call| call.call);
        op.map(|op| op as u32).map_err(|_| Rejection::NoSuchOperation(cited.call))
    };
    let ops = cited.iter().map(place).collect::<Result<_, _>>()?;
    let found = CallCounterexample { ops, elements, until, minimal: false };
    verify_calls(model, &calls, &CallProof::Counterexample(found))
}

fn micros(history: &TransactionHistory, model: &MultiRegister, number: u32) -> Vec<Micro> {
    let completed = history.of(number).outcome == Outcome::Ok;
    let micro = |step: &crate::transactions::Step| {
        let key = history.keys.get(ValueId(step.key)).clone();
        match step.act {
            Act::Write(value) => Some(Micro::Write(key, history.values.get(value).clone())),
            Act::Read(value) => {
                let value = history.values.get(value).clone();
                let tells = model.nil_read == NilRead::Value || value != Value::Nil;
                (completed && tells).then_some(Micro::Read(key, value))
            }
            _ => None,
        }
    };
    history.steps(number).iter().filter_map(micro).collect()
}
