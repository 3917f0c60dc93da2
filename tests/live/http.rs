//! A store behind the HTTP contract, in another language: it gets the verdict it deserves, and is started,
//! stopped and killed by commands.

use std::fs;

use super::left::assert_nothing_runs_in;
use super::maelstrom::has_python;
use super::shell::{Shell, project};

/// Runs a workload of the collection, which must end as it says. Returns what came of it.
#[track_caller]
fn ends_as_it_says(workload: &str) -> serde_json::Value {
    let shell = Shell::new();
    let text = fs::read_to_string(project(&format!("workloads/http/{workload}.toml")));
    let text = text.expect("it is there").replace("workloads/http/", &project("workloads/http/"));
    shell.write("w.toml", text);
    shell.quorate("run w.toml --seed 1 --quiet").ends(0);
    let run = shell.only_run();
    let verdict = shell.json(&format!("{run}/verdict.json"));
    assert_eq!(verdict["evidence"]["vacuous"], "", "{verdict:#}");
    assert!(!shell.path(&format!("{run}/disks")).exists(), "disks are left");
    assert_nothing_runs_in(&shell.path(""));
    verdict
}

#[test]
fn a_store_that_asks_one_node_for_everything_holds_under_every_fault() {
    if !has_python() {
        return;
    }
    let verdict = ends_as_it_says("store");
    assert_eq!(verdict["judgement"], "kept", "{verdict:#}");
    for fault in ["crash", "partition", "pause"] {
        let met = &verdict["evidence"]["faults"][fault]["ops"];
        assert!(met.as_u64() > Some(0), "{fault}: {verdict:#}");
    }
    for outcome in ["ok", "fail"] {
        let cas = &verdict["evidence"]["outcomes"]["cas"][outcome];
        assert!(cas.as_u64() > Some(0), "{verdict:#}");
    }
}

#[test]
fn a_store_that_remembers_what_it_has_seen_is_stale() {
    if has_python() {
        assert_eq!(ends_as_it_says("cached")["judgement"], "broken");
    }
}

#[test]
fn commands_kill_and_stop_and_must_succeed() {
    if !has_python() {
        return;
    }
    let store = project("workloads/http/store.py");
    let run = |kill: &str| {
        let shell = Shell::new();
        let text = format!(
            "[http]\nstart = \"exec python3 {store}\"\nkill = \"echo $QUORATE_NODE >> killed; {kill}\"\n\
             stop = \"echo $QUORATE_NODE >> stopped\"\n[clients]\nrate = 100\ntime_limit = \"3s\"\n\
             [[nemesis]]\nfault = \"kill\"\ntargets = [\"one\"]\ninterval = \"300ms\"\nduration = \"300ms\"\n"
        );
        shell.write("w.toml", text);
        let called = shell.quorate("run w.toml --seed 1");
        assert!(fs::read_to_string(shell.path("killed")).is_ok_and(|text| text.starts_with('n')));
        let stopped = fs::read_to_string(shell.path("stopped"));
        assert_nothing_runs_in(&shell.path(""));
        (called, stopped.unwrap_or_default())
    };
    let (called, stopped) = run("true");
    called.ends(0);
    assert_eq!(stopped.lines().count(), 3, "{stopped}");
    let (called, _) = run("exit 5");
    let err = called.ends(254).err;
    assert!(err.contains("cannot be ended: `echo $QUORATE_NODE >> killed; exit 5`"), "{err}");
    assert!(err.contains("(exit status: 5)"), "{err}");
}

#[test]
fn what_does_not_listen_has_the_last_word_and_what_cannot_be_is_refused() {
    let shell = Shell::new();
    for (text, problem) in [
        ("[http]\nstart = \"echo oh no >&2; exit 3\"", "oh no"),
        ("[http]\nkill = \"x\"", "w.toml:2: field `http.kill`: there is no program; expected"),
        ("[maelstrom]\nstart = \"x\"\nkill = \"y\"", "w.toml:3: field `maelstrom.kill`: a node is"),
        (
            "[maelstrom]\nstart = \"x\"\n[http]\nstart = \"y\"",
            "w.toml:4: field `http.start`: a node speaks one language",
        ),
        (
            "[http]\nstart = \"x\"\n[network]\nloss = 0.1",
            "the connections of --world processes lose and double nothing",
        ),
    ] {
        shell.write("w.toml", text);
        let err = shell.quorate("run w.toml").ends(254).err;
        assert!(err.contains(problem), "{err}");
    }
}
