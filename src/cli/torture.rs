//! `quorate torture`.

use std::path::{Path, PathBuf};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;

use super::Exit;
use super::interrupt::Interrupt;
use super::outcome::{Outcome, OutcomeArgs};
use super::progress::Counter;
use super::run::{DEFAULT, DEFAULT_PATH, load};
use crate::campaign::calibrate::Power;
use crate::campaign::torture::{self, Charter, Ledger, Plan, Row, Shard, Tally};
use crate::report::{counted, quoted};
use crate::rng::Seed;
use crate::time::{Nanos, parse_duration};
use crate::workload::{File as WorkloadFile, Workload};

const EXAMPLES: &str = "Examples:
  quorate torture --runs 1000
      the default: a thousand times majority quorums, each time under other
      faults
  quorate torture workloads/protocols/raft-*.toml --time 30m --store nightly
      several workloads in turn for half an hour; the same command again goes on
  quorate torture --runs 100000 --shard 3/8 --seed-from $(git rev-parse HEAD)
      the third of eight machines, with other seeds for each commit
  quorate torture workloads/first-steps/stale-read.toml --runs 200 \\
    --junit torture.xml
      for continuous integration

Each seed draws which faults exist at all, how wild they are, how many clients
and registers there are, and how long everything takes; the cluster stays what
it is, and so does its promise. At the end of each run everything is mended, and
every client must get through again.";

/// What `quorate torture` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct TortureArgs {
    /// Workload files; left out, majority quorums.
    workloads: Vec<PathBuf>,
    /// How many runs, all shards and all workloads together.
    #[arg(long, value_name = "COUNT", required_unless_present = "time")]
    runs: Option<u64>,
    /// How long to go on at most, such as 30m.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    time: Option<Nanos>,
    /// How many operations each run has.
    #[arg(long, value_name = "COUNT", default_value_t = 1000,
          value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    ops: u64,
    /// How many runs at a time; left out, one for each core.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Which part of the campaign to run here, such as 3/8.
    #[arg(long, value_name = "NUMBER/COUNT", default_value_t = Shard::WHOLE)]
    shard: Shard,
    /// The seed of the first run; those after it count up: a number, 0x… or a git commit.
    #[arg(long, value_name = "SEED", default_value = "1")]
    seed_from: Seed,
    /// Where the campaign is stored.
    #[arg(long, value_name = "DIR", default_value = "torture")]
    store: PathBuf,
    /// What `quorate calibrate --save` left: then it is told how likely these runs would have caught a bug.
    #[arg(long, value_name = "FILE")]
    calibration: Option<PathBuf>,
    #[command(flatten)]
    outcome: OutcomeArgs,
}

impl TortureArgs {
    fn plan(&self) -> Result<Plan> {
        let mut workloads = Vec::new();
        for path in &self.workloads {
            workloads.push(load(path)?.resolve()?);
        }
        if workloads.is_empty() {
            let file = WorkloadFile::parse(Path::new(DEFAULT_PATH), DEFAULT)?;
            workloads.push(file.resolve()?);
        }
        let mut names: Vec<&str> =
            workloads.iter().map(|workload| workload.name.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) =
            names.windows(2).find_map(|pair| (pair[0] == pair[1]).then_some(pair[0]))
        {
            bail!("two workloads are called {twice}; expected different names");
        }
        Ok(Plan {
            workloads,
            first: self.seed_from,
            trials: self.runs,
            shard: self.shard,
            ops: self.ops,
        })
    }

    fn jobs(&self) -> usize {
        let cores = || available_parallelism().map_or(1, usize::from);
        self.jobs.map_or_else(cores, usize::from)
    }
}

/// Runs the trials that are not in the store yet, and says what all of them came to.
pub(super) fn torture(args: &TortureArgs) -> Result<Exit> {
    let plan = args.plan()?;
    let charter = Charter::of(&plan);
    let (mut ledger, rows) = Ledger::open(&args.store, &charter, &plan.workloads)?;
    let interrupt = Interrupt::listen()?;
    let tally = campaign(args, &plan, &mut ledger, &rows, &interrupt)?;
    let power = power(args, &plan, &tally)?;
    let Plan { workloads, .. } = plan;
    args.outcome.tell(Outcome { workloads, charter, ledger, tally, power }, &interrupt)
}

fn campaign(
    args: &TortureArgs,
    plan: &Plan,
    ledger: &mut Ledger,
    rows: &[Row],
    interrupt: &Interrupt,
) -> Result<Tally> {
    let begun = Instant::now();
    let until = args.time.map(Duration::from_nanos);
    let mut counter = Counter::begin("torturing", args.outcome.hides_progress());
    let before = rows.len() as u64;
    torture::torture(plan, args.jobs(), ledger, rows, &mut |tally, _| {
        counter.set(|| far(plan, tally, before, begun.elapsed()));
        !interrupt.pressed() && until.is_none_or(|until| begun.elapsed() < until)
    })
}

/// How far it is.
fn far(plan: &Plan, tally: &Tally, before: u64, elapsed: Duration) -> String {
    let of = plan.trial_count().map_or(String::new(), |count| format!(" of {count}"));
    let rate = (tally.trials - before) as f64 / elapsed.as_secs_f64().max(0.001);
    let failed = tally.groups.iter().filter(|group| group.is_failure).count();
    let plateau = if tally.is_plateau() { ", nothing new any more" } else { "" };
    format!(
        "{}{of} runs, {rate:.0} a second, {} failed, {} covered{plateau}",
        tally.trials,
        counted(failed as u64, "way"),
        tally.covered
    )
}

/// How likely these runs would have caught a bug, if that is known.
fn power(args: &TortureArgs, plan: &Plan, tally: &Tally) -> Result<Vec<String>> {
    let Some(path) = &args.calibration else { return Ok(Vec::new()) };
    let in_file = || format!("{} is not as quorate calibrate --save leaves it", path.display());
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the calibration {}", path.display()))?;
    let power: Power = serde_json::from_str(&text).with_context(in_file)?;
    let runs = tally.trials / plan.workloads.len() as u64;
    let quote = |workload: &Workload| quoted(&power, &workload.name, plan.ops, runs);
    Ok(plan.workloads.iter().flat_map(quote).collect())
}
