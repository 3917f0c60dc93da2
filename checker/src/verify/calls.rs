//! Proofs about objects that are no registers, by their models.

use std::collections::HashSet;

use super::{Rejection, STATES_MAX};
use crate::history::OPEN;
use crate::model::{Call, CallCounterexample, CallProof, Model};

/// Checks the proof for one object that is no register.
pub fn verify_calls<M: Model>(
    model: &M,
    calls: &[Call<M::Op>],
    proof: &CallProof,
) -> Result<(), Rejection> {
    match proof {
        CallProof::Linearization(order) => follow_calls(model, calls, order),
        CallProof::Counterexample(counterexample) => refute_calls(model, calls, counterexample),
        CallProof::GaveUp(_) => Ok(()),
    }
}

fn follow_calls<M: Model>(
    model: &M,
    calls: &[Call<M::Op>],
    order: &[u32],
) -> Result<(), Rejection> {
    let mut placed = vec![false; calls.len()];
    let mut latest_call = 0;
    let mut state = model.initial();
    for number in order {
        let call = calls.get(*number as usize).ok_or(Rejection::NoSuchOperation(*number))?;
        if std::mem::replace(&mut placed[*number as usize], true) {
            return Err(Rejection::Twice(*number));
        }
        if call.ret < latest_call {
            return Err(Rejection::OutOfOrder(*number));
        }
        latest_call = latest_call.max(call.call);
        state = model
            .step(&state, &call.op)
            .map_err(|why| Rejection::Impossible { op: *number, why })?;
    }
    let missing = (0..calls.len()).find(|number| calls[*number].ret != OPEN && !placed[*number]);
    missing.map_or(Ok(()), |number| Err(Rejection::Missing(number as u32)))
}

/// Shows that the history up to some return is illegal where only some elements are looked at: all
/// that may have changed them by then is there, and no order explains what is left of it.
fn refute_calls<M: Model>(
    model: &M,
    calls: &[Call<M::Op>],
    counterexample: &CallCounterexample,
) -> Result<(), Rejection> {
    let until = counterexample.until;
    let mut cited = vec![false; calls.len()];
    for number in &counterexample.ops {
        let seen = cited.get_mut(*number as usize).ok_or(Rejection::NoSuchOperation(*number))?;
        if std::mem::replace(seen, true) {
            return Err(Rejection::Twice(*number));
        }
    }
    let mut part = Vec::new();
    for (number, (call, cited)) in (0..).zip(calls.iter().zip(cited)) {
        let op = match &counterexample.elements {
            Some(elements) => model.restrict(&call.op, elements),
            None => Some(call.op.clone()),
        };
        match op {
            Some(op) if cited => part.push(Call { op, ..call.clone() }),
            Some(op) if call.call < until && !model.is_read_only(&op) => {
                return Err(Rejection::Missing(number));
            }
            None if cited => return Err(Rejection::NotThere(number)),
            _ => {}
        }
    }
    try_every_order(model, &part, until)
}

fn try_every_order<M: Model>(model: &M, part: &[Call<M::Op>], until: u32) -> Result<(), Rejection> {
    let certain = |call: &Call<M::Op>| call.ret <= until;
    let mut tried: HashSet<(Vec<bool>, M::State)> = HashSet::new();
    let mut work = vec![(vec![false; part.len()], model.initial())];
    while let Some((placed, state)) = work.pop() {
        if !tried.insert((placed.clone(), state.clone())) {
            continue;
        }
        if tried.len() > STATES_MAX / (1 + part.len() / 64) {
            return Err(Rejection::TooHard);
        }
        let waiting = || (0..part.len()).filter(|i| !placed[*i]);
        let first_return =
            waiting().filter(|i| certain(&part[*i])).map(|i| part[i].ret).min().unwrap_or(OPEN);
        if first_return == OPEN {
            return Err(Rejection::Explicable(Vec::new()));
        }
        for i in waiting().filter(|i| part[*i].call < first_return) {
            // Of operations that never return and do the same, the first called goes first.
            let twin_before = |j: usize| {
                j < i && !certain(&part[i]) && !certain(&part[j]) && part[j].op == part[i].op
            };
            if waiting().any(twin_before) {
                continue;
            }
            if let Ok(next) = model.step(&state, &part[i].op) {
                let mut placed = placed.clone();
                placed[i] = true;
                work.push((placed, next));
            }
        }
    }
    Ok(())
}
