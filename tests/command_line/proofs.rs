//! `quorate prove`.

use super::{Shell, project};

#[test]
fn a_counterexample_is_saved_and_runs_by_itself() {
    let shell = Shell::new();
    let inversion = project("workloads/first-steps/new-old-inversion.toml");
    let found = shell.quorate(&format!("prove {inversion} --json")).ends(0).json();
    assert_eq!(found["verdict"], "invalid");
    let counterexample = &found["counterexample"];
    assert_eq!(counterexample["anomaly"], "new-old-inversion");
    assert_eq!(counterexample["saved"], "new-old-inversion-shortest.toml");

    let saved = counterexample["saved"].as_str().expect("a path");
    let run = shell.quorate(&format!("run {saved} --seed 7")).ends(0);
    assert!(run.out.contains("expected     new-old-inversion: as expected"), "{}", run.out);
    let run = shell.only_run();
    let replayed = shell.quorate(&format!("replay {run}")).ends(0);
    assert!(replayed.out.starts_with("the same: "), "{}", replayed.out);
}

#[test]
fn the_exit_code_tells_what_was_found() {
    let shell = Shell::new();
    let clean = shell.quorate("prove --writers 1 --readers 1").ends(0);
    assert!(clean.out.contains("valid: no interleaving shows a violation"), "{}", clean.out);
    shell.quorate("prove --writers 1 --readers 1 --expect stale-read").ends(1);
    shell.quorate("prove --writers 1 --readers 1 --r 1 --w 1 --save found.toml").ends(1);
    assert!(shell.path("found.toml").exists());
    shell.quorate("prove --writers 1 --readers 1 --r 1 --w 1 --expect violation").ends(0);
    let short = shell.quorate("prove --states 100").ends(2);
    assert!(short.out.contains("unknown: out of states (see --states)"), "{}", short.out);
    shell.quorate("prove --memory 0").ends(2);
}

#[test]
fn more_than_can_be_explored_is_refused() {
    let shell = Shell::new();
    for operations in ["--writers 40", "--writers 0 --readers 0", "--ops-per-client 11"] {
        let refused = shell.quorate(&format!("prove {operations}")).ends(254);
        assert!(refused.err.contains("operations; expected 1 to 32"), "{}", refused.err);
    }
}
