//! A violation that was found, as a text.

use std::path::Path;

use quorate_checker::Budget;

use crate::judge::judge;
use crate::report::{entry, explanation};
use crate::rng::Seed;
use crate::run::simulate;
use crate::workload::Workload;

/// A workload with a script that was saved: what happens, and why no order explains what clients saw.
pub(super) fn story(workload: &Workload, path: &Path) -> String {
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
    let path = path.display();
    text + &format!("\nsaved        {path}\nagain        quorate run {path}\n")
}
