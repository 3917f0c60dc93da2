//! A counter: add and read.

use super::events::{happened, unknown_function, wrong_value};
use super::growing::{Fit, Growing, Kind, anomaly, fit_sum};
use super::{Call, Model};
use crate::anomaly::Anomaly;
use crate::datum::Datum;
use crate::error::ReadError;
use crate::event::Event;
use crate::history::Outcome;

/// A counter of any size, below zero, too.
///
/// | function | argument | result | what it does |
/// |---|---|---|---|
/// | `add` | amount | nothing, or the amount again | adds the amount |
/// | `increment`, `decrement` | amount; null is 1 | nothing, or the amount again; after null, the new count if there is one | adds, or takes away |
/// | `add-and-get` | amount | the new count | adds the amount |
/// | `get-and-add` | amount | the count before | adds the amount |
/// | `read` | | the count | |
///
/// It has no elements: every amount added so far matters to every count, so a counterexample leaves
/// out only what changes nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counter {
    /// The count before the first operation.
    pub initial: i64,
}

/// What is asked of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CounterOp {
    /// Add this amount.
    Add(i128),
    /// Add this amount and return the new count.
    AddAndGet(i128, i64),
    /// Add this amount and return the count before.
    GetAndAdd(i128, i64),
    /// Return the count.
    Read(i64),
}

impl CounterOp {
    /// The amount added, and the count before it that the result tells.
    fn parts(self) -> (i128, Option<i128>) {
        match self {
            Self::Add(amount) => (amount, None),
            Self::AddAndGet(amount, found) => (amount, Some(i128::from(found) - amount)),
            Self::GetAndAdd(amount, found) => (amount, Some(i128::from(found))),
            Self::Read(found) => (0, Some(i128::from(found))),
        }
    }
}

fn integer(event: &Event) -> Result<i64, ReadError> {
    match event.value {
        Datum::Int(value) => Ok(value),
        ref other => Err(wrong_value(event, other, "a 64-bit integer")),
    }
}

/// `add`, `increment` and `decrement`.
fn add(invocation: &Event, completion: Option<&Event>) -> Result<CounterOp, ReadError> {
    let sign = if invocation.f == "decrement" { -1 } else { 1 };
    let is_step = invocation.f != "add" && invocation.value == Datum::Nil;
    let amount = sign * if is_step { 1 } else { i128::from(integer(invocation)?) };
    match completion {
        Some(Event { value: Datum::Int(count), .. }) if is_step => {
            Ok(CounterOp::AddAndGet(amount, *count))
        }
        Some(done) if done.value != Datum::Nil && done.value != invocation.value => {
            let expected = format!(
                "{} as invoked, or null; if it is the new count, the function is add-and-get",
                invocation.value.brief()
            );
            Err(wrong_value(done, &done.value, &expected))
        }
        _ => Ok(CounterOp::Add(amount)),
    }
}

impl Model for Counter {
    type Op = CounterOp;
    /// Wide enough for as many additions as a history can hold.
    type State = i128;

    fn initial(&self) -> i128 {
        i128::from(self.initial)
    }

    fn op(
        &self,
        invocation: &Event,
        completion: Option<&Event>,
        outcome: Outcome,
    ) -> Result<Option<CounterOp>, ReadError> {
        let completion = happened(completion, outcome);
        let op = match (&*invocation.f, completion) {
            ("add" | "increment" | "decrement", _) => add(invocation, completion)?,
            ("add-and-get", Some(completion)) => {
                CounterOp::AddAndGet(integer(invocation)?.into(), integer(completion)?)
            }
            ("get-and-add", Some(completion)) => {
                CounterOp::GetAndAdd(integer(invocation)?.into(), integer(completion)?)
            }
            ("add-and-get" | "get-and-add", None) => CounterOp::Add(integer(invocation)?.into()),
            ("read", Some(completion)) => CounterOp::Read(integer(completion)?),
            ("read", None) => return Ok(None),
            _ => {
                let expected = "add, increment, decrement, add-and-get, get-and-add or read";
                return Err(unknown_function(invocation, expected));
            }
        };
        Ok((outcome != Outcome::Fail).then_some(op))
    }

    fn step(&self, count: &i128, op: &CounterOp) -> Result<i128, String> {
        let (amount, before) = op.parts();
        if before.is_some_and(|before| before != *count) {
            return Err(format!("the count is {count}"));
        }
        Ok(count + amount)
    }

    fn is_read_only(&self, op: &CounterOp) -> bool {
        op.parts().0 == 0
    }

    fn anomaly(&self, calls: &[Call<CounterOp>]) -> Anomaly {
        anomaly(self, calls)
    }

    fn describe(&self, op: &CounterOp) -> String {
        match op {
            CounterOp::Add(amount) => format!("add of {amount}"),
            CounterOp::AddAndGet(amount, found) => {
                format!("add of {amount}, which made it {found}")
            }
            CounterOp::GetAndAdd(amount, found) => format!("add of {amount} to {found}"),
            CounterOp::Read(found) => format!("read of {found}"),
        }
    }
}

impl Growing for Counter {
    fn kind(&self, op: &CounterOp) -> Kind {
        match op {
            CounterOp::Add(_) => Kind::Adds,
            CounterOp::Read(_) => Kind::Shows,
            CounterOp::AddAndGet(..) | CounterOp::GetAndAdd(..) => Kind::Neither,
        }
    }

    fn fit(&self, read: &CounterOp, required: &[&CounterOp], optional: &[&CounterOp]) -> Fit {
        let CounterOp::Read(found) = read else { return Fit::Fits };
        let amounts = |ops: &[&CounterOp]| ops.iter().map(|op| op.parts().0).collect::<Vec<_>>();
        let seen = i128::from(*found) - i128::from(self.initial);
        fit_sum(seen, &amounts(required), &amounts(optional))
    }

    fn shows_all_of(&self, later: &CounterOp, earlier: &CounterOp) -> bool {
        match (later, earlier) {
            (CounterOp::Read(later), CounterOp::Read(earlier)) => later >= earlier,
            _ => true,
        }
    }

    fn takes_away(&self, add: &CounterOp) -> bool {
        add.parts().0 < 0
    }
}
