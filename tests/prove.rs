//! Exhaustive exploration: what it finds, what it shows, and that its reductions miss nothing.

use std::collections::BTreeSet;
use std::path::Path;

use quorate::campaign::prove::{Bounds, End, Proof, Question, Reductions, prove};
use quorate::judge::{Judgement, judge};
use quorate::protocol::Protocol;
use quorate::rng::Seed;
use quorate::run::simulate;
use quorate::workload::{Expectation, File, Workload};
use quorate_checker::{Anomaly, Budget};

const QUIET: Bounds = Bounds {
    crashes: 0,
    duplicates: 0,
    skews: 0,
    timers: 0,
    depth: None,
    states: 10_000_000,
    memory: 2 << 30,
};

fn workload(cluster: &str) -> Workload {
    let text = format!("expect = \"violation\"\n[cluster]\n{cluster}");
    let file = File::parse(Path::new("cluster.toml"), &text).expect("it is right");
    file.resolve().expect("it is possible")
}

/// The cluster under so many writers and readers with an operation each.
fn question(cluster: &str, writers: u32, readers: u32, bounds: Bounds) -> Question {
    Question::new(&workload(cluster), writers, readers, 1, bounds)
}

fn explored(question: &Question) -> Proof {
    prove(question, &mut |_| true)
}

/// The shortest violation, which must run by itself and show what it is called.
#[track_caller]
fn found(question: &Question, anomaly: Anomaly) -> Vec<String> {
    let proof = explored(question);
    let End::Found(found) = proof.end else { panic!("nothing is found: {proof:?}") };
    assert_eq!(found.anomaly, anomaly);
    let text = found.workload.to_toml();
    let file = File::parse(Path::new("found.toml"), &text).expect("what is saved is a workload");
    let workload = file.resolve().expect("its script is possible");
    let run = simulate(&workload, Seed(1), None, &mut |_| true).expect("nothing is written");
    let judged = judge(&workload, run, Budget::GENEROUS, || {});
    assert_eq!(judged.as_expected, Some(true), "{text}");
    assert_ne!(judged.judgement, Judgement::Broken, "{text}");
    workload.script.expect("a script").text().lines().map(str::to_owned).collect()
}

#[track_caller]
fn assert_clean(question: &Question) {
    let proof = explored(question);
    assert!(matches!(proof.end, End::Exhausted(None)), "{:?}", proof.end);
    assert!(proof.histories.len() > 1, "{:?}", proof.histories);
}

#[test]
fn without_write_back_the_shortest_inversion_is_found() {
    let cluster = "protocol = \"abd\"\nnodes = [\"A\", \"B\", \"C\"]\nr = 2\nw = 2\n";
    let lines = found(
        &question(&format!("{cluster}write_back = false\n"), 1, 2, QUIET),
        Anomaly::NewOldInversion,
    );
    // Three operations begin, and each of three queries takes a question and an answer.
    assert_eq!(lines.len(), 9, "{lines:#?}");
    assert_clean(&question(cluster, 1, 2, QUIET));
}

#[test]
fn quorums_that_need_not_meet_miss_a_write() {
    let lines = found(&question("r = 1\nw = 1\n", 1, 1, QUIET), Anomaly::StaleRead);
    assert_eq!(lines, ["w1: write 1 at n1", "sync n1", "r1: read at n2"]);
}

#[test]
fn replicas_that_forget_lose_a_write_and_others_do_not() {
    let crashes = Bounds { crashes: 2, ..QUIET };
    let cluster = "protocol = \"lww\"\nnodes = 3\nr = 2\nw = 2\n";
    let forgetful = format!("{cluster}durability = \"ack-before-sync\"\n");
    found(&question(&forgetful, 1, 1, crashes), Anomaly::StaleRead);
    assert_clean(&question(cluster, 1, 1, crashes));
}

#[test]
fn a_clock_that_is_set_back_loses_a_write_and_clocks_that_agree_do_not() {
    let cluster = "protocol = \"lww\"\nnodes = 2\nr = 2\nw = 2\n";
    let skew = Bounds { skews: 1, ..QUIET };
    found(&question(cluster, 2, 1, skew), Anomaly::StaleRead);
    assert_clean(&question(cluster, 2, 1, QUIET));
}

#[test]
fn an_anomaly_is_looked_for_past_others() {
    let mut question = question("r = 1\nw = 1\n", 1, 1, QUIET);
    question.workload.expect = Expectation::Anomaly(Anomaly::PhantomValue);
    let proof = explored(&question);
    let End::Exhausted(Some(other)) = proof.end else { panic!("{proof:?}") };
    assert_eq!(other.anomaly, Anomaly::StaleRead);
}

