//! The library as a reader of its documentation uses it: the example runs, and finds what is to be found.

#[path = "../examples/own_store.rs"]
mod own_store;

use quorate::judge::Judgement;
use quorate_checker::Verdict;

#[test]
fn the_example_keeps_its_word_and_its_bug_is_found() {
    let correct = own_store::test(false).expect("it runs");
    assert_eq!((correct.verdict, correct.judgement), (Verdict::Valid, Judgement::Kept));
    let partitions = &correct.evidence.faults["partition"];
    assert!(correct.evidence.vacuous.is_empty() && partitions.ops > 0, "{partitions:?}");
    let broken = own_store::test(true).expect("it runs");
    assert_eq!((broken.verdict, broken.judgement), (Verdict::Invalid, Judgement::Broken));
}

#[test]
fn the_example_is_as_short_as_it_says() {
    let source = include_str!("../examples/own_store.rs");
    assert!(source.lines().count() < 100, "{} lines", source.lines().count());
    own_store::main().expect("it runs");
}
