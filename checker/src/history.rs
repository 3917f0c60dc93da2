//! The history of a set of registers: operations of forty bytes, apart by key.

use crate::datum::Datum;
use crate::error::ReadError;
use crate::event::{Event, EventKind, NO_TIME, Process};
use crate::function::Function;
use crate::pair::Pairing;
use crate::plain::{Entry, PlainEvent};
use crate::shape::{Shapes, cas_pair, no_value};
use crate::value::{Scalar, Value, ValueId, Values};

/// What became of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It took effect.
    Ok,
    /// It did not and never will.
    Fail,
    /// Nobody knows; also what is still open when the history ends.
    Info,
}

impl Outcome {
    /// The word of the history.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Fail => "fail",
            Self::Info => "info",
        }
    }
}

/// The return position of an operation that may take effect at any later time.
pub const OPEN: u32 = u32::MAX;

/// One operation on one register.
///
/// Positions are those of the events in the file, counting from 1: the order of the file is the
/// real-time order, whatever the clocks say. `a`, `b` and `observed` are arguments and results: of a
/// read `a` is what it returned, of a write what it wrote, of a compare-and-set the expected value,
/// with the new value in `b` and, where it failed and the client learned why, the value it met in
/// `observed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Op {
    /// Position of the invocation.
    pub call: u32,
    /// Position of the completion; [`OPEN`] after an info, or where there is none.
    pub ret: u32,
    /// Time of the invocation in nanoseconds, or [`NO_TIME`].
    pub call_time: i64,
    /// Time of the completion in nanoseconds, of an info, too; or [`NO_TIME`].
    pub ret_time: i64,
    /// Value read, written or expected.
    pub a: ValueId,
    /// The new value of a compare-and-set.
    pub b: ValueId,
    /// The value that made a compare-and-set fail.
    pub observed: ValueId,
    /// Process, function and outcome in one word.
    who: u32,
}

impl Op {
    /// An operation just invoked.
    pub fn invoked(call: u32, process: u32, function: Function, a: ValueId, b: ValueId) -> Self {
        let who = (process << 4) | ((function as u32) << 2) | Outcome::Info as u32;
        Self {
            call,
            ret: OPEN,
            call_time: NO_TIME,
            ret_time: NO_TIME,
            a,
            b,
            observed: ValueId::NONE,
            who,
        }
    }

    /// Records what became of it. Only ok and fail have a return position.
    pub fn complete(&mut self, outcome: Outcome, ret: u32) {
        self.who = (self.who & !3) | outcome as u32;
        self.ret = if outcome == Outcome::Info { OPEN } else { ret };
    }

    /// Who asked.
    pub fn process(&self) -> u32 {
        self.who >> 4
    }

    /// What was asked.
    pub fn function(&self) -> Function {
        match (self.who >> 2) & 3 {
            0 => Function::Read,
            1 => Function::Write,
            _ => Function::Cas,
        }
    }

    /// What became of it.
    pub fn outcome(&self) -> Outcome {
        match self.who & 3 {
            0 => Outcome::Ok,
            1 => Outcome::Fail,
            _ => Outcome::Info,
        }
    }
}

/// All operations on one register, in the order of their invocations.
#[derive(Debug, Clone)]
pub struct KeyHistory {
    /// The register; `None` where the history has just one and does not name it.
    pub key: Option<Value>,
    /// Its operations.
    pub ops: Vec<Op>,
}

/// A whole history of registers.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The values that occur.
    pub values: Values,
    /// A history for each register, in the order of their first invocations.
    pub keys: Vec<KeyHistory>,
    /// How many events there were, the nemesis's among them.
    pub event_count: u32,
}

impl History {
    /// The history of these events.
    pub fn from_events<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Self, ReadError> {
        let mut builder = Builder::default();
        for event in events {
            builder.push(event)?;
        }
        Ok(builder.finish())
    }

    /// How many operations there are.
    pub fn op_count(&self) -> usize {
        self.keys.iter().map(|key| key.ops.len()).sum()
    }
}

/// Makes a [`History`] of events as they come.
#[derive(Default)]
pub struct Builder {
    history: History,
    /// The names of the registers, with the same numbers.
    names: Values,
    shapes: Shapes,
    open: Pairing<Handle>,
}

