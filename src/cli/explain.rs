//! `quorate explain`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, ValueEnum};

use super::run::load;
use super::terms::TermsArgs;
use super::{Exit, print, print_json};
use crate::promise::{doubts, promise};
use crate::protocol::{Configuration, Setting};
use crate::quorum::{
    Doubts, Explanation, Failures, Figures, Goal, Limits, Names, NodeSet, Outcome, ReadFraction,
    ReadWriteSystem, Search, Subject, Wanted, Zone, quorum_size, search,
};
use crate::report::{drawing, explained, explained_json, promised, promised_json};
use crate::time::{Nanos, parse_duration};
use crate::workload::{File, Overrides, SYSTEMS, Workload};

const EXAMPLES: &str = "Examples:
  quorate explain cassandra --rf 3 --read ONE --write QUORUM \\
    --nemesis clock-skew
      what the settings of a system promise, and what its quorums are worth
  quorate explain workloads/first-steps/new-old-inversion.toml
      the same for the cluster of a workload
  quorate explain --n 5 --r 2 --w 4
      any two of five nodes are a read quorum, any four a write quorum
  quorate explain --n 5 --f 2
      quorums of which one is left after two failures, and any two meet
  quorate explain --reads 'a*b*c + d*e*f' --read-fraction 0.9 --svg grid.svg
      the rows of a grid; writes are left out: the smallest that meet all reads
  quorate explain --reads 'majority(a, b, c)' \\
    --writes 'weighted 3 of (a: 2, b: 1, c: 1)' \\
    --capacity a=100/50,b=80,c=80 --fail 0.01 --latency a=1ms,b=2ms,c=40ms
      reads and writes of different kinds, over nodes that differ
  quorate explain --n 6 --r 3 --w 4 --zone east=n1,n2,n3 --zone west=n4,n5,n6
      what the loss of a zone does
  quorate explain --system tree:3x2
      a tree of three levels, each node with two children
  quorate explain --search a,b,c,d,e --resilience 1 --capacity a=100,b=50 \\
    --read-fraction 0.8
      the best system for these nodes that survives any one failure

In expressions `*` is and, `+` is or; majority(…), choose K of (…) and weighted
K of (…) can stand in each other.";

/// What `quorate explain` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ExplainArgs {
    /// What is promised: by the cluster of a workload file, or by a system in its own words, such as
    /// cassandra, riak, etcd, redis or kafka.
    #[arg(conflicts_with_all = ["n", "reads", "system", "search"])]
    configuration: Option<String>,
    #[command(flatten)]
    terms: TermsArgs,
    /// What may go wrong, instead of what the workload says: clock-skew, crash and wipe change what is promised.
    #[arg(long, value_name = "FAULTS", value_delimiter = ',', requires = "configuration")]
    nemesis: Option<Vec<String>>,
    #[command(flatten)]
    system: SystemArgs,
    #[command(flatten)]
    figures: FigureArgs,
    #[command(flatten)]
    strategy: StrategyArgs,
    #[command(flatten)]
    search: SearchArgs,

    /// Nodes that fail together, such as east=a,b,c. May be given more than once.
    #[arg(long, value_name = "NAME=NODES")]
    zone: Vec<String>,
    /// Draw the system to this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// Which system.
#[derive(Debug, Clone, Args)]
struct SystemArgs {
    /// How many nodes.
    #[arg(long, value_name = "N", conflicts_with = "reads")]
    n: Option<u32>,
    /// How many of them are a read quorum: a number, or a formula in N and f such as N/2+1.
    #[arg(long, value_name = "R", requires = "n")]
    r: Option<String>,
    /// How many of them are a write quorum.
    #[arg(long, value_name = "W", requires = "n")]
    w: Option<String>,
    /// How many nodes may fail: a count such as 1, or a share such as 0.5. Without R and W, quorums of N - f
    /// for a count, and of floor(N f) + 1 for a share.
    #[arg(long)]
    f: Option<String>,
    /// Read quorums, as an expression over nodes.
    #[arg(long, value_name = "EXPRESSION")]
    reads: Option<String>,
    /// Write quorums; left out, the smallest that meet every read quorum.
    #[arg(long, value_name = "EXPRESSION", requires = "reads")]
    writes: Option<String>,
    /// A family of the literature by name, such as grid:3x4, tree:3x2, wall:1,2,3 or masking:5,1; a wrong
    /// name lists all.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["n", "reads"])]
    system: Option<String>,
    /// The nodes; left out, those in the expressions.
    #[arg(long, value_delimiter = ',', requires = "reads")]
    nodes: Vec<String>,
}

