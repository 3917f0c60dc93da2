//! The families of the literature: sizes, how quorums meet, and numbers that are refused.

use expect_test::expect;
use quorate::quorum::{NodeSet, ReadWriteSystem, SystemError, fewest_in_common_among};

/// The fewest nodes that a read and a write quorum, and two write quorums, have in common.
fn common(system: &ReadWriteSystem) -> (u32, u32) {
    let (rw, ww) = (system.reads_meet_writes(), system.writes_meet_writes());
    (rw.expect("they are few").nodes, ww.expect("they are few").nodes)
}

#[track_caller]
fn sizes(system: &ReadWriteSystem) -> (Vec<u32>, Vec<u32>) {
    let sizes = |quorums: Vec<NodeSet>| quorums.iter().map(|set| set.len()).collect();
    (
        sizes(system.reads.minimal_quorums().expect("they are few")),
        sizes(system.writes.minimal_quorums().expect("they are few")),
    )
}

#[test]
fn thresholds_meet_by_their_sum() {
    for n in 1..=8 {
        for (r, w) in (1..=n).flat_map(|r| (1..=n).map(move |w| (r, w))) {
            let system = ReadWriteSystem::thresholds(n as usize, r, w).unwrap();
            assert_eq!(common(&system), ((r + w).saturating_sub(n), (2 * w).saturating_sub(n)));
            assert_eq!(system.reads.resilience(), Ok(n - r));
        }
    }
    let large = ReadWriteSystem::majority(63).unwrap();
    assert_eq!(common(&large), (1, 1));
    assert!(large.reads.minimal_quorums().is_err(), "there are too many");
}

#[test]
fn weighted_voting() {
    // Gifford's first example: one voting node and two without votes.
    let one = ReadWriteSystem::weighted(&[1, 0, 0], 1, 1).unwrap();
    assert_eq!(sizes(&one), (vec![1], vec![1]));
    // His second: votes of 2, 1 and 1, r = 2, w = 3.
    let system = ReadWriteSystem::weighted(&[2, 1, 1], 2, 3).unwrap();
    assert_eq!(sizes(&system), (vec![1, 2], vec![2, 2]));
    assert_eq!(common(&system), (1, 1));
}

#[test]
fn grids_meet() {
    let grid = ReadWriteSystem::grid(3, 2).unwrap();
    // Two writes meet in each other's full column.
    assert_eq!(common(&grid), (1, 2));
    assert_eq!(sizes(&grid), (vec![2; 9], vec![4; 6]));
}

#[test]
fn trees_meet_in_one_node_at_least() {
    let tree = ReadWriteSystem::tree(3, 2).unwrap();
    assert_eq!(common(&tree), (1, 1));
    assert_eq!(tree.reads.smallest(), Ok(3));
    let (sizes, _) = sizes(&tree);
    assert_eq!(sizes.iter().max(), Some(&4), "all leaves, if nobody else is there");
    let wide = ReadWriteSystem::tree(2, 3).unwrap();
    assert_eq!(
        wide.reads.show(&wide.names).to_string(),
        "weighted 3 of (n1: 2, n2: 1, n3: 1, n4: 1)"
    );
    assert_eq!(common(&wide), (1, 1));
}

#[test]
fn hierarchies_are_small() {
    let hierarchy = ReadWriteSystem::hierarchical(&[3, 3]).unwrap();
    assert_eq!(common(&hierarchy), (1, 1));
    // Four of nine nodes, where a majority takes five.
    assert_eq!(sizes(&hierarchy), (vec![4; 27], vec![4; 27]));
    let deep = ReadWriteSystem::hierarchical(&[3, 3, 3]).unwrap();
    assert_eq!(deep.reads.smallest(), Ok(8));
    assert_eq!(deep.reads.resilience(), Ok(7));
}

#[test]
fn walls_meet() {
    let wall = ReadWriteSystem::wall(&[1, 2, 3]).unwrap();
    assert_eq!(common(&wall), (1, 1));
    assert_eq!(sizes(&wall).0, [3, 3, 3, 3, 3, 3, 3, 3, 3, 3]);
}

#[test]
fn zones_meet_as_they_should() {
    let sizes = [3, 3, 3];
    assert_eq!(common(&ReadWriteSystem::each_zone(&sizes).unwrap()), (1, 3));
    assert_eq!(common(&ReadWriteSystem::majority_of_zones(&sizes).unwrap()), (1, 1));
    let local = ReadWriteSystem::local_zone(&sizes).unwrap();
    let meeting = local.reads_meet_writes().unwrap();
    assert!(!meeting.always());
    assert!(local.is_read_quorum(meeting.first) && local.is_write_quorum(meeting.second));
    assert!(meeting.first.intersection(meeting.second).is_empty());
}

#[test]
fn witnesses_may_be_all_that_two_quorums_share() {
    let system = ReadWriteSystem::with_witnesses(5, 1).unwrap();
    let data = NodeSet::first(4);
    assert_eq!(common(&system), (1, 1));
    let meeting = fewest_in_common_among(&system.reads, &system.writes, data).unwrap();
    assert_eq!(meeting.nodes, 0, "they may share the witness alone: {meeting:?}");
    assert!(!system.is_read_quorum(NodeSet::only(4)));
}

