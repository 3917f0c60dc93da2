//! Queues: enqueue and dequeue, first in, first out, or in any order.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

use rustc_hash::FxHashMap;

use super::events::{element, happened, listed, scalar, unknown_function};
use super::sequence::{BYTES, Bag, List};
use super::{Call, Hints, Model};
use crate::datum::Datum;
use crate::error::ReadError;
use crate::event::Event;
use crate::history::Outcome;
use crate::value::Value;

/// A queue, empty at first, with its values in some [`Storage`]. Made by [`Default`].
///
/// | function | argument | result | what it does |
/// |---|---|---|---|
/// | `enqueue` | value | nothing, or the value again | puts the value in |
/// | `dequeue` | | the value; null: the queue was empty | takes a value |
///
/// A dequeue that failed and whose field `error` is `empty` or `exhausted` found the queue empty, too.
/// One of unknown outcome may have taken any value that could leave next.
///
/// Values keep their order when others are looked away from, and an empty queue stays empty: so a
/// counterexample looks at few values. They do depend on each other, by their order.
#[derive(Debug, Clone, Default)]
pub struct QueueOf<S> {
    storage: PhantomData<fn() -> S>,
}

/// A queue in which what came first leaves first.
pub type Queue = QueueOf<List>;

/// A queue in which any value may leave next.
pub type UnorderedQueue = QueueOf<Bag>;

/// What is asked of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum QueueOp {
    /// Put the value in.
    Enqueue(Value),
    /// Take a value; it was this.
    Dequeue(Value),
    /// Take a value; there was none.
    Empty,
    /// Take a value, of unknown outcome.
    Take,
}

/// The values in a queue, and which may leave next.
pub trait Storage: Clone + Default + Eq + Hash + Debug {
    /// Whether values leave in the order in which they came.
    const IN_ORDER: bool;

    /// Puts a value in.
    fn put(&mut self, value: Value);
    /// Takes this value out, if it may leave next.
    fn take(&mut self, value: &Value) -> Result<(), String>;
    /// The value that leaves if it does not matter which.
    fn next(&self) -> Option<&Value>;
}

impl Storage for List {
    const IN_ORDER: bool = true;

    fn put(&mut self, value: Value) {
        self.push_back(value);
    }

    fn take(&mut self, value: &Value) -> Result<(), String> {
        match self.next() {
            None => Err("the queue is empty".to_owned()),
            Some(first) if first == value => {
                self.pop_front();
                Ok(())
            }
            Some(first) => Err(format!("the first in the queue is {first}")),
        }
    }

    fn next(&self) -> Option<&Value> {
        self.iter().next()
    }
}

impl Storage for Bag {
    const IN_ORDER: bool = false;

    fn put(&mut self, value: Value) {
        self.insert(value);
    }

    fn take(&mut self, value: &Value) -> Result<(), String> {
        if !self.contains(value) {
            return Err(match self.next() {
                None => "the queue is empty".to_owned(),
                Some(_) => format!("the queue holds {}", listed(self.iter())),
            });
        }
        self.remove(value);
        Ok(())
    }

    /// Of values in no order, a dequeue of unknown outcome takes the smallest. That is no loss: it may
    /// as well take effect just before the next dequeue that finds nothing, and by then all values
    /// that are left must have been taken, whoever takes which.
    fn next(&self) -> Option<&Value> {
        self.iter().next()
    }
}

impl QueueOp {
    fn value(&self) -> Option<&Value> {
        match self {
            Self::Enqueue(value) | Self::Dequeue(value) => Some(value),
            Self::Empty | Self::Take => None,
        }
    }
}

/// Whether a failed dequeue says that there was nothing.
fn is_empty(completion: &Event) -> bool {
    matches!(completion.extra("error").and_then(Datum::as_name), Some("empty" | "exhausted"))
}

impl<S: Storage> Model for QueueOf<S> {
    type Op = QueueOp;
    type State = S;

    fn initial(&self) -> S {
        S::default()
    }

    fn op(
        &self,
        invocation: &Event,
        completion: Option<&Event>,
        outcome: Outcome,
    ) -> Result<Option<QueueOp>, ReadError> {
        let failed = completion.filter(|_| outcome == Outcome::Fail);
        let op = match (&*invocation.f, happened(completion, outcome)) {
            ("enqueue", _) => QueueOp::Enqueue(element(invocation)?),
            ("dequeue", Some(completion)) => match scalar(completion, &completion.value)? {
                Value::Nil => QueueOp::Empty,
                value => QueueOp::Dequeue(value),
            },
            ("dequeue", None) if failed.is_some_and(is_empty) => return Ok(Some(QueueOp::Empty)),
            ("dequeue", None) => QueueOp::Take,
            _ => return Err(unknown_function(invocation, "enqueue or dequeue")),
        };
        Ok((outcome != Outcome::Fail).then_some(op))
    }

