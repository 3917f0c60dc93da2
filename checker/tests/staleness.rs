//! The figures of staleness against trying every amount, and every order.

mod common;
#[path = "common/oracle.rs"]
mod every_order;

use std::collections::BTreeMap;

use common::{Shape, history, rng, scaled, shown};
use every_order::{Act, Seen, in_some_order, oracle, seen};
use quorate_checker::{Datum, Event, EventKind, History, Rules, Staleness, staleness};
use rand::RngExt;

const SMALL: Shape =
    Shape { op_count_max: 7, clients_max: 4, domain: None, cas: false, info: true, fail: true };

/// A history whose events happen a hundred nanoseconds apart.
fn timed(seed: u64) -> Vec<Event> {
    with_times(history(seed, SMALL))
}

fn with_times(mut events: Vec<Event>) -> Vec<Event> {
    for (time, event) in (0..).step_by(100).zip(&mut events) {
        event.time = Some(time);
    }
    events
}

fn measure(events: &[Event]) -> Option<Staleness> {
    let recorded = History::from_events(events).expect("made histories are well-formed");
    let key = recorded.keys.first()?;
    staleness(key, &recorded.values, &Rules::default()).ok()
}

/// With every call so much earlier, of reads or of all operations, and every return so much later, is
/// it atomic? Times are hundreds, far enough from zero.
fn is_atomic(ops: &[Seen], reads_earlier: u64, all_longer_by_half: u64) -> bool {
    const FAR: usize = 1_000_000;
    let stretched: Vec<Seen> = (ops.iter())
        .map(|op| {
            let is_read = matches!(op.act, Act::Read(_));
            let earlier = if is_read { reads_earlier } else { 0 } + all_longer_by_half;
            let time = |position: usize| FAR + position * 200;
            Seen {
                call: time(op.call) - 2 * earlier as usize,
                ret: op.ret.map(|ret| time(ret) + 2 * all_longer_by_half as usize),
                ..*op
            }
        })
        .collect();
    in_some_order(&stretched, 0)
}

#[test]
fn delta_and_gamma_are_the_least_that_help() {
    let (mut finite, mut infinite) = (0, 0);
    for seed in 0..scaled(40_000) {
        let events = timed(seed);
        let Some(measured) = measure(&events) else { continue };
        let times = measured.times.expect("every event has a time");
        let ops = seen(&events, &Rules::default());
        let what = || format!("seed {seed}, {times:?}:\n{}", shown(&events));
        let atomic = oracle(&events, &Rules::default());
        assert_eq!((times.delta == Some(0), times.gamma == 0), (atomic, atomic), "{}", what());
        match times.delta {
            Some(delta) => {
                assert!(is_atomic(&ops, delta, 0), "{}", what());
                assert!(delta == 0 || !is_atomic(&ops, delta - 1, 0), "{}", what());
                finite += u32::from(delta > 0);
            }
            None => {
                assert!(!is_atomic(&ops, 100_000, 0), "{}", what());
                infinite += 1;
            }
        }
        // Half of an odd number is no whole number; all times here are even.
        assert_eq!(times.gamma % 2, 0, "{}", what());
        let half = times.gamma / 2;
        assert!(is_atomic(&ops, 0, half), "{}", what());
        assert!(half == 0 || !is_atomic(&ops, 0, half - 1), "{}", what());
    }
    assert!(finite > 1000 && infinite > 500, "{finite} finite, {infinite} infinite");
}

/// The least k for which some order of all operations lets each read return one of the last k values;
/// `None` if there is none.
fn least_k(ops: &[Seen]) -> Option<usize> {
    let observed = |value| ops.iter().any(|op| op.act == Act::Read(value));
    let counts = |op: &&Seen| match op.act {
        Act::Write(value) => op.ret.is_some() || observed(value),
        _ => true,
    };
    let ops: Vec<Seen> = ops.iter().filter(counts).copied().collect();
    (1..=ops.len() + 1).find(|k| orderable(&ops, 0, &mut vec![0], *k))
}

