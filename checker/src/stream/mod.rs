//! Checking while it happens: a history of registers is checked event by event, in memory that does not
//! grow with it.
//!
//! Exact where no value is written to a register while an earlier write of it still matters; after
//! every response the standing of its register is that of the history so far, operations still open
//! counting as such. What is remembered are the operations open at a time and what they may still
//! observe; and writes of unknown outcome, which may show up at any later time.

mod only;
mod register;

use crate::by_number::ByNumber;
use crate::error::ReadError;
use crate::event::{Event, EventKind, Process};
use crate::function::Function;
use crate::history::OPEN;
use crate::linear::{FailedCas, NilRead, Rules};
use crate::plain::{Entry, PlainEvent};
use crate::shape::{Shapes, cas_pair, no_value};
use crate::value::{Scalar, Value, ValueId, Values};
use crate::verdict::Verdict;

pub use only::Only;
use register::Register;
pub use register::Standing;

/// A history of registers, checked as its events come.
///
/// Registers do not depend on each other, so a stream can be checked in parts, each on a core of its
/// own: every part takes all events, and checks its share of the registers.
pub struct Stream {
    rules: Rules,
    shapes: Shapes,
    /// Which part this is, and of how many.
    part: u32,
    parts: u32,
    /// The names of all registers, with the same numbers; empty where there is one without a name.
    names: Values,
    key_count: u32,
    /// The registers of this part, in the order of their numbers.
    registers: Vec<Register>,
    open: ByNumber<Open>,
    position: u32,
    op_count: u64,
    worst: Verdict,
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
    expected: Option<Value>,
}

