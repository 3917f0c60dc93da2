//! When a set of nodes is a quorum: a monotone condition on sets, built of thresholds and weights.

use std::fmt;
use std::sync::Arc;

use super::names::Names;
use super::set::NodeSet;

/// When a set of nodes is a quorum. Every superset of a quorum is one, too.
///
/// Cheap to clone, and asking it allocates nothing: a threshold is one population count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rule {
    /// At least so many of these nodes.
    Threshold {
        /// How many; at least 1, and at most the nodes there are.
        needed: u32,
        /// Of which.
        among: NodeSet,
    },
    /// At least so many of these rules hold.
    Choose {
        /// How many; at least 1, and at most the rules there are.
        needed: u32,
        /// Of which; at least two.
        parts: Arc<[Rule]>,
    },
    /// The rules that hold weigh at least so much together.
    Weighted {
        /// How much; at least 1, and at most the sum.
        needed: u64,
        /// Each rule with its weight.
        parts: Arc<[(Rule, u64)]>,
    },
}

impl Rule {
    /// That this node is there.
    pub fn node(node: usize) -> Self {
        Self::Threshold { needed: 1, among: NodeSet::only(node) }
    }

    /// At least `needed` of these nodes.
    pub fn threshold(needed: u32, among: NodeSet) -> Self {
        debug_assert!(needed >= 1 && needed <= among.len(), "{needed} of {among:?}");
        Self::Threshold { needed, among }
    }

    /// More than half of these nodes.
    pub fn majority(among: NodeSet) -> Self {
        Self::threshold(among.len() / 2 + 1, among)
    }

    /// At least `needed` of `parts`. Different nodes become a threshold, a single part is itself.
    pub fn choose(needed: u32, parts: Vec<Self>) -> Self {
        debug_assert!(needed >= 1 && needed as usize <= parts.len(), "{needed} of {parts:?}");
        if let [part] = &parts[..] {
            return part.clone();
        }
        let nodes: NodeSet = parts.iter().filter_map(Self::as_node).collect();
        if nodes.len() as usize == parts.len() {
            return Self::threshold(needed, nodes);
        }
        Self::Choose { needed, parts: parts.into() }
    }

    /// All of `parts`.
    pub fn all(parts: Vec<Self>) -> Self {
        Self::choose(parts.len() as u32, parts)
    }

    /// Any of `parts`.
    pub fn any(parts: Vec<Self>) -> Self {
        Self::choose(1, parts)
    }

    /// Parts that weigh at least `needed` together.
    pub fn weighted(needed: u64, parts: Vec<(Self, u64)>) -> Self {
        Self::Weighted { needed, parts: parts.into() }
    }

    /// The node, if the rule is that a single one is there.
    pub fn as_node(&self) -> Option<usize> {
        match self {
            Self::Threshold { among, .. } if among.len() == 1 => among.iter().next(),
            _ => None,
        }
    }

    /// Whether `set` is a quorum.
    pub fn is_quorum(&self, set: NodeSet) -> bool {
        match self {
            Self::Threshold { needed, among } => set.intersection(*among).len() >= *needed,
            Self::Choose { needed, parts } => {
                let holding = parts.iter().filter(|part| part.is_quorum(set)).count();
                holding >= *needed as usize
            }
            Self::Weighted { needed, parts } => {
                let holding = parts.iter().filter(|(part, _)| part.is_quorum(set));
                holding.map(|(_, weight)| weight).sum::<u64>() >= *needed
            }
        }
    }

    /// The nodes it names.
    pub fn nodes(&self) -> NodeSet {
        match self {
            Self::Threshold { among, .. } => *among,
            Self::Choose { parts, .. } => {
                parts.iter().fold(NodeSet::EMPTY, |set, part| set.union(part.nodes()))
            }
            Self::Weighted { parts, .. } => {
                parts.iter().fold(NodeSet::EMPTY, |set, (part, _)| set.union(part.nodes()))
            }
        }
    }

    /// The nodes it names more than once.
    ///
    /// Where there are none, parts are independent of each other, and most questions are answered
    /// part by part without listing quorums.
    pub fn repeated(&self) -> NodeSet {
        self.count().1
    }

