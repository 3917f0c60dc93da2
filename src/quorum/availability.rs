//! How probable it is that a quorum is alive, or has answered.

use super::minimal::TooMany;
use super::rule::Rule;
use super::set::NodeSet;

/// How many repeated nodes may be tried both ways.
const REPEATED_MAX: u32 = 20;

impl Rule {
    /// The probability that the nodes that are up contain a quorum, where each is up by itself with its
    /// probability in `up`. Exact but for rounding.
    ///
    /// Parts without common nodes are independent; nodes that are repeated are tried both ways, so it
    /// takes time exponential in their number.
    pub fn availability(&self, up: &[f64]) -> Result<f64, TooMany> {
        let repeated = self.repeated();
        if repeated.len() > REPEATED_MAX {
            return Err(TooMany);
        }
        let repeated: Vec<usize> = repeated.iter().collect();
        Ok(self.given(&repeated, &mut up.to_vec()))
    }

    /// Decides the repeated nodes one by one.
    fn given(&self, repeated: &[usize], up: &mut Vec<f64>) -> f64 {
        let Some((node, rest)) = repeated.split_first() else { return self.independent(up) };
        let probability = up[*node];
        let mut total = 0.0;
        for (certain, weight) in [(0.0, 1.0 - probability), (1.0, probability)] {
            if weight > 0.0 {
                up[*node] = certain;
                total += weight * self.given(rest, up);
            }
        }
        up[*node] = probability;
        total
    }

    /// The probability where parts are independent of each other.
    fn independent(&self, up: &[f64]) -> f64 {
        match self {
            Self::Threshold { needed, among } => {
                at_least(u64::from(*needed), among.iter().map(|node| (up[node], 1)))
            }
            Self::Choose { needed, parts } => {
                at_least(u64::from(*needed), parts.iter().map(|part| (part.independent(up), 1)))
            }
            Self::Weighted { needed, parts } => at_least(
                *needed,
                parts.iter().map(|(part, weight)| (part.independent(up), *weight)),
            ),
        }
    }

    /// Of all sets of `k` of `n` nodes, the share that contains a quorum, for each `k` from 0 to `n`: the
    /// probability that the first `k` answers are enough, where all orders are equally probable.
    pub fn answers_enough(&self, n: u32) -> Result<Vec<f64>, TooMany> {
        if let Self::Threshold { needed, among } = self
            && among.len() == n
        {
            return Ok((0..=n).map(|k| if k >= *needed { 1.0 } else { 0.0 }).collect());
        }
        if n > REPEATED_MAX {
            return Err(TooMany);
        }
        let mut counts = vec![(0_u32, 0_u32); n as usize + 1];
        for set in (0..1_u64 << n).map(NodeSet) {
            let (quorums, sets) = &mut counts[set.len() as usize];
            *quorums += u32::from(self.is_quorum(set));
            *sets += 1;
        }
        Ok(counts.into_iter().map(|(quorums, sets)| f64::from(quorums) / f64::from(sets)).collect())
    }
}

/// The probability that independent parts, each with its probability and weight, weigh at least `needed`.
fn at_least(needed: u64, parts: impl Iterator<Item = (f64, u64)>) -> f64 {
    let enough = needed as usize;
    // The probability of each weight so far; what is more than enough counts as enough.
    let mut weights = vec![0.0; enough + 1];
    weights[0] = 1.0;
    for (probability, weight) in parts {
        for before in (0..=enough).rev() {
            let share = weights[before] * probability;
            if share > 0.0 && before < enough {
                weights[before] -= share;
                weights[enough.min(before + weight as usize)] += share;
            }
        }
    }
    weights[enough]
}
