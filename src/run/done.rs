//! Operations on objects that are no registers, as clients saw them.

use std::collections::{BTreeMap, BTreeSet};

use quorate_checker::{Datum, Event, EventKind, Outcome, Process};

use super::Run;

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Done<'r> {
    /// Who did it.
    pub process: u32,
    /// Which object.
    pub key: i64,
    /// What was done.
    pub function: &'r str,
    /// How it ended.
    pub outcome: Outcome,
    /// When it began, in nanoseconds.
    pub from: i64,
    /// When its client knew more; [`i64::MAX`] if it never did.
    pub to: i64,
    /// What was added or put in.
    pub asked: &'r Datum,
    /// What it returned, where it returned anything.
    pub answer: &'r Datum,
}

impl Run {
    /// The operations on objects that are no registers, in the order in which they ended.
    pub fn done(&self) -> Vec<Done<'_>> {
        let mut open: BTreeMap<u32, &Event> = BTreeMap::new();
        let mut done = Vec::with_capacity(self.events.len() / 2);
        for event in &self.events {
            let Process::Client(process) = event.process else { continue };
            let outcome = match event.kind {
                EventKind::Invoke => {
                    open.insert(process, event);
                    continue;
                }
                EventKind::Ok => Outcome::Ok,
                EventKind::Fail => Outcome::Fail,
                EventKind::Info => Outcome::Info,
            };
            let Some(begun) = open.remove(&process) else { continue };
            let to = event.time.unwrap_or(i64::MAX);
            done.push(of(process, begun, outcome, (to, &event.value)));
        }
        let never = (i64::MAX, &Datum::Nil);
        let left = open.into_iter();
        done.extend(left.map(|(process, begun)| of(process, begun, Outcome::Info, never)));
        done
    }

    /// How many operations there were.
    pub fn op_count(&self) -> usize {
        let is_begun = |event: &&Event| {
            event.kind == EventKind::Invoke && matches!(event.process, Process::Client(_))
        };
        self.history.op_count() + self.events.iter().filter(is_begun).count()
    }

    /// How many registers or other objects there were.
    pub fn key_count(&self) -> usize {
        let keys: BTreeSet<i64> = self.events.iter().filter_map(key).collect();
        self.history.keys.len() + keys.len()
    }
}

fn key(event: &Event) -> Option<i64> {
    match event.key {
        Some(Datum::Int(key)) => Some(key),
        _ => None,
    }
}

fn of<'r>(
    process: u32,
    begun: &'r Event,
    outcome: Outcome,
    (to, answer): (i64, &'r Datum),
) -> Done<'r> {
    Done {
        process,
        key: key(begun).unwrap_or(0),
        function: &begun.f,
        outcome,
        from: begun.time.unwrap_or(0),
        to,
        asked: &begun.value,
        answer,
    }
}
