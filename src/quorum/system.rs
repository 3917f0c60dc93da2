//! Read quorums and write quorums over the same nodes, and the families of the literature.

use std::fmt;

use thiserror::Error;

use super::expression::{ExpressionError, Unknown, parse};
use super::meet::{Meeting, fewest_in_common};
use super::minimal::TooMany;
use super::names::Names;
use super::rule::Rule;
use super::set::{NODES_MAX, NodeSet};

/// How many votes there may be; what is counted vote by vote would take too long beyond that.
const VOTES_MAX: u64 = 1_000_000;

/// A quorum system: when a set of nodes is a read quorum, and when it is a write quorum.
///
/// Nothing is assumed about how they meet; [`ReadWriteSystem::reads_meet_writes`] and
/// [`ReadWriteSystem::writes_meet_writes`] say it. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadWriteSystem {
    /// The nodes, those that are in no quorum included.
    pub names: Names,
    /// When a set is a read quorum.
    pub reads: Rule,
    /// When a set is a write quorum.
    pub writes: Rule,
}

/// Why there is no such system.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SystemError {
    /// An expression cannot be read.
    #[error("{field}: {source}")]
    Expression {
        /// Which of the two.
        field: &'static str,
        /// What is wrong, and where.
        source: ExpressionError,
    },
    /// Numbers that do not fit together.
    #[error("{0}")]
    Impossible(String),
}

fn impossible<T>(problem: impl Into<String>) -> Result<T, SystemError> {
    Err(SystemError::Impossible(problem.into()))
}

/// `number`, if it is from 1 to `most`; `what` is the inequality as people know it.
fn within(what: &str, number: u32, most: u32, named: &str) -> Result<u32, SystemError> {
    match number {
        0 => impossible(format!("{what} = 0; expected 1 to {named} = {most}")),
        _ if number > most => {
            impossible(format!("{what} = {number} > {named} = {most}; expected 1 to {most}"))
        }
        _ => Ok(number),
    }
}

/// The nodes of groups that stand one after the other, each with so many.
fn consecutive(sizes: &[usize]) -> Result<(Names, Vec<NodeSet>), SystemError> {
    if sizes.is_empty() || sizes.contains(&0) {
        return impossible(format!(
            "groups of {sizes:?} nodes; expected at least one node in each"
        ));
    }
    let count = nodes(sizes.iter().fold(0, |sum: usize, size| sum.saturating_add(*size)))?;
    let mut from = 0;
    let groups = sizes.iter().map(|size| {
        from += size;
        (from - size..from).collect()
    });
    let groups = groups.collect();
    Ok((Names::numbered(count), groups))
}

/// A number of nodes that is possible.
fn nodes(count: usize) -> Result<usize, SystemError> {
    match count {
        1..=NODES_MAX => Ok(count),
        _ => impossible(format!("N = {count}; expected 1 to {NODES_MAX} nodes")),
    }
}

fn majorities(groups: &[NodeSet]) -> Vec<Rule> {
    groups.iter().map(|group| Rule::majority(*group)).collect()
}

impl ReadWriteSystem {
    /// Reads and writes as expressions; writes left out are the dual of the reads: the smallest write
    /// quorums that meet every read quorum.
    pub fn of_expressions(reads: &str, writes: Option<&str>) -> Result<Self, SystemError> {
        Self::over(Names::default(), Unknown::Added, reads, writes)
    }

    /// The same over known nodes; others are refused.
    pub fn over_nodes(
        names: Names,
        reads: &str,
        writes: Option<&str>,
    ) -> Result<Self, SystemError> {
        Self::over(names, Unknown::Refused, reads, writes)
    }

    fn over(
        mut names: Names,
        unknown: Unknown,
        reads: &str,
        writes: Option<&str>,
    ) -> Result<Self, SystemError> {
        let mut read = |field, text| {
            parse(text, &mut names, unknown)
                .map_err(|source| SystemError::Expression { field, source })
        };
        let reads = read("reads", reads)?;
        let writes = match writes {
            Some(text) => read("writes", text)?,
            None => reads.dual(),
        };
        Ok(Self { names, reads, writes })
    }

    /// Any R nodes of N are a read quorum, any W a write quorum.
    pub fn thresholds(n: usize, r: u32, w: u32) -> Result<Self, SystemError> {
        let names = Names::numbered(nodes(n)?);
        let all = names.nodes();
        let reads = Rule::threshold(within("R", r, n as u32, "N")?, all);
        let writes = Rule::threshold(within("W", w, n as u32, "N")?, all);
        Ok(Self { names, reads, writes })
    }

    /// More than half of the nodes, for both.
    pub fn majority(n: usize) -> Result<Self, SystemError> {
        let more_than_half = nodes(n)? as u32 / 2 + 1;
        Self::thresholds(n, more_than_half, more_than_half)
    }

