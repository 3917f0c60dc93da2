//! What several fuzz targets do. A panic is a finding; so is every assertion.

pub mod bytes;

use quorate_checker::verify::verify;
use quorate_checker::{
    Budget, Builder, Event, FailedCas, Format, History, KeyHistory, NilRead, Proof, Reader,
    Recorded, Rules, Rung, Standing, Value, Verdict, check, explain, ladder, staleness,
};

/// Small, so that every input is quick.
pub const BUDGET: Budget = Budget { steps: 2000, bytes: 1 << 20 };
/// Histories with more operations are read, but not checked.
const OPS_MAX: usize = 12;

/// Reads bytes as a history of registers, up to the first mistake, and judges it. Returns the events.
///
/// # Panics
/// When something is wrong with the checker.
pub fn read_registers(bytes: &[u8], format: Format) -> Vec<Event> {
    let mut events = Vec::new();
    let Ok(reader) = Reader::new(bytes, Some(format)) else { return events };
    let mut builder = Builder::default();
    for event in reader {
        let pushed = event.and_then(|event| builder.push(&event).map(|()| event));
        match pushed {
            Ok(event) => events.push(event),
            Err(error) => {
                assert!(error.line > 0, "no line: {error}");
                assert!(error.to_string().chars().count() < 1000, "a long message: {error}");
                break;
            }
        }
    }
    let history = builder.finish();
    for rules in all_rules(&Value::Nil) {
        judge(&history, &rules);
    }
    events
}

/// Every reading of what histories leave open.
pub fn all_rules(initial: &Value) -> impl Iterator<Item = Rules> + '_ {
    [FailedCas::Ignore, FailedCas::Mismatch].into_iter().flat_map(move |failed_cas| {
        [NilRead::Value, NilRead::Any].map(|nil_read| Rules {
            initial: initial.clone(),
            failed_cas,
            nil_read,
        })
    })
}

/// Checks a small history, and holds all that the checker says about it against each other.
///
/// # Panics
/// When something is wrong with the checker.
pub fn judge(history: &History, rules: &Rules) {
    if history.op_count() >= OPS_MAX {
        return;
    }
    let report = check(history, rules, BUDGET);
    assert_eq!(report.keys.len(), history.keys.len());
    for (key, report) in history.keys.iter().zip(&report.keys) {
        match &report.proof {
            Proof::GaveUp(_) => {}
            proof => verify(key, &history.values, rules, proof).expect("the proof is accepted"),
        }
        if let Proof::Counterexample(counterexample) = &report.proof {
            explain(key, &history.values, rules, counterexample);
        }
        judge_below(key, history, rules, report.verdict());
    }
}

/// Stronger conditions imply weaker ones.
fn judge_below(key: &KeyHistory, history: &History, rules: &Rules, verdict: Verdict) {
    // Asked as if the verdict were not known, so that nothing is taken for granted.
    let standings = ladder(key, &history.values, rules, Verdict::Unknown);
    let breaks = |rung: Rung| {
        standings
            .iter()
            .any(|(other, standing)| *other == rung && matches!(standing, Standing::Breaks(_)))
    };
    let holds = |rung: Rung| standings.contains(&(rung, Standing::Holds));
    let implies = |stronger: bool, weaker: Rung| {
        assert!(!stronger || !breaks(weaker), "{weaker} breaks: {standings:?} of {key:?}");
    };
    for rung in Rung::ALL.into_iter().filter(|rung| rung.is_implied_by_linearizability()) {
        implies(verdict == Verdict::Valid, rung);
    }
    implies(holds(Rung::Regular), Rung::WeakRegular);
    implies(holds(Rung::WeakRegular), Rung::Safe);
    for session in
        [Rung::ReadYourWrites, Rung::MonotonicReads, Rung::MonotonicWrites, Rung::WritesFollowReads]
    {
        implies(holds(Rung::Sequential), session);
    }
    let Ok(staleness) = staleness(key, &history.values, rules) else { return };
    assert!(staleness.behind.len() as u64 <= staleness.reads);
    if verdict == Verdict::Valid {
        assert!(staleness.behind.is_empty(), "a stale read of a linearizable register");
    }
    if let Some(times) = staleness.times.filter(|_| verdict != Verdict::Unknown) {
        let atomic = (times.delta == Some(0), times.gamma == 0);
        let valid = verdict == Verdict::Valid;
        assert_eq!(atomic, (valid, valid), "{times:?} of {key:?}");
    }
}

/// Checks a small history of any object, and has its certificate accepted after it was a file.
///
/// # Panics
/// When something is wrong with the checker.
pub fn judge_recorded(recorded: &Recorded) {
    if recorded.op_count >= OPS_MAX {
        return;
    }
    let mut certificate = recorded.certificate();
    let mut verdict = Verdict::Valid;
    for (number, result) in recorded.check(BUDGET).enumerate() {
        verdict = verdict.max(result.verdict());
        certificate.keys.push(result.certificate());
        recorded.ladder(number, &result);
        let _ = recorded.staleness(number);
    }
    let mut file = Vec::new();
    certificate.write(&mut file).expect("writing to memory");
    let certificate = quorate_checker::Certificate::read(&file[..]).expect("it was just written");
    assert_eq!(recorded.verify(&certificate).expect("the certificate is accepted"), verdict);
}
