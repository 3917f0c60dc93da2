//! Jepsen's EDN: maps in a vector or a list, or one map after another.
//!
//! The input is cut into one map at a time ([`form`]), so that a file of any size is read in bounded
//! memory and bounded depth; the map itself is parsed by the `clojure-reader` crate.

mod form;

use std::borrow::Cow;
use std::io::BufRead;

use clojure_reader::edn::{Edn, read, read_string};
use clojure_reader::error::Code;
use form::{Ended, Form};

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
        if matches!(byte, b'\n' | b'\r') {
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
    match read_form(source, line, *nesting)? {
        Read::Truncated => return Ok(Some(Step::Truncated(line))),
        Read::Discarded | Read::TagOfAll => return Ok(None),
        Read::Value => {}
    }
    if *nesting == Nesting::Before {
        *nesting = Nesting::Bare;
    }
    let text = utf8(line, &source.text)?;
    let form = read_string(text).map_err(|error| syntax(line, &error))?;
    match datum(&form) {
        Datum::Map(fields) => {
            let fields = fields.into_iter().map(|(name, value)| match name {
                Datum::Keyword(name) | Datum::Text(name) => (Cow::Owned(name.into()), value),
                other => (Cow::Owned(other.to_string()), value),
            });
            Ok(Some(Step::Entry(Event::from_fields(line, fields)?.into())))
        }
        other => Err(ReadError::new(line, format!("found {}", other.brief()), "an event: a map")),
    }
}

/// What stands in the source's text after [`read_form`].
enum Read {
    /// A form to parse.
    Value,
    /// A form that counts for nothing.
    Discarded,
    /// The tag of the collection of all events, which opens with the next byte.
    TagOfAll,
    /// The beginning of a form.
    Truncated,
}

/// Reads one form, which begins on `line`, into the source's text.
fn read_form<R: BufRead>(
    source: &mut Source<R>,
    line: u64,
    nesting: Nesting,
) -> Result<Read, ReadError> {
    let mut form = Form::default();
    while let Some(byte) = source.peek()? {
        if nesting == Nesting::Before && matches!(byte, b'[' | b'(') && form.is_only_tagged() {
            return Ok(Read::TagOfAll);
        }
        let mut ended = if byte.is_ascii() { form.ends_before(byte.into()) } else { None };
        if ended.is_none() {
            let Some(next) = source.take_char()? else { break };
            ended = form.push(next);
        }
        match ended {
            Some(Ended::Value) => return Ok(Read::Value),
            Some(Ended::Discarded) => return Ok(Read::Discarded),
            None if form.depth() > DEPTH_MAX => return Err(too_deep(source.line)),
            None if source.text.len() >= EVENT_BYTES_MAX => return Err(too_long(line)),
            None if form.is_in_word() => source.take_word()?,
            None => {}
        }
    }
    Ok(Read::Truncated)
}

fn too_deep(line: u64) -> ReadError {
    let problem = format!("nested deeper than {DEPTH_MAX}");
    ReadError::new(line, problem, "an event: a flat map")
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
        Code::InvalidTag => "`#` without the name of a tag".to_owned(),
        Code::InvalidKeyword => "`:` without the name of a keyword".to_owned(),
        Code::InvalidChar => "an unknown character literal".to_owned(),
        other => format!("{other:?}"),
    };
    ReadError::new(line, format!("column {column}: {problem}"), "EDN, as Jepsen writes it")
}

/// Parses one EDN value that stands alone, as in a log line.
pub(super) fn parse(line: u64, text: &str) -> Result<Datum, ReadError> {
    let mut form = Form::default();
    for next in text.chars() {
        if [form.ends_before(next), form.push(next)].contains(&Some(Ended::Value)) {
            break;
        }
        if form.depth() > DEPTH_MAX {
            return Err(ReadError::new(line, "nested too deeply", "a register's value"));
        }
    }
    match read(text) {
        Ok((form, rest)) if rest.trim().is_empty() => Ok(datum(&form)),
        Err(error) if !text.trim().is_empty() => {
            let mut error = syntax(line, &error);
            error.problem = format!("cannot read `{}`: {}", brief(text), error.problem);
            Err(error)
        }
        _ => Err(ReadError::new(
            line,
            format!("found `{}` in a column", brief(text)),
            "one value a column, such as nil",
        )),
    }
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
