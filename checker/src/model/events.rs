//! What models read out of events, and how they say that it is not there.

use crate::datum::{Datum, brief};
use crate::error::ReadError;
use crate::event::Event;
use crate::history::Outcome;
use crate::value::Value;

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

/// A value that is none of lists and maps.
pub(super) fn scalar(event: &Event, datum: &Datum) -> Result<Value, ReadError> {
    let expected = "null, a 64-bit integer, a string, a boolean or a keyword";
    Value::from_datum(datum).ok_or_else(|| wrong_value(event, datum, expected))
}

/// A value that is not null, either: what is put into a collection.
pub(super) fn element(event: &Event) -> Result<Value, ReadError> {
    let expected = "an element: a 64-bit integer, a string, a boolean or a keyword";
    Value::from_datum(&event.value)
        .filter(|value| *value != Value::Nil)
        .ok_or_else(|| wrong_value(event, &event.value, expected))
}

/// All elements of a collection.
pub(super) fn elements(event: &Event) -> Result<Vec<Value>, ReadError> {
    let Datum::List(items) = &event.value else {
        return Err(wrong_value(event, &event.value, "a list of all elements, such as [1, 2, 3]"));
    };
    items.iter().map(|item| scalar(event, item)).collect()
}

/// Values one after another, as in `1, 2, 3`.
pub(super) fn listed<'v>(values: impl IntoIterator<Item = &'v Value>) -> String {
    values.into_iter().map(Value::to_string).collect::<Vec<_>>().join(", ")
}