/// What the nodes can do.
#[derive(Debug, Clone, Args)]
struct FigureArgs {
    /// Operations a node serves in a unit of time, or reads/writes: 100, or a=100/50,b=80.
    #[arg(long, value_name = "CAPACITIES", value_delimiter = ',')]
    capacity: Vec<String>,
    /// How probable it is that a node does not answer: 0.01, or a=0.01,b=0.1.
    #[arg(long, value_name = "PROBABILITIES", value_delimiter = ',')]
    fail: Vec<String>,
    /// How long a node takes to answer: 1ms, or a=1ms,b=40ms.
    #[arg(long, value_name = "TIMES", value_delimiter = ',')]
    latency: Vec<String>,
}

/// What the clients do, and which strategy is best for them.
#[derive(Debug, Clone, Args)]
struct StrategyArgs {
    /// The share of operations that read, or shares with weights: 0.9, or 0.1:1,0.75:2.
    #[arg(long, value_name = "SHARE", value_delimiter = ',', default_value = "0.5")]
    read_fraction: Vec<String>,
    /// What the strategy makes as small as possible.
    #[arg(long, value_enum, default_value_t)]
    optimize: GoalArg,
    /// The highest load that the busiest node may have.
    #[arg(long, value_name = "LOAD")]
    load_limit: Option<f64>,
    /// How many nodes an operation may ask on average.
    #[arg(long, value_name = "NODES")]
    network_limit: Option<f64>,
    /// How long an operation may take on average.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    latency_limit: Option<Nanos>,
    /// How many of the nodes that are asked may fail without another having to be asked.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    spare: u32,
}

/// Which systems to search.
#[derive(Debug, Clone, Args)]
struct SearchArgs {
    /// Find the best system for these nodes, instead of explaining a given one.
    #[arg(long, value_name = "NODES", value_delimiter = ',', conflicts_with_all = ["n", "reads", "system"])]
    search: Vec<String>,
    /// How many failures the system must survive.
    #[arg(long, value_name = "COUNT", default_value_t = 0, requires = "search")]
    resilience: u32,
    /// How many systems to try at most.
    #[arg(long, value_name = "COUNT", default_value_t = 20_000, requires = "search")]
    try_at_most: u64,
    /// When to stop the search, such as 10s; what it finds then depends on the machine.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, requires = "search")]
    time_limit: Option<Nanos>,
}

/// What to make as small as possible.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum GoalArg {
    /// The load of the busiest node.
    #[default]
    Load,
    /// How many nodes an operation asks.
    Network,
    /// How long an operation takes.
    Latency,
}

impl SystemArgs {
    fn failures(&self) -> Result<Option<Failures>> {
        let parse =
            |text: &String| Failures::parse(text).map_err(|problem| anyhow!("--f: {problem}"));
        self.f.as_ref().map(parse).transpose()
    }

    fn resolve(&self) -> Result<ReadWriteSystem> {
        if let Some(name) = &self.system {
            return Ok(ReadWriteSystem::named(name)?);
        }
        if let Some(n) = self.n {
            return self.thresholds(n);
        }
        let Some(reads) = &self.reads else {
            bail!(
                "which quorums? expected --n with --r and --w or --f, --reads, --system or --search; see --help"
            );
        };
        let system = if self.nodes.is_empty() {
            ReadWriteSystem::of_expressions(reads, self.writes.as_deref())
        } else {
            let names = named(&self.nodes, "--nodes")?;
            ReadWriteSystem::over_nodes(names, reads, self.writes.as_deref())
        };
        system.map_err(|error| anyhow!("--{error}"))
    }

    fn thresholds(&self, n: u32) -> Result<ReadWriteSystem> {
        if n == 0 {
            bail!("N = 0; expected 1 or more");
        }
        let failures = self.failures()?;
        let size = |what: &str, given: &Option<String>| match (given, failures) {
            (Some(formula), _) => Ok(quorum_size(what, formula, n, failures)?),
            (None, Some(failures)) => Ok(failures.quorum(n)?),
            (None, None) => {
                bail!("{what} is not given; expected --{}, or --f", what.to_lowercase())
            }
        };
        Ok(ReadWriteSystem::thresholds(n as usize, size("R", &self.r)?, size("W", &self.w)?)?)
    }
}

