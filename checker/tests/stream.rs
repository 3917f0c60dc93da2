//! Checking while it happens: after every response the verdict is that of the history so far.

mod common;

use common::{Shape, history, rng, scaled, shown};
use quorate_checker::{
    Budget, Event, EventKind, FailedCas, History, NilRead, Rules, Stream, StreamStanding, Value,
    Verdict, check,
};
use rand::RngExt;

fn offline(events: &[Event], rules: &Rules) -> Verdict {
    let history = History::from_events(events).expect("made histories are well-formed");
    check(&history, rules, Budget::GENEROUS).verdict()
}

/// Compares the verdicts after every event. Returns whether the stream decided to the end.
fn agrees(events: &[Event], rules: &Rules) -> bool {
    let mut stream = Stream::new(rules.clone());
    for (place, event) in events.iter().enumerate() {
        stream.push(event).expect("made histories are well-formed");
        if stream.verdict() == Verdict::Unknown {
            return false;
        }
        let so_far = &events[..=place];
        if event.kind != EventKind::Invoke {
            assert_eq!(stream.verdict(), offline(so_far, rules), "{}", shown(so_far));
        }
        if stream.verdict() == Verdict::Invalid {
            let first = stream.keys().next().expect("there is a register").standing;
            assert_eq!(first, StreamStanding::Invalid(place as u32 + 1), "{}", shown(so_far));
            return true;
        }
    }
    true
}

const SMALL: Shape =
    Shape { op_count_max: 9, clients_max: 4, domain: None, cas: false, info: true, fail: true };

#[test]
fn distinct_values_are_decided_at_every_event() {
    for (number, shape) in [SMALL, Shape { cas: true, ..SMALL }].into_iter().enumerate() {
        let mut decided = 0;
        for seed in 0..scaled(20_000) {
            let events = history(seed + ((number as u64) << 32), shape);
            decided += u64::from(agrees(&events, &Rules::default()));
        }
        // Damage may repeat a value.
        assert!(decided * 10 > scaled(20_000) * 9, "only {decided}");
    }
}

#[test]
fn repeated_values_are_never_wrong() {
    let mut decided = 0;
    for seed in 0..scaled(10_000) {
        let shape = Shape { domain: Some(4), cas: seed % 2 == 0, ..SMALL };
        decided += u64::from(agrees(&history(seed, shape), &Rules::default()));
    }
    assert!(decided > scaled(1_000), "only {decided}");
}

#[test]
fn long_histories_forget_only_what_cannot_matter() {
    let shape = Shape { op_count_max: 120, clients_max: 8, ..SMALL };
    let (mut valid, mut invalid) = (0, 0);
    for seed in 0..scaled(600) {
        let shape = Shape { cas: seed % 2 == 0, ..shape };
        let events = history(seed, shape);
        let mut stream = Stream::new(Rules::default());
        for event in &events {
            stream.push(event).expect("well-formed");
        }
        let expected = offline(&events, &Rules::default());
        match stream.verdict() {
            Verdict::Unknown => continue,
            Verdict::Valid => valid += 1,
            Verdict::Invalid => invalid += 1,
        }
        assert_eq!(stream.verdict(), expected, "seed {seed}\n{}", shown(&events));
    }
    assert!(valid > scaled(100) && invalid > scaled(100), "{valid} valid, {invalid} invalid");
}

#[test]
fn rules_are_kept() {
    let rules = Rules { initial: Value::Int(0), nil_read: NilRead::Any, ..Rules::default() };
    for seed in 0..scaled(3_000) {
        agrees(&history(seed, SMALL), &rules);
    }
    let mismatch = Rules { failed_cas: FailedCas::Mismatch, ..Rules::default() };
    for seed in 0..scaled(3_000) {
        agrees(&history(seed, Shape { cas: true, ..SMALL }), &mismatch);
    }
}

#[test]
fn keys_do_not_disturb_each_other() {
    for seed in 0..scaled(300) {
        let mut rng = rng(seed);
        let parts: Vec<Vec<Event>> = (0..4)
            .map(|key| history(seed * 4 + key, Shape { op_count_max: 12, ..SMALL }))
            .collect();
        let mut stream = Stream::new(Rules::default());
        let mut next = vec![0; parts.len()];
        let mut open: Vec<usize> = (0..parts.len()).collect();
        while !open.is_empty() {
            let part = open[rng.random_range(0..open.len())];
            let mut event = parts[part][next[part]].clone();
            event.key = Some(quorate_checker::Datum::Int(part as i64));
            if let quorate_checker::Process::Client(process) = &mut event.process {
                *process += 1000 * part as u32;
            }
            stream.push(&event).expect("well-formed");
            next[part] += 1;
            open.retain(|part| next[*part] < parts[*part].len());
        }
        for key in stream.keys() {
            let Some(Value::Int(part)) = key.key else { panic!("keys are integers") };
            let expected = offline(&parts[part as usize], &Rules::default());
            let found = key.standing.verdict();
            assert!(found == expected || found == Verdict::Unknown, "seed {seed}, key {part}");
        }
    }
}
