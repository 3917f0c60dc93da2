//! The protocols that put all operations into one order, driven by hand: the shortest interleavings that
//! keep or break each promise; and that they go on when all is mended.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use quorate::protocol::{
    Acks, ClientReply, ClientRequest, Configuration, Disk, Effect, Election, Input, Key, Message,
    Node, NodeId, Protocol, Reads, Record, Request, RequestId, Seat, Slot, Timer,
};
use quorate::rng::Seed;
use quorate::run::simulate;
use quorate::time::Nanos;
use quorate::workload::File;
use quorate_checker::{Function, Outcome};

const A: NodeId = 0;
const B: NodeId = 1;
const C: NodeId = 2;
const ALL: [NodeId; 3] = [A, B, C];
const KEY: Key = 7;
const PATIENCE: Nanos = 1_000;
/// The kinds of timers: what a node does now and then, and when it asks for votes.
const TICK: u8 = 0;
const CANVASS: u8 = 1;
/// More ticks than a node is loyal to a leader that it does not hear.
const SILENCE: usize = 6;

#[derive(Default)]
struct Platter(HashMap<Slot, Record>);

impl Disk for Platter {
    fn records(&self) -> impl Iterator<Item = (Slot, Record)> {
        self.0.iter().map(|(slot, record)| (*slot, record.clone()))
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Sent {
    from: NodeId,
    to: NodeId,
    message: Message,
}

/// Nodes whose messages, syncs and timers wait until the script says so.
struct Script {
    config: Arc<Configuration>,
    nodes: Vec<Node>,
    disks: Vec<Platter>,
    starts: u32,
    clocks: Vec<Nanos>,
    wire: Vec<Sent>,
    unsynced: Vec<(NodeId, Slot, Record)>,
    timers: Vec<(NodeId, Timer)>,
    replies: HashMap<RequestId, ClientReply>,
    requests: u64,
}

impl Script {
    fn new(config: Configuration) -> Self {
        let config = Arc::new(config);
        let mut script = Self {
            config: Arc::clone(&config),
            nodes: Vec::new(),
            disks: (0..config.n).map(|_| Platter::default()).collect(),
            starts: 0,
            clocks: vec![0; usize::from(config.n)],
            wire: Vec::new(),
            unsynced: Vec::new(),
            timers: Vec::new(),
            replies: HashMap::new(),
            requests: 0,
        };
        for id in 0..config.n {
            let node = script.start(id);
            script.nodes.push(node);
        }
        script
    }

    fn start(&mut self, id: NodeId) -> Node {
        let config = Arc::clone(&self.config);
        let seat = Seat { id, config, patience: PATIENCE, incarnation: self.starts };
        let mut effects = Vec::new();
        let clock = self.clocks[usize::from(id)];
        let node = Node::start(seat, clock, &self.disks[usize::from(id)], &mut effects);
        self.perform(id, effects);
        node
    }

    fn perform(&mut self, node: NodeId, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send { to, message } => self.wire.push(Sent { from: node, to, message }),
                Effect::Persist { slot, record } => self.unsynced.push((node, slot, record)),
                Effect::SetTimer { timer, .. } => self.timers.push((node, timer)),
                Effect::Reply { request, reply } => {
                    let earlier = self.replies.insert(request, reply);
                    assert_eq!(earlier, None, "a request is answered once");
                }
            }
        }
    }

    fn handle(&mut self, node: NodeId, input: Input) {
        let mut effects = Vec::new();
        let place = usize::from(node);
        self.nodes[place].handle(self.clocks[place], input, &mut effects);
        self.perform(node, effects);
    }

    fn ask(&mut self, node: NodeId, request: Request) -> RequestId {
        self.requests += 1;
        let id = RequestId(self.requests);
        self.handle(node, Input::Request(ClientRequest { id, process: 1, key: KEY, request }));
        id
    }

    fn read(&mut self, node: NodeId) -> RequestId {
        self.ask(node, Request::Read)
    }

    fn write(&mut self, node: NodeId, value: i64) -> RequestId {
        self.ask(node, Request::Write(value))
    }

    fn sync(&mut self, node: NodeId) {
        let all = std::mem::take(&mut self.unsynced);
        let (synced, rest) = all.into_iter().partition(|(n, ..)| *n == node);
        self.unsynced = rest;
        let synced: Vec<(NodeId, Slot, Record)> = synced;
        for (_, slot, record) in synced {
            self.disks[usize::from(node)].0.insert(slot, record.clone());
            self.handle(node, Input::Persisted { slot, record });
        }
    }

