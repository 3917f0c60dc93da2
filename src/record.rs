//! The record of a run: every event as it happens, into the history to be checked and, where there is
//! one, into the file; if asked for, checked at once.

use std::io::{self, Write};

use quorate_checker::{
    Builder, Datum, Event, EventKind, History, Process, ReadError, Rules, Stream, Verdict,
    write_jsonl,
};

use crate::client::{Action, Completion, Operation};
use crate::generator::SET_SIZE;
use crate::nemesis::Fault;
use crate::protocol::{Object, Value};
use crate::time::Nanos;

/// Takes events, in the order in which they happen.
pub struct Recorder<'f> {
    /// What it is of.
    object: Object,
    /// The history, unless the file is to be all there is.
    builder: Option<Builder>,
    /// The same of other objects than registers.
    events: Vec<Event>,
    /// Checks what happens as it happens.
    stream: Option<Stream>,
    file: Option<&'f mut dyn Write>,
    /// A line to be, kept for its memory.
    line: Vec<u8>,
    index: u64,
}

/// Why an event could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file takes no more.
    #[error("cannot write the history: {0}")]
    File(#[from] io::Error),
    /// More events than a history can have.
    #[error("the history is full: {0}")]
    Full(#[from] ReadError),
}

impl<'f> Recorder<'f> {
    /// A recorder that also writes `history.jsonl` to `file`.
    pub fn new(file: Option<&'f mut dyn Write>) -> Self {
        let builder = Some(Builder::default());
        Self {
            object: Object::Register,
            builder,
            events: Vec::new(),
            stream: None,
            file,
            line: Vec::new(),
            index: 0,
        }
    }

    /// The same recorder, of these objects.
    #[must_use]
    pub fn of(self, object: Object) -> Self {
        Self { object, ..self }
    }

    /// The same recorder, which also checks every event at once, if it is of registers.
    #[must_use]
    pub fn checking(self) -> Self {
        Self { stream: Some(Stream::new(Rules::default())), ..self }
    }

    /// The same recorder, which keeps nothing in memory: the file is all there will be.
    #[must_use]
    pub fn only_to_file(self) -> Self {
        Self { builder: None, ..self }
    }

    /// The verdict so far, if events are checked at once; undecided where a value is written again while it
    /// matters.
    pub fn verdict(&self) -> Option<Verdict> {
        self.stream.as_ref().map(Stream::verdict)
    }

    /// A process begins an operation.
    pub fn invoke(
        &mut self,
        time: Nanos,
        process: u32,
        operation: &Operation,
    ) -> Result<(), RecordError> {
        let event = self.client_event(time, process, operation, EventKind::Invoke);
        self.record(&event)
    }

    /// A process learns what became of its operation.
    pub fn complete(
        &mut self,
        time: Nanos,
        process: u32,
        operation: &Operation,
        completion: &Completion,
    ) -> Result<(), RecordError> {
        let mut event = self.client_event(time, process, operation, completion.kind);
        if completion.kind == EventKind::Ok {
            self.answer(&mut event, operation.action, completion.read);
        }
        event.observed = completion.observed.map(datum);
        let version = completion.version.map(|version| ("version".into(), Datum::Int(version)));
        let error = completion.error.map(|error| ("error".into(), Datum::text(error)));
        event.extra.extend(version.into_iter().chain(error));
        self.record(&event)
    }

    /// Something breaks or is mended. Nodes are named; `changed` says whether it made a difference.
    pub fn fault(
        &mut self,
        time: Nanos,
        fault: &Fault,
        node_names: &[String],
        changed: bool,
    ) -> Result<(), RecordError> {
        let mut event = self.event(time, Process::Nemesis, EventKind::Info, fault.name());
        event.value = fault.to_datum(node_names);
        if !changed {
            event.extra.push(("changed".into(), Datum::Bool(false)));
        }
        self.record(&event)
    }

    /// All that was broken is mended, and it has been quiet for a while.
    pub fn settled(&mut self, time: Nanos) -> Result<(), RecordError> {
        let event = self.event(time, Process::Nemesis, EventKind::Info, "settled");
        self.record(&event)
    }

    /// Gives what was recorded to the operating system, so that it survives this process.
    pub fn flush(&mut self) -> Result<(), RecordError> {
        Ok(self.file.as_deref_mut().map_or(Ok(()), Write::flush)?)
    }

    /// How many events there are: the position of the last one.
    pub fn position(&self) -> u32 {
        self.index as u32
    }

    /// The history of registers, without operations if it was not kept; and the events of other objects.
    pub fn finish(self) -> (History, Vec<Event>) {
        let event_count = self.position();
        let none = || History { event_count, ..History::default() };
        (
            self.builder.filter(|_| is_register(self.object)).map_or_else(none, Builder::finish),
            self.events,
        )
    }

    /// Puts in what a client was told.
    fn answer(&self, event: &mut Event, action: Action, read: Option<Value>) {
        event.value = match (action, self.object) {
            (Action::Read, Object::Counter) => Datum::Int(read.unwrap_or(0)),
            (Action::Read, Object::Set) => elements(read.unwrap_or(0)),
            (Action::Read | Action::Dequeue, _) => datum(read),
            _ => return,
        };
    }

    fn event(&self, time: Nanos, process: Process, kind: EventKind, f: &'static str) -> Event {
        Event {
            line: 0,
            index: Some(self.index),
            time: Some(time as i64),
            process,
            kind,
            f: f.into(),
            key: None,
            value: Datum::Nil,
            observed: None,
            extra: Vec::new(),
        }
    }

    fn client_event(
        &self,
        time: Nanos,
        process: u32,
        operation: &Operation,
        kind: EventKind,
    ) -> Event {
        let value = match operation.action {
            Action::Read | Action::Dequeue => Datum::Nil,
            Action::Write(value)
            | Action::Add(value)
            | Action::Insert(value)
            | Action::Enqueue(value) => Datum::Int(value),
            Action::Cas { expected, new } => Datum::List(vec![datum(expected), Datum::Int(new)]),
        };
        let f = operation.action.name();
        let mut event = self.event(time, Process::Client(process), kind, f);
        event.key = Some(Datum::Int(i64::from(operation.key)));
        event.value = value;
        event
    }

    fn record(&mut self, event: &Event) -> Result<(), RecordError> {
        self.index += 1;
        match &mut self.builder {
            Some(builder) if is_register(self.object) => builder.push(event)?,
            Some(_) => self.events.push(event.clone()),
            None => {}
        }
        if let Some(stream) = &mut self.stream {
            stream.push(event)?;
        }
        if let Some(file) = self.file.as_deref_mut() {
            self.line.clear();
            write_jsonl(&mut self.line, event)?;
            file.write_all(&self.line)?;
        }
        Ok(())
    }
}

fn is_register(object: Object) -> bool {
    object == Object::Register
}

/// The elements of a set: the places of the bits.
fn elements(bits: Value) -> Datum {
    let is_in = |element: &Value| bits & (1 << element) != 0;
    Datum::List((0..=SET_SIZE).filter(is_in).map(Datum::Int).collect())
}

fn datum(value: Option<Value>) -> Datum {
    value.map_or(Datum::Nil, Datum::Int)
}
