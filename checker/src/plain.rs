//! The fast lane from file to verdict: an event of a register that holds integers and nothing else, as
//! most of a large history are, in a few words and with nothing to drop.
//!
//! Whatever can take such an event says the same of it as of the whole [`Event`]; where anything about it
//! is unusual, it is made whole and goes the long way.

use std::borrow::Cow;

use crate::datum::Datum;
use crate::event::{Event, EventKind, NO_TIME, Process};
use crate::function::Function;
use crate::value::Scalar;

/// An event as a reader hands it out.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// One of a register that holds integers.
    Plain(PlainEvent),
    /// Any.
    Whole(Box<Event>),
}

impl Entry {
    /// The line it begins on, or its number in a file without lines.
    pub fn line(&self) -> u64 {
        match self {
            Self::Plain(event) => event.line,
            Self::Whole(event) => event.line,
        }
    }

    /// The index it was recorded under.
    pub fn index(&self) -> Option<u64> {
        match self {
            Self::Plain(event) => event.index(),
            Self::Whole(event) => event.index,
        }
    }

    /// The event in full.
    pub fn whole(&self) -> Cow<'_, Event> {
        match self {
            Self::Plain(event) => Cow::Owned((*event).into()),
            Self::Whole(event) => Cow::Borrowed(event),
        }
    }
}

impl From<Event> for Entry {
    fn from(event: Event) -> Self {
        Self::Whole(Box::new(event))
    }
}

impl From<Entry> for Event {
    fn from(entry: Entry) -> Self {
        match entry {
            Entry::Plain(event) => event.into(),
            Entry::Whole(event) => *event,
        }
    }
}

/// An event of a client of registers whose key and values are integers or nothing, without any other
/// field: 56 bytes, where an [`Event`] has two hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlainEvent {
    /// The line it begins on, or its number in a file without lines.
    pub line: u64,
    /// `u64::MAX` for none.
    index: u64,
    /// [`NO_TIME`] for none.
    pub(crate) time: i64,
    pub(crate) key: Scalar,
    /// What is read or written; what a compare-and-set expects.
    pub(crate) value: Scalar,
    /// What a compare-and-set writes.
    pub(crate) new: Scalar,
    pub(crate) process: u32,
    pub(crate) kind: EventKind,
    pub(crate) function: Function,
}

const NO_INDEX: u64 = u64::MAX;

impl PlainEvent {
    /// A read of nothing, without key, time or index.
    pub(crate) fn new(line: u64, process: u32, kind: EventKind, function: Function) -> Self {
        Self {
            line,
            index: NO_INDEX,
            time: NO_TIME,
            key: Scalar::NOTHING,
            value: Scalar::NOTHING,
            new: Scalar::NOTHING,
            process,
            kind,
            function,
        }
    }

    /// With this index and time; `None` for those that stand for their absence.
    pub(crate) fn at(self, index: Option<u64>, time: Option<i64>) -> Option<Self> {
        let is_plain = index != Some(NO_INDEX) && time != Some(NO_TIME);
        let (index, time) = (index.unwrap_or(NO_INDEX), time.unwrap_or(NO_TIME));
        is_plain.then_some(Self { index, time, ..self })
    }

    fn index(&self) -> Option<u64> {
        (self.index != NO_INDEX).then_some(self.index)
    }
}

impl From<PlainEvent> for Event {
    fn from(plain: PlainEvent) -> Self {
        Self {
            line: plain.line,
            index: plain.index(),
            time: (plain.time != NO_TIME).then_some(plain.time),
            process: Process::Client(plain.process),
            kind: plain.kind,
            f: plain.function.name().into(),
            key: plain.key.integer().map(Datum::Int),
            value: match plain.function {
                Function::Read | Function::Write => plain.value.datum(),
                Function::Cas => Datum::List(vec![plain.value.datum(), plain.new.datum()]),
            },
            observed: None,
            extra: Vec::new(),
        }
    }
}
