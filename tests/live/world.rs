//! The world of processes: every fault happens for real, and a whole run comes to the right verdict.

use std::path::PathBuf;

use quorate::client::{Action, Operation, Response};
use quorate::latency::Latency;
use quorate::nemesis::{Fault, Shape};
use quorate::process::exists;
use quorate::protocol::NodeId;
use quorate::rng::Seed;
use quorate::time::{MILLISECOND, Nanos, SECOND};
use quorate::workload::File;
use quorate::world::live::{Live, Place};
use quorate::world::{Account, Happening, World, WorldKind};

use super::cluster::read;
use super::left::assert_nothing_runs_in;
use super::shell::{Shell, project};

/// A cluster of three, and one client that asks and waits.
pub(crate) struct Client<W> {
    pub(crate) world: W,
    process: u32,
    /// Where its nodes are.
    _dir: Option<tempfile::TempDir>,
}

impl Client<Live> {
    pub(crate) fn new(cluster: &str, timeout: &str) -> Self {
        Self::in_world(WorldKind::Processes, cluster, timeout, "latency = \"constant 0ms\"")
    }

    pub(crate) fn in_world(kind: WorldKind, cluster: &str, timeout: &str, network: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let text = format!(
            "[cluster]\nnodes = 3\n{cluster}\n[clients]\ntimeout = \"{timeout}\"\n\
             [network]\n{network}\n"
        );
        let path = dir.path().join("cluster.toml");
        std::fs::write(&path, &text).expect("it is writable");
        let workload = File::parse(&path, &text).expect("it is right").resolve().expect("it works");
        let place = Place {
            remote: None,
            program: PathBuf::from(env!("CARGO_BIN_EXE_quorate")),
            dir: dir.path().to_owned(),
            workload: path,
        };
        let mut settings = workload.sim;
        settings.sync_latency = Latency::Constant(MILLISECOND);
        let world =
            Live::start(&place, kind, &workload.node_names, 1, &settings, workload.live, Seed(1));
        let world = world.expect("three nodes start");
        Self { world, process: 0, _dir: Some(dir) }
    }

    fn process(&self, node: NodeId) -> u32 {
        self.world.process(node).expect("it runs")
    }
}

impl<W: World> Client<W> {
    /// A client of a world without a directory.
    pub(crate) fn of(world: W) -> Self {
        Self { world, process: 0, _dir: None }
    }

    pub(crate) fn ask(&mut self, node: NodeId, action: Action) -> Response {
        self.process += 1;
        let began = self.world.now();
        self.world.invoke(self.process, node, Operation { key: 0, action });
        let (at, Happening { process, response }) =
            self.world.next(Nanos::MAX).expect("every operation gets a response");
        assert!(process == self.process && at >= began && at <= self.world.now());
        response
    }

