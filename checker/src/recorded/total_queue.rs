//! Queues of which only is asked that they lose nothing.

use std::ops::Range;

use super::keys::{NO_REGISTER, no_ladder};
use super::{Finding, Footing, KeyResult};
use crate::certificate::{CitedCall, KeyCertificate};
use crate::datum::Datum;
use crate::explain::{explain_left, explain_total};
use crate::history::OPEN;
use crate::ladder::Rung;
use crate::model::{Call, CallHistory, KeyCalls, QueueOp, Total};
use crate::staleness::Staleness;
use crate::verdict::{Budget, Engine, GaveUp, Verdict};
use crate::verify::{Rejection, verify_total_queue};

pub(super) struct TotalQueues(pub(super) CallHistory<QueueOp>);

impl super::keys::Keys for TotalQueues {
    fn name(&self, number: usize) -> Datum {
        self.0.keys[number].0.clone().unwrap_or(Datum::Nil)
    }

    fn check(&self, keys: Range<usize>, _: Budget) -> Box<dyn Iterator<Item = KeyResult> + '_> {
        Box::new(self.0.keys[keys].iter().map(result))
    }

    fn ladder(&self, _: usize, _: Verdict) -> Vec<(Rung, Footing)> {
        no_ladder()
    }

    fn staleness(&self, _: usize) -> Result<Staleness, &'static str> {
        Err(NO_REGISTER)
    }

    fn verify(&self, number: usize, certificate: &KeyCertificate) -> Result<(), Rejection> {
        let calls = &self.0.keys[number].1;
        verify_total_queue(calls, &certificate.proof, |call| {
            let found = calls.binary_search_by_key(&call, |op| op.call);
            found.map(|op| op as u32).map_err(|_| Rejection::NoSuchOperation(call))
        })
    }
}

fn result((key, calls): &KeyCalls<QueueOp>) -> KeyResult {
    KeyResult {
        finding: finding(key.as_ref(), calls),
        key: key.clone(),
        op_count: calls.len(),
        engine: Engine::Counting,
        why: "only what is lost or comes from nowhere matters",
    }
}

fn finding(key: Option<&Datum>, calls: &[Call<QueueOp>]) -> Finding {
    let total = Total::of(calls);
    let call = |number: &u32| calls[*number as usize].call;
    let ops = match &total {
        Total::Kept(kept) => {
            return Finding::Valid { order: kept.order.iter().map(call).collect() };
        }
        Total::Left(left) => {
            let helps = vec!["dequeues until nothing is left".to_owned()];
            let story = explain_left(calls, left);
            return Finding::Unknown { gave_up: GaveUp::NOTHING, story, helps };
        }
        Total::Phantom { dequeue, enqueue } => [*dequeue].into_iter().chain(*enqueue).collect(),
        Total::Lost(lost) => {
            // One more than can have been taken is enough.
            let enough = lost.enqueues[..=lost.takes.len()].iter();
            enough.chain(&lost.takes).chain([&lost.empty]).copied().collect::<Vec<u32>>()
        }
    };
    let values = ops.iter().filter_map(|number| match &calls[*number as usize].op {
        QueueOp::Enqueue(value) | QueueOp::Dequeue(value) => Some(value.to_datum()),
        QueueOp::Empty | QueueOp::Take => None,
    });
    let mut elements: Vec<Datum> = values.collect();
    elements.dedup();
    let (anomaly, explanation) = total
        .anomaly()
        .zip(explain_total(key, calls, &total))
        .expect("what is not kept and not left is a fault");
    let ends = ops.iter().map(|number| calls[*number as usize].ret).filter(|ret| *ret != OPEN);
    Finding::Invalid {
        anomaly,
        until: ends.max().unwrap_or(OPEN),
        elements: Some(elements),
        minimal: true,
        explanation,
        ops: ops.iter().map(|number| CitedCall { call: call(number), as_write: false }).collect(),
    }
}