/// Names that are all different.
fn named(names: &[String], option: &str) -> Result<Names> {
    let mut known = Names::default();
    for name in names {
        if known.find(name).is_some() {
            bail!("{option}: node `{name}` stands twice; expected different names");
        }
        known.find_or_add(name).with_context(|| format!("{option}: too many nodes"))?;
    }
    Ok(known)
}

/// A value for all nodes, or `node=value` for one; the values go where `set` puts them.
fn for_nodes(
    option: &str,
    given: &[String],
    names: &Names,
    mut set: impl FnMut(usize, &str) -> Result<(), String>,
) -> Result<()> {
    for text in given {
        let (nodes, value) = match text.split_once('=') {
            Some((name, value)) => (NodeSet::only(node(option, name, names)?), value),
            None => (names.nodes(), &text[..]),
        };
        for node in nodes.iter() {
            set(node, value.trim()).map_err(|problem| anyhow!("{option} {text}: {problem}"))?;
        }
    }
    Ok(())
}

fn node(option: &str, name: &str, names: &Names) -> Result<usize> {
    names.find(name.trim()).ok_or_else(|| {
        let known: Vec<&str> = names.iter().collect();
        anyhow!("{option}: no node `{name}`; expected one of {}", known.join(", "))
    })
}

fn number(text: &str, what: &str, right: impl Fn(f64) -> bool) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|number| right(*number))
        .ok_or_else(|| format!("`{text}` is no {what}"))
}

impl FigureArgs {
    fn resolve(&self, names: &Names) -> Result<Figures> {
        let mut figures = Figures::alike(names.len());
        let capacity = |text: &str| {
            number(text, "capacity; expected a number above 0", |c| c.is_finite() && c > 0.0)
        };
        for_nodes("--capacity", &self.capacity, names, |node, text| {
            let (read, write) = text.split_once('/').unwrap_or((text, text));
            figures.read_capacity[node] = capacity(read)?;
            figures.write_capacity[node] = capacity(write)?;
            Ok(())
        })?;
        for_nodes("--fail", &self.fail, names, |node, text| {
            let is_right = |p: f64| (0.0..=1.0).contains(&p);
            figures.failure[node] = number(text, "probability; expected 0 to 1", is_right)?;
            Ok(())
        })?;
        for_nodes("--latency", &self.latency, names, |node, text| {
            figures.latency[node] = parse_duration(text)?;
            Ok(())
        })?;
        Ok(figures)
    }
}

impl StrategyArgs {
    fn reads(&self) -> Result<ReadFraction> {
        let share = |text: &String| {
            let (share, weight) = text.split_once(':').unwrap_or((text, "1"));
            let number = |text| number(text, "number", f64::is_finite);
            Ok((number(share)?, number(weight)?))
        };
        let shares: Result<Vec<(f64, f64)>, String> =
            self.read_fraction.iter().map(share).collect();
        let reads = shares.and_then(|shares| ReadFraction::distributed(&shares));
        reads.map_err(|problem| anyhow!("--read-fraction: {problem}"))
    }

    fn wanted<'a>(&self, figures: &'a Figures, reads: &'a ReadFraction) -> Result<Wanted<'a>> {
        let limits = [("--load-limit", self.load_limit), ("--network-limit", self.network_limit)];
        for (option, limit) in limits {
            if let Some(limit) = limit.filter(|limit| !limit.is_finite() || *limit <= 0.0) {
                bail!("{option}: {limit} cannot be kept; expected a number above 0");
            }
        }
        Ok(Wanted {
            figures,
            reads,
            goal: match self.optimize {
                GoalArg::Load => Goal::Load,
                GoalArg::Network => Goal::Network,
                GoalArg::Latency => Goal::Latency,
            },
            limits: Limits {
                load: self.load_limit,
                network: self.network_limit,
                latency: self.latency_limit,
            },
            failures: self.spare,
        })
    }
}

