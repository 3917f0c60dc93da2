//! The result of a run as JSON: `verdict.json`, and what `--json` prints.

use std::collections::BTreeMap;

use quorate_checker::{Anomaly, Footing, Isolation, KeyResult, Visibility};
use serde::Serialize;
use serde_json::{Value, json};

use crate::judge::{Evidence, Judged, Judgement, Ladder, OverallStaleness, Row, quantile};
use crate::promise::Promise;
use crate::protocol::{Configuration, Object, Setting};
use crate::rng::Seed;
use crate::run::Recovery;
use crate::time::Nanos;
use crate::timing::Timing;
use crate::workload::{Symptoms, Workload};
use crate::world::Traffic;

/// The version of `verdict.json`.
pub(super) const VERSION: u32 = 1;

/// `verdict.json`.
#[derive(Debug, Serialize)]
pub struct Summary<'a> {
    version: u32,
    workload: &'a str,
    seed: Seed,
    #[serde(flatten)]
    subject: Subject<'a>,
    /// What clients operated on.
    object: Object,
    /// `valid`, `invalid` or `unknown`.
    verdict: &'static str,
    promise: &'a Promise,
    judgement: Judgement,
    expected: &'static str,
    /// Null if nobody can tell.
    as_expected: Option<bool>,
    evidence: &'a Evidence,
    /// Null if nobody looked.
    recovery: Option<&'a Recovery>,
    /// How many registers each engine decided.
    engines: &'a BTreeMap<&'static str, u64>,
    /// `valid`, `invalid` or `unknown` for each condition, from linearizability down; null where none is asked.
    conditions: Value,
    /// Null where there are no registers.
    staleness: Value,
    violations: Vec<Violation<'a>>,
    /// How often clients saw what.
    symptoms: &'a Symptoms,
    duration_ns: Nanos,
    traffic: Traffic,
    timing: &'a Timing,
    interrupted: bool,
}

/// What ran.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Subject<'a> {
    /// Nodes of our own.
    Cluster(Cluster),
    /// An installed system.
    System { name: &'static str, read: &'static str, write: &'static str, n: u16 },
    /// A program of somebody else's.
    Program { contract: &'static str, start: &'a str, n: u16 },
}

#[derive(Debug, Serialize)]
struct Cluster {
    protocol: &'static str,
    n: u16,
    #[serde(flatten)]
    settings: BTreeMap<&'static str, Value>,
    durability: &'static str,
}

#[derive(Debug, Serialize)]
struct Violation<'a> {
    key: &'a str,
    anomaly: Anomaly,
    title: &'a str,
    story: &'a [String],
    timeline: &'a str,
}

impl<'a> Summary<'a> {
    /// Everything about a run.
    pub fn new(
        workload: &'a Workload,
        seed: Seed,
        duration: Nanos,
        traffic: Traffic,
        timing: &'a Timing,
        interrupted: bool,
        result: &'a Judged,
    ) -> Self {
        let violation = |violation: &'a crate::judge::Violation| Violation {
            key: &violation.key,
            anomaly: violation.anomaly,
            title: &violation.explanation.title,
            story: &violation.explanation.story,
            timeline: &violation.explanation.timeline,
        };
        Self {
            version: VERSION,
            workload: &workload.name,
            seed,
            subject: subject(workload),
            object: result.object,
            verdict: result.verdict.name(),
            promise: &result.promise,
            judgement: result.judgement,
            expected: workload.expect.name(),
            as_expected: result.as_expected,
            evidence: &result.evidence,
            recovery: result.recovery.as_ref(),
            engines: &result.engines,
            conditions: match result.object {
                Object::Queue => Value::Null,
                Object::Register | Object::Counter | Object::Set => ladder(&result.ladder),
            },
            staleness: match result.object {
                Object::Register => staleness(&result.staleness),
                Object::Counter | Object::Set | Object::Queue => Value::Null,
            },
            violations: result.violations.iter().map(violation).collect(),
            symptoms: &result.symptoms,
            duration_ns: duration,
            traffic,
            timing,
            interrupted,
        }
    }
}