    fn step(&self, state: &S, op: &QueueOp) -> Result<S, String> {
        let mut next = state.clone();
        match (op, state.next()) {
            (QueueOp::Enqueue(value), _) => next.put(value.clone()),
            (QueueOp::Dequeue(value), _) => next.take(value)?,
            (QueueOp::Empty, Some(value)) => return Err(format!("{value} is in the queue")),
            (QueueOp::Empty, None) => {}
            (QueueOp::Take, Some(value)) => next.take(value)?,
            (QueueOp::Take, None) => return Err("the queue is empty".to_owned()),
        }
        Ok(next)
    }

    fn is_read_only(&self, op: &QueueOp) -> bool {
        *op == QueueOp::Empty
    }

    fn describe(&self, op: &QueueOp) -> String {
        match op {
            QueueOp::Enqueue(value) => format!("enqueue of {value}"),
            QueueOp::Dequeue(value) => format!("dequeue of {value}"),
            QueueOp::Empty => "dequeue of nothing".to_owned(),
            QueueOp::Take => "dequeue".to_owned(),
        }
    }

    fn elements(&self, op: &QueueOp) -> Vec<Value> {
        op.value().cloned().into_iter().collect()
    }

    fn restrict(&self, op: &QueueOp, values: &BTreeSet<Value>) -> Option<QueueOp> {
        op.value().is_none_or(|value| values.contains(value)).then(|| op.clone())
    }

    fn hints(&self, calls: &[Call<QueueOp>]) -> Hints {
        let places = leaving_order(calls);
        let seen = |call: &Call<QueueOp>| match &call.op {
            QueueOp::Enqueue(value) => places.get(value).copied(),
            // What can leave may as well leave at once; what may have left, as late as possible.
            QueueOp::Dequeue(_) | QueueOp::Empty => Some(0),
            QueueOp::Take => Some(u32::MAX),
        };
        Hints { seen: calls.iter().map(seen).collect(), in_order: S::IN_ORDER }
    }

    fn bytes(&self, _: &S) -> usize {
        BYTES
    }
}

/// The values that are dequeued, numbered in an order in which they may have been put in and taken
/// out: before all others comes one that no other must precede, neither by its enqueue nor by its
/// dequeue. Of values that stand for several enqueues, the first counts.
fn leaving_order(calls: &[Call<QueueOp>]) -> FxHashMap<&Value, u32> {
    let mut taken: FxHashMap<&Value, (u32, u32)> = FxHashMap::default();
    let mut put: Vec<(u32, u32, &Value)> = Vec::new();
    for Call { op, call, ret, .. } in calls {
        match op {
            QueueOp::Dequeue(value) => {
                taken.entry(value).or_insert((*call, *ret));
            }
            QueueOp::Enqueue(value) => put.push((*call, *ret, value)),
            QueueOp::Empty | QueueOp::Take => {}
        }
    }
    put.retain(|(.., value)| taken.contains_key(value));
    put.sort_unstable();
    let mut by_ret: BTreeSet<(u32, usize)> = (0..).zip(&put).map(|(i, p)| (p.1, i)).collect();
    let mut by_leaving: BTreeSet<(u32, usize)> =
        (0..).zip(&put).map(|(i, p)| (taken[p.2].1, i)).collect();
    let mut waiting: BTreeSet<usize> = (0..put.len()).collect();
    let mut places = FxHashMap::default();
    while let (Some((put_by, earliest)), Some((left_by, _))) =
        (by_ret.first().copied(), by_leaving.first().copied())
    {
        let mut open = waiting.iter().copied().take_while(|i| put[*i].0 < put_by);
        let next = open.find(|i| taken[put[*i].2].0 < left_by).unwrap_or(earliest);
        let (_, ret, value) = put[next];
        waiting.remove(&next);
        by_ret.remove(&(ret, next));
        by_leaving.remove(&(taken[value].1, next));
        let place = places.len() as u32 + 1;
        places.entry(value).or_insert(place);
    }
    places
}
