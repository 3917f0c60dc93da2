//! The heat maps of a comparison as one picture, a file of its own.

use std::fmt::Write;

use super::families;
use super::heat::{METRICS, heat_map, size};
use crate::campaign::compare::{Cell, Comparison, Question};

const STYLE: &str = concat!(
    include_str!("../style/theme.css"),
    "svg { font-family: system-ui, \"DejaVu Sans\", sans-serif; }\n.paper { fill: var(--surface); }\n",
    include_str!("heat.css"),
);
/// Around everything, and under the line above each row.
const MARGIN: usize = 12;
const HEADING: usize = 30;

/// A row of heat maps for each protocol, N and condition.
pub fn comparison_picture(question: &Question, comparison: &Comparison) -> String {
    let (mut out, mut y, mut width) = (String::new(), MARGIN, 0);
    for condition in &question.conditions {
        let cells = comparison.cells.iter().filter(|cell| cell.condition == *condition);
        let cells: Vec<&Cell> = cells.collect();
        for (protocol, n, family) in families(question, &cells) {
            let (across, down) = size(usize::from(n));
            let (name, about) = (protocol.name(), condition.name());
            let _ = writeln!(
                out,
                "<text x=\"{MARGIN}\" y=\"{}\" class=\"title\">{about}: {name}, N = {n}</text>",
                y + 16
            );
            for (place, metric) in METRICS.iter().enumerate() {
                let x = MARGIN + place * (across + MARGIN);
                let map = heat_map(metric, &family);
                let _ = writeln!(out, "<g transform=\"translate({x} {})\">{map}</g>", y + HEADING);
                width = width.max(x + across + MARGIN);
            }
            y += HEADING + down + MARGIN;
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {y}\" width=\"{width}\" height=\"{y}\" \
         role=\"img\" aria-label=\"What R and W cost and buy\">\n<style>\n{STYLE}</style>\n\
         <rect class=\"paper\" width=\"{width}\" height=\"{y}\"/>\n{out}</svg>\n"
    )
}
