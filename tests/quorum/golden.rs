//! Numbers that others have published: Whittaker et al. 2021 (the paper, the tutorial and the tests of
//! quoracle), Naor and Wool 1998, Bailis et al. 2012.

use quorate::quorum::{
    Figures, Goal, Limits, NoStrategy, ReadFraction, ReadWriteSystem, Search, Strategy, Wanted,
    exponential_latency, exponential_order_statistic, miss_bound, miss_last, miss_probability,
    search,
};
use quorate::time::SECOND;

use super::{assert_close, capacities, fraction, reads, set};

const GRID: &str = "a*b*c + d*e*f";

fn wanted<'a>(figures: &'a Figures, reads: &'a ReadFraction) -> Wanted<'a> {
    Wanted { figures, reads, goal: Goal::Load, limits: Limits::default(), failures: 0 }
}

/// The capacity of the strategy with the lowest load.
fn capacity(system: &ReadWriteSystem, figures: &Figures, share: f64, failures: u32) -> f64 {
    let reads = fraction(share);
    let wanted = Wanted { failures, ..wanted(figures, &reads) };
    system.strategy(&wanted).expect("there is one").capacity(figures, &reads)
}

/// The grid of the tutorial, whose odd nodes are twice as fast, and which reads ten times as fast as it
/// writes; the nodes answer after 1 to 6 seconds.
fn heterogeneous() -> Figures {
    let write = [1000.0, 500.0, 1000.0, 500.0, 1000.0, 500.0];
    let latency = (1..=6).map(|seconds| seconds * SECOND).collect();
    Figures { latency, ..capacities(&write.map(|capacity| 10.0 * capacity), &write) }
}

#[test]
fn the_grid_of_the_tutorial() {
    let grid = reads(GRID);
    let figures = Figures::alike(6);
    assert_eq!(grid.reads.minimal_quorums().unwrap().len(), 2);
    assert_eq!(grid.writes.minimal_quorums().unwrap().len(), 9);
    assert_eq!(grid.writes.show(&grid.names).to_string(), "(a + b + c)*(d + e + f)");
    assert_eq!(grid.reads.resilience(), Ok(1));
    assert_eq!(grid.writes.resilience(), Ok(2));
    assert!(
        grid.is_read_quorum(set(&grid, "a b c d")) && !grid.is_read_quorum(set(&grid, "a b d"))
    );
    assert!(grid.is_write_quorum(set(&grid, "a d")) && !grid.is_write_quorum(set(&grid, "a b")));

    let uniform = grid.uniform_strategy(0).unwrap();
    assert_close(uniform.load(&figures, &fraction(1.0)), 0.5);
    assert_close(uniform.load(&figures, &fraction(0.0)), 1.0 / 3.0);

    let own = Strategy::of_weights(
        &grid,
        &vec![(set(&grid, "a b c"), 2.0), (set(&grid, "d e f"), 1.0)],
        &["a d", "b e", "c f"].map(|quorum| (set(&grid, quorum), 1.0)).to_vec(),
    )
    .unwrap();
    for (share, load) in [(1.0, 2.0 / 3.0), (0.0, 1.0 / 3.0), (0.25, 5.0 / 12.0)] {
        assert_close(own.load(&figures, &fraction(share)), load);
    }
    for (node, load) in [(0, 5.0 / 12.0), (2, 5.0 / 12.0), (3, 1.0 / 3.0), (5, 1.0 / 3.0)] {
        assert_close(own.node_load(node, &figures, 0.25), load);
    }

    let quarter = fraction(0.25);
    let best = grid.strategy(&wanted(&figures, &quarter)).unwrap();
    for (share, load) in [(0.25, 0.375), (0.0, 1.0 / 3.0), (0.5, 5.0 / 12.0), (1.0, 0.5)] {
        assert_close(best.load(&figures, &fraction(share)), load);
    }
    assert_close(best.capacity(&figures, &quarter), 8.0 / 3.0);

    let mixed = ReadFraction::distributed(&[(0.1, 1.0), (0.75, 1.0)]).unwrap();
    let best = grid.strategy(&wanted(&figures, &mixed)).unwrap();
    assert_close(best.load(&figures, &mixed), (0.35 + (0.75 / 2.0 + 0.25 / 3.0)) / 2.0);
}

