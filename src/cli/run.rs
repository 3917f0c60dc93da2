//! `quorate run`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use quorate_checker::Verdict;
use rand::TryRng as _;

use super::budget::BudgetArgs;
use super::interrupt::Interrupt;
use super::progress::Progress;
use super::terms::TermsArgs;
use super::{Exit, print, print_json};
use crate::judge::{checked_as, judge};
use crate::nemesis::{Disturbance, FaultKind};
use crate::program::Contract;
use crate::protocol::Object;
use crate::record::Recorder;
use crate::report::{Summary, counted, entry, judged};
use crate::rng::Seed;
use crate::run::{self, Run, RunError, run_live, simulate_into};
use crate::store::{HistoryFile, RunDir, RunInfo, Status};
use crate::time::{Nanos, parse_duration, show_duration};
use crate::workload::{File, Overrides, Workload};
use crate::world::WorldKind;
use crate::world::live::{LiveSettings, Place, RemoteSettings};
use crate::world::machine::missing_for_namespaces;

/// The workload that runs when none is named.
pub(super) const DEFAULT: &str = include_str!("../../workloads/first-steps/majority-abd.toml");
pub(super) const DEFAULT_PATH: &str = "workloads/first-steps/majority-abd.toml";

const EXAMPLES: &str = "Examples:
  quorate run
      the default: majority quorums under partitions and crashes
  quorate run workloads/first-steps/stale-read.toml --seed 7
      a workload from a file, with a seed of your own
  quorate run --protocol lww --n 3 --r 2 --w 2 --nemesis clock-skew \\
    --expect lost-write
      what most Dynamo-style stores do when clocks differ
  quorate run --n 5 --r 2 --w 3 --ops 100000 --json
      R + W = N; one JSON document on standard output
  quorate run --n 3 --r 1 --w 1 --ops 1000000 --until-violation
      checked while it runs, and over as soon as a read is not explained
  quorate run workloads/first-steps/majority-abd.toml --world processes
      the same with real processes, which are really killed and really cut off
  quorate run --world remote --hosts root@db1,root@db2,root@db3
      nodes on three hosts that ssh can log in to, cut off from each other by
      nftables
  quorate run --maelstrom 'python3 raft.py' --nodes 5 --nemesis partition,pause
      a program in any language that speaks Maelstrom's protocol
  quorate run --world processes --ops 10000000 --time-limit 1h --nemesis none \\
    --record-only
      a run whose history does not fit into memory
  quorate run --ops 100000000 --time-limit 1d --record-only --until-violation
      checked while it runs, in memory for what is under way";

