//! Random expressions against brute force over all sets of nodes.

use proptest::prelude::*;
use quorate::quorum::{
    Figures, Goal, Limits, Names, NodeSet, ReadWriteSystem, Rule, Unknown, Wanted,
    fewest_in_common, parse,
};

use super::{assert_close, fraction};

const NODES: usize = 6;

/// Rules over a few nodes, which are often repeated.
fn rules() -> impl Strategy<Value = Rule> {
    let leaf = (0..NODES).prop_map(Rule::node);
    leaf.prop_recursive(3, 16, 4, |inner| {
        let parts = prop::collection::vec(inner.clone(), 1..5);
        let choices = (parts, any::<prop::sample::Index>())
            .prop_map(|(parts, at)| Rule::choose(at.index(parts.len()) as u32 + 1, parts));
        let parts = prop::collection::vec((inner, 1..4_u64), 1..5);
        let weights = (parts, any::<prop::sample::Index>()).prop_map(|(parts, at)| {
            let sum: u64 = parts.iter().map(|(_, weight)| weight).sum();
            Rule::weighted(at.index(sum as usize) as u64 + 1, parts)
        });
        prop_oneof![3 => choices, 1 => weights]
    })
}

fn sets() -> impl Iterator<Item = NodeSet> {
    (0..1_u64 << NODES).map(NodeSet)
}

/// The quorums none of whose nodes can be left out.
fn minimal_by_trying(rule: &Rule) -> Vec<NodeSet> {
    let minimal = |set: &NodeSet| {
        rule.is_quorum(*set)
            && set.iter().all(|node| !rule.is_quorum(set.without(NodeSet::only(node))))
    };
    let mut quorums: Vec<NodeSet> = sets().filter(minimal).collect();
    quorums.sort_unstable_by_key(|set| (set.len(), *set));
    quorums
}

