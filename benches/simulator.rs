//! How many client operations the simulator gets through on one core, with the history recorded in
//! memory; beside a bare event loop that delivers as many messages of the same size, with latencies
//! drawn the same way, and nothing else.
//!
//! `cargo bench --bench simulator`

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use quorate::rng::Seed;
use quorate::run::simulate;
use quorate::workload::{File, Workload};
use rand::RngExt;

const OPS: u64 = 100_000;

fn workload(protocol: &str) -> Workload {
    let text = format!(
        "[cluster]\nprotocol = \"{protocol}\"\nnodes = 3\nr = 2\nw = 2\n\
         [clients]\ncount = 10\nkeys = 5\nops = {OPS}\nfinal_reads = false\n\
         time_limit = \"1h\"\n"
    );
    let file = File::parse(Path::new("bench.toml"), &text).expect("the workload is right");
    file.resolve().expect("the workload is possible")
}

fn simulator(c: &mut Criterion) {
    let mut group = c.benchmark_group("simulator, N = 3, R = W = 2, 10 clients");
    group.sample_size(20).throughput(Throughput::Elements(OPS));
    for protocol in ["lww", "abd"] {
        let workload = workload(protocol);
        group.bench_function(protocol, |b| {
            b.iter(|| {
                simulate(&workload, Seed(1), None, &mut |_| true).expect("nothing is written")
            });
        });
    }
    group.finish();
}

/// A message as large as the protocol's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Message {
    operation: u64,
    words: [u64; 5],
}

/// Ten clients, each with an operation of `messages` messages one after the other.
fn bare_loop(messages: u64) -> u64 {
    let mut rng = Seed(1).fork("bare");
    let mut queue: BinaryHeap<Reverse<(u64, u64, Message)>> = BinaryHeap::new();
    let (mut order, mut done) = (0, 0);
    for operation in 0..10 {
        queue.push(Reverse((0, order, Message { operation, words: [0; 5] })));
        order += 1;
    }
    while let Some(Reverse((now, _, mut message))) = queue.pop() {
        message.words[0] += 1;
        if message.words[0].is_multiple_of(messages) {
            done += 1;
            if done == OPS {
                break;
            }
        }
        order += 1;
        queue.push(Reverse((now + rng.random_range(500_000..1_500_000), order, message)));
    }
    done
}

fn baseline(c: &mut Criterion) {
    let mut group = c.benchmark_group("baseline: bare event loop");
    group.sample_size(20).throughput(Throughput::Elements(OPS));
    // Between nodes 4 messages in one phase and 8 in two; 2 with the client; 3 syncs of a write,
    // which half of the operations are (of abd's reads, all that find something store it again).
    for (name, messages) in [("as for lww: 7.5 events", 7), ("as for abd: 11.5 events", 11)] {
        group.bench_function(name, |b| b.iter(|| bare_loop(messages)));
    }
    group.finish();
}

criterion_group!(benches, simulator, baseline);
criterion_main!(benches);