#[test]
fn the_same_question_has_the_same_answer() {
    let asked = question("write_back = false\n", 1, 2, QUIET);
    let lines = found(&asked, Anomaly::NewOldInversion);
    let states = explored(&asked).states;
    for _ in 0..3 {
        assert_eq!(found(&asked, Anomaly::NewOldInversion), lines);
        assert_eq!(explored(&asked).states, states);
    }
}

#[test]
fn bounds_end_it_and_say_so() {
    let out_of = |bounds| match explored(&question("", 2, 1, bounds)).end {
        End::OutOf(bound) => bound,
        other => panic!("{other:?}"),
    };
    assert_eq!(out_of(Bounds { states: 100, ..QUIET }), "states");
    assert_eq!(out_of(Bounds { memory: 10_000, ..QUIET }), "memory");
    assert_eq!(out_of(Bounds { depth: Some(3), ..QUIET }), "depth");
    let mut asked = question("", 2, 1, QUIET);
    asked.workload.expect = Expectation::Linearizable;
    assert!(matches!(prove(&asked, &mut |_| false).end, End::Stopped));
}

/// Each reduction alone.
fn single_reductions() -> Vec<Reductions> {
    vec![
        Reductions { questions: true, ..Reductions::NONE },
        Reductions { moot: true, ..Reductions::NONE },
        Reductions { disks: true, ..Reductions::NONE },
        Reductions { ends: true, ..Reductions::NONE },
        Reductions { symmetry: true, ..Reductions::NONE },
        Reductions::ALL,
    ]
}

/// The histories that clients can have, with every reading that is no violation gone on with.
fn histories(
    question: &Question,
    reductions: Reductions,
) -> (BTreeSet<String>, Option<Anomaly>, u64) {
    let mut question = Question { reductions, ..question.clone() };
    // Nobody writes what nobody writes: everything is explored.
    question.workload.expect = Expectation::Anomaly(Anomaly::PhantomValue);
    let proof = explored(&question);
    let End::Exhausted(other) = proof.end else { panic!("{:?}", proof.end) };
    (proof.histories, other.map(|other| other.anomaly), proof.states)
}

#[test]
fn no_reduction_loses_a_history() {
    let mut questions = Vec::new();
    let cluster = |protocol: Protocol, n: u16, durability: &str| {
        let has_versions = matches!(protocol, Protocol::Abd | Protocol::Lww);
        let write_back = if has_versions { "write_back = false\n" } else { "" };
        format!(
            "protocol = \"{}\"\nnodes = {n}\nr = 2\nw = 2\n{write_back}\
             durability = \"{durability}\"\n",
            protocol.name()
        )
    };
    for protocol in [Protocol::Abd, Protocol::Lww] {
        questions.push(question(&cluster(protocol, 3, "sync-before-ack"), 1, 1, QUIET));
    }
    for protocol in [Protocol::Siblings, Protocol::Voting, Protocol::CasPaxos] {
        questions.push(question(&cluster(protocol, 2, "sync-before-ack"), 1, 1, QUIET));
    }
    for protocol in [Protocol::Lww, Protocol::Voting] {
        let bounds = Bounds { crashes: 1, duplicates: 1, ..QUIET };
        questions.push(question(&cluster(protocol, 2, "ack-before-sync"), 1, 1, bounds));
    }
    let skew = Bounds { skews: 1, ..QUIET };
    questions.push(question("protocol = \"lww\"\nnodes = 2\nr = 2\nw = 2\n", 2, 1, skew));
    questions.push(question("protocol = \"abd\"\nnodes = 2\nr = 2\nw = 2\n", 1, 1, skew));
    for question in questions {
        let (all, anomaly, states) = histories(&question, Reductions::NONE);
        for reductions in single_reductions() {
            let (reduced, found, fewer) = histories(&question, reductions);
            let what = format!("{:?}, {reductions:?}", question.workload.config);
            assert_eq!(found, anomaly, "{what}");
            assert_eq!(reduced, all, "{what}");
            assert!(fewer <= states, "{what}: {fewer} states, and {states} without");
        }
    }
}

#[test]
fn a_joint_change_of_members_loses_nothing_and_one_that_each_makes_alone_does() {
    let change = |how: &str| {
        let cluster = format!(
            "protocol = \"members\"\nnodes = [\"A\", \"B\"]\nmembers = [\"A\"]\n\
             new_members = [\"B\"]\nchange = \"{how}\""
        );
        question(&cluster, 1, 1, Bounds { timers: 2, ..QUIET })
    };
    assert_clean(&change("joint"));
    found(&change("alone"), Anomaly::StaleRead);
}
