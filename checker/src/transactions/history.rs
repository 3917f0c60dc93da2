//! Histories of transactions: what each read and wrote, in the order of its steps.

use crate::datum::Datum;
use crate::error::ReadError;
use crate::event::{Event, EventKind, NO_TIME, Process};
use crate::history::{OPEN, Outcome};
use crate::pair::Pairing;
use crate::value::{EXPECTED_VALUE, Value, ValueId, Values};

/// One step of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// The number of its key.
    pub(crate) key: u32,
    pub(crate) act: Act,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Appends an element to a list.
    Append(ValueId),
    /// Replaces the value of a register.
    Write(ValueId),
    /// Found this value in a register.
    Read(ValueId),
    /// Found this list: a range of the history's elements.
    List { from: u32, len: u32 },
    /// Read something, and nobody learned what.
    Unknown,
}

impl Act {
    /// The value that the step leaves.
    pub(crate) fn leaves(self) -> Option<ValueId> {
        match self {
            Self::Append(value) | Self::Write(value) => Some(value),
            _ => None,
        }
    }
}

/// What keys hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Lists,
    Registers,
}

/// One transaction.
#[derive(Debug, Clone)]
pub(crate) struct Transaction {
    pub(crate) process: u32,
    /// Position of the invocation.
    pub(crate) call: u32,
    /// Position of the completion; [`OPEN`] after an info, or where there is none.
    pub(crate) ret: u32,
    pub(crate) call_time: i64,
    pub(crate) ret_time: i64,
    pub(crate) outcome: Outcome,
    steps: (u32, u32),
}

/// All transactions, in the order of their invocations.
#[derive(Debug, Default)]
pub(crate) struct TransactionHistory {
    pub(crate) keys: Values,
    pub(crate) values: Values,
    pub(crate) transactions: Vec<Transaction>,
    pub(crate) event_count: u32,
    steps: Vec<Step>,
    elements: Vec<ValueId>,
}

impl TransactionHistory {
    /// The steps of a transaction, by its number.
    pub(crate) fn steps(&self, number: u32) -> &[Step] {
        let (from, to) = self.transactions[number as usize].steps;
        &self.steps[from as usize..to as usize]
    }

    /// The elements of a list that was read.
    pub(crate) fn list(&self, from: u32, len: u32) -> &[ValueId] {
        &self.elements[from as usize..(from + len) as usize]
    }

    /// Numbers of all transactions.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        0..self.transactions.len() as u32
    }

    pub(crate) fn of(&self, number: u32) -> &Transaction {
        &self.transactions[number as usize]
    }

    /// The transaction invoked at that position.
    pub(crate) fn called_at(&self, call: u32) -> Option<u32> {
        let found = self.transactions.binary_search_by_key(&call, |t| t.call);
        found.ok().map(|number| number as u32)
    }
}

/// Makes a [`TransactionHistory`] of events as they come.
pub(crate) struct TransactionBuilder {
    kind: Kind,
    history: TransactionHistory,
    open: Pairing<u32>,
}

impl Kind {
    fn expected(self) -> &'static str {
        match self {
            Self::Lists => "a list of [\"append\", key, element] and [\"r\", key, list]",
            Self::Registers => "a list of [\"w\", key, value] and [\"r\", key, value]",
        }
    }
}

