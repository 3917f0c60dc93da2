//! How long it takes to explain a quorum system of seven nodes, and to ask whether a set is a quorum.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use quorate::quorum::{
    Doubts, Explanation, Figures, Goal, Limits, NodeSet, ReadFraction, ReadWriteSystem, Rule,
    Search, Subject, Wanted, search,
};

/// Seven nodes with every kind of choice, and one node named twice.
const EXPRESSION: &str = "majority(a*b, c + d, choose 2 of (e, f, g)) + a*g*(c + e)";

fn wanted<'a>(figures: &'a Figures, reads: &'a ReadFraction) -> Wanted<'a> {
    Wanted { figures, reads, goal: Goal::Load, limits: Limits::default(), failures: 0 }
}

fn explanation(c: &mut Criterion) {
    let (figures, reads) = (Figures::alike(7), ReadFraction::fixed(0.9).expect("it is a share"));
    for expression in [EXPRESSION, "majority(a, b, c, d, e, f, g)"] {
        c.bench_function(&format!("explain {expression}"), |b| {
            b.iter(|| {
                let system =
                    ReadWriteSystem::of_expressions(expression, None).expect("it is right");
                let wanted = wanted(&figures, &reads);
                Explanation::of(Subject {
                    system,
                    wanted,
                    failures: None,
                    zones: Vec::new(),
                    doubts: Doubts::ALL,
                })
            });
        });
    }
}

/// The case study of Whittaker et al. 2021.
fn searching(c: &mut Criterion) {
    let write = [2000.0, 1000.0, 2000.0, 1000.0, 2000.0];
    let figures = Figures {
        read_capacity: write.map(|capacity| 2.0 * capacity).to_vec(),
        write_capacity: write.to_vec(),
        ..Figures::alike(5)
    };
    let weights = [10.0, 20.0, 100.0, 100.0, 100.0, 60.0, 30.0, 30.0, 20.0];
    let shares: Vec<(f64, f64)> =
        weights.iter().zip(1..).map(|(weight, at)| (1.0 - 0.1 * f64::from(at), *weight)).collect();
    let reads = ReadFraction::distributed(&shares).expect("they are shares");
    let system = ReadWriteSystem::majority(5).expect("it is possible");
    let question = Search {
        names: &system.names,
        wanted: wanted(&figures, &reads),
        resilience: 1,
        tried_max: u64::MAX,
    };
    let mut group = c.benchmark_group("search");
    group.sample_size(10);
    group.bench_function("five nodes", |b| b.iter(|| search(&question, &mut || true)));
    group.finish();
}

fn asking(c: &mut Criterion) {
    let threshold = Rule::majority(NodeSet::first(7));
    let system = ReadWriteSystem::of_expressions(EXPRESSION, None).expect("it is right");
    for (name, rule) in [("a threshold", &threshold), ("an expression", &system.reads)] {
        c.bench_function(&format!("128 sets against {name}"), |b| {
            b.iter(|| {
                (0..128).filter(|set| black_box(rule).is_quorum(black_box(NodeSet(*set)))).count()
            });
        });
    }
}

criterion_group!(benches, explanation, searching, asking);
criterion_main!(benches);
