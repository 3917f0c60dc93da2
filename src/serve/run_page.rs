//! The page of one run: how it stands, what it came to, and its files.

use std::path::Path;

use maud::{Markup, html};
use serde_json::Value as Json;

use super::page::{Page, badge, judgement, way_back};
use super::shelf::{Entry, Standing};
use super::{address_of, compare, encoded};
use crate::report::fit;
use crate::world::WorldKind;

const LIVE: &str = include_str!("live.js");

pub(super) fn page(entry: &Entry, files: &[(String, u64)], result: Option<&Json>) -> Page {
    let address = address_of(&entry.name);
    let has = |name: &str| files.iter().any(|(path, _)| path == name);
    let body = html! {
        header {
            (way_back())
            h1 { (fit(&entry.title)) " " (badge(&entry.standing)) }
            p { (fit(&entry.configuration)) }
            p { (judgement(entry)) }
            p.tools {
                @if has("report.html") { a.button href={ (address) "/files/report.html" } { "Open the report" } }
                a.button href={ (address) "/archive.zip" } { "Download as zip" }
            }
            (origin(entry))
        }
        @if entry.standing.is_live() { (live(&address)) }
        @if let Some(result) = result {
            section { h2 { "Figures" } (compare::figures(&[result])) }
        }
        (plots(&address, files))
        section {
            h2 { "Files" }
            table { tbody {
                @for (path, size) in files {
                    tr { td { a href={ (address) "/files/" (encoded_path(path)) } { (fit(path)) } }
                        td.number { (bytes(*size)) } }
                }
            } }
        }
    };
    let page = Page::new(&entry.title, body);
    if entry.standing.is_live() { page.with_script(LIVE) } else { page }
}

fn origin(entry: &Entry) -> Markup {
    let directory = entry.dir.path().display().to_string();
    html! {
        dl.facts {
            dt { "directory" } dd { code { (fit(&directory)) } }
            @if let Some(info) = &entry.info {
                dt { "began" } dd { (fit(&info.started)) }
                dt { "seed" } dd { (info.seed) }
                dt { "world" } dd { (info.world.name()) }
                @if info.world == WorldKind::Sim {
                    dt { "again" } dd { code { "quorate replay " (fit(&directory)) } }
                }
            }
            @if entry.standing == Standing::LeftBehind {
                dt { "check" } dd { code { "quorate check " (fit(&directory)) "/history.jsonl" } }
            }
        }
    }
}

/// What the script fills in.
fn live(address: &str) -> Markup {
    let rows = [
        ("standing", "standing"),
        ("progress", "done"),
        ("operations", "operations"),
        ("rate", "rate"),
        ("time", "time"),
        ("faults", "broken now"),
        ("verdict", "verdict so far"),
        ("problem", ""),
    ];
    html! {
        section #live data-address={ (address) "/live" } {
            h2 { "In progress" }
            progress max="1000" value="0" aria-label="How much of the run is over" {}
            dl.facts aria-live="off" {
                @for (name, label) in rows { dt { (label) } dd data-live=(name) {} }
            }
        }
    }
}

fn plots(address: &str, files: &[(String, u64)]) -> Markup {
    let plots: Vec<&str> = (files.iter().map(|(path, _)| path.as_str()))
        .filter(|path| {
            path.starts_with("plots/") && Path::new(path).extension() == Some("svg".as_ref())
        })
        .collect();
    html! {
        @if !plots.is_empty() {
            section { h2 { "Over time" } div.plots {
                @for path in plots {
                    img src={ (address) "/files/" (encoded_path(path)) } alt=(fit(path)) loading="lazy";
                }
            } }
        }
    }
}

fn encoded_path(path: &str) -> String {
    path.split('/').map(encoded).collect::<Vec<_>>().join("/")
}

fn bytes(size: u64) -> String {
    match size {
        0..10_000 => format!("{size} B"),
        10_000..10_000_000 => format!("{} kB", size / 1000),
        _ => format!("{} MB", size / 1_000_000),
    }
}
