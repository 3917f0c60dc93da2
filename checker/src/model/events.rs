//! What models read out of events, and how they say that it is not there.

use crate::datum::{Datum, brief};
use crate::error::ReadError;
use crate::event::Event;
use crate::history::Outcome;

/// The error for a function that the object does not have.
pub(super) fn unknown_function(event: &Event, expected: &str) -> ReadError {
    ReadError::field(event.line, "f", format!("unknown function `{}`", brief(&event.f)), expected)
}

/// The error for an argument or a result of the wrong kind.
pub(super) fn wrong_value(event: &Event, found: &Datum, expected: &str) -> ReadError {
    let problem = match found {
        Datum::Nil => "found null".to_owned(),
        _ => format!("found {}, {}", found.kind(), found.brief()),
    };
    ReadError::field(event.line, "value", problem, expected)
}

/// The completion, if the operation certainly happened.
pub(super) fn happened(completion: Option<&Event>, outcome: Outcome) -> Option<&Event> {
    completion.filter(|_| outcome == Outcome::Ok)
}