    /// Lets these nodes talk and sync until there is nothing left to say. What others were told is still
    /// on its way.
    fn talk(&mut self, among: &[NodeId]) {
        loop {
            for node in among {
                self.sync(*node);
            }
            let said = |sent: &Sent| among.contains(&sent.from) && among.contains(&sent.to);
            let Some(place) = self.wire.iter().position(said) else { return };
            let Sent { from, to, message } = self.wire.remove(place);
            self.handle(to, Input::Message { from, message });
        }
    }

    /// Lets all timers of a kind go off that these nodes have set.
    fn fire(&mut self, among: &[NodeId], kind: u8) {
        let all = std::mem::take(&mut self.timers);
        let is_due = |(node, timer): &(NodeId, Timer)| among.contains(node) && timer.kind == kind;
        let (due, rest) = all.into_iter().partition(is_due);
        self.timers = rest;
        let due: Vec<(NodeId, Timer)> = due;
        for (node, timer) in due {
            self.handle(node, Input::Timer(timer));
        }
    }

    /// Lets time pass for these nodes, which talk meanwhile.
    fn pass(&mut self, among: &[NodeId], ticks: usize) {
        for _ in 0..ticks {
            self.fire(among, TICK);
            self.talk(among);
        }
    }

    /// One node wants to lead, of these, which have not heard from any leader for long.
    fn canvass(&mut self, node: NodeId, among: &[NodeId]) {
        for _ in 0..SILENCE {
            self.fire(among, TICK);
        }
        self.fire(&[node], CANVASS);
        self.talk(among);
    }

    /// Stops a node and starts it again with what it had synced.
    fn crash(&mut self, node: NodeId) {
        self.unsynced.retain(|(n, ..)| *n != node);
        self.timers.retain(|(n, _)| *n != node);
        self.starts += 1;
        self.nodes[usize::from(node)] = self.start(node);
    }

    fn reply(&self, request: RequestId) -> Option<ClientReply> {
        self.replies.get(&request).copied()
    }

    fn value(&self, request: RequestId) -> Option<i64> {
        match self.reply(request).expect("the read is answered") {
            ClientReply::Value(value) => value,
            other => panic!("a read is answered with a value, not {other:?}"),
        }
    }

    fn assert_written(&self, request: RequestId) {
        assert_eq!(self.reply(request), Some(ClientReply::Written));
    }

    /// What a node answers to a read, when it has talked to these.
    fn found(&mut self, node: NodeId, among: &[NodeId]) -> Option<i64> {
        let read = self.read(node);
        self.talk(among);
        self.value(read)
    }
}

/// Three nodes of which A leads and all are up to date.
fn led_by_a(config: Configuration) -> Script {
    let mut script = Script::new(config);
    script.canvass(A, &ALL);
    for node in ALL {
        assert_eq!(script.found(node, &ALL), None);
    }
    script
}

fn raft(reads: Reads) -> Configuration {
    Configuration { reads, ..Configuration::new(Protocol::Raft, 3, 2, 2) }
}

fn primary(acks: Acks, election: Election) -> Configuration {
    Configuration { acks, election, ..Configuration::new(Protocol::Primary, 3, 2, 2) }
}

/// A leads and has not heard that B leads as well, with a write of its own.
fn deposed(config: Configuration) -> Script {
    let mut script = led_by_a(config);
    script.canvass(B, &[B, C]);
    let write = script.write(C, 2);
    script.talk(&[B, C]);
    script.assert_written(write);
    script
}

#[test]
fn without_a_leader_nothing_is_sent_and_the_client_learns_so() {
    let mut script = Script::new(raft(Reads::Log));
    let write = script.write(A, 1);
    assert_eq!(script.reply(write), Some(ClientReply::Unavailable));
    assert_eq!(script.wire, []);
}

#[test]
fn a_leader_that_is_cut_off_commits_nothing() {
    let mut script = led_by_a(raft(Reads::ReadIndex));
    let lonely = script.write(A, 1);
    script.talk(&[A]);
    assert_eq!(script.reply(lonely), None);
    script.canvass(B, &[B, C]);
    let write = script.write(C, 2);
    script.talk(&[B, C]);
    script.assert_written(write);
    assert_eq!(script.reply(lonely), None);
    script.talk(&ALL);
    assert_eq!(script.found(A, &ALL), Some(2), "what was never committed is gone");
}

