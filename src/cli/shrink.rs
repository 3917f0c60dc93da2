//! `quorate shrink`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use quorate_checker::Anomaly;
use serde_json::json;

use super::interrupt::Interrupt;
use super::progress::Counter;
use super::run::load;
use super::story::{Saved, save, story};
use super::telling::Telling;
use super::{Exit, print};
use crate::campaign::shrink::{self, Shrunk, Size, Unshrinkable};
use crate::campaign::torture::UNAVAILABLE;
use crate::report::{configuration, counted, entry};
use crate::rng::Seed;
use crate::store::RunDir;
use crate::time::{Nanos, parse_duration};
use crate::workload::{Clients, Workload};

const EXAMPLES: &str = "Examples:
  quorate shrink store/20261123T201500-stale-read-7
      the smallest part of a run that still shows its anomaly, as a script
  quorate shrink workloads/first-steps/stale-read.toml --seed 7
      the same of a workload and a seed
  quorate shrink workload.toml --seed 7 --anomaly lost-write --save bug.toml
      of several anomalies, this one

A run without a violation in which some client gets nothing through in the end
becomes the smallest workload that still leaves one without, with the same seed.

Exit codes: 0 a smaller story was saved, 1 there is nothing to shrink.";

/// What `quorate shrink` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ShrinkArgs {
    /// The directory of a run, or a workload file.
    #[arg(value_name = "RUN|WORKLOAD")]
    path: PathBuf,
    /// The seed, of a workload.
    #[arg(long)]
    seed: Option<Seed>,
    /// Which anomaly to keep; left out, the most telling one.
    #[arg(long, value_name = "NAME", value_parser = anomaly)]
    anomaly: Option<Anomaly>,
    /// How long to go on at most; then the smallest story so far is the result.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "30s")]
    time: Nanos,
    /// Where the story is saved, with its picture beside it as .svg; left out, here, named after the
    /// workload.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    #[command(flatten)]
    telling: Telling,
}

fn anomaly(name: &str) -> Result<Anomaly, String> {
    Anomaly::REGISTER.into_iter().find(|anomaly| anomaly.name() == name).ok_or_else(|| {
        let names: Vec<&str> = Anomaly::REGISTER.iter().map(|anomaly| anomaly.name()).collect();
        format!("expected {}", names.join(", "))
    })
}

impl ShrinkArgs {
    /// What is to be shrunk.
    fn subject(&self) -> Result<(Workload, Seed)> {
        if self.path.is_dir() {
            let dir = RunDir::open(&self.path)?;
            let mut workload = load(&dir.file("workload.toml"))?.resolve()?;
            let name = self.path.file_name().map(|name| name.to_string_lossy().into_owned());
            workload.name = name.unwrap_or(workload.name);
            if self.seed.is_some() {
                bail!("--seed: a run has its seed; expected a workload file, or no --seed");
            }
            return Ok((workload, dir.info()?.seed));
        }
        let workload = load(&self.path)?.resolve()?;
        match (self.seed, &workload.script) {
            (Some(seed), _) => Ok((workload, seed)),
            (None, Some(_)) => Ok((workload, Seed(0))),
            (None, None) => bail!("a workload gives other runs for other seeds; expected --seed"),
        }
    }

    /// Where the result goes.
    fn target(&self, result: &Workload) -> PathBuf {
        self.save.clone().unwrap_or_else(|| PathBuf::from(format!("{}.toml", result.name)))
    }
}

/// Shrinks a run in which all is linearizable, if some client gets nothing through in the end.
fn shrink_stuck(
    args: &ShrinkArgs,
    workload: &Workload,
    seed: Seed,
    interrupt: &Interrupt,
) -> Result<Exit> {
    let begun = Instant::now();
    let mut counter = Counter::begin("shrinking", args.telling.hides_progress());
    let smallest = shrink::shrink_unavailable(workload, seed, &mut |smallest| {
        counter.set(|| loaded(smallest));
        !interrupt.pressed() && begun.elapsed() < Duration::from_nanos(args.time)
    });
    drop(counter);
    let Some(smallest) = smallest else {
        print(&format!("{}, seed {seed}: {}\n", workload.name, Unshrinkable::NoViolation))?;
        return Ok(Exit::NotAsExpected);
    };
    let saved = save(&smallest, args.target(&smallest))?.path;
    let json = || {
        json!({
            "workload": workload.name,
            "seed": seed,
            "anomaly": UNAVAILABLE,
            "saved": saved,
        })
    };
    let text = || {
        let mut text = format!("{}: seed {seed}\n\n", workload.name);
        entry(&mut text, "finding", "unavailable: some client gets nothing through in the end");
        entry(&mut text, "before", &loaded(workload));
        entry(&mut text, "after", &loaded(&smallest));
        let path = saved.display();
        text + &format!("\nsaved        {path}\nagain        quorate run {path} --seed {seed}\n")
    };
    args.telling.tell(json, text)?;
    Ok(Exit::AsExpected)
}

/// What a workload asks of a cluster, in words.
fn loaded(workload: &Workload) -> String {
    let Clients { ops, count, .. } = workload.clients;
    let faults = workload.nemesis.len() as u64;
    format!(
        "{}, {}, {} of faults",
        counted(ops, "operation"),
        counted(u64::from(count), "client"),
        counted(faults, "kind")
    )
}

/// Shrinks a run, saves the result, and says what it is.
pub(super) fn shrink(args: &ShrinkArgs) -> Result<Exit> {
    let (workload, seed) = args.subject()?;
    let interrupt = Interrupt::listen()?;
    let begun = Instant::now();
    let time = Duration::from_nanos(args.time);
    let mut counter = Counter::begin("shrinking", args.telling.hides_progress());
    let shrunk = shrink::shrink(&workload, seed, args.anomaly, &mut |size| {
        counter.set(|| sized(size));
        !interrupt.pressed() && begun.elapsed() < time
    });
    drop(counter);
    let shrunk = match shrunk {
        Ok(shrunk) => shrunk,
        Err(Unshrinkable::NoViolation) if args.anomaly.is_none() => {
            return shrink_stuck(args, &workload, seed, &interrupt);
        }
        Err(error) => {
            print(&format!("{}, seed {seed}: {error}\n", workload.name))?;
            return Ok(Exit::NotAsExpected);
        }
    };
    let saved = save(&shrunk.workload, args.target(&shrunk.workload))?;
    let json = || {
        json!({
            "workload": workload.name,
            "seed": seed,
            "anomaly": shrunk.anomaly,
            "before": shrunk.before,
            "after": shrunk.after,
            "script": shrunk.workload.script.as_ref().map(ToString::to_string),
            "saved": saved.path,
            "picture": saved.picture,
        })
    };
    args.telling.tell(json, || as_text(&workload, seed, &shrunk, &saved))?;
    Ok(Exit::AsExpected)
}

fn as_text(workload: &Workload, seed: Seed, shrunk: &Shrunk, saved: &Saved) -> String {
    let config = configuration(&workload.config);
    let mut text = format!("{}: {config}; seed {seed}\n\n", workload.name);
    entry(&mut text, "anomaly", shrunk.anomaly.name());
    entry(&mut text, "before", &sized(shrunk.before));
    entry(&mut text, "after", &sized(shrunk.after));
    text + &story(&shrunk.workload, saved)
}

/// A size in words.
fn sized(size: Size) -> String {
    let Size { ops, faults, steps, nodes } = size;
    format!(
        "{}, {}, {} on {}",
        counted(ops as u64, "operation"),
        counted(faults as u64, "fault"),
        counted(steps as u64, "step"),
        counted(u64::from(nodes), "node")
    )
}
