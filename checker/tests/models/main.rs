//! The search for objects of any kind: a reader's own model, locks and collections, against trying
//! every order; every proof against the verifier.

#[path = "../common/mod.rs"]
mod common;

mod collections;
mod growing;
mod objects;
mod oracle;
mod proofs;
mod random;
mod stories;
mod total_queue;

use common::{Shape, history, rng, scaled, shown};
use proofs::{explicable, recorded, verdict};
use quorate_checker::model::{Model, Mutex};
use quorate_checker::{Datum, Event, EventKind, Outcome, Process, ReadError, Verdict};
use rand::RngExt;

/// A register as somebody who knows nothing of registers would write it.
struct OwnRegister;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Asked {
    Read(i64),
    Write(i64),
    Cas(i64, i64),
}

fn int(datum: &Datum) -> i64 {
    match datum {
        Datum::Int(value) => *value,
        _ => 0,
    }
}

impl Model for OwnRegister {
    type Op = Asked;
    type State = i64;

    fn initial(&self) -> i64 {
        0
    }

    fn op(
        &self,
        invocation: &Event,
        completion: Option<&Event>,
        outcome: Outcome,
    ) -> Result<Option<Asked>, ReadError> {
        let value = &invocation.value;
        Ok(match (&*invocation.f, outcome, completion) {
            (_, Outcome::Fail, _) => None,
            ("read", Outcome::Ok, Some(completion)) => Some(Asked::Read(int(&completion.value))),
            ("read", ..) => None,
            ("write", ..) => Some(Asked::Write(int(value))),
            _ => value.as_pair().map(|(old, new)| Asked::Cas(int(old), int(new))),
        })
    }

    fn step(&self, holds: &i64, op: &Asked) -> Result<i64, String> {
        match op {
            Asked::Read(value) if value == holds => Ok(*holds),
            Asked::Write(new) => Ok(*new),
            Asked::Cas(old, new) if old == holds => Ok(*new),
            Asked::Read(_) | Asked::Cas(..) => Err(format!("it holds {holds}")),
        }
    }

    fn is_read_only(&self, op: &Asked) -> bool {
        matches!(op, Asked::Read(_))
    }

    fn describe(&self, op: &Asked) -> String {
        format!("{op:?}")
    }
}

/// Compares the search with every order, and returns the verdict.
fn compare<M: Model>(model: &M, seed: u64, events: &[Event]) -> Verdict {
    let history = recorded(model, events);
    let expected = history.keys.iter().all(|(_, calls)| explicable(model, calls, &model.initial()));
    let verdict = verdict(model, events, seed);
    assert_eq!(verdict == Verdict::Valid, expected, "{}", shown(events));
    verdict
}

#[test]
fn a_model_of_ones_own() {
    let shape = Shape {
        op_count_max: 8,
        clients_max: 4,
        domain: Some(3),
        cas: true,
        info: true,
        fail: true,
    };
    let count = scaled(10_000);
    let invalid = (0..count)
        .filter(|seed| compare(&OwnRegister, *seed, &history(*seed, shape)) == Verdict::Invalid)
        .count() as u64;
    assert!((count / 10..count * 9 / 10).contains(&invalid), "{invalid} of {count} invalid");
}

/// Clients that take and give back a lock as they please.
fn random_locking(seed: u64) -> Vec<Event> {
    let mut rng = rng(seed);
    let mut open: Vec<Option<&str>> = vec![None; 3];
    let mut processes: Vec<u32> = (0..3).collect();
    let mut events = Vec::new();
    for _ in 0..rng.random_range(2..16) {
        let client = rng.random_range(0..3);
        let (kind, f) = match open[client].take() {
            None => {
                let f = ["acquire", "release"][rng.random_range(0..2)];
                open[client] = Some(f);
                (EventKind::Invoke, f)
            }
            Some(f) => {
                let outcomes = [EventKind::Ok, EventKind::Ok, EventKind::Fail, EventKind::Info];
                (outcomes[rng.random_range(0..4)], f)
            }
        };
        events.push(Event {
            line: 0,
            index: None,
            time: None,
            process: Process::Client(processes[client]),
            kind,
            f: f.into(),
            key: None,
            value: Datum::Nil,
            observed: None,
            extra: Vec::new(),
        });
        if kind == EventKind::Info {
            processes[client] += 3;
        }
    }
    events
}

#[test]
fn locks() {
    let count = scaled(10_000);
    let invalid = (0..count)
        .filter(|seed| compare(&Mutex, *seed, &random_locking(*seed)) == Verdict::Invalid)
        .count() as u64;
    assert!((count / 10..count * 9 / 10).contains(&invalid), "{invalid} of {count} invalid");
}