#[test]
fn whoever_lacks_what_is_committed_is_not_elected() {
    let mut script = led_by_a(raft(Reads::ReadIndex));
    let write = script.write(A, 1);
    script.talk(&[A, B]);
    script.assert_written(write);
    script.canvass(C, &[B, C]);
    let unavailable = script.read(C);
    assert_eq!(script.reply(unavailable), Some(ClientReply::Unavailable));
    script.canvass(B, &[B, C]);
    assert_eq!(script.found(C, &[B, C]), Some(1));
}

#[test]
fn nobody_helps_another_to_lead_while_there_is_a_leader() {
    let mut script = led_by_a(raft(Reads::ReadIndex));
    // C was cut off, B was not.
    script.pass(&[A, B], SILENCE);
    for _ in 0..SILENCE {
        script.fire(&[C], TICK);
    }
    script.wire.clear();
    script.fire(&[C], CANVASS);
    script.talk(&[B, C]);
    let write = script.write(A, 1);
    script.talk(&[A, B]);
    script.assert_written(write);
}

#[test]
fn a_leader_that_hears_from_nobody_gives_up() {
    let mut script = led_by_a(raft(Reads::ReadIndex));
    script.pass(&[A], 4 * SILENCE);
    let write = script.write(A, 1);
    assert_eq!(script.reply(write), Some(ClientReply::Unavailable));
}

#[test]
fn a_deposed_leader_answers_no_read_that_it_must_confirm() {
    for reads in [Reads::Log, Reads::ReadIndex] {
        let mut script = deposed(raft(reads));
        let read = script.read(A);
        script.talk(&[A]);
        assert_eq!(script.reply(read), None);
        script.pass(&ALL, SILENCE);
        assert_eq!(script.value(read), Some(2));
    }
}

#[test]
fn a_deposed_leader_still_says_how_much_is_committed() {
    let mut script = deposed(raft(Reads::Sync));
    assert_eq!(script.found(A, &[A]), None);
}

#[test]
fn a_lease_ends_in_time_unless_the_clock_is_set_back() {
    let mut script = deposed(raft(Reads::Lease));
    script.clocks[0] = PATIENCE;
    let late = script.read(A);
    script.talk(&[A]);
    assert_eq!(script.reply(late), None, "the lease is over");
    script.clocks[0] = 0;
    assert_eq!(script.found(A, &[A]), None, "it missed a write that had completed");
}

#[test]
fn a_follower_that_answers_by_itself_answers_from_the_past() {
    let mut script = led_by_a(raft(Reads::Any));
    let write = script.write(A, 1);
    script.talk(&[A, B]);
    script.assert_written(write);
    assert_eq!(script.found(C, &[C]), None);
    script.talk(&ALL);
    script.pass(&ALL, 1);
    assert_eq!(script.found(C, &[C]), Some(1));
}

#[test]
fn a_follower_that_starts_asks_how_far_it_must_be() {
    let mut script = led_by_a(raft(Reads::Any));
    let write = script.write(C, 1);
    script.pass(&ALL, 1);
    script.assert_written(write);
    script.crash(C);
    let early = script.read(C);
    assert_eq!(script.reply(early), Some(ClientReply::Unavailable), "it knows nothing yet");
    script.pass(&ALL, 1);
    assert_eq!(script.found(C, &ALL), Some(1));
}

#[test]
fn a_request_that_arrives_twice_is_carried_out_once() {
    for config in [raft(Reads::ReadIndex), primary(Acks::Count(1), Election::Latest)] {
        let mut script = led_by_a(config);
        let first = script.write(B, 1);
        let again = script.wire.iter().find(|sent| (sent.from, sent.to) == (B, A)).cloned();
        let again = again.expect("it is passed on to the leader");
        script.pass(&ALL, 1);
        script.assert_written(first);
        let second = script.write(C, 2);
        script.pass(&ALL, 1);
        script.assert_written(second);
        script.handle(A, Input::Message { from: B, message: again.message });
        script.pass(&ALL, 1);
        assert_eq!(script.found(B, &ALL), Some(2));
    }
}

#[test]
fn a_compare_and_set_sees_what_it_replaces() {
    let configs = [raft(Reads::ReadIndex), Configuration::new(Protocol::Chain, 3, 2, 2)];
    for config in configs {
        let is_led = config.protocol == Protocol::Raft;
        let mut script = if is_led { led_by_a(config) } else { Script::new(config) };
        let first = script.ask(B, Request::Cas { expected: None, new: 1 });
        script.pass(&ALL, 2);
        script.assert_written(first);
        let second = script.ask(C, Request::Cas { expected: None, new: 2 });
        script.pass(&ALL, 2);
        assert_eq!(script.reply(second), Some(ClientReply::Differs(Some(1))));
    }
}

