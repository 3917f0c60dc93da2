//! The simulated world: each fault does what its name says, to the nanosecond.

use quorate::client::{Action, Operation, Response};
use quorate::latency::Latency;
use quorate::nemesis::{Fault, Shape};
use quorate::protocol::{Configuration, Durability, NodeId, Protocol};
use quorate::rng::Seed;
use quorate::time::{MILLISECOND, Nanos, SECOND};
use quorate::world::sim::{NetworkSettings, SimSettings, Simulation};
use quorate::world::{Bandwidth, Happening, World};

const CLIENT: Nanos = MILLISECOND;
const LINK: Nanos = 5 * MILLISECOND;
const SYNC: Nanos = 2 * MILLISECOND;
const TIMEOUT: Nanos = 100 * MILLISECOND;

/// There and back between client and node.
const ASK: Nanos = 2 * CLIENT;
/// There and back between two nodes.
const ROUND: Nanos = 2 * LINK;

fn configuration(protocol: Protocol) -> Configuration {
    Configuration::new(protocol, 3, 2, 2)
}

fn settings() -> SimSettings {
    SimSettings {
        network: NetworkSettings::of(Latency::Constant(LINK)),
        client_latency: Latency::Constant(CLIENT),
        sync_latency: Latency::Constant(SYNC),
        timeout: TIMEOUT,
    }
}

/// One client that asks and waits.
struct Client {
    world: Simulation,
    process: u32,
}

impl Client {
    fn of(config: Configuration, settings: &SimSettings) -> Self {
        Self { world: Simulation::new(config, settings, Seed(1)), process: 0 }
    }

    fn new(protocol: Protocol) -> Self {
        Self::of(configuration(protocol), &settings())
    }

    fn begin(&mut self, node: NodeId, action: Action) {
        self.process += 1;
        self.world.invoke(self.process, node, Operation { key: 0, action });
    }

    /// The answer, and how long it took from now.
    fn wait(&mut self) -> (Response, Nanos) {
        let begun = self.world.now();
        let (_, Happening { process, response }) = self.world.next(Nanos::MAX).expect("an answer");
        assert_eq!(process, self.process);
        (response, self.world.now() - begun)
    }

    fn ask(&mut self, node: NodeId, action: Action) -> (Response, Nanos) {
        self.begin(node, action);
        self.wait()
    }

    fn write(&mut self, node: NodeId, value: i64) -> (Response, Nanos) {
        self.ask(node, Action::Write(value))
    }

    fn read(&mut self, node: NodeId) -> Response {
        self.ask(node, Action::Read).0
    }

    fn pass(&mut self, time: Nanos) {
        let until = self.world.now() + time;
        assert_eq!(self.world.next(until), None);
        assert_eq!(self.world.now(), until);
    }
}

fn cut(cuts: &[(NodeId, NodeId)]) -> Fault {
    Fault::Partition { shape: Shape::One, cuts: cuts.to_vec() }
}

fn crash(nodes: &[NodeId], lose_unsynced: bool) -> Fault {
    Fault::Crash { nodes: nodes.to_vec(), lose_unsynced }
}

/// Both directions between node 0 and the others.
const AROUND_NODE_0: [(NodeId, NodeId); 4] = [(0, 1), (1, 0), (0, 2), (2, 0)];

#[test]
fn operations_take_as_long_as_their_messages() {
    let mut lww = Client::new(Protocol::Lww);
    assert_eq!(lww.write(0, 1), (Response::Written, ASK + ROUND + SYNC));
    assert_eq!(lww.ask(1, Action::Read), (Response::Value(Some(1)), ASK + ROUND));
    let mut abd = Client::new(Protocol::Abd);
    assert_eq!(abd.ask(0, Action::Read), (Response::Value(None), ASK + ROUND));
    assert_eq!(abd.write(0, 1), (Response::Written, ASK + 2 * ROUND + SYNC));
    abd.pass(TIMEOUT);
    // What is held and synced already is acknowledged at once.
    assert_eq!(abd.ask(1, Action::Read), (Response::Value(Some(1)), ASK + 2 * ROUND));
}

#[test]
fn a_node_cut_off_answers_nothing_until_the_cut_is_mended() {
    let directions: [&[(NodeId, NodeId)]; 3] =
        [&AROUND_NODE_0, &[(0, 1), (0, 2)], &[(1, 0), (2, 0)]];
    for cuts in directions {
        let mut client = Client::new(Protocol::Lww);
        assert!(client.world.apply(&cut(cuts)));
        assert!(!client.world.apply(&cut(cuts)), "it is cut already");
        assert_eq!(client.ask(0, Action::Read), (Response::TimedOut, TIMEOUT));
        assert!(client.world.traffic().cut >= 2);
        assert_eq!(client.read(1), Response::Value(None), "the others have a quorum");
        assert!(client.world.apply(&Fault::Heal { cuts: cuts.to_vec() }));
        assert_eq!(client.read(0), Response::Value(None));
    }
}

