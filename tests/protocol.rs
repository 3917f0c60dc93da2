//! The protocols, driven by hand: the shortest interleavings that keep or break each promise.

use std::collections::HashMap;

use std::sync::Arc;

use quorate::protocol::{
    ClientReply, ClientRequest, Configuration, Disk, Durability, Effect, Input, Key, Message, Node,
    NodeId, Protocol, Record, Request, RequestId, Seat, Slot,
};
use quorate::time::Nanos;

const A: NodeId = 0;
const B: NodeId = 1;
const C: NodeId = 2;
const D: NodeId = 3;
const KEY: Key = 7;
const PATIENCE: Nanos = 1_000;

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

/// Nodes whose messages and syncs wait until the script says so.
struct Script {
    config: Arc<Configuration>,
    nodes: Vec<Node>,
    disks: Vec<Platter>,
    starts: u32,
    clocks: Vec<Nanos>,
    wire: Vec<Sent>,
    unsynced: Vec<(NodeId, Slot, Record)>,
    replies: HashMap<RequestId, ClientReply>,
    requests: u64,
}

/// A node that starts. These protocols do nothing until they are asked.
fn start(id: NodeId, config: &Arc<Configuration>, incarnation: u32, disk: &Platter) -> Node {
    let seat = Seat { id, config: Arc::clone(config), patience: PATIENCE, incarnation };
    let mut effects = Vec::new();
    let node = Node::start(seat, 0, disk, &mut effects);
    assert_eq!(effects, []);
    node
}

impl Script {
    fn new(config: Configuration) -> Self {
        let config = Arc::new(config);
        let start = |id| start(id, &config, 0, &Platter::default());
        Self {
            config: Arc::clone(&config),
            nodes: (0..config.n).map(start).collect(),
            disks: (0..config.n).map(|_| Platter::default()).collect(),
            starts: 0,
            clocks: vec![0; usize::from(config.n)],
            wire: Vec::new(),
            unsynced: Vec::new(),
            replies: HashMap::new(),
            requests: 0,
        }
    }

    fn handle(&mut self, node: NodeId, input: Input) {
        let mut effects = Vec::new();
        let place = usize::from(node);
        self.nodes[place].handle(self.clocks[place], input, &mut effects);
        for effect in effects {
            match effect {
                Effect::Send { to, message } => self.wire.push(Sent { from: node, to, message }),
                Effect::Persist { slot, record } => self.unsynced.push((node, slot, record)),
                Effect::SetTimer { .. } => panic!("these protocols set no timers"),
                Effect::Reply { request, reply } => {
                    let earlier = self.replies.insert(request, reply);
                    assert_eq!(earlier, None, "a request is answered once");
                }
            }
        }
    }

    fn ask(&mut self, node: NodeId, process: u32, request: Request) -> RequestId {
        self.requests += 1;
        let id = RequestId(self.requests);
        self.handle(node, Input::Request(ClientRequest { id, process, key: KEY, request }));
        id
    }

    fn read(&mut self, node: NodeId) -> RequestId {
        self.ask(node, 100, Request::Read)
    }

