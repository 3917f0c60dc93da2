//! `quorate check`.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use quorate_checker::{
    Datum, Event, FailedCas, Finding, Format, KeyResult, NilRead, Object, Reader, Reading,
    Recorded, Verdict,
};
use serde_json::{Value, json};

use super::blocks::Blocks;
use super::budget::BudgetArgs;
use super::progress::Progress;
use super::{Exit, print, print_json};
use crate::judge::{Examined, Ladder, OverallStaleness, examine};
use crate::report::{self, counted, explanation, not_linearizable_either};

const EXAMPLES: &str = "Examples:
  quorate check store/*/history.jsonl
      histories of our own runs
  quorate check history.edn --initial 0 --nil-read any
      a Jepsen history as Knossos reads it: the register holds 0 at first, and a read of nil says
      nothing
  quorate check etcd_000.log --failed-cas mismatch
      a failed compare-and-set met another value, as Porcupine reads its etcd logs
  quorate check history.jsonl --certificate proof.json && quorate verify history.jsonl proof.json
      the proof as a file, and an independent check of it";

/// How many counterexamples are told in full.
const STORIES_MAX: usize = 3;
/// From this size on a file is parsed in blocks.
const LARGE_BYTES: u64 = 8 << 20;
/// Progress is told each time so many events have been read.
const EVENTS_A_TELL: u64 = 1024;

/// What `quorate check` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CheckArgs {
    /// Histories: history.jsonl, Jepsen EDN or etcd logs of Jepsen.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the history is of; left out, found by the functions in it.
    #[arg(long, value_enum)]
    model: Option<Model>,
    /// How the file is written; left out, found by its first event.
    #[arg(long, value_enum)]
    format: Option<FileFormat>,
    /// What registers hold before the first write: a JSON value, or for multi-register an object
    /// such as '{"x": 0, "y": 0}'.
    #[arg(long, value_name = "JSON", value_parser = parse_initial, default_value = "null",
          allow_negative_numbers = true)]
    initial: Datum,
    /// What a failed compare-and-set says.
    #[arg(long, value_enum, default_value_t)]
    failed_cas: FailedCasArg,
    /// What a read of null says.
    #[arg(long, value_enum, default_value_t)]
    nil_read: NilReadArg,
    /// Which conditions to check.
    #[arg(long, value_enum, default_value_t)]
    condition: ConditionArg,
    #[command(flatten)]
    budget: BudgetArgs,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
    /// Write the proof to this file; with one history only.
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
}

/// What a history is of.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Model {
    /// Registers: read, write, cas.
    #[value(alias = "cas-register")]
    Register,
    /// Several registers at a time: txn.
    MultiRegister,
    /// A lock: acquire, release.
    Mutex,
    /// Strings by key: get, put, append.
    Kv,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FileFormat {
    /// One JSON object a line.
    Jsonl,
    /// Jepsen's EDN.
    Edn,
    /// Porcupine's etcd logs.
    EtcdLog,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum FailedCasArg {
    /// Nothing.
    #[default]
    Ignore,
    /// That the register held another value.
    Mismatch,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum NilReadArg {
    /// The register was never written.
    #[default]
    Value,
    /// Nothing.
    Any,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ConditionArg {
    /// Linearizability.
    #[default]
    Linearizable,
    /// The whole ladder: regular, safe, sequential, session guarantees and convergence, too; and how
    /// stale reads are.
    All,
}

fn parse_initial(text: &str) -> Result<Datum, String> {
    serde_json::from_str(text)
        .map_err(|error| format!("not JSON: {error}; a string needs its quotes: '\"a\"'"))
}

impl CheckArgs {
    fn reading(&self) -> Reading {
        Reading {
            object: self.model.map(|model| match model {
                Model::Register => Object::Register,
                Model::MultiRegister => Object::MultiRegister,
                Model::Mutex => Object::Mutex,
                Model::Kv => Object::Kv,
            }),
            initial: Some(self.initial.clone()).filter(|initial| *initial != Datum::Nil),
            failed_cas: match self.failed_cas {
                FailedCasArg::Ignore => FailedCas::Ignore,
                FailedCasArg::Mismatch => FailedCas::Mismatch,
            },
            nil_read: match self.nil_read {
                NilReadArg::Value => NilRead::Value,
                NilReadArg::Any => NilRead::Any,
            },
        }
    }

    fn format(&self) -> Option<Format> {
        self.format.map(|format| match format {
            FileFormat::Jsonl => Format::Jsonl,
            FileFormat::Edn => Format::Edn,
            FileFormat::EtcdLog => Format::EtcdLog,
        })
    }
}

/// A history as it was read.
pub(super) struct Loaded {
    pub(super) recorded: Recorded,
    format: Format,
    /// The line in whose event the file ends.
    truncated: Option<u64>,
}

/// Reads a history. Every error names the file.
pub(super) fn load(
    path: &Path,
    format: Option<Format>,
    reading: &Reading,
    quiet: bool,
) -> Result<Loaded> {
    let in_file = || path.display().to_string();
    let open = || File::open(path).with_context(|| format!("cannot open {}", path.display()));
    let file = open()?;
    let metadata = file.metadata();
    let size = metadata.as_ref().map_or(0, fs::Metadata::len);
    let read = Arc::new(AtomicU64::new(0));
    let mut progress = Progress::begin("reading", size, quiet);
    let mut events = 0_u64;
    let tell = |_: &Event| {
        events += 1;
        if events.is_multiple_of(EVENTS_A_TELL) {
            progress.set(read.load(Ordering::Relaxed));
        }
    };
    let counting =
        |file| BufReader::with_capacity(1 << 18, Counted { file, read: Arc::clone(&read) });
    let mut reader = Reader::new(counting(file), format).with_context(in_file)?;
    let format = reader.format();
    let is_large = size >= LARGE_BYTES && metadata.is_ok_and(|metadata| metadata.is_file());
    let (recorded, truncated) = if is_large && format == Format::Jsonl {
        let mut blocks = Blocks::new(counting(open()?));
        (Recorded::read(&mut blocks, reading, tell), blocks.truncated())
    } else {
        (Recorded::read(&mut reader, reading, tell), reader.truncated())
    };
    Ok(Loaded { recorded: recorded.with_context(in_file)?, format, truncated })
}

/// A file that counts what was read of it.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// What became of one file.
struct Checked {
    verdict: Verdict,
    text: String,
    json: Value,
}

/// Checks every file. The exit code tells of the worst.
pub(super) fn check(args: &CheckArgs) -> Result<Exit> {
    if args.certificate.is_some() && args.files.len() > 1 {
        anyhow::bail!("--certificate takes one history; found {}", args.files.len());
    }
    let mut exits = Vec::new();
    let mut documents = Vec::new();
    for path in &args.files {
        match check_file(args, path) {
            Ok(checked) => {
                exits.push(Exit::of_verdict(checked.verdict));
                documents.push(checked.json);
                if !args.json {
                    print(&checked.text)?;
                }
            }
            Err(error) if super::is_broken_pipe(&error) => return Err(error),
            Err(error) => {
                eprintln!("quorate: {error:#}");
                exits.push(Exit::BadInput);
                documents.push(json!({ "file": path, "error": format!("{error:#}") }));
            }
        }
    }
    if args.json {
        print_json(&documents)?;
    }
    let worst_first = [Exit::NotAsExpected, Exit::BadInput, Exit::Unknown];
    Ok(worst_first.into_iter().find(|exit| exits.contains(exit)).unwrap_or(Exit::AsExpected))
}

fn check_file(args: &CheckArgs, path: &Path) -> Result<Checked> {
    let loaded = load(path, args.format(), &args.reading(), args.json)?;
    let recorded = &loaded.recorded;
    let mut progress = Progress::begin("checking", recorded.key_count as u64, args.json);
    let (mut done, all) = (0, args.condition == ConditionArg::All);
    let examined = examine(recorded, args.budget.budget, all, || {
        done += 1;
        progress.set(done);
    });
    drop(progress);
    let (mut ladder, mut staleness) = (Ladder::default(), OverallStaleness::default());
    let mut results = Vec::with_capacity(examined.len());
    for Examined { result, more } in examined {
        results.push(result);
        if let Some(more) = more {
            ladder.add(more.rungs);
            staleness.add(more.staleness);
        }
    }
    if let Some(path) = &args.certificate {
        write_certificate(path, recorded, &results)?;
    }
    let verdict = results.iter().map(KeyResult::verdict).max().unwrap_or(Verdict::Valid);
    let weaker = all.then(|| (ladder, staleness.sorted()));
    let conditions = weaker
        .as_ref()
        .map(|(ladder, staleness)| report::ladder(ladder) + &report::staleness(staleness));
    Ok(Checked {
        verdict,
        text: text(path, &loaded, verdict, &results) + &conditions.unwrap_or_default(),
        json: json!({
            "conditions": weaker.as_ref().map(|(ladder, _)| report::ladder_json(ladder)),
            "staleness": weaker.as_ref().map(|(_, staleness)| report::staleness_json(staleness)),
            "file": path,
            "format": loaded.format.name(),
            "model": recorded.object.name(),
            "events": recorded.event_count,
            "operations": recorded.op_count,
            "truncated_at_line": loaded.truncated,
            "verdict": verdict.name(),
            "keys": results,
        }),
    })
}

fn write_certificate(path: &Path, recorded: &Recorded, results: &[KeyResult]) -> Result<()> {
    let mut certificate = recorded.certificate();
    certificate.keys.extend(results.iter().map(KeyResult::certificate));
    let write = || {
        let mut file = BufWriter::new(File::create(path)?);
        certificate.write(&mut file)?;
        file.into_inner().map_err(io::IntoInnerError::into_error).map(drop)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

fn text(path: &Path, loaded: &Loaded, verdict: Verdict, results: &[KeyResult]) -> String {
    let recorded = &loaded.recorded;
    let mut out = format!(
        "{}: {verdict} ({} on {} in {}, {})\n",
        path.display(),
        counted(recorded.op_count as u64, "operation"),
        counted(recorded.key_count as u64, "key"),
        counted(u64::from(recorded.event_count), "event"),
        loaded.format,
    );
    if let Some(line) = loaded.truncated {
        let _ = writeln!(out, "  the file ends in the middle of line {line}: checked up to there");
    }
    if recorded.op_count == 0 {
        let _ = writeln!(out, "  there is no operation in it: nothing was put to the test");
    }
    for (engine, why, count) in engines(results) {
        let _ = writeln!(out, "  {count} by {engine}, since {why}");
    }
    let (mut told, mut others) = (0, Vec::new());
    for result in results {
        let key = result.key.as_ref().map(ToString::to_string);
        match &result.finding {
            Finding::Valid { .. } => {}
            Finding::Invalid { explanation: story, .. } if told < STORIES_MAX => {
                told += 1;
                out += &format!("\n{}", explanation(story));
            }
            Finding::Invalid { anomaly, .. } => others.push((key.unwrap_or_default(), *anomaly)),
            Finding::Unknown { gave_up } => {
                let of = if gave_up.memory { "memory" } else { "steps" };
                let key = key.map(|key| format!("key {key}: ")).unwrap_or_default();
                let _ = writeln!(
                    out,
                    "\n  {key}unknown: out of {of} after {} configurations, at event {}, with up to \
                     {} operations open at once.\n  What helps: a larger --budget, distinct values, \
                     fewer clients on one key.",
                    gave_up.steps, gave_up.op, gave_up.open_max
                );
            }
        }
    }
    out + &not_linearizable_either(&others)
}

/// How many keys each engine decided, and why.
fn engines(results: &[KeyResult]) -> Vec<(&'static str, &'static str, usize)> {
    let mut engines: Vec<(&str, &str, usize)> = Vec::new();
    for result in results {
        let name = result.engine.name();
        match engines.iter_mut().find(|(engine, why, _)| (*engine, *why) == (name, result.why)) {
            Some((.., count)) => *count += 1,
            None => engines.push((name, result.why, 1)),
        }
    }
    engines
}
