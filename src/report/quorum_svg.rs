//! A quorum system as a picture: nodes as columns, quorums as rows, and above them the two that have the
//! fewest nodes in common. In the colours of the reader's choice, dark or light.

use std::fmt::Write;

use super::markup::escaped;
use crate::quorum::{Explanation, Meeting, Names, NodeSet, Side, TooMany};

/// How many quorums of a kind are drawn.
const ROWS_MAX: usize = 14;
/// From the left edge to the first column.
const LEFT: usize = 184;
/// From the last column to the right edge.
const RIGHT: usize = 80;
/// Between rows.
const ROW: usize = 26;
/// What a title needs at least.
const WIDTH_MIN: usize = 640;

const STYLE: &str = "
  svg { --paper: #ffffff; --ink: #1b1f24; --soft: #6b7280; --faint: #e3e6ea;
    --read: #1f6feb; --write: #d9730d; --both: #1a7f4b; --miss: #c62828; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #14171c; --ink: #eceff3; --soft: #9aa3af; --faint: #2c323a;
      --read: #6aa8ff; --write: #ffa657; --both: #4cc38a; --miss: #ff7b72; } }
  text { font: 14px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif;
    fill: var(--ink); }
  .paper { fill: var(--paper); }
  .title { font-size: 20px; font-weight: 600; }
  .verdict { font-size: 15px; font-weight: 600; }
  .good { fill: var(--both); }
  .bad { fill: var(--miss); }
  .soft { fill: var(--soft); font-size: 12px; }
  .name { text-anchor: middle; dominant-baseline: central; font-weight: 600; }
  .on { fill: var(--paper); }
  .end { text-anchor: end; }
  .faint { fill: var(--faint); }
  .read { fill: var(--read); }
  .write { fill: var(--write); }
  .both { fill: var(--both); }
  .bar { stroke-width: 6; stroke-linecap: round; opacity: 0.35; }
  .bar.read { stroke: var(--read); }
  .bar.write { stroke: var(--write); }
  .pair { fill: none; stroke: var(--miss); stroke-width: 1.5; stroke-dasharray: 4 3; }
  .pair.meets { stroke: var(--both); }
  .node { fill: none; stroke: var(--soft); stroke-width: 1.5; }
  .line { stroke: var(--faint); stroke-width: 1; }
";

/// The system as an SVG document.
pub fn drawing(explanation: &Explanation<'_>) -> String {
    Drawing::new(explanation).draw()
}

/// Reads or writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
}

impl Kind {
    fn class(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// The picture, from the top down.
struct Drawing<'a> {
    explanation: &'a Explanation<'a>,
    names: &'a Names,
    /// Between columns.
    column: usize,
    width: usize,
    /// Where the next thing goes.
    y: usize,
    out: String,
}

impl<'a> Drawing<'a> {
    fn new(explanation: &'a Explanation<'a>) -> Self {
        let names = &explanation.subject.system.names;
        let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let column = (9 * longest + 16).clamp(if names.len() > 16 { 34 } else { 64 }, 160);
        let width = (LEFT + column * names.len() + RIGHT).max(WIDTH_MIN);
        Self { explanation, names, column, width, y: 0, out: String::new() }
    }

    fn draw(mut self) -> String {
        self.heading();
        self.pair();
        let explanation = self.explanation;
        self.matrix(Kind::Read, &explanation.reads);
        self.matrix(Kind::Write, &explanation.writes);
        let (width, height) = (self.width, self.y + 8);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\">\n<title>{}</title>\n<style>{STYLE}</style>\n\
             <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n{}</svg>\n",
            escaped(&self.explanation.subject.system.to_string()),
            self.out
        )
    }

    /// The middle of a node's column.
    fn x(&self, node: usize) -> usize {
        LEFT + self.column * node + self.column / 2
    }

    /// Where the figures behind the columns end.
    fn after_columns(&self) -> usize {
        LEFT + self.column * self.names.len() + 56
    }

    fn text(&mut self, x: usize, y: usize, class: &str, text: &str) {
        let text = escaped(text);
        let _ = writeln!(self.out, "<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{text}</text>");
    }

    fn dot(&mut self, x: usize, y: usize, radius: usize, class: &str) {
        let _ =
            writeln!(self.out, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" class=\"{class}\"/>");
    }

    fn heading(&mut self) {
        let system = &self.explanation.subject.system;
        let title = match system.as_thresholds() {
            Some(_) => system.to_string(),
            None => format!("{} nodes, reads {}", system.n(), system.reads.show(self.names)),
        };
        let title = shortened(&title, self.width / 13);
        self.text(24, 40, "title", &title);
        let (class, verdict) = match self.explanation.reads_meet_writes {
            Ok(Meeting { nodes: 0, .. }) => {
                ("verdict bad", "A read can miss a completed write".to_owned())
            }
            Ok(Meeting { nodes, .. }) => {
                let nodes = super::counted(u64::from(nodes), "node");
                (
                    "verdict good",
                    format!("Every read quorum meets every write quorum, in {nodes} at least"),
                )
            }
            Err(TooMany) => ("verdict", "Too many quorums to tell whether they meet".to_owned()),
        };
        self.text(24, 66, class, &verdict);
        self.y = 92;
    }

