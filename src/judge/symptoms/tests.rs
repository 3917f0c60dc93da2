use std::collections::BTreeMap;

use quorate_checker::EventKind;

use super::*;
use crate::client::{Action, Completion, Operation};
use crate::nemesis::FaultKind;
use crate::protocol::{NodeId, NodeSet};
use crate::record::Recorder;
use crate::run::{Asked, FaultWindow};
use crate::time::{MILLISECOND, Nanos};
use crate::timing::Timing;
use crate::world::Traffic;

/// Three nodes, a, b and c, and one client at each whose name is the node's; further ones have a number.
const NODES: u16 = 3;

/// What happens, a millisecond apart: `a write 1`, `a ok`, `a1 read`, `a1 ok 1`, `a fail`, `a info`,
/// `a cas 1 2`, `crash a`, `restart a`, `wait 50`.
fn run(story: &str) -> Run {
    let mut recorder = Recorder::new(None);
    let (mut now, mut faults, mut crashed) = (0, Vec::new(), 0);
    let mut under_way = BTreeMap::new();
    let number = |word: &str| word.parse::<i64>().expect("a number");
    for line in story.lines().map(str::trim).filter(|line| !line.is_empty()) {
        now += MILLISECOND;
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["wait", time] => now += number(time) as Nanos * MILLISECOND,
            ["crash", _] => crashed = now,
            ["restart", node] => faults.push(FaultWindow {
                kind: FaultKind::Crash,
                from: crashed,
                to: now,
                down: NodeSet::from_iter([named(node).1]),
            }),
            [client, outcome @ ("ok" | "fail" | "info"), ref value @ ..] => {
                let process = named(client).0;
                let operation = under_way.remove(&process).expect("it was invoked");
                let kind = match outcome {
                    "ok" => EventKind::Ok,
                    "fail" => EventKind::Fail,
                    _ => EventKind::Info,
                };
                let read = value.first().and_then(|value| value.parse().ok());
                let completion =
                    Completion { kind, read, observed: None, version: None, error: None };
                recorder.complete(now, process, &operation, &completion).expect("no file");
            }
            [client, ref words @ ..] => {
                let action = match *words {
                    ["read"] => Action::Read,
                    ["write", value] => Action::Write(number(value)),
                    ["cas", from, to] => {
                        Action::Cas { expected: Some(number(from)), new: number(to) }
                    }
                    _ => panic!("what does {line:?} mean?"),
                };
                let (process, operation) = (named(client).0, Operation { key: 0, action });
                under_way.insert(process, operation);
                recorder.invoke(now, process, &operation).expect("no file");
            }
            [] => {}
        }
    }
    Run {
        history: recorder.finish().0,
        events: Vec::new(),
        asked: Asked::InTurn { clients: 300, nodes: NODES },
        faults,
        duration: now,
        traffic: Traffic::default(),
        ledger: None,
        recovery: None,
        timing: Timing::default(),
        stopped_at: None,
        verdict: None,
    }
}

/// The process of a client, and its node.
fn named(client: &str) -> (u32, NodeId) {
    let (node, number) = client.split_at(1);
    let node = u32::from(node.as_bytes()[0] - b'a');
    let number: u32 = number.parse().unwrap_or(0);
    (number * u32::from(NODES) + node, node as NodeId)
}

#[track_caller]
fn assert_seen(story: &str, expected: &[(Symptom, u64)]) {
    let seen: Vec<(Symptom, u64)> = symptoms(&run(story)).iter().collect();
    assert_eq!(seen, expected, "{story}");
}

/// A write or read that nothing interferes with.
fn alone(client: &str, what: &str, outcome: &str) -> String {
    format!("{client} {what}\n{client} {outcome}\n")
}

fn stories(ops: &[(&str, &str, &str)]) -> String {
    ops.iter().map(|(client, what, outcome)| alone(client, what, outcome)).collect()
}

#[test]
fn a_history_with_nothing_wrong_shows_nothing() {
    assert_seen("", &[]);
    assert_seen(
        &stories(&[
            ("a", "read", "ok null"),
            ("a", "write 1", "ok"),
            ("b", "read", "ok 1"),
            ("c", "write 2", "ok"),
            ("a", "read", "ok 2"),
            ("b", "read", "ok 2"),
        ]),
        &[],
    );
}

#[test]
fn a_write_that_nobody_knew_of_surfaces_after_a_newer_one() {
    let newer = stories(&[("b", "write 2", "ok"), ("b", "read", "ok 2")]);
    let surfaces = format!("a write 1\na info\n{newer}{}", alone("c", "read", "ok 1"));
    assert_seen(&surfaces, &[(Symptom::ResurrectedWrite, 1)]);
    let seen_before = format!("a write 1\na info\n{}{newer}", alone("c", "read", "ok 1"));
    assert_seen(&seen_before, &[]);
    let began_before = "b write 2\na write 1\na info\nb ok\nc read\nc ok 1\n";
    assert_seen(began_before, &[]);
    let failed = surfaces.replace("info", "fail");
    assert_seen(&failed, &[(Symptom::ResurrectedWrite, 1), (Symptom::DirtyRead, 1)]);
}

