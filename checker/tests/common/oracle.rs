//! An oracle that tries every order.

use std::collections::HashSet;

use quorate_checker::{Datum, Event, EventKind, FailedCas, NilRead, Process, Rules, Value};

/// One operation as the oracle sees it: called and returned at positions, `None` if it never
/// returned for certain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) process: u32,
    pub(crate) call: usize,
    pub(crate) ret: Option<usize>,
    pub(crate) act: Act,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Act {
    Nothing,
    Read(i64),
    Write(i64),
    Cas(i64, i64),
    Differs(i64),
}

fn int(datum: &Datum) -> i64 {
    match datum {
        Datum::Int(value) => *value,
        _ => 0,
    }
}

fn process(event: &Event) -> u32 {
    match event.process {
        Process::Client(process) => process,
        Process::Nemesis => unreachable!("only clients act here"),
    }
}

/// The operations of a single-key history, read anew from its events.
pub(crate) fn seen(events: &[Event], rules: &Rules) -> Vec<Seen> {
    let mut ops: Vec<Seen> = Vec::new();
    for (position, event) in events.iter().enumerate() {
        let pair = event.value.as_pair().map(|(a, b)| (int(a), int(b)));
        if event.kind == EventKind::Invoke {
            let act = match (&*event.f, pair) {
                ("write", _) => Act::Write(int(&event.value)),
                ("cas", Some((old, new))) => Act::Cas(old, new),
                _ => Act::Nothing,
            };
            let process = process(event);
            ops.push(Seen { process, call: position, ret: None, act });
            continue;
        }
        let op =
            (ops.iter_mut().rev().find(|op| op.process == process(event))).expect("invoked before");
        match event.kind {
            EventKind::Ok => {
                op.ret = Some(position);
                if event.f == "read" {
                    let silent = rules.nil_read == NilRead::Any && event.value == Datum::Nil;
                    op.act = if silent { Act::Nothing } else { Act::Read(int(&event.value)) };
                }
            }
            EventKind::Fail => {
                op.ret = Some(position);
                op.act = match (op.act, &event.observed) {
                    (Act::Cas(..), Some(met)) => Act::Read(int(met)),
                    (Act::Cas(old, _), None) if rules.failed_cas == FailedCas::Mismatch => {
                        Act::Differs(old)
                    }
                    _ => Act::Nothing,
                };
            }
            EventKind::Info | EventKind::Invoke => {}
        }
    }
    ops.into_iter().filter(|op| op.act != Act::Nothing).collect()
}

/// Whether some order of the operations explains the history: tries them all.
pub(crate) fn oracle(events: &[Event], rules: &Rules) -> bool {
    let initial = match &rules.initial {
        Value::Int(value) => *value,
        _ => 0,
    };
    in_some_order(&seen(events, rules), initial)
}

/// Whether some order of these operations that respects their times explains them.
pub(crate) fn in_some_order(ops: &[Seen], initial: i64) -> bool {
    explicable(ops, 0, initial, &mut HashSet::new())
}

fn explicable(ops: &[Seen], placed: u32, holds: i64, tried: &mut HashSet<(u32, i64)>) -> bool {
    if !tried.insert((placed, holds)) {
        return false;
    }
    let waiting = |i: usize| placed & (1 << i) == 0;
    if (0..ops.len()).all(|i| !waiting(i) || ops[i].ret.is_none()) {
        return true;
    }
    (0..ops.len()).filter(|i| waiting(*i)).any(|i| {
        let op = ops[i];
        let overtakes = (0..ops.len())
            .any(|j| j != i && waiting(j) && ops[j].ret.is_some_and(|ret| ret < op.call));
        let next = match op.act {
            Act::Read(value) => (value == holds).then_some(holds),
            Act::Differs(value) => (value != holds).then_some(holds),
            Act::Write(value) => Some(value),
            Act::Cas(old, new) => (old == holds).then_some(new),
            Act::Nothing => Some(holds),
        };
        !overtakes && next.is_some_and(|next| explicable(ops, placed | (1 << i), next, tried))
    })
}
