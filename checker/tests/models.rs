//! The search for objects of any kind: a reader's own model, and locks, against trying every order;
//! every proof against the verifier.

mod common;

use common::{Shape, history, rng, scaled, shown};
use quorate_checker::model::{
    Call, CallBuilder, CallHistory, CallProof, Model, Mutex, check_calls,
};
use quorate_checker::verify::verify_calls;
use quorate_checker::{
    Budget, Datum, Event, EventKind, OPEN, Outcome, Process, ReadError, Verdict,
};
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

fn recorded<M: Model>(model: &M, events: &[Event]) -> CallHistory<M::Op> {
    let mut builder = CallBuilder::new(model);
    for event in events {
        builder.push(event).expect("made histories are well-formed");
    }
    builder.finish().expect("made histories are well-formed")
}

/// Whether some order explains the calls: tries them all.
fn explicable<M: Model>(
    model: &M,
    calls: &[Call<M::Op>],
    placed: &mut Vec<usize>,
    state: &M::State,
) -> bool {
    let waiting: Vec<usize> = (0..calls.len()).filter(|i| !placed.contains(i)).collect();
    if waiting.iter().all(|i| calls[*i].ret == OPEN) {
        return true;
    }
    waiting.iter().any(|i| {
        if waiting.iter().any(|j| calls[*j].ret < calls[*i].call) {
            return false;
        }
        let Ok(next) = model.step(state, &calls[*i].op) else { return false };
        placed.push(*i);
        let fits = explicable(model, calls, placed, &next);
        placed.pop();
        fits
    })
}

/// Compares the search with the oracle, and returns the verdict.
fn compare<M: Model>(model: &M, events: &[Event]) -> Verdict {
    let history = recorded(model, events);
    let mut verdict = Verdict::Valid;
    let reports = check_calls(model, &history, 0..history.keys.len(), Budget::GENEROUS);
    for ((_, calls), report) in history.keys.iter().zip(reports) {
        let expected = explicable(model, calls, &mut Vec::new(), &model.initial());
        let found = match &report.proof {
            CallProof::Linearization(_) => true,
            CallProof::Counterexample(_) => false,
            CallProof::GaveUp(gave_up) => panic!("{gave_up:?} on a small history"),
        };
        assert_eq!(found, expected, "{}", shown(events));
        let accepted = verify_calls(model, calls, &report.proof);
        assert_eq!(accepted, Ok(()), "{:?}\n{}", report.proof, shown(events));
        verdict = verdict.max(report.verdict());
    }
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
        .filter(|seed| compare(&OwnRegister, &history(*seed, shape)) == Verdict::Invalid)
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
        .filter(|seed| compare(&Mutex, &random_locking(*seed)) == Verdict::Invalid)
        .count() as u64;
    assert!((count / 10..count * 9 / 10).contains(&invalid), "{invalid} of {count} invalid");
}
