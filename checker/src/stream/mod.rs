//! Checking while it happens: a history of registers is checked event by event, in memory that does not
//! grow with it.
//!
//! Exact where no value is written to a register while an earlier write of it still matters; after
//! every response the standing of its register is that of the history so far, operations still open
//! counting as such. What is remembered are the operations open at a time and what they may still
//! observe; and writes of unknown outcome, which may show up at any later time.

mod only;
mod register;

use rustc_hash::FxHashMap;

use crate::error::ReadError;
use crate::event::{Event, EventKind, Process};
use crate::function::Function;
use crate::history::OPEN;
use crate::linear::{FailedCas, NilRead, Rules};
use crate::shape::{Shapes, cas_pair, no_value};
use crate::value::Value;
use crate::verdict::Verdict;

pub use only::Only;
use register::Register;
pub use register::Standing;

/// A history of registers, checked as its events come.
pub struct Stream {
    rules: Rules,
    shapes: Shapes,
    numbers: FxHashMap<Option<Value>, u32>,
    keys: Vec<(Option<Value>, Register)>,
    open: FxHashMap<u32, Open>,
    position: u32,
    op_count: u64,
    worst: Verdict,
}

/// An operation that has not returned.
#[derive(Debug)]
struct Open {
    key: u32,
    call: u32,
    function: Function,
    /// What is written; the new value of a compare-and-set.
    written: Option<Value>,
    expected: Option<Value>,
}

/// Where one register of a stream stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamKey {
    /// The register; `None` where the history has just one and does not name it.
    pub key: Option<Value>,
    /// Where it stands.
    pub standing: Standing,
}

impl Standing {
    /// As a verdict.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Valid => Verdict::Valid,
            Self::Invalid(_) => Verdict::Invalid,
            Self::Open(..) => Verdict::Unknown,
        }
    }
}

impl Stream {
    /// A history without any event yet.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            shapes: Shapes::default(),
            numbers: FxHashMap::default(),
            keys: Vec::new(),
            open: FxHashMap::default(),
            position: 0,
            op_count: 0,
            worst: Verdict::Valid,
        }
    }

    /// Takes the next event. Events of the nemesis only count.
    ///
    /// # Errors
    /// For an event that does not fit those before it, as [`Builder::push`](crate::Builder::push); but
    /// a process that acts again after an info is not noticed.
    pub fn push(&mut self, event: &Event) -> Result<(), ReadError> {
        if self.position >= OPEN - 1 {
            return Err(ReadError::new(event.line, "more than four billion events", "fewer"));
        }
        self.position += 1;
        let Process::Client(process) = event.process else { return Ok(()) };
        let Some(function) = Function::from_name(&event.f) else {
            let problem = format!("unknown function `{}`", crate::datum::brief(&event.f));
            return Err(ReadError::field(event.line, "f", problem, "read, write or cas"));
        };
        if event.kind == EventKind::Invoke {
            return self.invoke(process, function, event);
        }
        let Some(open) = self.open.remove(&process).filter(|open| open.function == function) else {
            let problem = format!("`{}` of process {process} completes nothing", event.kind.name());
            let expected = "an invoke of the same function by the same process before";
            return Err(ReadError::field(event.line, "type", problem, expected));
        };
        self.complete(&open, event)
    }

    /// How many events were taken.
    pub fn event_count(&self) -> u32 {
        self.position
    }

    /// How many operations were begun.
    pub fn op_count(&self) -> u64 {
        self.op_count
    }

    /// Where each register stands, in the order of their first invocations.
    pub fn keys(&self) -> impl Iterator<Item = StreamKey> + '_ {
        let key = |(key, register): &(Option<Value>, Register)| StreamKey {
            key: key.clone(),
            standing: register.standing,
        };
        self.keys.iter().map(key)
    }

    /// The verdict on the whole so far: that on its worst register.
    pub fn verdict(&self) -> Verdict {
        self.worst
    }

    fn invoke(&mut self, process: u32, function: Function, event: &Event) -> Result<(), ReadError> {
        let (key, value) = self.shapes.asked(function, event)?;
        let scalar =
            |datum| Value::from_datum(datum).ok_or_else(|| no_value(event.line, "value", datum));
        let (expected, written) = match function {
            Function::Read => (None, None),
            Function::Write => (None, Some(scalar(value)?)),
            Function::Cas => {
                let (expected, new) = cas_pair(event, value)?;
                (Some(scalar(expected)?), Some(scalar(new)?))
            }
        };
        let number = self.number(key);
        let call = self.position;
        let (_, register) = &mut self.keys[number as usize];
        if register.standing == Standing::Valid {
            register.call(call);
            // Replacing a value by itself only observes it.
            if let Some(written) = written.as_ref().filter(|new| expected.as_ref() != Some(*new)) {
                register.write(call, written, expected.clone());
            }
        }
        self.worst = self.worst.max(register.standing.verdict());
        self.op_count += 1;
        let open = Open { key: number, call, function, written, expected };
        if let Some(Open { function, .. }) = self.open.insert(process, open) {
            let problem = format!(
                "process {process} invokes `{}` while its `{}` is still open",
                event.f,
                function.name()
            );
            return Err(ReadError::field(
                event.line,
                "process",
                problem,
                "one open operation a process",
            ));
        }
        Ok(())
    }

    fn number(&mut self, key: Option<Value>) -> u32 {
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let number = self.keys.len() as u32;
        self.numbers.insert(key.clone(), number);
        self.keys.push((key, Register::new(self.rules.initial.clone())));
        number
    }

    fn complete(&mut self, open: &Open, event: &Event) -> Result<(), ReadError> {
        let (key, register) = &mut self.keys[open.key as usize];
        if register.standing != Standing::Valid {
            return Ok(());
        }
        let now = self.position;
        let only_observes = open.expected.is_some() && open.expected == open.written;
        let scalar =
            |datum| Value::from_datum(datum).ok_or_else(|| no_value(event.line, "value", datum));
        match (event.kind, &open.written) {
            (EventKind::Ok, None) => {
                let found = scalar(self.shapes.returned(event, key.as_ref())?)?;
                register.close(open.call);
                if found != Value::Nil || self.rules.nil_read == NilRead::Value {
                    register.touch(open.call, now, &found);
                }
            }
            (EventKind::Ok, Some(written)) => {
                register.close(open.call);
                register.touch(open.call, now, written);
            }
            (EventKind::Fail, Some(written)) => {
                register.close(open.call);
                if !only_observes {
                    register.fail(now, written);
                }
                match (&event.observed, self.rules.failed_cas) {
                    (Some(datum), _) => register.touch(open.call, now, &scalar(datum)?),
                    (None, FailedCas::Mismatch) if open.function == Function::Cas => {
                        register.give_up(now, "a failed cas does not say which value it met");
                    }
                    (None, _) => {}
                }
            }
            (EventKind::Info, Some(written)) => {
                register.close(open.call);
                register.leave_open(written);
            }
            _ => register.close(open.call),
        }
        self.worst = self.worst.max(register.standing.verdict());
        Ok(())
    }
}
