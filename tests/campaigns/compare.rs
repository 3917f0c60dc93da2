//! On the simulator, figures come out as theory says.

use quorate::campaign::compare::{
    Comparison, Condition, Ground, Question, compare, predicted_stale,
};
use quorate::quorum::exponential_order_statistic;
use quorate::rng::Seed;
use quorate::time::MILLISECOND;
use quorate::workload::Workload;

use super::resolve;

fn healthy(candidates: Vec<Workload>, rounds: u32) -> (Question, Comparison) {
    let conditions = vec![Condition::Healthy];
    let ground = Ground::Simulated;
    let question = Question { candidates, conditions, ground, rounds, seed: Seed(1) };
    let comparison = compare(&question, &mut |_| true).expect("nothing is real");
    (question, comparison)
}

/// Where nothing spreads, a read misses a write as often as their quorums miss each other. Clients take
/// turns, which is not quite at random: hence the hundredth.
#[test]
fn reads_are_stale_as_often_as_quorums_miss_each_other() {
    let alone = |n: u16| {
        resolve(
            "alone.toml",
            &format!(
                "[cluster]\nprotocol = \"lww\"\nnodes = {n}\nr = 1\nw = 1\n\
                 [clients]\ncount = {n}\nkeys = 60\nops = 30000\nrate = 1000.0\npace = \"fixed\"\n\
                 latency = \"constant 10us\"\nfinal_reads = false\ntime_limit = \"1h\"\n\
                 [network]\nloss = 0.9999999\n[disk]\nsync = \"constant 10us\"\n"
            ),
        )
    };
    let (question, comparison) = healthy([2, 3, 5].map(alone).to_vec(), 2);
    for cell in &comparison.cells {
        let workload = &question.candidates[cell.candidate];
        let measured = cell.measured.stale().expect("there were reads").value;
        let predicted = predicted_stale(workload).expect("quorums are counted");
        let n = workload.config.n;
        assert!((measured - predicted).abs() < 0.01, "N = {n}: {measured}, not {predicted}");
    }
}

/// A read waits for the R - 1 fastest of N - 1 answers.
#[test]
fn latencies_are_order_statistics() {
    const N: u16 = 5;
    let links: Vec<String> = (2..=N)
        .map(|to| {
            format!(
                "[[network.links]]\nfrom = \"n1\"\nto = \"n{to}\"\nlatency = \"exponential 1ms\"\n\
                 [[network.links]]\nfrom = \"n{to}\"\nto = \"n1\"\nlatency = \"constant 0ns\"\n"
            )
        })
        .collect();
    let links = links.concat();
    let reading = |r: u16| {
        resolve(
            "reading.toml",
            &format!(
                "[cluster]\nprotocol = \"lww\"\nnodes = {N}\nr = {r}\nw = 1\n\
                 [clients]\ncount = 1\nkeys = 1\nops = 5000\nmix = {{ read = 1 }}\n\
                 latency = \"constant 10us\"\nfinal_reads = false\ntime_limit = \"1h\"\n\
                 [network]\n{links}"
            ),
        )
    };
    let (question, comparison) = healthy((1..=N).map(reading).collect(), 4);
    for cell in &comparison.cells {
        let r = question.candidates[cell.candidate].config.r;
        let measured = cell.measured.reads.mean().expect("there were reads") - 20_000.0;
        let waits = exponential_order_statistic(u32::from(N) - 1, u32::from(r) - 1);
        let predicted = waits * MILLISECOND as f64;
        // One in fifty of it is far more than four standard errors.
        let most = 0.02 * predicted + 100.0;
        assert!((measured - predicted).abs() < most, "R = {r}: {measured}, not {predicted}");
    }
}

