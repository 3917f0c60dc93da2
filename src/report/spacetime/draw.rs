//! The scene as SVG.

use std::fmt::Write;

use super::layout::{CHARACTER, FAULT_HEIGHT, LEFT, Layout, label_width};
use super::line::Line;
use super::scene::{Band, Outage, OutageKind, Scene};
use super::{duration, letter, told};
use crate::client::Action;
use crate::protocol::{NodeId, Value};
use crate::report::markup::{escaped, safe};
use crate::time::Nanos;
use crate::world::trace::{Asked, Carried, Ending, Loss};

/// Half the height of a client's bar, and of what a node holds.
const HALF_BAR: f64 = 14.0;
const HALF_BAND: f64 = 9.0;
/// A lost message gets so far.
const LOST_AFTER: f64 = 0.62;
/// So many values have colours of their own.
const COLOR_COUNT: usize = 6;
/// What two lines above the picture need.
const HEADING: f64 = 56.0;
const HEADING_CHARACTER: f64 = 9.6;
/// What is lost at once still goes so far to the right, so that its line can be seen.
const LOST_WIDTH: f64 = 40.0;
/// What is on its way in the end is drawn so wide at most.
const UNDER_WAY_WIDTH: f64 = 110.0;

/// The picture as an element without a style.
pub(super) fn element(scene: &Scene<'_>) -> String {
    let layout = Layout::new(scene);
    let parts = Parts { scene, layout: &layout, values: values(scene) }.draw();
    svg(scene, (layout.width, layout.height), &parts)
}

/// The picture as a file with its style, under two lines of text.
pub(super) fn file(scene: &Scene<'_>, style: &str, title: &str, about: &str) -> String {
    let layout = Layout::new(scene);
    let parts = Parts { scene, layout: &layout, values: values(scene) }.draw();
    let width = layout.width.max(title.chars().count() as f64 * HEADING_CHARACTER + 16.0);
    let height = layout.height + HEADING;
    let parts = format!(
        "<style>\n{style}</style>\n<rect class=\"paper\" width=\"{width:.0}\" height=\"{height:.0}\"/>\n\
         <text x=\"8\" y=\"22\" class=\"heading\">{}</text>\n\
         <text x=\"8\" y=\"42\" class=\"soft\">{}</text>\n\
         <g transform=\"translate(0 {HEADING})\">\n{parts}</g>\n",
        safe(title),
        safe(about)
    );
    svg(scene, (width, height), &parts)
}

fn svg(scene: &Scene<'_>, (width, height): (f64, f64), parts: &str) -> String {
    let label: Vec<String> = (scene.operations.iter().enumerate())
        .map(|(place, asked)| format!("{}: {}", letter(place), told(asked)))
        .collect();
    let label = format!("Messages behind {}", label.join(", "));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"spacetime\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\" aria-label=\"{}\">\n{parts}</svg>\n",
        escaped(&label)
    )
}

/// The values that are held, in the order in which they appear.
fn values(scene: &Scene<'_>) -> Vec<Value> {
    let mut bands: Vec<&Band> = scene.bands.iter().collect();
    bands.sort_by_key(|band| (band.from, band.node));
    let mut values = Vec::new();
    for band in bands {
        if !values.contains(&band.value) {
            values.push(band.value);
        }
    }
    values
}

struct Parts<'s, 'a> {
    scene: &'s Scene<'a>,
    layout: &'s Layout,
    values: Vec<Value>,
}

impl Parts<'_, '_> {
    /// Everything, the first at the back.
    fn draw(&self) -> String {
        let mut out = String::new();
        self.lanes(&mut out);
        self.faults(&mut out);
        self.scene.bands.iter().for_each(|band| self.band(&mut out, band));
        self.skipped(&mut out);
        self.scene.outages.iter().for_each(|outage| self.outage(&mut out, outage));
        for (place, message) in &self.scene.messages {
            self.message(&mut out, *place, message);
        }
        for (place, asked) in self.scene.operations.iter().enumerate() {
            self.operation(&mut out, place, asked);
        }
        self.clocks(&mut out);
        self.axis(&mut out);
        out
    }

    fn x(&self, at: Nanos) -> f64 {
        self.layout.x(at)
    }

    fn name(&self, node: NodeId) -> String {
        safe(&self.scene.names[usize::from(node)])
    }

    fn lanes(&self, out: &mut String) {
        let clients = self.layout.processes.iter().map(|process| {
            (self.layout.process(*process), format!("process {process}"), "lane client")
        });
        let nodes = (0..self.scene.names.len() as NodeId)
            .map(|node| (self.layout.node(node), self.name(node), "lane node"));
        for (y, name, class) in clients.chain(nodes) {
            let right = self.layout.right();
            let _ = writeln!(
                out,
                "<line class=\"{class}\" x1=\"{LEFT}\" x2=\"{right:.1}\" y1=\"{y}\" y2=\"{y}\"/>\
                 <text class=\"lane\" x=\"8\" y=\"{:.1}\">{name}</text>",
                y + 5.0
            );
        }
    }

