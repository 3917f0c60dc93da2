//! What an operation costs in memory, the check with its proof included. Allocations are counted, so
//! the figure is the same on every machine.

#[path = "common/large.rs"]
mod large;

use large::Large;
use peak_alloc::PeakAlloc;
use quorate_checker::{Budget, Builder, Rules, Verdict, check};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Bytes an operation: held by the history, and at the peak of its check.
fn cost(shape: Large) -> (f64, f64) {
    let mut builder = Builder::default();
    large::make(shape, 1, |event| builder.push(&event).expect("made histories are well-formed"));
    let history = builder.finish();
    ALLOCATOR.reset_peak_usage();
    let held = ALLOCATOR.current_usage();
    let report = check(&history, &Rules::default(), Budget::GENEROUS);
    assert_eq!(report.verdict(), Verdict::Valid);
    let per_op = |bytes: usize| bytes as f64 / f64::from(shape.op_count);
    (per_op(held), per_op(ALLOCATOR.peak_usage()))
}

/// One test, since all tests of a program share its allocator.
#[test]
fn an_operation_costs_tens_of_bytes() {
    let (held, peak) = cost(Large { op_count: 1_000_000, ..Large::DISTINCT });
    println!("distinct values: {held:.1} bytes held, {peak:.1} at the peak");
    assert!(held < 64.0, "{held:.1} bytes an operation");
    assert!(peak < 100.0, "{peak:.1} bytes an operation");
    let (held, peak) = cost(Large { op_count: 100_000, ..Large::SMALL_DOMAIN });
    println!("five values: {held:.1} bytes held, {peak:.1} at the peak");
    assert!(peak < 1000.0, "{peak:.1} bytes an operation");
}
