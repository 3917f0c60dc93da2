//! Whether any order explains a history: tries them all.

use std::collections::HashSet;

use quorate_checker::{Datum, Event, EventKind, Process};

use crate::objects::{NIL, Object, State};

/// One operation as the oracle sees it.
struct Seen<'e> {
    f: &'e str,
    argument: &'e Datum,
    call: usize,
    ret: Option<usize>,
    result: Option<&'e Datum>,
}

fn says_empty(event: &Event) -> bool {
    event.extra.iter().any(|(name, datum)| &**name == "error" && *datum == Datum::text("empty"))
}

/// Whether some order of the operations explains the history: tries them all.
pub(crate) fn oracle(object: Object, events: &[Event]) -> bool {
    let mut ops: Vec<(Process, Option<Seen<'_>>)> = Vec::new();
    for (position, event) in events.iter().enumerate() {
        if event.kind == EventKind::Invoke {
            let (f, argument) = (&*event.f, &event.value);
            let seen = Seen { f, argument, call: position, ret: None, result: None };
            ops.push((event.process, Some(seen)));
            continue;
        }
        let open = ops.iter_mut().rev().find(|(process, _)| *process == event.process);
        let (_, op) = open.expect("invoked before");
        match event.kind {
            EventKind::Ok => {
                let op = op.as_mut().expect("still open");
                (op.ret, op.result) = (Some(position), Some(&event.value));
            }
            EventKind::Fail if says_empty(event) => {
                let op = op.as_mut().expect("still open");
                (op.ret, op.result) = (Some(position), Some(&NIL));
            }
            EventKind::Fail => *op = None,
            EventKind::Info | EventKind::Invoke => {}
        }
    }
    let ops: Vec<Seen<'_>> = ops.into_iter().filter_map(|(_, op)| op).collect();
    explicable(object, &ops, 0, &object.initial.to_vec(), &mut HashSet::new())
}

fn explicable(
    object: Object,
    ops: &[Seen<'_>],
    placed: u32,
    state: &State,
    tried: &mut HashSet<(u32, State)>,
) -> bool {
    if !tried.insert((placed, state.clone())) {
        return false;
    }
    let waiting: Vec<usize> = (0..ops.len()).filter(|i| placed & (1 << i) == 0).collect();
    if waiting.iter().all(|i| ops[*i].ret.is_none()) {
        return true;
    }
    let first_return = waiting.iter().filter_map(|i| ops[*i].ret).min().unwrap_or(usize::MAX);
    waiting.iter().filter(|i| ops[**i].call < first_return).any(|i| {
        let op = &ops[*i];
        let after = (object.apply)(state, op.f, op.argument).into_iter();
        let mut fits =
            after.filter(|(_, results)| op.result.is_none_or(|found| results.contains(found)));
        fits.any(|(next, _)| explicable(object, ops, placed | (1 << i), &next, tried))
    })
}