impl TransactionBuilder {
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, history: TransactionHistory::default(), open: Pairing::default() }
    }

    /// Takes the next event. Events of the nemesis only count.
    pub(crate) fn push(&mut self, event: &Event) -> Result<(), ReadError> {
        if self.history.event_count >= OPEN - 1 {
            return Err(ReadError::new(event.line, "more than four billion events", "fewer"));
        }
        self.history.event_count += 1;
        let Process::Client(process) = event.process else { return Ok(()) };
        if event.f != "txn" {
            let problem = format!("unknown function `{}`", crate::datum::brief(&event.f));
            return Err(ReadError::field(event.line, "f", problem, "txn"));
        }
        let outcome = match event.kind {
            EventKind::Invoke => return self.invoke(process, event),
            EventKind::Ok => Outcome::Ok,
            EventKind::Fail => Outcome::Fail,
            EventKind::Info => Outcome::Info,
        };
        let number = self.open.complete(process, event)?;
        if outcome == Outcome::Ok {
            let asked = self.history.transactions[number as usize].steps;
            let steps = self.steps(event, true)?;
            self.check_same(event, asked, steps)?;
            self.history.transactions[number as usize].steps = steps;
        }
        let transaction = &mut self.history.transactions[number as usize];
        transaction.outcome = outcome;
        transaction.ret_time = event.time.unwrap_or(NO_TIME);
        if outcome != Outcome::Info {
            transaction.ret = self.history.event_count;
        }
        Ok(())
    }

    /// All that was pushed. Transactions without a completion stay open.
    pub(crate) fn finish(self) -> TransactionHistory {
        self.history
    }

    fn invoke(&mut self, process: u32, event: &Event) -> Result<(), ReadError> {
        let steps = self.steps(event, false)?;
        let number = self.history.transactions.len() as u32;
        self.open.invoke(process, event, number)?;
        self.history.transactions.push(Transaction {
            process,
            call: self.history.event_count,
            ret: OPEN,
            call_time: event.time.unwrap_or(NO_TIME),
            ret_time: NO_TIME,
            outcome: Outcome::Info,
            steps,
        });
        Ok(())
    }

    /// Reads the steps of an event. What reads found counts only once they have `completed`.
    fn steps(&mut self, event: &Event, completed: bool) -> Result<(u32, u32), ReadError> {
        let Datum::List(steps) = &event.value else {
            let problem = format!("found {}, {}", event.value.kind(), event.value.brief());
            return Err(ReadError::field(event.line, "value", problem, self.kind.expected()));
        };
        let from = self.history.steps.len() as u32;
        for step in steps {
            let step = self.step(event, step, completed)?;
            self.history.steps.push(step);
        }
        Ok((from, self.history.steps.len() as u32))
    }

    fn step(&mut self, event: &Event, datum: &Datum, completed: bool) -> Result<Step, ReadError> {
        let wrong = |problem: String, expected: &str| {
            ReadError::field(event.line, "value", problem, expected)
        };
        let not_a_step = || wrong(format!("found {}", datum.brief()), self.kind.expected());
        let Datum::List(parts) = datum else { return Err(not_a_step()) };
        let [function, key, value] = parts.as_slice() else { return Err(not_a_step()) };
        let key = Value::from_datum(key).ok_or_else(|| {
            let problem = format!("found {} as the key, {}", key.kind(), key.brief());
            wrong(problem, "a key: an integer, a string, a boolean or a keyword")
        })?;
        let key = self.history.keys.intern(&key).0;
        let act = match (self.kind, function.as_name(), value) {
            (Kind::Lists, Some("append" | "a"), value) => Act::Append(self.intern(event, value)?),
            (Kind::Registers, Some("w" | "write"), value) => Act::Write(self.intern(event, value)?),
            (_, Some("r" | "read"), _) if !completed => Act::Unknown,
            (Kind::Registers, Some("r" | "read"), value) => Act::Read(self.intern(event, value)?),
            (Kind::Lists, Some("r" | "read"), Datum::Nil) => Act::List { from: 0, len: 0 },
            (Kind::Lists, Some("r" | "read"), Datum::List(elements)) => {
                let from = self.history.elements.len() as u32;
                for element in elements {
                    let element = self.intern(event, element)?;
                    self.history.elements.push(element);
                }
                Act::List { from, len: elements.len() as u32 }
            }
            _ => return Err(not_a_step()),
        };
        Ok(Step { key, act })
    }

    fn intern(&mut self, event: &Event, datum: &Datum) -> Result<ValueId, ReadError> {
        let value = Value::from_datum(datum).ok_or_else(|| {
            let problem = format!("found {}, {}", datum.kind(), datum.brief());
            ReadError::field(event.line, "value", problem, EXPECTED_VALUE)
        })?;
        Ok(self.history.values.intern(&value))
    }

    /// A transaction completes with the steps it was invoked with, now with what its reads found.
    fn check_same(
        &mut self,
        event: &Event,
        asked: (u32, u32),
        done: (u32, u32),
    ) -> Result<(), ReadError> {
        let steps = |(from, to): (u32, u32)| &self.history.steps[from as usize..to as usize];
        let same = |(asked, done): (&Step, &Step)| {
            asked.key == done.key && asked.act.leaves() == done.act.leaves()
        };
        if steps(asked).len() == steps(done).len() && steps(asked).iter().zip(steps(done)).all(same)
        {
            return Ok(());
        }
        Err(ReadError::field(
            event.line,
            "value",
            format!("completes with other steps, {}", event.value.brief()),
            "the steps of the invocation, with what the reads found",
        ))
    }
}