/// What `quorate run` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RunArgs {
    /// The workload file; left out, majority quorums under partitions and crashes.
    workload: Option<PathBuf>,

    /// A cluster in the words of another system: cassandra, riak, etcd, redis, kafka, …; a wrong name lists
    /// all.
    #[arg(long, value_name = "SYSTEM")]
    like: Option<String>,
    #[command(flatten)]
    terms: TermsArgs,
    /// An installed system in the place of nodes of our own: etcd, …; `quorate systems` lists them.
    #[arg(long, value_name = "SYSTEM", conflicts_with_all = ["like", "protocol", "r", "w"])]
    system: Option<String>,
    /// A command that is a node, in the place of nodes of our own: it speaks Maelstrom's protocol over its
    /// standard input and output.
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["like", "protocol", "r", "w", "system"])]
    maelstrom: Option<String>,
    /// How many nodes.
    #[arg(long, visible_alias = "nodes", value_name = "N", allow_negative_numbers = true)]
    n: Option<i64>,
    /// How many of them a read waits for.
    #[arg(long, value_name = "R", allow_negative_numbers = true)]
    r: Option<i64>,
    /// How many of them a write waits for.
    #[arg(long, value_name = "W", allow_negative_numbers = true)]
    w: Option<i64>,
    /// How replicas work together: abd, lww, caspaxos, … (all of them in workloads/README.md).
    #[arg(long)]
    protocol: Option<String>,
    /// How many clients, each with one operation at a time.
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    clients: Option<i64>,
    /// How many registers.
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    keys: Option<i64>,
    /// How many operations.
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    ops: Option<i64>,
    /// How long at most, in the time of the world, such as 30s.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    time_limit: Option<Nanos>,
    /// How many operations begin each second; left out, as many as get answers.
    #[arg(long, value_name = "PER_SECOND", allow_negative_numbers = true)]
    rate: Option<f64>,
    /// Which faults, instead of the workload's: partition, crash, wipe, pause, slow-links,
    /// clock-skew, slow-disks, full-disks, or none.
    #[arg(long, value_name = "FAULTS", value_delimiter = ',')]
    nemesis: Option<Vec<String>>,
    /// What decides all that is random: a number, 0x… or a git commit; left out, drawn anew.
    #[arg(long)]
    seed: Option<Seed>,
    /// Where the cluster lives; left out, sim; netns for an installed system, processes for a
    /// program of others.
    #[arg(long, value_enum)]
    world: Option<WorldKind>,
    /// For --world remote: where `ssh` finds the host of each node, in their order.
    #[arg(long, value_name = "[USER@]HOST", value_delimiter = ',')]
    hosts: Vec<String>,
    /// The configuration of `ssh`, in the place of the user's own.
    #[arg(long, value_name = "FILE", requires = "hosts")]
    ssh_config: Option<PathBuf>,
    /// Where run directories are made.
    #[arg(long, value_name = "DIR", default_value = "store")]
    store: PathBuf,
    /// What must come of it: linearizable, promise (whatever theory promises), violation, or an anomaly such as stale-read.
    #[arg(long, value_name = "OUTCOME")]
    expect: Option<String>,
    #[command(flatten)]
    keep: Keep,
    #[command(flatten)]
    budget: BudgetArgs,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
    /// Print nothing but errors.
    #[arg(long, conflicts_with = "json")]
    quiet: bool,
}

/// What is done with operations as they happen; left out, they are kept, and checked in the end.
#[derive(Debug, Clone, Copy, Args)]
struct Keep {
    /// Check while running, and stop at the first violation.
    #[arg(long)]
    until_violation: bool,
    /// Keep the history in its file alone, in memory that does not grow with it. Nothing is checked but by
    /// --until-violation, and later by `quorate check --stream`.
    #[arg(long, conflicts_with = "json")]
    record_only: bool,
}

impl Keep {
    fn recorder(self, file: &mut HistoryFile) -> Recorder<'_> {
        let mut recorder = Recorder::new(Some(file));
        if self.until_violation {
            recorder = recorder.checking();
        }
        if self.record_only {
            recorder = recorder.only_to_file();
        }
        recorder
    }
}

impl RunArgs {
    /// Where nodes live that are not here.
    fn remote(&self) -> Option<RemoteSettings> {
        let (hosts, config) = (self.hosts.clone(), self.ssh_config.clone());
        (!hosts.is_empty()).then_some(RemoteSettings { hosts, config })
    }

    fn resolve(&self) -> Result<Workload> {
        let mut file = match &self.workload {
            None if self.system.is_some() || self.maelstrom.is_some() => File::default(),
            None => File::parse(Path::new(DEFAULT_PATH), DEFAULT)?,
            Some(path) => load(path)?,
        };
        match &self.like {
            Some(system) => drop(file.like(&self.terms.of(system))?),
            None if self.terms.is_any() && self.system.is_none() && !file.has_system() => {
                bail!(
                    "--read, --write and the like are words of a system; expected --like SYSTEM or \
                     --system SYSTEM"
                )
            }
            None => {}
        }
        let of_system = |mode: &Option<String>| mode.clone().filter(|_| self.like.is_none());
        let nemesis = self.nemesis.clone().map(|mut faults| {
            faults.retain(|fault| fault != "none");
            faults
        });
        file.overrule(Overrides {
            n: self.n,
            r: self.r,
            w: self.w,
            protocol: self.protocol.clone(),
            system: self.system.clone(),
            read: of_system(&self.terms.read),
            write: of_system(&self.terms.write),
            maelstrom: self.maelstrom.clone(),
            clients: self.clients,
            keys: self.keys,
            ops: self.ops,
            time_limit: self.time_limit,
            rate: self.rate,
            nemesis,
            expect: self.expect.clone(),
        });
        Ok(file.resolve_to_run()?)
    }
}

