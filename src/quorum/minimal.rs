//! Minimal quorums, one by one, and the cheapest among them without listing any.

use thiserror::Error;

use super::rule::Rule;
use super::set::NodeSet;

/// How many sets may be listed; beyond that, answers would come too late.
const LISTED_MAX: usize = 1 << 16;
/// How many may be compared with each other.
const COMPARED_MAX: usize = 1 << 14;

/// There are too many quorums to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("there are too many quorums to list one by one")]
pub struct TooMany;

impl Rule {
    /// The minimal quorums, smallest first: no node can be taken from any of them.
    ///
    /// Takes time in the number of sets listed on the way; in its square where nodes are repeated.
    pub fn minimal_quorums(&self) -> Result<Vec<NodeSet>, TooMany> {
        let mut quorums = self.candidates()?;
        if self.repeated().is_empty() {
            quorums.sort_unstable_by_key(|set| (set.len(), *set));
            return Ok(quorums);
        }
        minimal(quorums)
    }

    /// Quorums, all minimal ones among them; exactly those where no node is repeated.
    fn candidates(&self) -> Result<Vec<NodeSet>, TooMany> {
        match self {
            Self::Threshold { needed, among } => {
                if binomial(among.len(), *needed) > LISTED_MAX as f64 {
                    return Err(TooMany);
                }
                Ok(among.subsets_of_size(*needed).collect())
            }
            Self::Choose { needed, parts } => {
                let parts = parts.iter().map(|part| (part, 1)).collect();
                heavy_enough(u64::from(*needed), parts)
            }
            Self::Weighted { needed, parts } => {
                let parts = parts.iter().map(|(part, weight)| (part, *weight)).collect();
                heavy_enough(*needed, parts)
            }
        }
    }

    /// A quorum of which the fewest nodes are in `costly`, and how many those are.
    ///
    /// Where no node is repeated, linear in the rule but for weights; otherwise all minimal quorums are
    /// looked at.
    pub fn cheapest(&self, costly: NodeSet) -> Result<(u32, NodeSet), TooMany> {
        if self.repeated().is_empty() {
            return Ok(self.cheapest_of_parts(costly));
        }
        let cost = |set: &NodeSet| set.intersection(costly).len();
        let cheapest = self.minimal_quorums()?.into_iter().min_by_key(cost);
        let cheapest = cheapest.unwrap_or(self.nodes());
        Ok((cost(&cheapest), cheapest))
    }

    fn cheapest_of_parts(&self, costly: NodeSet) -> (u32, NodeSet) {
        match self {
            Self::Threshold { needed, among } => {
                let free = among.without(costly).take(*needed);
                let paid = among.intersection(costly).take(needed - free.len());
                (paid.len(), free.union(paid))
            }
            Self::Choose { needed, parts } => {
                let mut parts: Vec<(u32, NodeSet)> =
                    parts.iter().map(|part| part.cheapest_of_parts(costly)).collect();
                parts.sort_by_key(|(cost, _)| *cost);
                parts.truncate(*needed as usize);
                parts.into_iter().fold((0, NodeSet::EMPTY), |(sum, set), (cost, part)| {
                    (sum + cost, set.union(part))
                })
            }
            Self::Weighted { needed, parts } => cheapest_weight(*needed, parts, costly),
        }
    }

    /// The largest number of nodes such that whichever so many fail, a quorum is left: one less than
    /// the fewest nodes that meet every quorum.
    pub fn resilience(&self) -> Result<u32, TooMany> {
        let (fewest, _) = self.dual().cheapest(self.nodes())?;
        Ok(fewest - 1)
    }

    /// How many nodes the smallest quorum has.
    pub fn smallest(&self) -> Result<u32, TooMany> {
        Ok(self.cheapest(self.nodes())?.0)
    }
}

