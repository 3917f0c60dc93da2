//! Small histories that a checker easily gets wrong, each with its verdict and the engine that decides.

use quorate_checker::verify::verify;
use quorate_checker::{
    Anomaly, Budget, Engine, Event, FailedCas, History, NilRead, Proof, Reader, Rules, Verdict,
    check,
};

/// A history of one register, a line an event: process, type, function, value.
fn events(history: &str) -> Vec<Event> {
    let event = |line: &str| {
        let mut words = line.trim().splitn(4, ' ');
        let [process, kind, f, value] = std::array::from_fn(|_| words.next().expect("four words"));
        format!("{{\"process\":{process},\"type\":\"{kind}\",\"f\":\"{f}\",\"value\":{value}}}\n")
    };
    let lines: String = history.trim().lines().map(event).collect();
    let reader = Reader::new(lines.as_bytes(), None).expect("it is a history");
    reader.map(|event| event.expect("an event")).collect()
}

/// The verdict, its proof verified; the engine, and the anomaly if there is one.
fn examine(history: &str, rules: &Rules) -> (Verdict, Engine, Option<Anomaly>) {
    let history = History::from_events(&events(history)).expect("well-formed");
    let report = check(&history, rules, Budget::GENEROUS);
    let key = &report.keys[0];
    assert_eq!(verify(&history.keys[0], &history.values, rules, &key.proof), Ok(()));
    let anomaly = match &key.proof {
        Proof::Counterexample(counterexample) => {
            assert!(counterexample.minimal);
            Some(counterexample.anomaly)
        }
        _ => None,
    };
    (key.verdict(), key.engine, anomaly)
}

fn mismatch() -> Rules {
    Rules { failed_cas: FailedCas::Mismatch, ..Rules::default() }
}

#[track_caller]
fn valid(history: &str, rules: &Rules, engine: Engine) {
    assert_eq!(examine(history, rules), (Verdict::Valid, engine, None));
}

#[track_caller]
fn invalid(history: &str, rules: &Rules, engine: Engine, anomaly: Anomaly) {
    assert_eq!(examine(history, rules), (Verdict::Invalid, engine, Some(anomaly)));
}

#[test]
fn a_history_without_operations_is_valid() {
    let report = check(&History::default(), &Rules::default(), Budget::GENEROUS);
    assert_eq!((report.verdict(), report.keys.len()), (Verdict::Valid, 0));
}

#[test]
fn a_history_of_which_nobody_knows_the_outcome_is_valid() {
    let history = "0 invoke write 1
                   1 invoke cas [1,2]
                   2 invoke cas [7,8]
                   0 info write 1
                   3 invoke read null
                   3 info read null
                   1 info cas [1,2]";
    valid(history, &Rules::default(), Engine::Chains);
    valid(&history.replace("[7,8]", "[7,1]"), &mismatch(), Engine::ForcedReads);
}

#[test]
fn a_single_operation_reads_what_was_there_at_first() {
    let read = |value: &str| format!("0 invoke read null\n0 ok read {value}");
    valid(&read("null"), &Rules::default(), Engine::Zones);
    invalid(&read("1"), &Rules::default(), Engine::Zones, Anomaly::PhantomValue);
    let zero = Rules { initial: quorate_checker::Value::Int(0), ..Rules::default() };
    valid(&read("0"), &zero, Engine::Zones);
    invalid(&read("null"), &zero, Engine::Zones, Anomaly::PhantomValue);
    valid(&read("null"), &Rules { nil_read: NilRead::Any, ..zero }, Engine::Zones);
}

#[test]
fn a_write_of_unknown_outcome_may_take_effect_long_after_its_client_gave_up() {
    let history = "0 invoke write 1
                   0 info write 1
                   1 invoke read null
                   1 ok read null
                   1 invoke read null
                   1 ok read 1";
    valid(history, &Rules::default(), Engine::Zones);
    let back = format!("{history}\n2 invoke read null\n2 ok read null");
    invalid(&back, &Rules::default(), Engine::Zones, Anomaly::NewOldInversion);
}

#[test]
fn a_chain_of_unknown_outcome_happened_if_its_end_was_read() {
    let history = "0 invoke write 1
                   1 invoke cas [1,2]
                   2 invoke cas [2,3]
                   3 invoke read null
                   3 ok read 3";
    valid(history, &Rules::default(), Engine::Chains);
    let without = history.replace("0 invoke write 1\n", "");
    assert_eq!(examine(&without, &Rules::default()).0, Verdict::Invalid);
}

