//! Which register an event concerns, and what it means to it: all that must be done event by event.

use super::act::{Act, What};
use crate::by_number::ByNumber;
use crate::error::ReadError;
use crate::event::{Event, EventKind, Process};
use crate::function::Function;
use crate::history::OPEN;
use crate::linear::{FailedCas, NilRead, Rules};
use crate::plain::{Entry, PlainEvent};
use crate::shape::{Shapes, cas_pair, no_value};
use crate::value::{Scalar, Value, ValueId, Values};

/// Tells registers apart in the order of the events. What comes out can be given to the registers
/// ([`Registers`](super::Registers)) on any thread, as long as each gets its own in order.
pub struct Router {
    rules: Rules,
    shapes: Shapes,
    /// The names of all registers, with the same numbers; empty where there is one without a name.
    names: Values,
    key_count: u32,
    open: ByNumber<Open>,
    position: u32,
    op_count: u64,
}

/// An operation that has not returned.
#[derive(Debug)]
struct Open {
    key: u32,
    /// How the key was named, if it was by an integer or not at all.
    name: Option<Scalar>,
    call: u32,
    function: Function,
    /// What is written; the new value of a compare-and-set.
    written: Option<Value>,
    /// Whether it is a compare-and-set that replaces a value by itself.
    only_observes: bool,
}

impl Router {
    /// At the beginning of a history.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            shapes: Shapes::default(),
            names: Values::default(),
            key_count: 0,
            open: ByNumber::default(),
            position: 0,
            op_count: 0,
        }
    }

    /// Takes the next event as a reader hands it out. Returns what it means to a register, if anything.
    ///
    /// # Errors
    /// As [`Router::push`].
    #[inline]
    pub fn push_entry(&mut self, entry: &Entry) -> Result<Option<Act>, ReadError> {
        if let Entry::Plain(plain) = entry
            && let Some(act) = self.take(plain)
        {
            return Ok(Some(act));
        }
        self.push(&entry.whole())
    }

    /// Takes the next event. Returns what it means to a register, if anything.
    ///
    /// # Errors
    /// For an event that does not fit those before it, as [`Builder::push`](crate::Builder::push); but
    /// a process that acts again after an info is not noticed.
    pub fn push(&mut self, event: &Event) -> Result<Option<Act>, ReadError> {
        if self.position >= OPEN - 1 {
            return Err(ReadError::new(event.line, "more than four billion events", "fewer"));
        }
        self.position += 1;
        let Process::Client(process) = event.process else { return Ok(None) };
        let Some(function) = Function::from_name(&event.f) else {
            let problem = format!("unknown function `{}`", crate::datum::brief(&event.f));
            return Err(ReadError::field(event.line, "f", problem, "read, write or cas"));
        };
        if event.kind == EventKind::Invoke {
            return self.invoke(process, function, event).map(Some);
        }
        let Some(open) = self.open.remove(process).filter(|open| open.function == function) else {
            let problem = format!("`{}` of process {process} completes nothing", event.kind.name());
            let expected = "an invoke of the same function by the same process before";
            return Err(ReadError::field(event.line, "type", problem, expected));
        };
        let said = self.said(&open, event)?;
        Ok(Some(self.complete(open, event.kind, said)))
    }

    /// How many events were taken.
    pub fn event_count(&self) -> u32 {
        self.position
    }

    /// How many operations were begun.
    pub fn op_count(&self) -> u64 {
        self.op_count
    }

    /// How many registers there are.
    pub fn key_count(&self) -> u32 {
        self.key_count
    }

    /// The name of a register; `None` where the history has just one and does not name it.
    pub fn name(&self, key: u32) -> Option<&Value> {
        (!self.names.is_empty()).then(|| self.names.get(ValueId(key)))
    }

    /// Takes an event with which all is well. `None`, and nothing is changed, if it goes the long way.
    fn take(&mut self, event: &PlainEvent) -> Option<Act> {
        if !self.shapes.fit(event) || self.position >= OPEN - 1 {
            return None;
        }
        let open = self.open.get(event.process);
        if event.kind == EventKind::Invoke {
            return open.is_none().then(|| self.take_invoke(event));
        }
        let fits = |open: &Open| open.function == event.function && open.name == Some(event.key);
        open.filter(|open| fits(open))?;
        let open = self.open.remove(event.process)?;
        self.position += 1;
        let said = match (event.kind, event.function) {
            (EventKind::Ok, Function::Read) => Some(event.value.value()),
            _ => None,
        };
        Some(self.complete(open, event.kind, said))
    }

    fn take_invoke(&mut self, event: &PlainEvent) -> Act {
        let (expected, written) = match event.function {
            Function::Read => (None, None),
            Function::Write => (None, Some(event.value.value())),
            Function::Cas => (Some(event.value.value()), Some(event.new.value())),
        };
        self.position += 1;
        let is_named = event.key != Scalar::NOTHING;
        let key = if is_named { self.names.intern_scalar(event.key).0 } else { 0 };
        let (act, open) = self.begin(key, Some(event.key), event.function, written, expected);
        self.open.insert(event.process, open);
        act
    }

    fn invoke(
        &mut self,
        process: u32,
        function: Function,
        event: &Event,
    ) -> Result<Act, ReadError> {
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
        let key = key.map_or(0, |name| self.names.intern(&name).0);
        let (act, open) = self.begin(key, None, function, written, expected);
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
        Ok(act)
    }

    /// An operation begins.
    fn begin(
        &mut self,
        key: u32,
        name: Option<Scalar>,
        function: Function,
        written: Option<Value>,
        expected: Option<Value>,
    ) -> (Act, Open) {
        self.op_count += 1;
        self.key_count = self.key_count.max(key + 1);
        let call = self.position;
        // Replacing a value by itself only observes it.
        let only_observes = expected.is_some() && expected == written;
        let what = match &written {
            Some(value) if !only_observes => What::Writes { value: value.clone(), expected },
            _ => What::Asks,
        };
        let act = Act { key, call, now: call, what };
        (act, Open { key, name, call, function, written, only_observes })
    }

    /// What was read, or what made a compare-and-set fail.
    fn said(&self, open: &Open, event: &Event) -> Result<Option<Value>, ReadError> {
        let datum = match (event.kind, &open.written, &event.observed) {
            (EventKind::Ok, None, _) => self.shapes.returned(event, self.name(open.key))?,
            (EventKind::Fail, Some(_), Some(observed)) => observed,
            _ => return Ok(None),
        };
        let value = Value::from_datum(datum);
        value.map(Some).ok_or_else(|| no_value(event.line, "value", datum))
    }

    /// An operation ends, or nobody knows whether it will.
    fn complete(&self, open: Open, kind: EventKind, said: Option<Value>) -> Act {
        let Open { key, call, function, written, only_observes, .. } = open;
        let what = match (kind, written) {
            (EventKind::Ok, None) => match said {
                Some(found) if found != Value::Nil || self.rules.nil_read == NilRead::Value => {
                    What::Touched(found)
                }
                _ => What::Ended,
            },
            (EventKind::Ok, Some(written)) => What::Touched(written),
            (EventKind::Fail, Some(written)) => What::Failed {
                value: (!only_observes).then_some(written),
                met_another: said.is_none()
                    && function == Function::Cas
                    && self.rules.failed_cas == FailedCas::Mismatch,
                met: said,
            },
            (EventKind::Info, Some(written)) => What::Lost(written),
            _ => What::Ended,
        };
        Act { key, call, now: self.position, what }
    }
}
