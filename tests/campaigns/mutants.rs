//! Every bug that breaks a promise is caught, and what has no bug is not.

use std::fs;
use std::path::Path;

use quorate::campaign::calibrate::mutated;
use quorate::campaign::torture::trial;
use quorate::protocol::{Mutant, Protocol};
use quorate::rng::Seed;
use quorate::workload::Workload;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::resolve;

/// Each bug but those below is caught within so many seeds.
const SEEDS: u64 = 120;
const OPS: u64 = 300;
/// These take a rarer coincidence than so few small runs draw. `quorate calibrate` tells how many it takes, or
/// lists them as survivors.
const RARE: [Mutant; 7] = [
    Mutant::PreparesOlder,
    Mutant::ForgetsVote,
    Mutant::CommitsOldTerms,
    Mutant::LeaderTrustsMemory,
    Mutant::LeaseTooLong,
    Mutant::Disloyal,
    Mutant::ObeysTheDeposed,
];

fn standard() -> Vec<Workload> {
    let files = [
        "first-steps/majority-abd",
        "protocols/abd-single-writer",
        "protocols/masking",
        "protocols/gifford",
        "protocols/caspaxos",
        "protocols/raft-read-index",
        "protocols/raft-log",
        "protocols/raft-lease",
        "protocols/insync",
        "protocols/chain",
        "protocols/crdt-counter",
        "protocols/crdt-set",
    ];
    let load = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("workloads/{name}.toml"));
        resolve(&path.to_string_lossy(), &fs::read_to_string(&path).expect("it is readable"))
    };
    files.into_iter().map(load).collect()
}

/// The first seed with which some workload catches a bug.
fn caught(workloads: &[Workload], mutant: Mutant) -> Option<(u64, String)> {
    let applying: Vec<Workload> = (workloads.iter())
        .filter(|workload| mutant.applies_to(&workload.config))
        .map(|workload| mutated(workload, Some(mutant)))
        .collect();
    assert!(!applying.is_empty(), "{}: no workload can have it", mutant.name());
    (1..=SEEDS).find_map(|seed| {
        let fails = |workload: &&Workload| trial(workload, 0, seed, Seed(seed), OPS).is_failure();
        applying.iter().find(fails).map(|workload| (seed, workload.name.clone()))
    })
}

#[test]
fn every_bug_is_caught_but_the_rare_ones() {
    let workloads = standard();
    let survives = |mutant: &&Mutant| caught(&workloads, **mutant).is_none();
    let survivors: Vec<Mutant> = Mutant::ALL.par_iter().filter(survives).copied().collect();
    assert_eq!(survivors, RARE, "{SEEDS} seeds catch all others");
}

#[test]
fn what_has_no_bug_is_not_caught() {
    for workload in standard() {
        let sound = mutated(&workload, None);
        for seed in 1..=20 {
            let row = trial(&sound, 0, seed, Seed(seed), OPS);
            assert!(!row.is_failure(), "{}, seed {seed}: {row:?}", workload.name);
        }
    }
}

#[test]
fn mutants_are_many_and_have_names() {
    assert!(Mutant::ALL.len() >= 40, "only {}", Mutant::ALL.len());
    let mut names: Vec<&str> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Mutant::ALL.len());
}

/// Registers of the same name are caught elsewhere: what adds up has to be caught by what it adds up to.
#[test]
fn every_bug_of_counters_and_sets_is_caught_by_them() {
    let grows = |workload: &Workload| workload.config.protocol == Protocol::Crdt;
    let workloads: Vec<Workload> = standard().into_iter().filter(grows).collect();
    let bugs = Mutant::ALL.iter().filter(|mutant| mutant.protocols().contains(&Protocol::Crdt));
    let survivors: Vec<&Mutant> = bugs.filter(|bug| caught(&workloads, **bug).is_none()).collect();
    assert_eq!(survivors, Vec::<&Mutant>::new(), "{SEEDS} seeds catch all");
}