#[test]
fn a_value_that_failed_may_be_written_again() {
    let history = "0 invoke write 1
                   0 fail write 1
                   1 invoke write 1
                   1 ok write 1
                   2 invoke read null
                   2 ok read 1";
    valid(history, &Rules::default(), Engine::Zones);
    invalid(
        &history.replace("1 ok", "1 fail"),
        &Rules::default(),
        Engine::Zones,
        Anomaly::DirtyRead,
    );
}

/// Two writes of 1 that no read can mistake for each other.
const TWICE: &str = "0 invoke write 1
                     0 ok write 1
                     0 invoke read null
                     0 ok read 1
                     0 invoke write 2
                     0 ok write 2
                     0 invoke write 1
                     0 ok write 1";

#[test]
fn values_written_twice_are_told_apart() {
    let read = |value: &str| format!("{TWICE}\n0 invoke read null\n0 ok read {value}");
    valid(&read("1"), &Rules::default(), Engine::ForcedReads);
    invalid(&read("2"), &Rules::default(), Engine::ForcedReads, Anomaly::StaleRead);
    invalid(&read("3"), &Rules::default(), Engine::ForcedReads, Anomaly::PhantomValue);
    // A read that overlaps both may have seen either.
    let both = format!("9 invoke read null\n{TWICE}\n9 ok read 1");
    valid(&both, &Rules::default(), Engine::DepthFirst);
}

#[test]
fn the_initial_value_may_be_written_again() {
    let history = "0 invoke read null
                   0 ok read null
                   0 invoke write 1
                   0 ok write 1
                   0 invoke write null
                   0 ok write null
                   0 invoke read null
                   0 ok read null";
    valid(history, &Rules::default(), Engine::ForcedReads);
    let stale = history.replace("0 invoke write null\n", "").replace("0 ok write null\n", "");
    assert_eq!(examine(&stale, &Rules::default()).0, Verdict::Invalid);
}

#[test]
fn a_failed_cas_may_need_a_write_that_nobody_reads() {
    // 3 is dead from the start, but must come after 1 for the failure.
    let history = "0 invoke write 3
                   1 invoke write 1
                   1 ok write 1
                   0 ok write 3
                   1 invoke cas [1,2]
                   1 fail cas [1,2]";
    valid(history, &mismatch(), Engine::DepthFirst);
    let unknown = history.replace("0 ok write 3", "0 info write 3");
    valid(&unknown, &mismatch(), Engine::DepthFirst);
    valid(&unknown, &Rules::default(), Engine::Zones);
    let after = "0 invoke write 1
                 0 ok write 1
                 0 invoke write 3
                 1 invoke cas [1,2]
                 1 fail cas [1,2]
                 0 ok write 3";
    valid(after, &mismatch(), Engine::PlacedFailures);
    let alone = "1 invoke write 1
                 1 ok write 1
                 1 invoke cas [1,2]
                 1 fail cas [1,2]";
    invalid(alone, &mismatch(), Engine::DepthFirst, Anomaly::Contradiction);
}

#[test]
fn a_failed_cas_between_two_reads_of_what_it_expected_is_refuted() {
    let history = "0 invoke write 1
                   1 invoke read null
                   1 ok read 1
                   2 invoke cas [1,2]
                   2 fail cas [1,2]
                   1 invoke read null
                   1 ok read 1
                   0 ok write 1";
    invalid(history, &mismatch(), Engine::PlacedFailures, Anomaly::Contradiction);
    valid(history, &Rules::default(), Engine::Zones);
}

#[test]
fn the_expected_value_of_a_cas_that_nobody_saw_does_not_matter() {
    let history = "0 invoke cas [5,6]
                   0 info cas [5,6]
                   1 invoke read null
                   1 ok read null";
    valid(history, &Rules::default(), Engine::Chains);
    let seen = format!("{history}\n1 invoke read null\n1 ok read 6");
    assert_eq!(examine(&seen, &Rules::default()).0, Verdict::Invalid);
}

/// So many writes of 1, all open at once, and a read that may have seen any.
fn crowd(count: usize) -> String {
    let calls = (0..count).map(|process| format!("{process} invoke write 1\n"));
    let returns = (0..count).map(|process| format!("{process} ok write 1\n"));
    calls.chain(["9999 invoke read null\n9999 ok read 1\n".to_owned()]).chain(returns).collect()
}

#[test]
fn more_operations_open_at_once_than_any_word_has_bits() {
    for count in [63, 64, 65, 200, 511] {
        valid(&crowd(count), &Rules::default(), Engine::DepthFirst);
    }
    let history = History::from_events(&events(&crowd(512))).expect("well-formed");
    let report = check(&history, &Rules::default(), Budget::GENEROUS);
    let Proof::GaveUp(gave_up) = &report.keys[0].proof else { panic!("{report:?}") };
    assert!(gave_up.memory && gave_up.open_max == 513, "{gave_up:?}");
}