/// Reads a workload file.
pub(super) fn load(path: &Path) -> Result<File> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the workload {}", path.display()))?;
    Ok(File::parse(path, &text)?)
}

/// Runs a workload, checks and judges it.
pub(super) fn run(args: &RunArgs) -> Result<Exit> {
    let workload = args.resolve()?;
    let seed = match args.seed {
        Some(seed) => seed,
        // Short enough to be read aloud.
        None => Seed(rand::rngs::SysRng.try_next_u32().context("no random seed")?.into()),
    };
    let world = world_of(args, &workload)?;
    if args.keep.until_violation {
        workload.need_registers("--until-violation")?;
    }
    if let Some(choice) = &workload.system {
        choice.system.facts().find()?;
    }
    if world != WorldKind::Sim {
        refuse_what_is_not_real(&workload, world)?;
    }
    refuse_other_hosts(args, world, &workload)?;
    let interrupt = Interrupt::listen()?;
    let mut info = RunInfo { hosts: args.hosts.clone(), ..RunInfo::begin(world, seed) };
    let dir = RunDir::create(&args.store, &workload.name, &info)?;
    dir.replace("workload.toml", |out| out.write_all(workload.to_toml().as_bytes()))?;
    dir.replace_json("run.json", &info)?;
    tracing::info!(dir = %dir.path().display(), "run begins");

    let quiet = args.quiet || args.json;
    let run = record(args, &workload, &dir, &mut info, &interrupt);
    dir.remove_disks()?;
    let run = run?;
    if args.keep.record_only {
        let object = workload.clients.registers.object;
        return recorded_only(&dir, &run, object, quiet);
    }
    let (duration, traffic, interrupted) = (run.duration, run.traffic, run.stopped_at.is_some());
    let timing = run.timing.clone();
    let mut progress = Progress::begin("checking", run.key_count() as u64, quiet);
    let mut checked = 0;
    let result = judge(&workload, run, args.budget.budget, || {
        checked += 1;
        progress.set(checked);
    });
    drop(progress);

    let summary = Summary::new(&workload, seed, duration, traffic, &timing, interrupted, &result);
    dir.replace_json("verdict.json", &summary)?;
    dir.replace("certificate.json", |mut out| result.certificate.write(&mut out))?;
    super::report::write_into(&dir)?;
    if args.json {
        print_json(&summary)?;
    } else if !args.quiet {
        let mut text = judged(&workload, seed, duration, traffic, &result);
        if interrupted {
            let by =
                if interrupt.pressed() { "interrupted" } else { "stopped by its first violation" };
            text += &format!("\nThe run was {by}: this is about what happened until then.\n");
        }
        if world != WorldKind::Sim {
            text.push('\n');
            entry(&mut text, "took", &format!("{}.", timing.text()));
        }
        let path = dir.path().display();
        text += &format!("\nrun          {path}\nagain        {}\n", again(&dir, &info));
        print(&text)?;
    }
    Ok(Exit::of_expectation(result.as_expected))
}

