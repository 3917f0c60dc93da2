//! What a campaign has come to so far: failures that are alike together, and how much there is left to
//! learn.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use serde::Serialize;

use super::trial::{Row, wants_violation};
use crate::rng::Seed;
use crate::workload::Workload;

/// After so many trials that showed nothing new, more of them will hardly teach anything.
pub const PLATEAU: u64 = 400;

/// Findings that are alike: of one workload, whose cluster is always the same, and of one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The workload, by its place in the campaign.
    #[serde(skip)]
    pub place: usize,
    /// The workload.
    pub workload: String,
    /// What is wrong: the name of an anomaly, or `unavailable`.
    pub finding: String,
    /// Whether it is a failure: promised or expected not to happen.
    pub is_failure: bool,
    /// How many trials show it before anything else.
    pub count: u64,
    /// The first of them that is a failure, or the first of all.
    pub seed: Seed,
    /// Its number.
    pub trial: u64,
    /// The file that shows it, once there is one.
    pub file: Option<String>,
}

/// What a campaign has come to so far.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Tally {
    /// How many trials are over.
    pub trials: u64,
    /// How many operations there were.
    pub ops: u64,
    /// In how many nobody can tell.
    pub unknown: u64,
    /// In how many nothing could have gone wrong.
    pub vacuous: u64,
    /// Findings.
    pub groups: Vec<Group>,
    /// How many different things nodes were made to do: steps, steps after steps, and operations under
    /// faults.
    pub covered: u64,
    /// How many trials in a row showed nothing new at last.
    pub nothing_new: u64,
    /// By workload that must show a violation, whether some trial did.
    pub shown: BTreeMap<String, bool>,
}

impl Tally {
    /// Nothing has come of these yet.
    pub fn new(workloads: &[Workload]) -> Self {
        let wanted = workloads.iter().filter(|workload| wants_violation(workload));
        let shown = wanted.map(|workload| (workload.name.clone(), false)).collect();
        Self { shown, ..Self::default() }
    }

    /// What these trials have come to.
    pub fn of(workloads: &[Workload], rows: &[Row]) -> Self {
        let mut tally = Self::new(workloads);
        for row in rows {
            tally.add(row, workloads);
        }
        tally
    }

    /// Counts a trial in. Returns the group that it begins, if it does, or whose first failure it is.
    pub fn add(&mut self, row: &Row, workloads: &[Workload]) -> Option<usize> {
        self.trials += 1;
        self.ops += row.ops;
        self.unknown += u64::from(row.unknown);
        self.vacuous += u64::from(row.vacuous);
        self.covered += row.new.len() as u64;
        self.nothing_new = if row.new.is_empty() { self.nothing_new + 1 } else { 0 };
        let workload = &workloads[row.workload];
        if let Some(shown) = self.shown.get_mut(&workload.name) {
            *shown |= row.found.iter().any(|found| workload.expect.is_shown_by(found));
        }
        let finding = row.finding().or(row.is_failure().then_some("unexpected"))?;
        let is_alike = |group: &Group| group.place == row.workload && group.finding == finding;
        let Some(place) = self.groups.iter().position(is_alike) else {
            self.groups.push(Group {
                place: row.workload,
                workload: workload.name.clone(),
                finding: finding.to_owned(),
                is_failure: row.is_failure(),
                count: 1,
                seed: row.seed,
                trial: row.trial,
                file: None,
            });
            return Some(self.groups.len() - 1);
        };
        let group = &mut self.groups[place];
        group.count += 1;
        let is_first_failure = row.is_failure() && !group.is_failure;
        if is_first_failure {
            (group.is_failure, group.seed, group.trial) = (true, row.seed, row.trial);
        }
        is_first_failure.then_some(place)
    }

    /// Whether everything is as expected; `None` if nobody can tell.
    pub fn as_expected(&self) -> Option<bool> {
        let failed = self.groups.iter().any(|group| group.is_failure);
        if failed || self.shown.values().any(|shown| !shown) {
            Some(false)
        } else if self.unknown > 0 || self.trials == 0 || self.vacuous == self.trials {
            None
        } else {
            Some(true)
        }
    }

    /// Whether more seeds will hardly teach anything.
    pub fn is_plateau(&self) -> bool {
        self.nothing_new >= PLATEAU
    }
}

/// What all trials together have covered.
#[derive(Debug, Default)]
pub(super) struct Covered(FxHashSet<u64>);

impl Covered {
    /// What is in the lines of a store.
    pub(super) fn of(rows: &[Row]) -> Self {
        Self(rows.iter().flat_map(|row| row.new.iter().copied()).collect())
    }

    /// Adds what a trial covers. Returns what of it is new, in a fixed order.
    pub(super) fn add(&mut self, covered: &FxHashSet<u64>) -> Vec<u64> {
        let mut new: Vec<u64> = covered.difference(&self.0).copied().collect();
        new.sort_unstable();
        self.0.extend(new.iter().copied());
        new
    }
}
