//! Proofs about queues that only may not lose anything.

use std::collections::HashSet;

use super::Rejection;
use crate::anomaly::Anomaly;
use crate::certificate::KeyProof;
use crate::history::OPEN;
use crate::model::{Call, QueueOp};
use crate::value::Value;

/// Checks the proof for one queue, given how to find an operation by the position of its invocation.
pub(crate) fn verify_total_queue(
    calls: &[Call<QueueOp>],
    proof: &KeyProof,
    op: impl Fn(u32) -> Result<u32, Rejection>,
) -> Result<(), Rejection> {
    match proof {
        KeyProof::Valid { order } => {
            let order: Vec<u32> = order.iter().map(|call| op(*call)).collect::<Result<_, _>>()?;
            follow(calls, &order)
        }
        KeyProof::Invalid { anomaly, operations, .. } => {
            let cited: Vec<u32> =
                operations.iter().map(|cited| op(cited.call)).collect::<Result<_, _>>()?;
            let shows = match anomaly {
                Anomaly::PhantomValue => is_phantom(calls, &cited, false),
                Anomaly::FutureRead => is_phantom(calls, &cited, true),
                Anomaly::LostElement => is_lost(calls, &cited),
                _ => false,
            };
            if shows { Ok(()) } else { Err(Rejection::NotShown(*anomaly)) }
        }
        KeyProof::Unknown => Ok(()),
    }
}

/// Whatever comes out has been put in before, all that came out is there, and all that was acknowledged.
fn follow(calls: &[Call<QueueOp>], order: &[u32]) -> Result<(), Rejection> {
    let mut placed = vec![false; calls.len()];
    let mut out: HashSet<&Value> = HashSet::new();
    let mut current: Option<(&Value, u32)> = None;
    for number in order {
        let call = &calls[*number as usize];
        if std::mem::replace(&mut placed[*number as usize], true) {
            return Err(Rejection::Twice(*number));
        }
        match (&call.op, current) {
            (QueueOp::Enqueue(value), _) => current = Some((value, call.call)),
            (QueueOp::Dequeue(value), Some((put, began))) if value == put && began < call.ret => {
                out.insert(put);
            }
            (QueueOp::Take, Some((put, _))) => {
                out.insert(put);
            }
            _ => {
                let why = "nobody has put in what it took".to_owned();
                return Err(Rejection::Impossible { op: *number, why });
            }
        }
    }
    for (number, call) in (0..).zip(calls) {
        let is_owed = match &call.op {
            QueueOp::Enqueue(value) => call.ret != OPEN && !out.contains(value),
            QueueOp::Dequeue(_) => !placed[number as usize],
            QueueOp::Empty | QueueOp::Take => false,
        };
        if is_owed {
            return Err(Rejection::Missing(number));
        }
    }
    Ok(())
}

/// Whether the only dequeue among these returned what nobody had begun to put in; `later` if somebody did later.
fn is_phantom(calls: &[Call<QueueOp>], cited: &[u32], later: bool) -> bool {
    let dequeues = cited.iter().map(|number| &calls[*number as usize]);
    let dequeues: Vec<_> = dequeues.filter(|c| matches!(c.op, QueueOp::Dequeue(_))).collect();
    let [Call { op: QueueOp::Dequeue(value), ret, .. }] = dequeues[..] else { return false };
    let put = || calls.iter().filter(|call| call.op == QueueOp::Enqueue(value.clone()));
    put().all(|call| call.call > *ret) && later == put().next().is_some()
}

/// Whether these are more acknowledged enqueues of values that never came out than there are dequeues of unknown
/// outcome, and a dequeue that found nothing, after which none returned anything.
fn is_lost(calls: &[Call<QueueOp>], cited: &[u32]) -> bool {
    let cited: Vec<&Call<QueueOp>> = cited.iter().map(|number| &calls[*number as usize]).collect();
    let Some(empty) = cited.iter().find(|call| call.op == QueueOp::Empty) else { return false };
    let answered = |call: &&Call<QueueOp>| matches!(call.op, QueueOp::Dequeue(_) | QueueOp::Empty);
    let out: HashSet<&QueueOp> = calls.iter().filter(answered).map(|call| &call.op).collect();
    let is_last = calls.iter().filter(answered).all(|call| call.ret <= empty.ret);
    let mut lost: HashSet<&Value> = HashSet::new();
    for call in &cited {
        let QueueOp::Enqueue(value) = &call.op else { continue };
        if call.ret < empty.call && !out.contains(&QueueOp::Dequeue(value.clone())) {
            lost.insert(value);
        }
    }
    let takes = calls.iter().filter(|call| call.op == QueueOp::Take).count();
    is_last && lost.len() > takes
}
