//! Transactions on registers by the engines for registers: each key by itself, which must be
//! linearizable if the whole is strictly serializable; and all keys together, by search.

use super::history::{Act, Step, TransactionHistory};
use super::registers::{Beginning, accesses};
use super::{Evidence, Reason};
use crate::certificate::CitedCall;
use crate::function::Function;
use crate::history::{History, KeyHistory, Op, Outcome};
use crate::linear::{NilRead, Rules, check_keys};
use crate::model::{
    Call, CallCounterexample, CallHistory, CallProof, Micro, MultiRegister, check_calls,
};
use crate::value::{Value, ValueId};
use crate::verdict::{Budget, Cited, Counterexample, Engine, GaveUp, Proof};

/// What one key, or all together, show by themselves.
#[derive(Debug, Clone)]
pub(crate) struct Single {
    pub(crate) cited: Vec<CitedCall>,
    /// The position at which the contradiction is complete.
    pub(crate) until: u32,
    pub(crate) refuted: Refuted,
}

/// Why there is no order.
#[derive(Debug, Clone)]
pub(crate) enum Refuted {
    /// One key, of which each transaction is one operation, is not linearizable.
    Key { key: KeyHistory, rules: Rules, found: Counterexample },
    /// All keys together are not.
    All { model: MultiRegister, calls: Vec<Call<Vec<Micro>>>, found: CallCounterexample },
}

/// What the search for an order of all came to.
pub(super) enum Searched {
    Valid(Vec<u32>),
    Invalid(Single),
    GaveUp(GaveUp),
}

/// The first key that is not linearizable.
pub(super) fn check(
    history: &TransactionHistory,
    beginning: &Beginning<'_>,
    effective: &[bool],
    budget: Budget,
) -> Option<Evidence> {
    let mut keys: Vec<KeyHistory> = (0..history.keys.len() as u32)
        .map(|key| history.keys.get(ValueId(key)).clone())
        .map(|key| KeyHistory { key: Some(key), ops: Vec::new() })
        .collect();
    for number in history.numbers().filter(|number| effective[*number as usize]) {
        let transaction = history.of(number);
        for access in accesses(history, beginning, number).0 {
            let found = access.found.filter(|_| transaction.outcome == Outcome::Ok);
            let (function, a, b) = match (found, access.left) {
                (Some(found), Some(left)) => (Function::Cas, found, left),
                (Some(found), None) => (Function::Read, found, ValueId::NONE),
                (None, Some(left)) => (Function::Write, left, ValueId::NONE),
                (None, None) => continue,
            };
            let mut op = Op::invoked(transaction.call, transaction.process, function, a, b);
            (op.call_time, op.ret_time) = (transaction.call_time, transaction.ret_time);
            op.complete(transaction.outcome, transaction.ret);
            keys[access.key as usize].ops.push(op);
        }
    }
    // Almost always all keys begin alike, and one pass over the values is enough.
    let mut groups: Vec<(Rules, Vec<KeyHistory>)> = Vec::new();
    for key in keys {
        let rules = beginning.rules(key.key.as_ref().unwrap_or(&Value::Nil));
        match groups.iter_mut().find(|(known, _)| known.initial == rules.initial) {
            Some((_, group)) => group.push(key),
            None => groups.push((rules, vec![key])),
        }
    }
    groups.into_iter().find_map(|(rules, keys)| {
        let (values, event_count) = (history.values.clone(), history.event_count);
        first_wrong(&History { values, keys, event_count }, &rules, budget)
    })
}

fn first_wrong(history: &History, rules: &Rules, budget: Budget) -> Option<Evidence> {
    let reports = check_keys(history, rules, 0..history.keys.len(), budget);
    let (key, counterexample) =
        history.keys.iter().zip(reports).find_map(|(key, report)| match report.proof {
            Proof::Counterexample(counterexample) => Some((key, counterexample)),
            _ => None,
        })?;
    let cited = |cited: &Cited| CitedCall {
        call: key.ops[cited.op as usize].call,
        as_write: cited.as_write,
    };
    let anomaly = counterexample.anomaly;
    let single = Single {
        cited: counterexample.ops.iter().map(cited).collect(),
        until: counterexample.until,
        refuted: Refuted::Key { key: key.clone(), rules: rules.clone(), found: counterexample },
    };
    Some(Evidence { anomaly, reason: Reason::Single(single) })
}

/// Searches for an order of all transactions on registers, in real time.
pub(super) fn search(
    history: &TransactionHistory,
    model: &MultiRegister,
    budget: Budget,
) -> (Searched, Engine) {
    let mut numbers = Vec::new();
    let mut calls = Vec::new();
    for number in history.numbers() {
        let transaction = history.of(number);
        let steps = history.steps(number).iter();
        let micros: Vec<Micro> = steps
            .filter_map(|step| micro(history, step, transaction.outcome, model.nil_read))
            .collect();
        if transaction.outcome == Outcome::Fail || micros.is_empty() {
            continue;
        }
        numbers.push(number);
        calls.push(Call {
            op: micros,
            process: transaction.process,
            call: transaction.call,
            ret: transaction.ret,
            call_time: transaction.call_time,
            ret_time: transaction.ret_time,
        });
    }
    let event_count = history.event_count;
    let all = CallHistory { keys: vec![(None, calls)], event_count, settled: None };
    let Some(report) = check_calls(model, &all, 0..1, budget).next() else {
        return (Searched::Valid(Vec::new()), Engine::Dependencies);
    };
    let number = |call: u32| numbers[call as usize];
    let searched = match report.proof {
        CallProof::Linearization(order) => Searched::Valid(order.into_iter().map(number).collect()),
        CallProof::GaveUp(gave_up) => Searched::GaveUp(GaveUp {
            op: number(gave_up.op),
            since: number(gave_up.since),
            ..gave_up
        }),
        CallProof::Counterexample(found) => {
            let cited =
                |op: &u32| CitedCall { call: history.of(number(*op)).call, as_write: false };
            let cited = found.ops.iter().map(cited).collect();
            let calls = all.keys.into_iter().flat_map(|(_, calls)| calls).collect();
            let until = found.until;
            let refuted = Refuted::All { model: model.clone(), calls, found };
            Searched::Invalid(Single { cited, until, refuted })
        }
    };
    (searched, report.engine)
}

fn micro(
    history: &TransactionHistory,
    step: &Step,
    outcome: Outcome,
    nil_read: NilRead,
) -> Option<Micro> {
    let key = history.keys.get(ValueId(step.key)).clone();
    let value = |value: ValueId| history.values.get(value).clone();
    match step.act {
        Act::Write(written) => Some(Micro::Write(key, value(written))),
        Act::Read(found) => {
            let tells = nil_read == NilRead::Value || value(found) != Value::Nil;
            (outcome == Outcome::Ok && tells).then(|| Micro::Read(key, value(found)))
        }
        _ => None,
    }
}