/// A knapsack: for each cost the most weight it buys, and with which nodes.
fn cheapest_weight(needed: u64, parts: &[(Rule, u64)], costly: NodeSet) -> (u32, NodeSet) {
    let mut best: Vec<Option<(u64, NodeSet)>> = vec![Some((0, NodeSet::EMPTY))];
    for (part, weight) in parts {
        let (cost, set) = part.cheapest_of_parts(costly);
        best.resize(best.len() + cost as usize, None);
        for total in (cost as usize..best.len()).rev() {
            let Some((before, with)) = best[total - cost as usize] else { continue };
            let bought = before + weight;
            if best[total].is_none_or(|(best, _)| best < bought) {
                best[total] = Some((bought, with.union(set)));
            }
        }
    }
    let enough = |bought: Option<(u64, NodeSet)>| bought.filter(|(weight, _)| *weight >= needed);
    let found = best.into_iter().zip(0..).find_map(|(entry, cost)| Some((cost, enough(entry)?.1)));
    found.expect("all parts together weigh enough")
}

/// The unions of one quorum of each of those parts that together weigh enough, and no more than that.
struct HeavyEnough {
    /// Each part's minimal quorums and weight, the heaviest first.
    parts: Vec<(Vec<NodeSet>, u64)>,
    /// What the parts from each on weigh together.
    rest: Vec<u64>,
    found: Vec<NodeSet>,
}

fn heavy_enough(needed: u64, parts: Vec<(&Rule, u64)>) -> Result<Vec<NodeSet>, TooMany> {
    let list = |(part, weight): (&Rule, u64)| Ok((part.minimal_quorums()?, weight));
    let mut parts: Vec<(Vec<NodeSet>, u64)> =
        parts.into_iter().map(list).collect::<Result<_, _>>()?;
    parts.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    let mut rest: Vec<u64> = vec![0; parts.len() + 1];
    for at in (0..parts.len()).rev() {
        rest[at] = rest[at + 1] + parts[at].1;
    }
    let mut search = HeavyEnough { parts, rest, found: Vec::new() };
    search.extend(&[NodeSet::EMPTY], 0, needed)?;
    Ok(search.found)
}

impl HeavyEnough {
    /// Adds parts from `from` on to the unions `sets`, until they weigh `needed` more. The heaviest come
    /// first, so without the part that makes it enough, or any before it, it is not.
    fn extend(&mut self, sets: &[NodeSet], from: usize, needed: u64) -> Result<(), TooMany> {
        for at in from..self.parts.len() {
            if self.rest[at] < needed {
                return Ok(());
            }
            let (quorums, weight) = &self.parts[at];
            if self.found.len() + sets.len() * quorums.len() > LISTED_MAX {
                return Err(TooMany);
            }
            let unions = sets.iter().flat_map(|set| quorums.iter().map(|other| set.union(*other)));
            if *weight >= needed {
                self.found.extend(unions);
            } else {
                let (unions, weight) = (unions.collect::<Vec<NodeSet>>(), *weight);
                self.extend(&unions, at + 1, needed - weight)?;
            }
        }
        Ok(())
    }
}

/// Those that contain no other, smallest first.
pub(super) fn minimal(mut sets: Vec<NodeSet>) -> Result<Vec<NodeSet>, TooMany> {
    sets.sort_unstable_by_key(|set| (set.len(), *set));
    sets.dedup();
    if sets.len() > COMPARED_MAX {
        return Err(TooMany);
    }
    let mut kept: Vec<NodeSet> = Vec::new();
    for set in sets {
        if kept.iter().all(|smaller| !smaller.is_subset_of(set)) {
            kept.push(set);
        }
    }
    Ok(kept)
}

/// How many sets of so many nodes can be taken of `of`.
pub fn binomial(of: u32, taken: u32) -> f64 {
    if taken > of {
        return 0.0;
    }
    (0..taken.min(of - taken)).fold(1.0, |count, at| count * f64::from(of - at) / f64::from(at + 1))
}
