//! Jepsen's EDN: maps in a vector or a list, or one map after another.
//!
//! A framer cuts the input into one map at a time, so that a file of any size is read in bounded
//! memory and bounded depth; the map itself is parsed by the `clojure-reader` crate.

use std::borrow::Cow;
use std::io::BufRead;

use clojure_reader::edn::{Edn, read_string};
use clojure_reader::error::Code;

use super::{DEPTH_MAX, EVENT_BYTES_MAX, Source, Step, too_long, utf8};
use crate::datum::{Datum, brief};
use crate::error::ReadError;
use crate::event::Event;

/// Where the framer stands: before, inside or after the collection that holds the events.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) enum Nesting {
    /// Nothing but blanks so far; a bracket opens the collection.
    #[default]
    Before,
    /// Maps stand one after another, in no collection.
    Bare,
    /// Inside the collection that this byte closes.
    Inside(u8),
    /// The collection is closed.
    After,
}

pub(super) fn next<R: BufRead>(
    source: &mut Source<R>,
    nesting: &mut Nesting,
) -> Result<Step, ReadError> {
    if source.line == 0 {
        source.line = 1;
        skip_byte_order_mark(source)?;
    }
    loop {
        let Some(byte) = source.peek()? else {
            return Ok(match nesting {
                Nesting::Inside(_) => Step::Truncated(source.line),
                _ => Step::End,
            });
        };
        match byte {
            b',' => source.take(byte),
            _ if byte.is_ascii_whitespace() => source.take(byte),
            b';' => skip_comment(source)?,
            _ if *nesting == Nesting::After => {
                return Err(ReadError::new(
                    source.line,
                    "text after the end of the history",
                    "nothing after the bracket that closes it",
                ));
            }
            b'[' | b'(' if *nesting == Nesting::Before => {
                source.take(byte);
                *nesting = Nesting::Inside(if byte == b'[' { b']' } else { b')' });
            }
            b']' | b')' if *nesting == Nesting::Inside(byte) => {
                source.take(byte);
                *nesting = Nesting::After;
            }
            b'{' | b'#' => {
                if let Some(step) = next_form(source, nesting)? {
                    return Ok(step);
                }
            }
            _ => return Err(no_event(source.line, byte)),
        }
    }
}

fn no_event(line: u64, byte: u8) -> ReadError {
    let found = if byte.is_ascii_graphic() {
        format!("`{}`", byte as char)
    } else {
        format!("0x{byte:02x}")
    };
    ReadError::new(
        line,
        format!("found {found} where an event begins"),
        "a map, such as {:process 3, :type :invoke, :f :write, :value 7}",
    )
}

fn skip_byte_order_mark<R: BufRead>(source: &mut Source<R>) -> Result<(), ReadError> {
    for expected in *b"\xef\xbb\xbf" {
        if source.peek()? == Some(expected) {
            source.take(expected);
        }
    }
    Ok(())
}

fn skip_comment<R: BufRead>(source: &mut Source<R>) -> Result<(), ReadError> {
    while let Some(byte) = source.peek()? {
        if byte == b'\n' {
            break;
        }
        source.take(byte);
    }
    Ok(())
}

/// Reads one map, with or without a tag before it. `None` for a discarded form (`#_ …`), and for a
/// tag that stands before the collection of all events.
fn next_form<R: BufRead>(
    source: &mut Source<R>,
    nesting: &mut Nesting,
) -> Result<Option<Step>, ReadError> {
    let line = source.line;
    source.text.clear();
    if source.peek()? == Some(b'#') {
        let opened = read_tag(source)?;
        if matches!(opened, Some(b'[' | b'(')) && *nesting == Nesting::Before {
            return Ok(None);
        }
        if opened.is_none() {
            return Ok(Some(Step::Truncated(line)));
        }
    }
    if *nesting == Nesting::Before {
        *nesting = Nesting::Bare;
    }
    if !read_balanced(source, line)? {
        return Ok(Some(Step::Truncated(line)));
    }
    let text = utf8(line, &source.text)?;
    if text.starts_with("#_") {
        return Ok(None);
    }
    let form = read_string(text).map_err(|error| syntax(line, &error))?;
    match datum(&form) {
        Datum::Map(fields) => {
            let fields = fields.into_iter().map(|(name, value)| match name {
                Datum::Keyword(name) | Datum::Text(name) => (Cow::Owned(name.into()), value),
                other => (Cow::Owned(other.to_string()), value),
            });
            Ok(Some(Step::Event(Event::from_fields(line, fields)?)))
        }
        other => Err(ReadError::new(line, format!("found {}", other.brief()), "an event: a map")),
    }
}

