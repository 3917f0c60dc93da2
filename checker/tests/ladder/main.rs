//! Every rung of the ladder against an oracle that tries everything its definition allows.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/oracle.rs"]
mod every_order;
mod own_order;
mod views;

use common::{Shape, history, scaled, shown};
use every_order::{Act, Seen, in_some_order, seen};
use own_order::Views;
use quorate_checker::{Breach, Builder, History, Reader, Rules, Rung, Standing, Verdict, ladder};

/// All orders of the numbers below `count`.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for order in orders(count - 1) {
        for place in 0..count {
            let mut longer = order.clone();
            longer.insert(place, count - 1);
            all.push(longer);
        }
    }
    all
}

fn precedes(a: &Seen, b: &Seen) -> bool {
    a.ret.is_some_and(|ret| ret < b.call)
}

fn written(op: &Seen) -> Option<i64> {
    match op.act {
        Act::Write(value) => Some(value),
        _ => None,
    }
}

fn read(op: &Seen) -> Option<i64> {
    match op.act {
        Act::Read(value) => Some(value),
        _ => None,
    }
}

/// Each read by itself with all the writes, for the reads that count.
fn each_read_alone(ops: &[Seen], counts: impl Fn(&Seen) -> bool) -> bool {
    let writes: Vec<Seen> = ops.iter().filter(|op| written(op).is_some()).copied().collect();
    ops.iter().filter(|op| read(op).is_some() && counts(op)).all(|read| {
        let mut alone = writes.clone();
        alone.push(*read);
        in_some_order(&alone, 0)
    })
}

fn safe(ops: &[Seen]) -> bool {
    each_read_alone(ops, |read| {
        ops.iter()
            .filter(|op| written(op).is_some())
            .all(|w| precedes(w, read) || precedes(read, w))
    })
}

/// What a write wrote. One of unknown outcome that nobody read need not have happened.
fn effective(op: &Seen, ops: &[Seen]) -> Option<i64> {
    let observed = |value| ops.iter().any(|op| read(op) == Some(value));
    written(op).filter(|value| op.ret.is_some() || observed(*value))
}

/// The values that somebody wrote or read, the initial one first, if every one of them has a writer.
fn values(ops: &[Seen]) -> Option<Vec<i64>> {
    let mut values = vec![0];
    values.extend(ops.iter().filter_map(|op| effective(op, ops)));
    ops.iter().filter_map(read).all(|value| values.contains(&value)).then_some(values)
}

fn has_twins(values: &[i64]) -> bool {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair[0] == pair[1])
}

/// Whether some order of the values, the initial one first, satisfies all demands.
fn some_order(values: &[i64], demand: impl Fn(&dyn Fn(i64) -> usize) -> bool) -> bool {
    orders(values.len()).iter().filter(|order| order[0] == 0).any(|order| {
        let place = |value: i64| {
            let number = values.iter().position(|v| *v == value).expect("a value");
            order.iter().position(|o| *o == number).expect("all are ordered")
        };
        demand(&place)
    })
}

fn regular(ops: &[Seen]) -> bool {
    let Some(values) = values(ops) else { return false };
    let writes: Vec<(Seen, i64)> =
        (ops.iter()).filter_map(|op| Some((*op, effective(op, ops)?))).collect();
    some_order(&values, |place| {
        let in_time = writes
            .iter()
            .all(|(a, va)| writes.iter().all(|(b, vb)| !precedes(a, b) || place(*va) < place(*vb)));
        // A read goes between the write it returns and the next one.
        in_time
            && ops.iter().filter_map(|op| Some((op, read(op)?))).all(|(read, value)| {
                writes.iter().all(|(write, other)| {
                    let until = place(*other) <= place(value);
                    if until { !precedes(read, write) } else { !precedes(write, read) }
                })
            })
    })
}

/// One order of the values such that, in each process, operations of the first kind come before later
/// ones of the second, unless they are on the same value.
fn session(ops: &[Seen], first: fn(&Seen) -> bool, then: fn(&Seen) -> bool) -> bool {
    let Some(values) = values(ops) else { return false };
    let value = |op: &Seen| effective(op, ops).or(read(op));
    some_order(&values, |place| {
        ops.iter().enumerate().all(|(i, a)| {
            ops[i + 1..].iter().filter(|b| b.process == a.process && first(a) && then(b)).all(|b| {
                match (value(a), value(b)) {
                    (Some(x), Some(y)) if x == y => read(a).is_none() || written(b).is_none(),
                    (Some(x), Some(y)) => place(x) < place(y),
                    _ => true,
                }
            })
        })
    })
}