    /// The nodes it names, and those it names more than once.
    fn count(&self) -> (NodeSet, NodeSet) {
        let add = |(seen, twice): (NodeSet, NodeSet), part: &Self| {
            let (named, repeated) = part.count();
            (seen.union(named), twice.union(repeated).union(seen.intersection(named)))
        };
        let none = (NodeSet::EMPTY, NodeSet::EMPTY);
        match self {
            Self::Threshold { among, .. } => (*among, NodeSet::EMPTY),
            Self::Choose { parts, .. } => parts.iter().fold(none, add),
            Self::Weighted { parts, .. } => parts.iter().map(|(part, _)| part).fold(none, add),
        }
    }

    /// The sets that meet every quorum: a set is a quorum of the dual unless its complement is one of
    /// this. The dual of the dual is the rule itself.
    ///
    /// `k` of `n` becomes `n - k + 1` of `n`, and weights likewise (Ibaraki and Kameda 1993).
    #[must_use]
    pub fn dual(&self) -> Self {
        match self {
            Self::Threshold { needed, among } => {
                Self::Threshold { needed: among.len() - needed + 1, among: *among }
            }
            Self::Choose { needed, parts } => Self::Choose {
                needed: parts.len() as u32 - needed + 1,
                parts: parts.iter().map(Self::dual).collect(),
            },
            Self::Weighted { needed, parts } => {
                let sum: u64 = parts.iter().map(|(_, weight)| weight).sum();
                let parts = parts.iter().map(|(part, weight)| (part.dual(), *weight)).collect();
                Self::Weighted { needed: sum - needed + 1, parts }
            }
        }
    }

    /// The rule as an expression over these names.
    pub fn show<'a>(&'a self, names: &'a Names) -> Shown<'a> {
        Shown { rule: self, names }
    }
}

/// A rule with the names of its nodes, as [`super::expression::parse`] reads it.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    rule: &'a Rule,
    names: &'a Names,
}

/// How a choice is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notation {
    Sum,
    Product,
    Call,
}

impl Notation {
    fn of(needed: u32, parts: usize) -> Self {
        match needed {
            1 => Self::Sum,
            _ if needed as usize == parts => Self::Product,
            _ => Self::Call,
        }
    }
}

impl Shown<'_> {
    fn of<'a>(&'a self, rule: &'a Rule) -> Shown<'a> {
        Shown { rule, names: self.names }
    }

    /// Whether it must stand in parentheses inside a sum or a product.
    fn is_closed(&self, within: Notation) -> bool {
        let notation = match self.rule {
            Rule::Threshold { among, .. } if among.len() == 1 => return true,
            Rule::Threshold { needed, among } => Notation::of(*needed, among.len() as usize),
            Rule::Choose { needed, parts } => Notation::of(*needed, parts.len()),
            Rule::Weighted { .. } => Notation::Call,
        };
        match (within, notation) {
            (_, Notation::Call) | (Notation::Sum, Notation::Product) => true,
            // A sum in a sum keeps its parentheses, or it would be read as one sum.
            _ => false,
        }
    }

    fn choice(&self, f: &mut fmt::Formatter<'_>, needed: u32, parts: &[Rule]) -> fmt::Result {
        let notation = Notation::of(needed, parts.len());
        let operator = match notation {
            Notation::Sum => " + ",
            Notation::Product => "*",
            Notation::Call => ", ",
        };
        if notation == Notation::Call {
            if needed as usize == parts.len() / 2 + 1 {
                f.write_str("majority(")?;
            } else {
                write!(f, "choose {needed} of (")?;
            }
        }
        for (at, part) in parts.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { operator })?;
            let part = self.of(part);
            if notation == Notation::Call || part.is_closed(notation) {
                write!(f, "{part}")?;
            } else {
                write!(f, "({part})")?;
            }
        }
        f.write_str(if notation == Notation::Call { ")" } else { "" })
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rule {
            Rule::Threshold { among, .. } if among.len() == 1 => {
                among.iter().try_for_each(|node| f.write_str(&self.names[node]))
            }
            Rule::Threshold { needed, among } => {
                let nodes: Vec<Rule> = among.iter().map(Rule::node).collect();
                self.choice(f, *needed, &nodes)
            }
            Rule::Choose { needed, parts } => self.choice(f, *needed, parts),
            Rule::Weighted { needed, parts } => {
                write!(f, "weighted {needed} of (")?;
                for (at, (part, weight)) in parts.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}{}: {weight}", self.of(part))?;
                }
                f.write_str(")")
            }
        }
    }
}
