//! What a campaign came to: in text, as JSON, as JUnit XML and in Markdown.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value as Json, json};

use super::text::{configuration, counted, entry};
use crate::campaign::torture::{Charter, Group, PLATEAU, Tally};
use crate::workload::Workload;

/// The result of a campaign in plain text.
pub fn tortured(workloads: &[Workload], tally: &Tally) -> String {
    let mut out = String::new();
    let runs = counted(tally.trials, "run");
    let names: Vec<&str> = workloads.iter().map(|workload| workload.name.as_str()).collect();
    out += &format!("{runs} of {}\n\n", names.join(", "));
    entry(&mut out, "verdict", verdict(tally));
    entry(&mut out, "operations", &tally.ops.to_string());
    let unknown = [(tally.unknown, "undecided"), (tally.vacuous, "vacuous")];
    for (count, what) in unknown.iter().filter(|(count, _)| *count > 0) {
        entry(&mut out, what, &counted(*count, "run"));
    }
    entry(&mut out, "coverage", &coverage(tally));
    for (workload, shown) in tally.shown.iter().filter(|(_, shown)| !**shown) {
        debug_assert!(!shown);
        entry(&mut out, "not shown", &format!("{workload}: no run shows what it must show"));
    }
    for group in &tally.groups {
        out += &format!("\n{}\n", title(workloads, group));
        entry(&mut out, "first", &format!("seed {}", group.seed));
        if let Some(file) = &group.file {
            entry(&mut out, "again", &format!("quorate run {file}"));
        }
    }
    out
}

fn verdict(tally: &Tally) -> &'static str {
    match tally.as_expected() {
        Some(true) => "as expected",
        Some(false) => "NOT as expected",
        None => "nobody can tell",
    }
}

fn coverage(tally: &Tally) -> String {
    let so_far = format!("{} different things happened", tally.covered);
    if tally.is_plateau() {
        let last = tally.nothing_new;
        return format!(
            "{so_far}; the last {last} runs showed nothing new: more seeds teach little"
        );
    }
    format!("{so_far}; {} ago the last new one", counted(tally.nothing_new, "run"))
}

/// What a group of findings is called.
fn title(workloads: &[Workload], group: &Group) -> String {
    let sign = if group.is_failure { "FAILED" } else { "found" };
    let config = configuration(&workloads[group.place].config);
    let Group { workload, finding, count, .. } = group;
    format!("{sign}: {finding} in {} of {workload}, {config}", counted(*count, "run"))
}

/// The result of a campaign as JSON.
pub fn tortured_json(charter: &Charter, tally: &Tally) -> Json {
    let mut result = json!(tally);
    result["version"] = json!(1);
    result["campaign"] = json!(charter);
    result["as_expected"] = json!(tally.as_expected());
    result["plateau"] = json!({ "after": PLATEAU, "reached": tally.is_plateau() });
    result
}

/// The result of a campaign as JUnit XML: one test for each workload.
///
/// # Errors
/// If the library cannot write it.
pub fn tortured_junit(
    workloads: &[Workload],
    tally: &Tally,
) -> Result<String, quick_junit::SerializeError> {
    let mut suite = TestSuite::new("torture");
    for (place, workload) in workloads.iter().enumerate() {
        let failures: Vec<String> = (tally.groups.iter())
            .filter(|group| group.place == place && group.is_failure)
            .map(|group| story(workloads, group))
            .collect();
        let not_shown = tally.shown.get(&workload.name) == Some(&false);
        let mut status = if failures.is_empty() && !not_shown {
            match tally.as_expected() {
                None => TestCaseStatus::non_success(NonSuccessKind::Error),
                Some(_) => TestCaseStatus::success(),
            }
        } else {
            TestCaseStatus::non_success(NonSuccessKind::Failure)
        };
        if let Some(first) = failures.first() {
            let message = first.lines().next().unwrap_or_default().to_owned();
            status.set_message(message).set_description(failures.join("\n"));
        } else if not_shown {
            status.set_message("no run shows what it must show".to_owned());
        }
        suite.add_test_case(TestCase::new(workload.name.clone(), status));
    }
    let mut report = Report::new("quorate");
    report.add_test_suite(suite);
    report.to_string()
}

fn story(workloads: &[Workload], group: &Group) -> String {
    let again = match &group.file {
        Some(file) => format!("quorate run {file}"),
        None => format!("seed {}", group.seed),
    };
    format!("{}\nagain: {again}\n", title(workloads, group))
}

/// The result of a campaign in Markdown.
pub fn tortured_markdown(workloads: &[Workload], tally: &Tally) -> String {
    let sign = match tally.as_expected() {
        Some(true) => "✓",
        Some(false) => "✗",
        None => "?",
    };
    let runs = counted(tally.trials, "run");
    let mut out = format!("### {sign} {}: {runs}\n\n{}.\n\n", verdict(tally), coverage(tally));
    if !tally.groups.is_empty() {
        out += "| workload | finding | runs | first seed | again |\n|---|---|---|---|---|\n";
    }
    for group in &tally.groups {
        let again = group.file.as_ref().map(|file| format!("`quorate run {file}`"));
        let sign = if group.is_failure { "✗ " } else { "" };
        out += &format!(
            "| {} | {sign}{} | {} | {} | {} |\n",
            workloads[group.place].name.replace('|', " "),
            group.finding,
            group.count,
            group.seed,
            again.unwrap_or_default()
        );
    }
    out
}
