//! Every engine against an oracle that tries every order, on a hundred thousand small histories and
//! more; and every proof against the verifier.

mod common;
#[path = "common/oracle.rs"]
mod every_order;

use common::{Shape, history, scaled, shown};
use every_order::oracle;
use quorate_checker::verify::verify;
use quorate_checker::{
    Budget, Cited, Engine, FailedCas, Function, History, KeyHistory, NilRead, Op, Outcome, Proof,
    Rules, Value, Verdict, check,
};

/// Checks `count` histories and returns how often each engine decided, and how often invalid.
fn compare(count: u64, seed: u64, shape: Shape, rules: &Rules) -> (Vec<(Engine, u64)>, u64) {
    let mut engines: Vec<(Engine, u64)> = Vec::new();
    let mut invalid = 0;
    for seed in seed..seed + count {
        let events = history(seed, shape);
        let recorded = History::from_events(&events).expect("made histories are well-formed");
        let report = check(&recorded, rules, Budget::GENEROUS);
        let expected = if oracle(&events, rules) { Verdict::Valid } else { Verdict::Invalid };
        assert_eq!(
            report.verdict(),
            expected,
            "seed {seed}, {shape:?}, {rules:?}:\n{}",
            shown(&events)
        );
        for (key, result) in recorded.keys.iter().zip(&report.keys) {
            let accepted = verify(key, &recorded.values, rules, &result.proof);
            assert_eq!(
                accepted,
                Ok(()),
                "seed {seed}, {shape:?}: {:?}\n{}",
                result.proof,
                shown(&events)
            );
            match engines.iter_mut().find(|(engine, _)| *engine == result.engine) {
                Some((_, times)) => *times += 1,
                None => engines.push((result.engine, 1)),
            }
            if let Proof::Counterexample(counterexample) = &result.proof {
                assert!(counterexample.minimal, "seed {seed}");
                for cited in &counterexample.ops {
                    let mut fewer = counterexample.clone();
                    fewer.ops.retain(|other| other != cited);
                    let is_source =
                        fewer.ops.iter().any(|other| is_only_source(key, *cited, *other));
                    let fewer = Proof::Counterexample(fewer);
                    let accepted = verify(key, &recorded.values, rules, &fewer).is_ok();
                    let what = || format!("seed {seed}: {cited:?}\n{}", shown(&events));
                    assert!(!accepted || is_source, "{}", what());
                }
                invalid += 1;
            }
        }
    }
    (engines, invalid)
}

/// Whether `reader` observed a value that `writer`, and nobody else, may have left. Such a write belongs
/// to the story, even where it is proof enough that it cannot be the one that was observed.
fn is_only_source(key: &KeyHistory, writer: Cited, reader: Cited) -> bool {
    let left = |op: &Op| match (op.function(), op.outcome()) {
        (_, Outcome::Fail) | (Function::Read, _) => None,
        (Function::Write, _) => Some(op.a),
        (Function::Cas, _) => (op.a != op.b).then_some(op.b),
    };
    let read = &key.ops[reader.op as usize];
    let observed = match read.function() {
        Function::Cas if read.outcome() == Outcome::Fail => read.observed,
        Function::Read | Function::Cas => read.a,
        Function::Write => return false,
    };
    left(&key.ops[writer.op as usize]) == Some(observed)
        && key.ops.iter().filter(|op| left(op) == Some(observed)).count() == 1
}

const SMALL: Shape =
    Shape { op_count_max: 8, clients_max: 4, domain: None, cas: false, info: false, fail: false };

#[track_caller]
fn check_shape(count: u64, seed: u64, shape: Shape, rules: &Rules, used: &[Engine]) {
    let count = scaled(count);
    let (engines, invalid) = compare(count, seed, shape, rules);
    for engine in used {
        let times = engines.iter().find(|(e, _)| e == engine).map_or(0, |(_, times)| *times);
        assert!(times > count / 20, "{engine:?} hardly used: {engines:?}");
    }
    assert!(invalid > count / 20, "hardly any invalid: {invalid} of {count}");
    assert!(invalid < count * 9 / 10, "hardly any valid: {invalid} invalid of {count}");
}

#[test]
fn distinct_values() {
    check_shape(20_000, 0, SMALL, &Rules::default(), &[Engine::Zones]);
}

#[test]
fn distinct_values_with_unknown_and_failed_outcomes() {
    let shape = Shape { info: true, fail: true, ..SMALL };
    check_shape(30_000, 1_000_000_000, shape, &Rules::default(), &[Engine::Zones]);
}

#[test]
fn distinct_values_with_cas() {
    let shape = Shape { cas: true, ..SMALL };
    check_shape(20_000, 2_000_000_000, shape, &Rules::default(), &[Engine::Chains]);
}

#[test]
fn distinct_values_with_cas_and_unknown_outcomes() {
    let shape = Shape { cas: true, info: true, fail: true, ..SMALL };
    check_shape(30_000, 3_000_000_000, shape, &Rules::default(), &[Engine::Chains]);
}

#[test]
fn distinct_values_with_failed_cas_as_observation() {
    let shape = Shape { cas: true, info: true, fail: true, ..SMALL };
    let rules = Rules { failed_cas: FailedCas::Mismatch, ..Rules::default() };
    let used = [Engine::Chains, Engine::PlacedFailures];
    check_shape(20_000, 4_000_000_000, shape, &rules, &used);
}

#[test]
fn repeated_values() {
    let shape = Shape { domain: Some(3), info: true, fail: true, ..SMALL };
    let used = [Engine::ForcedReads, Engine::DepthFirst];
    check_shape(30_000, 5_000_000_000, shape, &Rules::default(), &used);
}

#[test]
fn repeated_values_with_cas() {
    let shape = Shape { domain: Some(3), cas: true, info: true, fail: true, ..SMALL };
    let used = [Engine::ForcedReads, Engine::DepthFirst];
    check_shape(30_000, 6_000_000_000, shape, &Rules::default(), &used);
}

#[test]
fn repeated_values_with_failed_cas_as_observation() {
    let shape = Shape { domain: Some(3), cas: true, info: true, fail: true, ..SMALL };
    let rules = Rules { failed_cas: FailedCas::Mismatch, ..Rules::default() };
    let used = [Engine::ForcedReads, Engine::PlacedFailures, Engine::DepthFirst];
    check_shape(30_000, 7_000_000_000, shape, &rules, &used);
}

#[test]
fn two_values_and_many_unknown_outcomes() {
    let shape = Shape { domain: Some(2), cas: true, info: true, clients_max: 6, ..SMALL };
    let used = [Engine::ForcedReads, Engine::DepthFirst];
    check_shape(20_000, 9_000_000_000, shape, &Rules::default(), &used);
}

#[test]
fn values_that_are_seldom_repeated() {
    let shape =
        Shape { domain: Some(6), op_count_max: 10, cas: true, info: true, fail: true, ..SMALL };
    check_shape(20_000, 10_000_000_000, shape, &Rules::default(), &[Engine::ForcedReads]);
}

#[test]
fn other_readings_of_nil_and_the_initial_value() {
    let shape = Shape { domain: Some(3), cas: true, info: true, fail: true, ..SMALL };
    let rules =
        Rules { initial: Value::Int(1), failed_cas: FailedCas::Mismatch, nil_read: NilRead::Any };
    let (_, invalid) = compare(scaled(20_000), 8_000_000_000, shape, &rules);
    assert!(invalid > 1000);
}
