//! Large histories: linearizable by construction, or with one stale read planted; every proof is
//! verified, and the engines agree where more than one applies.

#[path = "common/large.rs"]
mod large;

use large::Large;
use quorate_checker::verify::verify;
use quorate_checker::{
    Anomaly, Budget, Engine, Event, EventKind, FailedCas, History, Proof, Rules, Verdict, check,
};

/// All events at once.
fn events(shape: Large, seed: u64) -> Vec<Event> {
    let mut events = Vec::new();
    large::make(shape, seed, |event| events.push(event));
    events
}

/// Makes one read in the last tenth return a value that was overwritten long before. Returns whether
/// there was one to damage.
fn plant_stale_read(events: &mut [Event]) -> bool {
    let from = events.len() * 9 / 10;
    let is_ok_read = |event: &Event| event.f == "read" && event.kind == EventKind::Ok;
    let Some(place) = (from..events.len()).find(|i| is_ok_read(&events[*i])) else { return false };
    let key = events[place].key.clone();
    // The value that another read of the key returned a good while earlier.
    let old = events[..place * 8 / 9]
        .iter()
        .rev()
        .find(|event| is_ok_read(event) && event.key == key && event.value != events[place].value);
    let Some(old) = old.map(|event| event.value.clone()) else { return false };
    events[place].value = old;
    true
}

fn shapes() -> Vec<Large> {
    let distinct = Large { op_count: 20_000, ..Large::DISTINCT };
    let small = Large { op_count: 3_000, ..Large::SMALL_DOMAIN };
    vec![
        distinct,
        Large { clients: 50, ..distinct },
        Large { cas: true, ..distinct },
        Large { cas: true, info_per_mille: 20, keys: 7, ..distinct },
        small,
        Large { clients: 3, ..small },
        Large { clients: 20, cas: false, ..small },
        Large { info_per_mille: 10, clients: 5, ..small },
        Large { keys: 10, clients: 30, ..small },
        // More operations open at once than one word has bits.
        Large { clients: 90, op_count: 400, cas: false, ..small },
        Large { clients: 90, keys: 2, ..distinct },
    ]
}

#[track_caller]
fn check_all(history: &History, rules: &Rules, expected: Verdict, shape: &Large) {
    let report = check(history, rules, Budget::GENEROUS);
    assert_eq!(report.verdict(), expected, "{shape:?}");
    for (key, result) in history.keys.iter().zip(&report.keys) {
        assert_eq!(verify(key, &history.values, rules, &result.proof), Ok(()), "{shape:?}");
    }
}

#[test]
fn linearizable_histories_are_valid() {
    for (seed, shape) in shapes().into_iter().enumerate() {
        let history = History::from_events(&events(shape, seed as u64)).expect("well-formed");
        check_all(&history, &Rules::default(), Verdict::Valid, &shape);
    }
}

#[test]
fn failed_cas_as_observations_keep_them_valid() {
    let rules = Rules { failed_cas: FailedCas::Mismatch, ..Rules::default() };
    let small = Large { op_count: 3_000, clients: 6, ..Large::SMALL_DOMAIN };
    for shape in [small, Large { info_per_mille: 10, ..small }] {
        let history = History::from_events(&events(shape, 1)).expect("well-formed");
        check_all(&history, &rules, Verdict::Valid, &shape);
    }
}

#[test]
fn a_planted_stale_read_is_found_and_shown_by_a_few_operations() {
    for (seed, shape) in shapes().into_iter().enumerate() {
        let mut events = events(shape, seed as u64);
        assert!(plant_stale_read(&mut events), "{shape:?}");
        let history = History::from_events(&events).expect("well-formed");
        let rules = Rules::default();
        // With few values the old one may have been written again: then nothing is wrong.
        let report = check(&history, &rules, Budget::GENEROUS);
        if shape.domain.is_some() && report.verdict() == Verdict::Valid {
            continue;
        }
        check_all(&history, &rules, Verdict::Invalid, &shape);
        for result in &report.keys {
            if let Proof::Counterexample(counterexample) = &result.proof {
                assert!(counterexample.minimal, "{shape:?}");
                assert!(counterexample.ops.len() <= 12, "{shape:?}: {counterexample:?}");
                if shape.domain.is_none() {
                    let anomaly = counterexample.anomaly;
                    assert!(
                        [Anomaly::StaleRead, Anomaly::LostWrite].contains(&anomaly),
                        "{anomaly}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_small_budget_ends_in_unknown_and_never_in_a_guess() {
    let shape = Large { op_count: 2_000, clients: 20, ..Large::SMALL_DOMAIN };
    let mut damaged = events(shape, 3);
    plant_stale_read(&mut damaged);
    for events in [events(shape, 3), damaged] {
        let history = History::from_events(&events).expect("well-formed");
        let whole = check(&history, &Rules::default(), Budget::GENEROUS).verdict();
        for steps in [1, 10, 100, 1000, 10_000] {
            let budget = Budget { steps, ..Budget::GENEROUS };
            let report = check(&history, &Rules::default(), budget);
            assert!([whole, Verdict::Unknown].contains(&report.verdict()), "{steps} steps");
            if steps == 1 {
                assert_eq!(report.verdict(), Verdict::Unknown);
            }
        }
        let budget = Budget { bytes: 1000, ..Budget::GENEROUS };
        assert_eq!(check(&history, &Rules::default(), budget).verdict(), Verdict::Unknown);
    }
}

#[test]
fn engines_are_chosen_from_the_history() {
    let engine = |shape: Large| {
        let history = History::from_events(&events(shape, 1)).expect("well-formed");
        check(&history, &Rules::default(), Budget::GENEROUS).keys[0].engine
    };
    assert_eq!(engine(Large::DISTINCT), Engine::Zones);
    assert_eq!(engine(Large { cas: true, ..Large::DISTINCT }), Engine::Chains);
    assert_eq!(engine(Large::SMALL_DOMAIN), Engine::DepthFirst);
}
