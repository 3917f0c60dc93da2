//! `quorate compare`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, bail};
use clap::{Args, ValueEnum};

use super::Exit;
use super::interrupt::Interrupt;
use super::progress::Progress;
use super::run::{DEFAULT, DEFAULT_PATH, load, refuse_what_is_not_real, this_program};
use super::telling::Telling;
use super::terms::TermsArgs;
use crate::campaign::compare::{self, Comparison, Condition, Ground, Question};
use crate::judge::Judgement;
use crate::latency::Measured;
use crate::protocol::NodeId;
use crate::report::{
    comparison_csv, comparison_json, comparison_page, comparison_picture, comparison_table,
};
use crate::rng::Seed;
use crate::time::{Nanos, parse_duration};
use crate::workload::{File, Overrides, Workload};
use crate::world::WorldKind;

const EXAMPLES: &str = "Examples:
  quorate compare --n 3 --r all --w all
      every R and W of three nodes: healthy, partitioned, and with one slow node
  quorate compare --protocol lww,abd,raft --n 3,5 --conditions healthy \\
    --csv table.csv
      protocols side by side, at majorities
  quorate compare --protocol lww --n 5 --r 1,2,3 --w 1,2,3 --html compare.html
      a page with heat maps and the Pareto front
  quorate compare --protocol abd,raft --n 3 --latencies rtt.csv
      over links as slow as yours
  quorate compare --protocol lww --n 3 --r 1,2 --w 1,2 --world processes \\
    --time 5m
      real processes, one cluster after another
  quorate compare workload.toml --like cassandra --rf 3 --read ONE \\
    --write QUORUM
      with the clients and the network of a workload, and settings of another
      system

Exit codes: 0 no configuration broke its promise, 1 one did.";

/// What `quorate compare` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CompareArgs {
    /// The workload whose clients, network and disks all have in common; its faults do not count.
    workload: Option<PathBuf>,
    /// How many nodes, such as 3 or 3,5.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    n: Vec<i64>,
    /// How many of them a read waits for, such as 1,2, or all from 1 to N; left out, a majority.
    #[arg(long, value_name = "LIST")]
    r: Option<Sizes>,
    /// How many of them a write waits for, likewise.
    #[arg(long, value_name = "LIST")]
    w: Option<Sizes>,
    /// Which protocols, such as lww,abd; left out, that of the workload.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    protocol: Vec<String>,
    /// Also a cluster in the words of another system: cassandra, riak, etcd, redis, kafka, ….
    #[arg(long, value_name = "SYSTEM")]
    like: Option<String>,
    #[command(flatten)]
    terms: TermsArgs,
    /// Under which conditions; left out, all of them.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = condition)]
    conditions: Vec<Condition>,
    /// A CSV of measured round-trip times, of which a message takes half: `rtt_ms` for all links,
    /// `from,to,rtt_ms` for some, or a matrix of zones, over which the nodes are spread in turn.
    #[arg(long, value_name = "FILE")]
    latencies: Option<PathBuf>,
    /// How many operations each run has.
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    ops: i64,
    /// How many rounds at most; fewer if every figure is tight before.
    #[arg(long, value_name = "COUNT", default_value_t = 20,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rounds: u32,
    /// How long to go on at most, such as 5m.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    time: Option<Nanos>,
    /// The seed of the first round.
    #[arg(long, default_value = "1")]
    seed: Seed,
    /// Where the clusters live.
    #[arg(long, value_enum, default_value_t)]
    world: World,
    /// Also write all figures as CSV.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Also write a page with heat maps and the Pareto front.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Also write the heat maps as a picture.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    #[command(flatten)]
    telling: Telling,
}

/// Where clusters live that are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum World {
    /// Simulated, in virtual time.
    #[default]
    Sim,
    /// Processes on this machine, one cluster after another, each run in real time.
    Processes,
}

/// Sizes of quorums.
#[derive(Debug, Clone)]
enum Sizes {
    /// From 1 to N.
    All,
    These(Vec<i64>),
}

impl std::str::FromStr for Sizes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        let sizes: Result<Vec<i64>, _> = text.split(',').map(str::parse).collect();
        sizes.map(Self::These).map_err(|_| "expected all, or numbers such as 1,2".to_owned())
    }
}

fn condition(name: &str) -> Result<Condition, String> {
    Condition::ALL.into_iter().find(|condition| condition.name() == name).ok_or_else(|| {
        let names: Vec<&str> = Condition::ALL.iter().map(|condition| condition.name()).collect();
        format!("expected {}", names.join(", "))
    })
}

impl CompareArgs {
    fn base(&self) -> Result<File> {
        Ok(match &self.workload {
            None => File::parse(Path::new(DEFAULT_PATH), DEFAULT)?,
            Some(path) => load(path)?,
        })
    }

