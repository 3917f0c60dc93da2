//! How fast interleavings are explored: ABD with three nodes and two clients, each of which writes once at
//! one node and then reads once at the next. These are the bounds of Stateright's example
//! `linearizable-register` with two clients and an unordered network.
//!
//! `cargo bench --bench prove`

use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use quorate::campaign::prove::{Ask, Bounds, Client, End, Question, Reductions, prove};
use quorate::client::Action;
use quorate::protocol::NodeId;
use quorate::workload::File;

fn question(reductions: Reductions) -> Question {
    let text = "[cluster]\nprotocol = \"abd\"\nnodes = 3\nr = 2\nw = 2\n";
    let file = File::parse(Path::new("bench.toml"), text).expect("the workload is right");
    let bounds = Bounds {
        crashes: 0,
        duplicates: 0,
        skews: 0,
        timers: 0,
        depth: None,
        states: u64::MAX,
        memory: 8 << 30,
    };
    let workload = file.resolve().expect("the workload is possible");
    let client = |number: NodeId| Client {
        name: format!("c{number}"),
        asks: vec![
            Ask { action: Action::Write(number.into()), node: Some(number) },
            Ask { action: Action::Read, node: Some((number + 1) % 3) },
        ],
    };
    let clients = vec![client(0), client(1)];
    Question { clients, reductions, ..Question::new(&workload, 1, 1, 1, bounds) }
}

fn explore(c: &mut Criterion) {
    let mut group = c.benchmark_group("prove, abd, N = 3, two clients write and read");
    group.sample_size(10);
    let question = question(Reductions::ALL);
    let proof = prove(&question, &mut |_| true);
    assert!(matches!(proof.end, End::Exhausted(None)), "{:?}", proof.end);
    println!(
        "{} states, {} transitions, {} histories",
        proof.states,
        proof.transitions,
        proof.histories.len()
    );
    group.throughput(Throughput::Elements(proof.states));
    group.bench_function("all reductions, states", |b| {
        b.iter(|| prove(&question, &mut |_| true));
    });
    group.finish();
}

criterion_group!(benches, explore);
criterion_main!(benches);
