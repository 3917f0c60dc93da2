//! What is known about nodes and clients, as numbers.

use crate::time::Nanos;

/// What each node can do, in the order of the nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// How many reads a node serves in a unit of time, if it does nothing else.
    pub read_capacity: Vec<f64>,
    /// How many writes.
    pub write_capacity: Vec<f64>,
    /// How long a node takes to answer.
    pub latency: Vec<Nanos>,
    /// How probable it is that a node does not answer.
    pub failure: Vec<f64>,
}

impl Figures {
    /// So many nodes, each with capacity 1 and without latency, that never fail.
    pub fn alike(nodes: usize) -> Self {
        Self {
            read_capacity: vec![1.0; nodes],
            write_capacity: vec![1.0; nodes],
            latency: vec![0; nodes],
            failure: vec![0.0; nodes],
        }
    }

    /// Whether every node serves one operation in a unit of time.
    pub fn have_unit_capacity(&self) -> bool {
        let capacities = self.read_capacity.iter().chain(&self.write_capacity);
        capacities.copied().all(|capacity| capacity.total_cmp(&1.0).is_eq())
    }

    /// Whether two nodes serve as many operations and answer as fast.
    pub fn are_alike(&self, one: usize, other: usize) -> bool {
        let same = |of: &[f64]| of[one].total_cmp(&of[other]).is_eq();
        same(&self.read_capacity)
            && same(&self.write_capacity)
            && self.latency[one] == self.latency[other]
    }
}

/// Which share of operations reads, where it may be one share at times and another at others.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadFraction(Vec<(f64, f64)>);

impl ReadFraction {
    /// Always the same share.
    pub fn fixed(share: f64) -> Result<Self, String> {
        Self::distributed(&[(share, 1.0)])
    }

    /// Shares with weights, which need not sum to 1.
    pub fn distributed(weights: &[(f64, f64)]) -> Result<Self, String> {
        let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
        for (share, weight) in weights {
            if !(0.0..=1.0).contains(share) {
                return Err(format!("{share} is no share of operations; expected 0 to 1"));
            }
            if !weight.is_finite() || *weight < 0.0 {
                return Err(format!("a weight of {weight}; expected 0 or more"));
            }
        }
        if !sum.is_finite() || sum <= 0.0 {
            return Err("the weights sum to nothing; expected one above 0".to_owned());
        }
        let shares = weights.iter().filter(|(_, weight)| *weight > 0.0);
        Ok(Self(shares.map(|(share, weight)| (*share, weight / sum)).collect()))
    }

    /// Each share with its probability; these sum to 1.
    pub fn shares(&self) -> &[(f64, f64)] {
        &self.0
    }

    /// The share on average.
    pub fn mean(&self) -> f64 {
        self.0.iter().map(|(share, probability)| share * probability).sum()
    }
}