#[test]
fn whoever_is_far_behind_gets_all_at_once_and_nothing_grows_for_ever() {
    const WRITES: i64 = 300;
    let mut script = led_by_a(raft(Reads::ReadIndex));
    for value in 1..=WRITES {
        let write = script.write(A, value);
        script.talk(&[A, B]);
        script.assert_written(write);
    }
    script.wire.clear();
    script.crash(C);
    script.pass(&ALL, SILENCE);
    assert_eq!(script.found(C, &ALL), Some(WRITES));
    for node in ALL {
        script.crash(node);
    }
    script.wire.clear();
    script.canvass(C, &ALL);
    assert_eq!(script.found(B, &ALL), Some(WRITES));
}

#[test]
fn a_primary_that_waits_for_nobody_loses_what_it_acknowledged() {
    let mut script = led_by_a(primary(Acks::Count(0), Election::Latest));
    let lost = script.write(A, 1);
    script.talk(&[A]);
    script.assert_written(lost);
    script.canvass(B, &[B, C]);
    // Both believe that they are the primary.
    let (left, right) = (script.write(A, 2), script.write(B, 3));
    script.talk(&[A]);
    script.talk(&[B, C]);
    script.assert_written(left);
    script.assert_written(right);
    assert_eq!(script.found(A, &[A]), Some(2));
    script.talk(&ALL);
    script.pass(&ALL, SILENCE);
    for node in ALL {
        assert_eq!(script.found(node, &ALL), Some(3));
    }
}

#[test]
fn a_copy_that_every_election_meets_survives() {
    let mut script = led_by_a(primary(Acks::Count(1), Election::Latest));
    let write = script.write(A, 1);
    script.talk(&[A]);
    assert_eq!(script.reply(write), None);
    script.talk(&[A, B]);
    script.assert_written(write);
    script.canvass(C, &[B, C]);
    let unavailable = script.read(C);
    assert_eq!(script.reply(unavailable), Some(ClientReply::Unavailable));
    script.canvass(B, &[B, C]);
    assert_eq!(script.found(C, &[B, C]), Some(1));
}

#[test]
fn whoever_leads_without_the_last_writes_throws_them_away() {
    let mut script = led_by_a(primary(Acks::Count(1), Election::Any));
    let write = script.write(A, 1);
    script.talk(&[A, B]);
    script.assert_written(write);
    script.canvass(C, &[B, C]);
    script.pass(&[B, C], 1);
    assert_eq!(script.found(C, &[B, C]), None);
    script.pass(&ALL, SILENCE);
    assert_eq!(script.found(A, &ALL), None);
}

/// A and B are in sync and have a write; C is not and has it not.
fn c_lags(election: Election) -> Script {
    let mut script = led_by_a(primary(Acks::Insync, election));
    let write = script.write(A, 1);
    script.talk(&[A, B]);
    assert_eq!(script.reply(write), None, "C is in sync as far as anybody knows");
    script.pass(&[A, B], SILENCE);
    script.assert_written(write);
    script.wire.clear();
    script
}

#[test]
fn a_node_that_lags_is_waited_for_until_a_majority_has_dropped_it() {
    let mut script = c_lags(Election::Latest);
    script.canvass(C, &[B, C]);
    let unavailable = script.read(C);
    assert_eq!(script.reply(unavailable), Some(ClientReply::Unavailable));
    script.canvass(B, &[B, C]);
    script.pass(&[B, C], 2 * SILENCE);
    assert_eq!(script.found(C, &[B, C]), Some(1));
}

#[test]
fn an_unclean_election_loses_what_those_in_sync_had() {
    let mut script = c_lags(Election::Any);
    script.canvass(C, &[B, C]);
    script.pass(&[B, C], SILENCE);
    assert_eq!(script.found(C, &[B, C]), None);
}

#[test]
fn with_too_few_in_sync_the_primary_takes_no_writes() {
    let config = primary(Acks::Insync, Election::Latest);
    let mut script = led_by_a(Configuration { min_insync: 3, ..config });
    script.pass(&[A, B], 2 * SILENCE);
    let write = script.write(A, 1);
    assert_eq!(script.reply(write), Some(ClientReply::Unavailable));
    script.pass(&ALL, SILENCE);
    let write = script.write(A, 2);
    script.pass(&ALL, SILENCE);
    script.assert_written(write);
}

