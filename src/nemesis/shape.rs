//! How partitions cut the network.

use crate::protocol::NodeId;

/// How a partition cuts the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Into two halves, the greater one with a majority.
    Halves,
    /// One node from all others.
    One,
    /// Every node sees a majority, no two the same one: a ring of overlapping neighbourhoods.
    MajorityRing,
    /// Two halves that only one node between them can reach.
    Bridge,
    /// One half hears the other, and is not heard.
    OneWay,
    /// Whoever leads from all others.
    Leader,
}

impl Shape {
    /// All shapes that need not know who leads.
    pub const ALL: [Self; 5] =
        [Self::Halves, Self::One, Self::MajorityRing, Self::Bridge, Self::OneWay];

    /// The word of workloads.
    pub fn name(self) -> &'static str {
        match self {
            Self::Halves => "halves",
            Self::One => "one",
            Self::MajorityRing => "majority-ring",
            Self::Bridge => "bridge",
            Self::OneWay => "one-way",
            Self::Leader => "leader",
        }
    }

    /// The links to cut, from and to, among nodes in the order in which they were drawn. Whoever leads
    /// comes first where that matters.
    pub(super) fn cuts(self, nodes: &[NodeId]) -> Vec<(NodeId, NodeId)> {
        let n = nodes.len();
        let both = |pairs: Vec<(NodeId, NodeId)>| {
            pairs.iter().flat_map(|(a, b)| [(*a, *b), (*b, *a)]).collect()
        };
        let across = |left: &[NodeId], right: &[NodeId]| {
            left.iter().flat_map(|a| right.iter().map(|b| (*a, *b))).collect::<Vec<_>>()
        };
        match self {
            Self::Halves => both(across(&nodes[..n / 2], &nodes[n / 2..])),
            Self::One | Self::Leader => both(across(&nodes[..1], &nodes[1..])),
            Self::Bridge => both(across(&nodes[..n / 2], &nodes[(n / 2 + 1).min(n)..])),
            Self::OneWay => across(&nodes[..n / 2], &nodes[n / 2..]),
            Self::MajorityRing => {
                // Each node keeps its nearest neighbours in the ring, enough for a majority.
                let reach = n / 4 + usize::from(n % 4 > 1);
                let far = |i: &usize, j: &usize| {
                    let distance = i.abs_diff(*j);
                    distance.min(n - distance) > reach
                };
                let pairs = (0..n).flat_map(|i| (0..n).map(move |j| (i, j)));
                pairs.filter(|(i, j)| far(i, j)).map(|(i, j)| (nodes[i], nodes[j])).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many nodes each node hears, itself included.
    fn heard(n: u16, cuts: &[(NodeId, NodeId)]) -> Vec<usize> {
        let hears = |to: u16| (0..n).filter(move |from| !cuts.contains(&(*from, to))).count();
        (0..n).map(hears).collect()
    }

    #[test]
    fn partitions_have_their_shapes() {
        for n in 2..=9_u16 {
            let nodes: Vec<NodeId> = (0..n).collect();
            let majority = usize::from(n) / 2 + 1;
            let half = usize::from(n) / 2;
            for node in heard(n, &Shape::MajorityRing.cuts(&nodes)) {
                assert!(node >= majority.min(usize::from(n)), "{n}: hears {node}");
                assert!(n < 5 || node < usize::from(n), "{n}: nothing is cut");
            }
            let halves = heard(n, &Shape::Halves.cuts(&nodes));
            assert_eq!(halves.iter().filter(|count| **count == half).count() % half, 0);
            assert_eq!(halves.iter().sum::<usize>(), half * half + (n as usize - half).pow(2));
            let one = heard(n, &Shape::One.cuts(&nodes));
            assert_eq!(one.iter().filter(|count| **count == 1).count(), 1 + usize::from(n == 2));
            let bridge = heard(n, &Shape::Bridge.cuts(&nodes));
            assert!(n < 3 || bridge.contains(&usize::from(n)), "{n}: no bridge");
            let one_way = Shape::OneWay.cuts(&nodes);
            assert!(one_way.iter().all(|(from, to)| !one_way.contains(&(*to, *from))));
        }
    }
}
