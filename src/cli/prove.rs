//! `quorate prove`.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::Exit;
use super::interrupt::Interrupt;
use super::progress::Counter;
use super::run::{DEFAULT, DEFAULT_PATH, load};
use super::story::{Saved, save, story};
use super::telling::Telling;
use crate::campaign::prove::{self, Bounds, Counterexample, End, Progress, Proof, Question};
use crate::report::{configuration, counted, entry};
use crate::workload::{Expectation, File, Overrides, Workload};

const EXAMPLES: &str = "Examples:
  quorate prove
      the default: majority quorums, one writer and two readers
  quorate prove workloads/first-steps/new-old-inversion.toml
      the shortest interleaving that shows the anomaly, as a script
  quorate prove --n 3 --r 2 --w 2 --writers 2 --readers 1 --crashes 1
      with a crash that loses what was not synced
  quorate prove --protocol lww --writers 2 --readers 1 --skews 1 \\
    --expect stale-read
      a clock that is set back

Losses, delays and partitions need no number: a message that is lost is one that
never arrives, and each may. The same holds for a node that stays down.";

/// What `quorate prove` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ProveArgs {
    /// The workload file, of which the cluster and what is expected count; left out, majority quorums.
    workload: Option<PathBuf>,

    /// How many nodes.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    n: Option<i64>,
    /// How many of them a read waits for.
    #[arg(long, value_name = "R", allow_negative_numbers = true)]
    r: Option<i64>,
    /// How many of them a write waits for.
    #[arg(long, value_name = "W", allow_negative_numbers = true)]
    w: Option<i64>,
    /// How replicas work together, such as abd or lww.
    #[arg(long)]
    protocol: Option<String>,
    /// How many clients that write.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    writers: u32,
    /// How many clients that read.
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    readers: u32,
    /// How many operations of each client, one after the other.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    ops_per_client: u32,
    /// How many crashes, each of which loses what was not synced.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    crashes: u32,
    /// How many messages that arrive twice.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    duplicates: u32,
    /// How many times a clock is set back.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    skews: u32,
    /// How many timers that go off.
    #[arg(long, value_name = "COUNT", default_value_t = 4)]
    timers: u32,
    /// How many moves deep to look; left out, as deep as it goes.
    #[arg(long, value_name = "MOVES")]
    depth: Option<u32>,
    /// How many states to look at.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000_000)]
    states: u64,
    /// How much memory to use, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 4096)]
    memory: u64,
    /// What must come of it: linearizable, violation, or the name of an anomaly such as stale-read.
    #[arg(long, value_name = "OUTCOME")]
    expect: Option<String>,
    /// Where the counterexample is saved, with its picture beside it as .svg; left out, here, named after the workload.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    #[command(flatten)]
    telling: Telling,
}

impl ProveArgs {
    fn question(&self) -> Result<Question> {
        let mut file = match &self.workload {
            None => File::parse(Path::new(DEFAULT_PATH), DEFAULT)?,
            Some(path) => load(path)?,
        };
        file.overrule(Overrides {
            n: self.n,
            r: self.r,
            w: self.w,
            protocol: self.protocol.clone(),
            expect: self.expect.clone(),
            ..Overrides::default()
        });
        let ops = u64::from(self.writers) + u64::from(self.readers);
        let ops = ops.saturating_mul(self.ops_per_client.into());
        if !(1..=Question::OPS_MAX as u64).contains(&ops) {
            bail!(
                "(--writers + --readers) * --ops-per-client = {ops} operations; expected 1 to {}",
                Question::OPS_MAX
            );
        }
        let bounds = Bounds {
            crashes: self.crashes,
            duplicates: self.duplicates,
            skews: self.skews,
            timers: self.timers,
            depth: self.depth,
            states: self.states,
            memory: self.memory.saturating_mul(1 << 20),
        };
        let workload = Workload { script: None, ..file.resolve()? };
        workload.need_registers("quorate prove")?;
        if let Expectation::Symptom(symptom) = workload.expect {
            bail!(
                "a {} is told from whole runs, not looked for in every interleaving; expected linearizable, \
                 promise, violation or the name of an anomaly (see --expect)",
                symptom.name()
            );
        }
        Ok(Question::new(&workload, self.writers, self.readers, self.ops_per_client, bounds))
    }

    /// The bounds in words.
    fn within(&self, question: &Question) -> String {
        let mut bounds = vec![
            format!("N = {}", question.workload.config.n),
            counted(self.writers.into(), "writer"),
            counted(self.readers.into(), "reader"),
            format!("{} each", counted(self.ops_per_client.into(), "operation")),
        ];
        bounds.extend((self.crashes > 0).then(|| match self.crashes {
            1 => "1 crash".to_owned(),
            crashes => format!("{crashes} crashes"),
        }));
        let more = [(self.duplicates, "duplicate"), (self.skews, "clock set back")];
        bounds.extend(
            more.iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, what)| format!("{count} {what}")),
        );
        format!("{}, any losses and delays", bounds.join(", "))
    }
}

