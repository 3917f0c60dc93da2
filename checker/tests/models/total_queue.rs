//! Queues of which only is asked that they lose nothing, against every way in which dequeues of unknown outcome
//! may have gone; every proof against the verifier.

use std::collections::BTreeSet;

use quorate_checker::{
    Anomaly, Budget, CitedCall, Datum, Event, EventKind, KeyCertificate, KeyProof, KeyResult,
    Object, ReadError, Reading, Recorded, Verdict,
};
use rand::RngExt;

use crate::common::{rng, scaled, shown};
use crate::random;

const CLIENTS: usize = 3;
const VALUES: i64 = 4;

fn event(process: usize, kind: EventKind, f: &'static str, value: Option<i64>) -> Event {
    random::event(process, kind, f, value.map_or(Datum::Nil, Datum::Int))
}

/// Clients of a queue that may do anything, mostly right; in the end it is often found empty.
fn history(seed: u64) -> Vec<Event> {
    let mut rng = rng(seed);
    let mut open: Vec<Option<Option<i64>>> = vec![None; CLIENTS];
    let mut processes: Vec<usize> = (0..CLIENTS).collect();
    let (mut events, mut held) = (Vec::new(), Vec::new());
    for _ in 0..rng.random_range(2..20) {
        let client = rng.random_range(0..CLIENTS);
        let process = processes[client];
        let Some(asked) = open[client].take() else {
            let asked = rng.random_bool(0.5).then(|| rng.random_range(1..=VALUES));
            let f = if asked.is_some() { "enqueue" } else { "dequeue" };
            events.push(event(process, EventKind::Invoke, f, asked));
            open[client] = Some(asked);
            continue;
        };
        let outcomes =
            [EventKind::Ok, EventKind::Ok, EventKind::Ok, EventKind::Info, EventKind::Fail];
        let kind = outcomes[rng.random_range(0..outcomes.len())];
        if kind == EventKind::Info {
            processes[client] += CLIENTS;
        }
        let f = if asked.is_some() { "enqueue" } else { "dequeue" };
        let answer = match (asked, kind) {
            (Some(value), _) => {
                held.extend((kind != EventKind::Fail).then_some(value));
                Some(value)
            }
            (None, EventKind::Ok) if rng.random_ratio(1, 12) => Some(rng.random_range(1..=VALUES)),
            (None, EventKind::Ok | EventKind::Info) if !held.is_empty() => {
                let taken = held.remove(rng.random_range(0..held.len()));
                (kind == EventKind::Ok).then_some(taken)
            }
            (None, _) => None,
        };
        events.push(event(process, kind, f, answer));
    }
    if rng.random_bool(0.8) {
        events.push(event(99, EventKind::Invoke, "dequeue", None));
        events.push(event(99, EventKind::Ok, "dequeue", None));
    }
    events
}

/// An operation with the positions of its ends.
struct Op {
    f: String,
    value: Option<i64>,
    kind: EventKind,
    call: usize,
    ret: usize,
}

fn ops(events: &[Event]) -> Vec<Op> {
    let number = |event: &Event| match event.value {
        Datum::Int(value) => Some(value),
        _ => None,
    };
    let invoked = events.iter().enumerate().filter(|(_, event)| event.kind == EventKind::Invoke);
    let op = |(call, begun): (usize, &Event)| {
        let later = events.iter().enumerate().skip(call + 1);
        let end = later.clone().find(|(_, event)| event.process == begun.process);
        let (ret, kind, answer) = end
            .map_or((usize::MAX, EventKind::Info, None), |(ret, end)| (ret, end.kind, number(end)));
        let value = if begun.f == "enqueue" { number(begun) } else { answer };
        Op { f: begun.f.to_string(), value, kind, call, ret }
    };
    invoked.map(op).collect()
}

/// Every way in which unknown dequeues may each have taken one of these, or nothing.
fn some_way(values: &BTreeSet<i64>, takes: usize) -> bool {
    if values.is_empty() {
        return true;
    }
    takes > 0
        && values.iter().any(|taken| {
            let rest = values.iter().copied().filter(|value| value != taken).collect();
            some_way(&rest, takes - 1)
        })
}

