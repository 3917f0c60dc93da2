//! `quorate run` and `quorate replay` of runs that end by themselves.

use std::fs;

use super::{Shell, project};

#[test]
fn the_exit_code_tells_whether_it_was_as_expected() {
    let shell = Shell::new();
    shell.quorate("run --ops 500 --seed 1").ends(0);
    shell.quorate("run --ops 500 --seed 1 --expect violation").ends(1);
    let loose = "run --ops 500 --seed 1 --r 1 --w 1 --nemesis none";
    shell.quorate(loose).ends(1);
    shell.quorate(&format!("{loose} --expect violation")).ends(0);
    shell.quorate(&format!("{loose} --expect stale-read")).ends(0);
    shell.quorate(&format!("{loose} --expect dirty-read")).ends(1);
    shell.write("hard.toml", "[clients]\nvalues = 2\nkeys = 1\nops = 500\n");
    let hard = shell.quorate("run hard.toml --seed 1 --budget 10").ends(2);
    assert!(hard.out.contains("unknown: the budget ran out (see --budget)"), "{}", hard.out);
}

#[test]
fn a_run_is_over_at_its_first_violation_if_asked_to() {
    let shell = Shell::new();
    let loose = "run --ops 20000 --seed 1 --r 1 --w 1 --nemesis none --until-violation";
    let called = shell.quorate(loose).ends(1);
    let told =
        "The run was stopped by its first violation: this is about what happened until then.";
    assert!(called.out.contains(told), "{}", called.out);
    let run = shell.only_run();
    let info = shell.json(&format!("{run}/run.json"));
    assert_eq!(info["status"], "interrupted");
    let stopped_at = info["stopped_at"].as_u64().expect("it was stopped");
    assert!((1..1000).contains(&stopped_at), "{stopped_at}");

    // Up to the event that stopped it the history is not linearizable, and before that one it is.
    let history = fs::read_to_string(shell.path(&format!("{run}/history.jsonl")));
    let history = history.expect("there is a history");
    let first =
        |count: u64| -> String { history.split_inclusive('\n').take(count as usize).collect() };
    shell.write("violated.jsonl", first(stopped_at));
    shell.quorate("check violated.jsonl").ends(1);
    shell.write("valid.jsonl", first(stopped_at - 1));
    shell.quorate("check valid.jsonl").ends(0);
    shell.quorate(&format!("replay {run}")).ends(0);

    let kept =
        shell.quorate("run --ops 500 --seed 7 --until-violation --json --store kept").ends(0);
    assert_eq!(kept.json()["interrupted"], false);
}

#[test]
fn a_run_too_long_for_memory_is_checked_while_it_is_recorded() {
    let shell = Shell::new();
    let called = shell.quorate("run --ops 5000 --seed 7 --record-only --until-violation").ends(0);
    assert!(called.out.contains("valid, checked while it was recorded"), "{}", called.out);
    let run = shell.only_run();
    shell.quorate(&format!("check {run}/history.jsonl --stream")).ends(0);

    let loose = "run --ops 5000 --seed 1 --r 1 --w 1 --store loose";
    let called = shell.quorate(&format!("{loose} --record-only --until-violation")).ends(1);
    assert!(called.out.contains("invalid, checked while it was recorded"), "{}", called.out);
    // Nobody looks unless asked to.
    shell.quorate(&format!("{loose} --record-only")).ends(0);
}

#[test]
fn a_run_leaves_a_directory_that_says_it_all() {
    let shell = Shell::new();
    let called = shell.quorate("run --ops 500 --seed 7").ends(0);
    assert_eq!(called.err, "");
    let run = shell.only_run();
    assert!(called.out.contains(&format!("\nrun          {run}\n")), "{}", called.out);
    assert!(run.ends_with("-majority-abd-7"), "{run}");

    let info = shell.json(&format!("{run}/run.json"));
    assert_eq!((&info["status"], &info["seed"]), (&"finished".into(), &7.into()));
    let history = fs::read_to_string(shell.path(&format!("{run}/history.jsonl")));
    let history = history.expect("there is a history");
    assert_eq!(info["events"], history.lines().count());
    let verdict = shell.json(&format!("{run}/verdict.json"));
    assert_eq!((&verdict["verdict"], &verdict["judgement"]), (&"valid".into(), &"kept".into()));

    // The workload in it runs the same again, by itself and as a replay.
    let again = shell.quorate(&format!("run {run}/workload.toml --seed 7 --store again --json"));
    let again = again.ends(0).json();
    assert_eq!(
        (&again["evidence"], &again["traffic"]),
        (&verdict["evidence"], &verdict["traffic"])
    );
    let replayed = shell.quorate(&format!("replay {run}")).ends(0);
    assert!(replayed.out.starts_with("the same: seed 7 gives the same "), "{}", replayed.out);
    assert!(replayed.out.contains(info["digest"].as_str().expect("a digest")));

    let files = format!("{run}/history.jsonl {run}/certificate.json");
    let verified = shell.quorate(&format!("verify {files}")).ends(0);
    assert_eq!(
        verified.out,
        "accepted: the history is valid (5 keys valid, 0 invalid, 0 left open)\n"
    );
}