    /// The read and the write quorum with the fewest nodes in common, as large circles.
    fn pair(&mut self) {
        let Ok(meeting) = self.explanation.reads_meet_writes else {
            self.nodes();
            return;
        };
        let (read, write) = (meeting.first, meeting.second);
        let (top, middle) = (self.y, self.y + 34);
        let radius = (self.column / 2 - 6).min(24);
        for node in 0..self.names.len() {
            let x = self.x(node);
            match (read.contains(node), write.contains(node)) {
                (true, true) => self.halves(x, middle, radius),
                (true, false) => self.dot(x, middle, radius, "read"),
                (false, true) => self.dot(x, middle, radius, "write"),
                (false, false) => self.dot(x, middle, radius, "node"),
            }
            let class = if read.union(write).contains(node) { "name on" } else { "name" };
            let name = self.names[node].to_owned();
            self.text(x, middle, class, &name);
        }
        let label = if meeting.always() { "fewest in common" } else { "they miss" };
        self.text(24, middle - 6, "soft", label);
        self.text(24, middle + 12, "soft", &format!("read {}, write {}", read.len(), write.len()));
        self.frame(top, 68, meeting.always());
        self.y += 88;
    }

    /// A frame around all columns.
    fn frame(&mut self, y: usize, height: usize, meets: bool) {
        let class = if meets { "pair meets" } else { "pair" };
        let (x, width) = (LEFT - 4, self.column * self.names.len() + 8);
        let _ = writeln!(
            self.out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"12\" class=\"{class}\"/>"
        );
    }

    /// A node of both quorums: the left half reads, the right half writes.
    fn halves(&mut self, x: usize, y: usize, radius: usize) {
        let (top, bottom) = (y - radius, y + radius);
        for (kind, sweep) in [(Kind::Read, 0), (Kind::Write, 1)] {
            let class = kind.class();
            let _ = writeln!(
                self.out,
                "<path d=\"M{x} {top} A{radius} {radius} 0 0 {sweep} {x} {bottom} Z\" class=\"{class}\"/>"
            );
        }
    }

    /// The nodes alone.
    fn nodes(&mut self) {
        for node in 0..self.names.len() {
            let name = self.names[node].to_owned();
            self.text(self.x(node), self.y + 10, "name", &name);
        }
        self.y += 40;
    }

    /// The minimal quorums of a kind, a row each.
    fn matrix(&mut self, kind: Kind, side: &Side) {
        let right = self.width - 24;
        let _ = writeln!(
            self.out,
            "<line x1=\"24\" y1=\"{0}\" x2=\"{right}\" y2=\"{0}\" class=\"line\"/>",
            self.y
        );
        let Ok(quorums) = &side.quorums else {
            let name = format!("{} quorums: too many to draw", kind.class());
            self.text(24, self.y + 26, "soft", &name);
            self.y += 44;
            return;
        };
        let name = super::counted(quorums.len() as u64, &format!("{} quorum", kind.class()));
        self.text(24, self.y + 42, &format!("verdict {}", kind.class()), &name);
        let asked = self.after_columns();
        self.text(asked, self.y + 18, "soft end", "asked");
        self.y += 24;
        for quorum in chosen(quorums, self.in_pair(kind)) {
            self.row(kind, quorum);
        }
        if quorums.len() > ROWS_MAX {
            let more = format!("and {} more", quorums.len() - ROWS_MAX);
            let x = self.x(0) - 8;
            self.text(x, self.y + 16, "soft", &more);
            self.y += ROW;
        }
        self.y += 16;
    }

    /// The quorum of this kind in the pair above.
    fn in_pair(&self, kind: Kind) -> Option<NodeSet> {
        let meeting = self.explanation.reads_meet_writes.ok()?;
        Some(if kind == Kind::Read { meeting.first } else { meeting.second })
    }

    fn row(&mut self, kind: Kind, quorum: NodeSet) {
        let (class, y) = (kind.class(), self.y + ROW / 2);
        for node in (0..self.names.len()).filter(|node| !quorum.contains(*node)) {
            self.dot(self.x(node), y, 3, "faint");
        }
        if let Some((first, last)) = quorum.iter().next().zip(quorum.iter().last()) {
            let (from, to) = (self.x(first), self.x(last));
            let _ = writeln!(
                self.out,
                "<line x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\" class=\"bar {class}\"/>"
            );
        }
        for node in quorum.iter() {
            self.dot(self.x(node), y, 8, class);
        }
        if let Some(probability) = self.probability(kind, quorum) {
            let x = self.after_columns();
            self.text(x, y + 5, "soft end", &format!("{:.0} %", 100.0 * probability));
        }
        if self.in_pair(kind) == Some(quorum) {
            let meets = self.explanation.reads_meet_writes.is_ok_and(|meeting| meeting.always());
            self.frame(y - 12, 24, meets);
        }
        self.y += ROW;
    }

    /// How often the best strategy asks this quorum.
    fn probability(&self, kind: Kind, quorum: NodeSet) -> Option<f64> {
        let strategy = &self.explanation.best.as_ref().ok()?.strategy;
        let choice = if kind == Kind::Read { &strategy.reads } else { &strategy.writes };
        choice.iter().find(|(set, _)| *set == quorum).map(|(_, probability)| *probability)
    }
}

/// The quorums to draw: the one that must be seen, and as many others as there is room for.
fn chosen(quorums: &[NodeSet], seen: Option<NodeSet>) -> Vec<NodeSet> {
    let mut chosen: Vec<NodeSet> = quorums.iter().copied().take(ROWS_MAX).collect();
    if let Some(seen) = seen
        && quorums.contains(&seen)
        && !chosen.contains(&seen)
        && let Some(last) = chosen.last_mut()
    {
        *last = seen;
    }
    chosen
}

/// A text of so many characters at most.
fn shortened(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    text.chars().take(length - 1).chain(['…']).collect()
}
