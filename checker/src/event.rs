//! One line of a history: a client invokes an operation, or learns what became of it.
//!
//! The semantics are Jepsen's. An operation begins with *invoke* and ends with at most one of
//! *ok* (it happened), *fail* (it certainly did not and never will) and *info* (nobody knows: it may
//! take effect at any later time, or never). A process has one operation open at a time, and never
//! acts again after an info.

use std::borrow::Cow;
use std::fmt;

use crate::datum::Datum;
use crate::error::ReadError;

/// The name of a function: `read`, `write`, `cas`, or whatever another model calls its own.
pub type Name = Cow<'static, str>;

/// Who an event belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Process {
    /// A logical, single-threaded client.
    Client(u32),
    /// The harness itself, reporting what it breaks and heals.
    Nemesis,
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(number) => number.fmt(f),
            Self::Nemesis => f.write_str("nemesis"),
        }
    }
}

/// What happened to the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// It began.
    Invoke,
    /// It took effect and returned.
    Ok,
    /// It did not take effect and never will.
    Fail,
    /// It may take effect at any later time, or never.
    Info,
}

impl EventKind {
    /// The word of `history.jsonl` and of Jepsen's `:type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invoke => "invoke",
            Self::Ok => "ok",
            Self::Fail => "fail",
            Self::Info => "info",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Invoke, Self::Ok, Self::Fail, Self::Info].into_iter().find(|k| k.name() == name)
    }
}

/// One event, as it stands in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The line it begins on, counting from 1; 0 for an event that never was in a file.
    pub line: u64,
    /// The index it was recorded under.
    pub index: Option<u64>,
    /// Nanoseconds since the run began.
    pub time: Option<i64>,
    /// Who acts.
    pub process: Process,
    /// What happened.
    pub kind: EventKind,
    /// Which function.
    pub f: Name,
    /// The register it acts on, where it stands in a field of its own.
    pub key: Option<Datum>,
    /// The argument of an invocation, the result of a completion.
    pub value: Datum,
    /// The value that made a compare-and-set fail, where the client learned it.
    pub observed: Option<Datum>,
    /// All other fields, kept as they came.
    pub extra: Vec<(Box<str>, Datum)>,
}

/// Processes are numbered in 28 bits, so that an operation packs into forty bytes.
pub const PROCESS_MAX: u32 = (1 << 28) - 1;

/// The time of an event that was recorded without one.
pub const NO_TIME: i64 = i64::MIN;

impl Event {
    /// A field that means nothing to most objects.
    pub fn extra(&self, name: &str) -> Option<&Datum> {
        self.extra.iter().find(|(other, _)| &**other == name).map(|(_, datum)| datum)
    }

    /// The fields that mean something here; all others are extra.
    pub const FIELDS: [&str; 8] =
        ["process", "type", "f", "value", "key", "observed", "index", "time"];

    /// Makes an event of the fields of a JSON object or an EDN map that begins on `line`; for tables
    /// that were never a file, the number of the row.
    pub fn from_fields<'a>(
        line: u64,
        fields: impl IntoIterator<Item = (Cow<'a, str>, Datum)>,
    ) -> Result<Self, ReadError> {
        let mut event = Self {
            line,
            index: None,
            time: None,
            process: Process::Nemesis,
            kind: EventKind::Invoke,
            f: Cow::Borrowed(""),
            key: None,
            value: Datum::Nil,
            observed: None,
            extra: Vec::new(),
        };
        let (mut process, mut kind, mut f) = (None, None, None);
        // A bit for each field, in the order of `FIELDS`.
        let mut seen = 0_u8;
        for (name, datum) in fields {
            let bit = match &*name {
                "process" => {
                    process = Some(process_of(line, &datum)?);
                    1
                }
                "type" => {
                    kind = Some(kind_of(line, &datum)?);
                    2
                }
                "f" => {
                    f = Some(function_of(line, &datum)?);
                    4
                }
                "value" => {
                    event.value = datum;
                    8
                }
                "key" => {
                    event.key = Some(datum);
                    16
                }
                "observed" => {
                    event.observed = Some(datum);
                    32
                }
                "index" => {
                    event.index = index_of(line, &datum)?;
                    64
                }
                "time" => {
                    event.time = time_of(line, &datum)?;
                    128
                }
                _ => {
                    event.extra.push((name.into(), datum));
                    0
                }
            };
            if seen & bit != 0 {
                let field = Self::FIELDS[bit.trailing_zeros() as usize];
                return Err(ReadError::field(line, field, "stands twice", "each field once"));
            }
            seen |= bit;
        }
        event.process =
            process.ok_or_else(|| missing(line, "process", "a number or \"nemesis\""))?;
        event.kind = kind.ok_or_else(|| missing(line, "type", "invoke, ok, fail or info"))?;
        event.f = f.ok_or_else(|| missing(line, "f", "the name of the function, such as read"))?;
        Ok(event)
    }
}

fn missing(line: u64, field: &'static str, expected: &str) -> ReadError {
    ReadError::field(line, field, "missing", expected)
}

fn process_of(line: u64, datum: &Datum) -> Result<Process, ReadError> {
    match datum {
        Datum::Int(number) if (0..=i64::from(PROCESS_MAX)).contains(number) => {
            Ok(Process::Client(*number as u32))
        }
        Datum::Text(name) | Datum::Keyword(name) if &**name == "nemesis" => Ok(Process::Nemesis),
        _ => Err(ReadError::field(
            line,
            "process",
            format!("found {}", datum.brief()),
            format!("a number from 0 to {PROCESS_MAX}, or \"nemesis\""),
        )),
    }
}

fn kind_of(line: u64, datum: &Datum) -> Result<EventKind, ReadError> {
    datum.as_name().and_then(EventKind::from_name).ok_or_else(|| {
        ReadError::field(
            line,
            "type",
            format!("found {}", datum.brief()),
            "invoke, ok, fail or info",
        )
    })
}

fn function_of(line: u64, datum: &Datum) -> Result<Name, ReadError> {
    const KNOWN: [&str; 9] =
        ["read", "write", "cas", "txn", "acquire", "release", "get", "put", "append"];
    let Some(name) = datum.as_name() else {
        return Err(ReadError::field(
            line,
            "f",
            format!("found {}", datum.brief()),
            "the name of a function, such as \"read\"",
        ));
    };
    Ok(match KNOWN.into_iter().find(|known| *known == name) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(name.to_owned()),
    })
}

fn index_of(line: u64, datum: &Datum) -> Result<Option<u64>, ReadError> {
    match datum {
        Datum::Nil => Ok(None),
        Datum::Int(index) if *index >= 0 => Ok(Some(*index as u64)),
        // Older Jepsens wrote -1 for an event that was never indexed.
        Datum::Int(-1) => Ok(None),
        _ => Err(ReadError::field(
            line,
            "index",
            format!("found {}", datum.brief()),
            "a number from 0 up",
        )),
    }
}

fn time_of(line: u64, datum: &Datum) -> Result<Option<i64>, ReadError> {
    match datum {
        Datum::Nil => Ok(None),
        Datum::Int(time) => Ok(Some(*time)),
        _ => Err(ReadError::field(
            line,
            "time",
            format!("found {}", datum.brief()),
            "a whole number of nanoseconds",
        )),
    }
}
