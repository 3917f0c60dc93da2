//! Failing runs become small stories that show the same.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use quorate::campaign::shrink::{Unshrinkable, shrink, shrink_unavailable};
use quorate::judge::judge;
use quorate::protocol::Configuration;
use quorate::rng::Seed;
use quorate::run::simulate;
use quorate::workload::{Expectation, File, Workload};
use quorate_checker::{Anomaly, Budget};

fn load(path: &str) -> Workload {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads").join(path);
    let text = fs::read_to_string(&path).expect("it is readable");
    File::parse(&path, &text).expect("it is TOML").resolve().expect("it is possible")
}

#[test]
fn stories_are_small_and_show_the_same_anomaly() {
    let mut ops = Vec::new();
    for path in [
        "first-steps/stale-read.toml",
        "first-steps/new-old-inversion.toml",
        "first-steps/lost-write-clock-skew.toml",
        "first-steps/lost-write-unsynced.toml",
        "protocols/siblings.toml",
        "protocols/sloppy.toml",
        "protocols/voting.toml",
        "famous/redis-wait.toml",
        "famous/consul-stale.toml",
        "protocols/chain-any.toml",
    ] {
        let mut workload = load(path);
        workload.clients.ops = workload.clients.ops.min(2_000);
        let Some((seed, shrunk)) = (1..20).find_map(|seed| {
            let shrunk = shrink(&workload, Seed(seed), None, &mut |_| true);
            shrunk.ok().map(|shrunk| (seed, shrunk))
        }) else {
            panic!("{path}: twenty seeds show nothing");
        };
        let what =
            format!("{path}, seed {seed}, {:?}:\n{}", shrunk.after, shrunk.workload.to_toml());
        assert!(shrunk.after.ops <= 10 && shrunk.after.faults <= 4, "{what}");
        ops.push(shrunk.after.ops);
        // As somebody else would run it, from the file alone.
        let file = File::parse(Path::new("story.toml"), &shrunk.workload.to_toml());
        let again = file.expect("it is TOML").resolve().expect("it is possible");
        assert_eq!(again.expect, Expectation::Anomaly(shrunk.anomaly));
        let run = simulate(&again, Seed(99), None, &mut |_| true).expect("nothing is written");
        let judged = judge(&again, run, Budget::GENEROUS, || {});
        assert_eq!(judged.as_expected, Some(true), "{what}");
        // Nothing in it can be left out.
        let script = again.script.expect("it is a script");
        let config = Arc::new(again.config.clone());
        assert!(script.perform(&config).is_ok(), "{what}");
    }
    ops.sort_unstable();
    assert!(ops[ops.len() / 2] <= 5, "{ops:?}");
}

#[test]
fn what_is_not_there_is_not_shrunk() {
    let good = load("first-steps/majority-abd.toml");
    let workload = Workload {
        clients: quorate::workload::Clients { ops: 300, ..good.clients.clone() },
        ..good
    };
    let nothing = shrink(&workload, Seed(1), None, &mut |_| true);
    assert_eq!(nothing, Err(Unshrinkable::NoViolation));
    let stale = load("first-steps/stale-read.toml");
    let seed = (1..20).map(Seed).find(|seed| shrink(&stale, *seed, None, &mut |_| false).is_ok());
    let seed = seed.expect("twenty seeds show nothing");
    let another = shrink(&stale, seed, Some(Anomaly::LostCas), &mut |_| true);
    assert!(matches!(another, Err(Unshrinkable::Another { .. })), "{another:?}");
}

#[test]
fn nodes_without_a_part_are_left_out() {
    let mut workload = load("first-steps/stale-read.toml");
    for (n, r, w) in [(5, 1, 1), (5, 2, 2), (7, 3, 3)] {
        let config = &workload.config;
        workload.config = Configuration { r, w, ..Configuration::new(config.protocol, n, r, w) };
        workload.node_names = (0..n).map(|node| format!("n{node}")).collect();
        let mut stories =
            (1..20).filter_map(|seed| shrink(&workload, Seed(seed), None, &mut |_| true).ok());
        let shrunk = stories.next().expect("twenty seeds show nothing");
        let story = shrunk.workload.to_toml();
        assert_eq!(shrunk.before.nodes, n);
        assert!(shrunk.after.nodes <= 3, "{story}");
        assert_eq!(shrunk.workload.node_names.len(), usize::from(shrunk.after.nodes));
        // Quorums that may miss each other were asked for, and still may.
        let left = &shrunk.workload.config;
        assert!(left.r + left.w <= left.n, "{story}");
        File::parse(Path::new("story.toml"), &story).expect("it is TOML").resolve().expect("it is");
    }
}

#[test]
fn a_run_that_leaves_a_client_behind_becomes_a_smaller_one() {
    let mut workload = load("first-steps/majority-abd.toml");
    workload.clients.ops = 500;
    assert_eq!(shrink_unavailable(&workload, Seed(1), &mut |_| true), None);
    workload.clients.recovery = Some(1);
    let smallest = shrink_unavailable(&workload, Seed(1), &mut |_| true);
    let smallest = smallest.expect("nobody gets through in a nanosecond");
    assert_eq!((smallest.clients.ops, smallest.clients.count), (1, 1));
    assert_eq!(smallest.nemesis, []);
    let early = shrink_unavailable(&workload, Seed(1), &mut |_| false);
    assert_eq!(early.map(|workload| workload.clients), Some(workload.clients));
}
