//! `quorate report`.

use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use quorate_checker::{Certificate, Event, Format, Object};
use serde_json::Value;

use super::budget::BudgetArgs;
use super::progress::Progress;
use super::reading::ReadingArgs;
use super::source::{Source, load};
use super::{Exit, print};
use crate::judge::{Ladder, OverallStaleness, examine};
use crate::report::{
    SpaceTimePicture, Subject, Trace, behind, checked, isolation_json, junit, ladder_json,
    markdown, one_line, page, plots,
};
use crate::store::{RunDir, RunInfo};
use crate::world::{Ledger, WorldKind};

const EXAMPLES: &str = "Examples:
  quorate report store/20261123T201500-majority-abd-42
      the report of a run once more; every run makes its own
  quorate report history.edn --initial 0 --nil-read any -o register.html
      the report of a history of Jepsen's
  quorate report store/20261123T201500-majority-abd-42 --junit run.xml \\
    --markdown summary.md
      for continuous integration: one test for what was expected, one for what
      was promised";

/// What `quorate report` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReportArgs {
    /// The directory of a run, whose verdict is shown as it stands there; or a history in any format,
    /// which is checked first.
    #[arg(value_name = "RUN|HISTORY")]
    path: PathBuf,
    /// Where to write the page; left out, report.html in the directory of the run, or in this one.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also write the result as JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Also add the result in Markdown to the end of this file, such as the summary of a job.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    budget: BudgetArgs,
}

/// Writes the report of a run or a history. The exit code tells of files only: verdicts are not new.
pub(super) fn report(args: &ReportArgs) -> Result<Exit> {
    let (report, beside) = if args.path.is_dir() {
        let dir = RunDir::open(&args.path)?;
        (of_run(&dir)?, dir.file("report.html"))
    } else {
        (of_history(args)?, PathBuf::from("report.html"))
    };
    let Report { title, result, page, .. } = report;
    let path = args.output.as_ref().unwrap_or(&beside);
    let in_file = |path: &Path| format!("cannot write {}", path.display());
    fs::write(path, page).with_context(|| in_file(path))?;
    if let Some(path) = &args.junit {
        fs::write(path, junit(&title, &result)?).with_context(|| in_file(path))?;
    }
    if let Some(path) = &args.markdown {
        let file = File::options().create(true).append(true).open(path);
        let text = markdown(&title, &result);
        file.and_then(|mut file| file.write_all(text.as_bytes())).with_context(|| in_file(path))?;
    }
    print(&format!("{}: {}\n", path.display(), one_line(&result)))?;
    Ok(Exit::AsExpected)
}

/// Writes `report.html` and the plots into the directory of a run that has been judged.
pub(super) fn write_into(dir: &RunDir) -> Result<()> {
    let Report { page, trace, ledger, .. } = of_run(dir)?;
    dir.replace("report.html", |out| out.write_all(page.as_bytes()))?;
    fs::create_dir_all(dir.file("plots"))
        .with_context(|| format!("cannot make plots in {}", dir.path().display()))?;
    for plot in plots(&trace, ledger.as_ref()) {
        let (svg, png) = (plot.svg(&trace)?, plot.png(&trace)?);
        dir.replace(&format!("plots/{}.svg", plot.name), |out| out.write_all(svg.as_bytes()))?;
        dir.replace(&format!("plots/{}.png", plot.name), |out| out.write_all(&png))?;
    }
    Ok(())
}

/// A page, and what it was made of.
struct Report {
    title: String,
    result: Value,
    trace: Trace,
    ledger: Option<Ledger>,
    page: String,
}