/// Where one register of a stream stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamKey {
    /// Its number, in the order of the first invocations: in all parts of a stream the same.
    pub number: u32,
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
        Self::part(rules, 0, 1)
    }

    /// The part with this number, from 0 on, of a stream that is checked in so many.
    pub fn part(rules: Rules, part: u32, parts: u32) -> Self {
        Self {
            rules,
            shapes: Shapes::default(),
            part,
            parts: parts.max(1),
            names: Values::default(),
            key_count: 0,
            registers: Vec::new(),
            open: ByNumber::default(),
            position: 0,
            op_count: 0,
            worst: Verdict::Valid,
        }
    }

    /// Takes the next event as a reader hands it out.
    ///
    /// # Errors
    /// As [`Stream::push`].
    pub fn push_entry(&mut self, entry: &Entry) -> Result<(), ReadError> {
        match entry {
            Entry::Plain(plain) if self.take(plain) => Ok(()),
            Entry::Plain(_) | Entry::Whole(_) => self.push(&entry.whole()),
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
        let Some(open) = self.open.remove(process).filter(|open| open.function == function) else {
            let problem = format!("`{}` of process {process} completes nothing", event.kind.name());
            let expected = "an invoke of the same function by the same process before";
            return Err(ReadError::field(event.line, "type", problem, expected));
        };
        let said = self.said(&open, event)?;
        self.complete(&open, event.kind, said);
        Ok(())
    }

    /// How many events were taken.
    pub fn event_count(&self) -> u32 {
        self.position
    }

    /// How many operations were begun.
    pub fn op_count(&self) -> u64 {
        self.op_count
    }

    /// Where each register stands, in the order of their first invocations; of a part, each of its own.
    pub fn keys(&self) -> impl Iterator<Item = StreamKey> + '_ {
        let numbers = (self.part..self.key_count).step_by(self.parts as usize);
        self.registers.iter().zip(numbers).map(|(register, number)| StreamKey {
            number,
            key: self.name(number).cloned(),
            standing: register.standing,
        })
    }

    /// The verdict on the whole so far: that on its worst register.
    pub fn verdict(&self) -> Verdict {
        self.worst
    }

    /// Takes an event with which all is well. False, and nothing is changed, if it goes the long way.
    fn take(&mut self, event: &PlainEvent) -> bool {
        if !self.shapes.fit(event) || self.position >= OPEN - 1 {
            return false;
        }
        if event.kind == EventKind::Invoke {
            return self.take_invoke(event);
        }
        let fits = |open: &Open| open.function == event.function && open.name == Some(event.key);
        if !self.open.get(event.process).is_some_and(fits) {
            return false;
        }
        let Some(open) = self.open.remove(event.process) else { return false };
        self.position += 1;
        let said = match (event.kind, event.function) {
            (EventKind::Ok, Function::Read) => Some(event.value.value()),
            _ => None,
        };
        self.complete(&open, event.kind, said);
        true
    }

    fn take_invoke(&mut self, event: &PlainEvent) -> bool {
        if self.open.get(event.process).is_some() {
            return false;
        }
        let (expected, written) = match event.function {
            Function::Read => (None, None),
            Function::Write => (None, Some(event.value.value())),
            Function::Cas => (Some(event.value.value()), Some(event.new.value())),
        };
        self.position += 1;
        let is_named = event.key != Scalar::NOTHING;
        let key = if is_named { self.names.intern_scalar(event.key).0 } else { 0 };
        let (name, call) = (Some(event.key), self.position);
        let open = Open { key, name, call, function: event.function, written, expected };
        self.begin(&open);
        self.open.insert(event.process, open);
        true
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
        let key = key.map_or(0, |name| self.names.intern(&name).0);
        let open = Open { key, name: None, call: self.position, function, written, expected };
        self.begin(&open);
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

    /// An operation begins.
    fn begin(&mut self, open: &Open) {
        self.op_count += 1;
        if open.key == self.key_count {
            self.key_count += 1;
            if open.key % self.parts == self.part {
                self.registers.push(Register::new(self.rules.initial.clone()));
            }
        }
        let Some(register) = self.register(open.key) else { return };
        register.call(open.call);
        if let Some(written) = open.written.as_ref().filter(|_| !open.only_observes()) {
            register.write(open.call, written, open.expected.clone());
        }
        let verdict = register.standing.verdict();
        self.worst = self.worst.max(verdict);
    }

    fn name(&self, key: u32) -> Option<&Value> {
        (!self.names.is_empty()).then(|| self.names.get(ValueId(key)))
    }

    /// A register of this part that stands valid.
    fn register(&mut self, key: u32) -> Option<&mut Register> {
        if key % self.parts != self.part {
            return None;
        }
        let register = &mut self.registers[(key / self.parts) as usize];
        (register.standing == Standing::Valid).then_some(register)
    }

    /// What was read, or what made a compare-and-set fail, where it still matters.
    fn said(&mut self, open: &Open, event: &Event) -> Result<Option<Value>, ReadError> {
        if self.register(open.key).is_none() {
            return Ok(None);
        }
        let datum = match (event.kind, &open.written, &event.observed) {
            (EventKind::Ok, None, _) => self.shapes.returned(event, self.name(open.key))?,
            (EventKind::Fail, Some(_), Some(observed)) => observed,
            _ => return Ok(None),
        };
        let value = Value::from_datum(datum);
        value.map(Some).ok_or_else(|| no_value(event.line, "value", datum))
    }

    /// An operation ends, or nobody knows whether it will.
    fn complete(&mut self, open: &Open, kind: EventKind, said: Option<Value>) {
        let (now, nil_read, failed_cas) =
            (self.position, self.rules.nil_read, self.rules.failed_cas);
        let Some(register) = self.register(open.key) else { return };
        register.close(open.call);
        match (kind, &open.written) {
            (EventKind::Ok, None) => {
                let telling = said.filter(|v| *v != Value::Nil || nil_read == NilRead::Value);
                if let Some(found) = telling {
                    register.touch(open.call, now, &found);
                }
            }
            (EventKind::Ok, Some(written)) => register.touch(open.call, now, written),
            (EventKind::Fail, Some(written)) => {
                if !open.only_observes() {
                    register.fail(now, written);
                }
                let is_cas = open.function == Function::Cas;
                if let Some(met) = said {
                    register.touch(open.call, now, &met);
                } else if is_cas && failed_cas == FailedCas::Mismatch {
                    register.give_up(now, "a failed cas does not say which value it met");
                }
            }
            (EventKind::Info, Some(written)) => register.leave_open(written),
            _ => {}
        }
        let verdict = register.standing.verdict();
        self.worst = self.worst.max(verdict);
    }
}

impl Open {
    /// Replacing a value by itself only observes it.
    fn only_observes(&self) -> bool {
        self.expected.is_some() && self.expected == self.written
    }
}
