//! Heat maps over R and W, and the Pareto front: SVG, in the colours of the page around it.

use std::fmt::Write;

use super::{label, percent};
use crate::campaign::compare::{Cell, Question};
use crate::protocol::Configuration;
use crate::time::MILLISECOND;

const TILE: usize = 56;
const LEFT: usize = 44;
const TOP: usize = 34;
/// What the longest title needs.
const TITLE: usize = 228;

/// What a heat map shows: its title, whether more is worse, the number of a cell, and how it is written.
pub(super) struct Metric {
    pub(super) title: &'static str,
    more_is_worse: bool,
    number: fn(&Cell) -> Option<f64>,
    show: fn(f64) -> String,
}

fn millis(nanos: f64) -> String {
    format!("{:.1}", nanos / MILLISECOND as f64)
}

/// The metrics of a page.
pub(super) const METRICS: [Metric; 5] = [
    Metric {
        title: "stale reads",
        more_is_worse: true,
        number: |cell| cell.measured.stale().map(|stale| stale.value),
        show: percent,
    },
    Metric {
        title: "reads, p99 in ms",
        more_is_worse: true,
        number: |cell| cell.measured.reads.quantile(0.99).map(|time| time as f64),
        show: millis,
    },
    Metric {
        title: "writes, p99 in ms",
        more_is_worse: true,
        number: |cell| cell.measured.writes.quantile(0.99).map(|time| time as f64),
        show: millis,
    },
    Metric {
        title: "availability",
        more_is_worse: false,
        number: |cell| cell.measured.availability().map(|share| share.value),
        show: percent,
    },
    Metric {
        title: "messages an operation",
        more_is_worse: true,
        number: |cell| cell.measured.messages().map(|count| count.value),
        show: |count| format!("{count:.1}"),
    },
];

/// How wide and how high a heat map of N nodes is.
pub(super) fn size(n: usize) -> (usize, usize) {
    ((LEFT + n * TILE + 8).max(TITLE), TOP + n * TILE + 30)
}

/// Cells of one protocol and one N, as tiles: R across, W down. The better, the fainter.
pub(super) fn heat_map(metric: &Metric, cells: &[(&Configuration, &Cell)]) -> String {
    let numbers = cells.iter().filter_map(|(_, cell)| (metric.number)(cell));
    let (least, most) = numbers.fold((f64::MAX, f64::MIN), |(a, b), n| (a.min(n), b.max(n)));
    let n = usize::from(cells.iter().map(|(config, _)| config.n).max().unwrap_or(1));
    let (width, height) = size(n);
    let mut out = format!(
        "<svg class=\"heat\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-label=\"{0} over R and W\"><text x=\"{LEFT}\" y=\"18\" class=\"title\">{0}</text>",
        metric.title
    );
    for place in 1..=n {
        let middle = (place - 1) * TILE + TILE / 2;
        let (across, down) = (LEFT + middle, TOP + middle + 5);
        let _ = write!(
            out,
            "<text x=\"{across}\" y=\"{}\" class=\"middle soft\">R={place}</text>\
             <text x=\"{}\" y=\"{down}\" class=\"end soft\">W={place}</text>",
            height - 10,
            LEFT - 8
        );
    }
    for (config, cell) in cells {
        let Some(number) = (metric.number)(cell) else { continue };
        // Where all are alike none is bad.
        let best = if metric.more_is_worse { least } else { most };
        let badness = (number - best).abs() / (most - least).max(f64::MIN_POSITIVE);
        let (x, y) =
            (LEFT + usize::from(config.r - 1) * TILE, TOP + usize::from(config.w - 1) * TILE);
        let ink = if badness > 0.55 { " on" } else { "" };
        let edge = if config.r + config.w > config.n { "meets" } else { "misses" };
        let _ = write!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"{3}\" height=\"{3}\" rx=\"4\" class=\"tile {edge}\" \
             style=\"--heat:{badness:.3}\"/><text x=\"{4}\" y=\"{5}\" class=\"middle{ink}\">{2}</text>",
            x + 2,
            y + 2,
            (metric.show)(number),
            TILE - 4,
            x + TILE / 2,
            y + TILE / 2 + 5
        );
    }
    out + "</svg>"
}

/// Latency across, staleness up; those on the front are filled and named.
pub(super) fn pareto(question: &Question, cells: &[&Cell]) -> String {
    const WIDTH: f64 = 560.0;
    const HEIGHT: f64 = 260.0;
    let latest = cells.iter().filter_map(|cell| cell.latency()).fold(1.0, f64::max);
    let stalest = cells.iter().map(|cell| cell.staleness()).fold(0.01, f64::max);
    let place = |cell: &Cell| {
        let x = 60.0 + (WIDTH - 140.0) * cell.latency()? / latest;
        Some((x, HEIGHT - 40.0 - (HEIGHT - 70.0) * cell.staleness() / stalest))
    };
    let mut out = format!(
        "<svg class=\"pareto\" width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         role=\"img\" aria-label=\"latency against staleness\">\
         <path class=\"axis\" d=\"M60 20 V{0} H{1}\"/>\
         <text x=\"{1}\" y=\"{2}\" class=\"end soft\">latency, mean of both medians: {3} ms →</text>\
         <text x=\"66\" y=\"16\" class=\"soft\">↑ stale reads: {4}</text>",
        HEIGHT - 40.0,
        WIDTH - 20.0,
        HEIGHT - 16.0,
        millis(latest),
        percent(stalest)
    );
    for best in [false, true] {
        for cell in cells.iter().filter(|cell| cell.is_best == best) {
            let Some((x, y)) = place(cell) else { continue };
            let name = label(&question.candidates[cell.candidate].config);
            let class = if best { "dot best" } else { "dot" };
            let _ = write!(
                out,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" class=\"{class}\"><title>{name}</title></circle>"
            );
            if best {
                let (x, y) = (x + 8.0, y - 6.0);
                let _ =
                    write!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"small\">{name}</text>");
            }
        }
    }
    out + "</svg>"
}