fn orderable(ops: &[Seen], placed: u32, written: &mut Vec<i64>, k: usize) -> bool {
    let waiting = |i: usize| placed & (1 << i) == 0;
    if (0..ops.len()).all(|i| !waiting(i)) {
        return true;
    }
    (0..ops.len()).filter(|i| waiting(*i)).any(|i| {
        let overtakes = (0..ops.len())
            .any(|j| j != i && waiting(j) && ops[j].ret.is_some_and(|ret| ret < ops[i].call));
        if overtakes {
            return false;
        }
        match ops[i].act {
            Act::Write(value) => {
                written.push(value);
                let fits = orderable(ops, placed | (1 << i), written, k);
                written.pop();
                fits
            }
            Act::Read(value) => {
                written.iter().rev().take(k).any(|last| *last == value)
                    && orderable(ops, placed | (1 << i), written, k)
            }
            _ => unreachable!("only reads and writes are made"),
        }
    })
}

/// A history in which most reads return what was written up to three writes earlier.
fn lagging(seed: u64) -> Vec<Event> {
    let mut rng = rng(seed);
    let shape = Shape { op_count_max: 10, clients_max: 5, fail: false, ..SMALL };
    let mut events = with_times(history(seed, shape));
    for event in &mut events {
        if let (Datum::Int(value), EventKind::Ok, "read") = (&event.value, event.kind, &*event.f) {
            let older = (value - rng.random_range(0..=3)).max(0);
            event.value = if older == 0 { Datum::Nil } else { Datum::Int(older) };
        }
    }
    events
}

/// Compares bounds with the least k. Returns how many histories have each k up to 5, and how many of
/// these have an exact bound.
fn compare_atomicity(count: u64, make: fn(u64) -> Vec<Event>) -> ([u64; 6], [u64; 6]) {
    let (mut found, mut exact) = ([0; 6], [0; 6]);
    for seed in 0..scaled(count) {
        let events = make(seed);
        let Some(measured) = measure(&events) else { continue };
        let k = least_k(&seen(&events, &Rules::default()));
        let what = || format!("seed {seed}: {k:?}, {measured:?}\n{}", shown(&events));
        let (Some(k), Some(bounds)) = (k, measured.atomicity) else {
            assert_eq!((k, measured.atomicity), (None, None), "{}", what());
            found[0] += 1;
            continue;
        };
        let (least, most) = (bounds.least as usize, bounds.most as usize);
        assert!(least <= k && k <= most, "{}", what());
        assert!(k > 2 || bounds.exact() == Some(k as u32), "{}", what());
        found[k.min(5)] += 1;
        exact[k.min(5)] += u64::from(bounds.exact().is_some());
    }
    (found, exact)
}

#[test]
fn the_least_k_stands_within_its_bounds_and_up_to_two_is_exact() {
    let (found, _) = compare_atomicity(20_000, timed);
    assert!(found[..3].iter().all(|times| *times > 300), "{found:?}");
    let (found, exact) = compare_atomicity(20_000, lagging);
    assert!(found[1..5].iter().all(|times| *times > 100), "{found:?}");
    let meets = exact[3..].iter().sum::<u64>() * 10 > found[3..].iter().sum::<u64>() * 9;
    assert!(meets, "bounds meet in {exact:?} of {found:?}");
}

/// By its definition: of how many reads the latest acknowledged write was seen, and of how many not,
/// by the time since then.
fn seen_by_definition(ops: &[Seen]) -> BTreeMap<u64, [u64; 2]> {
    let mut times: BTreeMap<u64, [u64; 2]> = BTreeMap::new();
    for read in ops {
        let Act::Read(value) = read.act else { continue };
        let is_write = |op: &&Seen| matches!(op.act, Act::Write(_));
        let returned = |op: &&Seen| op.ret.is_some_and(|ret| ret < read.call);
        let acknowledged = || ops.iter().filter(is_write).filter(returned);
        let Some(latest) = acknowledged().max_by_key(|op| op.call) else { continue };
        // Older is what was written or read before the write began.
        let of_value = |op: &&Seen| op.act == Act::Write(value) || op.act == Act::Read(value);
        let is_older = |than: &Seen| {
            let before = |op: &Seen| op.ret.is_some_and(|ret| ret < than.call);
            value == 0 || ops.iter().filter(of_value).any(before)
        };
        let missed = is_older(latest);
        assert_eq!(missed, acknowledged().any(is_older), "any newer one is missed with the latest");
        let time = (read.call - latest.ret.expect("it returned")) as u64 * 100;
        times.entry(time).or_default()[usize::from(missed)] += 1;
    }
    times
}

