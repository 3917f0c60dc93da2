//! How fast histories are checked, from memory, with the proof; beside a textbook search (Wing and
//! Gong's with Lowe's memory of configurations) on the same history in the same run.
//!
//! `cargo bench --bench checker`

#[path = "../../checker/tests/common/large.rs"]
mod large;
mod wing_gong_lowe;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use large::Large;
use quorate_checker::{Budget, Builder, History, Rules, Value, ValueId, Verdict, check};

fn history(shape: Large, seed: u64) -> History {
    let mut builder = Builder::default();
    large::make(shape, seed, |event| builder.push(&event).expect("made histories are well-formed"));
    builder.finish()
}

fn bench(c: &mut Criterion, group: &str, shape: Large, op_counts: &[u32]) {
    let mut group = c.benchmark_group(group);
    group.sample_size(10);
    for op_count in op_counts {
        let history = history(Large { op_count: *op_count, ..shape }, 1);
        group.throughput(Throughput::Elements(u64::from(*op_count)));
        group.bench_with_input(BenchmarkId::from_parameter(op_count), &history, |b, history| {
            b.iter(|| {
                let report = check(history, &Rules::default(), Budget::GENEROUS);
                assert_eq!(report.verdict(), Verdict::Valid);
                report
            });
        });
    }
    group.finish();
}

fn distinct(c: &mut Criterion) {
    bench(c, "distinct values, 10 clients", Large::DISTINCT, &[10_000, 100_000, 1_000_000]);
    let cas = Large { cas: true, ..Large::DISTINCT };
    bench(c, "distinct values with cas, 10 clients", cas, &[1_000_000]);
    let keys = Large { keys: 1000, ..Large::DISTINCT };
    bench(c, "distinct values, 10 clients, 1000 keys", keys, &[1_000_000]);
}

fn repeated(c: &mut Criterion) {
    bench(c, "five values with cas, 10 clients", Large::SMALL_DOMAIN, &[1_000, 10_000, 100_000]);
    let info = Large { info_per_mille: 10, ..Large::SMALL_DOMAIN };
    bench(c, "five values with cas, 10 clients, 1 % info", info, &[10_000]);
}

/// The same histories through the textbook search.
fn baseline(c: &mut Criterion) {
    let mut group = c.benchmark_group("baseline: textbook search, 10 clients");
    group.sample_size(10);
    for (name, shape) in
        [("distinct values", Large::DISTINCT), ("five values", Large::SMALL_DOMAIN)]
    {
        let op_count = 1_000;
        let history = history(Large { op_count, ..shape }, 1);
        group.throughput(Throughput::Elements(u64::from(op_count)));
        group.bench_with_input(BenchmarkId::new(name, op_count), &history, |b, history| {
            let initial = history.values.find(&Value::Nil).unwrap_or(ValueId::NONE);
            b.iter(|| assert!(wing_gong_lowe::is_linearizable(&history.keys[0].ops, initial)));
        });
    }
    group.finish();
}

criterion_group!(benches, distinct, repeated, baseline);
criterion_main!(benches);