fn expected(events: &[Event]) -> Verdict {
    let ops = ops(events);
    let enqueues = || ops.iter().filter(|op| op.f == "enqueue" && op.kind != EventKind::Fail);
    let answered = || ops.iter().filter(|op| op.f == "dequeue" && op.kind == EventKind::Ok);
    let from_nowhere = answered().any(|dequeue| {
        let source = |put: &Op| put.value == dequeue.value && put.call < dequeue.ret;
        dequeue.value.is_some() && !enqueues().any(source)
    });
    let last = answered().max_by_key(|op| op.ret).filter(|op| op.value.is_none());
    let (mut gone, mut left) = (BTreeSet::new(), BTreeSet::new());
    for put in enqueues().filter(|op| op.kind == EventKind::Ok) {
        if answered().any(|dequeue| dequeue.value == put.value) {
            continue;
        }
        let is_certain = last.is_some_and(|last| last.call > put.ret);
        if is_certain { &mut gone } else { &mut left }.extend(put.value);
    }
    // Of what was put in twice, once is enough.
    left.retain(|value| !gone.contains(value));
    let takes = ops.iter().filter(|op| op.f == "dequeue" && op.kind == EventKind::Info).count();
    match () {
        () if from_nowhere || !some_way(&gone, takes) => Verdict::Invalid,
        () if some_way(&gone.union(&left).copied().collect(), takes) => Verdict::Valid,
        () => Verdict::Unknown,
    }
}

/// Proofs of all that is not so: every operation is cited.
fn forgeries(events: &[Event], verdict: Verdict) -> Vec<KeyProof> {
    let said: Vec<u32> = ops(events)
        .iter()
        .filter(|op| op.kind != EventKind::Fail)
        .map(|op| op.call as u32 + 1)
        .collect();
    let cited = || said.iter().map(|call| CitedCall { call: *call, as_write: false }).collect();
    let invalid = |anomaly| KeyProof::Invalid {
        anomaly,
        operations: cited(),
        until: u32::MAX - 1,
        elements: None,
    };
    let mut forged =
        vec![KeyProof::Valid { order: Vec::new() }, KeyProof::Valid { order: said.clone() }];
    let anomalies =
        [Anomaly::LostElement, Anomaly::PhantomValue, Anomaly::FutureRead, Anomaly::StaleRead];
    forged.extend(anomalies.map(invalid));
    forged.retain(|proof| proof.verdict() != verdict);
    forged
}

fn recorded(events: &[Event]) -> Recorded {
    let reading = Reading { object: Some(Object::TotalQueue), ..Reading::default() };
    let events = events.iter().cloned().map(Ok::<_, ReadError>);
    Recorded::read(events, &reading).expect("it can be read")
}

#[test]
fn nothing_is_lost_or_something_is() {
    let (count, mut seen) = (scaled(20_000), [0_u64; 3]);
    for seed in 0..count {
        let events = history(seed);
        let recorded = recorded(&events);
        let results: Vec<_> = recorded.check(Budget::GENEROUS).collect();
        let verdict = results.iter().map(KeyResult::verdict).max();
        let verdict = verdict.unwrap_or(Verdict::Valid);
        assert_eq!(verdict, expected(&events), "{}", shown(&events));
        seen[verdict as usize] += 1;
        let mut certificate = recorded.certificate();
        certificate.keys.extend(results.iter().map(KeyResult::certificate));
        assert_eq!(recorded.verify(&certificate).ok(), Some(verdict), "{}", shown(&events));
        for proof in forgeries(&events, verdict) {
            let mut forged = recorded.certificate();
            let key = KeyCertificate { key: Datum::Nil, proof };
            forged.keys.extend((recorded.key_count > 0).then_some(key));
            let accepted = recorded.verify(&forged).ok();
            assert!(accepted.is_none_or(|proved| proved == verdict), "{}", shown(&events));
        }
    }
    assert!(seen.iter().all(|times| *times > count / 50), "{seen:?} of {count}");
}