#[test]
fn visibility_counts_what_reads_saw_of_the_latest_acknowledged_write() {
    let mut all = [0, 0];
    for seed in 0..scaled(20_000) {
        let events = lagging(seed);
        let Some(measured) = measure(&events) else { continue };
        let visibility = measured.times.expect("every event has a time").visibility;
        let by_definition = seen_by_definition(&seen(&events, &Rules::default()));
        let sum = |from: u64, to: Option<u64>| {
            let within = by_definition
                .iter()
                .filter(|(time, _)| **time >= from && to.is_none_or(|to| **time < to));
            within.fold([0, 0], |sum, (_, counts)| [sum[0] + counts[0], sum[1] + counts[1]])
        };
        let mut found = [0, 0];
        for (from, to, bucket) in visibility.buckets() {
            let counts = [bucket.seen, bucket.reads - bucket.seen];
            assert_eq!(counts, sum(from, to), "seed {seed}:\n{}", shown(&events));
            found = [found[0] + counts[0], found[1] + counts[1]];
        }
        assert_eq!(found, sum(0, None), "seed {seed}:\n{}", shown(&events));
        all = [all[0] + found[0], all[1] + found[1]];
    }
    assert!(all.iter().all(|count| *count > 1000), "{all:?}");
}

#[test]
fn times_from_end_to_end_of_what_can_be_said_are_measured() {
    const TIMES: [i64; 7] = [i64::MIN + 1, i64::MIN / 4, -1, 0, 1, i64::MAX / 4, i64::MAX];
    let mut measured = 0;
    for seed in 0..2_000 {
        let (mut events, mut rng) = (history(seed, SMALL), rng(seed));
        for event in &mut events {
            event.time = Some(TIMES[rng.random_range(0..TIMES.len())]);
        }
        let times = measure(&events).and_then(|staleness| staleness.times);
        measured += u64::from(times.is_some());
        // Without the time of one completion nothing is measured in time.
        let is_ok = |event: &&mut Event| event.kind == EventKind::Ok;
        if let Some(event) = events.iter_mut().find(is_ok) {
            event.time = None;
            assert!(measure(&events).is_none_or(|staleness| staleness.times.is_none()));
        }
    }
    assert!(measured > 1_000, "only {measured}");
}

#[test]
fn a_read_is_as_old_as_what_replaced_it() {
    let event = |process: u32, kind: &str, f: &str, value: &str, time: u32| {
        format!(
            "{{\"process\":{process},\"type\":\"{kind}\",\"f\":\"{f}\",\"value\":{value},\
             \"time\":{time}}}\n"
        )
    };
    let mut file = String::new();
    for value in 1..=3 {
        file += &event(0, "invoke", "write", &value.to_string(), value * 100);
        file += &event(0, "ok", "write", &value.to_string(), value * 100 + 10);
    }
    file += &event(1, "invoke", "read", "null", 1000);
    file += &event(1, "ok", "read", "1", 1010);
    let mut builder = quorate_checker::Builder::default();
    for event in quorate_checker::Reader::new(file.as_bytes(), None).expect("a history") {
        builder.push(&event.expect("an event")).expect("in order");
    }
    let recorded = builder.finish();
    let measured = staleness(&recorded.keys[0], &recorded.values, &Rules::default());
    let measured = measured.expect("values are distinct");
    assert_eq!((measured.reads, measured.behind), (1, vec![2]));
    let times = measured.times.expect("there are times");
    assert_eq!(times.ages, [790], "2 was in place from 210 on");
    assert_eq!(times.delta, Some(790));
    assert_eq!(times.gamma, 190, "then 1 may have been written as late as 3");
}
