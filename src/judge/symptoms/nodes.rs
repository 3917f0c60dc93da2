//! The symptoms that tell one node from another.

use std::collections::{BTreeMap, BTreeSet};

use quorate_checker::{Op, Outcome, ValueId};

use super::super::Span;
use super::register::{Register, leaves, returned};
use crate::protocol::NodeId;
use crate::run::{Asked, FaultWindow};

/// The operations on a register by the node that was asked.
pub(super) struct Nodes<'r, 'a> {
    register: &'r Register<'a>,
    /// Ok operations, in the order in which they began.
    by_node: BTreeMap<NodeId, Vec<&'a Op>>,
}

impl<'r, 'a> Nodes<'r, 'a> {
    pub(super) fn new(register: &'r Register<'a>, asked: &Asked) -> Self {
        let mut by_node: BTreeMap<NodeId, Vec<&Op>> = BTreeMap::new();
        for op in register.ops.iter().filter(|op| op.outcome() == Outcome::Ok) {
            if let Some(node) = asked.node(op) {
                by_node.entry(node).or_default().push(op);
            }
        }
        Self { register, by_node }
    }

    /// Ok reads of values that have an age, by node.
    fn reads(&self) -> impl Iterator<Item = (NodeId, &'a Op, ValueId)> {
        let aged = |value: &ValueId| self.register.age(*value).is_some();
        self.by_node.iter().flat_map(move |(node, ops)| {
            let reads = ops.iter().filter_map(move |op| Some((*op, returned(op).filter(aged)?)));
            reads.map(|(op, value)| (*node, op, value))
        })
    }

    pub(super) fn fractured_reads(&self) -> u64 {
        // Of each node and value, from the end of the first read to the beginning of the last.
        let mut kept: BTreeMap<(NodeId, ValueId), (u32, u32)> = BTreeMap::new();
        for (node, op, value) in self.reads() {
            let span = kept.entry((node, value)).or_insert((op.ret, op.call));
            *span = (span.0.min(op.ret), span.1.max(op.call));
        }
        let mut spans: Vec<(u32, u32, NodeId, ValueId)> =
            kept.into_iter().map(|((node, value), (from, to))| (from, to, node, value)).collect();
        spans.sort_unstable();
        let mut spans = spans.into_iter().peekable();
        let mut reads: Vec<(NodeId, &Op, ValueId)> = self.reads().collect();
        reads.sort_unstable_by_key(|(_, op, _)| op.call);
        let mut open: BTreeSet<(u32, NodeId, ValueId)> = BTreeSet::new();
        let mut count = 0;
        for (node, op, value) in reads {
            while let Some((_, to, node, value)) = spans.next_if(|(from, ..)| *from < op.call) {
                open.insert((to, node, value));
            }
            while open.first().is_some_and(|(to, ..)| *to <= op.call) {
                open.pop_first();
            }
            let around = open.range((op.ret, 0, ValueId(0))..);
            count += u64::from(around.rev().any(|(_, n, v)| *n != node && *v != value));
        }
        count
    }

    pub(super) fn regressions(&self, faults: &[FaultWindow]) -> u64 {
        let mut count = 0;
        for (node, ops) in &self.by_node {
            let crashes = faults.iter().filter(|window| window.down.contains(*node));
            let mut crashes: Vec<(i64, i64)> =
                crashes.map(|window| (window.from as i64, window.to as i64)).collect();
            crashes.sort_unstable_by_key(|(_, to)| *to);
            if !crashes.is_empty() {
                let known = Known::new(self.register, ops);
                count += ops.iter().filter(|op| self.regresses(op, &known, &crashes)).count();
            }
        }
        count as u64
    }

    /// Whether a read returned something older than what its node knew before it crashed last.
    fn regresses(&self, op: &Op, known: &Known, crashes: &[(i64, i64)]) -> bool {
        let Some(age) = returned(op).and_then(|value| self.register.age(value)) else {
            return false;
        };
        let before = crashes.partition_point(|(_, to)| *to <= op.call_time);
        let crash = before.checked_sub(1).map(|last| crashes[last].0);
        crash.and_then(|crash| known.newest_before(crash)).is_some_and(|newest| age.to < newest)
    }

