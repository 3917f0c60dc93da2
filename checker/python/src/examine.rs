//! Every key of a history, one after another.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use quorate_checker::{Certificate, Footing, Staleness, Verdict};
use serde_json::{Map, Value, json};

use crate::key::KeyResult;
use crate::options::{Condition, Options};
use crate::refused;
use crate::result::Summary;
use crate::source::Loaded;

/// What became of a history.
pub(crate) struct Checked {
    pub(crate) summary: Summary,
    pub(crate) keys: Vec<KeyResult>,
    pub(crate) certificate: Certificate,
}

/// Checks every key, until told to stop.
pub(crate) fn examine(loaded: &Loaded, options: &Options, stop: &AtomicBool) -> PyResult<Checked> {
    let recorded = &loaded.recorded;
    let mut certificate = recorded.certificate();
    let mut keys = Vec::with_capacity(recorded.key_count);
    for (number, result) in recorded.check(options.budget).enumerate() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let mut document = serde_json::to_value(&result).map_err(refused)?;
        if options.condition == Condition::All {
            let levels = recorded.isolation();
            document["conditions"] = if levels.is_empty() {
                let rungs = recorded.ladder(number, &result);
                conditions(rungs.into_iter().map(|(rung, footing)| (rung.name(), footing)))
            } else {
                conditions(levels.into_iter().map(|(level, footing)| (level.name(), footing)))
            };
            document["staleness"] = match recorded.staleness(number) {
                Ok(measured) => staleness(&measured),
                Err(why) => json!({ "why": why }),
            };
        }
        keys.push(KeyResult { verdict: result.verdict(), document });
        certificate.keys.push(result.certificate());
    }
    let summary = Summary {
        model: recorded.object,
        events: u64::from(recorded.event_count),
        operations: recorded.op_count as u64,
        truncated_at_line: loaded.truncated,
    };
    Ok(Checked { summary, keys, certificate })
}

/// Every rung of the ladder, or every isolation level of transactions, by its name.
fn conditions(standings: impl Iterator<Item = (&'static str, Footing)>) -> Value {
    let standing = |(name, footing): (&str, Footing)| {
        let standing = match footing {
            Footing::Holds => json!({ "verdict": Verdict::Valid }),
            Footing::Open(why) => json!({ "verdict": Verdict::Unknown, "why": why }),
            Footing::Breaks(example) => json!({
                "verdict": Verdict::Invalid,
                "story": example.story,
                "timeline": example.timeline,
            }),
        };
        (name.to_owned(), standing)
    };
    Value::Object(standings.map(standing).collect::<Map<_, _>>())
}

/// How stale the reads of a key are; times in nanoseconds.
fn staleness(measured: &Staleness) -> Value {
    json!({
        "reads": measured.reads,
        "stale": measured.behind.len(),
        "versions_behind_max": measured.behind.iter().max(),
        "age_max_ns": measured.times.as_ref().map(|times| times.ages.iter().max()),
        "delta_ns": measured.times.as_ref().map(|times| times.delta),
        "gamma_ns": measured.times.as_ref().map(|times| times.gamma),
    })
}
