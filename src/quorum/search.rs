//! The best quorum system under constraints, among the expressions that name each node once.
//!
//! The idea is that of Whittaker et al. 2021: flat expressions first, then all. Expressions that differ
//! only in nodes that are alike, or in how they are written, are tried once.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::figures::Figures;
use super::names::Names;
use super::rule::Rule;
use super::strategy::{Goal, Strategy, Wanted};
use super::system::ReadWriteSystem;

/// What the search is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Search<'a> {
    /// The nodes.
    pub names: &'a Names,
    /// What is to be best, and what must be kept.
    pub wanted: Wanted<'a>,
    /// How many failures reads and writes must survive.
    pub resilience: u32,
    /// How many systems may be tried.
    pub tried_max: u64,
}

/// The best system that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The system.
    pub system: ReadWriteSystem,
    /// Its best strategy.
    pub strategy: Strategy,
    /// What was to be small: a load, nodes or nanoseconds.
    pub value: f64,
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The best, if any system meets the constraints.
    pub best: Option<Found>,
    /// How many systems were tried.
    pub tried: u64,
    /// Whether all were tried.
    pub complete: bool,
}

/// Searches until all systems or as many as allowed have been tried, or `goes_on` says no. The same
/// question always has the same answer, unless `goes_on` interrupts it.
pub fn search(question: &Search<'_>, goes_on: &mut dyn FnMut() -> bool) -> Outcome {
    let mut trial = Trial {
        question,
        kinds: kinds(question.wanted.figures, question.names.len()),
        seen: BTreeSet::new(),
        outcome: Outcome { best: None, tried: 0, complete: true },
        goes_on,
    };
    let nodes: Vec<usize> = (0..question.names.len()).collect();
    for height in [2, u32::MAX] {
        if each_expression(&nodes, height, &mut |rule| trial.consider(rule)).is_break() {
            trial.outcome.complete = false;
            break;
        }
    }
    trial.outcome
}

/// A number for each node, the same for nodes that are alike.
fn kinds(figures: &Figures, nodes: usize) -> Vec<u8> {
    let first = |node| (0..=node).find(|other| figures.are_alike(*other, node)).unwrap_or(node);
    (0..nodes).map(|node| first(node) as u8).collect()
}

/// The search so far.
struct Trial<'a, 'b> {
    question: &'a Search<'a>,
    kinds: Vec<u8>,
    seen: BTreeSet<Vec<u8>>,
    outcome: Outcome,
    goes_on: &'b mut dyn FnMut() -> bool,
}

impl Trial<'_, '_> {
    /// Tries the reads `rule` with their dual as writes.
    fn consider(&mut self, rule: Rule) -> ControlFlow<()> {
        if !self.seen.insert(shape(&rule, &self.kinds)) {
            return ControlFlow::Continue(());
        }
        if self.outcome.tried == self.question.tried_max || !(self.goes_on)() {
            return ControlFlow::Break(());
        }
        self.outcome.tried += 1;
        let names = self.question.names.clone();
        let system = ReadWriteSystem { names, writes: rule.dual(), reads: rule };
        if let Some(found) = self.evaluate(system) {
            let best = self.outcome.best.as_ref().map_or(f64::INFINITY, |best| best.value);
            // What is better by rounding alone is not better.
            if found.value < best - 1e-9 * found.value.abs() {
                self.outcome.best = Some(found);
            }
        }
        ControlFlow::Continue(())
    }

    fn evaluate(&self, system: ReadWriteSystem) -> Option<Found> {
        let Wanted { figures, reads, goal, .. } = self.question.wanted;
        let survives = |rule: &Rule| rule.resilience().is_ok_and(|r| r >= self.question.resilience);
        if !survives(&system.reads) || !survives(&system.writes) {
            return None;
        }
        let strategy = system.strategy(&self.question.wanted).ok()?;
        let value = match goal {
            Goal::Load => strategy.load(figures, reads),
            Goal::Network => strategy.network_load(reads),
            Goal::Latency => strategy.latency(&system, figures, reads),
        };
        Some(Found { system, strategy, value })
    }
}

/// The same for expressions that differ only in the order of parts and in nodes that are alike.
fn shape(rule: &Rule, kinds: &[u8]) -> Vec<u8> {
    let (needed, mut parts): (u32, Vec<Vec<u8>>) = match rule {
        Rule::Threshold { needed, among } => {
            (*needed, among.iter().map(|node| vec![kinds[node]]).collect())
        }
        Rule::Choose { needed, parts } => {
            (*needed, parts.iter().map(|part| shape(part, kinds)).collect())
        }
        Rule::Weighted { .. } => unreachable!("the search makes choices only"),
    };
    parts.sort_unstable();
    // Kinds are below 64, so these bytes are brackets.
    let mut bytes = vec![254, needed as u8];
    bytes.extend(parts.concat());
    bytes.push(255);
    bytes
}

type Visit<'a> = &'a mut dyn FnMut(Rule) -> ControlFlow<()>;

/// Visits every expression over `nodes`, each named once, at most so many choices deep.
fn each_expression(nodes: &[usize], height: u32, visit: Visit<'_>) -> ControlFlow<()> {
    if let [node] = nodes {
        return visit(Rule::node(*node));
    }
    if height == 1 {
        let parts: Vec<Rule> = nodes.iter().map(|node| Rule::node(*node)).collect();
        return (1..=parts.len()).try_for_each(|k| visit(Rule::choose(k as u32, parts.clone())));
    }
    each_partition(nodes, &mut Vec::new(), &mut |groups| {
        if groups.len() == 1 {
            return ControlFlow::Continue(());
        }
        each_choice(groups, height - 1, &mut Vec::new(), visit)
    })
}

/// Visits every way to divide `nodes` into groups, given those that the nodes before were divided into.
fn each_partition(
    nodes: &[usize],
    groups: &mut Vec<Vec<usize>>,
    visit: &mut dyn FnMut(&[Vec<usize>]) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let Some((node, rest)) = nodes.split_first() else { return visit(groups) };
    groups.push(vec![*node]);
    each_partition(rest, groups, visit)?;
    groups.pop();
    for at in 0..groups.len() {
        groups[at].push(*node);
        each_partition(rest, groups, visit)?;
        groups[at].pop();
    }
    ControlFlow::Continue(())
}

/// Visits every choice of one expression for each group and of how many of them are needed.
fn each_choice(
    groups: &[Vec<usize>],
    height: u32,
    parts: &mut Vec<Rule>,
    visit: Visit<'_>,
) -> ControlFlow<()> {
    let Some(group) = groups.get(parts.len()) else {
        return (1..=parts.len() as u32).try_for_each(|needed| {
            // A sum in a sum, or a product in a product, is a flatter expression and visited as such.
            if parts.iter().any(|part| is_flattened(part, needed, parts.len() as u32)) {
                return ControlFlow::Continue(());
            }
            visit(Rule::choose(needed, parts.clone()))
        });
    };
    each_expression(group, height, &mut |part| {
        parts.push(part);
        let flow = each_choice(groups, height, parts, visit);
        parts.pop();
        flow
    })
}

/// Whether a part says the same as its own parts would in its place.
fn is_flattened(part: &Rule, needed: u32, of: u32) -> bool {
    let (within, parts) = match part {
        Rule::Threshold { among, .. } if among.len() == 1 => return false,
        Rule::Threshold { needed, among } => (*needed, among.len()),
        Rule::Choose { needed, parts } => (*needed, parts.len() as u32),
        Rule::Weighted { .. } => return false,
    };
    (needed == 1 && within == 1) || (needed == of && within == parts)
}
