//! Histories of objects that are no registers: whole operations, apart by key.

use super::Model;
use super::part::apart;
use crate::datum::Datum;
use crate::error::ReadError;
use crate::event::{Event, EventKind, NO_TIME, Process};
use crate::history::{OPEN, Outcome};
use crate::pair::Pairing;

/// One operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Call<O> {
    /// What was asked and returned.
    pub op: O,
    /// Who asked.
    pub process: u32,
    /// Position of the invocation.
    pub call: u32,
    /// Position of the completion; [`OPEN`] if it may take effect at any later time, or never.
    pub ret: u32,
    /// Time of the invocation in nanoseconds, or [`NO_TIME`].
    pub call_time: i64,
    /// Time of the completion in nanoseconds, or [`NO_TIME`].
    pub ret_time: i64,
}

/// The operations of one key, or of a part of one.
pub type KeyCalls<O> = (Option<Datum>, Vec<Call<O>>);

/// The operations of each key, in the order of their invocations.
#[derive(Debug, Clone, PartialEq)]
pub struct CallHistory<O> {
    /// Keys in the order of their first invocations; the key is `None` where there is none. A part
    /// of a key is called by an element, or `[key, element]`.
    pub keys: Vec<KeyCalls<O>>,
    /// How many events there were.
    pub event_count: u32,
    /// Where everything had settled, as the harness says with an event of its own called `settled`.
    pub settled: Option<u32>,
}

/// Makes a [`CallHistory`] of events as they come. Operations are kept whole until they complete.
pub struct CallBuilder<'m, M: Model> {
    model: &'m M,
    open: Pairing<(u32, Event)>,
    done: Vec<(Option<Datum>, Call<M::Op>)>,
    position: u32,
    settled: Option<u32>,
}

impl<'m, M: Model> CallBuilder<'m, M> {
    /// Nothing yet.
    pub fn new(model: &'m M) -> Self {
        Self { model, open: Pairing::default(), done: Vec::new(), position: 0, settled: None }
    }

    /// Takes the next event. Events of the nemesis only count, but for the one that says when all had settled.
    pub fn push(&mut self, event: &Event) -> Result<(), ReadError> {
        if self.position >= OPEN - 1 {
            return Err(ReadError::new(event.line, "more than four billion events", "fewer"));
        }
        self.position += 1;
        let Process::Client(process) = event.process else {
            if event.f == "settled" {
                self.settled = Some(self.position);
            }
            return Ok(());
        };
        let outcome = match event.kind {
            EventKind::Invoke => {
                return self.open.invoke(process, event, (self.position, event.clone()));
            }
            EventKind::Ok => Outcome::Ok,
            EventKind::Fail => Outcome::Fail,
            EventKind::Info => Outcome::Info,
        };
        let (call, invocation) = self.open.complete(process, event)?;
        self.add(call, &invocation, Some(event), outcome)
    }

    /// All that was pushed, apart by key and, where the model is [local](Model::is_local), by element.
    /// Operations without a completion stay open.
    pub fn finish(mut self) -> Result<CallHistory<M::Op>, ReadError> {
        for (call, invocation) in std::mem::take(&mut self.open).into_open() {
            self.add(call, &invocation, None, Outcome::Info)?;
        }
        self.done.sort_by_key(|(_, call)| call.call);
        let (event_count, settled) = (self.position, self.settled);
        let mut history = CallHistory { keys: Vec::new(), event_count, settled };
        let mut index = std::collections::HashMap::new();
        for (key, call) in self.done {
            let shown = key.as_ref().map(Datum::to_string);
            let place = *index.entry(shown).or_insert_with(|| {
                history.keys.push((key, Vec::new()));
                history.keys.len() - 1
            });
            history.keys[place].1.push(call);
        }
        let keys = history.keys.into_iter();
        history.keys = keys.flat_map(|(key, calls)| apart(self.model, key, calls)).collect();
        Ok(history)
    }

    fn add(
        &mut self,
        call: u32,
        invocation: &Event,
        completion: Option<&Event>,
        outcome: Outcome,
    ) -> Result<(), ReadError> {
        let Process::Client(process) = invocation.process else { return Ok(()) };
        let Some(op) = self.model.op(invocation, completion, outcome)? else { return Ok(()) };
        let time = |event: Option<&Event>| event.and_then(|event| event.time).unwrap_or(NO_TIME);
        let ret = if outcome == Outcome::Info { OPEN } else { self.position };
        let call_time = time(Some(invocation));
        let call = Call { op, process, call, ret, call_time, ret_time: time(completion) };
        self.done.push((invocation.key.clone(), call));
        Ok(())
    }
}
