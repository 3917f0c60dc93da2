//! The harness dies, or a program of the system does: what was recorded is kept, and nothing is left.

use std::fs;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use quorate::systems::SYSTEMS;

use super::left::{assert_nothing_runs_in, namespaces_of};
use super::shell::Shell;
use super::{is_there, shell};

/// Starts a long run of a system.
fn start(shell: &Shell, system: &str) -> Child {
    let run = format!("run --system {system} --time-limit 1h --nemesis none --seed 1");
    shell.command(&run).spawn().expect("it starts")
}

/// The directory of the run, once something is recorded.
fn recorded(shell: &Shell) -> String {
    let deadline = Instant::now() + Duration::from_secs(90);
    let history = || {
        let run = fs::read_dir(shell.path("store")).ok()?.next()?.ok()?;
        let history = fs::metadata(run.path().join("history.jsonl")).ok()?;
        (history.len() >= 1000).then(|| format!("store/{}", run.file_name().to_string_lossy()))
    };
    loop {
        if let Some(run) = history() {
            return run;
        }
        assert!(Instant::now() < deadline, "nothing is recorded");
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_harness_that_is_killed_takes_every_system_with_it() {
    for system in SYSTEMS.iter().map(|system| system.facts().name) {
        if !is_there(system) {
            continue;
        }
        let shell = Shell::new();
        let mut child = start(&shell, system);
        let run = recorded(&shell);
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        assert_nothing_runs_in(&shell.path(""));
        shell.quorate("doctor").ends(0);
        assert_eq!(namespaces_of(child.id()), Vec::<String>::new());
        assert!(!shell.path(&format!("{run}/disks")).exists(), "disks are left");
        let mounts = fs::read_to_string("/proc/mounts").expect("there is a /proc");
        assert!(!mounts.contains("/etc/hosts") || !mounts.contains(&run), "{mounts}");
    }
}

/// Ends everything in a namespace but the shell that does it.
const ABORT: &str = "for process in $(ip netns pids $(ip netns identify)); do \
                     [ $process = $$ ] || kill -ABRT $process; done";

#[test]
fn a_node_that_dies_by_itself_ends_the_run_with_its_last_words() {
    if !is_there("etcd") {
        return;
    }
    let shell = Shell::new();
    let child = start(&shell, "etcd");
    let run = recorded(&shell);
    let namespace = format!("quorate-{}-1-n2", child.id());
    let mut abort = Command::new("ip");
    abort.args(["netns", "exec", &namespace, "sh", "-c", ABORT]);
    // It also finds its own helpers, which are gone by then.
    abort.status().expect("there is an ip");
    let output = child.wait_with_output().expect("it ends");
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(254), "{err}");
    assert!(err.contains("node n2 has ended by itself") && err.contains("n2.log:\n"), "{err}");
    assert_nothing_runs_in(&shell.path(""));
    assert!(!shell.path(&format!("{run}/disks")).exists(), "disks are left");
    let checked = shell.quorate(&format!("check {run}/history.jsonl --json")).ends(0).json();
    assert_eq!(checked[0]["verdict"], "valid");
    assert_eq!(
        shell::read_json(&fs::read(shell.path(&format!("{run}/run.json"))).expect("it is there"))["status"],
        "running"
    );
}
