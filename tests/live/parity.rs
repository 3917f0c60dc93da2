//! The same faults come to the same in every world.

use quorate::client::{Action, Response};
use quorate::latency::Latency;
use quorate::nemesis::{Fault, Shape};
use quorate::protocol::{Configuration, Protocol};
use quorate::rng::Seed;
use quorate::time::MILLISECOND;
use quorate::world::sim::{NetworkSettings, SimSettings, Simulation};
use quorate::world::{World, WorldKind};

use super::left::is_possible;
use super::world::Client;

/// Goes through every kind of fault but slow links. What the client learns while something is broken, it
/// learns at once; what is mended takes a moment, so there it asks until it is done.
fn story<W: World>(mut client: Client<W>) -> Vec<Response> {
    let mut learned = Vec::new();
    learned.push(client.insist(0, Action::Write(1)));
    client.apply(&Fault::Crash { nodes: vec![2], lose_unsynced: true });
    learned.push(client.ask(2, Action::Read));
    learned.push(client.insist(0, Action::Write(2)));
    client.apply(&Fault::Crash { nodes: vec![1], lose_unsynced: false });
    learned.push(client.ask(0, Action::Write(3)));
    client.apply(&Fault::Restart { nodes: vec![1, 2] });
    learned.push(client.insist(2, Action::Read));
    let cuts = vec![(0, 1), (1, 0), (0, 2), (2, 0)];
    client.apply(&Fault::Partition { shape: Shape::One, cuts: cuts.clone() });
    learned.push(client.ask(0, Action::Read));
    learned.push(client.insist(1, Action::Write(4)));
    client.apply(&Fault::Heal { cuts });
    learned.push(client.insist(0, Action::Read));
    client.apply(&Fault::Pause { nodes: vec![0] });
    learned.push(client.ask(0, Action::Read));
    learned.push(client.insist(2, Action::Write(6)));
    client.apply(&Fault::Resume { nodes: vec![0] });
    client.apply(&Fault::SkewClocks { offsets: vec![(1, -1_000_000_000)] });
    learned.push(client.insist(1, Action::Write(7)));
    learned.push(client.insist(0, Action::Read));
    learned
}

fn simulated() -> Vec<Response> {
    let settings = SimSettings {
        network: NetworkSettings { reordering: false, ..NetworkSettings::of(Latency::Constant(0)) },
        client_latency: Latency::Constant(MILLISECOND),
        sync_latency: Latency::Constant(0),
        timeout: 300 * MILLISECOND,
    };
    let config = Configuration::new(Protocol::Abd, 3, 2, 2);
    story(Client::of(Simulation::new(config, &settings, Seed(1))))
}

#[test]
fn every_world_tells_the_same_story() {
    use Response::{Refused, TimedOut, Value, Written};
    let expected = [
        Written,
        Refused,
        Written,
        // Nobody is left to hear of it, so it is gone for good: a write begins by asking a majority.
        TimedOut,
        Value(Some(2)),
        TimedOut,
        Written,
        Value(Some(4)),
        TimedOut,
        Written,
        Written,
        Value(Some(7)),
    ];
    assert_eq!(simulated(), expected);
    let live =
        |kind| story(Client::in_world(kind, "r = 2\nw = 2", "300ms", "latency = \"constant 0ms\""));
    assert_eq!(live(WorldKind::Processes), expected);
    if is_possible() {
        assert_eq!(live(WorldKind::Netns), expected);
    }
}