#[test]
fn byzantine_quorums_meet_in_enough_nodes() {
    for f in 0..=3 {
        for n in 3 * f as usize + 1..=20 {
            let system = ReadWriteSystem::dissemination(n, f).unwrap();
            assert!(common(&system).0 > f && system.reads.resilience().unwrap() >= f);
        }
        for n in 4 * f as usize + 1..=20 {
            let system = ReadWriteSystem::masking(n, f).unwrap();
            assert!(common(&system).0 > 2 * f && system.reads.resilience().unwrap() >= f);
        }
    }
}

#[test]
fn families_have_names() {
    for (name, system) in [
        ("majority:5", ReadWriteSystem::majority(5)),
        ("thresholds:5,2,4", ReadWriteSystem::thresholds(5, 2, 4)),
        ("flexible:5,4,2", ReadWriteSystem::flexible(5, 4, 2)),
        ("grid:3x2", ReadWriteSystem::grid(3, 2)),
        ("tree:3x2", ReadWriteSystem::tree(3, 2)),
        ("hierarchical:3x3", ReadWriteSystem::hierarchical(&[3, 3])),
        ("wall:1,2,3", ReadWriteSystem::wall(&[1, 2, 3])),
        ("each-zone:3,3", ReadWriteSystem::each_zone(&[3, 3])),
        ("local-zone:3,3", ReadWriteSystem::local_zone(&[3, 3])),
        ("zone-majority:3,3,3", ReadWriteSystem::majority_of_zones(&[3, 3, 3])),
        ("witnesses:3,1", ReadWriteSystem::with_witnesses(3, 1)),
        ("dissemination:4,1", ReadWriteSystem::dissemination(4, 1)),
        ("masking:5,1", ReadWriteSystem::masking(5, 1)),
        ("probabilistic:16,1.5", ReadWriteSystem::probabilistic(16, 1.5)),
    ] {
        assert_eq!(ReadWriteSystem::named(name), system, "{name}");
    }
    for wrong in ["", "grid", "grid:3", "grid:axb", "square:3", "majority:5,3", "masking:"] {
        assert!(ReadWriteSystem::named(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_impossible_is_refused_with_the_inequality() {
    let problem = |system: Result<ReadWriteSystem, SystemError>| system.unwrap_err().to_string();
    expect!["R = 4 > N = 3; expected 1 to 3"]
        .assert_eq(&problem(ReadWriteSystem::thresholds(3, 4, 1)));
    expect!["W = 0; expected 1 to N = 3"].assert_eq(&problem(ReadWriteSystem::thresholds(3, 1, 0)));
    expect!["N = 65; expected 1 to 64 nodes"]
        .assert_eq(&problem(ReadWriteSystem::thresholds(65, 1, 1)));
    expect!["w = 5 of 4 votes; expected 1 to 4"].assert_eq(&problem(ReadWriteSystem::weighted(
        &[2, 1, 1],
        2,
        5,
    )));
    expect![
        "2 + 2 = 4 <= N = 4: an election could miss what was replicated; expected a sum above 4"
    ]
    .assert_eq(&problem(ReadWriteSystem::flexible(4, 2, 2)));
    expect!["N = 4 < 4f + 1 = 5; expected N >= 5 for f = 1 liars"]
        .assert_eq(&problem(ReadWriteSystem::masking(4, 1)));
    expect!["l = 3 makes quorums of 9 nodes; expected 1 to N = 8"]
        .assert_eq(&problem(ReadWriteSystem::probabilistic(8, 3.0)));
    expect!["3 witnesses of N = 3; expected fewer than 3: someone must hold data"]
        .assert_eq(&problem(ReadWriteSystem::with_witnesses(3, 3)));
    expect!["writes: column 3: found the end; expected a node, `(`, `majority(…)`, `choose K of (…)` or `weighted K of (…)`"]
        .assert_eq(&problem(ReadWriteSystem::of_expressions("a", Some("a*"))));
    for system in [
        ReadWriteSystem::thresholds(0, 1, 1),
        ReadWriteSystem::tree(0, 2),
        ReadWriteSystem::tree(40, 9),
        ReadWriteSystem::hierarchical(&[0, 3]),
        ReadWriteSystem::hierarchical(&[usize::MAX, 3]),
        ReadWriteSystem::wall(&[]),
        ReadWriteSystem::wall(&[1, 0]),
        ReadWriteSystem::each_zone(&[usize::MAX, usize::MAX]),
        ReadWriteSystem::grid(0, 0),
        ReadWriteSystem::grid(1, usize::MAX),
        ReadWriteSystem::grid(0, usize::MAX),
        ReadWriteSystem::tree(usize::MAX, 2),
        ReadWriteSystem::weighted(&[u64::MAX, u64::MAX], 1, 1),
        ReadWriteSystem::grid(9, 9),
        ReadWriteSystem::masking(5, u32::MAX),
        ReadWriteSystem::probabilistic(9, f64::NAN),
    ] {
        assert!(matches!(system, Err(SystemError::Impossible(_))), "{system:?}");
    }
}