#[test]
fn another_history_is_told_by_its_first_line() {
    let shell = Shell::new();
    shell.quorate("run --ops 100 --seed 7").ends(0);
    let run = shell.only_run();
    let path = format!("{run}/history.jsonl");
    let history = fs::read_to_string(shell.path(&path)).expect("there is a history");
    let mut lines: Vec<&str> = history.lines().collect();
    let line = lines[9].replace("\"process\":", "\"process\":1");
    lines[9] = &line;
    shell.write(&path, lines.join("\n") + "\n");
    let replayed = shell.quorate(&format!("replay {run}")).ends(1);
    assert!(
        replayed.out.starts_with("different: the first 9 lines are the same"),
        "{}",
        replayed.out
    );
    assert!(replayed.out.contains(&format!("recorded  {line}\n")), "{}", replayed.out);
    let replayed = shell.quorate(&format!("replay {run} --json")).ends(1).json();
    assert_eq!((&replayed["same"], &replayed["difference"]["line"]), (&false.into(), &10.into()));

    // A history cut short, although the run had finished.
    shell.write(&path, lines[..9].join("\n") + "\n");
    shell.quorate(&format!("replay {run}")).ends(1);
}

#[test]
fn json_is_one_document_and_quiet_is_nothing() {
    let shell = Shell::new();
    let loose = "run --ops 500 --seed 1 --r 1 --w 1 --nemesis none --expect stale-read";
    let document = shell.quorate(&format!("{loose} --json")).ends(0).json();
    assert_eq!(document["verdict"], "invalid");
    assert_eq!(document["judgement"], "weaker-by-design");
    assert_eq!(document["as_expected"], true);
    assert_eq!(document["violations"][0]["anomaly"], "stale-read");
    let quiet = shell.quorate(&format!("{loose} --quiet")).ends(0);
    assert_eq!((quiet.out, quiet.err), (String::new(), String::new()));
    shell.quorate(&format!("{loose} --quiet --json")).ends(254);
}

#[test]
fn options_overrule_the_workload() {
    let shell = Shell::new();
    let workload = project("workloads/first-steps/stale-read.toml");
    let options = "--protocol lww --n 5 --r 4 --w 2 --clients 3 --keys 2 --ops 40 --rate 1000 \
                   --nemesis crash,clock-skew --expect lost-write --seed 0x10";
    shell.quorate(&format!("run {workload} {options}"));
    let run = shell.only_run();
    let text = fs::read_to_string(shell.path(&format!("{run}/workload.toml")));
    let text = text.expect("there is a workload");
    for line in [
        "expect = \"lost-write\"",
        "protocol = \"lww\"",
        "nodes = [\"n1\", \"n2\", \"n3\", \"n4\", \"n5\"]",
        "r = 4",
        "w = 2",
        "count = 3",
        "keys = 2",
        "ops = 40",
        "rate = 1000.0",
        "fault = \"crash\"",
        "fault = \"clock-skew\"",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
    }
    assert!(!text.contains("slow-links"), "{text}");
    assert_eq!(shell.json(&format!("{run}/run.json"))["seed"], 16);
}

#[test]
fn a_store_that_cannot_be_made_is_an_error() {
    let shell = Shell::new();
    shell.write("store", "a file");
    let called = shell.quorate("run --ops 10").ends(254);
    assert!(called.err.starts_with("quorate: cannot make the store store: "), "{}", called.err);
}

#[test]
fn replay_takes_runs_only() {
    let shell = Shell::new();
    let called = shell.quorate("replay .").ends(254);
    assert_eq!(called.err, "quorate: . is no run directory: it has no run.json\n");
    shell.quorate("run --ops 10 --seed 1").ends(0);
    let run = shell.only_run();
    shell.write(&format!("{run}/run.json"), "{\"version\": 99}");
    let called = shell.quorate(&format!("replay {run}")).ends(254);
    assert!(called.err.contains("run.json"), "{}", called.err);
}

#[test]
fn shells_learn_the_commands() {
    let shell = Shell::new();
    for name in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = shell.quorate(&format!("completions {name}")).ends(0).out;
        assert!(script.contains("replay") && script.contains("nemesis"), "{name}: {script}");
    }
    shell.quorate("completions teletype").ends(254);
}

#[test]
fn help_has_examples_and_mistakes_get_hints() {
    let shell = Shell::new();
    for command in ["run", "check", "verify", "report", "replay", "completions"] {
        let help = shell.quorate(&format!("{command} --help")).ends(0);
        assert!(help.out.contains(&format!("Examples:\n  quorate {command}")), "{}", help.out);
    }
    for (mistake, hint) in [
        ("", "Usage: quorate"),
        ("ran", "a similar subcommand exists: 'run'"),
        ("run --replicas 3", "unexpected argument '--replicas'"),
        ("run --n three", "invalid value 'three' for '--n <N>'"),
        ("run --seed one", "invalid value 'one' for '--seed <SEED>'"),
        ("run --time-limit 5", "invalid value '5' for '--time-limit <TIME>'"),
        ("run --budget many", "invalid value 'many' for '--budget"),
        ("run --world moon", "invalid value 'moon' for '--world <WORLD>'"),
        ("check", "<FILE>..."),
        ("verify history.jsonl", "<CERTIFICATE>"),
    ] {
        let called = shell.quorate(mistake).ends(254);
        assert!(called.err.contains(hint), "{mistake}: {}", called.err);
        assert_eq!(called.out, "", "{mistake}");
    }
}