#[test]
fn a_cut_also_loses_what_is_on_its_way() {
    let mut client = Client::new(Protocol::Lww);
    client.begin(0, Action::Read);
    client.pass(CLIENT + LINK / 2);
    client.world.apply(&cut(&AROUND_NODE_0));
    client.world.apply(&Fault::Heal { cuts: AROUND_NODE_0.to_vec() });
    assert_eq!(client.wait().0, Response::Value(None), "a cut that is over in between is not felt");
    client.begin(0, Action::Read);
    client.pass(CLIENT + LINK / 2);
    client.world.apply(&cut(&AROUND_NODE_0));
    assert_eq!(client.wait().0, Response::TimedOut);
}

#[test]
fn a_crash_breaks_connections_and_refuses_new_ones() {
    let mut client = Client::new(Protocol::Lww);
    client.begin(0, Action::Write(1));
    client.pass(CLIENT + LINK);
    assert!(client.world.apply(&crash(&[0], true)));
    assert!(!client.world.apply(&crash(&[0], true)), "it is down already");
    assert_eq!(client.wait(), (Response::ConnectionLost, CLIENT));
    assert_eq!(client.write(0, 2), (Response::Refused, ASK));
    assert_eq!(client.read(1), Response::Value(Some(1)), "the write went on without it");
    assert!(client.world.apply(&Fault::Restart { nodes: vec![0] }));
    assert_eq!(client.read(0), Response::Value(Some(1)));
}

#[test]
fn a_restart_finds_what_was_synced_and_perhaps_what_was_not() {
    let durability = [Durability::SyncBeforeAck, Durability::AckBeforeSync];
    for (durability, lose_unsynced) in durability.into_iter().flat_map(|d| [(d, false), (d, true)])
    {
        let config = Configuration { durability, ..configuration(Protocol::Lww) };
        let slow_disk = SimSettings { sync_latency: Latency::Constant(TIMEOUT / 2), ..settings() };
        let mut client = Client::of(config, &slow_disk);
        assert_eq!(client.write(0, 1).0, Response::Written);
        let all = vec![0, 1, 2];
        client.world.apply(&crash(&all, lose_unsynced));
        client.world.apply(&Fault::Restart { nodes: all });
        let kept = durability == Durability::SyncBeforeAck || !lose_unsynced;
        let read = client.read(0);
        assert_eq!(read, Response::Value(kept.then_some(1)), "{durability:?}, {lose_unsynced}");
    }
}

#[test]
fn a_paused_node_goes_on_where_it_was() {
    let mut client = Client::new(Protocol::Lww);
    client.begin(0, Action::Write(1));
    client.pass(CLIENT + LINK);
    assert!(client.world.apply(&Fault::Pause { nodes: vec![0] }));
    assert!(!client.world.apply(&Fault::Pause { nodes: vec![0] }), "it is paused already");
    client.pass(TIMEOUT / 2);
    assert!(client.world.apply(&Fault::Resume { nodes: vec![0] }));
    assert_eq!(client.wait(), (Response::Written, CLIENT), "the answers were waiting for it");
    client.world.apply(&Fault::Pause { nodes: vec![0] });
    assert_eq!(client.write(0, 2), (Response::TimedOut, TIMEOUT));
    assert!(!client.world.apply(&Fault::Restart { nodes: vec![0] }), "it is not down");
    assert!(client.world.apply(&crash(&[0], false)), "paused nodes can crash");
    assert!(!client.world.apply(&Fault::Resume { nodes: vec![0] }), "it is down");
}

#[test]
fn a_slow_clock_stamps_what_is_never_read() {
    let skew = Fault::SkewClocks { offsets: vec![(0, -(TIMEOUT as i64))] };
    let mut client = Client::new(Protocol::Lww);
    assert_eq!(client.write(1, 1).0, Response::Written);
    assert!(client.world.apply(&skew));
    assert_eq!(client.write(0, 2).0, Response::Written);
    assert_eq!(client.read(2), Response::Value(Some(1)));
    assert!(client.world.apply(&Fault::ResetClocks { nodes: vec![0] }));
    assert!(!client.world.apply(&Fault::ResetClocks { nodes: vec![0] }), "it is right already");
    assert_eq!(client.write(0, 3).0, Response::Written);
    assert_eq!(client.read(2), Response::Value(Some(3)));
}

#[test]
fn slow_links_take_as_many_times_as_long() {
    let links = AROUND_NODE_0.to_vec();
    let mut client = Client::new(Protocol::Lww);
    assert!(client.world.apply(&Fault::SlowLinks { links: links.clone(), factor: 4 }));
    assert_eq!(client.ask(0, Action::Read).1, ASK + 4 * ROUND);
    assert_eq!(client.ask(1, Action::Read).1, ASK + ROUND, "to node 2 as ever");
    assert!(client.world.apply(&Fault::RestoreLinks { links }));
    assert_eq!(client.ask(0, Action::Read).1, ASK + ROUND);
}

