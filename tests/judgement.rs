//! Verdict against promise, and the evidence behind it.

use std::path::Path;

use quorate::judge::{Judged, Judgement, judge};
use quorate::nemesis::FaultKind;
use quorate::rng::Seed;
use quorate::run::{Run, simulate};
use quorate::workload::{File, Workload};
use quorate_checker::{Budget, Function, Op, Outcome, Verdict};

fn workload(text: &str) -> Workload {
    let file = File::parse(Path::new("judged.toml"), text).expect("it is TOML");
    file.resolve().expect("it is possible")
}

fn record(workload: &Workload, seed: u64) -> Run {
    simulate(workload, Seed(seed), None, &mut |_| true).expect("nothing is written")
}

fn judged(text: &str, seed: u64) -> Judged {
    let workload = workload(text);
    judge(&workload, record(&workload, seed), Budget::GENEROUS, || {})
}

const STRICT: &str = "[cluster]\nr = 2\nw = 2\n[clients]\nops = 1000\n";
const LOOSE: &str = "[cluster]\nr = 1\nw = 1\n[clients]\nops = 1000\n";

#[test]
fn each_judgement_has_its_case() {
    let strict = judged(STRICT, 1);
    assert_eq!((strict.verdict, strict.judgement), (Verdict::Valid, Judgement::Kept));
    assert_eq!(strict.as_expected, Some(true));

    let loose = judged(LOOSE, 1);
    assert_eq!((loose.verdict, loose.judgement), (Verdict::Invalid, Judgement::WeakerByDesign));
    assert_eq!(loose.as_expected, Some(false));

    let lucky = judged(&LOOSE.replace("ops = 1000", "ops = 10\nkeys = 10"), 1);
    assert_eq!((lucky.verdict, lucky.judgement), (Verdict::Valid, Judgement::NotShown));

    // What a strict cluster with a bug would record: the run of a loose one.
    let buggy = record(&workload(LOOSE), 1);
    let buggy = judge(&workload(STRICT), buggy, Budget::GENEROUS, || {});
    assert_eq!((buggy.verdict, buggy.judgement), (Verdict::Invalid, Judgement::Broken));

    let repeated = format!("{STRICT}values = 2\nkeys = 1\n");
    let hard = record(&workload(&repeated), 1);
    let undecided = judge(&workload(&repeated), hard, Budget { steps: 10, bytes: 1 << 20 }, || {});
    assert_eq!(undecided.verdict, Verdict::Unknown);
    assert_eq!((undecided.judgement, undecided.as_expected), (Judgement::Undecided, None));
}

#[test]
fn regularity_forbids_stale_reads_and_allows_inversions() {
    let regular = STRICT.replace("r = 2", "r = 2\nwrite_back = false");
    let stale = record(&workload(LOOSE), 1);
    let stale = judge(&workload(&regular), stale, Budget::GENEROUS, || {});
    assert_eq!(stale.judgement, Judgement::Broken);
    let inverted = (1..100).map(|seed| judged(&regular, seed)).find(|j| !j.violations.is_empty());
    assert_eq!(inverted.map(|judged| judged.judgement), Some(Judgement::WeakerByDesign));
}

#[test]
fn a_run_in_which_nothing_could_have_gone_wrong_says_so() {
    let vacuous = |clients: &str| {
        let judged = judged(&format!("[clients]\nops = 50\n{clients}\n"), 1);
        assert_eq!(judged.judgement, Judgement::Kept);
        judged.evidence.vacuous
    };
    assert_eq!(
        vacuous("mix = { write = 1 }\nfinal_reads = false"),
        "no read succeeded, so nobody looked"
    );
    assert_eq!(vacuous("mix = { read = 1 }"), "no write succeeded, so there was nothing to lose");
    assert_eq!(vacuous("count = 1"), "no read overlapped a write, and no fault met an operation");
    assert_eq!(vacuous("count = 10"), "");
}

fn overlaps(a: (i64, i64), b: (i64, i64)) -> bool {
    a.0 < b.1 && b.0 < a.1
}

#[test]
fn evidence_is_what_counting_by_hand_gives() {
    let text = "[clients]\nops = 400\ncount = 4\nkeys = 3\nrate = 500.0\n\
                [[nemesis]]\nfault = \"crash\"\ninterval = \"50ms\"\nduration = \"30ms\"\n\
                [[nemesis]]\nfault = \"partition\"\ninterval = \"3ms\"\nduration = \"200us\"\n";
    for seed in 0..10 {
        let workload = workload(text);
        let run = record(&workload, seed);
        let span = |op: &Op| (op.call_time, op.ret_time);
        let keys: Vec<&Vec<Op>> = run.history.keys.iter().map(|key| &key.ops).collect();
        let ops: Vec<&Op> = keys.iter().flat_map(|ops| ops.iter()).collect();
        let contended = keys.iter().flat_map(|ops| ops.iter().map(move |op| (op, ops)));
        let contended = contended.filter(|(read, ops)| {
            let writes =
                |op: &&Op| op.function() == Function::Write && op.outcome() != Outcome::Fail;
            read.function() == Function::Read
                && read.outcome() == Outcome::Ok
                && ops.iter().filter(writes).any(|write| overlaps(span(read), span(write)))
        });
        let contended = contended.count() as u64;
        let ok = ops.iter().filter(|op| op.outcome() == Outcome::Ok).count() as u64;
        let mut by_kind = Vec::new();
        for kind in [FaultKind::Crash, FaultKind::Partition] {
            let windows = run.faults.iter().filter(|window| window.kind == kind);
            let windows: Vec<(i64, i64)> =
                windows.map(|window| (window.from as i64, window.to as i64)).collect();
            let met =
                windows.iter().filter(|window| ops.iter().any(|op| overlaps(span(op), **window)));
            let hit =
                ops.iter().filter(|op| windows.iter().any(|window| overlaps(span(op), *window)));
            by_kind.push((windows.len() as u64, met.count() as u64, hit.count() as u64));
        }

        let evidence = judge(&workload, run, Budget::GENEROUS, || {}).evidence;
        assert_eq!(evidence.contended_reads, contended);
        assert_eq!(evidence.outcomes.values().map(|outcomes| outcomes.ok).sum::<u64>(), ok);
        let of = |kind: FaultKind| {
            let fault = evidence.faults[kind.name()];
            (fault.times, fault.overlapping, fault.ops)
        };
        assert_eq!(vec![of(FaultKind::Crash), of(FaultKind::Partition)], by_kind);
        assert!(by_kind[1].1 < by_kind[1].0, "every partition met an operation: {by_kind:?}");
    }
}