    fn faults(&self, out: &mut String) {
        for (row, (what, from, to)) in self.scene.faults.iter().enumerate() {
            let (x, width, y) = (self.x(*from), self.x(*to) - self.x(*from), Layout::fault(row));
            let height = self.layout.bottom() - y;
            let text = safe(what);
            let _ = writeln!(
                out,
                "<g class=\"fault\"><title>{text}</title>\
                 <rect class=\"shade\" x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{height:.1}\"/>\
                 <rect class=\"name\" x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\">{text}</text></g>",
                FAULT_HEIGHT - 3.0,
                x + 5.0,
                y + 13.0
            );
        }
    }

    fn band(&self, out: &mut String, band: &Band) {
        let y = self.layout.node(band.node) - HALF_BAND;
        let (x, width) = (self.x(band.from), (self.x(band.to) - self.x(band.from)).max(2.0));
        let color = self.values.iter().position(|value| *value == band.value).unwrap_or(0);
        let value = band.value.to_string();
        let _ = write!(
            out,
            "<g class=\"held value-{}\"><title>{} holds {value}</title>\
             <rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{}\"/>",
            color % COLOR_COUNT,
            self.name(band.node),
            2.0 * HALF_BAND
        );
        if width > value.len() as f64 * CHARACTER + 6.0 {
            let _ = write!(out, "<text x=\"{:.1}\" y=\"{:.1}\">{value}</text>", x + 4.0, y + 13.5);
        }
        out.push_str("</g>\n");
    }

    fn outage(&self, out: &mut String, outage: &Outage) {
        let y = self.layout.node(outage.node) - HALF_BAND - 8.0;
        let (x, width) = (self.x(outage.from), self.x(outage.to) - self.x(outage.from));
        let (class, text) = match outage.kind {
            OutageKind::Crashed => ("outage down", "crashed"),
            OutageKind::LostPower => ("outage down", "crashed, unsynced lost"),
            OutageKind::Wiped => ("outage down", "wiped"),
            OutageKind::Paused => ("outage paused", "paused"),
        };
        let _ = write!(
            out,
            "<g class=\"{class}\"><title>{} {text}</title>\
             <rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{}\" rx=\"3\"/>",
            self.name(outage.node),
            2.0 * HALF_BAND + 16.0
        );
        let fits = width > text.len() as f64 * CHARACTER;
        let word = if fits { text } else { text.split(',').next().unwrap_or(text) };
        let _ = write!(out, "<text x=\"{:.1}\" y=\"{:.1}\">{word}</text>", x + 5.0, y - 3.0);
        out.push_str("</g>\n");
    }

    /// Where more happened than is shown.
    fn skipped(&self, out: &mut String) {
        for (from, to, count) in &self.scene.skipped {
            let (left, right) = (self.x(*from), self.x(*to));
            let (top, bottom) = (self.layout.node(0) - 26.0, self.layout.bottom());
            let middle = f64::midpoint(left, right);
            let passed = duration(to - from);
            let _ = writeln!(
                out,
                "<g class=\"skipped\"><title>{passed}, in which replicas changed what they hold {count} \
                 times</title><rect x=\"{:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{:.1}\"/>\
                 <text x=\"{middle:.1}\" y=\"{:.1}\">{count} changes</text>\
                 <text x=\"{middle:.1}\" y=\"{:.1}\">{passed}</text></g>",
                left + 6.0,
                right - left - 12.0,
                bottom - top,
                top + 12.0,
                bottom - 4.0
            );
        }
    }

