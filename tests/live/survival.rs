//! The harness dies, is interrupted, or finds no room: what was recorded is kept, and nothing is left.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rand::RngExt as _;

use quorate::rng::Seed;

use super::left::assert_nothing_runs_in;
use super::shell::{Shell, project};

/// How many harnesses are killed in the middle of their runs.
const KILLED: u64 = 50;
/// How many, before that, while they may still be starting their nodes.
const STARTING: u64 = 5;
/// So many of them at a time.
const TOGETHER: usize = 5;
/// At the latest this long after their histories were begun.
const LIFE: Duration = Duration::from_millis(600);

const LONG: &str = "--world processes --ops 1000000 --time-limit 1h --seed";

/// Starts a long run.
fn start(shell: &Shell, seed: u64) -> Child {
    let workload = project("workloads/first-steps/majority-abd.toml");
    let store = shell.path("store").display().to_string();
    let mut command = shell.command(&format!("run {workload} {LONG} {seed} --store {store}"));
    command.spawn().expect("it starts")
}

/// The run of a store, once its history has at least so many bytes.
fn recorded(shell: &Shell, bytes: u64) -> String {
    let deadline = Instant::now() + Duration::from_secs(60);
    let history = || {
        let run = fs::read_dir(shell.path("store")).ok()?.next()?.ok()?;
        let history = fs::metadata(run.path().join("history.jsonl")).ok()?;
        (history.len() >= bytes).then(|| format!("store/{}", run.file_name().to_string_lossy()))
    };
    loop {
        if let Some(run) = history() {
            return run;
        }
        assert!(Instant::now() < deadline, "nothing is recorded");
        sleep(Duration::from_millis(1));
    }
}

fn signal(child: &Child, signal: &str) {
    let mut kill = Command::new("kill");
    kill.args([signal, &child.id().to_string()]).stdin(Stdio::null());
    assert!(kill.status().expect("there is a kill").success());
}

/// Kills a harness some time into its run.
fn kill(number: u64) {
    let shell = Shell::new();
    // The first are killed while they start.
    let bytes = u64::from(number >= STARTING);
    let mut child = start(&shell, number);
    let run = recorded(&shell, bytes);
    let life = LIFE.as_nanos() as u64;
    let life = Seed(number).fork("life").random_range(0..life);
    sleep(Duration::from_nanos(life));
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert_nothing_runs_in(&shell.path(""));
    assert_eq!(shell.json(&format!("{run}/run.json"))["status"], "running");
    let history = format!("{run}/history.jsonl");
    let has_begun =
        bytes > 0 || fs::metadata(shell.path(&history)).is_ok_and(|file| file.len() > 0);
    let checked = shell.quorate(&format!("check {history} --json"));
    if has_begun {
        assert_eq!(checked.ends(0).json()[0]["verdict"], "valid");
    } else {
        assert!(checked.ends(254).err.contains("the file is empty"));
    }
    // What it leaves on disk is found, and goes.
    let left_behind = || {
        let found = shell.quorate("doctor --json").ends(0).json();
        let left = found["left_behind"].as_array().expect("a list").clone();
        // The namespaces of others are theirs.
        let ours = left.iter().filter(|left| left.as_str().is_some_and(|l| l.starts_with("store")));
        ours.count()
    };
    assert!(left_behind() <= 1);
    assert!(!shell.path(&format!("{run}/disks")).exists(), "disks are left");
    assert_eq!(left_behind(), 0);
}

#[test]
fn a_harness_killed_at_any_moment_leaves_a_history_and_nothing_else() {
    let numbers: Vec<u64> = (0..STARTING + KILLED).collect();
    for together in numbers.chunks(TOGETHER) {
        std::thread::scope(|scope| {
            for number in together {
                scope.spawn(|| kill(*number));
            }
        });
    }
}

#[test]
fn ctrl_c_heals_and_judges_what_was_recorded() {
    let shell = Shell::new();
    let child = start(&shell, 1);
    let run = recorded(&shell, 5000);
    signal(&child, "-INT");
    let output = child.wait_with_output().expect("it ends");
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(out.contains("\nverdict      valid"), "{out}");
    assert!(out.contains("The run was interrupted"), "{out}");
    assert_eq!(shell.json(&format!("{run}/run.json"))["status"], "interrupted");
    assert!(!shell.path(&format!("{run}/disks")).exists(), "disks are left");
    assert_nothing_runs_in(&shell.path(""));
}

#[test]
fn a_full_disk_ends_a_run_with_one_clear_message_and_keeps_what_there_is() {
    let mut mount = Command::new("unshare");
    mount.args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]);
    if !mount.status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: needs user namespaces, for a small disk");
        return;
    }
    let shell = Shell::new();
    fs::create_dir(shell.path("store")).expect("it is writable");
    let workload = project("workloads/first-steps/stale-read.toml");
    let program = env!("CARGO_BIN_EXE_quorate");
    // The history is kept past the end of the small disk, which goes with its namespace.
    let script = format!(
        "mount -t tmpfs -o size=24m none store && {program} run {workload} {LONG} 1; code=$?; \
         {program} check store/*/history.jsonl >&2; ls store/*/ >&2; exit $code"
    );
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &script]).current_dir(shell.path(""));
    let output = command.stdin(Stdio::null()).output().expect("there is an unshare");
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(254), "{err}");
    assert!(err.contains("o space left on device") || err.contains("no storage space"), "{err}");
    assert!(err.contains("what was recorded until then is in store/"), "{err}");
    assert!(err.contains("operations on"), "nothing is readable: {err}");
    assert_nothing_runs_in(&shell.path(""));
}
