//! Random small histories.

use quorate_checker::{Datum, Event, EventKind, Process, write_jsonl};
use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

/// What kind of histories to make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) op_count_max: usize,
    pub(crate) clients_max: u32,
    /// Written values come from 1..=domain; `None` writes a new value each time.
    pub(crate) domain: Option<i64>,
    pub(crate) cas: bool,
    /// Completions may be info or missing.
    pub(crate) info: bool,
    /// Completions may be fail.
    pub(crate) fail: bool,
}

/// One operation while it is being made.
#[derive(Debug, Clone, Copy)]
struct Made {
    process: u32,
    f: F,
    applied: Option<Applied>,
    outcome: Option<EventKind>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum F {
    Read,
    Write(i64),
    Cas(i64, i64),
}

/// What the register held when the operation took effect.
type Applied = i64;

/// How many histories to try: so many, or as many times more as `QUORATE_HISTORIES` says.
pub(crate) fn scaled(count: u64) -> u64 {
    let factor = std::env::var("QUORATE_HISTORIES")
        .ok()
        .map(|text| text.parse::<u64>().expect("QUORATE_HISTORIES is a whole number"));
    count * factor.unwrap_or(1)
}

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// 0 stands for "never written".
fn datum(value: i64) -> Datum {
    if value == 0 { Datum::Nil } else { Datum::Int(value) }
}

fn event(process: u32, kind: EventKind, f: F, result: Option<i64>) -> Event {
    let (name, value) = match f {
        F::Read => ("read", result.map_or(Datum::Nil, datum)),
        F::Write(value) => ("write", datum(value)),
        F::Cas(old, new) => ("cas", Datum::List(vec![datum(old), datum(new)])),
    };
    Event {
        line: 0,
        index: None,
        time: None,
        process: Process::Client(process),
        kind,
        f: name.into(),
        key: None,
        value,
        observed: None,
        extra: Vec::new(),
    }
}

/// A history in which every operation took effect at one moment while it was open; two in three are
/// then damaged in one place.
pub(crate) fn history(seed: u64, shape: Shape) -> Vec<Event> {
    let mut rng = rng(seed);
    let mut events = simulate(&mut rng, shape);
    if rng.random_range(0..3) > 0 {
        damage(&mut rng, shape, &mut events);
    }
    events
}

fn simulate(rng: &mut ChaCha8Rng, shape: Shape) -> Vec<Event> {
    let op_count = rng.random_range(1..=shape.op_count_max);
    let clients = rng.random_range(1..=shape.clients_max);
    let mut ops: Vec<Made> = Vec::new();
    let mut events = Vec::new();
    let mut process_of: Vec<u32> = (0..clients).collect();
    let mut busy: Vec<Option<usize>> = vec![None; clients as usize];
    let (mut register, mut next_value, mut next_process) = (0_i64, 1_i64, clients);
    loop {
        let client = rng.random_range(0..clients as usize);
        match (rng.random_range(0..4), busy[client]) {
            // An operation takes effect, perhaps long after its client gave up.
            (0 | 1, _) => {
                let waiting: Vec<usize> = (0..ops.len())
                    .filter(|i| ops[*i].applied.is_none())
                    .filter(|i| ops[*i].outcome.is_none_or(|o| o == EventKind::Info))
                    .collect();
                if let Some(i) = waiting.choose(rng) {
                    ops[*i].applied = Some(register);
                    match ops[*i].f {
                        F::Write(value) => register = value,
                        F::Cas(old, new) if old == register => register = new,
                        F::Cas(..) | F::Read => {}
                    }
                }
            }
            (_, None) if ops.len() < op_count => {
                let f = function(rng, shape, &mut next_value, register);
                busy[client] = Some(ops.len());
                let process = process_of[client];
                ops.push(Made { process, f, applied: None, outcome: None });
                events.push(event(process, EventKind::Invoke, f, None));
            }
            (_, Some(i)) => {
                let Some(completion) = complete(rng, shape, &mut ops[i]) else { continue };
                if completion.kind == EventKind::Info {
                    process_of[client] = next_process;
                    next_process += 1;
                }
                busy[client] = None;
                events.push(completion);
            }
            (_, None) => {
                // All were invoked; sometimes the history ends with operations open.
                let idle = busy.iter().all(Option::is_none);
                if idle || (shape.info && rng.random_range(0..8) == 0) {
                    return events;
                }
            }
        }
    }
}

fn function(rng: &mut ChaCha8Rng, shape: Shape, next_value: &mut i64, register: i64) -> F {
    let new = match shape.domain {
        Some(domain) => rng.random_range(1..=domain),
        None => {
            *next_value += 1;
            *next_value - 1
        }
    };
    match rng.random_range(0..4) {
        0 if shape.cas => {
            // Often what is there, sometimes what was or will be.
            let old = if rng.random_range(0..3) > 0 {
                register
            } else {
                rng.random_range(0..=shape.domain.unwrap_or(*next_value))
            };
            F::Cas(old, new)
        }
        0 | 1 => F::Write(new),
        _ => F::Read,
    }
}

/// The completion, if the operation may complete now.
fn complete(rng: &mut ChaCha8Rng, shape: Shape, op: &mut Made) -> Option<Event> {
    if shape.info && rng.random_range(0..6) == 0 {
        op.outcome = Some(EventKind::Info);
        return Some(event(op.process, EventKind::Info, op.f, None));
    }
    let Some(met) = op.applied else {
        // What has not taken effect can still be refused for certain.
        if shape.fail && rng.random_range(0..4) == 0 && !matches!(op.f, F::Cas(..)) {
            op.outcome = Some(EventKind::Fail);
            return Some(event(op.process, EventKind::Fail, op.f, None));
        }
        return None;
    };
    let kind = match op.f {
        F::Cas(old, _) if old != met => EventKind::Fail,
        _ => EventKind::Ok,
    };
    op.outcome = Some(kind);
    let mut completion = event(op.process, kind, op.f, Some(met));
    if kind == EventKind::Fail && rng.random_range(0..2) == 0 {
        completion.observed = Some(datum(met));
    }
    Some(completion)
}

/// Changes what one read returned, or swaps two neighbouring events of different processes.
fn damage(rng: &mut ChaCha8Rng, shape: Shape, events: &mut [Event]) {
    let reads: Vec<usize> = (0..events.len())
        .filter(|i| events[*i].f == "read" && events[*i].kind == EventKind::Ok)
        .collect();
    match reads.choose(rng) {
        Some(i) if rng.random_range(0..4) > 0 => {
            events[*i].value = datum(rng.random_range(0..=shape.domain.unwrap_or(5)));
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

/// The history as a file, to be shown when a test fails.
pub(crate) fn shown(events: &[Event]) -> String {
    let mut text = Vec::new();
    for event in events {
        write_jsonl(&mut text, event).expect("writing to memory");
    }
    String::from_utf8(text).expect("JSON is text")
}