    /// Quorums for the two phases of consensus: those that elect are reads, those that replicate are
    /// writes. Only elections must meet replications (Howard, Malkhi and Spiegelman 2016).
    pub fn flexible(n: usize, election: u32, replication: u32) -> Result<Self, SystemError> {
        let system = Self::thresholds(n, election, replication)?;
        if election + replication <= n as u32 {
            return impossible(format!(
                "{election} + {replication} = {} <= N = {n}: an election could miss what was \
                 replicated; expected a sum above {n}",
                election + replication
            ));
        }
        Ok(system)
    }

    /// Votes: nodes that have at least `r` votes together are a read quorum, `w` a write quorum
    /// (Gifford 1979).
    pub fn weighted(votes: &[u64], r: u64, w: u64) -> Result<Self, SystemError> {
        let names = Names::numbered(nodes(votes.len())?);
        let sum = votes.iter().fold(0, |sum: u64, vote| sum.saturating_add(*vote));
        let rule = |what: &str, needed: u64| {
            if sum > VOTES_MAX {
                return impossible(format!("{sum} votes; expected {VOTES_MAX} at most"));
            }
            if needed == 0 || needed > sum {
                let problem = format!("{what} = {needed} of {sum} votes; expected 1 to {sum}");
                return impossible(problem);
            }
            let parts = votes.iter().enumerate().map(|(node, vote)| (Rule::node(node), *vote));
            Ok(Rule::weighted(needed, parts.filter(|(_, vote)| *vote > 0).collect()))
        };
        Ok(Self { names, reads: rule("r", r)?, writes: rule("w", w)? })
    }

    /// A grid: one node of each column is a read quorum; a full column and one node of each other a write
    /// quorum (Cheung, Ammar and Ahamad 1992).
    pub fn grid(rows: usize, columns: usize) -> Result<Self, SystemError> {
        nodes(rows.saturating_mul(columns))?;
        let (names, columns) = consecutive(&vec![rows; columns])?;
        let any_of = |column: &NodeSet| Rule::threshold(1, *column);
        let cover = Rule::all(columns.iter().map(any_of).collect());
        let full = columns.iter().map(|column| Rule::threshold(column.len(), *column));
        let full = Rule::any(full.collect());
        Ok(Self { names, writes: Rule::all(vec![full, cover.clone()]), reads: cover })
    }

    /// A tree of so many levels in which each node has so many children: a path from the root to a leaf,
    /// where a node that is missing is replaced by paths from all of its children (Agrawal and El Abbadi
    /// 1991).
    pub fn tree(levels: usize, children: usize) -> Result<Self, SystemError> {
        if levels == 0 || children < 2 {
            return impossible(format!(
                "{levels} levels of {children} children; expected 1 level or more, and 2 children \
                 or more"
            ));
        }
        let counts = (0..levels.min(NODES_MAX) as u32).map(|level| children.saturating_pow(level));
        let count = nodes(counts.fold(0, usize::saturating_add))?;
        let rule = path_through(0, count, children);
        Ok(Self { names: Names::numbered(count), reads: rule.clone(), writes: rule })
    }

    /// A hierarchy: majorities of majorities, with nodes at the lowest level. `branching` says into how
    /// many groups each level is divided, the highest first (Kumar 1991).
    pub fn hierarchical(branching: &[usize]) -> Result<Self, SystemError> {
        let count = branching.iter().fold(1, |count: usize, branch| count.saturating_mul(*branch));
        let count = nodes(count)?;
        let rule = majority_of_groups(0, count, branching);
        Ok(Self { names: Names::numbered(count), reads: rule.clone(), writes: rule })
    }

    /// A crumbling wall: a full row, and a node of each row below it (Peleg and Wool 1997).
    pub fn wall(widths: &[usize]) -> Result<Self, SystemError> {
        let (names, rows) = consecutive(widths)?;
        let from_row = |at: usize| {
            let below = rows[at + 1..].iter().map(|row| Rule::threshold(1, *row));
            let full = Rule::threshold(rows[at].len(), rows[at]);
            Rule::all([full].into_iter().chain(below).collect())
        };
        let rule = Rule::any((0..rows.len()).map(from_row).collect());
        Ok(Self { names, reads: rule.clone(), writes: rule })
    }

    /// Zones of so many nodes: a write takes a majority in each, a read a majority in any one.
    pub fn each_zone(sizes: &[usize]) -> Result<Self, SystemError> {
        let (names, zones) = consecutive(sizes)?;
        let (reads, writes) = (Rule::any(majorities(&zones)), Rule::all(majorities(&zones)));
        Ok(Self { names, reads, writes })
    }

    /// Zones of so many nodes: both take a majority in any one zone, the client's. In different zones
    /// they do not meet.
    pub fn local_zone(sizes: &[usize]) -> Result<Self, SystemError> {
        let (names, zones) = consecutive(sizes)?;
        let local = Rule::any(majorities(&zones));
        Ok(Self { names, reads: local.clone(), writes: local })
    }

    /// Zones of so many nodes: both take a majority in more than half of the zones.
    pub fn majority_of_zones(sizes: &[usize]) -> Result<Self, SystemError> {
        let (names, zones) = consecutive(sizes)?;
        let rule = Rule::choose(zones.len() as u32 / 2 + 1, majorities(&zones));
        Ok(Self { names, reads: rule.clone(), writes: rule })
    }