#[test]
fn what_costs_more_buys_more() {
    let of = |r: u16, w: u16| {
        resolve(
            "grid.toml",
            &format!(
                "[cluster]\nprotocol = \"lww\"\nnodes = 3\nr = {r}\nw = {w}\n\
                 [clients]\nops = 1000\nfinal_reads = false\n"
            ),
        )
    };
    let question = Question {
        candidates: vec![of(1, 1), of(2, 2), of(3, 3), of(1, 3)],
        conditions: Condition::ALL.to_vec(),
        ground: Ground::Simulated,
        rounds: 4,
        seed: Seed(1),
    };
    let comparison = compare(&question, &mut |_| true).expect("nothing is real");
    assert_eq!(comparison.cells.len(), 12);
    let cell = |condition, place| {
        let is_it = |cell: &&quorate::campaign::compare::Cell| {
            cell.condition == condition && cell.candidate == place
        };
        comparison.cells.iter().find(is_it).expect("every cell is there")
    };
    let [one, majority, all] = [0, 1, 2].map(|place| cell(Condition::Healthy, place));
    assert!(one.latency() < majority.latency() && majority.latency() < all.latency());
    assert!(one.staleness() > 0.02, "{}", one.staleness());
    // Concurrent writes are no staleness; without write-back a read may be overtaken.
    assert!(majority.staleness() < 0.01, "{}", majority.staleness());
    assert!(one.is_best, "nothing is faster");
    let available = |place| {
        let cell = cell(Condition::Partitioned, place);
        cell.measured.availability().expect("there were operations").value
    };
    assert!(available(0) > available(1) && available(1) > available(2));
    let slow = |place| cell(Condition::OneSlowNode, place).latency();
    assert!(slow(2) > Some(3.0 * all.latency().expect("it has one")), "it waits for the slow one");
    let again = compare(&question, &mut |_| true).expect("nothing is real");
    let same = comparison.cells.iter().zip(&again.cells);
    for (one, other) in same {
        assert_eq!(one.measured.throughput(), other.measured.throughput());
        assert_eq!(one.measured.reads.quantile(0.99), other.measured.reads.quantile(0.99));
    }
}

/// Links of two milliseconds and of twelve tell quorums apart, however busy the machine is.
#[cfg(target_os = "linux")]
#[test]
fn processes_are_ranked_alike_by_two_comparisons() {
    let of = |r: u16, w: u16| {
        let link = |to: &str, latency: &str| {
            format!("[[network.links]]\nfrom = \"n1\"\nto = \"{to}\"\nlatency = \"{latency}\"\n")
        };
        resolve(
            "grid.toml",
            &format!(
                "[cluster]\nprotocol = \"lww\"\nnodes = 3\nr = {r}\nw = {w}\n\
                 [clients]\ncount = 1\nops = 60\nfinal_reads = false\n[disk]\nfsync = false\n{}{}",
                link("n2", "constant 2ms"),
                link("n3", "constant 12ms")
            ),
        )
    };
    let scratch = tempfile::tempdir().expect("there is room");
    let question = Question {
        candidates: vec![of(3, 3), of(1, 1), of(2, 2)],
        conditions: vec![Condition::Healthy],
        ground: Ground::Processes {
            program: env!("CARGO_BIN_EXE_quorate").into(),
            scratch: scratch.path().to_owned(),
        },
        rounds: 2,
        seed: Seed(1),
    };
    let ranking = || {
        let comparison = compare(&question, &mut |_| true).expect("processes can be started");
        let mut cells = comparison.cells;
        let bytes = cells[0].measured.bytes().expect("there were runs");
        assert!(bytes.value > 20.0, "{bytes:?}, though writes go to everybody");
        cells.sort_by(|a, b| a.latency().partial_cmp(&b.latency()).expect("a number"));
        cells.iter().map(|cell| cell.candidate).collect::<Vec<_>>()
    };
    assert_eq!(ranking(), [1, 2, 0], "what asks fewer is faster");
    assert_eq!(ranking(), [1, 2, 0], "the second comparison says the same");
    let left = std::fs::read_dir(scratch.path()).expect("it is readable").count();
    assert_eq!(left, 0, "nothing stays behind");
}
