//! A run over time: how long operations took, how many there were, how many succeeded, how many were
//! under way, how far clocks were off, and what nodes sent each other. Figures are made once, for the page and for the pictures in files.

mod picture;
mod series;
mod traffic;

use quorate_checker::Outcome;
use serde_json::{Value as Json, json};

use super::trace::Trace;
use crate::world::Ledger;
use series::{Buckets, clocks, concurrency, latencies};

/// A plot has at most so many points of one kind.
const POINTS_MAX: usize = 1500;

/// What the vertical axis measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds, on a logarithmic scale.
    Nanos,
    /// So many a second.
    PerSecond,
    /// So many bytes a second.
    BytesPerSecond,
    /// From 0 to 1.
    Share,
    /// So many.
    Count,
    /// Nanoseconds, ahead or behind.
    Offset,
}

impl Unit {
    /// The word of the page's document.
    fn name(self) -> &'static str {
        match self {
            Self::Nanos => "ns",
            Self::PerSecond => "/s",
            Self::BytesPerSecond => "B/s",
            Self::Share => "share",
            Self::Count => "count",
            Self::Offset => "offset ns",
        }
    }
}

/// One line, or the points of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What it shows.
    pub name: String,
    /// The outcome it is about, which has a colour of its own; `None` if about none.
    pub outcome: Option<Outcome>,
    /// Whether its points belong together.
    pub is_line: bool,
    /// Whether it is about something else than the others, and has a colour of its own.
    pub stands_out: bool,
    /// Times by the clock of the trace, and values; a line has a gap where there is no value.
    pub points: Vec<(i64, Option<f64>)>,
}

/// One plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// The name of its file.
    pub name: &'static str,
    /// What it shows, in a few words.
    pub title: &'static str,
    /// What the vertical axis measures.
    pub unit: Unit,
    /// What is drawn, the first at the back.
    pub series: Vec<Series>,
}

impl Plot {
    /// The plot in the document of a page that counts from `epoch` on.
    pub(super) fn json(&self, epoch: i64) -> Json {
        let series = |series: &Series| {
            let times: Vec<i64> =
                series.points.iter().map(|(time, _)| time.saturating_sub(epoch)).collect();
            // Three digits are more than anyone can see.
            let values: Vec<Option<f64>> =
                series.points.iter().map(|(_, value)| value.map(rounded)).collect();
            json!({
                "name": series.name,
                "outcome": series.outcome.map(Outcome::name),
                "line": series.is_line,
                "stands_out": series.stands_out,
                "times": times,
                "values": values,
            })
        };
        json!({
            "name": self.name,
            "title": self.title,
            "unit": self.unit.name(),
            "series": self.series.iter().map(series).collect::<Vec<_>>(),
        })
    }
}

/// A number with about four digits.
fn rounded(value: f64) -> f64 {
    if value.abs() >= 1000.0 { value.round() } else { (value * 1000.0).round() / 1000.0 }
}

/// The plots of a trace, and of what was sent meanwhile if that is known. Without times there is neither
/// latency nor throughput.
pub fn plots(trace: &Trace, ledger: Option<&Ledger>) -> Vec<Plot> {
    if trace.operations.is_empty() {
        return Vec::new();
    }
    let buckets = Buckets::new(trace);
    let plot = |name, title, unit, series| Plot { name, title, unit, series };
    let mut plots = Vec::new();
    if trace.has_times {
        let (points, quantiles) = latencies(trace, &buckets);
        plots.push(plot("latency", "Latency of every operation", Unit::Nanos, points));
        plots.push(plot("quantiles", "Latency, quantiles", Unit::Nanos, quantiles));
        let throughput = buckets.throughput(trace);
        plots.push(plot("throughput", "Throughput", Unit::PerSecond, throughput));
    }
    let availability = buckets.availability(trace);
    plots.push(plot("availability", "Availability", Unit::Share, vec![availability]));
    let concurrency = concurrency(trace, &buckets);
    plots.push(plot("concurrency", "Operations under way", Unit::Count, vec![concurrency]));
    let clocks = clocks(trace);
    if trace.has_times && !clocks.is_empty() {
        plots.push(plot("clocks", "Clocks ahead or behind", Unit::Offset, clocks));
    }
    if let (true, Some(ledger)) = (trace.has_times, ledger) {
        let end = trace.end;
        let messages = traffic::sent(ledger, end, |node| &node.messages, |node| &node.repairs);
        let bytes = traffic::sent(ledger, end, |node| &node.bytes, |node| &node.repair_bytes);
        plots.push(plot("messages", "Messages by node", Unit::PerSecond, messages));
        plots.push(plot("bytes", "Bytes by node", Unit::BytesPerSecond, bytes));
        plots.retain(|plot| !plot.series.is_empty());
    }
    plots
}

#[cfg(test)]
mod tests;
