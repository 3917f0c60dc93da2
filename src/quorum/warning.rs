//! What people get wrong about quorums, where it concerns the system at hand.

use super::explanation::{Explanation, Zone};
use super::failures::Failures;
use super::set::NodeSet;

/// Something to know before trusting the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// A word for it, for programs.
    pub name: &'static str,
    /// What it is about, in a sentence or two.
    pub text: String,
}

impl Warning {
    fn new(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, text: text.into() }
    }
}

/// What to know about this system, the worst first: of its sets of nodes, whichever protocol uses them, and of
/// what may be wrong with the protocol.
pub fn warnings(explanation: &Explanation<'_>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    warnings.extend(missing(explanation));
    warnings.extend(survival(explanation));
    warnings.extend(number_of_nodes(explanation));
    warnings.extend(explanation.subject.failures.and_then(|f| share_of_failures(explanation, f)));
    warnings.extend(zones(explanation));
    warnings.extend(idle_nodes(explanation));
    warnings.extend(what_meeting_does_not_buy(explanation));
    warnings
}

/// Quorums that miss each other.
fn missing(explanation: &Explanation<'_>) -> Vec<Warning> {
    let names = &explanation.subject.system.names;
    let mut warnings = Vec::new();
    if let Ok(meeting) = explanation.reads_meet_writes
        && !meeting.always()
    {
        let (read, write) = (names.show(meeting.first), names.show(meeting.second));
        let text = format!(
            "A read from {read} misses a completed write to {write}: stale reads, whatever the protocol."
        );
        warnings.push(Warning::new("reads-miss-writes", text));
    }
    if let Ok(meeting) = explanation.writes_meet_writes
        && !meeting.always()
    {
        let (first, second) = (names.show(meeting.first), names.show(meeting.second));
        let remedy = match explanation.reads_meet_writes {
            Ok(meeting) if meeting.always() => {
                "it must ask a read quorum, or there must be one writer"
            }
            _ => "there must be one writer",
        };
        let text = format!(
            "Writes to {first} and to {second} share no node. A writer that asks a write quorum for the \
             latest version can choose one that is too low, and a later write is lost; {remedy}."
        );
        warnings.push(Warning::new("writes-miss-writes", text));
    }
    warnings
}

/// Failures that stop it, or that lose what was written.
fn survival(explanation: &Explanation<'_>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if explanation.writes.smallest == Ok(1) {
        warnings.push(Warning::new(
            "single-copy",
            "A write is complete when one node has it. While that node is down nobody can read it, and \
             if the node loses its disk, the write is lost.",
        ));
    }
    for (side, operations) in [(&explanation.reads, "reads"), (&explanation.writes, "writes")] {
        if side.resilience == Ok(0) && explanation.subject.system.n() > 1 {
            let text = format!("One failure, of the wrong node, stops all {operations}.");
            warnings.push(Warning::new("no-failure-survived", text));
        }
    }
    warnings
}

/// Two nodes, or an even number of them under majorities.
fn number_of_nodes(explanation: &Explanation<'_>) -> Option<Warning> {
    let n = explanation.subject.system.n();
    let majority = n / 2 + 1;
    let thresholds = explanation.subject.system.as_thresholds();
    if n == 2 {
        return Some(Warning::new(
            "two-nodes",
            "Of two nodes the majority is both: no failure is survived that one node alone would not \
             survive, and two nodes fail twice as often. Three nodes survive one failure.",
        ));
    }
    (n.is_multiple_of(2) && thresholds == Some((majority, majority))).then(|| {
        let (survived, fewer) = (n - majority, n - 1);
        Warning::new(
            "even-nodes",
            format!(
                "The majority of {n} nodes survives {survived} failures, as that of {fewer} does, and asks \
                 one node more."
            ),
        )
    })
}