fn oracle(rung: Rung, ops: &[Seen]) -> Option<bool> {
    let by_reads = [Rung::Linearizable, Rung::WeakRegular, Rung::Safe];
    if !by_reads.contains(&rung) && values(ops).is_some_and(|values| has_twins(&values)) {
        // Which write a read saw cannot be told.
        return None;
    }
    let is_read = |op: &Seen| read(op).is_some();
    let is_write = |op: &Seen| written(op).is_some();
    Some(match rung {
        Rung::Linearizable => in_some_order(ops, 0),
        Rung::Regular => regular(ops),
        Rung::WeakRegular => each_read_alone(ops, |_| true),
        Rung::Safe => safe(ops),
        Rung::Sequential => {
            let sequential = session(ops, |_| true, |_| true);
            // Causal convergence is the same on one register.
            let views = Views::new(ops);
            assert_eq!(sequential, views.is_some_and(|views| views.is_causally_convergent()));
            sequential
        }
        Rung::Causal => Views::new(ops).is_some_and(|views| views.is_causal()),
        Rung::WeaklyCausal => Views::new(ops).is_some_and(|views| views.is_weakly_causal()),
        Rung::Pram => Views::new(ops).is_some_and(|views| views.is_pram()),
        Rung::ReadYourWrites => session(ops, is_write, is_read),
        Rung::MonotonicReads => session(ops, is_read, is_read),
        Rung::MonotonicWrites => session(ops, is_write, is_write),
        Rung::WritesFollowReads => session(ops, is_read, is_write),
        Rung::Convergence => return None,
    })
}

/// What a breach cites must break the rung without the rest of the history.
fn is_breach(rung: Rung, breach: &Breach, ops: &[Seen], all: &History) -> bool {
    let mut cited: Vec<u32> = match breach {
        Breach::Sourceless { read } => return all.keys[0].ops.len() > *read as usize,
        Breach::Stale { read, missed } => vec![*read, *missed],
        Breach::BeforeOwnWrite { read, write } => vec![*read, *write],
        Breach::Diverged { first, second } => vec![*first, *second],
        Breach::Circle(links) => {
            assert!(!links.is_empty());
            for (link, next) in links.iter().zip(links.iter().cycle().skip(1)) {
                assert_eq!(link.to, next.from, "{links:?}");
            }
            links.iter().flat_map(|link| [link.first, link.then]).flatten().collect()
        }
    };
    // With the writers of what they read, they stand for themselves.
    let key = &all.keys[0].ops;
    for op in cited.clone() {
        let value = key[op as usize].a;
        let writer = |w: &quorate_checker::Op| {
            w.function() == quorate_checker::Function::Write && w.a == value
        };
        cited.extend(key.iter().position(writer).map(|writer| writer as u32));
    }
    cited.sort_unstable();
    cited.dedup();
    let calls: Vec<usize> = cited.iter().map(|op| key[*op as usize].call as usize - 1).collect();
    let part: Vec<Seen> = ops.iter().filter(|op| calls.contains(&op.call)).copied().collect();
    oracle(rung, &part) == Some(false)
}

fn compare(count: u64, seed: u64, shape: Shape) {
    let count = scaled(count);
    let mut broken = [0_u64; Rung::ALL.len()];
    for seed in seed..seed + count {
        let events = history(seed, shape);
        let recorded = History::from_events(&events).expect("made histories are well-formed");
        let rules = Rules::default();
        let ops = seen(&events, &rules);
        let Some(key) = recorded.keys.first() else { continue };
        for (rung, standing) in ladder(key, &recorded.values, &rules, Verdict::Unknown) {
            let Some(expected) = oracle(rung, &ops) else { continue };
            let what = || format!("{rung}, seed {seed}, {standing:?}:\n{}", shown(&events));
            match &standing {
                Standing::Holds => assert!(expected, "{}", what()),
                Standing::Open(_) => assert!(shape.domain.is_some(), "{}", what()),
                Standing::Breaks(breach) => {
                    assert!(!expected, "{}", what());
                    assert!(is_breach(rung, breach, &ops, &recorded), "{}", what());
                    broken[rung as usize] += 1;
                }
            }
        }
        let linearizable = every_order::oracle(&events, &rules);
        for (rung, standing) in ladder(key, &recorded.values, &rules, Verdict::Unknown) {
            let implied = linearizable && rung.is_implied_by_linearizability();
            assert!(!implied || !matches!(standing, Standing::Breaks(_)), "{rung}, seed {seed}");
        }
    }
    for rung in Rung::ALL {
        let needs_distinct = !matches!(rung, Rung::WeakRegular | Rung::Safe);
        let expected = rung != Rung::Linearizable
            && rung != Rung::Convergence
            && (shape.domain.is_none() || !needs_distinct);
        let times = broken[rung as usize];
        assert!(!expected || times > count / 500, "{rung} broke only {times} times");
    }
}

