//! What of a run is in the picture.

use std::collections::{BTreeMap, BTreeSet};

use super::{Story, duration};
use crate::nemesis::Fault;
use crate::protocol::{NodeId, Value};
use crate::time::Nanos;
use crate::world::trace::{Asked, Carried, Holding, Incident, SpaceTime};

/// Of an operation that is never answered, so many messages at most.
const MESSAGES_MAX: usize = 64;
/// Between two moments of the operations, so many changes of the register are shown one by one.
const CHANGES_MAX: usize = 5;

/// What is in the picture.
#[derive(Debug, Default)]
pub(super) struct Scene<'a> {
    pub(super) names: &'a [String],
    /// In the order of their letters.
    pub(super) operations: Vec<&'a Asked>,
    /// With the letter's place of the operation that each serves.
    pub(super) messages: Vec<(Option<usize>, &'a Carried)>,
    pub(super) bands: Vec<Band>,
    pub(super) outages: Vec<Outage>,
    /// What is broken between nodes: what, from when to when.
    pub(super) faults: Vec<(String, Nanos, Nanos)>,
    /// When clocks were set: when, whose, and to how much ahead.
    pub(super) clocks: Vec<(Nanos, NodeId, i64)>,
    /// Times in which more happened to the register than is shown: from, to, and how often it changed.
    pub(super) skipped: Vec<(Nanos, Nanos, usize)>,
    /// Every moment that is shown, rising.
    pub(super) moments: Vec<Nanos>,
}

/// A replica holds a value for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Band {
    pub(super) node: NodeId,
    pub(super) value: Value,
    pub(super) from: Nanos,
    pub(super) to: Nanos,
}

/// A replica does nothing for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outage {
    pub(super) node: NodeId,
    pub(super) kind: OutageKind,
    pub(super) from: Nanos,
    pub(super) to: Nanos,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutageKind {
    /// It crashed; what was on disk is there when it starts again.
    Crashed,
    /// It crashed and lost what was not synced.
    LostPower,
    /// It crashed and lost its disk.
    Wiped,
    Paused,
}

impl<'a> Scene<'a> {
    pub(super) fn new(story: &Story<'a>) -> Self {
        let drawn = story.drawn;
        let operations: Vec<&Asked> =
            story.cited.iter().map(|place| &drawn.operations[*place]).collect();
        let mut scene = Self { names: story.names, operations, ..Self::default() };
        let taken = scene.take_messages(story);
        let core = scene.core();
        let (Some(from), Some(to)) = (core.first().copied(), core.last().copied()) else {
            return scene;
        };
        scene.hold(story, &core, &taken);
        scene.break_down(drawn, from, to);
        scene.moments = scene.all_moments(core, from, to).into_iter().collect();
        scene
    }

    /// Takes the messages that serve the operations: until the answer, for what follows changes nothing
    /// for the client. Returns them by their places.
    fn take_messages(&mut self, story: &Story<'a>) -> BTreeSet<usize> {
        let mut taken = BTreeSet::new();
        let mut counts = vec![0; story.cited.len()];
        for (place, message) in story.drawn.messages.iter().enumerate() {
            let served = message.serves.and_then(|op| story.cited.iter().position(|c| *c == op));
            let Some(letter) = served else { continue };
            let asked = self.operations[letter];
            let until = asked.answered.or(asked.ended.map(|(at, _)| at)).unwrap_or(Nanos::MAX);
            if message.sent <= until && counts[letter] < MESSAGES_MAX {
                counts[letter] += 1;
                taken.insert(place);
                self.messages.push((Some(letter), message));
            }
        }
        taken
    }

    /// The moments of the operations and their messages.
    fn core(&self) -> BTreeSet<Nanos> {
        let operations = self.operations.iter().flat_map(|asked| {
            let ended = asked.ended.map(|(at, _)| at);
            [Some(asked.begun), asked.arrived, asked.answered, ended].into_iter().flatten()
        });
        let messages = self.messages.iter().flat_map(|(_, message)| {
            [Some(message.sent), message.ended.map(|(at, _)| at)].into_iter().flatten()
        });
        operations.chain(messages).collect()
    }

    /// Who holds what when, between the first and the last moment.
    fn hold(&mut self, story: &Story<'a>, core: &BTreeSet<Nanos>, taken: &BTreeSet<usize>) {
        let from = core.first().copied().unwrap_or_default();
        let mut holds: BTreeMap<NodeId, (Value, Nanos)> = BTreeMap::new();
        let of_key = || story.drawn.holdings.iter().filter(|held| held.key == story.key);
        for held in of_key().take_while(|held| held.from <= from) {
            match held.value {
                Some(value) => drop(holds.insert(held.node, (value, from))),
                None => drop(holds.remove(&held.node)),
            }
        }
        let core: Vec<Nanos> = core.iter().copied().collect();
        for between in core.windows(2) {
            let (from, to) = (between[0], between[1]);
            let changes: Vec<&Holding> =
                of_key().filter(|held| from < held.from && held.from <= to).collect();
            // What happens at a moment of the operations is their doing, and always shown.
            let extra = changes.iter().filter(|held| held.from < to).count();
            let is_skipped = extra > CHANGES_MAX;
            if is_skipped {
                self.skipped.push((from, to, extra));
            }
            for held in changes {
                let at = if is_skipped { to } else { held.from };
                self.change(&mut holds, held, at);
                let brought = held.brought_by.filter(|place| !taken.contains(place));
                if let (Some(place), false) = (brought, is_skipped) {
                    self.messages.push((None, &story.drawn.messages[place]));
                }
            }
        }
        let end = core.last().copied().unwrap_or_default();
        let last =
            holds.into_iter().map(|(node, (value, from))| Band { node, value, from, to: end });
        self.bands.extend(last);
        self.bands.retain(|band| band.from <= band.to);
    }