#[test]
fn nodes_of_different_capacity() {
    let grid = reads(GRID);
    let alike = [1000.0, 500.0, 1000.0, 500.0, 1000.0, 500.0];
    assert_close(capacity(&grid, &capacities(&alike, &alike), 0.75, 0), 4000.0 / 3.0);
    let figures = heterogeneous();
    assert_close(capacity(&grid, &figures, 1.0, 0), 10_000.0);
    // Published as 3913.
    assert_close(capacity(&grid, &figures, 0.5, 0), 90_000.0 / 23.0);
    assert_close(capacity(&grid, &figures, 0.0, 0), 2000.0);
    assert_close(capacity(&grid, &figures, 0.0, 1), 1000.0);
    let write_two = ReadWriteSystem::of_expressions(
        "choose 4 of (a, b, c, d, e)",
        Some("choose 2 of (a, b, c, d, e)"),
    )
    .unwrap();
    let figures = capacities(&figures.read_capacity[..5], &figures.write_capacity[..5]);
    assert_close(capacity(&write_two, &figures, 0.0, 0), 2000.0);
    assert_close(capacity(&write_two, &figures, 0.0, 1), 4000.0 / 3.0);
}

#[test]
fn latency_and_network_are_goals_and_limits() {
    let (grid, figures, half) = (reads(GRID), heterogeneous(), fraction(0.5));
    let wanted = wanted(&figures, &half);
    let latency =
        |strategy: &Strategy, share| strategy.latency(&grid, &figures, &fraction(share)) / 1e9;

    let fastest = grid.strategy(&Wanted { goal: Goal::Latency, ..wanted }).unwrap();
    for (share, seconds) in [(1.0, 3.0), (0.0, 4.0), (0.5, 3.5)] {
        assert_close(latency(&fastest, share), seconds);
    }
    let limits = Limits { load: Some(1.0 / 1500.0), ..Limits::default() };
    let limited = grid.strategy(&Wanted { goal: Goal::Latency, limits, ..wanted }).unwrap();
    assert_close(latency(&limited, 0.5), 11.0 / 3.0);
    assert!(limited.capacity(&figures, &half) >= 1500.0 - 1e-6);

    // Published as 3856.2.
    let limits = Limits { latency: Some(4 * SECOND), ..Limits::default() };
    let limited = grid.strategy(&Wanted { limits, ..wanted }).unwrap();
    assert_eq!(format!("{:.1}", limited.capacity(&figures, &half)), "3856.2");
    assert_close(latency(&limited, 0.5), 4.0);
    let limits = Limits { latency: Some(SECOND), ..Limits::default() };
    let none = grid.strategy(&Wanted { limits, ..wanted });
    assert_eq!(none, Err(NoStrategy::Infeasible));

    let smallest = grid.strategy(&Wanted { goal: Goal::Network, ..wanted }).unwrap();
    assert_close(smallest.network_load(&half), 2.5);
}

#[test]
fn the_examples_of_the_paper() {
    let alike = Figures::alike(3);
    let majority = reads("a*b + b*c + a*c");
    assert_eq!(majority.reads.resilience(), Ok(1));
    assert_close(capacity(&majority, &alike, 1.0, 0), 1.5);

    let grid = reads("a*b + c*d");
    let slow = [100.0, 100.0, 50.0, 50.0];
    assert_close(capacity(&grid, &capacities(&slow, &slow), 1.0, 0), 150.0);
    let figures = capacities(&slow.map(|capacity| 2.0 * capacity), &slow);
    for (share, expected) in [(1.0, 300.0), (0.5, 200.0), (0.0, 100.0)] {
        assert_close(capacity(&grid, &figures, share, 0), expected);
    }

    let across = ReadWriteSystem::over_nodes(grid.names.clone(), "a*c + b*d", None).unwrap();
    let weights = [(0.0, 10.0), (0.25, 4.0), (0.5, 2.0), (0.75, 1.0), (1.0, 1.0)];
    let mixed = ReadFraction::distributed(&weights).unwrap();
    let best = across.strategy(&wanted(&figures, &mixed)).unwrap();
    assert_eq!(format!("{:.1}", best.capacity(&figures, &mixed)), "159.3");

    let two = reads("choose 2 of (a, b, c, d)");
    assert_close(capacity(&two, &figures, 1.0, 0), 300.0);
    assert_close(capacity(&grid, &figures, 1.0, 1), 100.0);
    assert_close(capacity(&two, &figures, 1.0, 1), 200.0);

    let latency = [4, 4, 1, 1].map(|seconds| seconds * SECOND).to_vec();
    let figures = Figures { latency, ..figures };
    let all_reads = fraction(1.0);
    let best = grid.strategy(&wanted(&figures, &all_reads)).unwrap();
    assert_close(best.network_load(&all_reads), 2.0);
    assert_close(best.latency(&grid, &figures, &all_reads) / 1e9, 3.0);
    let limits = Limits { load: Some(1.0 / 150.0), network: Some(2.0), latency: None };
    let limited =
        grid.strategy(&Wanted { goal: Goal::Latency, limits, ..wanted(&figures, &all_reads) });
    let limited = limited.unwrap().reads;
    assert_eq!(
        limited.iter().map(|(quorum, _)| *quorum).collect::<Vec<_>>(),
        [set(&grid, "a b"), set(&grid, "c d"),]
    );
    assert_close(limited[0].1, 1.0 / 3.0);
}

