//! Transactions: verdicts and isolation levels against every order and every snapshot, and every proof
//! against the verifier.

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "made for registers, most of it")]
mod common;
mod made;
mod oracle;
mod stories;

use common::{rng, scaled};
use made::Kind;
use quorate_checker::{
    Anomaly, Budget, CycleKind, Event, Finding, Footing, Isolation, KeyResult, Reading, Recorded,
    Scope, Verdict,
};

fn recorded(events: &[Event]) -> Recorded {
    let events = events.iter().cloned().map(Ok);
    Recorded::read(events, &Reading::default()).expect("made histories are well-formed")
}

fn check(recorded: &Recorded) -> KeyResult {
    recorded.check(Budget::GENEROUS).next().expect("there is a transaction")
}

/// The verifier accepts the proof.
fn verified(recorded: &Recorded, result: &KeyResult) -> Verdict {
    let mut certificate = recorded.certificate();
    certificate.keys.push(result.certificate());
    match recorded.verify(&certificate) {
        Ok(verdict) => verdict,
        Err(error) => panic!("{error}\n{:?}\n{certificate:?}", result.finding),
    }
}

fn shown(events: &[Event]) -> String {
    common::shown(events)
}

const BY_DEFINITION: [Isolation; 6] = [
    Isolation::StrictSerializable,
    Isolation::StrongSessionSerializable,
    Isolation::Serializable,
    Isolation::StrongSnapshotIsolation,
    Isolation::StrongSessionSnapshotIsolation,
    Isolation::SnapshotIsolation,
];

/// What happened to a level over many histories.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    holds: u64,
    breaks: u64,
    open: u64,
}

fn agrees(kind: Kind, count: u64, first_seed: u64) -> [Tally; 6] {
    let mut tallies = [Tally::default(); 6];
    for seed in first_seed..first_seed + scaled(count) {
        let mut rng = rng(seed);
        let (events, txns) = made::history(&mut rng, kind, 6);
        let recorded = recorded(&events);
        let result = check(&recorded);
        let strict = oracle::holds(Isolation::StrictSerializable, kind, &txns);
        let expected = if strict { Verdict::Valid } else { Verdict::Invalid };
        assert_eq!(result.verdict(), expected, "seed {seed}\n{}", shown(&events));
        assert_eq!(verified(&recorded, &result), expected, "seed {seed}\n{}", shown(&events));
        let levels = recorded.isolation();
        for (level, tally) in BY_DEFINITION.into_iter().zip(&mut tallies) {
            let (_, footing) = levels.iter().find(|(l, _)| *l == level).expect("all are there");
            let holds = oracle::holds(level, kind, &txns);
            match footing {
                Footing::Holds => tally.holds += 1,
                Footing::Breaks(_) => tally.breaks += 1,
                Footing::Open(_) => tally.open += 1,
            }
            let claimed = match footing {
                Footing::Holds => true,
                Footing::Breaks(_) => false,
                Footing::Open(_) => continue,
            };
            assert_eq!(claimed, holds, "{level}: seed {seed}\n{}\n{:?}", shown(&events), footing);
        }
    }
    tallies
}

#[test]
fn lists_agree_with_every_order_and_snapshot() {
    let tallies = agrees(Kind::Lists, 6_000, 0);
    for (level, tally) in BY_DEFINITION.into_iter().zip(tallies) {
        assert!(tally.holds > 500 && tally.breaks > 500, "{level}: {tally:?}");
        let exact = level <= Isolation::Serializable;
        assert!(tally.open <= if exact { 0 } else { tally.holds / 10 }, "{level}: {tally:?}");
    }
}

#[test]
fn registers_agree_with_every_order_and_snapshot() {
    let tallies = agrees(Kind::Registers, 6_000, 1 << 32);
    for (level, tally) in BY_DEFINITION.into_iter().zip(tallies) {
        assert!(tally.holds > 500 && tally.breaks > 300, "{level}: {tally:?}");
    }
}

#[test]
fn anomalies_of_every_name_are_found() {
    let mut found = std::collections::BTreeMap::new();
    for seed in 0..20_000 {
        let kind = if seed % 2 == 0 { Kind::Lists } else { Kind::Registers };
        let (events, _) = made::history(&mut rng(seed), kind, 8);
        if let Finding::Invalid { anomaly, .. } = check(&recorded(&events)).finding {
            *found.entry(anomaly.name()).or_insert(0) += 1;
        }
    }
    for anomaly in [
        Anomaly::PhantomValue,
        Anomaly::DirtyRead,
        Anomaly::IntermediateRead,
        Anomaly::InternalRead,
        Anomaly::UnrepeatableRead,
        Anomaly::IncompatibleOrder,
        Anomaly::LostUpdate,
        Anomaly::Cycle(CycleKind::G0, Scope::Data),
        Anomaly::Cycle(CycleKind::GSingle, Scope::Process),
        Anomaly::Cycle(CycleKind::GSingle, Scope::Data),
        Anomaly::Cycle(CycleKind::GSingle, Scope::RealTime),
        Anomaly::Cycle(CycleKind::G2Item, Scope::Data),
    ] {
        assert!(found.contains_key(anomaly.name()), "no {anomaly} in {found:?}");
    }
}
