//! A run in progress: what its directory says so far.

use serde_json::{Value as Json, json};

use super::follow::{Follower, Followers};
use super::shelf::{Entry, Shelf};
use crate::report::fit;
use crate::run::Progress;

/// How far a run is. Times are in nanoseconds of its world.
pub(super) fn told(entry: &Entry, shelf: &Shelf, followers: &mut Followers) -> Json {
    if !entry.standing.is_live() {
        followers.forget(&entry.name);
        return json!({ "standing": entry.standing.name(), "live": false });
    }
    let follower = followers.of(&entry.name);
    let read = match shelf.open_file(&entry.name, "history.jsonl") {
        Some(mut file) => follower.go_on(&mut file).map_err(|error| error.to_string()),
        None => Err("there is no history yet".to_owned()),
    };
    let faults: Vec<Json> =
        follower.faults.on().map(|(kind, what)| json!([fit(kind), fit(what)])).collect();
    json!({
        "standing": entry.standing.name(),
        "live": true,
        "permille": permille(entry, follower),
        "begun": follower.begun,
        "ok": follower.ok,
        "fail": follower.fail,
        "info": follower.info,
        "time_ns": follower.now,
        "faults": faults,
        "verdict": follower.verdict().map(quorate_checker::Verdict::name),
        "behind": follower.is_behind,
        "problem": read.err(),
    })
}

/// How much of it is over, as the run itself shows it; null if its workload cannot be read.
fn permille(entry: &Entry, follower: &Follower) -> Option<u64> {
    let workload = entry.workload.as_ref()?;
    let (ops, now) = (follower.begun, follower.now);
    let progress = Progress { ops, now, faults: Default::default(), verdict: None };
    Some(progress.permille(&workload.clients))
}
