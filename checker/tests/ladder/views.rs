//! PRAM and the causal rungs of the ladder against their definitions, and what implies what on one
//! register. Time says nothing here, so operations come one after another and reads return anything.

use std::collections::BTreeMap;

use quorate_checker::{
    Breach, Datum, Event, EventKind, History, Process, Rules, Rung, Standing, Verdict, ladder,
};
use rand::RngExt;

use super::common::{rng, scaled, shown};
use super::every_order::seen;
use super::is_breach;
use super::own_order::Views;

/// A write of the value or a read that returns it, at once; 0 is the initial value.
fn operation(process: u32, is_write: bool, value: i64, outcome: EventKind) -> [Event; 2] {
    let datum = if value == 0 { Datum::Nil } else { Datum::Int(value) };
    [EventKind::Invoke, outcome].map(|kind| Event {
        line: 0,
        index: None,
        time: None,
        process: Process::Client(process),
        kind,
        f: if is_write { "write" } else { "read" }.into(),
        key: None,
        value: if is_write || kind == EventKind::Ok { datum.clone() } else { Datum::Nil },
        observed: None,
        extra: Vec::new(),
    })
}

/// Up to nine operations of up to four processes at a time, any of which may fail or end in info.
fn history(seed: u64) -> Vec<Event> {
    let mut rng = rng(seed);
    let (count, mut processes) = (rng.random_range(2..=9), rng.random_range(1..=4_u32));
    let mut process_of: Vec<u32> = (0..processes).collect();
    let mut written = 0;
    let mut events = Vec::new();
    for _ in 0..count {
        let client = rng.random_range(0..process_of.len());
        let process = process_of[client];
        let outcome = match rng.random_range(0..12) {
            0 => EventKind::Info,
            1 => EventKind::Fail,
            _ => EventKind::Ok,
        };
        let is_write = rng.random_range(0..5) < 2;
        written += i64::from(is_write);
        // Now and then a read returns what is written only later.
        let newest = written + [0, 0, 0, 2][rng.random_range(0..4)];
        let value = if is_write { written } else { rng.random_range(0..=newest) };
        events.extend(operation(process, is_write, value, outcome));
        if outcome == EventKind::Info {
            process_of[client] = processes;
            processes += 1;
        }
    }
    events
}

/// Where a history of one register stands.
fn rungs(recorded: &History) -> BTreeMap<Rung, Standing> {
    let rungs = ladder(&recorded.keys[0], &recorded.values, &Rules::default(), Verdict::Unknown);
    rungs.into_iter().collect()
}

/// On which rungs it does.
fn stands(rungs: &BTreeMap<Rung, Standing>) -> BTreeMap<Rung, bool> {
    rungs.iter().map(|(rung, standing)| (*rung, *standing == Standing::Holds)).collect()
}

const IMPLIED: [(Rung, &[Rung]); 4] = [
    (
        Rung::Sequential,
        &[
            Rung::Causal,
            Rung::ReadYourWrites,
            Rung::MonotonicReads,
            Rung::MonotonicWrites,
            Rung::WritesFollowReads,
        ],
    ),
    (Rung::Causal, &[Rung::WeaklyCausal, Rung::Pram]),
    (Rung::WeaklyCausal, &[Rung::WritesFollowReads]),
    (Rung::Pram, &[Rung::MonotonicWrites]),
];

#[test]
fn each_process_in_an_order_of_its_own() {
    let count = scaled(30_000);
    let mut times: BTreeMap<(Rung, bool), u64> = BTreeMap::new();
    let mut apart: BTreeMap<(Rung, Rung), u64> = BTreeMap::new();
    for seed in 0..count {
        let events = history(seed);
        let recorded = History::from_events(&events).expect("made histories are well-formed");
        let ops = seen(&events, &Rules::default());
        let views = Views::new(&ops);
        let by = |defined: fn(&Views) -> bool| views.as_ref().is_some_and(defined);
        let rungs = rungs(&recorded);
        let stands = stands(&rungs);
        let expected = [
            (Rung::Causal, by(Views::is_causal)),
            (Rung::WeaklyCausal, by(Views::is_weakly_causal)),
            (Rung::Pram, by(Views::is_pram)),
            (Rung::Sequential, by(Views::is_causally_convergent)),
        ];
        for (rung, holds) in expected {
            assert_eq!(stands[&rung], holds, "{rung}, seed {seed}:\n{}", shown(&events));
            if let Standing::Breaks(breach) = &rungs[&rung] {
                let what = || format!("{rung}, seed {seed}, {breach:?}:\n{}", shown(&events));
                assert!(is_breach(rung, breach, &ops, &recorded), "{}", what());
            }
            *times.entry((rung, holds)).or_default() += 1;
        }
        let both = by(Views::is_weakly_causal) && by(Views::is_pram);
        assert_eq!(by(Views::is_causal), both, "seed {seed}:\n{}", shown(&events));
        for (rung, implied) in IMPLIED {
            for implied in implied.iter().filter(|_| stands[&rung]) {
                assert!(stands[implied], "{rung} without {implied}, seed {seed}");
            }
        }
        for (one, _) in stands.iter().filter(|(_, holds)| **holds) {
            for (other, _) in stands.iter().filter(|(_, holds)| !**holds) {
                *apart.entry((*one, *other)).or_default() += 1;
            }
        }
    }
    let common = |times: Option<&u64>| times.is_some_and(|times| *times > count / 20);
    for rung in [Rung::Causal, Rung::WeaklyCausal, Rung::Pram, Rung::Sequential] {
        assert!([true, false].iter().all(|holds| common(times.get(&(rung, *holds)))), "{times:?}");
    }
    for pair in [
        (Rung::Causal, Rung::Sequential),
        (Rung::Causal, Rung::ReadYourWrites),
        (Rung::Causal, Rung::MonotonicReads),
        (Rung::WeaklyCausal, Rung::Pram),
        (Rung::Pram, Rung::WeaklyCausal),
        (Rung::Pram, Rung::WritesFollowReads),
        (Rung::ReadYourWrites, Rung::Pram),
        (Rung::MonotonicReads, Rung::WeaklyCausal),
        (Rung::WritesFollowReads, Rung::Pram),
    ] {
        assert!(apart.contains_key(&pair), "{pair:?} was never told apart");
    }
}

