//! Campaigns: what they leave in their store, how they go on, and what comes of a finding.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Shell;

/// One replica answers reads and writes: stale at once.
const STALE: &str = "expect = \"linearizable\"\n\
    [cluster]\nprotocol = \"lww\"\nnodes = 3\nr = 1\nw = 1\n\
    [clients]\ncount = 4\nkeys = 2\n\
    [[nemesis]]\nfault = \"partition\"\n";

/// The lines of a store by trial, without what depends on which trials end first.
fn rows(shell: &Shell, store: &str) -> BTreeMap<u64, Value> {
    let text = fs::read_to_string(shell.path(&format!("{store}/rows.jsonl"))).expect("a store");
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        let mut row: Value = serde_json::from_str(line).expect("a line is JSON");
        row.as_object_mut().expect("a line is an object").remove("new");
        let trial = row["trial"].as_u64().expect("a trial has a number");
        assert_eq!(rows.insert(trial, row), None, "trial {trial} stands there twice");
    }
    rows
}

#[test]
fn a_campaign_is_green_and_goes_on_where_it_was() {
    let shell = Shell::new();
    let of = |runs: u32| format!("torture --runs {runs} --ops 100 --store s --json");
    let result = shell.quorate(&of(6)).ends(0).json();
    assert_eq!((&result["trials"], &result["as_expected"]), (&6.into(), &true.into()));
    let before = fs::read(shell.path("s/rows.jsonl")).expect("a store");
    let result = shell.quorate(&of(9)).ends(0).json();
    assert_eq!(result["trials"], 9);
    let after = fs::read(shell.path("s/rows.jsonl")).expect("a store");
    assert!(after.starts_with(&before), "what was there stays");
    assert_eq!(rows(&shell, "s").into_keys().collect::<Vec<_>>(), (0..9).collect::<Vec<_>>());
    let other = shell.quorate("torture --runs 9 --ops 101 --store s").ends(254);
    let problem = "s is the store of another campaign: its operations is 100, not 101; expected";
    assert!(other.err.contains(problem), "{}", other.err);
}

#[test]
fn shards_are_the_same_as_one_machine() {
    let shell = Shell::new();
    let call = |more: &str| {
        let common = "torture --runs 10 --ops 60 --quiet --seed-from 0x7";
        shell.quorate(&format!("{common} {more}")).ends(0)
    };
    call("--store whole");
    let mut shards = BTreeMap::new();
    for number in 1..=3 {
        call(&format!("--store part{number} --shard {number}/3"));
        shards.extend(rows(&shell, &format!("part{number}")));
    }
    assert_eq!(shards, rows(&shell, "whole"));
    assert_eq!(shards[&4]["seed"], 11);
}

#[cfg(unix)]
#[test]
fn a_kill_loses_what_is_under_way_and_nothing_else() {
    let shell = Shell::new();
    let campaign = "torture --runs 60 --ops 400 --jobs 2 --quiet --store s";
    let mut child = shell.command(campaign).spawn().expect("it starts");
    let deadline = Instant::now() + Duration::from_secs(60);
    let lines = || fs::read_to_string(shell.path("s/rows.jsonl")).map_or(0, |s| s.lines().count());
    while lines() < 10 {
        assert!(Instant::now() < deadline, "nothing is stored");
        sleep(Duration::from_millis(1));
    }
    let mut kill = Command::new("kill");
    assert!(kill.args(["-KILL", &child.id().to_string()]).status().expect("a kill").success());
    child.wait().expect("it ends");
    // As if it had been killed in the middle of a line.
    let mut text = fs::read_to_string(shell.path("s/rows.jsonl")).expect("a store");
    text += "{\"trial\":1000,";
    shell.write("s/rows.jsonl", text);
    shell.quorate(campaign).ends(0);
    let again = rows(&shell, "s");
    shell.quorate(&campaign.replace("--store s", "--store fresh")).ends(0);
    assert_eq!(again, rows(&shell, "fresh"));
    assert_eq!(again.len(), 60);
}

#[test]
fn a_finding_is_shrunk_to_a_workload_that_shows_it() {
    let shell = Shell::new();
    shell.write("one.toml", STALE);
    let files = "--junit t.xml --markdown t.md --json";
    let called = shell.quorate(&format!("torture one.toml --runs 8 --ops 300 --store s {files}"));
    let result = called.ends(1).json();
    let groups = result["groups"].as_array().expect("groups");
    let group = groups.iter().find(|group| group["is_failure"] == true).expect("a failure");
    let file = group["file"].as_str().expect("a file");
    let anomaly = group["finding"].as_str().expect("a name");
    let run = shell.quorate(&format!("run {file} --json")).ends(0).json();
    assert_eq!(run["expected"], anomaly);
    assert_eq!(run["violations"][0]["anomaly"], anomaly);
    let script = fs::read_to_string(shell.path(file)).expect("it is saved");
    let count = |word: &str| script.lines().filter(|line| line.contains(word)).count();
    assert!(count(": read") + count(": write") <= 10, "{script}");
    let junit = fs::read_to_string(shell.path("t.xml")).expect("it is written");
    assert!(junit.contains("<failure") && junit.contains(anomaly), "{junit}");
    let markdown = fs::read_to_string(shell.path("t.md")).expect("it is written");
    assert!(markdown.starts_with("### ✗ NOT as expected: 8 runs"), "{markdown}");
    assert!(markdown.contains(&format!("`quorate run {file}`")), "{markdown}");
    // What must show an anomaly has to show it once.
    shell.write("two.toml", STALE.replace("linearizable", anomaly));
    shell.quorate("torture two.toml --runs 8 --ops 300 --store two --quiet").ends(0);
    shell.write("three.toml", STALE.replace("linearizable", "lost-cas"));
    shell.quorate("torture three.toml --runs 4 --ops 30 --store three --quiet").ends(1);
}