/// Reads `#tag` and the blanks behind it. Returns the byte that opens the tagged form, untaken.
fn read_tag<R: BufRead>(source: &mut Source<R>) -> Result<Option<u8>, ReadError> {
    while let Some(byte) = source.peek()? {
        if matches!(byte, b'{' | b'[' | b'(') {
            return Ok(Some(byte));
        }
        if source.text.len() > 1000 || matches!(byte, b'"' | b'}' | b']' | b')' | b';') {
            return Err(no_event(source.line, b'#'));
        }
        source.text.push(byte);
        source.take(byte);
    }
    Ok(None)
}

/// Reads from an opening bracket to the one that closes it. `false` if the input ends before.
fn read_balanced<R: BufRead>(source: &mut Source<R>, line: u64) -> Result<bool, ReadError> {
    let (mut depth, mut in_text, mut in_comment, mut escaped) = (0_usize, false, false, false);
    while let Some(byte) = source.peek()? {
        source.text.push(byte);
        source.take(byte);
        if source.text.len() >= EVENT_BYTES_MAX {
            return Err(too_long(line));
        }
        if escaped {
            escaped = false;
        } else if in_comment {
            in_comment = byte != b'\n';
        } else if byte == b'\\' {
            // Inside a string an escape, outside a character literal such as \{.
            escaped = true;
        } else if byte == b'"' {
            in_text = !in_text;
        } else if !in_text {
            match byte {
                b';' => in_comment = true,
                b'{' | b'[' | b'(' => depth += 1,
                b'}' | b']' | b')' => depth -= 1,
                _ => {}
            }
            if depth > DEPTH_MAX {
                return Err(ReadError::new(
                    source.line,
                    format!("nested deeper than {DEPTH_MAX}"),
                    "an event: a flat map",
                ));
            }
            if depth == 0 {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn syntax(line: u64, error: &clojure_reader::error::Error) -> ReadError {
    let line = line + error.line.unwrap_or(1) as u64 - 1;
    let column = error.column.unwrap_or(1);
    let problem = match &error.code {
        Code::HashMapDuplicateKey => "a key stands twice in one map".to_owned(),
        Code::SetDuplicateKey => "an element stands twice in one set".to_owned(),
        Code::InvalidNumber => "a number that is no 64-bit integer".to_owned(),
        Code::UnmatchedDelimiter(c) => format!("`{c}` closes nothing"),
        Code::InvalidEscape => "an unknown escape in a string".to_owned(),
        Code::UnexpectedEOF => "a key without a value, or a bracket left open".to_owned(),
        other => format!("{other:?}"),
    };
    ReadError::new(line, format!("column {column}: {problem}"), "EDN, as Jepsen writes it")
}

/// Parses one EDN value that stands alone, as in a log line.
pub(super) fn parse(line: u64, text: &str) -> Result<Datum, ReadError> {
    let deep = text.bytes().filter(|b| matches!(b, b'{' | b'[' | b'(')).count() > DEPTH_MAX;
    if deep {
        return Err(ReadError::new(line, "nested too deeply", "a register's value"));
    }
    read_string(text).map(|form| datum(&form)).map_err(|error| {
        let mut error = syntax(line, &error);
        error.problem = format!("cannot read `{}`: {}", brief(text), error.problem);
        error
    })
}

fn datum(edn: &Edn<'_>) -> Datum {
    let list = |items: &[Edn<'_>]| Datum::List(items.iter().map(datum).collect());
    match edn {
        Edn::Nil => Datum::Nil,
        Edn::Bool(value) => Datum::Bool(*value),
        Edn::Int(value) => Datum::Int(*value),
        Edn::Double(value) => Datum::Float(value.into_inner()),
        Edn::Rational((above, below)) => Datum::Float(*above as f64 / *below as f64),
        Edn::Char(value) => Datum::Text(value.to_string().into()),
        Edn::Str(text) => Datum::text(text),
        Edn::Key(name) | Edn::Symbol(name) => Datum::Keyword((**name).into()),
        Edn::Vector(items) | Edn::List(items) => list(items),
        Edn::Set(items) => Datum::List(items.iter().map(datum).collect()),
        Edn::Map(entries) => {
            Datum::Map(entries.iter().map(|(k, v)| (datum(k), datum(v))).collect())
        }
        Edn::Tagged(_, inner) => datum(inner),
        other => Datum::text(&other.to_string()),
    }
}
