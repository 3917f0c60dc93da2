//! Scripts without what they do not need.

use std::sync::Arc;

use quorate_checker::{Anomaly, Budget, Proof, Rules, check};

use crate::rng::Seed;
use crate::run::simulate;
use crate::workload::Workload;
use crate::world::stage::{Cue, Script};

/// Leaves out, again and again, what the violation does not need.
pub(super) fn shorten(workload: &Workload, mut cues: Vec<Cue>, anomaly: Anomaly) -> Vec<Cue> {
    loop {
        let before = cues.len();
        for place in (0..before).rev() {
            let mut fewer = cues.clone();
            fewer.remove(place);
            if shows(&scripted(workload, &fewer), anomaly) {
                cues = fewer;
            }
        }
        if cues.len() == before {
            return cues;
        }
    }
}

/// The workload with this script.
pub(super) fn scripted(workload: &Workload, cues: &[Cue]) -> Workload {
    let script = Script::of_cues(cues.iter().cloned(), &workload.node_names);
    Workload { script: Some(script), ..workload.clone() }
}

/// Whether a script is possible and shows this anomaly.
pub(super) fn shows(workload: &Workload, anomaly: Anomaly) -> bool {
    let config = Arc::new(workload.config.clone());
    if workload.script.as_ref().is_none_or(|script| script.perform(&config).is_err()) {
        return false;
    }
    let Ok(run) = simulate(workload, Seed(0), None, &mut |_| true) else { return false };
    let report = check(&run.history, &Rules::default(), Budget::GENEROUS);
    report.keys.iter().any(|key| match &key.proof {
        Proof::Counterexample(counterexample) => counterexample.anomaly == anomaly,
        Proof::Linearization(_) | Proof::GaveUp(_) => false,
    })
}