/// The four-node system of the tests of quoracle.
#[test]
fn the_tests_of_quoracle() {
    let system = reads("a*b + c*d");
    let latency = (1..=4).map(|seconds| seconds * SECOND).collect();
    let figures = Figures { latency, ..capacities(&[2.0; 4], &[1.0; 4]) };
    let value = |goal, share, failures, limits| {
        let reads = fraction(share);
        let wanted = Wanted { figures: &figures, reads: &reads, goal, limits, failures };
        system.strategy(&wanted).map(|strategy| match goal {
            Goal::Load => strategy.load(&figures, &reads),
            Goal::Network => strategy.network_load(&reads),
            Goal::Latency => strategy.latency(&system, &figures, &reads) / 1e9,
        })
    };
    let free = Limits::default();
    let (network, latency) = (Limits { network: Some(2.0), ..free }, 4 * SECOND);
    let latency = Limits { latency: Some(latency), ..free };
    for limits in [free, network, latency] {
        assert_close(value(Goal::Load, 1.0, 0, limits).unwrap(), 0.25);
        assert_close(value(Goal::Load, 0.0, 0, limits).unwrap(), 0.5);
    }
    for (goal, failures, read, write) in [
        (Goal::Network, 0, 2.0, 2.0),
        (Goal::Latency, 0, 2.0, 3.0),
        (Goal::Load, 1, 0.5, 1.0),
        (Goal::Network, 1, 4.0, 4.0),
        (Goal::Latency, 1, 2.0, 3.0),
    ] {
        assert_close(value(goal, 1.0, failures, free).unwrap(), read);
        assert_close(value(goal, 0.0, failures, free).unwrap(), write);
    }
    let too_tight = Limits { network: Some(1.5), ..free };
    assert_eq!(value(Goal::Load, 0.0, 0, too_tight), Err(NoStrategy::Infeasible));
    let too_fast = Limits { latency: Some(SECOND), ..free };
    assert_eq!(value(Goal::Load, 0.0, 0, too_fast), Err(NoStrategy::Infeasible));
    let both = Limits { load: Some(0.25), latency: Some(2 * SECOND), network: None };
    assert_eq!(value(Goal::Network, 1.0, 0, both), Err(NoStrategy::Infeasible));
}

#[test]
fn resilience_as_in_the_tests_of_quoracle() {
    for (expression, resilience) in [
        ("a", 0),
        ("a + b + c", 2),
        ("a*b*c", 0),
        ("(a + b)*(c + d)", 1),
        ("(a + b + c)*(a + e + f)", 2),
        ("(a + a + c)*(d + e + f)", 1),
        ("(a + a + a)*(d + e + f)", 0),
        ("a*b + b*c + a*d + a*d*e", 1),
        ("choose 2 of (a, b, c, d, e)", 3),
        ("choose 2 of (a+b+c, d+e, f)", 2),
        ("choose 2 of (a*b, a*c, d)", 0),
        ("choose 2 of (a+b, a+c, a+d)", 2),
    ] {
        assert_eq!(reads(expression).reads.resilience(), Ok(resilience), "{expression}");
    }
}

#[test]
fn the_searches_that_were_published() {
    let system = reads("a*b*c*d");
    let latency = [4, 4, 1, 1].map(|seconds| seconds * SECOND).to_vec();
    let figures = Figures {
        latency,
        ..capacities(&[200.0, 200.0, 100.0, 100.0], &[100.0, 100.0, 50.0, 50.0])
    };
    let all_reads = fraction(1.0);
    let limits = Limits { load: Some(1.0 / 150.0), network: Some(2.0), latency: None };
    let question = Search {
        names: &system.names,
        wanted: Wanted { goal: Goal::Latency, limits, ..wanted(&figures, &all_reads) },
        resilience: 0,
        tried_max: u64::MAX,
    };
    let outcome = search(&question, &mut || true);
    assert!(outcome.complete);
    let best = outcome.best.unwrap();
    assert_close(best.value / 1e9, 1.0);

    let system = reads(GRID);
    let figures = heterogeneous();
    let reads = fraction(0.75);
    let limits = Limits { latency: Some(4 * SECOND), network: Some(4.0), load: None };
    let question = Search {
        names: &system.names,
        wanted: Wanted { limits, failures: 1, ..wanted(&figures, &reads) },
        resilience: 1,
        tried_max: 2000,
    };
    let best = search(&question, &mut || true).best.unwrap();
    // The same system as was published, and its capacity.
    assert_eq!(
        best.system.to_string(),
        "reads majority(a, b + d + f, c, e), writes choose 2 of (a, b*d*f, c, e)"
    );
    assert_close(best.strategy.capacity(&figures, &reads), 3500.0);
}