fn subject(workload: &Workload) -> Subject<'_> {
    let config = &workload.config;
    match (&workload.system, &workload.program) {
        (Some(choice), _) => Subject::System {
            name: choice.system.facts().name,
            read: choice.modes.read,
            write: choice.modes.write,
            n: config.n,
        },
        (None, Some(program)) => Subject::Program {
            contract: program.contract.name(),
            start: &program.start,
            n: config.n,
        },
        (None, None) => Subject::Cluster(Cluster {
            protocol: config.protocol.name(),
            n: config.n,
            settings: settings(config),
            durability: config.durability.name(),
        }),
    }
}

/// Those settings that mean something to the protocol.
fn settings(config: &Configuration) -> BTreeMap<&'static str, Value> {
    let said = [
        (Setting::R, json!(config.r)),
        (Setting::W, json!(config.w)),
        (Setting::WriteBack, json!(config.write_back)),
        (Setting::Reads, json!(config.reads.name())),
    ];
    let meant = config.protocol.facts().settings;
    let said = said.into_iter().filter(|(setting, _)| meant.contains(setting));
    said.map(|(setting, value)| (setting.name(), value)).collect()
}

/// How stale reads are; times in nanoseconds.
pub fn staleness(staleness: &OverallStaleness) -> Value {
    fn spread<T: Copy + Serialize>(rising: &[T]) -> Value {
        let at = |share| quantile(rising, share);
        json!({ "p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "max": at(1.0) })
    }
    json!({
        "reads": staleness.reads,
        "stale": staleness.stale(),
        "versions_behind": spread(&staleness.behind),
        "k_atomicity": staleness.atomicity.map(|k| json!({ "least": k.least, "most": k.most })),
        "age_ns": staleness.times.as_ref().map(|times| spread(&times.ages)),
        "delta_ns": staleness.times.as_ref().map(|times| times.delta),
        "gamma_ns": staleness.times.as_ref().map(|times| times.gamma),
        "t_visibility": staleness.times.as_ref().map(|times| visibility(&times.visibility)),
        "keys_not_measured": staleness.open,
        "why": staleness.why,
    })
}

/// By how long ago the latest acknowledged write was acknowledged when a read began: how many reads
/// there are, how many saw it, the share, and its 95 % interval.
fn visibility(visibility: &Visibility) -> Value {
    let buckets = visibility.buckets().map(|(from, to, bucket)| {
        let (low, high) = bucket.interval();
        json!({
            "from_ns": from,
            "to_ns": to,
            "reads": bucket.reads,
            "seen": bucket.seen,
            "share": bucket.share(),
            "interval": [low, high],
        })
    });
    buckets.collect()
}

/// Every rung of the ladder.
pub fn ladder(ladder: &Ladder) -> Value {
    let row = |row: &Row| {
        json!({
            "condition": row.rung.name(),
            "verdict": row.verdict().name(),
            "keys": { "valid": row.holds, "invalid": row.broken, "unknown": row.open },
            "why": row.why,
            "story": row.example.as_ref().map(|example| &example.story),
            "timeline": row.example.as_ref().map(|example| &example.timeline),
        })
    };
    ladder.rows.iter().map(row).collect()
}

/// Every isolation level.
pub fn isolation(levels: &[(Isolation, Footing)]) -> Value {
    let row = |(level, footing): &(Isolation, Footing)| {
        let (why, example) = match footing {
            Footing::Holds => (None, None),
            Footing::Open(why) => (Some(why), None),
            Footing::Breaks(example) => (None, Some(example)),
        };
        json!({
            "condition": level.name(),
            "verdict": footing.verdict().name(),
            "why": why,
            "story": example.map(|example| &example.story),
            "timeline": example.map(|example| &example.timeline),
        })
    };
    levels.iter().map(row).collect()
}

/// One key of a history that was checked for one condition.
pub fn key_on_rung(result: &KeyResult, footing: &Footing) -> Value {
    let (why, example) = match footing {
        Footing::Holds => (None, None),
        Footing::Open(why) => (Some(why), None),
        Footing::Breaks(example) => (None, Some(example)),
    };
    json!({
        "key": result.key,
        "operations": result.op_count,
        "verdict": footing.verdict().name(),
        "why": why,
        "title": example.map(|example| &example.title),
        "story": example.map(|example| &example.story),
        "timeline": example.map(|example| &example.timeline),
    })
}