/// Where an operation stands: its register, and its place among that register's operations.
#[derive(Clone, Copy)]
struct Handle {
    key: u32,
    op: u32,
}

impl Builder {
    /// Takes the next event. Events of the nemesis only count.
    pub fn push(&mut self, event: &Event) -> Result<(), ReadError> {
        if self.history.event_count >= OPEN - 1 {
            return Err(ReadError::new(event.line, "more than four billion events", "fewer"));
        }
        self.history.event_count += 1;
        let Process::Client(process) = event.process else { return Ok(()) };
        let Some(function) = Function::from_name(&event.f) else {
            return Err(ReadError::field(
                event.line,
                "f",
                format!("unknown function `{}`", crate::datum::brief(&event.f)),
                "read, write or cas",
            ));
        };
        match event.kind {
            EventKind::Invoke => self.invoke(process, function, event),
            EventKind::Ok => self.complete(process, event, Outcome::Ok),
            EventKind::Fail => self.complete(process, event, Outcome::Fail),
            EventKind::Info => self.complete(process, event, Outcome::Info),
        }
    }

    /// Takes the next event as a reader hands it out.
    pub fn push_entry(&mut self, entry: &Entry) -> Result<(), ReadError> {
        match entry {
            Entry::Plain(plain) if self.take(plain) => Ok(()),
            Entry::Plain(_) | Entry::Whole(_) => self.push(&entry.whole()),
        }
    }

    /// Takes an event with which all is well. False, and nothing is changed, if it is a register's first
    /// or there is something wrong with it.
    fn take(&mut self, event: &PlainEvent) -> bool {
        let fits = self.shapes.fit(event) && self.history.event_count < OPEN - 1;
        fits && match event.kind {
            EventKind::Invoke => self.take_invoke(event),
            EventKind::Ok => self.take_completion(event, Outcome::Ok),
            EventKind::Fail => self.take_completion(event, Outcome::Fail),
            EventKind::Info => self.take_completion(event, Outcome::Info),
        }
    }

    fn take_invoke(&mut self, event: &PlainEvent) -> bool {
        let Some(key) = self.find_key(event.key) else { return false };
        if !self.open.is_free(event.process) {
            return false;
        }
        let values = &mut self.history.values;
        let (a, b) = match event.function {
            Function::Read => (ValueId::NONE, ValueId::NONE),
            Function::Write => (values.intern_scalar(event.value), ValueId::NONE),
            Function::Cas => (values.intern_scalar(event.value), values.intern_scalar(event.new)),
        };
        self.history.event_count += 1;
        let handle = Handle { key, op: self.history.keys[key as usize].ops.len() as u32 };
        self.open.open_free(event.process, event.function.name().into(), event.line, handle);
        let call = self.history.event_count;
        let op = Op::invoked(call, event.process, event.function, a, b);
        self.history.keys[key as usize].ops.push(Op { call_time: event.time, ..op });
        true
    }

    fn take_completion(&mut self, event: &PlainEvent, outcome: Outcome) -> bool {
        let Some(&Handle { key, op }) = self.open.find(event.process) else { return false };
        let History { values, keys, event_count } = &mut self.history;
        let KeyHistory { key, ops } = &mut keys[key as usize];
        let op = &mut ops[op as usize];
        let is_same = |id: ValueId, scalar: Scalar| scalar.is(values.get(id));
        let fits = op.function() == event.function
            && key.as_ref().is_none_or(|key| event.key.is(key))
            && match (outcome, event.function) {
                (Outcome::Ok, Function::Write) => {
                    event.value == Scalar::NOTHING || is_same(op.a, event.value)
                }
                (Outcome::Ok, Function::Cas) => {
                    is_same(op.a, event.value) && is_same(op.b, event.new)
                }
                (Outcome::Ok, Function::Read) | (Outcome::Fail | Outcome::Info, _) => true,
            };
        if !fits {
            return false;
        }
        if outcome == Outcome::Ok && event.function == Function::Read {
            op.a = values.intern_scalar(event.value);
        }
        *event_count += 1;
        op.ret_time = event.time;
        op.complete(outcome, *event_count);
        self.open.close(event.process, event.kind, event.line);
        true
    }

    /// The register of a plain event, if it is known.
    fn find_key(&self, key: Scalar) -> Option<u32> {
        if key == Scalar::NOTHING {
            return (!self.history.keys.is_empty()).then_some(0);
        }
        self.names.find_scalar(key).map(|ValueId(number)| number)
    }

