//! The list of all runs, and what of it is asked for.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde::Deserialize;

use super::page::{Page, badge, judgement};
use super::shelf::{Entry, Standing};
use super::{address_of, counted_by, encoded};
use crate::report::fit;
use crate::time::show_duration;

/// So many runs stand on a page.
const PAGE_LENGTH: usize = 100;

/// What is asked for; an empty text asks for everything.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    verdict: String,
    workload: String,
    configuration: String,
    /// From 1.
    page: String,
}

impl Asked {
    fn wants(&self, entry: &Entry) -> bool {
        let fits = |wanted: &str, is: &str| wanted.is_empty() || wanted == is;
        fits(&self.verdict, entry.standing.name())
            && fits(&self.workload, &entry.title)
            && fits(&self.configuration, &entry.configuration)
    }

    fn address(&self, page: usize) -> String {
        let [verdict, workload, configuration] =
            [&self.verdict, &self.workload, &self.configuration].map(|text| encoded(text));
        format!("/?verdict={verdict}&workload={workload}&configuration={configuration}&page={page}")
    }
}

pub(super) fn page(entries: &[Entry], asked: &Asked) -> Page {
    let wanted: Vec<&Entry> = entries.iter().filter(|entry| asked.wants(entry)).collect();
    let page_count = wanted.len().div_ceil(PAGE_LENGTH).max(1);
    let number = asked.page.parse::<usize>().unwrap_or(1).clamp(1, page_count);
    let shown = wanted.iter().skip((number - 1) * PAGE_LENGTH).take(PAGE_LENGTH);
    let body = html! {
        header { h1 { "Runs" } (filters(entries, asked)) }
        @if wanted.is_empty() {
            section { p { "No run is like that. " code { "quorate run" } " makes one." } }
        } @else {
            section {
                form action="/compare" {
                    div.tools { button { "Compare the two chosen" } span.note { (wanted.len()) " runs" } }
                    table.runs {
                        thead { tr {
                            th {} th { "workload" } th { "configuration" } th { "verdict" }
                            th { "judgement" } th { "world" } th.number { "events" } th.number { "took" }
                            th { "began" }
                        } }
                        tbody { @for entry in shown { (row(entry)) } }
                    }
                }
                (pages(asked, number, page_count))
            }
        }
    };
    Page::new("runs", body)
}

fn row(entry: &Entry) -> Markup {
    let title = fit(&entry.title);
    let info = entry.info.as_ref();
    let events = info.filter(|info| info.events > 0).map(|info| info.events.to_string());
    let took = match &entry.standing {
        Standing::Judged(brief) if brief.duration_ns > 0 => show_duration(brief.duration_ns),
        _ => String::new(),
    };
    html! {
        tr {
            td { input type="checkbox" name="run" value=(entry.name) aria-label={ "Compare " (title) }; }
            td.title { a href=(address_of(&entry.name)) { (title) }
                @if let Some(info) = info { span.note { " seed " (info.seed) } } }
            td { (fit(&entry.configuration)) }
            td { (badge(&entry.standing)) }
            td { (judgement(entry)) }
            td { @if let Some(info) = info { (info.world.name()) } }
            td.number { (events.unwrap_or_default()) }
            td.number { (took) }
            td.time { @if let Some(info) = info { (fit(&info.started).replace(['T', 'Z'], " ")) } }
        }
    }
}

fn filters(entries: &[Entry], asked: &Asked) -> Markup {
    let verdicts = counted_by(entries.iter().map(|entry| entry.standing.name()));
    let workloads = counted_by(entries.iter().map(|entry| entry.title.as_str()));
    let configurations = counted_by(entries.iter().map(|entry| entry.configuration.as_str()));
    html! {
        form.tools action="/" {
            (choice("verdict", &verdicts, &asked.verdict))
            (choice("workload", &workloads, &asked.workload))
            (choice("configuration", &configurations, &asked.configuration))
            button { "Show" }
        }
    }
}

fn choice(name: &str, counts: &BTreeMap<&str, usize>, chosen: &str) -> Markup {
    html! {
        label { (name) " "
            select name=(name) {
                option value="" { "all" }
                @for (value, count) in counts.iter().filter(|(value, _)| !value.is_empty()) {
                    option value=(value) selected[*value == chosen] { (fit(value)) " (" (count) ")" }
                }
            }
        }
    }
}

fn pages(asked: &Asked, number: usize, count: usize) -> Markup {
    html! {
        @if count > 1 {
            p.tools {
                @if number > 1 { a href=(asked.address(number - 1)) { "‹ Later" } }
                span.note { "page " (number) " of " (count) }
                @if number < count { a href=(asked.address(number + 1)) { "Earlier ›" } }
            }
        }
    }
}
