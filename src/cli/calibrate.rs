//! `quorate calibrate`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use super::Exit;
use super::interrupt::Interrupt;
use super::progress::Progress;
use super::run::load;
use super::telling::Telling;
use crate::campaign::calibrate::{self, Bench, Power};
use crate::protocol::Mutant;
use crate::report::{calibrated, calibrated_json, false_alarms, survivors};
use crate::rng::Seed;
use crate::workload::{File, Workload};

/// The workloads that are calibrated when none is named: each promises linearizability.
const STANDARD: &[(&str, &str)] = &[
    ("majority-abd.toml", include_str!("../../workloads/first-steps/majority-abd.toml")),
    ("abd-single-writer.toml", include_str!("../../workloads/protocols/abd-single-writer.toml")),
    ("masking.toml", include_str!("../../workloads/protocols/masking.toml")),
    ("gifford.toml", include_str!("../../workloads/protocols/gifford.toml")),
    ("caspaxos.toml", include_str!("../../workloads/protocols/caspaxos.toml")),
    ("raft-read-index.toml", include_str!("../../workloads/protocols/raft-read-index.toml")),
    ("raft-log.toml", include_str!("../../workloads/protocols/raft-log.toml")),
    ("raft-lease.toml", include_str!("../../workloads/protocols/raft-lease.toml")),
    ("raft-lease-calm.toml", include_str!("../../workloads/protocols/raft-lease-calm.toml")),
    ("raft-elections.toml", include_str!("../../workloads/protocols/raft-elections.toml")),
    ("insync.toml", include_str!("../../workloads/protocols/insync.toml")),
    ("chain.toml", include_str!("../../workloads/protocols/chain.toml")),
];

const EXAMPLES: &str = "Examples:
  quorate calibrate
      how likely a run of each standard workload catches each known bug
  quorate calibrate workloads/protocols/raft-*.toml --runs 500 \\
    --save calibration.json
      of some workloads, to be quoted by quorate torture --calibration
      calibration.json
  quorate calibrate --mutants no-write-back,ack-before-sync --json
      of two bugs

Exit codes: 0 every bug is caught by some workload, and nothing else; 1 a bug
survives, or there is a false alarm.";

/// What `quorate calibrate` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CalibrateArgs {
    /// Workload files; left out, one for each protocol that promises linearizability.
    workloads: Vec<PathBuf>,
    /// Which bugs; left out, all that the protocol can have.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = mutant)]
    mutants: Vec<Mutant>,
    /// How many runs of each.
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    runs: u64,
    /// How many runs at most of a bug that none has caught.
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    most: u64,
    /// How many operations each run has.
    #[arg(long, value_name = "COUNT", default_value_t = 1000,
          value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    ops: u64,
    /// The seed of the first run; those after it count up.
    #[arg(long, value_name = "SEED", default_value = "1")]
    seed_from: Seed,
    /// Save what torture quotes.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    #[command(flatten)]
    telling: Telling,
}

fn mutant(name: &str) -> Result<Mutant, String> {
    Mutant::ALL.iter().copied().find(|mutant| mutant.name() == name).ok_or_else(|| {
        let names: Vec<&str> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
        format!("expected {}", names.join(", "))
    })
}

impl CalibrateArgs {
    fn bench(&self) -> Result<Bench> {
        let mut workloads: Vec<Workload> = Vec::new();
        for path in &self.workloads {
            workloads.push(load(path)?.resolve()?);
        }
        if workloads.is_empty() {
            for (path, text) in STANDARD {
                workloads.push(File::parse(Path::new(path), text)?.resolve()?);
            }
        }
        let all = Mutant::ALL.to_vec();
        let mutants = if self.mutants.is_empty() { all } else { self.mutants.clone() };
        let (runs, most, ops, first) = (self.runs, self.most, self.ops, self.seed_from);
        Ok(Bench { workloads, mutants, runs, most, ops, first })
    }
}

/// Calibrates workloads.
pub(super) fn calibrate(args: &CalibrateArgs) -> Result<Exit> {
    let bench = args.bench()?;
    let interrupt = Interrupt::listen()?;
    let mut progress = Progress::begin("calibrating", 1000, args.telling.hides_progress());
    let all = calibrate::calibrate(&bench, &mut |done, of| {
        progress.set((done * 1000 / of) as u64);
        !interrupt.pressed()
    });
    drop(progress);
    let power = Power::of(bench.ops, &all);
    if let Some(path) = &args.save {
        let text = serde_json::to_string_pretty(&power)? + "\n";
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let (json, text) = (|| calibrated_json(&all, &power), || calibrated(&bench.workloads, &all));
    args.telling.tell(json, text)?;
    let is_good = survivors(&all).is_empty() && false_alarms(&all).next().is_none();
    Ok(if interrupt.pressed() { Exit::Unknown } else { Exit::of_expectation(Some(is_good)) })
}
