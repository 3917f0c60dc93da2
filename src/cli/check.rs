//! `quorate check`.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use quorate_checker::{Engine, Finding, KeyResult, Object, Recorded, Verdict};
use serde_json::{Value, json};

use super::budget::BudgetArgs;
use super::condition::{ConditionArg, OnRung, on_level};
use super::progress::Progress;
use super::reading::ReadingArgs;
use super::source::{Loaded, load};
use super::stream;
use super::{Exit, print, print_json};
use crate::judge::{Examined, Ladder, OverallStaleness, examine};
use crate::report::{self, counted, explanation, not_linearizable_either, wrap};

const EXAMPLES: &str = "Examples:
  quorate check store/*/history.jsonl
      histories of our own runs
  quorate check history.edn --initial 0 --nil-read any
      a Jepsen history as Knossos reads it: the register holds 0 at first, and a
      read of nil says
      nothing
  quorate check etcd_000.log --failed-cas mismatch
      a failed compare-and-set met another value, as Porcupine reads its etcd
      logs
  quorate check history.jsonl --condition causal
      fails only if the history is not even causal
  quorate check history.jsonl --certificate proof.json && quorate verify \\
    history.jsonl proof.json
      the proof as a file, and an independent check of it
  quorate check huge.jsonl --stream
      a history that does not fit into memory";

/// How many counterexamples are told in full.
pub(super) const STORIES_MAX: usize = 3;

/// What `quorate check` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CheckArgs {
    /// Histories: history.jsonl, Jepsen EDN or etcd logs of Jepsen.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) reading: ReadingArgs,
    /// Which condition decides.
    #[arg(long, value_enum, default_value_t)]
    condition: ConditionArg,
    #[command(flatten)]
    pub(super) budget: BudgetArgs,
    /// Check registers while reading, in memory that does not grow with the history; only keys that are
    /// not valid are read once more, for the counterexample.
    #[arg(long, conflicts_with = "certificate")]
    stream: bool,
    /// Print one JSON document.
    #[arg(long)]
    pub(super) json: bool,
    /// Write the proof to this file; with one history only.
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
}

impl CheckArgs {
    /// Whether other conditions than linearizability are to be checked.
    pub(super) fn asks_for_more(&self) -> bool {
        self.condition != ConditionArg::Linearizable
    }
}

/// What became of one file.
pub(super) struct Checked {
    pub(super) verdict: Verdict,
    pub(super) text: String,
    pub(super) json: Value,
}

/// Checks every file. The exit code tells of the worst.
pub(super) fn check(args: &CheckArgs) -> Result<Exit> {
    if args.certificate.is_some() && args.files.len() > 1 {
        anyhow::bail!("--certificate takes one history; found {}", args.files.len());
    }
    let proved = [ConditionArg::Linearizable, ConditionArg::All].contains(&args.condition);
    if args.certificate.is_some() && !proved {
        anyhow::bail!(
            "--certificate proves linearizability or its absence; nothing proves other conditions"
        );
    }
    let mut exits = Vec::new();
    let mut documents = Vec::new();
    for path in &args.files {
        let checked = if args.stream { stream::check(args, path) } else { check_file(args, path) };
        match checked {
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
    let loaded = load(path, args.reading.format(), &args.reading.to_reading(), args.json)?;
    let recorded = &loaded.recorded;
    let mut progress = Progress::begin("checking", recorded.key_count as u64, args.json);
    let (mut done, more) = (0, args.condition != ConditionArg::Linearizable);
    let examined = examine(recorded, args.budget.budget, more, || {
        done += 1;
        progress.set(done);
    });
    drop(progress);
    if let Some(rung) = args.condition.below_linearizable() {
        let on_rung = OnRung::new(rung, examined);
        return Ok(Checked {
            verdict: on_rung.verdict(),
            text: heading(path, &loaded, &on_rung.shown()) + &on_rung.details(),
            json: document(path, &loaded, on_rung.json()),
        });
    }
    if let Some(level) = args.condition.isolation() {
        let levels = recorded.isolation();
        let footing = levels.iter().find(|(other, _)| *other == level);
        let (_, footing) = footing.with_context(|| {
            let object = recorded.object.name();
            format!("{}: {level} is for transactions; this is of a {object}", path.display())
        })?;
        let (shown, details, json) = on_level(level, footing);
        return Ok(Checked {
            verdict: footing.verdict(),
            text: heading(path, &loaded, &shown) + &details,
            json: document(path, &loaded, json),
        });
    }
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
    let isolation = Some(recorded.isolation()).filter(|levels| more && !levels.is_empty());
    let weaker = more.then(|| (ladder, staleness.sorted()));
    let (told, conditions) = match (&isolation, &weaker) {
        (Some(levels), _) => (report::isolation(levels), Some(report::isolation_json(levels))),
        (None, Some((ladder, staleness))) => {
            let told = report::ladder(ladder) + &report::staleness(staleness);
            (told, Some(report::ladder_json(ladder)))
        }
        (None, None) => (String::new(), None),
    };
    let json = json!({
        "conditions": conditions,
        "staleness": weaker.as_ref().map(|(_, staleness)| report::staleness_json(staleness)),
        "verdict": verdict.name(),
        "keys": results,
    });
    Ok(Checked {
        verdict,
        text: heading(path, &loaded, verdict.name()) + &keys_text(&results) + &told,
        json: document(path, &loaded, json),
    })
}

/// What was read, with what was found out.
fn document(path: &Path, loaded: &Loaded, found: Value) -> Value {
    let recorded = &loaded.recorded;
    let mut document = json!({
        "file": path,
        "format": loaded.format.name(),
        "model": recorded.object.name(),
        "events": recorded.event_count,
        "operations": recorded.op_count,
        "truncated_at_line": loaded.truncated,
    });
    if let (Value::Object(document), Value::Object(found)) = (&mut document, found) {
        document.extend(found);
    }
    document
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

/// What was read, and the verdict on it.
fn heading(path: &Path, loaded: &Loaded, verdict: &str) -> String {
    let recorded = &loaded.recorded;
    let of = match recorded.object {
        Object::ListAppend | Object::MultiRegister => {
            counted(recorded.op_count as u64, "transaction")
        }
        _ => {
            let keys = counted(recorded.key_count as u64, "key");
            format!("{} on {keys}", counted(recorded.op_count as u64, "operation"))
        }
    };
    let mut out = format!(
        "{}: {verdict} ({of} in {}, {})\n",
        path.display(),
        counted(u64::from(recorded.event_count), "event"),
        loaded.format,
    );
    if let Some(line) = loaded.truncated {
        let _ = writeln!(out, "  the file ends in the middle of line {line}: checked up to there");
    }
    if recorded.op_count == 0 {
        let _ = writeln!(out, "  there is no operation in it: nothing was put to the test");
    }
    out
}

/// How the keys were decided, and the stories of the first that are not valid.
pub(super) fn keys_text(results: &[KeyResult]) -> String {
    let mut out = String::new();
    for (engine, why, count) in engines(results) {
        out += &wrap(&format!("{count} by {engine}, since {why}"), 2, 4);
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
            Finding::Unknown { story, helps, .. } => {
                let key = key.map(|key| format!("key {key}: ")).unwrap_or_default();
                let _ = writeln!(out, "\n  {key}unknown: {}", story.join("\n  "));
                // What was not searched does not need a larger budget.
                let is_searched = result.engine != Engine::Counting;
                let budget = is_searched.then_some("a larger --budget");
                let helps = budget.into_iter().chain(helps.iter().map(String::as_str));
                let _ = writeln!(out, "  What helps: {}.", helps.collect::<Vec<_>>().join(", "));
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
