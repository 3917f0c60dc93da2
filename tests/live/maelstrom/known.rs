//! Known answers: what a program is known to keep and to break, it keeps and breaks.

use std::fs;
use std::path::Path;

use serde_json::Value;

use quorate::workload::File;

use super::super::left::assert_nothing_runs_in;
use super::super::shell::{self, Shell, project};
use super::has_python;

/// Runs a workload of the collection, which must end as it says. Returns what came of it.
#[track_caller]
fn ends_as_it_says(workload: &str, judgement: &str) -> Option<Value> {
    if !has_python() {
        return None;
    }
    let shell = Shell::new();
    let text = fs::read_to_string(project(&format!("workloads/maelstrom/{workload}.toml")));
    // The commands of the collection are for the directory of the project.
    let text = text
        .expect("it is there")
        .replace("workloads/maelstrom/", &project("workloads/maelstrom/"));
    shell.write("w.toml", text);
    shell.quorate("run w.toml --seed 1 --quiet").ends(0);
    let run = shell.only_run();
    let ledger = shell.json(&format!("{run}/traffic.json"));
    let messages = ledger["nodes"][0]["messages"].as_array().expect("books are kept");
    assert!(messages.iter().any(|count| count.as_u64() > Some(0)), "{ledger}");
    let verdict = shell.json(&format!("{run}/verdict.json"));
    assert_eq!(verdict["judgement"], judgement, "{verdict:#}");
    assert_eq!(verdict["program"]["contract"], "maelstrom");
    assert_eq!(verdict["evidence"]["vacuous"], "", "{verdict:#}");
    let faults = verdict["evidence"]["faults"].as_object().expect("there were faults");
    let met = |fault: &Value| fault["ops"].as_u64() > Some(0);
    assert!(!faults.is_empty() && faults.values().all(met), "{faults:#?}");
    assert!(shell.path(&format!("{run}/log/n1.log")).exists());
    assert!(!shell.path(&format!("{run}/disks")).exists(), "disks are left");
    assert_nothing_runs_in(&shell.path(""));
    shell.quorate(&format!("check {run}/history.jsonl --quiet"));
    Some(verdict)
}

#[test]
fn majorities_in_python_hold_under_every_fault() {
    let Some(verdict) = ends_as_it_says("abd", "kept") else { return };
    let traffic = &verdict["traffic"];
    for what in ["messages", "cut", "lost", "doubled"] {
        assert!(traffic[what].as_u64() > Some(0), "{what}: {traffic}");
    }
    for fault in ["crash", "partition", "pause"] {
        assert!(verdict["evidence"]["faults"][fault]["times"].as_u64() > Some(0), "{fault}");
    }
}

#[test]
fn reads_that_ask_nobody_are_stale() {
    ends_as_it_says("local-reads", "broken");
}

/// Runs the program that asks a store of Maelstrom's for everything. Returns what came of it.
fn asking(store: &str, code: i32) -> Value {
    let shell = Shell::new();
    shell.write(
        "w.toml",
        format!(
            "[maelstrom]\nstart = \"python3 {} {store}\"\n[clients]\nmix = {{ read = 2, write = 1, cas = 1 }}\n\
             time_limit = \"2s\"\n",
            project("workloads/maelstrom/proxy.py")
        ),
    );
    shell.quorate("run w.toml --seed 1 --json").ends(code).json()
}

#[test]
fn the_stores_that_nodes_may_ask_are_what_they_are_called() {
    if !has_python() {
        return;
    }
    let lin = asking("lin-kv", 0);
    assert_eq!(lin["judgement"], "kept", "{lin:#}");
    // Some compare-and-set succeeds, and some finds another value.
    for outcome in ["ok", "fail"] {
        assert!(lin["evidence"]["outcomes"]["cas"][outcome].as_u64() > Some(0), "{lin:#}");
    }
    let seq = asking("seq-kv", 1);
    assert_eq!(seq["judgement"], "broken", "{seq:#}");
    assert_ne!(seq["conditions"]["sequential"], "invalid", "{seq:#}");
}

/// What was broken and mended, in order.
fn faults(shell: &Shell, run: &str) -> Vec<String> {
    let history = fs::read_to_string(shell.path(&format!("{run}/history.jsonl")));
    let history = history.expect("it is there");
    let events = history.lines().map(|line| shell::read_json(line.as_bytes()));
    let events = events.filter(|event| event["process"] == "nemesis");
    events.map(|event| format!("{} {}", event["f"], event["value"])).collect()
}

#[test]
fn the_same_seed_breaks_the_same_things() {
    if !has_python() {
        return;
    }
    let program = project("workloads/maelstrom/abd.py");
    let of_seed = |seed: u64| {
        let shell = Shell::new();
        let text = format!(
            "[maelstrom]\nstart = \"python3 {program}\"\n[clients]\ntime_limit = \"2s\"\n\
             [[nemesis]]\nfault = \"partition\"\ninterval = \"200ms\"\nduration = \"200ms\"\n"
        );
        shell.write("w.toml", text);
        shell.quorate(&format!("run w.toml --seed {seed} --quiet")).ends(0);
        let run = shell.only_run();
        faults(&shell, &run)[..6].to_vec()
    };
    let first = of_seed(1);
    assert_eq!(first, of_seed(1));
    assert_ne!(first, of_seed(2));
}

#[test]
fn a_resolved_workload_is_a_file_that_resolves_to_itself() {
    let text = "
        about = \"everything\"
        [maelstrom]
        start = \"python3 'my node.py' --name \\\"x\\\"\"
        promise = \"sequential\"
        [cluster]
        nodes = [\"n1\", \"n2\"]
        [clients]
        mix = { read = 1, write = 1, cas = 1 }
        [network]
        latency = \"uniform 1ms 2ms\"
        loss = 0.1
        duplication = 0.2
        reordering = false
        [[network.links]]
        from = \"n1\"
        to = \"n2\"
        latency = \"constant 9ms\"
        [[nemesis]]
        fault = \"slow-links\"
        [[nemesis]]
        fault = \"kill\"
    ";
    let resolve = |text: &str| {
        let file = File::parse(Path::new("w.toml"), text).unwrap_or_else(|e| panic!("{e}"));
        file.resolve_to_run().unwrap_or_else(|error| panic!("{error}\n{text}"))
    };
    let workload = resolve(text);
    let program = workload.program.as_ref().expect("it names one");
    assert_eq!(program.promise().condition.name(), "sequential consistency");
    assert_eq!(resolve(&workload.to_toml()), workload);
}
