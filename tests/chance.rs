//! Quorums by chance miss each other as often as the closed form says.

use std::path::Path;

use quorate::campaign::statistics::Estimate;
use quorate::quorum::{miss_bound, miss_probability};
use quorate::rng::Seed;
use quorate::run::simulate;
use quorate::workload::File;
use quorate_checker::{Function, History, Outcome};

/// One client, which reads and writes one register; nothing is broken, and nothing is repaired.
fn history(n: u32, r: u32, w: u32) -> History {
    let text = format!(
        "[cluster]\nprotocol = \"lww\"\nnodes = {n}\nr = {r}\nw = {w}\nasks = \"chance\"\n\
         [clients]\ncount = 1\nkeys = 1\nops = 20_000\ntime_limit = \"1h\"\nfinal_reads = false\n"
    );
    let file = File::parse(Path::new("chance.toml"), &text).expect("it is TOML");
    let workload = file.resolve().expect("it is possible");
    simulate(&workload, Seed(1), None, &mut |_| true).expect("nothing is written").history
}

/// How many reads after a write missed the last one, and how many there were.
fn missed(history: &History) -> (u64, u64) {
    let (mut last, mut missed, mut reads) = (None, 0, 0);
    for op in &history.keys[0].ops {
        assert_eq!(op.outcome(), Outcome::Ok);
        match (op.function(), last) {
            (Function::Write, _) => last = Some(op.a),
            (_, Some(value)) => {
                reads += 1;
                missed += u64::from(op.a != value);
            }
            (_, None) => {}
        }
    }
    (missed, reads)
}

#[test]
fn reads_miss_the_last_write_as_often_as_the_closed_form_says() {
    let sizes = [(3, 1, 1), (3, 1, 2), (5, 2, 2), (9, 3, 3), (16, 4, 4), (10, 2, 5), (5, 3, 3)];
    for (n, r, w) in sizes {
        let expected = miss_probability(n, r, w);
        let (missed, reads) = missed(&history(n, r, w));
        let measured = Estimate::share(missed, reads);
        let what = format!("N = {n}, R = {r}, W = {w}: {measured:?}, expected {expected}");
        // Twice the width of the 95 % interval is that of 99.99 %: none of these is to fail by chance.
        let (below, above) = (measured.value - measured.low, measured.high - measured.value);
        let (low, high) = (measured.value - 2.0 * below, measured.value + 2.0 * above);
        assert!((low..=high).contains(&expected), "{what}");
        // A quorum of one more or one less would be told from this one.
        assert!(measured.half_width() < 0.01, "{what}");
        assert!(
            expected == 0.0 || (expected - miss_probability(n, r, w + 1)).abs() > 0.04,
            "{what}"
        );
        if r == w {
            assert!(measured.low <= miss_bound(n, r), "{what}");
        }
    }
}

#[test]
fn the_closed_form_has_the_numbers_of_the_literature() {
    for (n, r, w, expected) in [(3, 1, 1, 2.0 / 3.0), (3, 1, 2, 1.0 / 3.0), (5, 2, 2, 0.3)] {
        assert!((miss_probability(n, r, w) - expected).abs() < 1e-12, "N = {n}, R = {r}, W = {w}");
    }
    assert!(miss_probability(9, 3, 3) < miss_bound(9, 3));
}