/// Explores everything within the bounds, and says what was found.
pub(super) fn prove(args: &ProveArgs) -> Result<Exit> {
    let question = args.question()?;
    let interrupt = Interrupt::listen()?;
    let mut counter = Counter::begin("exploring", args.telling.hides_progress());
    let proof = prove::prove(&question, &mut |now: Progress| {
        let Progress { states, open, depth } = now;
        counter.set(|| format!("{states} states, {open} of them open, {depth} moves deep"));
        !interrupt.pressed()
    });
    drop(counter);
    let saved = saved(args, &proof.end)?;
    let exit = exit(&question, &proof.end);
    let json = || as_json(args, &question, &proof, saved.as_ref());
    args.telling.tell(json, || as_text(args, &question, &proof, saved.as_ref()))?;
    Ok(exit)
}

/// The violation, if there is one.
fn violation(end: &End) -> Option<&Counterexample> {
    match end {
        End::Found(found) | End::Exhausted(Some(found)) => Some(found),
        End::Exhausted(None) | End::OutOf(_) | End::Stopped => None,
    }
}

fn exit(question: &Question, end: &End) -> Exit {
    match (end, question.workload.expect) {
        (End::Found(_), Expectation::Linearizable | Expectation::Promise) => Exit::NotAsExpected,
        (End::Found(_), _) => Exit::AsExpected,
        (End::Exhausted(_), Expectation::Linearizable | Expectation::Promise) => Exit::AsExpected,
        (End::Exhausted(_), _) => Exit::NotAsExpected,
        (End::OutOf(_) | End::Stopped, _) => Exit::Unknown,
    }
}

/// Saves the violation as a workload. Returns where.
fn saved(args: &ProveArgs, end: &End) -> Result<Option<Saved>> {
    let Some(found) = violation(end) else { return Ok(None) };
    let here = || PathBuf::from(format!("{}.toml", found.workload.name));
    let path = args.save.clone().unwrap_or_else(here);
    Ok(Some(save(&found.workload, path)?))
}

fn as_text(args: &ProveArgs, question: &Question, proof: &Proof, saved: Option<&Saved>) -> String {
    let workload = &question.workload;
    let promise = question.promise();
    let mut text = format!("{}: {}\n\n", workload.name, configuration(&workload.config));
    entry(&mut text, "verdict", &verdict(question, &proof.end));
    entry(&mut text, "within", &args.within(question));
    entry(&mut text, "promised", &format!("{}: {}", promise.condition.name(), promise.because));
    let counts = [
        counted(proof.states, "state"),
        counted(proof.transitions, "transition"),
        format!("{} deep", counted(proof.depth.into(), "move")),
    ];
    let checked = proof.histories.len();
    entry(&mut text, "explored", &format!("{}; {checked} histories checked", counts.join(", ")));
    let expected = match exit(question, &proof.end) {
        Exit::AsExpected => "as expected",
        Exit::Unknown => "nobody can tell",
        Exit::NotAsExpected | Exit::BadInput => "NOT as expected",
    };
    entry(&mut text, "expected", &format!("{}: {expected}", workload.expect));
    if let (Some(found), Some(saved)) = (violation(&proof.end), saved) {
        text += &story(&found.workload, saved);
    }
    text
}

fn verdict(question: &Question, end: &End) -> String {
    match end {
        End::Exhausted(None) => "valid: no interleaving shows a violation".to_owned(),
        End::Exhausted(Some(other)) => {
            let what = match question.workload.expect {
                Expectation::Promise => "what is promised not to happen".to_owned(),
                expected => format!("a {expected}"),
            };
            format!("invalid: no interleaving shows {what}, but one shows a {}", other.anomaly)
        }
        End::Found(found) => {
            let moves = counted(found.moves as u64, "move");
            format!("invalid: {} after {moves}, and after no fewer", found.anomaly)
        }
        End::OutOf(bound) => {
            format!("unknown: out of {bound} (see --{bound}); no violation as far as it got")
        }
        End::Stopped => "unknown: stopped; no violation as far as it got".to_owned(),
    }
}

fn as_json(args: &ProveArgs, question: &Question, proof: &Proof, saved: Option<&Saved>) -> Value {
    let found = violation(&proof.end);
    json!({
        "workload": question.workload.name,
        "expected": question.workload.expect.name(),
        "verdict": match (&proof.end, found) {
            (_, Some(_)) => "invalid",
            (End::Exhausted(_), None) => "valid",
            (_, None) => "unknown",
        },
        "within": args.within(question),
        "out_of": match &proof.end {
            End::OutOf(bound) => Some(bound),
            End::Exhausted(_) | End::Found(_) | End::Stopped => None,
        },
        "states": proof.states,
        "transitions": proof.transitions,
        "depth": proof.depth,
        "histories": proof.histories.len(),
        "counterexample": found.map(|found| json!({
            "anomaly": found.anomaly,
            "moves": found.moves,
            "script": found.workload.script.as_ref().map(ToString::to_string),
            "saved": saved.map(|saved| &saved.path),
            "picture": saved.and_then(|saved| saved.picture.as_ref()),
        })),
    })
}
