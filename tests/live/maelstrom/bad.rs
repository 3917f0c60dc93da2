//! Programs that are not there, die, say nothing or the wrong thing: the run ends with what they said, and
//! leaves its record and nothing else.

use std::fs;
use std::time::{Duration, Instant};

use super::super::left::assert_nothing_runs_in;
use super::super::shell::{Shell, project};
use super::has_python;

/// A node in the language of shells. It answers `init`, and then does this.
fn node(then: &str) -> String {
    format!(
        "read line\nme=$QUORATE_NODE\n\
         echo \"{{\\\"src\\\":\\\"$me\\\",\\\"dest\\\":\\\"c0\\\",\\\"body\\\":{{\\\"type\\\":\\\"init_ok\\\",\\\"in_reply_to\\\":1}}}}\"\n\
         {then}\n"
    )
}

/// Runs nodes that are this script, which must fail. Returns what is said.
#[track_caller]
fn fails(script: &str) -> String {
    let shell = Shell::new();
    shell.write("node.sh", script);
    shell.write("w.toml", "[maelstrom]\nstart = \"sh node.sh\"\n[clients]\ntime_limit = \"20s\"\n");
    let err = shell.quorate("run w.toml --seed 1").ends(254).err;
    assert!(err.contains("what was recorded until then is in store/"), "{err}");
    let run = shell.only_run();
    assert!(shell.path(&format!("{run}/log/n1.log")).exists());
    assert!(shell.path(&format!("{run}/history.jsonl")).exists());
    assert!(!shell.path(&format!("{run}/disks")).exists(), "disks are left");
    assert_eq!(shell.json(&format!("{run}/run.json"))["status"], "running");
    assert_nothing_runs_in(&shell.path(""));
    err
}

#[test]
fn a_program_that_is_missing_or_dies_has_the_last_word() {
    let shell = Shell::new();
    let err = shell.quorate("run --maelstrom no-such-program --seed 1").ends(254).err;
    assert!(err.contains("has ended by itself (exit status: 127)"), "{err}");
    assert!(err.contains("no-such-program"), "{err}");

    let err = fails("echo 'fatal: the disk is made of cheese' >&2; exit 3");
    assert!(err.contains("has ended by itself (exit status: 3)"), "{err}");
    assert!(err.contains("fatal: the disk is made of cheese"), "{err}");

    let err = fails(&node("sleep 1; echo 'I have had enough' >&2; exit 4"));
    assert!(err.contains("has ended by itself (exit status: 4)"), "{err}");
    assert!(err.contains("I have had enough"), "{err}");
}

#[test]
fn a_program_that_never_answers_init_has_the_last_word() {
    let err = fails("echo 'still counting to infinity' >&2; sleep 1000");
    assert!(err.contains("node n1 is not ready after 10s: it has not answered init"), "{err}");
    assert!(err.contains("still counting to infinity"), "{err}");
}

#[test]
fn garbage_is_told_as_it_is() {
    for (says, problem) in [
        ("hello world", "says on its standard output `hello world`: expected value"),
        ("{}", "says on its standard output `{}`: missing field `src`"),
        (
            r#"{"src":"n1","dest":"n9","body":{}}"#,
            "expected one of n1, n2, n3, a client that has asked it, or one of lin-kv, seq-kv",
        ),
    ] {
        let err = fails(&node(&format!("echo 'about to speak' >&2; echo '{says}'; sleep 1000")));
        assert!(err.contains(problem), "{err}");
        assert!(err.contains("about to speak"), "{err}");
    }
    let refuses = node("sleep 1000").replace("init_ok", "error");
    assert!(fails(&refuses).contains("expected the answer init_ok"));
}

#[test]
fn what_cannot_be_is_refused() {
    let shell = Shell::new();
    for (text, problem) in [
        ("[maelstrom]\nstart = \" \"", "w.toml:2: field `maelstrom.start`: an empty command"),
        (
            "[maelstrom]\npromise = \"linearizable\"",
            "w.toml:2: field `maelstrom.promise`: there is no program; expected a field `start`",
        ),
        (
            "[maelstrom]\nstart = \"x\"\npromise = \"much\"",
            "w.toml:3: field `maelstrom.promise`: found \"much\"; expected linearizable, regular",
        ),
        (
            "[maelstrom]\nstart = \"x\"\n[cluster]\nr = 2",
            "w.toml:4: field `cluster.r`: a program has nodes of its own",
        ),
        (
            "[maelstrom]\nstart = \"x\"\n[system]\nname = \"etcd\"",
            "w.toml:4: field `system.name`: a program and a system cannot both be the nodes",
        ),
        (
            "[maelstrom]\nstart = \"x\"\n[[nemesis]]\nfault = \"clock-skew\"",
            "w.toml:4: field `nemesis.fault`: \"clock-skew\" cannot be done to a program of others",
        ),
    ] {
        shell.write("w.toml", text);
        let err = shell.quorate("run w.toml").ends(254).err;
        assert!(err.contains(problem), "{err}");
    }
    shell.write("w.toml", "[maelstrom]\nstart = \"x\"");
    let err = shell.quorate("run w.toml --world sim").ends(254).err;
    assert!(err.contains("expected --world processes"), "{err}");
    let err = shell.quorate("torture w.toml --runs 1").ends(254).err;
    assert!(err.contains("a program can be run, not simulated"), "{err}");
    assert!(!shell.path("store").exists(), "something was begun");
}

#[test]
fn a_harness_that_is_killed_takes_its_nodes_with_it() {
    if !has_python() {
        return;
    }
    let shell = Shell::new();
    let start = format!("start = \"python3 {}\"", project("workloads/maelstrom/abd.py"));
    shell.write("w.toml", format!("[maelstrom]\n{start}\n[clients]\ntime_limit = \"1h\"\n"));
    let mut child = shell.command("run w.toml --seed 1").spawn().expect("it starts");
    let deadline = Instant::now() + Duration::from_secs(60);
    let is_recorded = || {
        let run = fs::read_dir(shell.path("store")).ok()?.next()?.ok()?;
        let history = fs::metadata(run.path().join("history.jsonl")).ok()?;
        (history.len() >= 1000).then_some(())
    };
    while is_recorded().is_none() {
        assert!(Instant::now() < deadline, "nothing is recorded");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert_nothing_runs_in(&shell.path(""));
    let run = shell.only_run();
    let checked = shell.quorate(&format!("check {run}/history.jsonl --json")).ends(0).json();
    assert_eq!(checked[0]["verdict"], "valid");
}
