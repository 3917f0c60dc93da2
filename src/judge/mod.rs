//! The judgement: what was found against what was promised, and how much there was to find.

mod examine;
mod glance;
mod ladder;
mod objects;
mod staleness;
mod symptoms;

use std::collections::BTreeMap;

use quorate_checker::{
    Anomaly, Budget, Certificate, Explanation, Finding, Function, History, NO_TIME, Op, Outcome,
    Recorded, Rules, Rung, Verdict,
};
use serde::Serialize;

use crate::nemesis::FaultKind;
use crate::promise::{Condition, Promise};
use crate::protocol::Object;
use crate::run::{FaultWindow, Recovery, Run};
use crate::workload::{Expectation, Symptoms, Workload};

pub use examine::{Examined, More, examine};
pub use glance::{Glance, glance};
pub use ladder::{Ladder, Row};
pub use objects::checked_as;
pub use staleness::{OverallStaleness, OverallTimes, quantile};
pub use symptoms::symptoms;

/// Verdict against promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// The most there is was promised (linearizability; of a queue, that nothing is lost), and nothing broke it.
    Kept,
    /// Something happened that was promised not to: a bug.
    Broken,
    /// Less was promised, and here is what that means.
    WeakerByDesign,
    /// Less was promised, but nothing happened this time that shows it.
    NotShown,
    /// The check gave up.
    Undecided,
}

impl Judgement {
    /// The judgement in a few words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken => "broken",
            Self::WeakerByDesign => "weaker by design",
            Self::NotShown => "not shown",
            Self::Undecided => "undecided",
        }
    }

    fn of(
        (object, promised): (Object, Condition),
        verdict: Verdict,
        anomalies: &[Anomaly],
        ladder: &Ladder,
    ) -> Self {
        let stands = |rung: &Rung| ladder.verdict(*rung);
        let mut stand = promised.rungs().iter().map(stands);
        let off_its_rung = stand.clone().any(|verdict| verdict == Some(Verdict::Invalid));
        let is_kept = stand.len() > 0 && stand.all(|verdict| verdict == Some(Verdict::Valid));
        match (promised, verdict) {
            _ if off_its_rung => Self::Broken,
            _ if anomalies.iter().any(|anomaly| promised.forbids(*anomaly)) => Self::Broken,
            (Condition::Linearizable, Verdict::Valid) => Self::Kept,
            (Condition::AtLeastOnce, Verdict::Valid) if object == Object::Queue => Self::Kept,
            (_, Verdict::Invalid) => Self::WeakerByDesign,
            (_, Verdict::Valid) => Self::NotShown,
            // Nobody has searched long enough for more than was promised.
            (_, Verdict::Unknown) if is_kept && object != Object::Register => Self::NotShown,
            (_, Verdict::Unknown) => Self::Undecided,
        }
    }
}

/// How operations ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Outcomes {
    /// They happened.
    pub ok: u64,
    /// They certainly did not.
    pub fail: u64,
    /// Nobody knows.
    pub info: u64,
}

impl Outcomes {
    /// Counts one more.
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Ok => self.ok += 1,
            Outcome::Fail => self.fail += 1,
            Outcome::Info => self.info += 1,
        }
    }
}

/// How often a kind of fault came, and what it met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct FaultEvidence {
    /// How often it came.
    pub times: u64,
    /// How often operations were under way meanwhile.
    pub overlapping: u64,
    /// How many operations were under way during one of them.
    pub ops: u64,
}

/// What a run really put to the test.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// How many registers, or other objects, there were.
    pub keys: u64,
    /// Outcomes by function.
    pub outcomes: BTreeMap<&'static str, Outcomes>,
    /// Ok reads, or dequeues, during which somebody changed the same object.
    pub contended_reads: u64,
    /// Faults by kind.
    pub faults: BTreeMap<&'static str, FaultEvidence>,
    /// Why nothing could have gone wrong; empty if something could.
    pub vacuous: String,
}

/// A register that is not linearizable, or another object that is not as it should be.
#[derive(Debug, Clone)]
pub struct Violation {
    /// Which.
    pub key: String,
    /// What it is called.
    pub anomaly: Anomaly,
    /// How it is explained.
    pub explanation: Explanation,
}

