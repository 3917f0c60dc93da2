//! What there is to say of a run whose clients operate on other objects than registers.

use std::collections::{BTreeMap, BTreeSet};

use quorate_checker::{Datum, Object as Checked, Outcome, Reading, Recorded};

use super::{Evidence, Span, Spans, faults};
use crate::client::Action;
use crate::protocol::Object;
use crate::run::{Done, Run};
use crate::workload::{Symptom, Symptoms};

/// As what the checker checks these.
pub fn checked_as(object: Object) -> Checked {
    match object {
        Object::Register => Checked::Register,
        Object::Counter => Checked::Counter,
        Object::Set => Checked::Set,
        Object::Queue => Checked::TotalQueue,
    }
}

/// The history to be checked.
pub(super) fn recorded(object: Object, run: &mut Run) -> Recorded {
    let events = std::mem::take(&mut run.events).into_iter().map(Ok);
    let reading = Reading { object: Some(checked_as(object)), ..Reading::default() };
    Recorded::read(events, &reading).expect("what this program records it can read")
}

/// What was put to the test.
pub(super) fn evidence(object: Object, run: &Run) -> Evidence {
    let done = run.done();
    let mut evidence = Evidence { keys: run.key_count() as u64, ..Evidence::default() };
    let (look, change) = (Action::look(object).name(), Action::change(object, 0).name());
    for name in [look, change] {
        let of_it = done.iter().filter(|done| done.function == name);
        let outcomes = evidence.outcomes.entry(name).or_default();
        for done in of_it {
            outcomes.count(done.outcome);
        }
    }
    evidence.contended_reads = contended(&done, look, change);
    let spans: Vec<Span> = done.iter().map(span).collect();
    evidence.faults = faults(&run.faults, &spans);
    evidence.vacuous = vacuous(&evidence, look, change);
    evidence
}

fn span(done: &Done<'_>) -> Span {
    Span { from: done.from, to: done.to }
}

/// How many of those that look at an object did so while somebody changed it.
fn contended(done: &[Done<'_>], look: &str, change: &str) -> u64 {
    let mut changes: BTreeMap<i64, Vec<Span>> = BTreeMap::new();
    for done in done.iter().filter(|one| one.function == change && one.outcome != Outcome::Fail) {
        changes.entry(done.key).or_default().push(span(done));
    }
    let changes: BTreeMap<i64, Spans> =
        changes.into_iter().map(|(key, spans)| (key, Spans::new(spans))).collect();
    let looks = done.iter().filter(|one| one.function == look && one.outcome == Outcome::Ok);
    let is_contended =
        |one: &&Done<'_>| changes.get(&one.key).is_some_and(|changes| changes.meet(span(one)));
    looks.filter(is_contended).count() as u64
}

/// Why no violation could have shown.
fn vacuous(evidence: &Evidence, look: &str, change: &str) -> String {
    let ok = |function| evidence.outcomes.get(function).map_or(0, |outcomes| outcomes.ok);
    let faults_met = evidence.faults.values().any(|fault| fault.overlapping > 0);
    if ok(look) == 0 {
        format!("no {look} succeeded, so nobody looked")
    } else if ok(change) == 0 {
        format!("no {change} succeeded, so there was nothing to lose")
    } else if evidence.contended_reads == 0 && !faults_met {
        format!("no {look} overlapped one {change}, and no fault met an operation")
    } else {
        String::new()
    }
}

/// What clients saw.
pub(super) fn symptoms(object: Object, run: &Run) -> Symptoms {
    let mut symptoms = Symptoms::default();
    match object {
        Object::Register => {}
        Object::Queue => symptoms.add(Symptom::DuplicateDelivery, duplicate_deliveries(run)),
        Object::Counter | Object::Set => symptoms.add(Symptom::MissedOwnAdd, missed_own(run)),
    }
    symptoms
}

/// Reads that do not show all that their process had added before. Of a counter from which something is taken
/// away, nobody can tell.
fn missed_own(run: &Run) -> u64 {
    let done = run.done();
    let takes_away = |one: &&Done<'_>| matches!(one.asked, Datum::Int(amount) if *amount < 0);
    let unclear: BTreeSet<i64> = done.iter().filter(takes_away).map(|one| one.key).collect();
    let mut own: BTreeMap<(i64, u32), Vec<i64>> = BTreeMap::new();
    let mut missed = 0;
    for one in done.iter().filter(|one| one.outcome == Outcome::Ok && !unclear.contains(&one.key)) {
        let own = own.entry((one.key, one.process)).or_default();
        match (one.asked, one.answer) {
            (Datum::Int(added), _) => own.push(*added),
            (_, Datum::Int(count)) => missed += u64::from(*count < own.iter().sum()),
            (_, Datum::List(found)) => {
                let misses = |element: &i64| !found.contains(&Datum::Int(*element));
                missed += u64::from(own.iter().any(misses));
            }
            _ => {}
        }
    }
    missed
}

fn duplicate_deliveries(run: &Run) -> u64 {
    let mut seen = BTreeSet::new();
    let (mut deliveries, take) = (0, Action::Dequeue.name());
    for done in run.done() {
        if let (Outcome::Ok, true, Datum::Int(value)) =
            (done.outcome, done.function == take, done.answer)
        {
            deliveries += 1;
            seen.insert((done.key, *value));
        }
    }
    deliveries - seen.len() as u64
}