    fn question(&self, ground: Ground) -> Result<Question> {
        let base = self.base()?;
        let mut candidates = Vec::new();
        let ns: Vec<Option<i64>> =
            if self.n.is_empty() { vec![None] } else { self.n.iter().copied().map(Some).collect() };
        let protocols: Vec<Option<String>> = match self.protocol.as_slice() {
            [] => vec![None],
            some => some.iter().cloned().map(Some).collect(),
        };
        for protocol in &protocols {
            for n in &ns {
                candidates.extend(self.grid(&base, protocol.as_deref(), *n)?);
            }
        }
        if let Some(system) = &self.like {
            let mut like = base;
            like.like(&self.terms.of(system))?;
            candidates.push(resolve(like, self.common())?);
        } else if self.terms.is_any() {
            bail!("--read, --write and the like are words of a system; expected --like SYSTEM");
        }
        let all = Condition::ALL.to_vec();
        let conditions = if self.conditions.is_empty() { all } else { self.conditions.clone() };
        if let Some(path) = &self.latencies {
            slow_down(&mut candidates, path)?;
        }
        if self.world == World::Processes {
            for candidate in &candidates {
                refuse_what_is_not_real(candidate, WorldKind::Processes)?;
            }
        }
        Ok(Question { candidates, conditions, ground, rounds: self.rounds, seed: self.seed })
    }

    fn common(&self) -> Overrides {
        Overrides { ops: Some(self.ops), nemesis: Some(Vec::new()), ..Overrides::default() }
    }

    /// Every R and W that is asked for, of one protocol on so many nodes.
    fn grid(&self, base: &File, protocol: Option<&str>, n: Option<i64>) -> Result<Vec<Workload>> {
        let overrides = Overrides { n, protocol: protocol.map(str::to_owned), ..self.common() };
        let plain = resolve(base.clone(), overrides.clone())?;
        let has_quorums =
            plain.config.protocol.facts().settings.contains(&crate::protocol::Setting::R);
        if !has_quorums {
            return Ok(vec![plain]);
        }
        let sizes = |sizes: &Option<Sizes>| match sizes {
            None => vec![None],
            Some(Sizes::All) => (1..=i64::from(plain.config.n)).map(Some).collect(),
            Some(Sizes::These(sizes)) => sizes.iter().copied().map(Some).collect(),
        };
        let mut grid = Vec::new();
        for r in sizes(&self.r) {
            for w in sizes(&self.w) {
                grid.push(resolve(base.clone(), Overrides { r, w, ..overrides.clone() })?);
            }
        }
        Ok(grid)
    }
}

/// Gives links the latencies that somebody has measured.
fn slow_down(candidates: &mut [Workload], path: &Path) -> Result<()> {
    let in_file = || path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(in_file)?;
    let measured = Measured::read(&text).with_context(in_file)?;
    for workload in candidates {
        let links = measured.links(&workload.node_names).map_err(Error::msg);
        let links = links.with_context(in_file)?;
        workload.sim.network.links = links
            .into_iter()
            .map(|(from, to, time)| (from as NodeId, to as NodeId, time))
            .collect();
    }
    Ok(())
}

fn resolve(mut file: File, overrides: Overrides) -> Result<Workload> {
    file.overrule(overrides);
    let mut workload = file.resolve()?;
    workload.need_registers("quorate compare")?;
    // Only what is asked for counts.
    workload.clients.final_reads = false;
    workload.clients.recovery = None;
    if workload.script.is_some() {
        bail!("{}: a script says all that happens; expected a workload without one", workload.name);
    }
    Ok(workload)
}

/// Compares configurations.
pub(super) fn compare(args: &CompareArgs) -> Result<Exit> {
    // Gone when this is over.
    let scratch =
        tempfile::tempdir().context("no directory for what is only needed for a while")?;
    let question = args.question(match args.world {
        World::Sim => Ground::Simulated,
        World::Processes => {
            Ground::Processes { program: this_program(), scratch: scratch.path().to_owned() }
        }
    })?;
    let interrupt = Interrupt::listen()?;
    let begun = Instant::now();
    let until = args.time.map(Duration::from_nanos);
    let cells = (question.candidates.len() * question.conditions.len()) as u64;
    let runs = u64::from(question.rounds) * cells;
    let mut progress = Progress::begin("comparing", runs, args.telling.hides_progress());
    let comparison = compare::compare(&question, &mut |runs| {
        progress.set(runs);
        !interrupt.pressed() && until.is_none_or(|until| begun.elapsed() < until)
    })?;
    drop(progress);
    tell(args, &question, &comparison)?;
    let is_broken = |cell: &compare::Cell| cell.measured.judgement == Some(Judgement::Broken);
    Ok(Exit::of_expectation(Some(!comparison.cells.iter().any(is_broken))))
}

fn tell(args: &CompareArgs, question: &Question, comparison: &Comparison) -> Result<()> {
    let write = |path: &Option<PathBuf>, text: &dyn Fn() -> String| match path {
        None => Ok(()),
        Some(path) => {
            std::fs::write(path, text()).with_context(|| format!("cannot write {}", path.display()))
        }
    };
    write(&args.csv, &|| comparison_csv(question, comparison))?;
    write(&args.html, &|| comparison_page(question, comparison))?;
    write(&args.svg, &|| comparison_picture(question, comparison))?;
    let (json, text) =
        (|| comparison_json(question, comparison), || comparison_table(question, comparison));
    args.telling.tell(json, text)?;
    Ok(())
}
