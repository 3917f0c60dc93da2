//! Operations on objects that are no registers, as clients saw them.

use std::collections::{BTreeMap, BTreeSet};

use quorate_checker::{Datum, Event, EventKind, Outcome, Process};

use super::Run;

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Done<'r> {
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
            done.push(of(begun, outcome, event.time.unwrap_or(i64::MAX), &event.value));
        }
        done.extend(
            open.into_values().map(|begun| of(begun, Outcome::Info, i64::MAX, &Datum::Nil)),
        );
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

fn of<'r>(begun: &'r Event, outcome: Outcome, to: i64, answer: &'r Datum) -> Done<'r> {
    Done {
        key: key(begun).unwrap_or(0),
        function: &begun.f,
        outcome,
        from: begun.time.unwrap_or(0),
        to,
        answer,
    }
}