fn chain(reads: Reads) -> Script {
    let config = Configuration { reads, ..Configuration::new(Protocol::Chain, 3, 2, 2) };
    let mut script = Script::new(config);
    for node in ALL {
        assert_eq!(script.found(node, &ALL), None);
    }
    script
}

#[test]
fn what_the_tail_has_not_is_neither_acknowledged_nor_read() {
    let mut script = chain(Reads::Tail);
    let write = script.write(A, 1);
    script.talk(&[A, B]);
    assert_eq!(script.reply(write), None);
    assert_eq!(script.found(C, &[C]), None);
    script.talk(&ALL);
    script.assert_written(write);
    assert_eq!(script.found(A, &ALL), Some(1));
}

#[test]
fn before_the_tail_a_read_is_from_the_past() {
    let mut script = chain(Reads::Any);
    let write = script.write(C, 1);
    script.talk(&ALL);
    script.assert_written(write);
    let write = script.write(C, 2);
    // Nobody tells the head what the tail has.
    while script.reply(write).is_none() {
        script.talk(&[A, B]);
        script.wire.retain(|sent| (sent.from, sent.to) != (B, A));
        script.talk(&[B, C]);
        script.wire.retain(|sent| (sent.from, sent.to) != (B, A));
        script.fire(&ALL, TICK);
        let at_head = script.wire.iter().position(|sent| (sent.from, sent.to) == (C, A));
        if let Some(place) = at_head {
            let Sent { from, to, message } = script.wire.remove(place);
            script.handle(to, Input::Message { from, message });
        }
    }
    script.assert_written(write);
    assert_eq!(script.found(A, &[A]), Some(1));
    assert_eq!(script.found(C, &[C]), Some(2));
}

#[test]
fn a_chain_goes_on_where_its_disks_left_off() {
    let mut script = chain(Reads::Tail);
    let write = script.write(A, 1);
    script.talk(&[A, B]);
    for node in ALL {
        script.crash(node);
    }
    script.wire.clear();
    script.pass(&ALL, 3);
    assert_eq!(script.reply(write), None, "nobody knows any more who asked");
    assert_eq!(script.found(B, &ALL), Some(1));
}

#[test]
fn when_all_is_mended_every_read_is_answered() {
    let clusters = [
        "protocol = \"raft\"\nnodes = 5\nreads = \"read-index\"",
        "protocol = \"raft\"\nreads = \"lease\"",
        "protocol = \"raft\"\nreads = \"any\"\nnodes = 2",
        "protocol = \"primary\"\nacks = 0",
        "protocol = \"primary\"\nacks = 2\nreads = \"log\"",
        "protocol = \"primary\"\nacks = \"insync\"\nreads = \"read-index\"",
        "protocol = \"primary\"\nacks = \"insync\"\nelection = \"any\"",
        "protocol = \"chain\"",
        "protocol = \"chain\"\nreads = \"any\"",
    ];
    for cluster in clusters {
        let text = format!(
            "[cluster]\n{cluster}\n[clients]\nops = 600\nsettle = \"500ms\"\n\
             [network]\nloss = 0.02\nduplication = 0.02\n\
             [[nemesis]]\nfault = \"partition\"\n[[nemesis]]\nfault = \"crash\"\n\
             [[nemesis]]\nfault = \"pause\"\n[[nemesis]]\nfault = \"slow-links\"\n\
             [[nemesis]]\nfault = \"clock-skew\"\n"
        );
        let file = File::parse(Path::new("mended.toml"), &text).expect("it is TOML");
        let workload = file.resolve().expect("it is possible");
        for seed in 1..=3 {
            let run = simulate(&workload, Seed(seed), None, &mut |_| true).expect("no file");
            let ops = run.history.keys.iter().flat_map(|key| &key.ops);
            let mended = run.faults.iter().map(|window| window.to as i64).max().unwrap_or(0);
            let settled = mended + 500_000_000;
            let last = ops.filter(|op| op.call_time >= settled && op.function() == Function::Read);
            let last: Vec<_> = last.collect();
            assert_eq!(last.len(), 50, "every client reads every register");
            let unanswered = last.iter().filter(|op| op.outcome() != Outcome::Ok).count();
            // Whatever is sent can be lost at any time.
            assert!(unanswered <= 5, "{cluster}\nseed {seed}: {unanswered} unanswered");
        }
    }
}