#[test]
fn a_run_is_shrunk_and_so_is_a_workload_with_its_seed() {
    let shell = Shell::new();
    shell.write("one.toml", STALE);
    shell.quorate("run one.toml --ops 300 --seed 3").ends(1);
    let run = shell.only_run();
    let result = shell.quorate(&format!("shrink {run} --save a.toml --json")).ends(0).json();
    assert!(result["after"]["ops"].as_u64() < result["before"]["ops"].as_u64());
    assert_eq!(result["picture"], "a.svg");
    let picture = fs::read_to_string(shell.path("a.svg")).expect("it is drawn");
    let title = format!(">{} on key ", result["anomaly"].as_str().expect("a name"));
    assert!(picture.contains("class=\"message ") && picture.contains(&title), "{picture}");
    shell.quorate("run a.toml --quiet").ends(0);
    let text = shell.quorate("shrink a.toml --save b.toml").ends(0);
    assert!(
        text.out.contains("\npicture      b.svg\nagain        quorate run b.toml"),
        "{}",
        text.out
    );
    let short = fs::read_to_string(shell.path("b.toml")).expect("it is saved");
    let long = fs::read_to_string(shell.path("a.toml")).expect("it is saved");
    assert!(short.lines().count() <= long.lines().count());
    let refused = shell.quorate("shrink one.toml").ends(254);
    assert!(refused.err.contains("expected --seed"), "{}", refused.err);
    shell.write("kept.toml", STALE.replace(" = 1", " = 2").replace("lww", "abd"));
    let kept = shell.quorate("shrink kept.toml --seed 1").ends(1);
    assert!(kept.out.contains("no register shows a violation with this seed"), "{}", kept.out);
}

#[test]
fn parts_of_a_campaign_are_merged() {
    let shell = Shell::new();
    shell.write("one.toml", STALE);
    let call = |more: &str| {
        shell.quorate(&format!("torture one.toml --runs 6 --ops 120 --quiet {more}")).ends(1)
    };
    call("--store whole");
    call("--store a --shard 1/2");
    call("--store b --shard 2/2");
    let merged = shell.quorate("merge a b b --into all --json").ends(1).json();
    let whole = shell.json("whole/result.json");
    for name in ["trials", "ops", "covered", "as_expected"] {
        assert_eq!(merged[name], whole[name], "{name}");
    }
    assert_eq!(rows(&shell, "all"), rows(&shell, "whole"));
    shell.quorate("torture --runs 2 --ops 50 --quiet --store other").ends(0);
    let refused = shell.quorate("merge a other --into more").ends(254);
    assert!(refused.err.contains("other is the store of another campaign"), "{}", refused.err);
    let refused = shell.quorate("merge a --into all").ends(254);
    assert!(refused.err.contains("all is there already"), "{}", refused.err);
}

#[test]
fn configurations_are_compared() {
    let shell = Shell::new();
    let call = "compare --protocol lww --n 3 --r all --w all --rounds 3 --ops 200";
    let called = shell.quorate(&format!("{call} --csv c.csv --html c.html")).ends(0);
    assert!(called.out.lines().all(|line| line.chars().count() <= 80), "{}", called.out);
    assert!(called.out.contains("partitioned: four tenths"), "{}", called.out);
    let csv = fs::read_to_string(shell.path("c.csv")).expect("it is written");
    let lines: Vec<usize> = csv.lines().map(|line| line.split(',').count()).collect();
    assert_eq!(lines, vec![lines[0]; 28]);
    let html = fs::read_to_string(shell.path("c.html")).expect("it is written");
    assert_eq!(html.matches("class=\"heat\"").count(), 15);
    assert!(!html.contains("http") && !html.contains("<script"));
    let json = shell.quorate(&format!("{call} --conditions healthy --json")).ends(0).json();
    let cells = json["cells"].as_array().expect("cells");
    assert_eq!(cells.len(), 9);
    assert!(cells.iter().any(|cell| cell["on_pareto_front"] == true));
    let like = "compare --like cassandra --rf 3 --read ONE --write QUORUM --conditions healthy";
    shell.quorate(&format!("{like} --rounds 3 --ops 100 --quiet")).ends(0);
    shell.quorate("compare --r 4 --n 3").ends(254);
    shell.quorate("compare --conditions stormy").ends(254);
}

#[test]
fn a_calibration_is_quoted() {
    let shell = Shell::new();
    let common = "--ops 200 --seed-from 1";
    let mutants = "--mutants no-write-back,write-quorum-off-by-one --runs 10 --most 200";
    let workload = super::project("workloads/first-steps/majority-abd.toml");
    let call = format!("calibrate {workload} {mutants} {common} --save c.json --json");
    let result = shell.quorate(&call).ends(0).json();
    assert_eq!(result["survivors"], Value::Array(Vec::new()));
    assert_eq!(result["mutants"].as_array().map(Vec::len), Some(2));
    let told = shell.quorate(&format!("torture --runs 5 {common} --calibration c.json")).ends(0);
    assert!(told.out.contains("a bug of class quorum would"), "{}", told.out);
    shell.quorate("calibrate --mutants bumblebee").ends(254);
}
