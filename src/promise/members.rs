//! What theory guarantees while the replicas of a cluster change.

use super::theory::{Condition, Promise};
use crate::protocol::{Change, Configuration, NodeSet};

const SOURCE: &str = "Lynch and Shvartsman, \"RAMBO\", DISC 2002; Ongaro 2014, chapter 4";

/// What is guaranteed over members that change.
pub(super) fn members(config: &Configuration) -> Promise {
    let (old, new) = (config.members, config.new_members);
    if config.change == Change::Joint {
        return Promise {
            condition: Condition::Linearizable,
            because: "change = \"joint\": majorities of both until the new ones have it all".into(),
            reason: "What a majority of the old members has acknowledged is collected and kept by a majority \
                     of the new ones before these are asked alone, and until then every operation meets both."
                .into(),
            remedy: String::new(),
            source: SOURCE,
        };
    }
    if majorities_meet(old, new) {
        return Promise {
            condition: Condition::Linearizable,
            because: "every majority of the old members meets every majority of the new ones".into(),
            reason: "Nodes may change one after the other and in any order: whatever members an operation \
                     asks, it meets those before it. So it is where one node at most joins or leaves."
                .into(),
            remedy: String::new(),
            source: SOURCE,
        };
    }
    Promise {
        condition: Condition::Eventual,
        because:
            "change = \"alone\", and a majority of the old members can miss one of the new ones"
                .into(),
        reason:
            "Some nodes still ask the old members when others ask the new ones already, who never \
                 heard of what was written before."
                .into(),
        remedy: "change = \"joint\"".into(),
        source: SOURCE,
    }
}

/// Whether every majority of one set meets every majority of another.
fn majorities_meet(one: NodeSet, other: NodeSet) -> bool {
    let common = one.iter().filter(|node| other.contains(*node)).count() as u16;
    // Each takes as many as it can of those that the other cannot take.
    let needs = |set: NodeSet| (set.len() / 2 + 1).saturating_sub(set.len() - common);
    needs(one) + needs(other) > common
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_meet(one: &[u16], other: &[u16]) -> bool {
        let set = |nodes: &[u16]| nodes.iter().copied().collect();
        majorities_meet(set(one), set(other))
    }

    #[test]
    fn one_node_may_join_or_leave_alone_and_two_may_not() {
        assert!(all_meet(&[0, 1, 2], &[0, 1, 2]));
        assert!(all_meet(&[0, 1, 2], &[0, 1, 2, 3]));
        assert!(all_meet(&[0, 1, 2, 3], &[0, 1, 2]));
        assert!(
            !all_meet(&[0, 1, 2], &[0, 1, 3]),
            "one leaves and one joins: 0 and 2 miss 1 and 3"
        );
        assert!(!all_meet(&[0, 1, 2], &[0, 1, 2, 3, 4]), "0 and 1 miss 2, 3 and 4");
        assert!(!all_meet(&[0, 1, 2], &[2, 3, 4]));
        assert!(!all_meet(&[0], &[1]));
    }
}
