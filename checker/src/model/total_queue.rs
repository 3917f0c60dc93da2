//! A queue that may hand out in any order, and more than once, but loses nothing: linear time, no search.

use rustc_hash::FxHashMap;

use super::Call;
use super::queue::QueueOp;
use crate::anomaly::Anomaly;
use crate::history::OPEN;
use crate::value::Value;

/// What the queue owes, as Jepsen's checker of that name has it: what was acknowledged comes out in the end, and
/// nothing comes out that nobody put in, or before anybody did. The order does not matter, and what comes out
/// twice is no fault.
///
/// An enqueue of unknown outcome may have put its value in or not; a dequeue of unknown outcome may have taken
/// one value, and never to return it. What did not come out counts as lost only if the queue was emptied: the
/// last dequeue that was answered found nothing, and began after the enqueue had been acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Total {
    /// Nothing is lost, and nothing appeared from nowhere.
    Kept(Kept),
    /// This value came out, though nobody had put it in by then.
    Phantom {
        /// The dequeue.
        dequeue: u32,
        /// The first enqueue of the value, which began only later.
        enqueue: Option<u32>,
    },
    /// These were acknowledged and never came out, and they are more than dequeues of unknown outcome can have
    /// taken.
    Lost(Lost),
    /// These were acknowledged and never came out, but the queue was not emptied since. Dequeues of unknown outcome
    /// cannot have taken all of them.
    Left(Vec<u32>),
}

/// How it comes out even.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Each value that came out: its first enqueue, then the dequeues that returned it or, if there is none, one
    /// of unknown outcome.
    pub(crate) order: Vec<u32>,
}

/// What shows that a value is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lost {
    /// The enqueues of lost values.
    pub(crate) enqueues: Vec<u32>,
    /// The dequeues of unknown outcome, which may have taken one value each.
    pub(crate) takes: Vec<u32>,
    /// The dequeue that found nothing in the end.
    pub(crate) empty: u32,
}

impl Total {
    /// Looks at the operations of one queue, in the order of their calls.
    pub(crate) fn of(calls: &[Call<QueueOp>]) -> Self {
        let mut put: FxHashMap<&Value, u32> = FxHashMap::default();
        for (number, call) in (0..).zip(calls) {
            if let QueueOp::Enqueue(value) = &call.op {
                put.entry(value).or_insert(number);
            }
        }
        let mut taken: FxHashMap<&Value, Vec<u32>> = FxHashMap::default();
        let mut takes = Vec::new();
        for (number, call) in (0..).zip(calls) {
            match &call.op {
                QueueOp::Dequeue(value) => {
                    let enqueue = put.get(value).copied();
                    if enqueue.is_none_or(|enqueue| calls[enqueue as usize].call > call.ret) {
                        return Self::Phantom { dequeue: number, enqueue };
                    }
                    taken.entry(value).or_default().push(number);
                }
                QueueOp::Take => takes.push(number),
                QueueOp::Enqueue(_) | QueueOp::Empty => {}
            }
        }
        let missing = missing(calls, &taken);
        let empty = last_answered(calls);
        let is_certain = |enqueue: &u32| {
            empty.is_some_and(|empty| calls[empty as usize].call > calls[*enqueue as usize].ret)
        };
        let (gone, left): (Vec<u32>, Vec<u32>) = missing.into_iter().partition(is_certain);
        match empty {
            Some(empty) if gone.len() > takes.len() => {
                Self::Lost(Lost { enqueues: gone, takes, empty })
            }
            _ if gone.len() + left.len() > takes.len() => Self::Left(left),
            _ => Self::Kept(Kept {
                order: order(calls, &put, &taken, gone.iter().chain(&left).zip(&takes)),
            }),
        }
    }

    /// What it is called, if it is a fault.
    pub(crate) fn anomaly(&self) -> Option<Anomaly> {
        match self {
            Self::Phantom { enqueue: None, .. } => Some(Anomaly::PhantomValue),
            Self::Phantom { .. } => Some(Anomaly::FutureRead),
            Self::Lost(_) => Some(Anomaly::LostElement),
            Self::Kept(_) | Self::Left(_) => None,
        }
    }
}

/// Of each value that nobody dequeued, the enqueue that was acknowledged first, if any was.
fn missing(calls: &[Call<QueueOp>], taken: &FxHashMap<&Value, Vec<u32>>) -> Vec<u32> {
    let mut first: FxHashMap<&Value, u32> = FxHashMap::default();
    for (number, call) in (0..).zip(calls).filter(|(_, call)| call.ret != OPEN) {
        let QueueOp::Enqueue(value) = &call.op else { continue };
        let first = first.entry(value).or_insert(number);
        if call.ret < calls[*first as usize].ret {
            *first = number;
        }
    }
    first.retain(|value, _| !taken.contains_key(value));
    let mut missing: Vec<u32> = first.into_values().collect();
    missing.sort_unstable();
    missing
}

/// The last dequeue that was answered, if it found nothing.
fn last_answered(calls: &[Call<QueueOp>]) -> Option<u32> {
    let is_answered = |call: &Call<QueueOp>| {
        call.ret != OPEN && matches!(call.op, QueueOp::Dequeue(_) | QueueOp::Empty)
    };
    let answered = (0..).zip(calls).filter(|(_, call)| is_answered(call));
    let (last, call) = answered.max_by_key(|(_, call)| call.ret)?;
    (call.op == QueueOp::Empty).then_some(last)
}

fn order<'a>(
    calls: &[Call<QueueOp>],
    put: &FxHashMap<&Value, u32>,
    taken: &FxHashMap<&Value, Vec<u32>>,
    doubtful: impl Iterator<Item = (&'a u32, &'a u32)>,
) -> Vec<u32> {
    let mut order = Vec::new();
    for (number, call) in (0..).zip(calls) {
        let QueueOp::Enqueue(value) = &call.op else { continue };
        if let Some(dequeues) = taken.get(value).filter(|_| put[value] == number) {
            order.push(number);
            order.extend(dequeues);
        }
    }
    order.extend(doubtful.flat_map(|(enqueue, take)| [*enqueue, *take]));
    order
}