    /// Asks until it is done: connections between nodes take a moment.
    pub(crate) fn insist(&mut self, node: NodeId, action: Action) -> Response {
        let is_done = |response: &Response| {
            matches!(response, Response::Written | Response::Value(_) | Response::Differs(_))
        };
        let mut answers = (0..1000).map(|_| {
            let response = self.ask(node, action);
            if response == Response::Refused {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            response
        });
        answers.find(is_done).expect("it is done some time")
    }

    pub(crate) fn apply(&mut self, fault: &Fault) {
        assert!(self.world.apply(fault), "{fault:?} changes nothing");
        assert!(!self.world.apply(fault), "{fault:?} changes something twice");
    }
}

/// The state of a process, in the kernel's letter.
fn state(process: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it is there");
    let line = status.lines().find_map(|line| line.strip_prefix("State:\t"));
    line.expect("it has a state")[..1].to_owned()
}

#[test]
fn crashed_nodes_are_gone_and_come_back_with_what_was_on_their_disks() {
    let mut client = Client::new("r = 2\nw = 2", "2s");
    assert_eq!(client.insist(0, Action::Write(1)), Response::Written);
    let all = vec![0, 1, 2];
    let processes: Vec<u32> = (0..3).map(|node| client.process(node)).collect();
    assert!(processes.iter().all(|process| exists(*process)));
    client.apply(&Fault::Crash { nodes: all.clone(), lose_unsynced: true });
    assert!(!processes.iter().any(|process| exists(*process)), "a crashed node is there");
    assert_eq!(client.ask(1, Action::Read), Response::Refused);
    client.apply(&Fault::Restart { nodes: all });
    assert_eq!(client.insist(1, Action::Read), Response::Value(Some(1)));
    assert!((0..3).all(|node| !processes.contains(&client.process(node))));
    let processes: Vec<u32> = (0..3).map(|node| client.process(node)).collect();
    // They say so now and then, and it is known which of them.
    let has_sent = |node: &Account| node.messages.iter().sum::<u64>() > 0;
    let books = |client: &Client<Live>| client.world.ledger().expect("books are kept");
    while client.world.traffic().messages == 0 || !books(&client).nodes.iter().all(has_sent) {
        assert_eq!(client.insist(1, Action::Read), Response::Value(Some(1)));
    }
    drop(client);
    assert!(!processes.iter().any(|process| exists(*process)), "a node outlives its world");
}

#[test]
fn a_paused_node_stands_still_and_goes_on() {
    let mut client = Client::new("r = 2\nw = 2", "500ms");
    assert_eq!(client.insist(0, Action::Write(1)), Response::Written);
    let process = client.process(0);
    client.apply(&Fault::Pause { nodes: vec![0] });
    assert_eq!(client.ask(0, Action::Read), Response::TimedOut);
    assert_eq!(state(process), "T");
    // The others do without it.
    assert_eq!(client.insist(1, Action::Write(2)), Response::Written);
    client.apply(&Fault::Resume { nodes: vec![0] });
    assert_eq!(client.insist(0, Action::Read), Response::Value(Some(2)));
    assert_eq!(client.process(0), process);
}

#[test]
fn nobody_hears_who_is_cut_off() {
    let mut client = Client::new("r = 2\nw = 2", "300ms");
    assert_eq!(client.insist(0, Action::Write(1)), Response::Written);
    let cuts = vec![(0, 1), (1, 0), (0, 2), (2, 0)];
    client.apply(&Fault::Partition { shape: Shape::One, cuts: cuts.clone() });
    assert_eq!(client.ask(0, Action::Write(2)), Response::TimedOut);
    assert_eq!(client.insist(1, Action::Read), Response::Value(Some(1)));
    client.apply(&Fault::Heal { cuts });
    assert_eq!(client.insist(0, Action::Write(3)), Response::Written);
    assert_eq!(client.insist(2, Action::Read), Response::Value(Some(3)));
    // In one direction only: it hears nobody, and still is heard.
    let cuts = vec![(1, 0), (2, 0)];
    client.apply(&Fault::Partition { shape: Shape::OneWay, cuts: cuts.clone() });
    assert_eq!(client.ask(0, Action::Write(4)), Response::TimedOut);
    client.apply(&Fault::Heal { cuts });
    assert_eq!(client.insist(0, Action::Read), Response::Value(Some(3)));
}

#[test]
fn nodes_find_out_that_a_connection_is_half_open() {
    let network = "latency = \"constant 0ms\"\ncut = \"half-open\"";
    let mut client = Client::in_world(WorldKind::Processes, "r = 2\nw = 2", "300ms", network);
    assert_eq!(client.insist(0, Action::Write(1)), Response::Written);
    let cuts = vec![(0, 1), (1, 0), (0, 2), (2, 0)];
    client.apply(&Fault::Partition { shape: Shape::One, cuts: cuts.clone() });
    assert_eq!(client.ask(0, Action::Write(2)), Response::TimedOut);
    client.apply(&Fault::Heal { cuts });
    // The link carries again, and what they had of connections carries nothing.
    assert_eq!(client.insist(0, Action::Write(3)), Response::Written);
}

#[test]
fn a_clock_set_back_loses_to_one_that_is_right() {
    let mut client = Client::new("protocol = \"lww\"\nr = 2\nw = 2", "2s");
    assert_eq!(client.insist(0, Action::Write(1)), Response::Written);
    let offset = -(3600 * SECOND as i64);
    client.apply(&Fault::SkewClocks { offsets: vec![(1, offset)] });
    // The order goes a way of its own: at first the old time may still be in force.
    let mut value = 10;
    loop {
        value += 1;
        assert_eq!(client.insist(1, Action::Write(value)), Response::Written);
        if client.insist(1, Action::Read) != Response::Value(Some(value)) {
            break;
        }
        assert!(value < 10_000, "the clock is never set");
    }
    // A node that starts again is told again.
    client.apply(&Fault::Crash { nodes: vec![1], lose_unsynced: false });
    client.apply(&Fault::Restart { nodes: vec![1] });
    assert_eq!(client.insist(1, Action::Write(0)), Response::Written);
    assert_ne!(client.insist(1, Action::Read), Response::Value(Some(0)));
    client.apply(&Fault::ResetClocks { nodes: vec![1] });
    loop {
        value += 1;
        assert_eq!(client.insist(1, Action::Write(value)), Response::Written);
        if client.insist(1, Action::Read) == Response::Value(Some(value)) {
            return;
        }
        assert!(value < 20_000, "the clock is never right again");
    }
}

#[test]
fn a_slow_link_makes_its_messages_late() {
    let mut client =
        Client::in_world(WorldKind::Processes, "r = 3\nw = 3", "30s", "latency = \"constant 1ms\"");
    assert_eq!(client.insist(0, Action::Write(1)), Response::Written);
    client.apply(&Fault::SlowLinks { links: vec![(2, 0)], factor: 300 });
    let began = client.world.now();
    assert_eq!(client.insist(0, Action::Read), Response::Value(Some(1)));
    let took = client.world.now() - began;
    assert!(took >= 300 * MILLISECOND, "{took} ns");
    client.apply(&Fault::RestoreLinks { links: vec![(2, 0)] });
}

#[test]
fn a_slow_disk_makes_its_syncs_late() {
    let mut client = Client::new("r = 3\nw = 3", "2s");
    assert_eq!(client.insist(0, Action::Write(1)), Response::Written);
    // The order goes a way of its own: at first the disk may still be as it was.
    let is_slow_some_time = |client: &mut Client<Live>, is_slow: bool| {
        let mut tries = (0..1000).map(|value| {
            let began = client.world.now();
            let is_written = client.ask(0, Action::Write(value)) == Response::Written;
            is_written.then(|| client.world.now() - began)
        });
        tries.any(|took| took.is_some_and(|took| (took >= 300 * MILLISECOND) == is_slow))
    };
    client.apply(&Fault::SlowDisks { nodes: vec![2], factor: 300 });
    assert!(is_slow_some_time(&mut client, true));
    // A node that starts again is told again.
    client.apply(&Fault::Crash { nodes: vec![2], lose_unsynced: false });
    client.apply(&Fault::Restart { nodes: vec![2] });
    assert!(is_slow_some_time(&mut client, true));
    client.apply(&Fault::RestoreDisks { nodes: vec![2] });
    assert!(is_slow_some_time(&mut client, false));
}

#[test]
fn a_node_without_space_ends_and_comes_back() {
    let mut client = Client::new("r = 2\nw = 2", "500ms");
    assert_eq!(client.insist(0, Action::Write(1)), Response::Written);
    let process = client.process(2);
    client.apply(&Fault::FillDisks { nodes: vec![2] });
    // Its end is seen where everything is seen that happens: behind what clients learn.
    let mut value = 1;
    while client.world.process(2).is_some() {
        value += 1;
        assert_eq!(client.insist(0, Action::Write(value)), Response::Written);
        assert!(value < 10_000, "it lives without space");
    }
    assert!(!exists(process));
    assert_eq!(client.ask(2, Action::Read), Response::Refused);
    client.apply(&Fault::FreeDisks { nodes: vec![2] });
    assert_eq!(client.insist(2, Action::Read), Response::Value(Some(value)));
}

#[test]
fn a_node_that_dies_by_itself_ends_the_run_with_its_last_words() {
    let mut client = Client::new("r = 2\nw = 2", "2s");
    let id = client.process(1).to_string();
    let kill = std::process::Command::new("kill").args(["-ABRT", &id]).status();
    assert!(kill.expect("there is a kill").success());
    assert_eq!(client.world.next(Nanos::MAX), None);
    let failure = client.world.failure().expect("it has failed").to_string();
    assert!(failure.starts_with("node n2 has ended by itself (signal: 6 (SIGABRT)"), "{failure}");
    assert!(failure.contains("n2.log:\n") && failure.contains("starts"), "{failure}");
}

#[test]
fn majority_quorums_hold_with_processes_that_are_killed_and_cut_off() {
    let shell = Shell::new();
    let workload = project("workloads/first-steps/majority-abd.toml");
    let run = format!("run {workload} --world processes --ops 1500 --seed 3");
    let called = shell.quorate(&run).ends(0);
    assert!(called.out.contains("\nverdict      valid"), "{}", called.out);
    assert!(called.out.contains("judgement    kept"), "{}", called.out);
    assert!(called.out.contains("again        quorate run store/"), "{}", called.out);
    let run = shell.only_run();
    let verdict = shell.json(&format!("{run}/verdict.json"));
    for fault in ["crash", "partition"] {
        assert!(verdict["evidence"]["faults"][fault]["ops"].as_u64() > Some(0), "{verdict:#}");
    }
    assert_eq!(shell.json(&format!("{run}/run.json"))["world"], "processes");
    let log = read(&shell.path(&format!("{run}/log/n1.log")));
    assert!(log.matches("starts").count() > 1 && log.contains(" stops"), "{log}");
    assert!(!shell.path(&format!("{run}/disks")).exists(), "disks are left");
    shell.quorate(&format!("check {run}/history.jsonl")).ends(0);
    let called = shell.quorate(&format!("replay {run}")).ends(254);
    assert!(called.err.contains("a seed does not decide what real processes do"), "{}", called.err);
    assert_nothing_runs_in(&shell.path(""));
}

#[test]
fn weak_quorums_show_what_they_are_said_to() {
    for (workload, options) in [
        ("first-steps/stale-read", ""),
        ("live/order-kept", "--ops 1000"),
        ("first-steps/lost-write-clock-skew", "--ops 3000"),
        ("first-steps/lost-write-unsynced", "--ops 3000"),
        ("first-steps/lost-write-wiped", "--ops 3000"),
    ] {
        let shell = Shell::new();
        let workload = project(&format!("workloads/{workload}.toml"));
        let run = format!("run {workload} --world processes --seed 1 {options}");
        let called = shell.quorate(&run).ends(0);
        assert!(called.out.contains("judgement    weaker by design"), "{}", called.out);
    }
}

#[test]
fn what_only_a_simulation_can_do_is_refused() {
    let shell = Shell::new();
    shell.write("lossy.toml", "[network]\nloss = 0.1\n");
    let called = shell.quorate("run lossy.toml --world processes").ends(254);
    assert!(called.err.contains("network.loss = 0.1"), "{}", called.err);
    let script = project("workloads/protocols/x-lost-write.toml");
    let called = shell.quorate(&format!("run {script} --world processes")).ends(254);
    assert!(called.err.contains("expected --world sim"), "{}", called.err);
    assert!(!shell.path("store").exists());
}