#[test]
fn what_failed_or_what_nobody_wrote_is_read() {
    let dirty = stories(&[("a", "write 1", "fail"), ("b", "read", "ok 1"), ("c", "read", "ok 1")]);
    assert_seen(&dirty, &[(Symptom::DirtyRead, 2)]);
    let again = format!("{}{dirty}", alone("c", "write 1", "ok"));
    assert_seen(&again, &[]);
    assert_seen(&alone("a", "read", "ok 7"), &[(Symptom::PhantomValue, 1)]);
}

#[test]
fn a_value_is_replaced_twice() {
    let once = stories(&[("a", "write 1", "ok"), ("a", "cas 1 2", "ok")]);
    assert_seen(&once, &[]);
    assert_seen(&format!("{once}{}", alone("b", "cas 1 3", "ok")), &[(Symptom::LostCas, 1)]);
    let restored = format!("{once}{}", stories(&[("c", "write 1", "ok"), ("b", "cas 1 3", "ok")]));
    assert_seen(&restored, &[]);
}

#[test]
fn what_one_reads_depends_on_the_node() {
    let writes = stories(&[("a", "write 1", "ok"), ("a", "write 2", "ok")]);
    let reads = |nodes: [&str; 3], values: [u32; 3]| -> String {
        let read = |(node, value): (&str, u32)| alone(node, "read", &format!("ok {value}"));
        nodes.into_iter().zip(values).map(read).collect()
    };
    let torn = writes.clone() + &reads(["a", "b", "a1"], [2, 1, 2]);
    assert_seen(&torn, &[(Symptom::FracturedRead, 1)]);
    assert_seen(&(writes.clone() + &reads(["a", "a1", "a"], [2, 1, 2])), &[]);
    assert_seen(&(writes.clone() + &reads(["a", "b", "c"], [2, 1, 2])), &[]);
    assert_seen(&(writes + &reads(["a", "b", "a"], [2, 2, 2])), &[]);
}

#[test]
fn a_node_goes_back_behind_what_it_knew_before_it_crashed() {
    let known = stories(&[("b", "write 1", "ok"), ("a", "write 2", "ok")]);
    let crash = "crash a\nrestart a\n";
    let back = alone("a", "read", "ok 1");
    assert_seen(&format!("{known}{crash}{back}"), &[(Symptom::Regression, 1)]);
    assert_seen(
        &format!("{known}{crash}{}", alone("a", "read", "ok null")),
        &[(Symptom::Regression, 1)],
    );
    assert_seen(&format!("{known}{crash}{}", alone("a", "read", "ok 2")), &[]);
    assert_seen(&format!("{known}{crash}{}", alone("b", "read", "ok 1")), &[]);
    assert_seen(&format!("{known}{back}{crash}"), &[]);
}

#[test]
fn two_nodes_go_on_without_each_other() {
    let apart = |wait: &str| {
        stories(&[("a", "write 1", "ok"), ("b", "write 2", "ok")])
            + wait
            + &alone("a", "read", "ok 1")
            + &alone("a", "write 3", "ok")
            + &alone("b", "write 4", "ok")
            + &alone("a", "write 5", "ok")
            + wait
            + &alone("b", "read", "ok 4")
            + &alone("a", "read", "ok 3")
    };
    assert_seen(&apart("wait 9\n"), &[(Symptom::SplitBrain, 1)]);
    let one_lags = stories(&[("a", "write 1", "ok"), ("b", "write 2", "ok")])
        + "wait 9\n"
        + &alone("a", "read", "ok 1")
        + &alone("b", "read", "ok 2");
    assert_seen(&one_lags, &[]);
    let slow = apart("wait 9\n") + "c write 6\nwait 90\nc ok\n";
    assert_seen(&slow, &[]);
}

#[test]
fn a_read_never_ends_though_all_is_mended() {
    let written = "a write 1\na info\ncrash b\nrestart b\n";
    let vain = stories(&[("b", "read", "fail"), ("c", "read", "fail")]);
    assert_seen(&format!("{written}{vain}"), &[(Symptom::StuckRead, 1)]);
    assert_seen(&format!("{written}{vain}{}", alone("c", "read", "ok 1")), &[]);
    assert_seen(&format!("{vain}{written}"), &[]);
    assert_seen(&format!("{written}{}", alone("b", "read", "fail")), &[]);
}
