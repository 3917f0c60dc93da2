//! Random small histories of any object.

use quorate_checker::{Datum, Event, EventKind, Process};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom;

use crate::common::rng;
use crate::objects::{NIL, Object};

/// What came of an operation.
enum Applied {
    NotYet,
    Impossible,
    Result(Datum),
}

/// One operation while it is being made.
struct Made {
    client: usize,
    f: &'static str,
    argument: Datum,
    applied: Applied,
    outcome: Option<EventKind>,
}

pub(crate) fn event(process: usize, kind: EventKind, f: &'static str, value: Datum) -> Event {
    Event {
        line: 0,
        index: None,
        time: None,
        process: Process::Client(process as u32),
        kind,
        f: f.into(),
        key: None,
        value,
        observed: None,
        extra: Vec::new(),
    }
}

/// A history in which every operation took effect at one moment while it was open; two in three are
/// then damaged in one place.
pub(crate) fn history(seed: u64, object: Object) -> Vec<Event> {
    let mut rng = rng(seed);
    let mut events = simulate(&mut rng, object);
    if rng.random_range(0..3) > 0 {
        damage(&mut rng, object, &mut events);
    }
    events
}

fn simulate(rng: &mut ChaCha8Rng, object: Object) -> Vec<Event> {
    let (op_count, clients) = (rng.random_range(1..=8), rng.random_range(1..=4_usize));
    let mut ops: Vec<Made> = Vec::new();
    let mut events = Vec::new();
    let mut processes: Vec<usize> = (0..clients).collect();
    let mut busy: Vec<Option<usize>> = vec![None; clients];
    let mut state = object.initial.to_vec();
    loop {
        let client = rng.random_range(0..clients);
        match (rng.random_range(0..4), busy[client]) {
            // An operation takes effect, perhaps long after its client gave up.
            (0 | 1, _) => {
                let waits = |op: &&mut Made| {
                    matches!(op.applied, Applied::NotYet)
                        && op.outcome.is_none_or(|o| o == EventKind::Info)
                };
                let mut waiting: Vec<&mut Made> = ops.iter_mut().filter(waits).collect();
                if waiting.is_empty() {
                    continue;
                }
                let op = waiting.swap_remove(rng.random_range(0..waiting.len()));
                let possible = (object.apply)(&state, op.f, &op.argument);
                op.applied = Applied::Impossible;
                if let Some((next, results)) = possible.choose(rng) {
                    state.clone_from(next);
                    let result = results.choose(rng).expect("there is a result");
                    op.applied = Applied::Result(result.clone());
                }
            }
            (_, None) if ops.len() < op_count => {
                let (f, argument) = (object.ask)(rng, &state);
                busy[client] = Some(ops.len());
                events.push(event(processes[client], EventKind::Invoke, f, argument.clone()));
                ops.push(Made { client, f, argument, applied: Applied::NotYet, outcome: None });
            }
            (_, Some(i)) => {
                let Some(completion) = complete(rng, &processes, &mut ops[i]) else { continue };
                if completion.kind == EventKind::Info {
                    processes[client] += clients;
                }
                busy[client] = None;
                events.push(completion);
            }
            (_, None) => {
                // All were invoked; sometimes the history ends with operations open.
                if busy.iter().all(Option::is_none) || rng.random_range(0..8) == 0 {
                    return events;
                }
            }
        }
    }
}

/// The completion, if the operation may complete now.
fn complete(rng: &mut ChaCha8Rng, processes: &[usize], op: &mut Made) -> Option<Event> {
    let (kind, value) = match &op.applied {
        _ if rng.random_range(0..6) == 0 => (EventKind::Info, op.argument.clone()),
        Applied::Result(result) => (EventKind::Ok, result.clone()),
        Applied::Impossible => (EventKind::Fail, op.argument.clone()),
        Applied::NotYet if rng.random_range(0..8) == 0 => (EventKind::Fail, op.argument.clone()),
        Applied::NotYet => return None,
    };
    op.outcome = Some(kind);
    let mut completion = event(processes[op.client], kind, op.f, value);
    let found_nothing = kind == EventKind::Ok && completion.value == NIL && op.f == "dequeue";
    if found_nothing && rng.random_range(0..2) == 0 {
        completion.kind = EventKind::Fail;
        completion.extra = vec![("error".into(), Datum::text("empty"))];
    }
    Some(completion)
}

/// Changes what one operation returned, or swaps two neighbouring events of different processes.
fn damage(rng: &mut ChaCha8Rng, object: Object, events: &mut [Event]) {
    let returned: Vec<usize> =
        (0..events.len()).filter(|i| events[*i].kind == EventKind::Ok).collect();
    match returned.choose(rng) {
        Some(i) if rng.random_range(0..4) > 0 => {
            let mut before = events[..*i].iter().rev();
            let invocation = before.find(|event| event.process == events[*i].process);
            let argument = invocation.expect("invoked before").value.clone();
            events[*i].value = (object.guess)(rng, &events[*i].f, &argument);
        }
        _ if events.len() > 1 => {
            let i = rng.random_range(0..events.len() - 1);
            if events[i].process != events[i + 1].process {
                events.swap(i, i + 1);
            }
        }
        _ => {}
    }
}
