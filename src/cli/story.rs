//! A violation that was found, as a text.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use quorate_checker::Budget;
use serde::Serialize;

use crate::judge::judge;
use crate::report::{entry, explanation, script_picture};
use crate::rng::Seed;
use crate::run::simulate;
use crate::workload::Workload;

/// Where a story is.
#[derive(Debug, Serialize)]
pub(super) struct Saved {
    /// The workload.
    pub(super) path: PathBuf,
    /// The picture beside it; `None` if it shows no violation.
    pub(super) picture: Option<PathBuf>,
}

/// Saves a workload with a script, and beside it the picture of what it shows.
pub(super) fn save(workload: &Workload, path: PathBuf) -> Result<Saved> {
    let in_file = |path: &Path| format!("cannot write the story to {}", path.display());
    fs::write(&path, workload.to_toml()).with_context(|| in_file(&path))?;
    let Some(svg) = script_picture(workload) else { return Ok(Saved { path, picture: None }) };
    let picture = path.with_extension("svg");
    fs::write(&picture, svg).with_context(|| in_file(&picture))?;
    Ok(Saved { path, picture: Some(picture) })
}

/// A workload with a script that was saved: what happens, and why no order explains what clients saw.
pub(super) fn story(workload: &Workload, saved: &Saved) -> String {
    let mut text = String::new();
    let run = simulate(workload, Seed(0), None, &mut |_| true);
    let run = run.expect("nothing is written, and the history is short");
    let judged = judge(workload, run, Budget::GENEROUS, || {});
    entry(&mut text, "judgement", judged.judgement.name());
    text.push('\n');
    for line in workload.script.iter().flat_map(|script| script.text().lines()) {
        text += &format!("  {line}\n");
    }
    for violation in judged.violations {
        text += &format!("\n{}", explanation(&violation.explanation));
    }
    let path = saved.path.display();
    text += &format!("\nsaved        {path}\n");
    if let Some(picture) = &saved.picture {
        text += &format!("picture      {}\n", picture.display());
    }
    text + &format!("again        quorate run {path}\n")
}
