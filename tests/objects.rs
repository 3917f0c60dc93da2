//! Clients that operate on something else than registers: from the generator through a world to the judgement.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use quorate::client::{Action, Operation, Response};
use quorate::judge::{Judged, Judgement, checked_as, glance, judge};
use quorate::nemesis::Fault;
use quorate::protocol::{Key, NodeId, Object, Value};
use quorate::record::Recorder;
use quorate::rng::Seed;
use quorate::run::{Run, run_in};
use quorate::time::{MILLISECOND, Nanos};
use quorate::workload::{File, Symptom, Workload};
use quorate::world::{Happening, Traffic, World};
use quorate_checker::{Anomaly, Budget, Reading, Recorded, Verdict};

const BUDGET: Budget = Budget { steps: 500_000, bytes: 1 << 28 };

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    /// Every hundredth change is acknowledged and forgotten.
    Forgets,
    /// Every hundredth dequeue gives its value and keeps it.
    Repeats,
    /// Every hundredth look shows what nobody put there.
    MakesUp,
    /// Every hundredth answer is lost, whether or not anything was done.
    Silent,
}

/// One copy of all objects, and operations that take a millisecond each.
struct Store {
    bug: Bug,
    now: Nanos,
    asked: u64,
    under_way: VecDeque<(Nanos, Happening)>,
    numbers: BTreeMap<Key, Value>,
    queues: BTreeMap<Key, VecDeque<Value>>,
}

impl Store {
    fn new(bug: Bug) -> Self {
        Self {
            bug,
            now: 0,
            asked: 0,
            under_way: VecDeque::new(),
            numbers: BTreeMap::new(),
            queues: BTreeMap::new(),
        }
    }

    fn act(&mut self, Operation { key, action }: Operation, is_odd: bool) -> Response {
        let odd = |bug| is_odd && self.bug == bug;
        let (forgets, repeats, makes_up) =
            (odd(Bug::Forgets), odd(Bug::Repeats), odd(Bug::MakesUp));
        let number = self.numbers.entry(key).or_default();
        let queue = self.queues.entry(key).or_default();
        match action {
            Action::Read | Action::Dequeue if makes_up => return Response::Value(Some(1 << 40)),
            Action::Read => return Response::Value(Some(*number).filter(|number| *number != 0)),
            Action::Dequeue if repeats => return Response::Value(queue.front().copied()),
            Action::Dequeue => return Response::Value(queue.pop_front()),
            _ if forgets => {}
            Action::Add(amount) => *number += amount,
            Action::Insert(element) => *number |= 1 << element,
            Action::Enqueue(value) => queue.push_back(value),
            Action::Write(_) | Action::Cas { .. } => return Response::Unavailable,
        }
        Response::Written
    }
}

impl World for Store {
    fn now(&self) -> Nanos {
        self.now
    }

    fn invoke(&mut self, process: u32, _: NodeId, operation: Operation) {
        self.asked += 1;
        let is_odd = self.asked.is_multiple_of(100);
        let response = match self.bug {
            Bug::Silent if is_odd => {
                if self.asked.is_multiple_of(200) {
                    self.act(operation, false);
                }
                Response::TimedOut
            }
            _ => self.act(operation, is_odd),
        };
        self.under_way.push_back((self.now + MILLISECOND, Happening { process, response }));
    }

    fn apply(&mut self, _: &Fault) -> bool {
        false
    }

    fn next(&mut self, until: Nanos) -> Option<(Nanos, Happening)> {
        let at = self.under_way.front().map_or(Nanos::MAX, |(at, _)| *at);
        if at > until {
            self.now = until;
            return None;
        }
        self.now = self.now.max(at);
        self.under_way.pop_front()
    }

    fn traffic(&self) -> Traffic {
        Traffic::default()
    }
}

fn workload(object: Object) -> Workload {
    let text = "expect = \"promise\"\n[clients]\nops = 2000\nkeys = 3\nrecovery = \"1s\"\n";
    let file = File::parse(Path::new("objects.toml"), text).expect("it is TOML");
    let mut workload = file.resolve().expect("it is possible");
    if object != Object::Queue {
        // Linearizability takes a search.
        workload.clients.ops = 300;
    }
    workload.clients.registers.object = object;
    workload
}

