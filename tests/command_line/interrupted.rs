//! Runs that are stopped, or killed, in the middle.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Called, Shell};

const LONG: &str = "run --ops 1000000000 --keys 3 --time-limit 700h --nemesis partition --seed 5";

/// Starts a run that would go on for hours, and waits until its history has something in it.
fn begin(shell: &Shell) -> Child {
    let child = shell.command(LONG).spawn().expect("it starts");
    let deadline = Instant::now() + Duration::from_secs(60);
    let recorded = || {
        let run = fs::read_dir(shell.path("store")).ok()?.next()?.ok()?;
        fs::metadata(run.path().join("history.jsonl")).ok().filter(|file| file.len() > 100_000)
    };
    while recorded().is_none() {
        assert!(Instant::now() < deadline, "nothing is recorded");
        sleep(Duration::from_millis(5));
    }
    child
}

fn signal(child: &Child, signal: &str) {
    let mut kill = Command::new("kill");
    kill.args([signal, &child.id().to_string()]).stdin(Stdio::null());
    assert!(kill.status().expect("there is a kill").success());
}

#[test]
fn ctrl_c_ends_a_run_in_good_order() {
    let shell = Shell::new();
    let child = begin(&shell);
    signal(&child, "-INT");
    let output = child.wait_with_output().expect("it ends");
    let called = Called {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
    .ends(0);
    assert!(called.out.contains("\nverdict      valid"), "{}", called.out);
    assert!(called.out.contains("The run was interrupted"), "{}", called.out);
    let run = shell.only_run();
    assert_eq!(shell.json(&format!("{run}/run.json"))["status"], "interrupted");
    assert_eq!(shell.json(&format!("{run}/verdict.json"))["interrupted"], true);
    let files = format!("{run}/history.jsonl {run}/certificate.json");
    shell.quorate(&format!("verify {files}")).ends(0);
    // It would have gone on for hours; the replay ends where the run did.
    let replayed = shell.quorate(&format!("replay {run}")).ends(0);
    assert!(replayed.out.starts_with("the same as far as it goes"), "{}", replayed.out);
}

#[test]
fn what_was_recorded_before_a_kill_is_read() {
    let shell = Shell::new();
    let mut child = begin(&shell);
    signal(&child, "-KILL");
    child.wait().expect("it ends");
    let run = shell.only_run();
    assert_eq!(shell.json(&format!("{run}/run.json"))["status"], "running");
    let checked = shell.quorate(&format!("check {run}/history.jsonl --json")).ends(0).json();
    assert_eq!(checked[0]["verdict"], "valid");
    let history = fs::read(shell.path(&format!("{run}/history.jsonl"))).expect("a history");
    let lines = history.split(|byte| *byte == b'\n').count() as u64;
    let whole = history.ends_with(b"\n");
    assert_eq!(checked[0]["truncated_at_line"].as_u64(), (!whole).then_some(lines));
    let replayed = shell.quorate(&format!("replay {run}")).ends(0);
    assert!(replayed.out.starts_with("the same as far as it goes"), "{}", replayed.out);
}

#[test]
fn a_history_that_ends_in_the_middle_of_a_line_is_replayed_up_to_there() {
    let shell = Shell::new();
    shell.quorate("run --ops 200 --seed 5").ends(0);
    let run = shell.only_run();
    // As a kill would have left it.
    let path = format!("{run}/history.jsonl");
    let history = fs::read(shell.path(&path)).expect("a history");
    shell.write(&path, &history[..history.len() - 1000]);
    let info = format!("{run}/run.json");
    let text = fs::read_to_string(shell.path(&info)).expect("it is readable");
    shell.write(&info, text.replace("\"finished\"", "\"running\""));
    let replayed = shell.quorate(&format!("replay {run}")).ends(0);
    assert!(replayed.out.starts_with("the same as far as it goes"), "{}", replayed.out);
    let checked = shell.quorate(&format!("check {path}")).ends(0);
    assert!(checked.out.contains("the file ends in the middle of line"), "{}", checked.out);
}
