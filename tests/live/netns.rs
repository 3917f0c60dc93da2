//! The world of network namespaces: the kernel cuts nodes off, whatever they are.

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use quorate::client::{Action, Response};
use quorate::nemesis::{Fault, Shape};
use quorate::world::WorldKind;

use super::left::{assert_nothing_runs_in, is_possible, namespaces_of};
use super::shell::{Shell, project};

use super::world::Client;

/// The filter of a node, in the kernel's words.
fn filter(namespace: &str) -> String {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", namespace, "nft", "list", "ruleset"]).stdin(Stdio::null());
    let output = command.output().expect("there is an ip");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_kernel_drops_what_comes_from_those_who_are_cut_off() {
    if !is_possible() {
        return;
    }
    let mut client =
        Client::in_world(WorldKind::Netns, "r = 2\nw = 2", "300ms", "latency = \"constant 0ms\"");
    assert_eq!(client.insist(0, Action::Write(1)), Response::Written);
    let namespaces = namespaces_of(std::process::id());
    let first = namespaces.iter().find(|name| name.ends_with("-n1")).expect("a namespace of n1");
    assert!(!filter(first).contains("drop"), "{}", filter(first));
    let cuts = vec![(0, 1), (1, 0), (0, 2), (2, 0)];
    client.apply(&Fault::Partition { shape: Shape::One, cuts: cuts.clone() });
    assert!(filter(first).contains("ip saddr { 10.77.0.2, 10.77.0.3 } drop"), "{}", filter(first));
    assert_eq!(client.ask(0, Action::Write(2)), Response::TimedOut);
    assert_eq!(client.insist(1, Action::Read), Response::Value(Some(1)));
    client.apply(&Fault::Heal { cuts });
    assert!(!filter(first).contains("drop"), "{}", filter(first));
    assert_eq!(client.insist(0, Action::Write(3)), Response::Written);
    client.apply(&Fault::Crash { nodes: vec![2], lose_unsynced: true });
    assert_eq!(client.ask(2, Action::Read), Response::Refused);
    client.apply(&Fault::Restart { nodes: vec![2] });
    assert_eq!(client.insist(2, Action::Read), Response::Value(Some(3)));
    drop(client);
    assert_eq!(namespaces_of(std::process::id()), Vec::<String>::new());
}

#[test]
fn majority_quorums_hold_in_namespaces_and_weak_ones_do_not() {
    if !is_possible() {
        return;
    }
    for (workload, judgement) in [
        ("first-steps/majority-abd", "kept"),
        ("live/tls", "kept"),
        ("first-steps/lost-write-clock-skew", "weaker by design"),
    ] {
        let shell = Shell::new();
        let workload = project(&format!("workloads/{workload}.toml"));
        let run = format!("run {workload} --world netns --ops 2000 --time-limit 20s --seed 1");
        let called = shell.quorate(&run).ends(0);
        assert!(called.out.contains(&format!("judgement    {judgement}")), "{}", called.out);
        assert_nothing_runs_in(&shell.path(""));
    }
    let shell = Shell::new();
    let workload = project("workloads/first-steps/stale-read.toml");
    let called = shell.quorate(&format!("run {workload} --world netns")).ends(254);
    assert!(called.err.contains("--world netns cannot slow links down"), "{}", called.err);
    for setting in ["bandwidth = 1000", "cut = \"reset\""] {
        std::fs::write(shell.path("w.toml"), format!("[network]\n{setting}\n")).expect("room");
        let called = shell.quorate("run w.toml --world netns").ends(254);
        assert!(called.err.contains("for links in the hands of Quorate"), "{}", called.err);
    }
}

#[test]
fn namespaces_of_a_harness_that_was_killed_are_found_and_removed() {
    if !is_possible() {
        return;
    }
    let shell = Shell::new();
    let workload = project("workloads/first-steps/majority-abd.toml");
    let run = format!("run {workload} --world netns --ops 1000000 --time-limit 1h --seed 1");
    let mut child = shell.command(&run).spawn().expect("it starts");
    let process = child.id();
    let deadline = Instant::now() + Duration::from_secs(60);
    while namespaces_of(process).len() < 5 && Instant::now() < deadline {
        sleep(Duration::from_millis(2));
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert_nothing_runs_in(&shell.path(""));
    shell.quorate("doctor").ends(0);
    assert_eq!(namespaces_of(process), Vec::<String>::new());
}
