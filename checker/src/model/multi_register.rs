//! Several registers under one lock: an operation reads and writes some of them at one moment.
//!
//! Its elements are the registers: looked at by itself, each is read and written as if there were no
//! others.

use std::collections::BTreeSet;

use super::Model;
use super::events::{happened, unknown_function, wrong_value};
use crate::datum::Datum;
use crate::error::ReadError;
use crate::event::Event;
use crate::history::Outcome;
use crate::linear::NilRead;
use crate::value::{EXPECTED_VALUE, Value};

/// Registers with names. Operations are `txn` with a list of `[read x 1]` and `[write y 2]`.
#[derive(Debug, Clone)]
pub struct MultiRegister {
    /// The values before the first operation, by name; registers left out hold null.
    pub initial: Vec<(Value, Value)>,
    /// What a read of null says.
    pub nil_read: NilRead,
}

/// One step of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Micro {
    /// This register held this value.
    Read(Value, Value),
    /// This register got this value.
    Write(Value, Value),
}

impl Micro {
    fn register(&self) -> &Value {
        let (Self::Read(register, _) | Self::Write(register, _)) = self;
        register
    }
}

const EXPECTED_TXN: &str = "a list of [read, register, value] and [write, register, value]";

impl MultiRegister {
    fn micro(
        &self,
        event: &Event,
        datum: &Datum,
        completed: bool,
    ) -> Result<Option<Micro>, ReadError> {
        let wrong = |problem: String, expected: &str| {
            Err(ReadError::field(event.line, "value", problem, expected))
        };
        let Datum::List(parts) = datum else {
            return Err(wrong_value(event, datum, EXPECTED_TXN));
        };
        let [function, register, value] = parts.as_slice() else {
            return wrong(format!("found {}", datum.brief()), EXPECTED_TXN);
        };
        let (Some(register), Some(value)) = (Value::from_datum(register), Value::from_datum(value))
        else {
            return wrong(format!("found {}", datum.brief()), EXPECTED_VALUE);
        };
        match function.as_name() {
            Some("write" | "w") => Ok(Some(Micro::Write(register, value))),
            Some("read" | "r") => {
                let silent = value == Value::Nil && self.nil_read == NilRead::Any;
                Ok((completed && !silent).then_some(Micro::Read(register, value)))
            }
            _ => wrong(format!("found {}", function.brief()), "read or write"),
        }
    }
}

impl Model for MultiRegister {
    type Op = Vec<Micro>;
    /// Sorted by name.
    type State = Vec<(Value, Value)>;

    fn initial(&self) -> Self::State {
        let mut state = self.initial.clone();
        state.sort();
        state
    }

    fn op(
        &self,
        invocation: &Event,
        completion: Option<&Event>,
        outcome: Outcome,
    ) -> Result<Option<Self::Op>, ReadError> {
        if invocation.f != "txn" {
            return Err(unknown_function(invocation, "txn"));
        }
        let completed = happened(completion, outcome);
        let event = completed.unwrap_or(invocation);
        let Datum::List(micros) = &event.value else {
            return Err(wrong_value(event, &event.value, EXPECTED_TXN));
        };
        let mut op = Vec::with_capacity(micros.len());
        for micro in micros {
            op.extend(self.micro(event, micro, completed.is_some())?);
        }
        Ok((outcome != Outcome::Fail && !op.is_empty()).then_some(op))
    }

    fn step(&self, state: &Self::State, op: &Self::Op) -> Result<Self::State, String> {
        let mut next = state.clone();
        for micro in op {
            match micro {
                Micro::Read(register, found) => {
                    let place = next.binary_search_by_key(&register, |(name, _)| name);
                    let holds = place.map_or(&Value::Nil, |place| &next[place].1);
                    if holds != found {
                        return Err(format!("{register} holds {holds}"));
                    }
                }
                Micro::Write(register, value) => {
                    match next.binary_search_by_key(&register, |(name, _)| name) {
                        Ok(place) => next[place].1 = value.clone(),
                        Err(place) => next.insert(place, (register.clone(), value.clone())),
                    }
                }
            }
        }
        Ok(next)
    }

    fn is_read_only(&self, op: &Self::Op) -> bool {
        op.iter().all(|micro| matches!(micro, Micro::Read(..)))
    }

    fn bytes(&self, state: &Self::State) -> usize {
        // Each state stands in two places.
        2 * state.len() * size_of::<(Value, Value)>()
    }

    fn describe(&self, op: &Self::Op) -> String {
        let micro = |micro: &Micro| match micro {
            Micro::Read(register, value) => format!("read of {value} in {register}"),
            Micro::Write(register, value) => format!("write of {value} to {register}"),
        };
        op.iter().map(micro).collect::<Vec<_>>().join(", ")
    }

    fn elements(&self, op: &Self::Op) -> Vec<Value> {
        op.iter().map(|micro| micro.register().clone()).collect()
    }

    fn restrict(&self, op: &Self::Op, elements: &BTreeSet<Value>) -> Option<Self::Op> {
        let about = op.iter().filter(|micro| elements.contains(micro.register()));
        Some(about.cloned().collect()).filter(|op: &Self::Op| !op.is_empty())
    }

    fn is_local(&self) -> bool {
        true
    }
}