fn zones(given: &[String], names: &Names) -> Result<Vec<Zone>> {
    let zone = |text: &String| {
        let Some((name, nodes)) = text.split_once('=') else {
            bail!("--zone {text}: expected a name and its nodes, such as east=a,b,c");
        };
        let nodes = nodes.split(',').map(|name| node("--zone", name, names));
        let nodes: NodeSet = nodes.collect::<Result<Vec<usize>>>()?.into_iter().collect();
        Ok(Zone { name: name.to_owned(), nodes })
    };
    given.iter().map(zone).collect()
}

impl SearchArgs {
    /// The best system, and how it was found.
    fn search(&self, names: &Names, wanted: Wanted<'_>) -> Result<(ReadWriteSystem, String)> {
        let question =
            Search { names, wanted, resilience: self.resilience, tried_max: self.try_at_most };
        let begin = Instant::now();
        let limit = self.time_limit.map(Duration::from_nanos);
        let mut goes_on = || limit.is_none_or(|limit| begin.elapsed() < limit);
        let Outcome { best, tried, complete } = search(&question, &mut goes_on);
        let Some(best) = best else {
            bail!("none of the {tried} systems that were tried keeps these limits");
        };
        let all = if complete { "all there are" } else { "not all; see --try-at-most" };
        Ok((best.system, format!("the best of {tried} systems: {all}\n")))
    }
}

/// A configuration, and what people get wrong about it.
struct Configured {
    workload: Workload,
    remarks: Vec<&'static str>,
}

impl ExplainArgs {
    /// The configuration, if one is named.
    fn configured(&self) -> Result<Option<Configured>> {
        let Some(name) = &self.configuration else {
            if self.terms.is_any() {
                bail!("--read, --write and the like are words of a system; expected its name");
            }
            return Ok(None);
        };
        let is_system = SYSTEMS.iter().any(|system| system.name == name.to_ascii_lowercase());
        let path = Path::new(name);
        let (mut file, remarks) = if is_system || !path.exists() {
            let mut file = File::default();
            let remarks = file.like(&self.terms.of(name))?;
            (file, remarks)
        } else {
            (load(path)?, Vec::new())
        };
        file.overrule(Overrides { nemesis: self.nemesis.clone(), ..Overrides::default() });
        Ok(Some(Configured { workload: file.resolve()?, remarks }))
    }
}

/// The quorum system of a configuration; that of majorities, by which leaders are elected, where R and W
/// mean nothing.
fn system_of(config: &Configuration) -> Result<ReadWriteSystem> {
    let n = usize::from(config.n);
    Ok(match &config.system {
        Some(system) => ReadWriteSystem::clone(system),
        None if config.protocol.facts().settings.contains(&Setting::R) => {
            ReadWriteSystem::thresholds(n, config.r.into(), config.w.into())?
        }
        None => ReadWriteSystem::majority(n)?,
    })
}

/// Explains a configuration, a system, or the best system that is found.
pub(super) fn explain(args: &ExplainArgs) -> Result<Exit> {
    let configured = args.configured()?;
    let given = match &configured {
        Some(configured) => Some(system_of(&configured.workload.config)?),
        None if args.search.search.is_empty() => Some(args.system.resolve()?),
        None => None,
    };
    let names = match &given {
        Some(system) => system.names.clone(),
        None => named(&args.search.search, "--search")?,
    };
    let figures = args.figures.resolve(&names)?;
    let reads = args.strategy.reads()?;
    let wanted = args.strategy.wanted(&figures, &reads)?;
    let zones = zones(&args.zone, &names)?;
    let (system, found) = match given {
        Some(system) => (system, String::new()),
        None => args.search.search(&names, wanted)?,
    };
    let failures = args.system.failures()?;
    let doubts = match &configured {
        Some(configured) => doubts(&configured.workload.config),
        None => Doubts::ALL,
    };
    let explanation = Explanation::of(Subject { system, wanted, failures, zones, doubts });
    if let Some(path) = &args.svg {
        std::fs::write(path, drawing(&explanation))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    match (&configured, args.json) {
        (None, true) => print_json(&explained_json(&explanation))?,
        (None, false) => print(&(found + &explained(&explanation)))?,
        (Some(Configured { workload, remarks }), json) => {
            let promise = promise(&workload.config, workload.hazards());
            let quorums = &explanation;
            if json {
                print_json(&promised_json(workload, &promise, remarks, quorums))?;
            } else {
                print(&(promised(workload, &promise, remarks) + "\n" + &explained(quorums)))?;
            }
        }
    }
    Ok(Exit::AsExpected)
}
