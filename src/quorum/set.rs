//! Sets of nodes.

use std::fmt;

/// How many nodes a system may have: the bits of a word.
pub const NODES_MAX: usize = 64;

/// A set of nodes, numbered from 0 to 63, as the bits of a word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NodeSet(pub u64);

impl NodeSet {
    /// No node.
    pub const EMPTY: Self = Self(0);

    /// The first `count` nodes; `count` is at most [`NODES_MAX`].
    pub fn first(count: usize) -> Self {
        match count {
            0 => Self::EMPTY,
            _ => Self(u64::MAX >> (NODES_MAX - count)),
        }
    }

    /// One node.
    pub fn only(node: usize) -> Self {
        Self(1 << node)
    }

    /// How many nodes are in it.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether no node is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this node is in it.
    pub fn contains(self, node: usize) -> bool {
        self.0 >> node & 1 == 1
    }

    /// The nodes that are in either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The nodes that are in both.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The nodes that are in this and not in the other.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of its nodes are in the other, too.
    pub fn is_subset_of(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// The first `count` of its nodes, or all if it has no more.
    #[must_use]
    pub fn take(self, count: u32) -> Self {
        self.iter().take(count as usize).collect()
    }

    /// Its nodes in rising order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let node = rest.trailing_zeros() as usize;
            rest &= rest.wrapping_sub(1);
            (node < NODES_MAX).then_some(node)
        })
    }

    /// All of its subsets with so many nodes, in rising order of their bits.
    pub fn subsets_of_size(self, size: u32) -> impl Iterator<Item = Self> {
        let nodes: Vec<usize> = self.iter().collect();
        let mut next = (size as usize <= nodes.len()).then(|| (0..size as usize).collect());
        std::iter::from_fn(move || {
            let chosen: Vec<usize> = next.take()?;
            let subset = chosen.iter().map(|at| nodes[*at]).collect();
            next = following(chosen, nodes.len());
            Some(subset)
        })
    }
}

/// The positions after `chosen` in colexicographic order, all below `end`.
fn following(mut chosen: Vec<usize>, end: usize) -> Option<Vec<usize>> {
    let size = chosen.len();
    let free = |at: usize, chosen: &[usize]| {
        let limit = chosen.get(at + 1).copied().unwrap_or(end);
        chosen[at] + 1 < limit
    };
    let at = (0..size).find(|at| free(*at, &chosen))?;
    chosen[at] += 1;
    for (position, lower) in chosen[..at].iter_mut().enumerate() {
        *lower = position;
    }
    Some(chosen)
}

impl FromIterator<usize> for NodeSet {
    fn from_iter<I: IntoIterator<Item = usize>>(nodes: I) -> Self {
        nodes.into_iter().fold(Self::EMPTY, |set, node| set.union(Self::only(node)))
    }
}

impl fmt::Debug for NodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subsets_are_all_there_once() {
        let set: NodeSet = [1, 3, 4, 63].into_iter().collect();
        for (size, count) in [(0, 1), (1, 4), (2, 6), (3, 4), (4, 1), (5, 0)] {
            let subsets: Vec<NodeSet> = set.subsets_of_size(size).collect();
            assert_eq!(subsets.len(), count);
            assert!(subsets.is_sorted_by(|a, b| a < b), "{subsets:?}");
            assert!(subsets.iter().all(|s| s.len() == size && s.is_subset_of(set)));
        }
        assert_eq!(NodeSet::first(64).len(), 64);
        assert_eq!(NodeSet::first(3), NodeSet(0b111));
    }
}
