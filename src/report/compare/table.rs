//! A comparison within eighty columns, and as CSV.

use std::fmt::Write;

use super::{label, percent, shared};
use crate::campaign::compare::{
    Cell, Comparison, Condition, Question, Times, predicted_stale, promised,
};
use crate::campaign::statistics::Estimate;
use crate::judge::Judgement;
use crate::time::{MILLISECOND, Nanos};

/// A comparison as tables, one for each condition.
pub fn comparison_table(question: &Question, comparison: &Comparison) -> String {
    let mut out = String::new();
    for condition in &question.conditions {
        let _ = writeln!(out, "{}: {}\n", condition.name(), condition.about());
        let _ = writeln!(
            out,
            "{:<14}{:>7}{:>16}{:>16}{:>8}{:>7}{:>7}",
            "protocol", "ops/s", "read p50/99 ms", "write p50/99 ms", "avail", "stale", "<="
        );
        for cell in comparison.cells.iter().filter(|cell| cell.condition == *condition) {
            out += &row(question, cell);
        }
        out.push('\n');
    }
    let seeds =
        if comparison.is_tight { "every figure is tight" } else { "not every figure is tight" };
    let _ = write!(
        out,
        "protocol: its name, N, R and W. <=: what is stale at most if nothing spreads.\n\
         * on the Pareto front of latency against staleness. ! broke its promise.\n\
         {} rounds; {seeds}.\n",
        comparison.rounds
    );
    out
}

fn row(question: &Question, cell: &Cell) -> String {
    let workload = &question.candidates[cell.candidate];
    let measured = &cell.measured;
    let both =
        |times: &Times| format!("{}/{}", millis(times.quantile(0.5)), millis(times.quantile(0.99)));
    let sign = match (measured.judgement, cell.is_best) {
        (Some(Judgement::Broken), _) => "!",
        (_, true) => "*",
        _ => "",
    };
    let line = format!(
        "{:<14}{:>7}{:>16}{:>16}{:>8}{:>7}{:>7} {sign}",
        label(&workload.config),
        measured.throughput().map_or("-".to_owned(), |rate| format!("{:.0}", rate.value)),
        both(&measured.reads),
        both(&measured.writes),
        shared(measured.availability()),
        shared(measured.stale()),
        predicted_stale(workload).map_or("-".to_owned(), percent),
    );
    line.trim_end().to_owned() + "\n"
}

fn millis(time: Option<Nanos>) -> String {
    time.map_or("-".to_owned(), |time| format!("{:.2}", time as f64 / MILLISECOND as f64))
}

/// What stands in a column for a configuration.
type Field = fn(&Question, &Cell) -> String;

/// The columns of the CSV, each with what stands in it.
const COLUMNS: &[(&str, Field)] = &[
    ("condition", |_, cell| cell.condition.name().to_owned()),
    ("protocol", |question, cell| config(question, cell).protocol.name().to_owned()),
    ("n", |question, cell| config(question, cell).n.to_string()),
    ("r", |question, cell| config(question, cell).r.to_string()),
    ("w", |question, cell| config(question, cell).w.to_string()),
    ("runs", |_, cell| cell.measured.runs().to_string()),
    ("throughput", |_, cell| value(cell.measured.throughput())),
    ("throughput_low", |_, cell| low(cell.measured.throughput())),
    ("throughput_high", |_, cell| high(cell.measured.throughput())),
    ("read_p50_ns", |_, cell| nanos(cell.measured.reads.quantile(0.5))),
    ("read_p95_ns", |_, cell| nanos(cell.measured.reads.quantile(0.95))),
    ("read_p99_ns", |_, cell| nanos(cell.measured.reads.quantile(0.99))),
    ("read_p999_ns", |_, cell| nanos(cell.measured.reads.quantile(0.999))),
    ("write_p50_ns", |_, cell| nanos(cell.measured.writes.quantile(0.5))),
    ("write_p95_ns", |_, cell| nanos(cell.measured.writes.quantile(0.95))),
    ("write_p99_ns", |_, cell| nanos(cell.measured.writes.quantile(0.99))),
    ("write_p999_ns", |_, cell| nanos(cell.measured.writes.quantile(0.999))),
    ("availability", |_, cell| value(cell.measured.availability())),
    ("availability_low", |_, cell| low(cell.measured.availability())),
    ("availability_high", |_, cell| high(cell.measured.availability())),
    ("stale", |_, cell| value(cell.measured.stale())),
    ("stale_low", |_, cell| low(cell.measured.stale())),
    ("stale_high", |_, cell| high(cell.measured.stale())),
    ("stale_predicted_at_most", |question, cell| {
        let predicted = predicted_stale(&question.candidates[cell.candidate]);
        predicted.map_or(String::new(), |share| share.to_string())
    }),
    ("versions_behind_at_most", |_, cell| (cell.measured.versions - 1).to_string()),
    ("age_p50_ns", |_, cell| nanos(cell.measured.ages.quantile(0.5))),
    ("age_p99_ns", |_, cell| nanos(cell.measured.ages.quantile(0.99))),
    ("messages_per_operation", |_, cell| value(cell.measured.messages())),
    ("bytes_per_operation", |_, cell| value(cell.measured.bytes())),
    ("promise", |question, cell| promise(question, cell.candidate, cell.condition)),
    ("judgement", |_, cell| cell.measured.judgement.map_or("", Judgement::name).to_owned()),
    ("on_pareto_front", |_, cell| cell.is_best.to_string()),
];

/// A comparison as CSV, with a confidence interval beside each estimate.
pub fn comparison_csv(question: &Question, comparison: &Comparison) -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    let mut out = names.join(",") + "\n";
    for cell in &comparison.cells {
        let fields: Vec<String> = COLUMNS.iter().map(|(_, field)| field(question, cell)).collect();
        out += &(fields.join(",") + "\n");
    }
    out
}

fn config<'q>(question: &'q Question, cell: &Cell) -> &'q crate::protocol::Configuration {
    &question.candidates[cell.candidate].config
}

fn promise(question: &Question, candidate: usize, condition: Condition) -> String {
    promised(&question.candidates[candidate], condition).condition.name().to_owned()
}

fn value(estimate: Option<Estimate>) -> String {
    estimate.map_or(String::new(), |estimate| estimate.value.to_string())
}

fn low(estimate: Option<Estimate>) -> String {
    finite(estimate.map(|estimate| estimate.low))
}

fn high(estimate: Option<Estimate>) -> String {
    finite(estimate.map(|estimate| estimate.high))
}

fn finite(number: Option<f64>) -> String {
    number.filter(|number| number.is_finite()).map_or(String::new(), |number| number.to_string())
}

fn nanos(time: Option<Nanos>) -> String {
    time.map_or(String::new(), |time| time.to_string())
}
