//! What a check came to, in the words of `verdict.json`: the same without what only runs have, a
//! promise, a judgement and an expectation.

use std::collections::BTreeMap;

use quorate_checker::{Finding, KeyResult, Outcome, Verdict};
use serde_json::{Value as Json, json};

use super::json::{VERSION, staleness as staleness_json};
use super::trace::Trace;
use crate::judge::{Outcomes, OverallStaleness};

/// The result of a check as JSON.
pub fn checked(
    results: &[KeyResult],
    trace: &Trace,
    conditions: &Json,
    staleness: &OverallStaleness,
) -> Json {
    let verdict = results.iter().map(KeyResult::verdict).max().unwrap_or(Verdict::Valid);
    let mut engines: BTreeMap<&str, u64> = BTreeMap::new();
    for result in results {
        *engines.entry(result.engine.name()).or_default() += 1;
    }
    json!({
        "version": VERSION,
        "verdict": verdict.name(),
        "evidence": { "keys": results.len(), "outcomes": outcomes(trace) },
        "engines": engines,
        "conditions": conditions,
        "staleness": staleness_json(staleness),
        "violations": results.iter().filter_map(violation).collect::<Vec<_>>(),
    })
}

fn violation(result: &KeyResult) -> Option<Json> {
    let Finding::Invalid { anomaly, explanation, .. } = &result.finding else { return None };
    Some(json!({
        "key": result.key.as_ref().map(ToString::to_string).unwrap_or_default(),
        "anomaly": anomaly,
        "title": explanation.title,
        "story": explanation.story,
        "timeline": explanation.timeline,
    }))
}

fn outcomes(trace: &Trace) -> BTreeMap<&str, Outcomes> {
    let mut outcomes: BTreeMap<&str, Outcomes> = BTreeMap::new();
    for operation in &trace.operations {
        let function = &trace.functions[operation.function as usize];
        let outcomes = outcomes.entry(function).or_default();
        match operation.outcome {
            Outcome::Ok => outcomes.ok += 1,
            Outcome::Fail => outcomes.fail += 1,
            Outcome::Info => outcomes.info += 1,
        }
    }
    outcomes
}
