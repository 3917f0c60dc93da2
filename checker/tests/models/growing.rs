//! Counters and sets on the rungs below linearizability, against every choice of adds that a read may show.

use quorate_checker::{
    Budget, Datum, Event, EventKind, Footing, Object, Process, ReadError, Reading, Recorded, Rung,
    Verdict,
};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::common::{rng, scaled, shown};

const CLIENTS: usize = 3;
const RUNGS: [Rung; 4] =
    [Rung::WeakRegular, Rung::ReadYourWrites, Rung::MonotonicReads, Rung::Convergence];

/// An operation while its history is made.
struct Made {
    /// What is added; nothing for a read.
    adds: Option<i64>,
    applied: bool,
    kind: Option<EventKind>,
}

fn list(mut elements: Vec<i64>) -> Datum {
    elements.sort_unstable();
    elements.dedup();
    Datum::List(elements.into_iter().map(Datum::Int).collect())
}

/// What a read returns that shows these adds.
fn showing(object: Object, adds: &[i64]) -> Datum {
    match object {
        Object::Counter => Datum::Int(adds.iter().sum()),
        _ => list(adds.to_vec()),
    }
}

fn amount(object: Object, rng: &mut ChaCha8Rng) -> i64 {
    match object {
        Object::Counter if rng.random_ratio(1, 8) => -rng.random_range(1..=3),
        Object::Counter => [1, 1, 2, 5][rng.random_range(0..4)],
        _ => rng.random_range(1..=5),
    }
}

/// A few clients that add and read; a read shows a random choice of what was added, mostly all of it. In the end
/// some often read once more.
fn history(seed: u64, object: Object) -> Vec<Event> {
    let mut rng = rng(seed);
    let mut processes: Vec<usize> = (0..CLIENTS).collect();
    let mut busy: Vec<Option<usize>> = vec![None; CLIENTS];
    let (mut ops, mut events): (Vec<Made>, Vec<Event>) = (Vec::new(), Vec::new());
    let with_times = rng.random_bool(0.7);
    let (steps, calm) = (rng.random_range(4..22), rng.random_range(2..8));
    for step in 0..steps + calm {
        let client = rng.random_range(0..CLIENTS);
        let is_end = step >= steps;
        let (kind, adds, value) = match busy[client] {
            None => {
                let adds = (!is_end && rng.random_bool(0.5)).then(|| amount(object, &mut rng));
                busy[client] = Some(ops.len());
                ops.push(Made { adds, applied: false, kind: None });
                (EventKind::Invoke, adds, adds.map_or(Datum::Nil, Datum::Int))
            }
            Some(op) => {
                let outcomes =
                    [EventKind::Ok, EventKind::Ok, EventKind::Ok, EventKind::Info, EventKind::Fail];
                let kind = outcomes[rng.random_range(0..if is_end { 3 } else { 5 })];
                (busy[client], ops[op].kind) = (None, Some(kind));
                ops[op].applied = match kind {
                    EventKind::Ok => rng.random_ratio(15, 16),
                    EventKind::Info => rng.random(),
                    _ => false,
                };
                let is_shown =
                    |op: &Made| op.applied && (is_end || op.kind != Some(EventKind::Info));
                let mut all: Vec<i64> =
                    ops.iter().filter(|op| is_shown(op)).filter_map(|op| op.adds).collect();
                if rng.random_ratio(1, 6) && !all.is_empty() {
                    all.remove(rng.random_range(0..all.len()));
                }
                if rng.random_ratio(1, 24) {
                    all.push(amount(object, &mut rng));
                }
                let adds = ops[op].adds;
                (kind, adds, adds.map_or_else(|| showing(object, &all), Datum::Int))
            }
        };
        events.push(Event {
            line: 0,
            index: None,
            time: with_times.then_some(step),
            process: Process::Client(processes[client] as u32),
            kind,
            f: if adds.is_some() { "add" } else { "read" }.into(),
            key: None,
            value,
            observed: None,
            extra: Vec::new(),
        });
        if kind == EventKind::Info {
            processes[client] += CLIENTS;
        }
    }
    events
}

/// An operation with the positions of its ends.
struct Op {
    process: Process,
    adds: Option<i64>,
    shows: Datum,
    kind: EventKind,
    call: usize,
    /// When its client knew more, if ever.
    end: Option<usize>,
}

impl Op {
    /// When it was over for certain.
    fn ret(&self) -> usize {
        self.end.filter(|_| self.kind == EventKind::Ok).unwrap_or(usize::MAX)
    }
}

fn ops(events: &[Event]) -> Vec<Op> {
    let invoked = events.iter().enumerate().filter(|(_, event)| event.kind == EventKind::Invoke);
    let op = |(call, begun): (usize, &Event)| {
        let mut later = events.iter().enumerate().skip(call + 1);
        let end = later.find(|(_, event)| event.process == begun.process);
        let adds = match begun.value {
            Datum::Int(amount) => Some(amount),
            _ => None,
        };
        let kind = end.map_or(EventKind::Info, |(_, end)| end.kind);
        let shows = end.map_or(Datum::Nil, |(_, end)| end.value.clone());
        Op { process: begun.process, adds, shows, kind, call, end: end.map(|(ret, _)| ret) }
    };
    invoked.map(op).filter(|op| op.kind != EventKind::Fail).collect()
}

