//! Sets, counters, queues, lists and registers with versions: the search against trying every order,
//! and the whole against its parts.

use quorate_checker::model::{
    AppendList, Counter, Model, MultiRegister, Queue, Set, UnorderedQueue, VersionedRegister,
    check_calls,
};
use quorate_checker::{Budget, Engine, Event, NilRead, Outcome, ReadError, Value, Verdict};

use crate::common::{scaled, shown};
use crate::objects::{self, Object};
use crate::oracle::oracle;
use crate::proofs::{recorded, verdict};
use crate::random::history;

/// A model that is not told apart by its elements.
struct Whole<M>(M);

impl<M: Model> Model for Whole<M> {
    type Op = M::Op;
    type State = M::State;

    fn initial(&self) -> M::State {
        self.0.initial()
    }

    fn op(
        &self,
        invocation: &Event,
        completion: Option<&Event>,
        outcome: Outcome,
    ) -> Result<Option<M::Op>, ReadError> {
        self.0.op(invocation, completion, outcome)
    }

    fn step(&self, state: &M::State, op: &M::Op) -> Result<M::State, String> {
        self.0.step(state, op)
    }

    fn is_read_only(&self, op: &M::Op) -> bool {
        self.0.is_read_only(op)
    }

    fn describe(&self, op: &M::Op) -> String {
        self.0.describe(op)
    }
}

/// Compares thousands of histories with the oracle.
fn compare<M: Model>(model: fn() -> M, made_as: Object, judged_as: Object) {
    let count = scaled(10_000);
    let mut invalid = 0;
    for seed in 0..count {
        let events = history(seed, made_as);
        let found = verdict(&model(), &events, seed);
        let expected = oracle(judged_as, &events);
        assert_eq!(found == Verdict::Valid, expected, "seed {seed}\n{}", shown(&events));
        let whole = verdict(&Whole(model()), &events, seed);
        assert_eq!(found, whole, "seed {seed}\n{}", shown(&events));
        invalid += u64::from(found == Verdict::Invalid);
    }
    assert!((count / 20..count * 19 / 20).contains(&invalid), "{invalid} of {count} invalid");
}

#[test]
fn sets() {
    compare(|| Set, objects::SET, objects::SET);
}

#[test]
fn sets_element_by_element() {
    compare(|| Set, objects::ELEMENTS, objects::ELEMENTS);
}

#[test]
fn multi_registers() {
    let model = || MultiRegister { initial: Vec::new(), nil_read: NilRead::Value };
    compare(model, objects::MULTI_REGISTER, objects::MULTI_REGISTER);
}

#[test]
fn counters() {
    compare(Counter::default, objects::COUNTER, objects::COUNTER);
}

#[test]
fn queues() {
    compare(Queue::default, objects::QUEUE, objects::QUEUE);
}

#[test]
fn unordered_queues() {
    compare(UnorderedQueue::default, objects::UNORDERED_QUEUE, objects::UNORDERED_QUEUE);
}

#[test]
fn append_lists() {
    compare(|| AppendList, objects::APPEND_LIST, objects::APPEND_LIST);
}

/// Compares thousands of histories with the oracle; many are decided by their versions.
fn compare_versions(is_counted: bool, made_as: Object, judged_as: Object) {
    let model = versions(is_counted);
    compare(if is_counted { || versions(true) } else { || versions(false) }, made_as, judged_as);
    let count = scaled(10_000);
    let mut verdicts = [0; 2];
    for seed in 0..count {
        let recorded = recorded(&model, &history(seed, made_as));
        for report in check_calls(&model, &recorded, 0..recorded.keys.len(), Budget::GENEROUS) {
            if report.engine == Engine::VersionOrder {
                verdicts[usize::from(report.verdict() == Verdict::Invalid)] += 1;
            }
        }
    }
    assert!(verdicts.iter().all(|decided| *decided > count / 10), "{verdicts:?} of {count}");
}

fn versions(is_counted: bool) -> VersionedRegister {
    VersionedRegister { initial: (0, Value::Int(0)), is_counted }
}

#[test]
fn versioned_registers() {
    compare_versions(true, objects::VERSIONED, objects::VERSIONED);
}

#[test]
fn revisioned_registers() {
    compare_versions(false, objects::REVISIONED, objects::REVISIONED_BY_ANY);
}