/// A history written as the words of its operations: `0w1` is a write of 1 by process 0, `1r0` a read
/// of the initial value by process 1.
fn written(text: &str) -> History {
    let events = text.split(' ').flat_map(|word| {
        let number = |digit: u8| u32::from(digit - b'0');
        let [process, f, value] = word.as_bytes() else { panic!("{word}") };
        operation(number(*process), *f == b'w', number(*value).into(), EventKind::Ok)
    });
    History::from_events(&events.collect::<Vec<_>>()).expect("it is in order")
}

#[test]
fn examples_of_the_literature() {
    use Rung::{Causal, Pram, Sequential, WeaklyCausal};
    // What breaks; the rest of the four holds.
    let examples: [(&str, &[Rung]); 6] = [
        ("0w1 1r1 1w2 2r1 2r2", &[]),
        // Each sees its own write first.
        ("0w1 1w2 0r2 1r1", &[Sequential]),
        // 2 was written by someone who knew 1.
        ("0w1 1r1 1w2 2r2 2r1", &[Sequential, Causal, WeaklyCausal]),
        ("0w1 1r1 1w2 2r2 2r0", &[Sequential, Causal, WeaklyCausal, Pram]),
        // Concurrent writes alternate.
        ("0w1 1w2 2r1 2r2 2r1", &[Sequential, Causal, Pram]),
        // Each write is known before it is made.
        ("0r2 0w1 1r1 1w2", &[Sequential, Causal, WeaklyCausal]),
    ];
    for (text, broken) in examples {
        let stands = stands(&rungs(&written(text)));
        let found: Vec<Rung> =
            [Sequential, Causal, WeaklyCausal, Pram].into_iter().filter(|r| !stands[r]).collect();
        assert_eq!(found, broken, "{text}");
    }
}

#[test]
fn the_shortest_chain_is_told() {
    // Process 1 wrote 9 knowing 1 over many detours, and also at once.
    let recorded = written("0w1 1r1 1w2 2r2 2w3 1r3 1w4 1w5 1w6 1w9 3r9 3r1");
    let Standing::Breaks(Breach::Circle(links)) = &rungs(&recorded)[&Rung::Causal] else {
        panic!("{:?}", rungs(&recorded))
    };
    let ops: Vec<_> = links.iter().map(|link| (link.first, link.then)).collect();
    assert_eq!(ops, [(Some(1), Some(9)), (Some(10), Some(11))], "{links:?}");
}

#[test]
fn long_histories_of_many_processes_take_no_quadratic_time() {
    // With quadratic rules this would not end within a day.
    const OPS: u32 = 200_000;
    const PROCESSES: u32 = 10;
    let mut rng = rng(1);
    let mut events = Vec::new();
    let mut newest = 0;
    for _ in 0..OPS {
        let is_write = rng.random() || newest == 0;
        newest += i64::from(is_write);
        let process = if newest == 1 { 0 } else { rng.random_range(0..PROCESSES) };
        events.extend(operation(process, is_write, newest, EventKind::Ok));
    }
    // At the very end, process 0 writes again, and another goes back to what it wrote first.
    newest += 1;
    events.extend(operation(0, true, newest, EventKind::Ok));
    events.extend([newest, 1].map(|v| operation(PROCESSES, false, v, EventKind::Ok)).concat());
    let stands = stands(&rungs(&History::from_events(&events).expect("it is in order")));
    for rung in [Rung::Causal, Rung::WeaklyCausal, Rung::Pram] {
        assert!(!stands[&rung], "{rung}");
    }
}
