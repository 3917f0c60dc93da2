//! What a campaign came to, however its trials came together: told, and stored.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use quorate_checker::Anomaly;

use super::Exit;
use super::interrupt::Interrupt;
use super::progress::Counter;
use super::telling::Telling;
use crate::campaign::shrink::{self, Size};
use crate::campaign::torture::{self, Charter, Group, Ledger, Tally, UNAVAILABLE};
use crate::report::{counted, entry, tortured, tortured_json, tortured_junit, tortured_markdown};
use crate::workload::Workload;

/// A finding is shrunk for so long at most.
const SHRINKING_MOST: Duration = Duration::from_secs(30);

/// How to tell what a campaign came to.
#[derive(Debug, Clone, Args)]
pub(super) struct OutcomeArgs {
    /// Also write the result as JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Also add the result in Markdown to the end of this file, such as the summary of a job.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    #[command(flatten)]
    telling: Telling,
}

/// What is to be told.
pub(super) struct Outcome {
    pub(super) workloads: Vec<Workload>,
    pub(super) charter: Charter,
    pub(super) ledger: Ledger,
    pub(super) tally: Tally,
    /// What the runs would have caught, as far as that is known.
    pub(super) power: Vec<String>,
}

impl OutcomeArgs {
    /// Whether nobody wants to see progress.
    pub(super) fn hides_progress(&self) -> bool {
        self.telling.hides_progress()
    }

    /// Shrinks and saves the findings, and tells all of it.
    pub(super) fn tell(&self, mut outcome: Outcome, interrupt: &Interrupt) -> Result<Exit> {
        let mut groups = std::mem::take(&mut outcome.tally.groups);
        for group in &mut groups {
            group.file = Some(saved(&outcome, group, interrupt, self.hides_progress())?);
        }
        outcome.tally.groups = groups;
        let Outcome { workloads, charter, ledger, tally, power } = outcome;
        let json = tortured_json(&charter, &tally);
        ledger.save("result.json", &(serde_json::to_string_pretty(&json)? + "\n"))?;
        let in_file = |path: &Path| format!("cannot write {}", path.display());
        if let Some(path) = &self.junit {
            let text = tortured_junit(&workloads, &tally)?;
            std::fs::write(path, text).with_context(|| in_file(path))?;
        }
        if let Some(path) = &self.markdown {
            let file = File::options().create(true).append(true).open(path);
            let text = tortured_markdown(&workloads, &tally);
            file.and_then(|mut file| file.write_all(text.as_bytes()))
                .with_context(|| in_file(path))?;
        }
        let text = || {
            let mut text = tortured(&workloads, &tally);
            for (place, line) in power.iter().enumerate() {
                entry(&mut text, if place == 0 { "power" } else { "" }, line);
            }
            let store = ledger.file("rows.jsonl");
            text + &format!("\nstored       {}\n", store.display())
        };
        self.telling.tell(|| json, text)?;
        Ok(Exit::of_expectation(tally.as_expected()))
    }
}

/// Saves the smallest story that shows a finding, or where there is none the workload that was drawn, as small
/// as can be. Returns what runs it.
fn saved(outcome: &Outcome, group: &Group, interrupt: &Interrupt, quiet: bool) -> Result<String> {
    let Outcome { workloads, charter, ledger, .. } = outcome;
    let Group { finding, seed, .. } = group;
    let name = format!("{}-{finding}-{seed}", group.workload);
    let path = ledger.file(&format!("{name}-shrunk.toml"));
    let is_run = finding == UNAVAILABLE;
    let again = |path: &Path| {
        let seed = if is_run { format!(" --seed {seed}") } else { String::new() };
        format!("{}{seed}", path.display())
    };
    // An earlier part of the campaign may have left it.
    if path.exists() {
        return Ok(again(&path));
    }
    let drawn = torture::draw(&workloads[group.place], *seed, charter.ops);
    let begun = Instant::now();
    let mut counter = Counter::begin("shrinking", quiet);
    let mut go_on = |left: u64, what| {
        counter.set(|| format!("{finding}: {} left", counted(left, what)));
        !interrupt.pressed() && begun.elapsed() < SHRINKING_MOST
    };
    let story = if is_run {
        let mut go_on = |workload: &Workload| go_on(workload.clients.ops, "operation");
        shrink::shrink_unavailable(&drawn, *seed, &mut go_on)
    } else {
        let anomaly = Anomaly::REGISTER.into_iter().find(|anomaly| anomaly.name() == finding);
        let mut go_on = |size: Size| go_on(size.steps as u64, "step");
        let shrunk = anomaly
            .and_then(|anomaly| shrink::shrink(&drawn, *seed, Some(anomaly), &mut go_on).ok());
        shrunk.map(|shrunk| shrunk.workload)
    };
    drop(counter);
    if let Some(story) = story {
        return Ok(again(&super::story::save(&story, path)?.path));
    }
    let path = ledger.save(&format!("{name}.toml"), &drawn.to_toml())?;
    Ok(format!("{} --seed {seed}", path.display()))
}