/// Five nodes, two of which are half as fast as the others, at a read fraction that changes.
#[test]
fn the_case_study_of_the_paper() {
    let write = [2000.0, 1000.0, 2000.0, 1000.0, 2000.0];
    let figures = capacities(&write.map(|capacity| 2.0 * capacity), &write);
    let weights = [10.0, 20.0, 100.0, 100.0, 100.0, 60.0, 30.0, 30.0, 20.0];
    let shares: Vec<(f64, f64)> =
        weights.iter().zip(1..).map(|(weight, at)| (1.0 - 0.1 * f64::from(at), *weight)).collect();
    let mixed = ReadFraction::distributed(&shares).unwrap();
    let system = |expression| {
        let names = ["a", "b", "c", "d", "e"].map(str::to_owned).into_iter().collect();
        ReadWriteSystem::over_nodes(names, expression, None).unwrap()
    };
    let majority = system("majority(a, b, c, d, e)");
    let uniform = majority.uniform_strategy(0).unwrap();
    assert_eq!(format!("{:.1}", uniform.capacity(&figures, &mixed)), "2291.6");
    for (expression, expected) in [
        ("majority(a, b, c, d, e)", "3666.6"),
        ("a*b + c*d*e", "4200.2"),
        ("a*b + a*c*e + d*e + d*c*b", "4124.9"),
        ("(c + b*d)*(a + e)", "5005.2"),
    ] {
        let best = system(expression).strategy(&wanted(&figures, &mixed)).unwrap();
        let capacity = best.capacity(&figures, &mixed);
        assert_eq!(format!("{capacity:.1}"), expected, "{expression}");
    }
    let question = Search {
        names: &majority.names,
        wanted: wanted(&figures, &mixed),
        resilience: 1,
        tried_max: u64::MAX,
    };
    let outcome = search(&question, &mut || true);
    assert!(outcome.complete);
    let best = outcome.best.unwrap().strategy.capacity(&figures, &mixed);
    assert_eq!(format!("{best:.1}"), "5005.2");
}

#[test]
fn bounded_staleness() {
    for (n, r, w, miss) in
        [(3, 1, 1, 2.0 / 3.0), (3, 1, 2, 1.0 / 3.0), (5, 2, 2, 0.3), (3, 2, 2, 0.0)]
    {
        assert_close(miss_probability(n, r, w), miss);
        assert_close(miss_last(n, r, w, 3), miss.powi(3));
        let system = ReadWriteSystem::thresholds(n as usize, r, w).unwrap();
        assert_close(system.uniform_strategy(0).unwrap().miss_probability(), miss);
    }
    // Quorums of twice the root of N miss each other with at most e^-4.
    for n in [4_u32, 16, 36, 64] {
        let size = 2 * n.isqrt();
        assert!(miss_probability(n, size, size) <= miss_bound(n, size));
        assert_close(miss_bound(n, size), (-4.0_f64).exp());
    }
}

#[test]
fn load_of_majority_and_grid() {
    let half = fraction(0.5);
    for n in [3_usize, 5, 7, 9] {
        let majority = ReadWriteSystem::majority(n).unwrap();
        let figures = Figures::alike(n);
        let best = majority.strategy(&wanted(&figures, &half)).unwrap();
        assert_close(best.load(&figures, &half), (n / 2 + 1) as f64 / n as f64);
        assert_eq!(majority.reads.resilience(), Ok((n as u32 - 1) / 2));
    }
    for side in [2_usize, 3, 4] {
        let grid = ReadWriteSystem::grid(side, side).unwrap();
        let figures = Figures::alike(side * side);
        let writes = fraction(0.0);
        let load = grid.strategy(&wanted(&figures, &writes)).unwrap().load(&figures, &writes);
        // A column and one of each other: 2 sqrt(N) - 1 of N nodes.
        assert_close(load, (2 * side - 1) as f64 / (side * side) as f64);
    }
}

#[test]
fn order_statistics() {
    assert_close(exponential_order_statistic(3, 1), 1.0 / 3.0);
    assert_close(exponential_order_statistic(3, 3), 1.0 + 1.0 / 2.0 + 1.0 / 3.0);
    let majority = ReadWriteSystem::majority(5).unwrap();
    let enough = majority.reads.answers_enough(5).unwrap();
    assert_close(exponential_latency(&enough), exponential_order_statistic(5, 3));
    // The faster of two pairs, each as fast as its slower node.
    let pairs = reads("a*b + c*d").reads.answers_enough(4).unwrap();
    assert_close(exponential_latency(&pairs), 11.0 / 12.0);
}