    fn change(&mut self, holds: &mut BTreeMap<NodeId, (Value, Nanos)>, held: &Holding, at: Nanos) {
        let before = match held.value {
            Some(value) => holds.insert(held.node, (value, at)),
            None => holds.remove(&held.node),
        };
        if let Some((value, from)) = before.filter(|(_, from)| *from < at) {
            self.bands.push(Band { node: held.node, value, from, to: at });
        }
    }

    /// What is broken between the first and the last moment.
    fn break_down(&mut self, drawn: &SpaceTime, from: Nanos, to: Nanos) {
        let mut down: BTreeMap<NodeId, (OutageKind, Nanos)> = BTreeMap::new();
        for (at, node, incident) in &drawn.incidents {
            match incident {
                Incident::Crashed(true) => drop(down.insert(*node, (OutageKind::LostPower, *at))),
                Incident::Crashed(false) => drop(down.insert(*node, (OutageKind::Crashed, *at))),
                Incident::Wiped => drop(down.insert(*node, (OutageKind::Wiped, *at))),
                Incident::Restarted => {
                    if let Some((kind, since)) = down.remove(node) {
                        self.outages.push(Outage { node: *node, kind, from: since, to: *at });
                    }
                }
                Incident::ClockSet(offset) if (from..=to).contains(at) => {
                    self.clocks.push((*at, *node, *offset));
                }
                Incident::ClockSet(_) | Incident::Synced | Incident::Timer(_) => {}
            }
        }
        let still = down.into_iter();
        self.outages.extend(still.map(|(node, (kind, from))| Outage { node, kind, from, to }));
        for (fault, since, until) in spans(&drawn.faults, drawn.end) {
            match fault {
                Fault::Pause { nodes } => {
                    let kind = OutageKind::Paused;
                    let paused =
                        |node: &NodeId| Outage { node: *node, kind, from: since, to: until };
                    self.outages.extend(nodes.iter().map(paused));
                }
                Fault::Partition { cuts, .. } => {
                    self.faults.push((format!("cut: {}", self.links(cuts)), since, until));
                }
                Fault::SlowLinks { links, factor } => {
                    let text = format!("slow, {factor} times: {}", self.links(links));
                    self.faults.push((text, since, until));
                }
                Fault::SlowDisks { nodes, factor } => {
                    let text = format!("slow disks, {factor} times: {}", self.nodes(nodes));
                    self.faults.push((text, since, until));
                }
                Fault::FillDisks { nodes } => {
                    self.faults.push((format!("full disks: {}", self.nodes(nodes)), since, until));
                }
                _ => {}
            }
        }
        self.outages.retain(|outage| outage.from < to && outage.to > from);
        self.faults.retain(|(_, since, until)| *since < to && *until > from);
        for outage in &mut self.outages {
            (outage.from, outage.to) = (outage.from.max(from), outage.to.min(to));
        }
        for (_, since, until) in &mut self.faults {
            (*since, *until) = ((*since).max(from), (*until).min(to));
        }
    }

    fn nodes(&self, nodes: &[NodeId]) -> String {
        let names: Vec<&str> = nodes.iter().map(|node| &*self.names[usize::from(*node)]).collect();
        names.join(", ")
    }

    /// Links in words: `n1–n2` both ways, `n1→n2` one way.
    fn links(&self, links: &[(NodeId, NodeId)]) -> String {
        let name = |node: NodeId| self.names[usize::from(node)].as_str();
        let text = |(from, to): &(NodeId, NodeId)| {
            let both = links.contains(&(*to, *from));
            let line = if both { '–' } else { '→' };
            (!both || from < to).then(|| format!("{}{line}{}", name(*from), name(*to)))
        };
        links.iter().filter_map(text).collect::<Vec<_>>().join(", ")
    }

    fn all_moments(&self, core: BTreeSet<Nanos>, from: Nanos, to: Nanos) -> BTreeSet<Nanos> {
        let mut moments = core;
        for (_, message) in &self.messages {
            moments.extend(
                [Some(message.sent), message.ended.map(|(at, _)| at)].into_iter().flatten(),
            );
        }
        moments.extend(self.bands.iter().flat_map(|band| [band.from, band.to]));
        moments.extend(self.outages.iter().flat_map(|outage| [outage.from, outage.to]));
        moments.extend(self.faults.iter().flat_map(|(_, since, until)| [*since, *until]));
        moments.extend(self.clocks.iter().map(|(at, ..)| *at));
        moments.retain(|at| (from..=to).contains(at));
        moments
    }

    /// An offset of a clock in words.
    pub(super) fn clock(offset: i64) -> String {
        if offset == 0 {
            return "clock right".to_owned();
        }
        let sign = if offset < 0 { '−' } else { '+' };
        format!("clock {sign}{}", duration(offset.unsigned_abs()))
    }
}

/// Every fault with when it came and when it was mended.
fn spans(faults: &[(Nanos, Fault)], end: Nanos) -> Vec<(&Fault, Nanos, Nanos)> {
    let mut spans: Vec<(&Fault, Nanos, Nanos)> = Vec::new();
    for (at, fault) in faults {
        if fault.undo().is_some() {
            spans.push((fault, *at, end));
        } else {
            let is_mended = |(on, _, until): &&mut (&Fault, Nanos, Nanos)| {
                *until == end && on.undo().as_ref() == Some(fault)
            };
            if let Some((.., until)) = spans.iter_mut().find(is_mended) {
                *until = *at;
            }
        }
    }
    spans
}
