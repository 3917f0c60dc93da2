//! One seed of a campaign: a workload drawn from it, run, checked and judged.

use quorate_checker::{Budget, NO_TIME, Outcome, Verdict};
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::swarm;
use crate::judge::{Glance, Judgement, glance};
use crate::rng::Seed;
use crate::run::{FaultWindow, Run, simulate_covering};
use crate::workload::Workload;
use crate::world::sim::number;

/// Registers are decided within so much; nearly all need nothing of it.
const BUDGET: Budget = Budget::GENEROUS;

/// So many messages may be sent for each operation, in all; nearly always it is a tenth of that.
const MESSAGES_MOST: u64 = 300;
/// And for so many operations at the end of a run.
const OPS_BESIDES: u64 = 500;

/// What came of a seed. A line of the store, so its names are short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Which trial of the campaign.
    pub trial: u64,
    /// Its seed.
    pub seed: Seed,
    /// Which workload, by its place in the campaign.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub workload: usize,
    /// How many operations there were.
    pub ops: u64,
    /// Verdict against promise, where it is not simply kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judgement: Option<String>,
    /// What is wrong: names of anomalies, and `unavailable`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<String>,
    /// Whether it is what was expected, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<bool>,
    /// Whether nobody can tell what was expected.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unknown: bool,
    /// Whether nothing could have gone wrong.
    #[serde(default, skip_serializing_if = "is_false")]
    pub vacuous: bool,
    /// What nodes were made to do that no earlier line has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub new: Vec<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_false(truth: &bool) -> bool {
    !truth
}

/// How a run is called among the findings in which nodes send each other so much that it does not end.
pub const FLOOD: &str = "message-flood";

/// How a client that gets nothing through in the end is called among the findings.
pub const UNAVAILABLE: &str = "unavailable";

impl Row {
    /// Whether this is a failure: what was promised or expected did not come.
    pub fn is_failure(&self) -> bool {
        self.expected == Some(false) || self.judgement.as_deref() == Some(Judgement::Broken.name())
    }

    /// The finding that stands for it.
    pub fn finding(&self) -> Option<&str> {
        self.found.first().map(String::as_str)
    }
}

/// A trial and everything that it covers.
pub(super) struct Trial {
    pub(super) row: Row,
    pub(super) covered: FxHashSet<u64>,
}

/// Runs one trial by itself: nothing that it covers is told.
pub fn trial(base: &Workload, place: usize, trial: u64, seed: Seed, ops: u64) -> Row {
    run(base, place, trial, seed, ops).row
}

/// How many messages nodes may send each other in a run.
pub(in crate::campaign) fn messages_most(workload: &Workload) -> u64 {
    MESSAGES_MOST * (workload.clients.ops + OPS_BESIDES)
}

/// Runs one.
pub(super) fn run(base: &Workload, place: usize, trial: u64, seed: Seed, ops: u64) -> Trial {
    let drawn = swarm::draw(base, seed, ops);
    let messages_most = messages_most(&drawn);
    let (run, coverage) =
        simulate_covering(&drawn, seed, messages_most).expect("nothing is written");
    let is_flooded = run.traffic.messages > messages_most;
    let mut covered = overlaps(&run);
    covered.extend(coverage.steps);
    covered.extend(coverage.pairs);
    let ops = run.op_count() as u64;
    let glance = glance(&drawn, run, BUDGET);
    let mut row = row(&glance, trial, seed, place, ops);
    if is_flooded {
        row.found.push(FLOOD.to_owned());
        // Whoever did not get through was not given the time.
        row.found.retain(|found| found != UNAVAILABLE);
        row.expected = row.expected.filter(|_| !glance.anomalies.is_empty());
    }
    let expected = drawn.expect.name();
    if glance.symptoms.has(expected) && !row.found.iter().any(|found| found == expected) {
        row.found.push(expected.to_owned());
    }
    if wants_violation(base) {
        // Not every seed shows it.
        row.unknown = false;
        row.expected = row.found.iter().any(|found| found == UNAVAILABLE).then_some(false);
    }
    Trial { row, covered }
}

/// Whether a violation is what must come of it, in some of the runs.
pub fn wants_violation(workload: &Workload) -> bool {
    workload.expect.is_found()
}

fn row(glance: &Glance, trial: u64, seed: Seed, workload: usize, ops: u64) -> Row {
    let mut found: Vec<String> = glance.anomalies.iter().map(ToString::to_string).collect();
    found.extend(glance.is_stuck.then(|| UNAVAILABLE.to_owned()));
    let is_kept = glance.verdict == Verdict::Valid;
    Row {
        trial,
        seed,
        workload,
        ops,
        judgement: (!is_kept).then(|| glance.judgement.name().to_owned()),
        found,
        expected: glance.as_expected.filter(|as_expected| !as_expected),
        unknown: glance.as_expected.is_none(),
        vacuous: !glance.evidence.vacuous.is_empty(),
        new: Vec::new(),
    }
}

/// Which faults were on together while which operation was under way, and what came of it.
fn overlaps(run: &Run) -> FxHashSet<u64> {
    let mut covered = FxHashSet::default();
    let mut cover = |function: &str, outcome: Outcome, (from, to): (i64, i64)| {
        let meets = |window: &&FaultWindow| (window.from as i64) < to && from < window.to as i64;
        let windows = run.faults.iter().filter(meets);
        let on = windows.fold(0_u32, |on, window| on | 1 << window.kind as u32);
        covered.insert(number((on, function, outcome as u8)));
    };
    for op in run.history.keys.iter().flat_map(|key| &key.ops) {
        let end = if op.ret_time == NO_TIME { i64::MAX } else { op.ret_time };
        cover(op.function().name(), op.outcome(), (op.call_time, end));
    }
    for done in run.done() {
        cover(done.function, done.outcome, (done.from, done.to));
    }
    covered
}
