//! A small story as a workload that people can read and run.

use quorate_checker::Anomaly;

use super::moves::{Deed, Move};
use super::replay::Setting;
use crate::campaign::shorten::{scripted, shorten, shows};
use crate::client::Action;
use crate::rng::Seed;
use crate::time::Nanos;
use crate::workload::{Expectation, Workload};
use crate::world::stage::{Cue, Scribe};

/// A step of a script takes so long unless it says otherwise.
const STEP: Nanos = 1_000;

/// The workload that tells the story.
pub(super) fn told(
    workload: &Workload,
    seed: Seed,
    setting: &Setting,
    moves: &[Move],
    anomaly: Anomaly,
) -> Workload {
    let base = Workload {
        name: format!("{}-shrunk", workload.name),
        about: format!(
            "The smallest part of {} with seed {seed} that shows a {anomaly}.",
            workload.name
        ),
        expect: Expectation::Anomaly(anomaly),
        script: None,
        ..workload.clone()
    };
    let few = with_few_clients(setting, moves);
    let tellings = [
        without_times(&few, moves, anomaly),
        with_times(&few, moves),
        without_times(setting, moves, anomaly),
        with_times(setting, moves),
    ];
    let works = |cues: &Vec<Cue>| shows(&scripted(&base, cues), anomaly);
    let cues = tellings.into_iter().flatten().find(works);
    let cues = cues.expect("told step by step it is the story itself");
    scripted(&base, &shorten(&base, cues, anomaly))
}

/// Without clients that ask for nothing.
fn with_few_clients(setting: &Setting, moves: &[Move]) -> Setting {
    let asking = moves.iter().filter_map(|way| match way.deed {
        Deed::Ask { client, .. } => Some(client + 1),
        _ => None,
    });
    Setting { client_count: asking.max().unwrap_or(1), ..setting.clone() }
}

/// As if each step took as long as steps of scripts do, if that makes no difference.
fn without_times(setting: &Setting, moves: &[Move], anomaly: Anomaly) -> Option<Vec<Cue>> {
    let timeless = Setting { patience: Nanos::MAX, ..setting.clone() };
    let mut even = timeless.shown_by(&spread(moves), anomaly)?;
    // What cannot be done any more takes no time.
    even = spread(&even);
    let mut scribe = Scribe::new(&timeless.config, Nanos::MAX, names(&timeless, &even));
    for (_, step) in timeless.replay(&even).steps {
        scribe.pass(STEP);
        scribe.write(&step).ok()?;
    }
    Some(scribe.cues())
}

fn spread(moves: &[Move]) -> Vec<Move> {
    let at = |place: usize| (place as Nanos + 1) * STEP;
    moves.iter().enumerate().map(|(place, way)| Move { at: at(place), ..way.clone() }).collect()
}

/// With all times as they were.
fn with_times(setting: &Setting, moves: &[Move]) -> Option<Vec<Cue>> {
    let mut scribe = Scribe::new(&setting.config, setting.patience, names(setting, moves));
    scribe.pace(0);
    for (at, step) in setting.replay(moves).steps {
        let passed = at - scribe.stage().now();
        if passed > 0 {
            scribe.wait(passed);
        }
        scribe.write(&step).ok()?;
    }
    Some(scribe.cues())
}

/// Clients by what they do: those that only write are w, those that only read are r.
fn names(setting: &Setting, moves: &[Move]) -> Vec<String> {
    let letter = |client: u32| {
        let reads = moves.iter().filter_map(|way| match &way.deed {
            Deed::Ask { client: other, operation, .. } if *other == client => {
                Some(operation.action == Action::Read)
            }
            _ => None,
        });
        let reads: Vec<bool> = reads.collect();
        match (reads.contains(&true), reads.contains(&false)) {
            (true, false) => 'r',
            (false, true) => 'w',
            _ => 'c',
        }
    };
    let letters: Vec<char> = (0..setting.client_count).map(letter).collect();
    let name = |(place, letter): (usize, &char)| {
        let alike = |letters: &[char]| letters.iter().filter(|other| *other == letter).count();
        match alike(&letters) {
            1 => letter.to_string(),
            _ => format!("{letter}{}", alike(&letters[..=place])),
        }
    };
    letters.iter().enumerate().map(name).collect()
}