/// Whether the set is a quorum after any so many of its nodes have failed.
fn survives(rule: &Rule, set: NodeSet, failures: u32) -> bool {
    let mut lost = sets().filter(|lost| lost.is_subset_of(set) && lost.len() <= failures);
    lost.all(|lost| rule.is_quorum(set.without(lost)))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn supersets_of_quorums_are_quorums(rule in rules()) {
        for set in sets().filter(|set| rule.is_quorum(*set)) {
            for node in 0..NODES {
                prop_assert!(rule.is_quorum(set.union(NodeSet::only(node))));
            }
        }
    }

    #[test]
    fn what_is_written_is_read_again(rule in rules()) {
        let mut names = Names::numbered(NODES);
        let text = rule.show(&names).to_string();
        prop_assert_eq!(parse(&text, &mut names, Unknown::Refused), Ok(rule), "{}", text);
    }

    #[test]
    fn the_dual_has_the_complements_of_what_are_no_quorums(rule in rules()) {
        let dual = rule.dual();
        prop_assert_eq!(&dual.dual(), &rule);
        for set in sets() {
            let rest = NodeSet::first(NODES).without(set);
            prop_assert_eq!(dual.is_quorum(set), !rule.is_quorum(rest));
        }
        prop_assert!(fewest_in_common(&rule, &dual).unwrap().always());
    }

    #[test]
    fn minimal_quorums_are_minimal(rule in rules()) {
        prop_assert_eq!(rule.minimal_quorums().unwrap(), minimal_by_trying(&rule));
    }

    #[test]
    fn resilience_is_what_can_fail(rule in rules()) {
        let all = NodeSet::first(NODES);
        let resilience = rule.resilience().unwrap();
        prop_assert!(survives(&rule, all, resilience));
        prop_assert!(!survives(&rule, all, resilience + 1));
    }

    #[test]
    fn resilient_quorums_are_minimal_and_resilient(rule in rules(), failures in 1..3_u32) {
        let resilient = |set: &NodeSet| survives(&rule, *set, failures);
        let minimal = |set: &NodeSet| {
            set.iter().all(|node| !resilient(&set.without(NodeSet::only(node))))
        };
        let mut expected: Vec<NodeSet> =
            sets().filter(|set| set.len() > failures && resilient(set) && minimal(set)).collect();
        expected.sort_unstable_by_key(|set| (set.len(), *set));
        prop_assert_eq!(rule.resilient_quorums(failures).unwrap(), expected);
    }

    #[test]
    fn quorums_meet_in_as_few_nodes_as_any_two(first in rules(), second in rules()) {
        let meeting = fewest_in_common(&first, &second).unwrap();
        prop_assert!(first.is_quorum(meeting.first) && second.is_quorum(meeting.second));
        prop_assert_eq!(meeting.first.intersection(meeting.second).len(), meeting.nodes);
        let (all, others) = (minimal_by_trying(&first), minimal_by_trying(&second));
        let pairs = all.iter().flat_map(|a| others.iter().map(|b| a.intersection(*b).len()));
        prop_assert_eq!(Some(meeting.nodes), pairs.min());
    }

    #[test]
    fn thresholds_meet_in_as_few_nodes_as_any_two(
        (first, second) in (1..1_u64 << NODES, 1..1_u64 << NODES),
        (r, w) in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let threshold = |bits: u64, at: prop::sample::Index| {
            let among = NodeSet(bits);
            Rule::threshold(at.index(among.len() as usize) as u32 + 1, among)
        };
        let (first, second) = (threshold(first, r), threshold(second, w));
        let meeting = fewest_in_common(&first, &second).unwrap();
        prop_assert!(first.is_quorum(meeting.first) && second.is_quorum(meeting.second));
        let (all, others) = (minimal_by_trying(&first), minimal_by_trying(&second));
        let pairs = all.iter().flat_map(|a| others.iter().map(|b| a.intersection(*b).len()));
        prop_assert_eq!(Some(meeting.nodes), pairs.min());
    }

    #[test]
    fn availability_sums_over_the_sets_that_are_alive(
        rule in rules(),
        up in prop::collection::vec(0.0..=1.0_f64, NODES),
    ) {
        let probability = |set: NodeSet| -> f64 {
            (0..NODES).map(|node| if set.contains(node) { up[node] } else { 1.0 - up[node] }).product()
        };
        let alive: f64 = sets().filter(|set| rule.is_quorum(*set)).map(probability).sum();
        let found = rule.availability(&up).unwrap();
        prop_assert!((found - alive).abs() < 1e-12, "{found}, not {alive}");
        let down: Vec<f64> = up.iter().map(|up| 1.0 - up).collect();
        let blocked = rule.dual().availability(&down).unwrap();
        prop_assert!((found + blocked - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_best_strategy_is_sound_and_no_worse_than_the_uniform_one(rule in rules(), share in 0.0..=1.0_f64) {
        let system = ReadWriteSystem {
            names: Names::numbered(NODES),
            writes: rule.dual(),
            reads: rule,
        };
        let (figures, reads) = (Figures::alike(NODES), fraction(share));
        let wanted = Wanted {
            figures: &figures,
            reads: &reads,
            goal: Goal::Load,
            limits: Limits::default(),
            failures: 0,
        };
        let best = system.strategy(&wanted).unwrap();
        for (rule, choice) in [(&system.reads, &best.reads), (&system.writes, &best.writes)] {
            prop_assert!(choice.iter().all(|(quorum, _)| rule.is_quorum(*quorum)));
            assert_close(choice.iter().map(|(_, probability)| probability).sum(), 1.0);
        }
        let load = best.load(&figures, &reads);
        prop_assert!(load <= system.uniform_strategy(0).unwrap().load(&figures, &reads) + 1e-9);
        // Naor and Wool: max(1/c, c/N), of which the second holds for a mixed workload, too.
        let smallest = share * f64::from(system.reads.smallest().unwrap())
            + (1.0 - share) * f64::from(system.writes.smallest().unwrap());
        prop_assert!(load >= smallest / NODES as f64 - 1e-9);
    }
}
