//! A campaign: thousands of seeds, each a run of its own, on all cores.
//!
//! What a trial comes to depends on its workload, its seed and the number of operations; only what counts as
//! new, and the order of the lines, depend on which trials end first.

mod findings;
mod ledger;
mod plan;
mod swarm;
mod trial;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

use anyhow::Result;

pub use findings::{Group, PLATEAU, Tally};
pub use ledger::{Charter, Ledger, Listed, merge, read_charter, read_rows, read_workloads};
pub use plan::{Plan, Shard};
pub use swarm::draw;
pub(in crate::campaign) use trial::messages_most;
pub use trial::{FLOOD, Row, UNAVAILABLE, trial, wants_violation};

use findings::Covered;
use trial::Trial;

/// So many results may wait to be written for each worker.
const WAITING_MOST: usize = 16;

/// Runs the trials of a plan that are not in its store yet. `watch` is told after each one what the campaign
/// has come to so far and which group of findings is new, and stops it by returning false; the trials that
/// are under way then are finished first.
///
/// # Errors
/// If a line cannot be written.
///
/// # Panics
/// If a trial panics.
pub fn torture(
    plan: &Plan,
    jobs: usize,
    ledger: &mut Ledger,
    rows: &[Row],
    watch: &mut dyn FnMut(&Tally, Option<usize>) -> bool,
) -> Result<Tally> {
    let mut tally = Tally::of(&plan.workloads, rows);
    let done: BTreeSet<u64> = rows.iter().map(|row| row.trial).collect();
    let mut covered = Covered::of(rows);
    let left = Mutex::new(plan.trials().filter(move |trial| !done.contains(trial)));
    let next = || left.lock().expect("nobody panics while counting").next();
    let stopped = AtomicBool::new(false);
    let (sender, receiver) = sync_channel::<Trial>(jobs * WAITING_MOST);
    thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, stopped, next) = (sender.clone(), &stopped, &next);
            scope.spawn(move || {
                while let Some(trial) = next().filter(|_| !stopped.load(Ordering::Relaxed)) {
                    let (place, seed) = plan.trial(trial);
                    let trial = trial::run(&plan.workloads[place], place, trial, seed, plan.ops);
                    if sender.send(trial).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for Trial { mut row, covered: seen } in receiver {
            row.new = covered.add(&seen);
            let written = ledger.add(&row);
            let group = tally.add(&row, &plan.workloads);
            if written.is_err() || !watch(&tally, group) {
                stopped.store(true, Ordering::Relaxed);
            }
            written?;
        }
        Ok(tally)
    })
}
