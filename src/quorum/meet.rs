//! Whether quorums meet, in how many nodes at least, and two that meet in the fewest.

use super::minimal::TooMany;
use super::rule::Rule;
use super::set::NodeSet;

/// Two quorums that have the fewest nodes in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meeting {
    /// One.
    pub first: NodeSet,
    /// The other.
    pub second: NodeSet,
    /// How many nodes they have in common, of those that count.
    pub nodes: u32,
}

impl Meeting {
    /// Whether all quorums meet.
    pub fn always(&self) -> bool {
        self.nodes > 0
    }
}

/// The two quorums of `first` and `second` that meet in the fewest nodes.
///
/// For thresholds a sum; otherwise one side's minimal quorums are listed, each against the cheapest
/// quorum of the other.
pub fn fewest_in_common(first: &Rule, second: &Rule) -> Result<Meeting, TooMany> {
    fewest_in_common_among(first, second, NodeSet(u64::MAX))
}

/// The same, where only common nodes in `counting` count: those that hold data, if others are witnesses.
pub fn fewest_in_common_among(
    first: &Rule,
    second: &Rule,
    counting: NodeSet,
) -> Result<Meeting, TooMany> {
    if let (
        Rule::Threshold { needed: r, among: readers },
        Rule::Threshold { needed: w, among: writers },
    ) = (first, second)
    {
        return Ok(thresholds((*r, *readers), (*w, *writers), counting));
    }
    match against_each(first, second, counting) {
        Ok(meeting) => Ok(meeting),
        Err(TooMany) => {
            against_each(second, first, counting).map(|Meeting { first, second, nodes }| Meeting {
                first: second,
                second: first,
                nodes,
            })
        }
    }
}

/// Each side takes the nodes first that the other does not have, then those that do not count; of the
/// nodes of both that are left, the second side first takes those that the first did not.
fn thresholds(
    (r, readers): (u32, NodeSet),
    (w, writers): (u32, NodeSet),
    counting: NodeSet,
) -> Meeting {
    let prefer = |needed: u32, kinds: &[NodeSet]| {
        kinds
            .iter()
            .fold(NodeSet::EMPTY, |set, kind| set.union(kind.without(set).take(needed - set.len())))
    };
    let both = readers.intersection(writers);
    let first = prefer(r, &[readers.without(writers), both.without(counting), both]);
    let free = writers.without(first).union(writers.without(counting));
    let second = prefer(w, &[free, writers]);
    Meeting { first, second, nodes: first.intersection(second).intersection(counting).len() }
}

fn against_each(listed: &Rule, other: &Rule, counting: NodeSet) -> Result<Meeting, TooMany> {
    let quorums = listed.minimal_quorums()?;
    // Of repeated nodes the cheapest can only be found by looking at all, which is done once.
    let others = if other.repeated().is_empty() { None } else { Some(other.minimal_quorums()?) };
    let mut best: Option<Meeting> = None;
    for first in quorums {
        let costly = first.intersection(counting);
        let (nodes, second) = match &others {
            None => other.cheapest(costly)?,
            Some(others) => others
                .iter()
                .map(|set| (set.intersection(costly).len(), *set))
                .min()
                .expect("a rule has a quorum"),
        };
        if best.is_none_or(|best| nodes < best.nodes) {
            best = Some(Meeting { first, second, nodes });
        }
        if nodes == 0 {
            break;
        }
    }
    Ok(best.expect("a rule has a quorum"))
}