/// Everything that is to be said about a run.
#[derive(Debug)]
pub struct Judged {
    /// What clients operated on.
    pub object: Object,
    /// The verdict on all of them.
    pub verdict: Verdict,
    /// What theory promised.
    pub promise: Promise,
    /// Verdict against promise.
    pub judgement: Judgement,
    /// Whether it is what was expected; `None` if nobody can tell.
    pub as_expected: Option<bool>,
    /// What was put to the test.
    pub evidence: Evidence,
    /// Whether every client got through after everything was mended; `None` if nobody looked.
    pub recovery: Option<Recovery>,
    /// Those that are not as they should be, the most telling first.
    pub violations: Vec<Violation>,
    /// What clients saw, and how often.
    pub symptoms: Symptoms,
    /// Which conditions hold; of queues, none is asked.
    pub ladder: Ladder,
    /// How stale reads of registers were.
    pub staleness: OverallStaleness,
    /// How many of them each engine decided.
    pub engines: BTreeMap<&'static str, u64>,
    /// The proofs.
    pub certificate: Certificate,
}

/// Checks a run and judges it. `on_key` is told after each register.
pub fn judge(workload: &Workload, run: Run, budget: Budget, on_key: impl FnMut()) -> Judged {
    let object = workload.clients.registers.object;
    let Looked { mut evidence, symptoms, recovery, recorded } = Looked::at(object, run);
    let mut certificate = recorded.certificate();
    let mut verdict = Verdict::Valid;
    let mut violations = Vec::new();
    let mut engines = BTreeMap::new();
    let (mut ladder, mut staleness) = (Ladder::default(), OverallStaleness::default());
    for Examined { result, more } in examine(&recorded, budget, true, on_key) {
        if let Some(more) = more {
            ladder.add(more.rungs);
            if object == Object::Register {
                staleness.add(more.staleness);
            }
        }
        verdict = verdict.max(result.verdict());
        *engines.entry(result.engine.name()).or_default() += 1;
        certificate.keys.push(result.certificate());
        if let Finding::Invalid { anomaly, explanation, .. } = result.finding {
            let key = result.key.map(|key| key.to_string()).unwrap_or_default();
            violations.push(Violation { key, anomaly, explanation });
        }
    }
    if verdict == Verdict::Invalid {
        evidence.vacuous.clear();
    }
    violations.sort_by_key(|violation| most_telling(workload.expect, violation.anomaly));
    let anomalies: Vec<Anomaly> = violations.iter().map(|violation| violation.anomaly).collect();
    let promise = workload.promise();
    let ladder = ladder.of(object);
    let judgement = Judgement::of((object, promise.condition), verdict, &anomalies, &ladder);
    Judged {
        object,
        verdict,
        judgement,
        promise,
        as_expected: as_expected(
            workload,
            verdict,
            (&anomalies, &symptoms),
            judgement,
            recovery.as_ref(),
        ),
        evidence,
        recovery,
        violations,
        symptoms,
        ladder,
        staleness: staleness.sorted(),
        engines,
        certificate,
    }
}

/// What can be told of a run before it is checked.
struct Looked {
    evidence: Evidence,
    symptoms: Symptoms,
    recovery: Option<Recovery>,
    recorded: Recorded,
}

impl Looked {
    fn at(object: Object, mut run: Run) -> Self {
        let (evidence, symptoms) = match object {
            Object::Register => (evidence(&run.history, &run.faults), symptoms(&run)),
            _ => (objects::evidence(object, &run), objects::symptoms(object, &run)),
        };
        let recovery = run.recovery.take();
        let recorded = match object {
            Object::Register => Recorded::of_registers(run.history, Rules::default()),
            _ => objects::recorded(object, &mut run),
        };
        Self { evidence, symptoms, recovery, recorded }
    }
}

/// Whether the verdict is what was expected, and every client got through in the end who had to.
fn as_expected(
    workload: &Workload,
    verdict: Verdict,
    (anomalies, symptoms): (&[Anomaly], &Symptoms),
    judgement: Judgement,
    recovery: Option<&Recovery>,
) -> Option<bool> {
    let kept = match judgement {
        Judgement::Broken => Some(false),
        Judgement::Undecided => None,
        Judgement::Kept | Judgement::WeakerByDesign | Judgement::NotShown => Some(true),
    };
    let met = workload.expect.is_met(verdict, anomalies, symptoms, kept);
    if is_stuck(workload, recovery) { Some(false) } else { met }
}