impl Report {
    fn new(
        title: &str,
        origin: &[(&'static str, String)],
        result: Value,
        certificate: &Certificate,
        (trace, ledger): (Trace, Option<Ledger>),
        spacetimes: &[SpaceTimePicture],
    ) -> Self {
        let page = page(&Subject {
            title,
            origin,
            result: &result,
            certificate,
            trace: &trace,
            ledger: ledger.as_ref(),
            spacetimes,
        });
        Self { title: title.to_owned(), result, trace, ledger, page }
    }
}

/// The report of a run, of nothing but what its directory holds.
fn of_run(dir: &RunDir) -> Result<Report> {
    let info = dir.info()?;
    let path = dir.path().display();
    let verdict = dir.file("verdict.json");
    let text = fs::read_to_string(&verdict).with_context(|| {
        format!("{path} was not judged: quorate report {path}/history.jsonl checks what there is")
    })?;
    let result: Value = serde_json::from_str(&text)
        .with_context(|| format!("{} is not as a run leaves it", verdict.display()))?;
    let certificate = dir.file("certificate.json");
    let in_certificate = || certificate.display().to_string();
    let file = File::open(&certificate).with_context(in_certificate)?;
    let certificate = Certificate::read(BufReader::new(file)).with_context(in_certificate)?;
    let trace = trace(&dir.file("history.jsonl"), Some(Format::Jsonl), &certificate)?;
    let spacetimes = spacetimes(dir, &info, &result, &certificate, &trace)?;
    let origin = [
        ("run", path.to_string()),
        ("again", super::run::again(dir, &info)),
        ("world", info.world.name().to_owned()),
        ("began", info.started),
        ("seed", info.seed.to_string()),
        ("proof", format!("quorate verify {path}/history.jsonl {path}/certificate.json")),
        ("made by", format!("quorate {}", info.quorate)),
    ];
    let title = result["workload"].as_str().unwrap_or_default().to_owned();
    let seen = (trace, dir.ledger()?);
    Ok(Report::new(&title, &origin, result, &certificate, seen, &spacetimes))
}

/// What happened behind the counterexamples of a run that can be run again.
fn spacetimes(
    dir: &RunDir,
    info: &RunInfo,
    result: &Value,
    certificate: &Certificate,
    trace: &Trace,
) -> Result<Vec<SpaceTimePicture>> {
    if info.world != WorldKind::Sim || result["verdict"] != "invalid" {
        return Ok(Vec::new());
    }
    let workload = super::run::load(&dir.file("workload.toml"))?.resolve()?;
    Ok(behind(&workload, info.seed, result, certificate, trace))
}

/// The report of a history, which is checked for everything there is to know.
fn of_history(args: &ReportArgs) -> Result<Report> {
    let path = &args.path;
    let reading = args.reading.to_reading();
    let loaded = load(path, args.reading.format(), &reading, false)?;
    let recorded = &loaded.recorded;
    let mut progress = Progress::begin("checking", recorded.key_count as u64, false);
    let mut done = 0;
    let examined = examine(recorded, args.budget.budget, true, || {
        done += 1;
        progress.set(done);
    });
    drop(progress);
    let (mut ladder, mut staleness) = (Ladder::default(), OverallStaleness::default());
    let mut certificate = recorded.certificate();
    let mut results = Vec::with_capacity(examined.len());
    for examined in examined {
        certificate.keys.push(examined.result.certificate());
        results.push(examined.result);
        if let Some(more) = examined.more {
            ladder.add(more.rungs);
            staleness.add(more.staleness);
        }
    }
    let isolation = recorded.isolation();
    let conditions =
        if isolation.is_empty() { ladder_json(&ladder) } else { isolation_json(&isolation) };
    let trace = trace(path, Some(loaded.format), &certificate)?;
    let result = checked(&results, &trace, &conditions, &staleness.sorted());
    let mut origin = vec![
        ("history", path.display().to_string()),
        ("format", loaded.format.name().to_owned()),
        ("object", recorded.object.name().to_owned()),
        ("initial", reading.initial.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("again", format!("quorate check {}", path.display())),
        ("made by", format!("quorate {}", env!("CARGO_PKG_VERSION"))),
    ];
    if let Some(line) = loaded.truncated {
        origin.push(("cut short", format!("the file ends in the middle of line {line}")));
    }
    origin.retain(|(_, text)| !text.is_empty());
    let title = path.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(Report::new(&title.unwrap_or_default(), &origin, result, &certificate, (trace, None), &[]))
}

/// Reads a history once more, for its pictures.
fn trace(path: &Path, format: Option<Format>, certificate: &Certificate) -> Result<Trace> {
    let source = Source::open(path, format, true)?;
    let events = source.map(|entry| entry.map(Event::from));
    let is_register = certificate.reading.model == Object::Register;
    Trace::read(events, is_register).with_context(|| path.display().to_string())
}