/// A run whose history is not in memory: says where it is.
fn recorded_only(dir: &RunDir, run: &Run, object: Object, quiet: bool) -> Result<Exit> {
    let mut text = String::new();
    let events = counted(run.history.event_count.into(), "event");
    entry(&mut text, "recorded", &format!("{events} in {}.", show_duration(run.duration)));
    entry(&mut text, "took", &format!("{}.", run.timing.text()));
    if let Some(verdict) = run.verdict {
        entry(&mut text, "verdict", &format!("{verdict}, checked while it was recorded"));
    }
    let path = dir.path().display();
    let how = match object {
        Object::Register => "--stream".to_owned(),
        other => format!("--model {}", checked_as(other).name()),
    };
    text +=
        &format!("\nrun          {path}\ncheck        quorate check {path}/history.jsonl {how}\n");
    if !quiet {
        print(&text)?;
    }
    Ok(run.verdict.map_or(Exit::AsExpected, Exit::of_verdict))
}

/// The command that does it again: the same history where the seed decides everything, and the same
/// operations and faults where it does not.
pub(super) fn again(dir: &RunDir, info: &RunInfo) -> String {
    let path = dir.path().display();
    match info.world {
        WorldKind::Sim => format!("quorate replay {path}"),
        WorldKind::Processes | WorldKind::Netns | WorldKind::Remote => {
            let (world, seed) = (info.world.name(), info.seed);
            let mut command = format!("quorate run {path}/workload.toml --world {world}");
            if !info.hosts.is_empty() {
                command += &format!(" --hosts {}", info.hosts.join(","));
            }
            command + &format!(" --seed {seed}")
        }
    }
}

/// What only a simulation can do is refused before anything starts.
pub(super) fn refuse_what_is_not_real(workload: &Workload, world: WorldKind) -> Result<()> {
    if workload.script.is_some() {
        bail!("a script says what happens to every message; expected --world sim");
    }
    if workload.program.as_ref().is_some_and(|one| one.contract == Contract::Maelstrom) {
        // Its messages are all in our hands.
        return Ok(());
    }
    let network = &workload.sim.network;
    let loses = network.loss > 0.0 && world == WorldKind::Processes;
    if loses || network.duplication > 0.0 {
        bail!(
            "network.loss = {} and network.duplication = {}, but the connections of --world {} lose and \
             double nothing at random; expected 0 for both, or --world sim",
            network.loss,
            network.duplication,
            world.name()
        );
    }
    let is_slow = |nemesis: &Disturbance| nemesis.kind.fault_kind() == FaultKind::SlowLinks;
    if world != WorldKind::Processes && workload.nemesis.iter().any(is_slow) {
        let world = world.name();
        bail!("--world {world} cannot slow links down; expected --world processes or sim");
    }
    let of_proxies = [
        ("bandwidth", network.bandwidth.is_some()),
        ("cut", workload.live.cut != LiveSettings::USUAL.cut),
    ];
    if let Some((name, _)) = of_proxies.iter().find(|(_, is_said)| *is_said)
        && world != WorldKind::Processes
    {
        let world = world.name();
        bail!(
            "network.{name} is for links in the hands of Quorate, and those of --world {world} are not; \
             expected --world processes or sim"
        );
    }
    if world == WorldKind::Netns {
        let missing = missing_for_namespaces();
        if !missing.is_empty() {
            bail!("--world netns needs {}; --world processes needs nothing", missing.join(", "));
        }
    }
    Ok(())
}

/// Each node of a remote world needs a host, and others have none.
fn refuse_other_hosts(args: &RunArgs, world: WorldKind, workload: &Workload) -> Result<()> {
    let (hosts, nodes) = (args.hosts.len(), workload.node_names.len());
    match world {
        WorldKind::Remote if hosts != nodes => {
            let names = workload.node_names.join(", ");
            bail!("--hosts: {hosts} for {nodes} nodes; expected a host for each of {names}")
        }
        WorldKind::Remote => Ok(()),
        _ if hosts > 0 => bail!("--hosts, but --world {}; expected --world remote", world.name()),
        _ => Ok(()),
    }
}