/// Whether a read shows some choice of the adds that began before it had ended, with all that it must.
fn explained(object: Object, ops: &[Op], read: &Op, must: impl Fn(&Op) -> bool) -> bool {
    let may = ops.iter().filter(|op| op.adds.is_some() && op.call < read.ret());
    let (required, optional): (Vec<&Op>, Vec<&Op>) = may.partition(|op| must(op));
    (0..1_u32 << optional.len()).any(|choice| {
        let chosen = optional.iter().enumerate().filter(|(i, _)| choice & (1 << i) != 0);
        let all = required.iter().chain(chosen.map(|(_, op)| op));
        let adds: Vec<i64> = all.filter_map(|op| op.adds).collect();
        showing(object, &adds) == read.shows
    })
}

fn is_at_least(later: &Datum, earlier: &Datum) -> bool {
    match (later, earlier) {
        (Datum::List(later), Datum::List(earlier)) => earlier.iter().all(|e| later.contains(e)),
        (Datum::Int(later), Datum::Int(earlier)) => later >= earlier,
        _ => false,
    }
}

/// Whether a condition holds, by its definition; `None` where nobody can tell.
fn expected(object: Object, events: &[Event], rung: Rung) -> Option<bool> {
    let ops = ops(events);
    let reads = || ops.iter().filter(|op| op.adds.is_none() && op.kind == EventKind::Ok);
    let adds = || ops.iter().filter(|op| op.adds.is_some());
    let each = |must: &dyn Fn(&Op, &Op) -> bool| {
        Some(reads().all(|read| explained(object, &ops, read, |add| must(read, add))))
    };
    match rung {
        Rung::WeakRegular => each(&|read, add| add.ret() < read.call),
        Rung::ReadYourWrites => {
            each(&|read, add| add.ret() < read.call && add.process == read.process)
        }
        Rung::MonotonicReads
            if adds().any(|add| add.adds < Some(0)) && object == Object::Counter =>
        {
            None
        }
        Rung::MonotonicReads => Some(reads().all(|later| {
            let before = reads().filter(|r| r.process == later.process && r.call < later.call);
            before.into_iter().all(|earlier| is_at_least(&later.shows, &earlier.shows))
        })),
        _ => {
            let is_timed = events.iter().all(|event| event.time.is_some());
            let is_over = |add: &Op| add.end.is_some() && (is_timed || add.kind == EventKind::Ok);
            if !adds().all(is_over) {
                return None;
            }
            let quiet = adds().filter_map(|add| add.end).max();
            let late = || reads().filter(|read| quiet.is_none_or(|quiet| read.call > quiet));
            let is_last = |read: &&Op| {
                late().all(|other| other.process != read.process || other.call <= read.call)
            };
            let last: Vec<&Op> = late().filter(is_last).collect();
            let shows_all =
                |read: &&Op| explained(object, &ops, read, |add| add.kind == EventKind::Ok);
            let agree = last.windows(2).all(|pair| pair[0].shows == pair[1].shows);
            let in_doubt = adds().any(|add| add.kind != EventKind::Ok);
            match () {
                () if last.is_empty() => None,
                () if !last.iter().all(shows_all) => Some(false),
                () if last.len() < 2 || (!agree && in_doubt) => None,
                () => Some(agree),
            }
        }
    }
}

#[test]
fn each_condition_is_what_it_says() {
    for object in [Object::Set, Object::Counter] {
        let (count, mut seen) = (scaled(10_000), [[0_u64; 3]; 4]);
        for seed in 0..count {
            let events = history(seed, object);
            let reading = Reading { object: Some(object), ..Reading::default() };
            let all = events.iter().cloned().map(Ok::<_, ReadError>);
            let recorded = Recorded::read(all, &reading).expect("it can be read");
            let Some(result) = recorded.check(Budget::GENEROUS).next() else { continue };
            // Without a read, elements are apart, and there is nothing to see.
            if recorded.key_count > 1 {
                continue;
            }
            let rungs = recorded.ladder(0, &result);
            for (place, rung) in RUNGS.into_iter().enumerate() {
                let (_, footing) =
                    rungs.iter().find(|(other, _)| *other == rung).expect("it is there");
                let holds = match footing {
                    Footing::Holds => Some(true),
                    Footing::Breaks(_) => Some(false),
                    Footing::Open(_) => None,
                };
                let expected = expected(object, &events, rung);
                assert_eq!(holds, expected, "{rung} of seed {seed}\n{}", shown(&events));
                let is_implied = rung.is_implied_by_linearizability();
                if result.verdict() == Verdict::Valid && is_implied {
                    assert_ne!(holds, Some(false), "{rung} of seed {seed}\n{}", shown(&events));
                }
                seen[place][holds.map_or(2, usize::from)] += 1;
            }
        }
        for (rung, [breaks, holds, _]) in RUNGS.iter().zip(seen) {
            let least = count / 50;
            assert!(breaks > least && holds > least, "{object:?}, {rung}: {seen:?} of {count}");
        }
    }
}
