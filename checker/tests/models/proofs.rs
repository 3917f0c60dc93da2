//! Verdicts on small histories whose proofs are all put to the test.

use std::collections::BTreeSet;

use quorate_checker::model::{
    Call, CallBuilder, CallCounterexample, CallHistory, CallProof, Model, check_calls,
};
use quorate_checker::verify::verify_calls;
use quorate_checker::{Budget, Event, OPEN, Value, Verdict};
use rand::RngExt;

use crate::common::{rng, shown};

pub(crate) fn recorded<M: Model>(model: &M, events: &[Event]) -> CallHistory<M::Op> {
    let mut builder = CallBuilder::new(model);
    for event in events {
        builder.push(event).unwrap_or_else(|e| panic!("{e}\n{}", shown(events)));
    }
    builder.finish().expect("made histories are well-formed")
}

/// Whether some order explains the calls: tries them all.
pub(crate) fn explicable<M: Model>(model: &M, calls: &[Call<M::Op>], state: &M::State) -> bool {
    let Some(due) = calls.iter().map(|call| call.ret).min().filter(|ret| *ret != OPEN) else {
        return true;
    };
    (0..calls.len()).filter(|i| calls[*i].call < due).any(|i| {
        let Ok(next) = model.step(state, &calls[i].op) else { return false };
        let rest = [&calls[..i], &calls[i + 1..]].concat();
        explicable(model, &rest, &next)
    })
}

/// The operations of a counterexample as they count there.
fn part<M: Model>(
    model: &M,
    calls: &[Call<M::Op>],
    ops: &[u32],
    elements: Option<&BTreeSet<Value>>,
    until: u32,
) -> Vec<Call<M::Op>> {
    let calls = ops.iter().map(|op| &calls[*op as usize]).filter(|call| call.call < until);
    let left = calls.filter_map(|call| {
        let op = match elements {
            Some(elements) => model.restrict(&call.op, elements)?,
            None => call.op.clone(),
        };
        let ret = if call.ret > until { OPEN } else { call.ret };
        Some(Call { op, ret, ..call.clone() })
    });
    left.collect()
}

/// A counterexample keeps its promise, and nothing less than it is accepted.
fn check_counterexample<M: Model>(
    model: &M,
    calls: &[Call<M::Op>],
    found: &CallCounterexample,
    what: &str,
) {
    let CallCounterexample { ops, elements, until, minimal } = found;
    let is_legal = |ops: &[u32], elements: Option<&BTreeSet<Value>>| {
        explicable(model, &part(model, calls, ops, elements, *until), &model.initial())
    };
    let rejected = |other: CallCounterexample| {
        let verified = verify_calls(model, calls, &CallProof::Counterexample(other.clone()));
        assert!(verified.is_err(), "accepted {other:?} beside {found:?}\n{what}");
    };
    assert!(minimal, "{what}");
    assert!(!is_legal(ops, elements.as_ref()), "{found:?}\n{what}");
    for without in elements.iter().flatten() {
        let mut fewer = elements.clone().expect("there are elements");
        fewer.remove(without);
        let all: Vec<u32> = (0..calls.len() as u32).collect();
        assert!(is_legal(&all, Some(&fewer)), "{without} is not needed: {found:?}\n{what}");
        rejected(CallCounterexample { elements: Some(fewer), ..found.clone() });
    }
    for without in ops {
        let fewer: Vec<u32> = ops.iter().copied().filter(|op| op != without).collect();
        let cited = part(model, calls, &[*without], elements.as_ref(), *until);
        if model.is_read_only(&cited[0].op) {
            assert!(is_legal(&fewer, elements.as_ref()), "{without}: {found:?}\n{what}");
        }
        rejected(CallCounterexample { ops: fewer, ..found.clone() });
        let twice = [&ops[..], &[*without]].concat();
        rejected(CallCounterexample { ops: twice, ..found.clone() });
    }
    rejected(CallCounterexample { until: until - 1, ..found.clone() });
}

/// What is left of a legal order is legal, whichever elements are looked at.
fn check_restriction<M: Model>(model: &M, calls: &[Call<M::Op>], order: &[u32], seed: u64) {
    let mut rng = rng(seed);
    let elements: BTreeSet<Value> =
        calls.iter().flat_map(|call| model.elements(&call.op)).collect();
    let mut some = || {
        let some = elements.iter().filter(|_| rng.random_range(0..2) == 0);
        some.cloned().collect::<BTreeSet<Value>>()
    };
    let (one, other) = (some(), some());
    let mut left = Vec::new();
    for (call, op) in (1..).step_by(2).zip(order) {
        let whole = &calls[*op as usize];
        let restricted = model.restrict(&whole.op, &one);
        let twice = restricted.as_ref().and_then(|op| model.restrict(op, &other));
        assert_eq!(twice, model.restrict(&whole.op, &one.intersection(&other).cloned().collect()));
        let Some(op) = restricted else { continue };
        let ret = if whole.ret == OPEN { OPEN } else { call + 1 };
        left.push(Call { op, call, ret, ..whole.clone() });
    }
    assert!(explicable(model, &left, &model.initial()), "{one:?} of {calls:?}");
}

/// A legal order keeps its promise, and nothing less than it is accepted.
fn check_order<M: Model>(model: &M, calls: &[Call<M::Op>], order: &[u32], seed: u64) {
    let rejected = |other: Vec<u32>| {
        assert!(verify_calls(model, calls, &CallProof::Linearization(other)).is_err());
    };
    check_restriction(model, calls, order, seed);
    for (i, op) in order.iter().enumerate() {
        rejected([order, &[*op]].concat());
        if calls[*op as usize].ret != OPEN {
            rejected([&order[..i], &order[i + 1..]].concat());
        }
    }
    rejected([order, &[calls.len() as u32]].concat());
}

/// The verdict on a history; every proof is accepted, and none that is changed.
pub(crate) fn verdict<M: Model>(model: &M, events: &[Event], seed: u64) -> Verdict {
    let history = recorded(model, events);
    let mut verdict = Verdict::Valid;
    let reports = check_calls(model, &history, 0..history.keys.len(), Budget::GENEROUS);
    for ((_, calls), report) in history.keys.iter().zip(reports) {
        let what = shown(events);
        let accepted = verify_calls(model, calls, &report.proof);
        assert_eq!(accepted, Ok(()), "{:?}\n{what}", report.proof);
        match &report.proof {
            CallProof::Linearization(order) => check_order(model, calls, order, seed),
            CallProof::Counterexample(found) => check_counterexample(model, calls, found, &what),
            CallProof::GaveUp(gave_up) => panic!("{gave_up:?} on a small history"),
        }
        verdict = verdict.max(report.verdict());
    }
    verdict
}