fn record(workload: &Workload, bug: Bug, file: &mut Vec<u8>) -> Run {
    let recorder = Recorder::new(Some(file));
    let run = run_in(&mut Store::new(bug), recorder, workload, Seed(1), &mut |_| true);
    run.expect("memory takes any text")
}

fn judged(object: Object, bug: Bug) -> Judged {
    let workload = workload(object);
    let (mut one, mut other) = (Vec::new(), Vec::new());
    let judged = judge(&workload, record(&workload, bug, &mut one), BUDGET, || {});
    let seen = glance(&workload, record(&workload, bug, &mut other), BUDGET);
    assert_eq!((judged.verdict, judged.judgement), (seen.verdict, seen.judgement));
    assert_eq!(judged.as_expected, seen.as_expected);
    assert_eq!(judged.symptoms, seen.symptoms);
    // The file says the same to whoever reads it.
    let reading = Reading { object: Some(checked_as(object)), ..Reading::default() };
    let events = quorate_checker::Reader::new(&one[..], None).expect("it is a history");
    let recorded = Recorded::read(events, &reading).expect("it can be read");
    assert_eq!(recorded.verify(&judged.certificate).ok(), Some(judged.verdict));
    judged
}

fn anomalies(judged: &Judged) -> Vec<Anomaly> {
    judged.violations.iter().map(|violation| violation.anomaly).collect()
}

#[test]
fn an_object_without_a_bug_keeps_what_was_promised() {
    for object in [Object::Counter, Object::Set, Object::Queue] {
        for bug in [Bug::None, Bug::Silent] {
            let judged = judged(object, bug);
            assert_eq!(judged.verdict, Verdict::Valid, "{object:?} {bug:?}");
            assert_eq!(judged.judgement, Judgement::Kept, "{object:?} {bug:?}");
            assert_eq!(judged.as_expected, Some(true));
            assert_eq!(judged.evidence.vacuous, "");
            assert!(judged.evidence.keys >= 3);
            let info: u64 = judged.evidence.outcomes.values().map(|outcomes| outcomes.info).sum();
            assert_eq!(info > 0, bug == Bug::Silent, "{object:?}");
            assert!(judged.recovery.is_some_and(|recovery| recovery.took.is_some()));
        }
    }
}

#[test]
fn what_is_forgotten_is_found() {
    let queue = judged(Object::Queue, Bug::Forgets);
    assert_eq!(queue.judgement, Judgement::Broken);
    assert!(anomalies(&queue).iter().all(|anomaly| *anomaly == Anomaly::LostElement));
    assert!(!queue.violations.is_empty());
    for object in [Object::Counter, Object::Set] {
        assert_eq!(judged(object, Bug::Forgets).judgement, Judgement::Broken, "{object:?}");
    }
}

#[test]
fn what_comes_twice_is_counted_and_no_fault() {
    let judged = judged(Object::Queue, Bug::Repeats);
    assert_eq!(judged.judgement, Judgement::Kept);
    assert!(judged.symptoms.count(Symptom::DuplicateDelivery) > 0);
}

#[test]
fn what_nobody_put_in_is_found() {
    let queue = judged(Object::Queue, Bug::MakesUp);
    assert_eq!(queue.judgement, Judgement::Broken);
    assert!(anomalies(&queue).contains(&Anomaly::PhantomValue));
    for object in [Object::Counter, Object::Set] {
        assert_eq!(judged(object, Bug::MakesUp).judgement, Judgement::Broken, "{object:?}");
    }
}

#[test]
fn a_set_that_is_full_gives_way_to_a_new_one() {
    let mut workload = workload(Object::Set);
    workload.clients.ops = 1000;
    let run = record(&workload, Bug::None, &mut Vec::new());
    // Half of the operations add, and a set takes 62 of them.
    assert!((8..=11).contains(&run.key_count()), "{}", run.key_count());
}
