//! Where configurations are compared.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::measure::{Sample, sample};
use crate::record::{RecordError, Recorder};
use crate::rng::Seed;
use crate::run::{RunError, run_live, simulate_weighing};
use crate::workload::Workload;
use crate::world::WorldKind;
use crate::world::live::Place;

/// Where the runs of a comparison are.
#[derive(Debug, Clone)]
pub enum Ground {
    /// In virtual time, on all cores.
    Simulated,
    /// Processes of this machine, one cluster after another so that none takes another's time.
    Processes {
        /// The program that is a node, if called with `node`.
        program: PathBuf,
        /// A directory for what a run needs while it runs.
        scratch: PathBuf,
    },
}

impl Ground {
    /// Runs each workload once, and returns what was measured in the order of the workloads; `None` if `go_on`, which
    /// is asked before each, would not. Where they take turns, every other round goes backwards, so that a machine
    /// that grows slower is not held against the last.
    pub(super) fn round(
        &self,
        workloads: &[Workload],
        seed: Seed,
        number: u32,
        go_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<Sample>>, RunError> {
        match self {
            Self::Simulated => (workloads.par_iter())
                .map(|workload| {
                    let run = go_on().then(|| simulate_weighing(workload, seed)).transpose()?;
                    Ok(run.map(|run| sample(workload, run)))
                })
                .collect(),
            Self::Processes { program, scratch } => {
                let run = |workload: &Workload| {
                    let run = go_on().then(|| run_once(program, scratch, workload, seed));
                    Ok(run.transpose()?.map(|run| sample(workload, run)))
                };
                if number.is_multiple_of(2) {
                    return workloads.iter().map(run).collect();
                }
                let samples: Result<Option<Vec<_>>, RunError> =
                    workloads.iter().rev().map(run).collect();
                let in_order = |samples: Vec<_>| samples.into_iter().rev().collect();
                samples.map(|samples| samples.map(in_order))
            }
        }
    }
}

/// Runs a workload on processes, in a directory that is there no longer than they are.
fn run_once(
    program: &Path,
    scratch: &Path,
    workload: &Workload,
    seed: Seed,
) -> Result<crate::run::Run, RunError> {
    let dir = tempfile::tempdir_in(scratch).map_err(RecordError::from)?;
    let place = Place::new(program.to_owned(), dir.path().to_owned());
    fs::write(&place.workload, workload.to_toml()).map_err(RecordError::from)?;
    let recorder = Recorder::new(None);
    run_live(&place, WorldKind::Processes, recorder, workload, seed, &mut |_| true)
}
