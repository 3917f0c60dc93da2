//! What the silence of a campaign is worth: mutants, each a protocol with one known bug, and how often a run
//! of each workload catches them.

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Mutex;

use super::statistics::{Estimate, trials_for_99_percent};
use super::torture::trial;
use crate::protocol::{Mutant, MutantClass};
use crate::rng::Seed;
use crate::workload::{Expectation, Workload};

/// A calibration.
#[derive(Debug, Clone)]
pub struct Bench {
    /// The workloads, each without a bug.
    pub workloads: Vec<Workload>,
    /// Which bugs, where they apply.
    pub mutants: Vec<Mutant>,
    /// How many runs of each.
    pub runs: u64,
    /// Of one that no run has caught, how many more at most until the first does.
    pub most: u64,
    /// How many operations each run has.
    pub ops: u64,
    /// The first seed; the others count up.
    pub first: Seed,
}

/// How often the runs of a workload caught a bug.
#[derive(Debug, Clone, Serialize)]
pub struct Caught {
    /// The workload, by its place.
    #[serde(skip)]
    pub place: usize,
    /// The workload.
    pub workload: String,
    /// The bug; none, to see whether there are false alarms.
    pub mutant: Option<&'static str>,
    /// What kind it is.
    pub class: Option<MutantClass>,
    /// How many runs there were.
    pub runs: u64,
    /// How many of them caught it.
    pub caught: u64,
    /// The probability that a run does.
    pub probability: Estimate,
    /// After how many runs it is caught with a probability of 99 %; none if no run caught it.
    pub runs_for_99_percent: Option<u64>,
    /// How it shows, and how often.
    pub shows_as: BTreeMap<String, u64>,
    /// The first seed that caught it.
    pub first: Option<Seed>,
}

/// Runs every mutant that a workload can have, and each workload without one. `watch` is told after each how
/// many are done, of how many, and ends it by returning false: those that are left have no runs.
///
/// # Panics
/// If a run panics.
pub fn calibrate(
    bench: &Bench,
    watch: &mut (dyn FnMut(usize, usize) -> bool + Send),
) -> Vec<Caught> {
    let sound = (0..bench.workloads.len()).map(|place| (place, None));
    let mutants = (0..bench.workloads.len()).flat_map(|place| {
        let config = &bench.workloads[place].config;
        let applying = bench.mutants.iter().filter(|mutant| mutant.applies_to(config));
        applying.map(move |mutant| (place, Some(*mutant)))
    });
    let pairs: Vec<(usize, Option<Mutant>)> = sound.chain(mutants).collect();
    let count = pairs.len();
    let progress = Mutex::new((0, true, watch));
    let examine = |(place, mutant)| {
        let go_on = progress.lock().expect("nobody panics while counting").1;
        let caught = examine(bench, place, mutant, if go_on { bench.runs } else { 0 });
        let mut progress = progress.lock().expect("nobody panics while counting");
        progress.0 += 1;
        let done = progress.0;
        progress.1 &= (progress.2)(done, count);
        caught
    };
    pairs.into_par_iter().map(examine).collect()
}

fn examine(bench: &Bench, place: usize, mutant: Option<Mutant>, runs: u64) -> Caught {
    let workload = mutated(&bench.workloads[place], mutant);
    let (mut done, mut caught) = (0, 0);
    let (mut shows_as, mut first) = (BTreeMap::new(), None);
    let goes_on = |done: u64, caught: u64| {
        done < runs || (caught == 0 && mutant.is_some() && runs > 0 && done < bench.most)
    };
    while goes_on(done, caught) {
        let seed = Seed(bench.first.0.wrapping_add(done));
        let row = trial(&workload, place, done, seed, bench.ops);
        if row.is_failure() {
            caught += 1;
            let finding = row.finding().unwrap_or("a weaker condition").to_owned();
            *shows_as.entry(finding).or_default() += 1;
            first.get_or_insert(seed);
        }
        done += 1;
    }
    let probability = Estimate::share(caught, done);
    Caught {
        place,
        workload: workload.name,
        mutant: mutant.map(Mutant::name),
        class: mutant.map(Mutant::class),
        runs: done,
        caught,
        runs_for_99_percent: trials_for_99_percent(probability.value),
        probability,
        shows_as,
        first,
    }
}

/// The workload with this bug, and what theory promises of it without.
pub fn mutated(workload: &Workload, mutant: Option<Mutant>) -> Workload {
    let mut workload = Workload { expect: Expectation::Promise, ..workload.clone() };
    workload.config.mutant = mutant;
    workload
}

/// What a calibration says of each workload, to be quoted later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Power {
    /// Version of this form.
    pub version: u32,
    /// How many operations each run had.
    pub ops: u64,
    /// By workload and class of mutants, for each mutant the probability that one run catches it, and the
    /// lower end of its 95 % interval.
    pub workloads: BTreeMap<String, BTreeMap<String, Vec<(f64, f64)>>>,
}

impl Power {
    /// The version that this code writes.
    pub const VERSION: u32 = 1;

    /// What these say.
    pub fn of(ops: u64, all: &[Caught]) -> Self {
        let mut workloads: BTreeMap<String, BTreeMap<String, Vec<(f64, f64)>>> = BTreeMap::new();
        for caught in all {
            let Some(class) = caught.class else { continue };
            let classes = workloads.entry(caught.workload.clone()).or_default();
            let Estimate { value, low, .. } = caught.probability;
            classes.entry(class.name().to_owned()).or_default().push((value, low));
        }
        Self { version: Self::VERSION, ops, workloads }
    }

    /// With which probability so many runs of a workload would have caught a bug, by its class, any of those
    /// that were tried being as likely as another; and the same by the lower ends of all intervals. `None` if
    /// the workload was not calibrated with as many operations.
    pub fn after(&self, workload: &str, ops: u64, runs: u64) -> Option<Vec<(&str, f64, f64)>> {
        let classes = self.workloads.get(workload).filter(|_| self.ops == ops)?;
        let caught = |one: f64| 1.0 - libm::pow(1.0 - one, runs as f64);
        let mean = |of: &[(f64, f64)], part: fn(&(f64, f64)) -> f64| {
            of.iter().map(|one| caught(part(one))).sum::<f64>() / of.len() as f64
        };
        let rows = classes
            .iter()
            .map(|(class, of)| (class.as_str(), mean(of, |one| one.0), mean(of, |one| one.1)));
        Some(rows.collect())
    }
}