    /// All that was pushed. Operations without a completion stay open.
    pub fn finish(mut self) -> History {
        self.history.values.shrink_to_fit();
        for key in &mut self.history.keys {
            key.ops.shrink_to_fit();
        }
        self.history
    }

    /// What was pushed so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    fn invoke(&mut self, process: u32, function: Function, event: &Event) -> Result<(), ReadError> {
        let (key, value) = self.shapes.asked(function, event)?;
        let (a, b) = match function {
            // What a read's invocation carries says nothing.
            Function::Read => (ValueId::NONE, ValueId::NONE),
            Function::Write => (self.intern(event, value)?, ValueId::NONE),
            Function::Cas => {
                let (expected, new) = cas_pair(event, value)?;
                (self.intern(event, expected)?, self.intern(event, new)?)
            }
        };
        let key = self.key(key);
        let ops = &mut self.history.keys[key as usize].ops;
        self.open.invoke(process, event, Handle { key, op: ops.len() as u32 })?;
        let mut op = Op::invoked(self.history.event_count, process, function, a, b);
        op.call_time = event.time.unwrap_or(NO_TIME);
        ops.push(op);
        Ok(())
    }

    fn complete(&mut self, process: u32, event: &Event, outcome: Outcome) -> Result<(), ReadError> {
        let Handle { key, op } = self.open.complete(process, event)?;
        let (key, op) = (key as usize, op as usize);
        let function = self.history.keys[key].ops[op].function();
        let (mut read, mut observed) = (ValueId::NONE, ValueId::NONE);
        match outcome {
            Outcome::Ok => {
                let of_key = self.history.keys[key].key.as_ref();
                let value = self.shapes.returned(event, of_key)?;
                if function == Function::Read {
                    read = self.intern(event, value)?;
                } else {
                    self.check_unchanged(event, value, &self.history.keys[key].ops[op])?;
                }
            }
            Outcome::Fail if function == Function::Cas => {
                if let Some(datum) = &event.observed {
                    let value = Value::from_datum(datum)
                        .ok_or_else(|| no_value(event.line, "observed", datum))?;
                    observed = self.history.values.intern(&value);
                }
            }
            Outcome::Fail | Outcome::Info => {}
        }
        let op = &mut self.history.keys[key].ops[op];
        if function == Function::Read {
            op.a = read;
        }
        op.observed = observed;
        op.ret_time = event.time.unwrap_or(NO_TIME);
        op.complete(outcome, self.history.event_count);
        Ok(())
    }

    /// A write or compare-and-set completes with its own argument, or with nothing.
    fn check_unchanged(&self, event: &Event, value: &Datum, op: &Op) -> Result<(), ReadError> {
        let same = |datum: &Datum, id: ValueId| {
            Value::from_datum(datum).is_some_and(|v| v == *self.history.values.get(id))
        };
        let unchanged = match (op.function(), value) {
            (_, Datum::Nil) => true,
            (Function::Cas, _) => {
                value.as_pair().is_some_and(|(e, n)| same(e, op.a) && same(n, op.b))
            }
            (Function::Read | Function::Write, _) => same(value, op.a),
        };
        if unchanged {
            return Ok(());
        }
        let values = &self.history.values;
        Err(ReadError::field(
            event.line,
            "value",
            format!("this ok `{}` completes with {}", event.f, value.brief()),
            match op.function() {
                Function::Cas => format!("[{}, {}]", values.get(op.a), values.get(op.b)),
                Function::Read | Function::Write => values.get(op.a).to_string(),
            } + ", as invoked, or null",
        ))
    }

    fn intern(&mut self, event: &Event, datum: &Datum) -> Result<ValueId, ReadError> {
        match Value::from_datum(datum) {
            Some(value) => Ok(self.history.values.intern(&value)),
            None => Err(no_value(event.line, "value", datum)),
        }
    }

    fn key(&mut self, key: Option<Value>) -> u32 {
        let next = self.history.keys.len() as u32;
        let number = match &key {
            // The only register of its history.
            None => 0,
            Some(name) => self.names.intern(name).0,
        };
        if number == next {
            self.history.keys.push(KeyHistory { key, ops: Vec::new() });
        }
        number
    }
}
