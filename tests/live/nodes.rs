//! Nodes without a harness: three processes on three addresses.

use std::io::{Read, Write};
use std::net::TcpStream;

use quorate::node::wire::{Ask, FRAME_BYTES_MAX, Who};
use quorate::protocol::Request;

use super::cluster::{Client, Cluster};

#[test]
fn three_processes_are_one_register_and_survive_the_death_of_one() {
    let cluster = Cluster::new(3, "protocol = \"abd\"\nr = 2\nw = 2");
    let mut nodes = cluster.start_all();
    cluster.client(1).write(1);
    assert_eq!(cluster.client(2).read(), Some(1));
    nodes.remove(2).kill();
    assert!(TcpStream::connect(cluster.address(3)).is_err(), "a dead node listens");
    cluster.client(1).write(2);
    // All those that have the last write die, and come back with it.
    nodes.remove(1).kill();
    nodes.remove(0).kill();
    let mut third = cluster.start(3, &[]);
    let second = cluster.start(2, &["--lose-unsynced"]);
    assert_eq!(cluster.client(3).read(), Some(2), "{}", second.log());
    third.order("clock 5000000000", "told order=clock 5000000000");
    third.order("what is this", "`what is this` is no order; expected `clock NANOSECONDS`");
    cluster.client(3).write(3);
    assert_eq!(cluster.client(2).read(), Some(3));
    third.stop();
    second.stop();
}

#[test]
fn a_killed_process_loses_nothing_it_wrote_and_a_loss_of_power_what_it_did_not_sync() {
    let cluster = Cluster::new(1, "r = 1\nw = 1\ndurability = \"ack-before-sync\"");
    let slow = ["--sync", "constant 1h"];
    let node = cluster.start(1, &slow);
    cluster.client(1).write(1);
    // In good order everything is synced at the end, however slow the disk is.
    node.stop();
    let node = cluster.start(1, &[&slow[..], &["--lose-unsynced"]].concat());
    assert_eq!(cluster.client(1).read(), Some(1), "{}", node.log());
    cluster.client(1).write(2);
    node.kill();
    let node = cluster.start(1, &slow);
    assert_eq!(cluster.client(1).read(), Some(2), "{}", node.log());
    cluster.client(1).write(3);
    node.kill();
    let node = cluster.start(1, &[&slow[..], &["--lose-unsynced"]].concat());
    assert_eq!(cluster.client(1).read(), Some(2), "{}", node.log());
    drop(node);
}

#[test]
fn what_cannot_be_read_closes_its_own_connection_only() {
    let cluster = Cluster::new(1, "r = 1\nw = 1");
    let node = cluster.start(1, &[]);
    let mut good = cluster.client(1);
    good.write(1);
    let too_long = ((FRAME_BYTES_MAX + 1) as u32).to_be_bytes();
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &too_long, b"\0\0\0\x0anot quorate", &[0; 400]]
    {
        let mut stream = TcpStream::connect(cluster.address(1)).expect("it listens");
        stream.write_all(garbage).expect("it is taken");
        assert_closed(stream);
    }
    let mut stranger = Client::connect(&cluster.address(1));
    stranger.send(&(u64::MAX, "no question"));
    assert_closed(stranger.stream);
    let peer = Client::greeting(&cluster.address(1), Who::Peer(7));
    assert_closed(peer.stream);
    assert_eq!(good.read(), Some(1));
    let log = node.log();
    assert!(log.matches("connection closed").count() >= 5, "{log}");
    assert!(log.contains("is no question"), "{log}");
    node.stop();
}

/// Whether it was closed in good order or not.
fn assert_closed(mut stream: TcpStream) {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => assert!(bytes.is_empty(), "it answers {bytes:?}"),
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
}

#[test]
fn a_node_that_cannot_start_says_why() {
    let cluster = Cluster::new(2, "r = 1\nw = 1");
    let first = cluster.start(1, &[]);
    let fails = |node, options: &[&str]| {
        let output = cluster.command(node, options).output().expect("it starts");
        assert_eq!(output.status.code(), Some(254));
        String::from_utf8(output.stderr).expect("text")
    };
    let taken = format!("cannot listen at {}: Address already in use", cluster.address(1));
    let said = fails(1, &[]);
    assert!(said.contains(&taken), "{said}");
    let said = fails(2, &["--peer", "n3=127.0.0.1:1"]);
    assert!(said.contains("--peer: no node \"n3\"; expected one of n1, n2"), "{said}");
    std::fs::write(cluster.path("n2"), "in the way").expect("it is writable");
    let said = fails(2, &[]);
    assert!(said.contains(&cluster.path("n2").display().to_string()), "{said}");
    let said = fails(2, &["--parent", "1"]);
    assert!(said.contains("the process that started this one is gone"), "{said}");
    first.stop();
}

#[test]
fn a_full_disk_ends_a_node_with_everything_it_acknowledged() {
    let cluster = Cluster::new(1, "r = 1\nw = 1");
    let mut node = cluster.start(1, &[]);
    cluster.client(1).write(1);
    node.order("disk full", "told order=disk full");
    let mut client = cluster.client(1);
    client.send(&Ask { number: 1, process: 1, key: 0, request: Request::Write(2) });
    let status = node.child.wait().expect("it ends");
    assert_eq!(status.code(), Some(254));
    let log = node.log();
    assert!(log.contains("the disk works no more: cannot write"), "{log}");
    assert!(log.contains("no storage space"), "{log}");
    let node = cluster.start(1, &["--lose-unsynced"]);
    assert_eq!(cluster.client(1).read(), Some(1), "{}", node.log());
}