    fn message(&self, out: &mut String, served: Option<usize>, message: &Carried) {
        let (from, to) = (self.layout.node(message.from), self.layout.node(message.to));
        let (start, end) = edges(from, to);
        let sent = self.x(message.sent);
        let ended = match message.ended {
            Some((at, Ending::Arrived)) => self.x(at),
            Some((at, Ending::Lost(_))) => self.x(at).max(sent + LOST_WIDTH),
            None => self.layout.right().min(sent + UNDER_WAY_WIDTH),
        };
        let line = Line { from: (sent, start), to: (ended, end) };
        let fate = match message.ended.map(|(_, ending)| ending) {
            Some(Ending::Arrived) => "arrives",
            Some(Ending::Lost(Loss::Cut)) => "cut",
            Some(Ending::Lost(Loss::Chance)) => "lost",
            Some(Ending::Lost(Loss::Down)) => "node down",
            None => "on its way",
        };
        let arrives = matches!(message.ended, Some((_, Ending::Arrived)));
        let is_lost = matches!(message.ended, Some((_, Ending::Lost(_))));
        let standing = if arrives {
            ""
        } else if is_lost {
            " gone"
        } else {
            " under-way"
        };
        let kind = served.map_or("other", |place| function(self.scene.operations[place]));
        let op = served.map(|place| format!(" data-op=\"{place}\"")).unwrap_or_default();
        let _ = write!(
            out,
            "<g class=\"message {kind}{standing}\"{op}><title>{}{} from {} to {}: {fate}</title>",
            served.map(|place| format!("{}: ", letter(place))).unwrap_or_default(),
            message.kind,
            self.name(message.from),
            self.name(message.to)
        );
        if arrives {
            line.arrow(out);
        } else {
            line.up_to(LOST_AFTER).draw(out);
        }
        if is_lost {
            line.cross(LOST_AFTER, out);
            let (x, y) = line.at(LOST_AFTER);
            let _ = write!(out, "<text x=\"{:.1}\" y=\"{:.1}\">{fate}</text>", x + 8.0, y + 4.0);
        } else if self.is_first_of_kind(message) {
            let (x, y) = line.at(if arrives { 0.5 } else { LOST_AFTER / 2.0 });
            let _ = write!(
                out,
                "<text class=\"kind\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                x + 5.0,
                y + 3.0,
                message.kind
            );
        }
        out.push_str("</g>\n");
    }

    /// Whether it is the one that says what several are that were sent at once.
    fn is_first_of_kind(&self, message: &Carried) -> bool {
        let alike = |other: &&&Carried| {
            (other.from, other.sent, other.kind) == (message.from, message.sent, message.kind)
        };
        let first = self.scene.messages.iter().map(|(_, other)| other).find(alike);
        first.is_some_and(|first| first.to == message.to)
    }

    fn operation(&self, out: &mut String, place: usize, asked: &Asked) {
        let lane = self.layout.process(asked.process);
        let from = self.x(asked.begun);
        let to = asked.ended.map_or(self.layout.right(), |(at, _)| self.x(at));
        let is_open = !asked.ended.is_some_and(|(_, response)| response.is_of_node());
        let (kind, label) = (function(asked), format!("{}: {}", letter(place), told(asked)));
        let _ = write!(
            out,
            "<g class=\"operation {kind}{}\" data-op=\"{place}\" tabindex=\"0\"><title>{label} on process {}, \
             asked of {}</title>",
            if is_open { " unanswered" } else { "" },
            asked.process,
            self.name(asked.node)
        );
        let node = self.layout.node(asked.node);
        let (start, end) = (lane + HALF_BAR, node - HALF_BAND);
        if let Some(arrived) = asked.arrived {
            Line { from: (from, start), to: (self.x(arrived), end) }.arrow(out);
        }
        if let (Some(answered), false) = (asked.answered, is_open) {
            Line { from: (self.x(answered), end), to: (to, start) }.arrow(out);
        }
        let _ = writeln!(
            out,
            "<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{}\" rx=\"4\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{label}</text></g>",
            lane - HALF_BAR,
            if to > from { to - from } else { label_width(place, asked) },
            2.0 * HALF_BAR,
            from + 8.0,
            lane + 5.0
        );
    }

    fn clocks(&self, out: &mut String) {
        for (at, node, offset) in &self.scene.clocks {
            let (x, y) = (self.x(*at), self.layout.node(*node));
            let _ = writeln!(
                out,
                "<g class=\"clock\"><line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
                y - 20.0,
                y + 16.0,
                x + 4.0,
                y + 24.0,
                Scene::clock(*offset)
            );
        }
    }

    /// The time since the first moment, where there is room to write it.
    fn axis(&self, out: &mut String) {
        let first = self.scene.moments.first().copied().unwrap_or_default();
        let y = self.layout.bottom() + 16.0;
        let mut free_from = 0.0;
        for (at, x) in self.layout.columns() {
            let text = if at == first {
                format!("at {}", duration(first))
            } else {
                format!("+{}", duration(at - first))
            };
            let end = x + text.chars().count() as f64 * 7.0;
            if x < free_from || end > self.layout.width {
                continue;
            }
            free_from = end + 14.0;
            let _ = writeln!(out, "<text class=\"soft\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>");
        }
    }
}

/// Reads change nothing; all else does.
fn function(asked: &Asked) -> &'static str {
    match asked.operation.action {
        Action::Read => "reads",
        _ => "writes",
    }
}

/// From the edge of one band to that of the other.
fn edges(from: f64, to: f64) -> (f64, f64) {
    if from < to { (from + HALF_BAND, to - HALF_BAND) } else { (from - HALF_BAND, to + HALF_BAND) }
}
