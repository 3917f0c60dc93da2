//! Everything there is to say about one quorum system, gathered once for all who show it.

use super::failures::Failures;
use super::figures::{Figures, ReadFraction};
use super::meet::Meeting;
use super::minimal::TooMany;
use super::rule::Rule;
use super::set::NodeSet;
use super::staleness::{exponential_latency, miss_probability};
use super::strategy::{Goal, Limits, NoStrategy, Strategy, Wanted, latency_of};
use super::system::ReadWriteSystem;
use crate::time::Nanos;

/// Part of the nodes that fails together: a rack, a data centre, a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// What it is called.
    pub name: String,
    /// The nodes in it.
    pub nodes: NodeSet,
}

/// One side of a system: its reads or its writes.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// The minimal quorums, unless there are too many.
    pub quorums: Result<Vec<NodeSet>, TooMany>,
    /// How many nodes the smallest quorum has.
    pub smallest: Result<u32, TooMany>,
    /// How many failures it survives, whichever nodes fail.
    pub resilience: Result<u32, TooMany>,
    /// The probability that no quorum is alive.
    pub unavailable: Result<f64, TooMany>,
    /// How long it takes until a quorum has answered, where all nodes are asked and take independent times
    /// with an exponential distribution, in units of their mean.
    pub exponential_latency: Result<f64, TooMany>,
    /// When a quorum has answered, where all nodes are asked and take their given times.
    pub latency: Nanos,
}

impl Side {
    fn of(rule: &Rule, n: u32, figures: &Figures) -> Self {
        Self {
            quorums: rule.minimal_quorums(),
            smallest: rule.smallest(),
            resilience: rule.resilience(),
            // Of nodes that hardly ever fail, the failures are exact and not one minus nearly one.
            unavailable: rule.dual().availability(&figures.failure),
            latency: latency_of(rule, NodeSet::first(n as usize), figures),
            exponential_latency: rule.answers_enough(n).map(|enough| exponential_latency(&enough)),
        }
    }
}

/// The best strategy and what it comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Best {
    /// The strategy.
    pub strategy: Strategy,
    /// The load of the busiest node.
    pub load: f64,
    /// How many operations in a unit of time make the busiest node fully busy.
    pub capacity: f64,
    /// How many nodes an operation asks.
    pub network_load: f64,
    /// How long an operation takes, in nanoseconds.
    pub latency: f64,
}

impl Best {
    /// What `strategy` comes to.
    pub fn of(
        strategy: Strategy,
        system: &ReadWriteSystem,
        figures: &Figures,
        reads: &ReadFraction,
    ) -> Self {
        Self {
            load: strategy.load(figures, reads),
            capacity: strategy.capacity(figures, reads),
            network_load: strategy.network_load(reads),
            latency: strategy.latency(system, figures, reads),
            strategy,
        }
    }
}

/// What is asked about a system.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject<'a> {
    /// The system.
    pub system: ReadWriteSystem,
    /// What is known about nodes and clients, and which strategy is wanted.
    pub wanted: Wanted<'a>,
    /// How many failures are to be survived, if that was said.
    pub failures: Option<Failures>,
    /// Which nodes fail together.
    pub zones: Vec<Zone>,
    /// What may be wrong with the protocol that uses it.
    pub doubts: Doubts,
}

/// What may be wrong with a protocol though its quorums meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a doubt by itself")]
pub struct Doubts {
    /// Reads may want answers that agree rather than the highest version.
    pub counts_votes: bool,
    /// Reads may return what they have not written back.
    pub reads_only: bool,
    /// Versions may be readings of clocks.
    pub clocks: bool,
    /// Nodes may stand in for others.
    pub stand_ins: bool,
}

impl Doubts {
    /// Nothing is known of the protocol.
    pub const ALL: Self =
        Self { counts_votes: true, reads_only: true, clocks: true, stand_ins: true };
}

impl Subject<'_> {
    /// The best strategy; every quorum as often as every other, if that is as good.
    fn best(&self) -> Result<Best, NoStrategy> {
        let Self { system, wanted, .. } = self;
        let of = |strategy| Best::of(strategy, system, wanted.figures, wanted.reads);
        let best = of(system.strategy(wanted)?);
        if wanted.goal != Goal::Load || wanted.limits != Limits::default() {
            return Ok(best);
        }
        let uniform = of(system.uniform_strategy(wanted.failures)?);
        Ok(if uniform.load <= best.load * (1.0 + 1e-9) { uniform } else { best })
    }
}

/// The answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation<'a> {
    /// What was asked.
    pub subject: Subject<'a>,
    /// Its reads.
    pub reads: Side,
    /// Its writes.
    pub writes: Side,
    /// The read and the write quorum with the fewest nodes in common.
    pub reads_meet_writes: Result<Meeting, TooMany>,
    /// The two write quorums with the fewest nodes in common.
    pub writes_meet_writes: Result<Meeting, TooMany>,
    /// The probability that a read quorum misses the quorum of the last write, where all minimal quorums
    /// are equally probable; 0 where they always meet.
    pub miss_probability: Result<f64, TooMany>,
    /// The best strategy.
    pub best: Result<Best, NoStrategy>,
}

impl<'a> Explanation<'a> {
    /// Answers all questions.
    pub fn of(subject: Subject<'a>) -> Self {
        let Subject { system, wanted, .. } = &subject;
        let figures = wanted.figures;
        let side = |rule: &Rule| Side::of(rule, system.n(), figures);
        let (reads, writes) = (side(&system.reads), side(&system.writes));
        let reads_meet_writes = system.reads_meet_writes();
        Self {
            miss_probability: chance_to_miss(system, reads_meet_writes.as_ref().ok()),
            writes_meet_writes: system.writes_meet_writes(),
            best: subject.best(),
            reads_meet_writes,
            reads,
            writes,
            subject,
        }
    }

    /// How many failures both reads and writes survive.
    pub fn resilience(&self) -> Result<u32, TooMany> {
        Ok(self.reads.resilience?.min(self.writes.resilience?))
    }

    /// How many liars there may be if data cannot be forged, and if it can: quorums of which one is alive
    /// must meet in one honest node, or in more honest nodes than liars (Malkhi and Reiter 1998).
    pub fn liars(&self) -> Result<(u32, u32), TooMany> {
        let common = self.reads_meet_writes?.nodes;
        let survived = self.resilience()?;
        let (signed, plain) = (common.saturating_sub(1), common.saturating_sub(1) / 2);
        Ok((signed.min(survived), plain.min(survived)))
    }
}

fn chance_to_miss(system: &ReadWriteSystem, meeting: Option<&Meeting>) -> Result<f64, TooMany> {
    if meeting.is_some_and(Meeting::always) {
        return Ok(0.0);
    }
    match system.as_thresholds() {
        Some((r, w)) => Ok(miss_probability(system.n(), r, w)),
        None => Ok(system.uniform_strategy(0)?.miss_probability()),
    }
}