    fn write(&mut self, node: NodeId, process: u32, value: i64) -> RequestId {
        self.ask(node, process, Request::Write(value))
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

    fn deliver(&mut self, sent: &Sent) {
        let place = self.wire.iter().position(|other| other == sent).expect("it is on its way");
        self.wire.remove(place);
        self.handle(sent.to, Input::Message { from: sent.from, message: sent.message.clone() });
    }

    /// Lets these nodes talk and sync until there is nothing left to say.
    fn talk(&mut self, among: &[NodeId]) {
        loop {
            for node in among {
                self.sync(*node);
            }
            let said = |sent: &&Sent| among.contains(&sent.from) && among.contains(&sent.to);
            let Some(sent) = self.wire.iter().find(said).cloned() else { return };
            self.deliver(&sent);
        }
    }

    /// What is on its way between two nodes.
    fn on_the_way(&self, from: NodeId, to: NodeId) -> Vec<Sent> {
        self.wire.iter().filter(|sent| (sent.from, sent.to) == (from, to)).cloned().collect()
    }

    /// Stops a node and starts it again with what it had synced.
    fn crash(&mut self, node: NodeId) {
        self.unsynced.retain(|(n, ..)| *n != node);
        self.starts += 1;
        let disk = &self.disks[usize::from(node)];
        self.nodes[usize::from(node)] = start(node, &self.config, self.starts, disk);
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
}

/// A write that has reached its own replica only, while A and B are asked what they hold.
fn half_written(write_back: bool) -> (Script, RequestId) {
    let config = Configuration { write_back, ..Configuration::new(Protocol::Abd, 3, 2, 2) };
    let mut script = Script::new(config);
    script.write(A, 1, 1);
    for sent in script.on_the_way(A, B) {
        script.deliver(&sent);
    }
    for sent in script.on_the_way(B, A) {
        script.deliver(&sent);
    }
    script.sync(A);
    // What it sends to the others from here on is slow.
    script.wire.clear();
    let read = script.read(A);
    (script, read)
}

#[test]
fn without_write_back_an_old_value_comes_back_after_a_new_one() {
    let (mut script, first) = half_written(false);
    script.talk(&[A, B]);
    assert_eq!(script.value(first), Some(1));
    let second = script.read(C);
    script.talk(&[B, C]);
    assert_eq!(script.value(second), None);
}

#[test]
fn with_write_back_what_was_read_is_read_again() {
    let (mut script, first) = half_written(true);
    let query = script.on_the_way(A, B);
    script.deliver(&query[0]);
    let found = script.on_the_way(B, A);
    script.deliver(&found[0]);
    assert_eq!(script.reply(first), None, "what it returns must be stored first");
    script.talk(&[A, B]);
    assert_eq!(script.value(first), Some(1));
    let second = script.read(C);
    script.talk(&[B, C]);
    assert_eq!(script.value(second), Some(1));
}

#[test]
fn quorums_that_need_not_meet_miss_a_completed_write() {
    let mut script = Script::new(Configuration::new(Protocol::Abd, 3, 1, 1));
    let write = script.write(A, 1, 1);
    script.sync(A);
    script.assert_written(write);
    let read = script.read(B);
    assert_eq!(script.value(read), None);
}

#[test]
fn write_quorums_that_need_not_meet_lose_the_later_write() {
    let mut script = Script::new(Configuration::new(Protocol::Abd, 4, 3, 2));
    let first = script.write(A, 2, 1);
    script.talk(&[A, B]);
    script.assert_written(first);
    let second = script.write(C, 1, 2);
    script.talk(&[C, D]);
    script.assert_written(second);
    let read = script.read(A);
    script.wire.retain(|sent| sent.to != B);
    script.talk(&[A, C, D]);
    assert_eq!(script.value(read), Some(1));
}

#[test]
fn a_slow_clock_loses_an_acknowledged_write() {
    let mut script = Script::new(Configuration::new(Protocol::Lww, 3, 2, 2));
    script.clocks = vec![10, 5, 10];
    let all = [A, B, C];
    let first = script.write(A, 1, 1);
    script.talk(&all);
    let second = script.write(B, 2, 2);
    script.talk(&all);
    script.assert_written(first);
    script.assert_written(second);
    for node in all {
        let read = script.read(node);
        script.talk(&all);
        assert_eq!(script.value(read), Some(1));
    }
}

#[test]
fn replicas_that_acknowledge_before_they_sync_forget_what_they_acknowledged() {
    let durability = Durability::AckBeforeSync;
    let config = Configuration { durability, ..Configuration::new(Protocol::Lww, 3, 2, 2) };
    let mut script = Script::new(config);
    let write = script.write(A, 1, 1);
    let store = script.on_the_way(A, B);
    script.deliver(&store[0]);
    let holding = script.on_the_way(B, A);
    script.deliver(&holding[0]);
    script.assert_written(write);
    script.crash(A);
    script.crash(B);
    script.wire.clear();
    let read = script.read(A);
    script.talk(&[A, B]);
    assert_eq!(script.value(read), None);
}

#[test]
fn replicas_that_sync_first_acknowledge_nothing_they_could_forget() {
    let mut script = Script::new(Configuration::new(Protocol::Lww, 3, 2, 2));
    let write = script.write(A, 1, 1);
    let store = script.on_the_way(A, B);
    script.deliver(&store[0]);
    assert_eq!(script.on_the_way(B, A), [], "not synced yet");
    // Held already, but not synced: a second request for it waits as well.
    script.handle(B, Input::Message { from: A, message: store[0].message.clone() });
    assert_eq!(script.on_the_way(B, A), []);
    script.sync(B);
    assert_eq!(script.on_the_way(B, A).len(), 2);
    script.talk(&[A, B]);
    script.assert_written(write);
    script.crash(A);
    script.crash(B);
    let read = script.read(A);
    script.talk(&[A, B]);
    assert_eq!(script.value(read), Some(1));
}

#[test]
fn one_replica_that_answers_twice_is_no_quorum() {
    let mut script = Script::new(Configuration::new(Protocol::Lww, 5, 3, 3));
    let read = script.read(A);
    let query = script.on_the_way(A, B);
    script.deliver(&query[0]);
    let found = script.on_the_way(B, A)[0].clone();
    for _ in 0..3 {
        script.handle(A, Input::Message { from: B, message: found.message.clone() });
    }
    assert_eq!(script.reply(read), None);
    script.talk(&[A, C]);
    assert_eq!(script.value(read), None);
}

#[test]
fn answers_to_the_query_do_not_count_as_answers_to_the_store() {
    let mut script = Script::new(Configuration::new(Protocol::Abd, 3, 2, 2));
    let write = script.write(A, 1, 1);
    let query = script.on_the_way(A, B);
    script.deliver(&query[0]);
    let found = script.on_the_way(B, A)[0].clone();
    script.deliver(&found);
    script.sync(A);
    // The query is over; its late answers change nothing.
    script.handle(A, Input::Message { from: B, message: found.message.clone() });
    script.handle(A, Input::Message { from: C, message: found.message.clone() });
    assert_eq!(script.reply(write), None);
    script.talk(&[A, C]);
    script.assert_written(write);
}

#[test]
fn answers_meant_for_before_a_restart_are_for_nobody() {
    let mut script = Script::new(Configuration::new(Protocol::Lww, 3, 2, 2));
    let lost = script.write(A, 1, 1);
    let store = script.on_the_way(A, B);
    script.deliver(&store[0]);
    script.sync(B);
    let holding = script.on_the_way(B, A);
    script.crash(A);
    let next = script.write(A, 2, 2);
    script.deliver(&holding[0]);
    assert_eq!((script.reply(lost), script.reply(next)), (None, None));
    script.talk(&[A, B, C]);
    assert_eq!(script.reply(lost), None, "its coordinator has forgotten it");
    script.assert_written(next);
}

#[test]
fn an_operation_without_a_quorum_is_forgotten_in_time() {
    let mut script = Script::new(Configuration::new(Protocol::Lww, 3, 2, 2));
    let lonely = script.read(A);
    let late = script.on_the_way(A, B);
    script.wire.clear();
    script.clocks[0] += PATIENCE + 1;
    // It is when the next request comes that the coordinator looks at its clock.
    let next = script.read(A);
    script.handle(B, Input::Message { from: A, message: late[0].message.clone() });
    script.talk(&[A, B]);
    assert_eq!(script.reply(lonely), None);
    assert_eq!(script.value(next), None);
}

#[test]
fn replicas_agree_whatever_the_order_in_which_writes_reach_them() {
    // Each of three writes is stamped alike; the orders differ from replica to replica.
    let mut script = Script::new(Configuration::new(Protocol::Lww, 3, 1, 1));
    for (node, value) in [(A, 3), (B, 1), (C, 2)] {
        script.write(node, 1, value);
    }
    script.wire.reverse();
    script.talk(&[A, B, C]);
    for node in [A, B, C] {
        let read = script.read(node);
        assert_eq!(script.value(read), Some(3));
    }
}
