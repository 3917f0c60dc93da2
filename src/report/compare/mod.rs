//! A comparison of configurations: as a table, as CSV, as JSON, and as a page with pictures.

mod heat;
mod page;
mod picture;
mod table;

use serde_json::{Value as Json, json};

pub use page::comparison_page;
pub use picture::comparison_picture;
pub use table::{comparison_csv, comparison_table};

use crate::campaign::compare::{Cell, Comparison, Question, Times, predicted_stale, promised};
use crate::campaign::statistics::Estimate;
use crate::protocol::{Configuration, Protocol, Setting};
use crate::workload::Workload;

/// What a configuration is called in a table: `lww 3 1 2`, or `raft 3 log`.
fn label(config: &Configuration) -> String {
    let (name, n) = (config.protocol.name(), config.n);
    if config.system.is_some() || !config.protocol.facts().settings.contains(&Setting::R) {
        return format!("{name} {n} {}", config.reads.name());
    }
    format!("{name} {n} {} {}", config.r, config.w)
}

/// A protocol and an N, with their cells.
type Family<'a> = (Protocol, u16, Vec<(&'a Configuration, &'a Cell)>);

/// The cells whose quorums are numbers, by protocol and N.
fn families<'a>(question: &'a Question, cells: &[&'a Cell]) -> Vec<Family<'a>> {
    let mut families: Vec<Family<'a>> = Vec::new();
    for cell in cells {
        let config = &question.candidates[cell.candidate].config;
        let is_counted = config.protocol.facts().settings.contains(&Setting::R);
        if config.system.is_some() || !is_counted {
            continue;
        }
        let (protocol, n) = (config.protocol, config.n);
        match families.iter_mut().find(|family| (family.0, family.1) == (protocol, n)) {
            Some(family) => family.2.push((config, *cell)),
            None => families.push((protocol, n, vec![(config, *cell)])),
        }
    }
    families
}

/// A comparison as JSON. Times are in nanoseconds; every figure with its 95 % confidence interval.
pub fn comparison_json(question: &Question, comparison: &Comparison) -> Json {
    let cell = |cell: &Cell| {
        let workload = &question.candidates[cell.candidate];
        let measured = &cell.measured;
        json!({
            "configuration": configuration(workload),
            "condition": cell.condition.name(),
            "rounds": measured.runs(),
            "throughput": measured.throughput(),
            "read_ns": times(&measured.reads),
            "write_ns": times(&measured.writes),
            "availability": measured.availability(),
            "stale": measured.stale(),
            "stale_predicted_at_most": predicted_stale(workload),
            "versions_behind_at_most": measured.versions - 1,
            "age_ns": times(&measured.ages),
            "messages_per_operation": measured.messages(),
            "bytes_per_operation": measured.bytes(),
            "promise": promised(workload, cell.condition).condition,
            "judgement": measured.judgement,
            "anomalies": measured.anomalies,
            "on_pareto_front": cell.is_best,
        })
    };
    json!({
        "version": 1,
        "rounds": comparison.rounds,
        "tight": comparison.is_tight,
        "first_seed": question.seed,
        "cells": comparison.cells.iter().map(cell).collect::<Vec<_>>(),
    })
}

fn configuration(workload: &Workload) -> Json {
    let config = &workload.config;
    let has = |setting| config.protocol.facts().settings.contains(&setting);
    json!({
        "name": workload.name,
        "protocol": config.protocol.name(),
        "n": config.n,
        "r": has(Setting::R).then_some(config.r),
        "w": has(Setting::W).then_some(config.w),
        "reads": has(Setting::Reads).then(|| config.reads.name()),
        "write_back": has(Setting::WriteBack).then_some(config.write_back),
    })
}

fn times(times: &Times) -> Json {
    json!({
        "p50": times.quantile(0.5),
        "p95": times.quantile(0.95),
        "p99": times.quantile(0.99),
        "p999": times.quantile(0.999),
        "p50_of_a_run": times.median(),
        "p99_of_a_run": times.p99(),
    })
}

/// A share in percent.
fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0%".to_owned(),
        p if p < 9.995 => format!("{p:.2}%"),
        p if p < 99.95 => format!("{p:.1}%"),
        p if p < 100.0 => format!("{p:.2}%"),
        _ => "100%".to_owned(),
    }
}

fn shared(estimate: Option<Estimate>) -> String {
    estimate.map_or("-".to_owned(), |estimate| percent(estimate.value))
}