const SMALL: Shape =
    Shape { op_count_max: 8, clients_max: 3, domain: None, cas: false, info: false, fail: false };

#[test]
fn distinct_values() {
    compare(10_000, 0, SMALL);
}

#[test]
fn distinct_values_with_unknown_and_failed_outcomes() {
    compare(10_000, 1_000_000_000, Shape { info: true, fail: true, ..SMALL });
}

#[test]
fn repeated_values() {
    compare(10_000, 2_000_000_000, Shape { domain: Some(3), info: true, fail: true, ..SMALL });
}

/// The standing of a history of one register on one rung.
fn standing(rung: Rung, history: &[&str]) -> Standing {
    let file = history.join("\n");
    let mut builder = Builder::default();
    for event in Reader::new(file.as_bytes(), None).expect("it is a history") {
        builder.push(&event.expect("it is an event")).expect("it is in order");
    }
    let recorded = builder.finish();
    let rules = Rules::default();
    let rungs = ladder(&recorded.keys[0], &recorded.values, &rules, Verdict::Unknown);
    rungs.into_iter().find(|(other, _)| *other == rung).expect("every rung is there").1
}

#[test]
fn a_circle_of_three_breaks_regularity_where_no_pair_does() {
    // W3 [0,1000], R3 [5,10], W1 [20,200], W2 [0,100], R2 [210,220], R3 [110,120], by six processes.
    let history = [
        r#"{"process":0,"type":"invoke","f":"write","value":3}"#,
        r#"{"process":3,"type":"invoke","f":"write","value":2}"#,
        r#"{"process":1,"type":"invoke","f":"read","value":null}"#,
        r#"{"process":1,"type":"ok","f":"read","value":3}"#,
        r#"{"process":2,"type":"invoke","f":"write","value":1}"#,
        r#"{"process":3,"type":"ok","f":"write","value":2}"#,
        r#"{"process":4,"type":"invoke","f":"read","value":null}"#,
        r#"{"process":4,"type":"ok","f":"read","value":3}"#,
        r#"{"process":2,"type":"ok","f":"write","value":1}"#,
        r#"{"process":5,"type":"invoke","f":"read","value":null}"#,
        r#"{"process":5,"type":"ok","f":"read","value":2}"#,
        r#"{"process":0,"type":"ok","f":"write","value":3}"#,
    ];
    assert_eq!(standing(Rung::WeakRegular, &history), Standing::Holds);
    let Standing::Breaks(Breach::Circle(links)) = standing(Rung::Regular, &history) else {
        panic!("{:?}", standing(Rung::Regular, &history))
    };
    assert_eq!(links.len(), 3, "{links:?}");
}

#[test]
fn convergence_looks_at_last_reads_after_the_last_write() {
    let write = [
        r#"{"process":0,"type":"invoke","f":"write","value":1}"#,
        r#"{"process":0,"type":"ok","f":"write","value":1}"#,
    ];
    let read = |process: u32, value: &str| {
        ["invoke", "ok"].map(|kind| {
            let value = if kind == "ok" { value } else { "null" };
            format!(r#"{{"process":{process},"type":"{kind}","f":"read","value":{value}}}"#)
        })
    };
    let after = |reads: &[(u32, &str)]| {
        let reads: Vec<[String; 2]> = reads.iter().map(|(p, value)| read(*p, value)).collect();
        let lines = reads.iter().flatten().map(String::as_str);
        standing(Rung::Convergence, &write.into_iter().chain(lines).collect::<Vec<_>>())
    };
    assert_eq!(after(&[(0, "1"), (1, "null"), (1, "1")]), Standing::Holds);
    let diverged = Standing::Breaks(Breach::Diverged { first: 1, second: 3 });
    assert_eq!(after(&[(0, "1"), (1, "1"), (1, "null")]), diverged);
    assert!(matches!(after(&[]), Standing::Open(_)));
    assert!(matches!(after(&[(0, "1")]), Standing::Open(_)));
}