/// Operations a second by the clock on the wall, and what is broken.
fn pace_and_faults(now: run::Progress, passed: Duration) -> String {
    let pace = now.ops as f64 / passed.as_secs_f64().max(1e-3);
    let on = FaultKind::ALL.iter().zip(now.faults).filter(|(_, count)| *count > 0);
    let faults = on.map(|(kind, count)| match count {
        1 => kind.name().to_owned(),
        _ => format!("{count} {}", kind.name()),
    });
    std::iter::once(format!("{pace:.0} ops/s")).chain(faults).collect::<Vec<_>>().join(", ")
}

/// Runs the workload with its history going to disk.
fn record(
    args: &RunArgs,
    workload: &Workload,
    dir: &RunDir,
    info: &mut RunInfo,
    interrupt: &Interrupt,
) -> Result<Run> {
    let mut file = dir.history()?;
    let mut progress = Progress::begin("running", 1000, args.quiet || args.json);
    let begun = Instant::now();
    let run = go(args, workload, dir, info, &mut file, &mut |now| {
        progress.say(match now.verdict {
            None => "running",
            Some(Verdict::Valid) => "running, valid so far",
            Some(Verdict::Unknown) => "running, undecided so far",
            Some(Verdict::Invalid) => "running, violated",
        });
        progress.set(now.permille(&workload.clients));
        progress.add(|| pace_and_faults(now, begun.elapsed()));
        !interrupt.pressed()
    });
    drop(progress);
    let run = run
        .with_context(|| format!("what was recorded until then is in {}", dir.path().display()))?;
    info.digest = file.finish().context("cannot write the history")?;
    info.events = run.history.event_count;
    info.stopped_at = run.stopped_at;
    info.status = if run.stopped_at.is_some() { Status::Interrupted } else { Status::Finished };
    if let Some(ledger) = &run.ledger {
        dir.replace("traffic.json", |out| Ok(serde_json::to_writer(out, ledger)?))?;
    }
    dir.replace_json("run.json", info)?;
    Ok(run)
}

/// The program of nodes that are processes.
pub(super) fn this_program() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("quorate"))
}

/// Runs the workload in its world.
fn go(
    args: &RunArgs,
    workload: &Workload,
    dir: &RunDir,
    info: &RunInfo,
    file: &mut HistoryFile,
    watch: &mut dyn FnMut(run::Progress) -> bool,
) -> Result<Run, RunError> {
    let RunInfo { world, seed, .. } = *info;
    let recorder = args.keep.recorder(file);
    if world == WorldKind::Sim {
        return simulate_into(recorder, workload, seed, watch);
    }
    let remote = args.remote();
    let place = Place { remote, ..Place::new(this_program(), dir.path().to_owned()) };
    run_live(&place, world, recorder, workload, seed, watch)
}

/// Where a workload runs.
fn world_of(args: &RunArgs, workload: &Workload) -> Result<WorldKind> {
    if let Some(program) = &workload.program {
        return match args.world {
            None | Some(WorldKind::Processes) => Ok(WorldKind::Processes),
            Some(world) => {
                bail!("--world {}, but {program} is real; expected --world processes", world.name())
            }
        };
    }
    match (&workload.system, args.world) {
        (None, world) => Ok(world.unwrap_or_default()),
        (Some(_), None | Some(WorldKind::Netns)) => Ok(WorldKind::Netns),
        (Some(system), Some(world)) => {
            bail!(
                "--world {}, but {system} runs in networks of the kernel's; expected --world netns",
                world.name()
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_names_what_is_broken() {
        let mut now = run::Progress { ops: 500, now: 0, faults: Default::default(), verdict: None };
        let told = |now| pace_and_faults(now, Duration::from_secs(2));
        assert_eq!(told(now), "250 ops/s");
        now.faults[0] = 1;
        now.faults[1] = 2;
        assert_eq!(told(now), "250 ops/s, partition, 2 crash");
    }
}