/// Whether some client did not get through in the end, where no rule of the protocol excuses that.
fn is_stuck(workload: &Workload, recovery: Option<&Recovery>) -> bool {
    let blocks = workload.config.protocol.facts().blocks;
    recovery.is_some_and(|recovery| recovery.took.is_none()) && !blocks
}

/// By this, anomalies are put in order: what was expected first, then by name.
pub fn most_telling(expected: Expectation, anomaly: Anomaly) -> (bool, Anomaly) {
    (expected != Expectation::Anomaly(anomaly), anomaly)
}

fn evidence(history: &History, windows: &[FaultWindow]) -> Evidence {
    let mut evidence = Evidence { keys: history.keys.len() as u64, ..Evidence::default() };
    for op in history.keys.iter().flat_map(|key| &key.ops) {
        let outcomes = evidence.outcomes.entry(op.function().name()).or_default();
        outcomes.count(op.outcome());
    }
    evidence.contended_reads = history.keys.iter().map(|key| contended_reads(&key.ops)).sum();
    let spans: Vec<Span> = history.keys.iter().flat_map(|key| &key.ops).map(Span::of_op).collect();
    evidence.faults = faults(windows, &spans);
    evidence.vacuous = vacuous(&evidence);
    evidence
}

/// An interval of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    from: i64,
    to: i64,
}

impl Span {
    /// While the client waited. A write of unknown outcome may take effect even later, but nobody was
    /// there to see what a fault did to it.
    fn of_op(op: &Op) -> Self {
        let to = if op.ret_time == NO_TIME { i64::MAX } else { op.ret_time };
        Self { from: op.call_time, to }
    }
}

/// Intervals by their beginnings, each with the latest end up to there: answers whether any overlaps.
struct Spans(Vec<Span>);

impl Spans {
    fn new(mut spans: Vec<Span>) -> Self {
        spans.sort_unstable();
        for i in 1..spans.len() {
            spans[i].to = spans[i].to.max(spans[i - 1].to);
        }
        Self(spans)
    }

    fn meet(&self, other: Span) -> bool {
        let before = self.0.partition_point(|span| span.from < other.to);
        before > 0 && self.0[before - 1].to > other.from
    }
}

fn contended_reads(ops: &[Op]) -> u64 {
    let writes = ops
        .iter()
        .filter(|op| op.function() != Function::Read && op.outcome() != Outcome::Fail)
        .map(Span::of_op);
    let writes = Spans::new(writes.collect());
    let reads =
        ops.iter().filter(|op| op.function() == Function::Read && op.outcome() == Outcome::Ok);
    reads.filter(|op| writes.meet(Span::of_op(op))).count() as u64
}

/// How often each kind of fault came, and what it met.
fn faults(windows: &[FaultWindow], ops: &[Span]) -> BTreeMap<&'static str, FaultEvidence> {
    let mut faults = BTreeMap::new();
    for kind in FaultKind::ALL {
        let windows: Vec<Span> = (windows.iter().filter(|window| window.kind == kind))
            .map(|window| Span { from: window.from as i64, to: window.to as i64 })
            .collect();
        if !windows.is_empty() {
            faults.insert(kind.name(), fault_evidence(&windows, ops));
        }
    }
    faults
}

fn fault_evidence(windows: &[Span], ops: &[Span]) -> FaultEvidence {
    let any_op = Spans::new(ops.to_vec());
    let any_window = Spans::new(windows.to_vec());
    FaultEvidence {
        times: windows.len() as u64,
        overlapping: windows.iter().filter(|window| any_op.meet(**window)).count() as u64,
        ops: ops.iter().filter(|op| any_window.meet(**op)).count() as u64,
    }
}

/// Why no violation could have shown.
fn vacuous(evidence: &Evidence) -> String {
    let ok = |function| evidence.outcomes.get(function).map_or(0, |outcomes| outcomes.ok);
    let faults_met = evidence.faults.values().any(|fault| fault.overlapping > 0);
    if ok("read") + ok("cas") == 0 {
        "no read succeeded, so nobody looked".to_owned()
    } else if ok("write") + ok("cas") == 0 {
        "no write succeeded, so there was nothing to lose".to_owned()
    } else if evidence.contended_reads == 0 && !faults_met {
        "no read overlapped a write, and no fault met an operation".to_owned()
    } else {
        String::new()
    }
}