    /// Whether two nodes went on without each other for longer than `least`.
    pub(super) fn is_split(&self, least: i64) -> bool {
        let all: Vec<NodeId> = self.by_node.keys().copied().collect();
        let mut pairs = all
            .iter()
            .enumerate()
            .flat_map(|(i, one)| all[i + 1..].iter().map(move |other| (*one, *other)));
        pairs.any(|(one, other)| {
            let mine = self.reigns(one, other, least);
            let theirs =
                if mine.is_empty() { mine.clone() } else { self.reigns(other, one, least) };
            mine.iter().any(|mine| theirs.iter().any(|theirs| mine.rivals(theirs, least)))
        })
    }

    /// The times in which a node returned only what was written through it, longer than `least`, and when it
    /// ignored what another node had acknowledged.
    fn reigns(&self, one: NodeId, other: NodeId, least: i64) -> Vec<Reign> {
        let (mine, theirs) = (&self.by_node[&one], &self.by_node[&other]);
        let writes = theirs.iter().copied().filter(|op| leaves(op).is_some());
        let writes: Vec<&Op> = writes.collect();
        let own: BTreeSet<ValueId> = mine.iter().filter_map(|op| leaves(op)).collect();
        let mut reigns: Vec<Reign> = Vec::new();
        let mut goes_on = false;
        for op in mine {
            goes_on &= returned(op).is_none_or(|value| own.contains(&value));
            if !goes_on {
                goes_on = returned(op).is_none_or(|value| own.contains(&value));
                let span = Span { from: op.call_time, to: op.call_time };
                reigns.extend(goes_on.then_some(Reign { span, ignoring: Vec::new() }));
                continue;
            }
            let Some(reign) = reigns.last_mut() else { continue };
            reign.span.to = op.call_time;
            let age = returned(op).and_then(|value| self.register.age(value));
            let later =
                age.and_then(|age| writes.get(writes.partition_point(|write| write.call < age.to)));
            reign.ignoring.extend(later.filter(|write| write.ret < op.call).map(|_| op.call_time));
        }
        reigns
            .retain(|reign| !reign.ignoring.is_empty() && reign.span.to - reign.span.from > least);
        reigns
    }
}

/// A time in which a node returned only what was written through it.
#[derive(Debug, Clone)]
struct Reign {
    span: Span,
    /// When it returned something older than what another node had acknowledged.
    ignoring: Vec<i64>,
}

impl Reign {
    /// Whether two nodes reigned together for longer than `least` and ignored each other meanwhile.
    fn rivals(&self, other: &Self, least: i64) -> bool {
        let from = self.span.from.max(other.span.from);
        let to = self.span.to.min(other.span.to);
        let ignores = |reign: &Self| reign.ignoring.iter().any(|at| (from..=to).contains(at));
        to - from > least && ignores(self) && ignores(other)
    }
}

/// What a node has returned or acknowledged, by the time at which it did: when somebody began to write the
/// newest of it.
struct Known(Vec<(i64, u32)>);

impl Known {
    fn new(register: &Register<'_>, ops: &[&Op]) -> Self {
        let known = ops.iter().filter_map(|op| {
            let value = returned(op).or(leaves(op))?;
            Some((op.ret_time, register.age(value)?.from))
        });
        let mut known: Vec<(i64, u32)> = known.collect();
        known.sort_unstable();
        for i in 1..known.len() {
            known[i].1 = known[i].1.max(known[i - 1].1);
        }
        Self(known)
    }

    fn newest_before(&self, time: i64) -> Option<u32> {
        let before = self.0.partition_point(|(ret, _)| *ret < time);
        before.checked_sub(1).map(|last| self.0[last].1)
    }
}
