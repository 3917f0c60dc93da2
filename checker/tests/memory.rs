//! What an operation costs in memory, the check with its proof included, and what a single event can.
//! Allocations are counted, so the figures are the same on every machine.

#[path = "common/large.rs"]
mod large;

use large::Large;
use peak_alloc::PeakAlloc;
use quorate_checker::{Budget, Builder, Reader, Rules, Verdict, check};

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

/// Bytes at the peak while an event is read that is as long as it may be and all `part`.
fn cost_of_event(before: &str, part: &str, after: &str) -> usize {
    let file = [before, &part.repeat((4 << 20) / part.len() - 100), after].concat();
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let read = Reader::new(file.as_bytes(), None).map(Iterator::count);
    assert!(read.is_ok());
    ALLOCATOR.peak_usage() - before
}

/// One test, since all tests of a program share its allocator.
#[test]
fn an_operation_costs_tens_of_bytes_and_no_event_costs_all_memory() {
    let (held, peak) = cost(Large { op_count: 1_000_000, ..Large::DISTINCT });
    println!("distinct values: {held:.1} bytes held, {peak:.1} at the peak");
    assert!(held < 64.0, "{held:.1} bytes an operation");
    assert!(peak < 100.0, "{peak:.1} bytes an operation");
    let (held, peak) = cost(Large { op_count: 100_000, ..Large::SMALL_DOMAIN });
    println!("five values: {held:.1} bytes held, {peak:.1} at the peak");
    assert!(peak < 1000.0, "{peak:.1} bytes an operation");
    let fields = "\"process\":0,\"type\":\"invoke\",\"f\":\"write\"";
    let json = format!("{{{fields},\"value\":[");
    let edn = "{:process 0, :type :invoke, :f :write, :value [";
    let deep = |depth: usize| format!("{}1{} ", "[".repeat(depth), "]".repeat(depth));
    let peak = [
        cost_of_event(edn, "[1]", "]}"),
        cost_of_event(edn, &deep(60), "]}"),
        cost_of_event(&edn.replace('[', "{"), "1 1 ", "}}"),
        cost_of_event(&json, &deep(100).replace(' ', ","), "1]}"),
        cost_of_event(&json.replace('[', "{"), "\"\":1,", "\"\":1}}"),
    ]
    .map(|bytes| bytes >> 20);
    println!("events of 4 MiB: {peak:?} MiB");
    assert!(peak.iter().all(|peak| *peak < 512), "{peak:?} MiB");
}