/// A share of failures that the quorums made from it do not survive.
fn share_of_failures(explanation: &Explanation<'_>, failures: Failures) -> Option<Warning> {
    let n = explanation.subject.system.n();
    let survived = explanation.resilience().ok()?;
    let meant = match failures {
        Failures::Count(count) => count,
        Failures::Share(share) => (share * f64::from(n)).floor() as u32,
    };
    (survived < meant).then(|| {
        let text = match failures {
            Failures::Count(count) => {
                format!("f = {count} as a count of nodes: {survived} are survived, not {count}.")
            }
            Failures::Share(share) => format!(
                "f = {share} is a share of the nodes in floor(N f) + 1, and no number of failures: \
                 {survived} of {n} are survived, not {meant}. For f failures as a count take quorums of N - f."
            ),
        };
        Warning::new("failures-share-or-count", text)
    })
}

/// Nodes that fail together and are a quorum, or leave none.
fn zones(explanation: &Explanation<'_>) -> Vec<Warning> {
    let system = &explanation.subject.system;
    let mut warnings = Vec::new();
    for Zone { name, nodes } in &explanation.subject.zones {
        let rest = system.names.nodes().without(*nodes);
        let stopped: Vec<&str> = [(&system.reads, "reads"), (&system.writes, "writes")]
            .into_iter()
            .filter(|(rule, _)| !rule.is_quorum(rest))
            .map(|(_, operations)| operations)
            .collect();
        if !stopped.is_empty() {
            let text = format!("Without zone {name} there are no {}.", stopped.join(" and no "));
            warnings.push(Warning::new("zone-stops", text));
        }
        if system.is_write_quorum(*nodes) {
            let text = format!(
                "A write can be complete with all of its copies in zone {name}; whoever loses the zone \
                 loses the write."
            );
            warnings.push(Warning::new("one-zone", text));
        }
    }
    warnings
}

/// Nodes that no quorum needs.
fn idle_nodes(explanation: &Explanation<'_>) -> Vec<Warning> {
    let system = &explanation.subject.system;
    let (reading, writing) = (system.reads.nodes(), system.writes.nodes());
    let all = system.names.nodes();
    let idle = [
        (all.without(reading.union(writing)), "in no quorum"),
        (writing.without(reading), "in write quorums only: what they have is never read"),
        (reading.without(writing), "in read quorums only: they never have anything to read"),
    ];
    let told = idle.into_iter().filter(|(nodes, _)| !nodes.is_empty());
    told.map(|(nodes, place)| {
        let text = format!("{} {} {place}.", system.names.show(nodes), is_or_are(nodes));
        Warning::new("idle-nodes", text)
    })
    .collect()
}

fn is_or_are(nodes: NodeSet) -> &'static str {
    if nodes.len() == 1 { "is" } else { "are" }
}

/// What is often concluded from R + W > N, and does not follow.
fn what_meeting_does_not_buy(explanation: &Explanation<'_>) -> Vec<Warning> {
    let Ok(meeting) = explanation.reads_meet_writes else { return Vec::new() };
    if !meeting.always() {
        return Vec::new();
    }
    let mut warnings = Vec::new();
    let doubts = explanation.subject.doubts;
    if let Ok(smallest) = explanation.reads.smallest
        && doubts.counts_votes
        && smallest > meeting.nodes
    {
        let of = meeting.nodes;
        let (nodes, have) = match of {
            1 => ("one node".to_owned(), "has"),
            _ => (format!("{of} nodes"), "have"),
        };
        warnings.push(Warning::new(
            "same-value",
            format!(
                "Perhaps only {nodes} of a read quorum of {smallest} {have} the last write: a read must take \
                 the highest version. One that waits until all answers agree, or most do, returns old values \
                 or never ends."
            ),
        ));
    }
    let mut warn = |applies: bool, name, text| {
        warnings.extend(applies.then(|| Warning::new(name, text)));
    };
    warn(
        doubts.reads_only,
        "not-linearizable",
        "That quorums meet does not make reads linearizable: while a write is under way, one read may return \
         its value and a later one the value before. A read must write back what it returns, to a write \
         quorum, before it returns it.",
    );
    warn(
        doubts.clocks,
        "clocks-as-versions",
        "Nor does it order writes: versions that are readings of clocks lose acknowledged writes as soon as \
         clocks differ. A writer must ask for the highest version first.",
    );
    warn(
        doubts.stand_ins,
        "sloppy-quorums",
        "Nodes that stand in for others (sloppy quorums, hinted handoff) are not of the quorum, and do not \
         count.",
    );
    warnings
}