#[test]
fn slow_disks_take_as_many_times_as_long() {
    let nodes = vec![1, 2];
    let mut client = Client::new(Protocol::Lww);
    assert!(client.world.apply(&Fault::SlowDisks { nodes: nodes.clone(), factor: 4 }));
    assert_eq!(client.write(0, 1).1, ASK + ROUND + 4 * SYNC);
    assert!(client.world.apply(&Fault::RestoreDisks { nodes: nodes.clone() }));
    assert!(!client.world.apply(&Fault::RestoreDisks { nodes }), "they are as they were");
    client.pass(TIMEOUT);
    assert_eq!(client.write(0, 2).1, ASK + ROUND + SYNC);
}

#[test]
fn nodes_without_space_stop_when_they_are_to_write() {
    let nodes = vec![1, 2];
    let full = Fault::FillDisks { nodes: nodes.clone() };
    let free = Fault::FreeDisks { nodes };
    let mut client = Client::new(Protocol::Lww);
    assert_eq!(client.write(0, 1).0, Response::Written);
    client.pass(TIMEOUT);
    assert!(client.world.apply(&full));
    assert!(!client.world.apply(&full), "they are full already");
    assert_eq!(client.read(1), Response::Value(Some(1)), "to read takes no space");
    assert_eq!(client.write(0, 2).0, Response::TimedOut);
    assert_eq!(client.read(1), Response::Refused);
    assert!(client.world.apply(&free));
    assert!(!client.world.apply(&free), "there is space already");
    assert_eq!(client.read(1), Response::Value(Some(2)), "from node 0, which had space");
    assert_eq!(client.write(1, 3).0, Response::Written);
    // One that was started by somebody else meanwhile stops again.
    assert!(client.world.apply(&full));
    assert_eq!(client.write(0, 4).0, Response::TimedOut);
    assert!(client.world.apply(&Fault::Restart { nodes: vec![1] }));
    assert_eq!(client.read(1), Response::Value(Some(4)));
    assert_eq!(client.write(1, 5).0, Response::ConnectionLost);
    assert!(client.world.apply(&free));
    assert_eq!(client.write(1, 6).0, Response::Written);
}

#[test]
fn links_have_latencies_of_their_own() {
    let links = vec![(0, 1, Latency::Constant(MILLISECOND)), (1, 0, Latency::Constant(0))];
    let network = NetworkSettings { links, ..settings().network };
    let mut client =
        Client::of(configuration(Protocol::Lww), &SimSettings { network, ..settings() });
    assert_eq!(client.ask(0, Action::Read).1, ASK + MILLISECOND);
    assert_eq!(client.ask(2, Action::Read).1, ASK + ROUND);
}

#[test]
fn a_narrow_link_sends_one_byte_after_another() {
    // A second for each byte: what a message takes is what it weighs.
    let network = NetworkSettings { bandwidth: Some(Bandwidth(1)), ..settings().network };
    let settings = SimSettings { network, timeout: 1000 * SECOND, ..settings() };
    let mut narrow = Client::of(configuration(Protocol::Lww), &settings);
    let alone = narrow.ask(0, Action::Read).1;
    let bytes = (alone - ASK - ROUND) / SECOND;
    assert_eq!(alone, ASK + ROUND + bytes * SECOND);
    assert!(bytes > 2, "a question and an answer of {bytes} bytes");
    // Two at a time: the second question leaves when the first has left.
    let mut narrow = Client::of(configuration(Protocol::Lww), &settings);
    let both = narrow.world.now();
    narrow.begin(0, Action::Read);
    narrow.begin(0, Action::Read);
    let answers = [(); 2].map(|()| narrow.world.next(Nanos::MAX).expect("an answer").0 - both);
    assert_eq!(answers[0], alone);
    assert!(answers[1] > alone, "{answers:?}");
    // A slow link is as much narrower.
    let mut slow = Client::of(configuration(Protocol::Lww), &settings);
    assert!(slow.world.apply(&Fault::SlowLinks { links: AROUND_NODE_0.to_vec(), factor: 3 }));
    assert_eq!(slow.ask(0, Action::Read).1, ASK + 3 * (ROUND + bytes * SECOND));
}

#[test]
fn lost_messages_never_arrive_and_doubled_ones_change_nothing() {
    let network = NetworkSettings { loss: 1.0, ..settings().network };
    let mut lossy =
        Client::of(configuration(Protocol::Lww), &SimSettings { network, ..settings() });
    assert_eq!(lossy.ask(0, Action::Read), (Response::TimedOut, TIMEOUT));
    let traffic = lossy.world.traffic();
    assert_eq!((traffic.messages, traffic.lost), (2, 2));

    let network = NetworkSettings { duplication: 1.0, ..settings().network };
    let mut doubling =
        Client::of(configuration(Protocol::Abd), &SimSettings { network, ..settings() });
    assert_eq!(doubling.write(0, 1), (Response::Written, ASK + 2 * ROUND + SYNC));
    assert_eq!(doubling.read(1), Response::Value(Some(1)));
    doubling.pass(TIMEOUT);
    let traffic = doubling.world.traffic();
    assert_eq!(traffic.messages, traffic.doubled);
}
