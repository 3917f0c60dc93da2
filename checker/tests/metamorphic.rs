//! Changes that must not change a verdict, and damage that must.

mod common;

use common::{Shape, history, shown};
use quorate_checker::{
    Budget, Datum, Event, EventKind, History, Process, Proof, Reader, Rules, Rung, Standing,
    Verdict, check, ladder, write_edn, write_jsonl,
};

const SHAPES: [Shape; 3] = [
    Shape { op_count_max: 30, clients_max: 4, domain: None, cas: false, info: true, fail: true },
    Shape { op_count_max: 30, clients_max: 4, domain: None, cas: true, info: true, fail: true },
    Shape { op_count_max: 20, clients_max: 3, domain: Some(3), cas: true, info: true, fail: true },
];

fn recorded(events: &[Event]) -> History {
    History::from_events(events).expect("made histories are well-formed")
}

/// The verdict of a history of one register, and on which rungs it stands.
fn verdict(events: &[Event]) -> (Verdict, Vec<(String, bool)>) {
    let recorded = recorded(events);
    let rules = Rules::default();
    let verdict = check(&recorded, &rules, Budget::GENEROUS).verdict();
    let rungs = recorded.keys.iter().flat_map(|key| {
        let rungs = ladder(key, &recorded.values, &rules, Verdict::Unknown);
        // When it is quiet depends on times, where there are some.
        let untimed = rungs.into_iter().filter(|(rung, _)| *rung != Rung::Convergence);
        untimed.map(|(rung, standing)| (rung.to_string(), matches!(standing, Standing::Breaks(_))))
    });
    (verdict, rungs.collect())
}

fn each_history(mut each: impl FnMut(u64, Vec<Event>)) {
    for shape in SHAPES {
        for seed in 0..common::scaled(1_000) {
            each(seed, history(seed, shape));
        }
    }
}

fn renamed(value: &Datum) -> Datum {
    match value {
        Datum::Int(value) => Datum::text(&format!("value {}", 1000 - value)),
        Datum::List(items) => Datum::List(items.iter().map(renamed).collect()),
        other => other.clone(),
    }
}

#[test]
fn names_and_times_do_not_matter() {
    each_history(|seed, events| {
        let expected = verdict(&events);
        let mut other = events.clone();
        for (time, event) in (0..).zip(&mut other) {
            event.time = Some(time * 1_000 - 5_000_000);
            event.value = renamed(&event.value);
            event.observed = event.observed.as_ref().map(renamed);
        }
        assert_eq!(verdict(&other), expected, "seed {seed}:\n{}", shown(&events));
    });
}

#[test]
fn numbers_of_processes_do_not_matter() {
    each_history(|seed, events| {
        let expected = verdict(&events);
        let mut other = events.clone();
        for event in &mut other {
            if let Process::Client(process) = &mut event.process {
                *process = 7_000 - 13 * *process;
            }
        }
        assert_eq!(verdict(&other), expected, "seed {seed}:\n{}", shown(&events));
    });
}

#[test]
fn files_say_what_was_written() {
    each_history(|seed, events| {
        let expected = verdict(&events);
        for write in [write_jsonl, write_edn] {
            let mut file = Vec::new();
            for event in &events {
                write(&mut file, event).expect("writing to memory");
            }
            let read: Result<Vec<Event>, _> =
                Reader::new(&file[..], None).expect("it is a history").collect();
            let read = read.expect("what was written is read");
            assert_eq!(verdict(&read), expected, "seed {seed}:\n{}", shown(&events));
        }
    });
}

#[test]
fn registers_side_by_side_are_as_bad_as_the_worse_one() {
    each_history(|seed, events| {
        let other = history(seed + 77_777, SHAPES[0]);
        let expected = verdict(&events).0.max(verdict(&other).0);
        let keyed = |key: &str, first_process: u32, events: &[Event]| {
            let mut events = events.to_vec();
            for event in &mut events {
                event.key = Some(Datum::text(key));
                if let Process::Client(process) = &mut event.process {
                    *process = 2 * *process + first_process;
                }
            }
            events
        };
        let (left, right) = (keyed("left", 0, &events), keyed("right", 1, &other));
        let mut both = Vec::new();
        let (mut left, mut right) = (left.into_iter(), right.into_iter());
        while left.len() + right.len() > 0 {
            both.extend(left.next());
            both.extend(right.next());
        }
        let verdict = check(&recorded(&both), &Rules::default(), Budget::GENEROUS).verdict();
        assert_eq!(verdict, expected, "seed {seed}:\n{}", shown(&both));
    });
}

/// A read by a new process, after everything else.
fn read_at_the_end(events: &[Event], value: Datum) -> Vec<Event> {
    let mut events = events.to_vec();
    let event = |kind, value| Event {
        line: 0,
        index: None,
        time: None,
        process: Process::Client(9_999),
        kind,
        f: "read".into(),
        key: None,
        value,
        observed: None,
        extra: Vec::new(),
    };
    events.push(event(EventKind::Invoke, Datum::Nil));
    events.push(event(EventKind::Ok, value));
    events
}

#[test]
fn a_read_of_the_last_value_fits_and_a_read_of_nothing_known_does_not() {
    let mut valid = 0;
    each_history(|seed, events| {
        let what = || format!("seed {seed}:\n{}", shown(&events));
        let planted = read_at_the_end(&events, Datum::Int(123_456));
        assert_eq!(verdict(&planted).0, Verdict::Invalid, "{}", what());

        let history = recorded(&events);
        let report = check(&history, &Rules::default(), Budget::GENEROUS);
        let [key] = &report.keys[..] else { return };
        let Proof::Linearization(order) = &key.proof else { return };
        let holds = order.iter().rev().find_map(|op| {
            let op = &history.keys[0].ops[*op as usize];
            match op.function() {
                quorate_checker::Function::Write => Some(op.a),
                quorate_checker::Function::Cas
                    if op.outcome() != quorate_checker::Outcome::Fail =>
                {
                    Some(op.b)
                }
                _ => None,
            }
        });
        let holds = holds.map_or(Datum::Nil, |value| history.values.get(value).to_datum());
        assert_eq!(verdict(&read_at_the_end(&events, holds)).0, Verdict::Valid, "{}", what());
        valid += 1;
    });
    assert!(valid > 500, "only {valid} were valid");
}