    /// Majorities of which one member at least holds data; the last `witnesses` nodes hold versions only
    /// (Pâris 1986).
    pub fn with_witnesses(n: usize, witnesses: usize) -> Result<Self, SystemError> {
        if witnesses >= n {
            return impossible(format!(
                "{witnesses} witnesses of N = {n}; expected fewer than {n}: someone must hold data"
            ));
        }
        let names = Names::numbered(nodes(n)?);
        let majority = Rule::majority(names.nodes());
        let rule = Rule::all(vec![majority, Rule::threshold(1, NodeSet::first(n - witnesses))]);
        Ok(Self { names, reads: rule.clone(), writes: rule })
    }

    /// For `f` liars and data that cannot be forged: quorums of ceil((N + f + 1) / 2) meet in f + 1
    /// nodes, one of which is honest (Malkhi and Reiter 1998).
    pub fn dissemination(n: usize, f: u32) -> Result<Self, SystemError> {
        Self::byzantine(n, f, 3, f)
    }

    /// For `f` liars and data that anyone can forge: quorums of ceil((N + 2f + 1) / 2) meet in 2f + 1
    /// nodes, of which the honest outvote the others (Malkhi and Reiter 1998).
    pub fn masking(n: usize, f: u32) -> Result<Self, SystemError> {
        Self::byzantine(n, f, 4, f.saturating_mul(2))
    }

    fn byzantine(n: usize, f: u32, times: u64, more: u32) -> Result<Self, SystemError> {
        let least = times * u64::from(f) + 1;
        if (nodes(n)? as u64) < least {
            return impossible(format!(
                "N = {n} < {times}f + 1 = {least}; expected N >= {least} for f = {f} liars"
            ));
        }
        let size = (n as u32 + more + 1).div_ceil(2);
        Self::thresholds(n, size, size)
    }

    /// Quorums of l times the square root of N nodes, chosen at random: two miss each other with a
    /// probability of at most e to the minus l squared (Malkhi, Reiter and Wright 1997).
    pub fn probabilistic(n: usize, l: f64) -> Result<Self, SystemError> {
        let size = (l * (nodes(n)? as f64).sqrt()).ceil();
        if !(size >= 1.0 && size <= n as f64) {
            return impossible(format!(
                "l = {l} makes quorums of {size} nodes; expected 1 to N = {n}"
            ));
        }
        Self::thresholds(n, size as u32, size as u32)
    }

    /// How many nodes there are.
    pub fn n(&self) -> u32 {
        self.names.len() as u32
    }

    /// Whether reads can be served by these nodes.
    pub fn is_read_quorum(&self, set: NodeSet) -> bool {
        self.reads.is_quorum(set)
    }

    /// Whether writes can be served by these nodes.
    pub fn is_write_quorum(&self, set: NodeSet) -> bool {
        self.writes.is_quorum(set)
    }

    /// The read and the write quorum with the fewest nodes in common.
    pub fn reads_meet_writes(&self) -> Result<Meeting, TooMany> {
        fewest_in_common(&self.reads, &self.writes)
    }

    /// The two write quorums with the fewest nodes in common.
    pub fn writes_meet_writes(&self) -> Result<Meeting, TooMany> {
        fewest_in_common(&self.writes, &self.writes)
    }

    /// R and W, if any so many nodes are a read quorum and a write quorum.
    pub fn as_thresholds(&self) -> Option<(u32, u32)> {
        match (&self.reads, &self.writes) {
            (
                Rule::Threshold { needed: r, among: readers },
                Rule::Threshold { needed: w, among: writers },
            ) if *readers == self.names.nodes() && readers == writers => Some((*r, *w)),
            _ => None,
        }
    }
}

/// Quorums of the subtree under `node`, where the nodes of a tree are numbered level by level.
fn path_through(node: usize, count: usize, children: usize) -> Rule {
    let below = children * node + 1..=children * node + children;
    if *below.start() >= count {
        return Rule::node(node);
    }
    // The node weighs as much as all children but one: with it one path below is enough, without it all
    // are needed.
    let paths = below.map(|child| (path_through(child, count, children), 1));
    let own = (Rule::node(node), children as u64 - 1);
    let mut parts = vec![own];
    parts.extend(paths);
    if children == 2 {
        return Rule::choose(2, parts.into_iter().map(|(part, _)| part).collect());
    }
    Rule::weighted(children as u64, parts)
}

fn majority_of_groups(from: usize, to: usize, branching: &[usize]) -> Rule {
    let Some((groups, rest)) = branching.split_first() else { return Rule::node(from) };
    let size = (to - from) / groups;
    let group = |at: usize| majority_of_groups(from + at * size, from + (at + 1) * size, rest);
    Rule::choose(*groups as u32 / 2 + 1, (0..*groups).map(group).collect())
}

impl fmt::Display for ReadWriteSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((r, w)) = self.as_thresholds() {
            return write!(f, "N = {}, R = {r}, W = {w}", self.n());
        }
        let (reads, writes) = (self.reads.show(&self.names), self.writes.show(&self.names));
        write!(f, "reads {reads}, writes {writes}")
    }
}
