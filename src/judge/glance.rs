//! A judgement for those who have many to make: on one core, and without what is only told of one run.

use quorate_checker::{Anomaly, Budget, Finding, Footing, Rung, Verdict};

use super::{Evidence, Judgement, Ladder, Looked, as_expected, is_stuck, most_telling};
use crate::promise::Condition;
use crate::protocol::Object;
use crate::run::Run;
use crate::workload::{Symptoms, Workload};

/// What a run came to, in short. It says the same as [`judge`](super::judge) does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance {
    /// The verdict on all registers.
    pub verdict: Verdict,
    /// Verdict against promise.
    pub judgement: Judgement,
    /// Whether it is what was expected; `None` if nobody can tell.
    pub as_expected: Option<bool>,
    /// What the violations are called, each once, the most telling first.
    pub anomalies: Vec<Anomaly>,
    /// What clients saw, and how often.
    pub symptoms: Symptoms,
    /// A register that shows the first of them.
    pub key: Option<String>,
    /// Whether some client did not get through in the end, where no rule of the protocol excuses that.
    pub is_stuck: bool,
    /// What was put to the test.
    pub evidence: Evidence,
}

/// Checks a run and judges it.
pub fn glance(workload: &Workload, run: Run, budget: Budget) -> Glance {
    let object = workload.clients.registers.object;
    let promised = workload.promise().condition;
    let Looked { evidence, symptoms, recovery, recorded } = Looked::at(object, run);
    let mut ladder = Ladder::default();
    let mut verdict = Verdict::Valid;
    let mut found: Vec<(Anomaly, String)> = Vec::new();
    for (number, result) in recorded.check(least(object, budget)).enumerate() {
        verdict = verdict.max(result.verdict());
        if needs_ladder(promised, result.verdict()) {
            let rungs = recorded.ladder(number, &result);
            let promised = |(rung, _): &(_, Footing)| promised.rungs().contains(rung);
            ladder.add(rungs.into_iter().filter(promised).collect());
        }
        if let Finding::Invalid { anomaly, .. } = result.finding {
            found.push((anomaly, result.key.map(|key| key.to_string()).unwrap_or_default()));
        }
    }
    found.sort_by_key(|(anomaly, _)| most_telling(workload.expect, *anomaly));
    found.dedup_by_key(|(anomaly, _)| *anomaly);
    let anomalies: Vec<Anomaly> = found.iter().map(|(anomaly, _)| *anomaly).collect();
    let judgement = Judgement::of((object, promised), verdict, &anomalies, &ladder);
    let recovery = recovery.as_ref();
    Glance {
        verdict,
        judgement,
        as_expected: as_expected(workload, verdict, (&anomalies, &symptoms), judgement, recovery),
        key: found.into_iter().next().map(|(_, key)| key),
        is_stuck: is_stuck(workload, recovery),
        anomalies,
        symptoms,
        evidence,
    }
}

/// Where objects need a search to be seen linearizable, a glance is no long one: less than that is promised of
/// most of them, and that takes none.
fn least(object: Object, budget: Budget) -> Budget {
    const STEPS_MOST: u64 = 20_000;
    match object {
        Object::Register | Object::Queue => budget,
        Object::Counter | Object::Set => Budget { steps: budget.steps.min(STEPS_MOST), ..budget },
    }
}

/// Whether a promise may be broken by what is no anomaly that it names.
fn needs_ladder(promised: Condition, verdict: Verdict) -> bool {
    let is_implied = |rung: &Rung| rung.is_implied_by_linearizability();
    promised != Condition::Linearizable
        && !(verdict == Verdict::Valid && promised.rungs().iter().all(is_implied))
}
