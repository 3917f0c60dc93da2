//! A run in which a script says what happens to every message.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::faults::Faults;
use super::{Asked, Run};
use crate::client::{Operation, classify};
use crate::nemesis::Fault;
use crate::record::{RecordError, Recorder};
use crate::timing::Timing;
use crate::workload::Workload;
use crate::world::Happening;
use crate::world::stage::{Performance, Played, Script, Step};

/// Carries out a script, in which nothing is left to the seed.
pub(super) fn perform(
    workload: &Workload,
    script: &Script,
    mut recorder: Recorder<'_>,
) -> Result<(Run, Performance), RecordError> {
    let performance = script.perform(&Arc::new(workload.config.clone()));
    let performance = performance.expect("a workload that was resolved can be carried out");
    let mut under_way: BTreeMap<u32, Operation> = BTreeMap::new();
    let (mut faults, mut asked) = (Faults::default(), BTreeMap::new());
    for Played { at, step, happenings } in &performance.played {
        if let Step::Begin { process, operation, node } | Step::Ask { process, operation, node } =
            step
        {
            under_way.insert(*process, *operation);
            recorder.invoke(*at, *process, operation)?;
            asked.insert(recorder.position(), *node);
        }
        if let Some(fault) = fault_of(step).map(|fault| faults.mend(fault)) {
            recorder.fault(*at, &fault, &workload.node_names, true)?;
            faults.change(&fault, *at);
        }
        for Happening { process, response } in happenings {
            let operation = under_way[process];
            recorder.complete(*at, *process, &operation, &classify(&operation, *response))?;
        }
    }
    let verdict = recorder.verdict();
    let (history, events) = recorder.finish();
    let run = Run {
        verdict,
        history,
        events,
        asked: Asked::EachTime(asked),
        faults: faults.windows(performance.duration),
        duration: performance.duration,
        traffic: performance.traffic,
        ledger: None,
        recovery: None,
        timing: Timing::default(),
        stopped_at: None,
    };
    Ok((run, performance))
}

/// What a step breaks or mends beside the network.
fn fault_of(step: &Step) -> Option<Fault> {
    match step {
        Step::Crash { node, lose_unsynced } => {
            Some(Fault::Crash { nodes: vec![*node], lose_unsynced: *lose_unsynced })
        }
        Step::Wipe { node } => Some(Fault::Wipe { nodes: vec![*node] }),
        Step::Restart { node } => Some(Fault::Restart { nodes: vec![*node] }),
        Step::SetClock { node, offset: 0 } => Some(Fault::ResetClocks { nodes: vec![*node] }),
        Step::SetClock { node, offset } => {
            Some(Fault::SkewClocks { offsets: vec![(*node, *offset)] })
        }
        Step::Begin { .. }
        | Step::Ask { .. }
        | Step::Arrive { .. }
        | Step::Answer { .. }
        | Step::Disconnect { .. }
        | Step::Deliver(_)
        | Step::Drop(_)
        | Step::Duplicate(_)
        | Step::Sync { .. }
        | Step::Timer { .. }
        | Step::GiveUp { .. } => None,
    }
}
