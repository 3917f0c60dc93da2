//! How a history says which register an operation acts on: not at all, in a field, or in a tuple.

use crate::datum::Datum;
use crate::error::ReadError;
use crate::event::Event;
use crate::function::Function;
use crate::plain::PlainEvent;
use crate::value::{EXPECTED_VALUE, Scalar, Value};

/// How a history says which register an operation acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Not at all: there is one.
    Single,
    /// In the field `key`.
    Field,
    /// Jepsen's independent tuples: `[key value]` in the field `value`.
    Tuple,
}

impl Shape {
    fn says(self) -> &'static str {
        match self {
            Self::Single => "no key",
            Self::Field => "a field `key`",
            Self::Tuple => "a tuple `[key value]`",
        }
    }
}

/// The shape of one history: that of its first operation.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    first: Option<(Shape, u64)>,
}

impl Shapes {
    /// The register and the argument of an invocation.
    pub(crate) fn asked<'e>(
        &mut self,
        function: Function,
        event: &'e Event,
    ) -> Result<(Option<Value>, &'e Datum), ReadError> {
        let shape = shape_of(function, event);
        match self.first {
            None => self.first = Some((shape, event.line)),
            Some((first, line)) if first != shape => {
                return Err(ReadError::field(
                    event.line,
                    if first == Shape::Field { "key" } else { "value" },
                    format!("this operation has {}", shape.says()),
                    format!("{}, as in line {line}", first.says()),
                ));
            }
            Some(_) => {}
        }
        split(shape, event)
    }

    /// Whether a plain event says it like those before it. If it does, its key is that of its field, and
    /// its value is the value.
    pub(crate) fn fit(&self, event: &PlainEvent) -> bool {
        let shape = if event.key == Scalar::NOTHING { Shape::Single } else { Shape::Field };
        self.first.is_some_and(|(first, _)| first == shape)
    }

    /// The value of an ok completion, after its register has been found to be the invocation's.
    pub(crate) fn returned<'e>(
        &self,
        event: &'e Event,
        asked: Option<&Value>,
    ) -> Result<&'e Datum, ReadError> {
        let shape = self.first.map_or(Shape::Single, |(shape, _)| shape);
        let (found, value) = match (shape, &event.key, event.value.as_pair()) {
            (Shape::Field, Some(found), _) => (Some(found), &event.value),
            (Shape::Tuple, _, Some((found, value))) => (Some(found), value),
            (Shape::Tuple, ..) if event.value != Datum::Nil => {
                return Err(ReadError::field(
                    event.line,
                    "value",
                    format!("found {}", event.value.brief()),
                    "a tuple [key value], as in the invocation",
                ));
            }
            _ => (None, &event.value),
        };
        if let (Some(found), Some(asked)) = (found, asked)
            && Value::from_datum(found).as_ref() != Some(asked)
        {
            return Err(ReadError::field(
                event.line,
                if shape == Shape::Field { "key" } else { "value" },
                format!("completes on key {}", found.brief()),
                format!("key {asked}, as in the invocation"),
            ));
        }
        Ok(value)
    }
}

pub(crate) fn no_value(line: u64, field: &'static str, datum: &Datum) -> ReadError {
    let problem = format!("found {}, {}", datum.kind(), datum.brief());
    ReadError::field(line, field, problem, EXPECTED_VALUE)
}

/// A register never holds a list, so a list of two is a tuple wherever the function takes a scalar,
/// and for a compare-and-set wherever its second element is a list itself.
fn shape_of(function: Function, event: &Event) -> Shape {
    if event.key.is_some() {
        return Shape::Field;
    }
    match (function, event.value.as_pair()) {
        (Function::Read | Function::Write, Some(_)) => Shape::Tuple,
        (Function::Cas, Some((_, Datum::List(_)))) => Shape::Tuple,
        _ => Shape::Single,
    }
}

fn split(shape: Shape, event: &Event) -> Result<(Option<Value>, &Datum), ReadError> {
    let (key, value) = match (shape, &event.key, event.value.as_pair()) {
        (Shape::Field, Some(key), _) => (key, &event.value),
        (Shape::Tuple, _, Some((key, value))) => (key, value),
        _ => return Ok((None, &event.value)),
    };
    match Value::from_datum(key) {
        Some(key) => Ok((Some(key), value)),
        None => Err(ReadError::field(
            event.line,
            if shape == Shape::Field { "key" } else { "value" },
            format!("found {} as the key, {}", key.kind(), key.brief()),
            "a key: an integer, a string, a boolean or a keyword",
        )),
    }
}

pub(crate) fn cas_pair<'e>(
    event: &Event,
    value: &'e Datum,
) -> Result<(&'e Datum, &'e Datum), ReadError> {
    value.as_pair().ok_or_else(|| {
        ReadError::field(
            event.line,
            "value",
            format!("found {}, {}", value.kind(), value.brief()),
            "[expected, new]",
        )
    })
}
