//! A string for each key: get, put and append, as in Porcupine's key-value test data.

use super::Model;
use super::events::{happened, unknown_function, wrong_value};
use crate::datum::Datum;
use crate::error::ReadError;
use crate::event::Event;
use crate::history::Outcome;

/// One key of a string store. Keys are apart, so a state is one string, empty at first.
#[derive(Debug, Clone, Copy)]
pub struct Kv;

/// What is asked of a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KvOp {
    /// Return the string.
    Get(Box<str>),
    /// Replace the string.
    Put(Box<str>),
    /// Add to its end.
    Append(Box<str>),
}

impl Model for Kv {
    type Op = KvOp;
    type State = String;

    fn initial(&self) -> String {
        String::new()
    }

    fn op(
        &self,
        invocation: &Event,
        completion: Option<&Event>,
        outcome: Outcome,
    ) -> Result<Option<KvOp>, ReadError> {
        let text = |event: &Event| match &event.value {
            Datum::Text(text) => Ok(text.clone()),
            other => Err(wrong_value(event, other, "a string")),
        };
        let op = match &*invocation.f {
            "get" => {
                let Some(completion) = happened(completion, outcome) else { return Ok(None) };
                KvOp::Get(text(completion)?)
            }
            "put" => KvOp::Put(text(invocation)?),
            "append" => KvOp::Append(text(invocation)?),
            _ => return Err(unknown_function(invocation, "get, put or append")),
        };
        Ok((outcome != Outcome::Fail).then_some(op))
    }

    fn step(&self, state: &String, op: &KvOp) -> Result<String, String> {
        match op {
            KvOp::Get(found) if **found == **state => Ok(state.clone()),
            KvOp::Get(_) => Err(format!("the string is {state:?}")),
            KvOp::Put(new) => Ok(new.to_string()),
            KvOp::Append(end) => Ok(format!("{state}{end}")),
        }
    }

    fn is_read_only(&self, op: &KvOp) -> bool {
        matches!(op, KvOp::Get(_))
    }

    fn describe(&self, op: &KvOp) -> String {
        match op {
            KvOp::Get(found) => format!("get of {found:?}"),
            KvOp::Put(new) => format!("put of {new:?}"),
            KvOp::Append(end) => format!("append of {end:?}"),
        }
    }
}
