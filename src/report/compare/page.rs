//! A comparison as a page: heat maps over R and W, and the Pareto front, for each condition. It needs no
//! network and no script, and follows the reader's choice of dark or light.

use std::fmt::Write;

use super::heat::{METRICS, heat_map, pareto};
use super::{families, label, percent, shared};
use crate::campaign::compare::{
    Cell, Comparison, Condition, Question, Times, predicted_stale, promised,
};
use crate::judge::Judgement;
use crate::time::show_duration;

const STYLE: &str = concat!(
    include_str!("../style/theme.css"),
    include_str!("../style/base.css"),
    include_str!("page.css"),
    include_str!("heat.css"),
);

/// The page.
pub fn comparison_page(question: &Question, comparison: &Comparison) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Quorate: comparison</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>What R and W cost and buy</h1>\n<p>{} rounds under the same seeds for all; {}. Blue edges: \
         R + W &gt; N.</p>\n",
        comparison.rounds,
        if comparison.is_tight { "every figure is tight" } else { "not every figure is tight" }
    );
    for condition in &question.conditions {
        out += &section(question, comparison, *condition);
    }
    out + "</main>\n</body>\n</html>\n"
}

fn section(question: &Question, comparison: &Comparison, condition: Condition) -> String {
    let cells: Vec<&Cell> =
        comparison.cells.iter().filter(|cell| cell.condition == condition).collect();
    let mut out = format!(
        "<section>\n<h2>{}</h2>\n<p>{}</p>\n{}\n",
        condition.name(),
        condition.about(),
        pareto(question, &cells)
    );
    for (protocol, n, family) in families(question, &cells) {
        let maps: Vec<String> = METRICS.iter().map(|metric| heat_map(metric, &family)).collect();
        let _ = write!(
            out,
            "<h3>{}, N = {n}</h3>\n<div class=\"maps\">{}</div>\n",
            protocol.name(),
            maps.join("\n")
        );
    }
    out + &table(question, &cells, condition) + "</section>\n"
}

fn table(question: &Question, cells: &[&Cell], condition: Condition) -> String {
    const HEAD: [&str; 14] = [
        "configuration",
        "ops/s",
        "read p50",
        "p99",
        "p99.9",
        "write p50",
        "p99",
        "p99.9",
        "available",
        "stale",
        "at most",
        "messages",
        "bytes",
        "promise and judgement",
    ];
    let head: Vec<String> = HEAD.iter().map(|name| format!("<th>{name}</th>")).collect();
    let mut out = format!("<h3>All figures</h3>\n<table><tr>{}</tr>\n", head.join(""));
    for cell in cells {
        let workload = &question.candidates[cell.candidate];
        let measured = &cell.measured;
        let time =
            |times: &Times, share| times.quantile(share).map_or("-".to_owned(), show_duration);
        let number = |number: Option<crate::campaign::statistics::Estimate>, digits: usize| {
            number.map_or("-".to_owned(), |number| format!("{:.digits$}", number.value))
        };
        let promise = promised(workload, condition).condition;
        let fields = [
            label(&workload.config),
            number(measured.throughput(), 0),
            time(&measured.reads, 0.5),
            time(&measured.reads, 0.99),
            time(&measured.reads, 0.999),
            time(&measured.writes, 0.5),
            time(&measured.writes, 0.99),
            time(&measured.writes, 0.999),
            shared(measured.availability()),
            shared(measured.stale()),
            predicted_stale(workload).map_or("-".to_owned(), percent),
            number(measured.messages(), 1),
            number(measured.bytes(), 0),
            format!("{}: {}", promise.name(), measured.judgement.map_or("", Judgement::name)),
        ];
        let fields: Vec<String> = fields.iter().map(|field| format!("<td>{field}</td>")).collect();
        let _ = writeln!(out, "<tr>{}</tr>", fields.join(""));
    }
    out + "</table>\n"
}
