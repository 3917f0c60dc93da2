//! `history.jsonl`: one JSON object a line.

mod plain;

use std::borrow::Cow;
use std::fmt;
use std::io::BufRead;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Source, Step, utf8};
use crate::datum::Datum;
use crate::error::ReadError;
use crate::event::Event;
use crate::plain::Entry;

pub(super) fn next<R: BufRead>(source: &mut Source<R>) -> Result<Step, ReadError> {
    loop {
        let Some(ended) = source.next_line()? else { return Ok(Step::End) };
        let line = source.line;
        if let Some(event) = plain::plain(line, &source.text) {
            return Ok(Step::Entry(Entry::Plain(event)));
        }
        if source.text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        return match parse(line, &source.text) {
            Ok(event) => Ok(Step::Entry(event.into())),
            Err(Failure::Cut) if !ended => Ok(Step::Truncated(line)),
            Err(Failure::Cut) => Err(ReadError::new(
                line,
                "the line ends in the middle of a JSON object",
                "one whole JSON object a line",
            )),
            Err(Failure::Other(error)) => Err(error),
        };
    }
}

/// Takes the plain events that come next and are in the buffer as whole lines, until there are
/// `count_max` entries.
pub(super) fn take_plain<R: BufRead>(
    source: &mut Source<R>,
    entries: &mut Vec<Entry>,
    count_max: usize,
) -> Result<(), ReadError> {
    let line = source.line;
    let buffer = source.input.fill_buf().map_err(|error| ReadError::io(line, error))?;
    let mut rest = buffer;
    while entries.len() < count_max
        && let Some((event, length)) = plain::first(source.line + 1, rest)
    {
        entries.push(Entry::Plain(event));
        source.line += 1;
        rest = &rest[length..];
    }
    let taken = buffer.len() - rest.len();
    source.input.consume(taken);
    Ok(())
}

/// An event on a line by itself.
pub(super) fn line(line: u64, text: &[u8]) -> Result<Event, ReadError> {
    parse(line, text).map_err(|failure| match failure {
        Failure::Cut => ReadError::new(line, "half an event", "one whole JSON object"),
        Failure::Other(error) => error,
    })
}

enum Failure {
    /// The text is the beginning of an event, but not all of it.
    Cut,
    Other(ReadError),
}

fn parse(line: u64, text: &[u8]) -> Result<Event, Failure> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let text = match utf8(line, text) {
        Ok(text) => text,
        // The file may have been cut in the middle of a character.
        Err(_) if std::str::from_utf8(text).is_err_and(|e| e.error_len().is_none()) => {
            return Err(Failure::Cut);
        }
        Err(error) => return Err(Failure::Other(error)),
    };
    let fields: Fields<'_> = serde_json::from_str(text).map_err(|error| {
        if error.is_eof() {
            return Failure::Cut;
        }
        let column = error.column().max(1);
        let problem = error.to_string();
        // serde_json counts lines inside this one line: its position says no more than the column.
        let problem = problem.split(" at line ").next().unwrap_or_default();
        Failure::Other(ReadError::new(
            line,
            format!("column {column}: {problem}"),
            "one JSON object a line, such as \
             {\"process\":3,\"type\":\"invoke\",\"f\":\"write\",\"key\":\"x\",\"value\":7}",
        ))
    })?;
    Event::from_fields(line, fields.0).map_err(Failure::Other)
}

/// The fields of a JSON object, in file order.
struct Fields<'a>(Vec<(Cow<'a, str>, Datum)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event: a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::with_capacity(8);
        while let Some((name, value)) = map.next_entry::<FieldName<'de>, Datum>()? {
            fields.push((name.0, value));
        }
        Ok(Fields(fields))
    }
}

/// A field's name, borrowed from the line wherever it holds no escape.
struct FieldName<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for FieldName<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FieldNameVisitor)
    }
}

struct FieldNameVisitor;

impl<'de> Visitor<'de> for FieldNameVisitor {
    type Value = FieldName<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(FieldName(Cow::Borrowed(name)))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(FieldName(Cow::Owned(name.to_owned())))
    }
}

impl<'de> Deserialize<'de> for Datum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DatumVisitor)
    }
}

struct DatumVisitor;

impl<'de> Visitor<'de> for DatumVisitor {
    type Value = Datum;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Datum, E> {
        Ok(Datum::Nil)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Datum, E> {
        Ok(Datum::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Datum, E> {
        Ok(Datum::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Datum, E> {
        Ok(i64::try_from(value).map_or(Datum::Float(value as f64), Datum::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Datum, E> {
        Ok(Datum::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Datum, E> {
        Ok(Datum::Text(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Datum, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Datum::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Datum, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, Datum>()? {
            entries.push((Datum::Text(key.into()), value));
        }
        Ok(Datum::Map(entries))
    }
}
