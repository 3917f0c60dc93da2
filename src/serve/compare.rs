//! Two runs side by side: where their workloads differ, their verdicts, their figures, their latency.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::Value as Json;

use super::address_of;
use super::page::{Page, badge, judgement, way_back};
use super::shelf::Entry;
use crate::report::{counted, fit};
use crate::time::show_duration;

pub(super) fn page(left: &Entry, right: &Entry) -> Page {
    let both = [left, right];
    let results = both.map(Entry::result);
    let known: Option<Vec<&Json>> = results.iter().map(Option::as_ref).collect();
    let plots = ["quantiles", "throughput", "availability", "messages"];
    let body = html! {
        header { (way_back()) h1 { "Two runs" }
            table.sides {
                (head(both))
                tbody {
                    tr { th { "verdict" } @for entry in both { td { (badge(&entry.standing)) } } }
                    tr { th { "judgement" } @for entry in both { td { (judgement(entry)) } } }
                    tr { th { "configuration" } @for entry in both { td { (fit(&entry.configuration)) } } }
                }
            }
        }
        section { h2 { "Where the workloads differ" } (differences(left, right)) }
        @if let Some(results) = known {
            section { h2 { "Figures" } (figures(&results)) }
        } @else {
            section { p { "Figures are of runs that were judged." } }
        }
        section { h2 { "Over time" }
            @for plot in plots {
                div.beside { @for entry in both {
                    @let path = format!("plots/{plot}.svg");
                    @if entry.dir.file(&path).is_file() {
                        img src={ (address_of(&entry.name)) "/files/" (path) } alt={ (plot) " of " (fit(&entry.name)) };
                    }
                } }
            }
        }
    };
    Page::new("two runs", body)
}

fn head(both: [&Entry; 2]) -> Markup {
    html! {
        thead { tr { th {} @for entry in both {
            th { a href=(address_of(&entry.name)) { (fit(&entry.name)) } }
        } } }
    }
}

/// Every setting that is not the same, by its place in the workload.
fn differences(left: &Entry, right: &Entry) -> Markup {
    let [a, b] = [left, right].map(settings);
    let names: Vec<&String> =
        a.keys().chain(b.keys()).collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    let differing: Vec<&&String> =
        names.iter().filter(|name| a.get(**name) != b.get(**name)).collect();
    let alike = names.len() - differing.len();
    let side = |settings: &BTreeMap<String, String>, name: &str| {
        settings.get(name).map_or_else(|| "–".to_owned(), |value| fit(value))
    };
    html! {
        @if names.is_empty() {
            p { "Neither workload can be read." }
        } @else {
            @if !differing.is_empty() {
                table.sides { (head([left, right])) tbody {
                    @for name in differing {
                        tr { th { (fit(name)) } td { (side(&a, name)) } td { (side(&b, name)) } }
                    }
                } }
            }
            p.note { (alike) " settings are the same." }
        }
    }
}

/// All settings of a workload: the name of each with those of its tables, and its value.
fn settings(entry: &Entry) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    let text = std::fs::read_to_string(entry.dir.file("workload.toml")).unwrap_or_default();
    if entry.workload.is_some()
        && let Ok(table) = text.parse::<toml::Table>()
    {
        flatten("", &toml::Value::Table(table), &mut settings);
        // It is not a setting.
        settings.remove("about");
    }
    if let Some(info) = &entry.info {
        settings.insert("seed".to_owned(), info.seed.to_string());
        settings.insert("world".to_owned(), info.world.name().to_owned());
    }
    settings
}

fn flatten(name: &str, value: &toml::Value, settings: &mut BTreeMap<String, String>) {
    let joined =
        |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match value {
        toml::Value::Table(table) => {
            for (part, value) in table {
                flatten(&joined(part), value, settings);
            }
        }
        toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
            for (number, item) in (1..).zip(items) {
                flatten(&format!("{name} {number}"), item, settings);
            }
        }
        toml::Value::String(text) => drop(settings.insert(name.to_owned(), text.clone())),
        value => drop(settings.insert(name.to_owned(), value.to_string())),
    }
}

/// The figures of results, a column for each.
pub(super) fn figures(results: &[&Json]) -> Markup {
    let all: Vec<Vec<(String, String)>> = results.iter().map(|result| figures_of(result)).collect();
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in all.iter().flatten() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let value = |figures: &[(String, String)], wanted: &str| {
        let found = figures.iter().find(|(name, _)| name == wanted);
        found.map_or_else(|| "–".to_owned(), |(_, value)| fit(value))
    };
    html! {
        table.sides { tbody {
            @for name in names {
                tr { th { (fit(name)) } @for figures in &all { td.number { (value(figures, name)) } } }
            }
        } }
    }
}

/// What `verdict.json` says, as names and texts.
fn figures_of(result: &Json) -> Vec<(String, String)> {
    let mut figures = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        figures.extend(value.map(|value| (name.to_owned(), value)));
    };
    let text = |value: &Json| value.as_str().map(str::to_owned);
    let duration = |value: &Json| value.as_u64().map(show_duration);
    let number = |value: &Json| value.as_u64().map(|number| number.to_string());
    add("promised", text(&result["promise"]["condition"]));
    add("took", duration(&result["duration_ns"]));
    let ok: u64 =
        entries(&result["evidence"]["outcomes"]).filter_map(|(_, of)| of["ok"].as_u64()).sum();
    let seconds = result["duration_ns"].as_f64().unwrap_or(0.0) / 1e9;
    add("ok operations a second", (seconds > 0.0).then(|| format!("{:.0}", ok as f64 / seconds)));
    for (function, outcomes) in entries(&result["evidence"]["outcomes"]) {
        let counts = ["ok", "fail", "info"].map(|name| format!("{} {name}", outcomes[name]));
        add(function, Some(counts.join(", ")));
    }
    for (fault, met) in entries(&result["evidence"]["faults"]) {
        let times = met["times"].as_u64();
        add(
            fault,
            times.map(|times| format!("{}, met {} operations", counted(times, "time"), met["ops"])),
        );
    }
    for (function, times) in entries(&result["timing"]) {
        for quantile in ["p50", "p99", "p999", "max"] {
            add(&format!("{function}, {quantile}"), duration(&times[quantile]));
        }
    }
    let staleness = &result["staleness"];
    add(
        "stale reads",
        number(&staleness["stale"]).map(|stale| format!("{stale} of {}", staleness["reads"])),
    );
    add("age of a stale read, p50", duration(&staleness["age_ns"]["p50"]));
    add("age of a stale read, most", duration(&staleness["age_ns"]["max"]));
    add("messages", number(&result["traffic"]["messages"]));
    add("violated registers", result["violations"].as_array().map(|all| all.len().to_string()));
    figures
}

fn entries(value: &Json) -> impl Iterator<Item = (&str, &Json)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}
