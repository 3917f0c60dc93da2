//! From a run that can be run again to the pictures behind its counterexamples.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_checker::{Budget, Certificate, Datum, KeyProof};
use serde_json::Value as Json;

use super::Story;
use crate::judge::judge;
use crate::protocol::Key;
use crate::report::configuration;
use crate::report::html::{SpaceTimePicture, place_of_key};
use crate::report::trace::Trace;
use crate::rng::Seed;
use crate::run::simulate_recording;
use crate::time::{MILLISECOND, Nanos};
use crate::workload::Workload;
use crate::world::trace::{Recording, SpaceTime};

/// So many counterexamples have a picture: the most telling ones.
const PICTURES_MAX: usize = 8;
/// A run is not run again for a counterexample that comes after so many operations.
const OPERATIONS_MAX: usize = 200_000;
/// Messages may still be on their way when the last operation has ended.
const AFTER: Nanos = 100 * MILLISECOND;

/// An operation by what is the same in a history and in a recording: its process and when it was invoked.
type Id = (u32, Nanos);

/// The operations of a counterexample.
struct Cited {
    /// The place of the proof in the certificate.
    proof: usize,
    key: Key,
    operations: Vec<Id>,
    /// When the last of them has ended.
    until: Nanos,
}

/// The pictures behind the counterexamples of a simulated run, which is run again up to the last of them.
/// Without the ones that another version of the program recorded and this one does not see again.
///
/// # Panics
/// If the workload has a script that is impossible.
pub fn behind(
    workload: &Workload,
    seed: Seed,
    result: &Json,
    certificate: &Certificate,
    trace: &Trace,
) -> Vec<SpaceTimePicture> {
    let violations = result["violations"].as_array().map_or(&[][..], Vec::as_slice);
    let proofs = violations.iter().filter_map(|v| place_of_key(certificate, v["key"].as_str()?));
    let cited: Vec<Cited> = proofs
        .filter_map(|proof| Cited::new(certificate, proof, trace))
        .take(PICTURES_MAX)
        .collect();
    let Some(until) = cited.iter().map(|cited| cited.until).max() else { return Vec::new() };
    let until = until + AFTER;
    let recorded = simulate_recording(workload, seed, &mut |far| far.now <= until);
    let (_, mut recording) = recorded.expect("nothing is written");
    recording.moments.retain(|moment| moment.at <= until);
    recording.faults.retain(|(at, _)| *at <= until);
    let keys: Vec<Key> = cited.iter().map(|cited| cited.key).collect();
    let Some((drawn, places)) = draw(workload, &recording, &keys) else { return Vec::new() };
    let picture = |Cited { proof, key, operations, .. }: &Cited| {
        let cited: Vec<usize> =
            operations.iter().map(|id| places.get(id).copied()).collect::<Option<_>>()?;
        let names = &workload.node_names;
        let svg = Story { drawn: &drawn, names, key: *key, cited: &cited }.element();
        Some(SpaceTimePicture { proof: *proof, svg })
    };
    cited.iter().filter_map(picture).collect()
}

/// The picture behind the most telling counterexample of a workload with a script, as a file of its own;
/// `None` if it has none.
///
/// # Panics
/// If its script is impossible.
pub fn script_picture(workload: &Workload) -> Option<String> {
    workload.script.as_ref()?;
    let recorded = simulate_recording(workload, Seed(0), &mut |_| true);
    let (run, recording) = recorded.expect("nothing is written, and the script was resolved");
    let ids: BTreeMap<u32, Id> = (run.history.keys.iter().flat_map(|key| &key.ops))
        .map(|op| (op.call, (op.process(), op.call_time as Nanos)))
        .collect();
    let judged = judge(workload, run, Budget::GENEROUS, || {});
    let violation = judged.violations.first()?;
    let proof = &judged.certificate.keys[place_of_key(&judged.certificate, &violation.key)?];
    let (Some(key), KeyProof::Invalid { operations, .. }) = (number(&proof.key), &proof.proof)
    else {
        return None;
    };
    let (drawn, places) = draw(workload, &recording, &[key])?;
    let cited = operations.iter().map(|cited| places.get(ids.get(&cited.call)?).copied());
    let cited: Vec<usize> = cited.collect::<Option<_>>()?;
    let story = Story { drawn: &drawn, names: &workload.node_names, key, cited: &cited };
    let about = format!("{}: {}", workload.name, configuration(&workload.config));
    Some(story.file(&violation.explanation.title, &about))
}

/// What happened, and where each operation is in it.
fn draw(
    workload: &Workload,
    recording: &Recording,
    keys: &[Key],
) -> Option<(SpaceTime, BTreeMap<Id, usize>)> {
    let drawn = recording.spacetime(&Arc::new(workload.config.clone()), keys).ok()?;
    let operations = drawn.operations.iter().zip(0..);
    let places = operations.map(|(asked, place)| ((asked.process, asked.begun), place)).collect();
    Some((drawn, places))
}

fn number(key: &Datum) -> Option<Key> {
    match key {
        Datum::Int(number) => Key::try_from(*number).ok(),
        _ => None,
    }
}

impl Cited {
    fn new(certificate: &Certificate, proof: usize, trace: &Trace) -> Option<Self> {
        let key = &certificate.keys[proof];
        let KeyProof::Invalid { operations, .. } = &key.proof else { return None };
        let places = operations.iter().map(|cited| trace.find(cited.call));
        let places: Vec<usize> = places.collect::<Option<_>>()?;
        if places.iter().any(|place| *place >= OPERATIONS_MAX) {
            return None;
        }
        let operations = places.iter().map(|place| &trace.operations[*place]);
        let until = operations.clone().map(|op| op.to.unwrap_or(trace.end)).max()?;
        let id = |op: &crate::report::Operation| {
            Some((trace.processes[op.process as usize].0, Nanos::try_from(op.from).ok()?))
        };
        let operations = operations.map(id).collect::<Option<_>>()?;
        Some(Self { proof, key: number(&key.key)?, operations, until: until as Nanos })
    }
}
