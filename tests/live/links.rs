//! Links between sockets that know nothing of nodes: what is cut off is cut off.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use quorate::latency::Latency;
use quorate::rng::Seed;
use quorate::time::{MILLISECOND, SECOND};
use quorate::world::Bandwidth;
use quorate::world::live::{Cut, Links};
use quorate::world::sim::NetworkSettings;
use tokio::sync::watch;

/// Two programs, and the links between them.
struct Two {
    links: Links,
    second: TcpListener,
}

impl Two {
    fn new(latency: Latency) -> Self {
        Self::on(&NetworkSettings::of(latency))
    }

    fn on(network: &NetworkSettings) -> Self {
        let second = TcpListener::bind("127.0.0.1:0").expect("a port");
        let addresses =
            [None, second.local_addr().ok()].map(|at| watch::Sender::new(at).subscribe());
        let links = Links::start(&addresses, network, Seed(1)).expect("links");
        Self { links, second }
    }

    fn address(&self) -> SocketAddr {
        self.links.address(0, 1).expect("two nodes")
    }

    /// A connection from the first to the second, seen from both ends.
    fn connect(&self) -> (TcpStream, TcpStream) {
        let near = TcpStream::connect(self.address()).expect("the link listens");
        let (far, _) = self.second.accept().expect("it is carried on");
        (near, far)
    }
}

fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).expect("it is taken");
}

fn receive(stream: &mut TcpStream, length: usize) -> String {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).expect("it arrives");
    String::from_utf8(bytes).expect("text")
}

/// Everything until the connection breaks, which it must.
fn until_it_breaks(stream: &mut TcpStream) -> String {
    let (mut bytes, mut part) = (Vec::new(), [0; 100]);
    loop {
        match stream.read(&mut part) {
            Ok(0) => panic!("it ends in good order after {bytes:?}"),
            Ok(count) => bytes.extend_from_slice(&part[..count]),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                return String::from_utf8(bytes).expect("text");
            }
        }
    }
}

#[test]
fn bytes_go_both_ways_and_ends_are_passed_on() {
    let two = Two::new(Latency::Uniform(0, 3 * MILLISECOND));
    let (mut near, mut far) = two.connect();
    let long = "0123456789".repeat(100_000);
    let sent = long.clone();
    let sender = std::thread::spawn(move || {
        send(&mut near, &sent);
        near.shutdown(std::net::Shutdown::Write).expect("it is open");
        let mut back = String::new();
        near.read_to_string(&mut back).expect("it ends in good order");
        back
    });
    let mut arrived = String::new();
    far.read_to_string(&mut arrived).expect("it ends in good order");
    assert!(arrived == long, "{} of {} bytes", arrived.len(), long.len());
    send(&mut far, "well received");
    drop(far);
    assert_eq!(sender.join().expect("it ends"), "well received");
}

#[test]
fn all_connections_together_carry_no_more_than_the_link() {
    const BYTES: usize = 50_000;
    let bandwidth = Some(Bandwidth(4 * BYTES as u64));
    let two = Two::on(&NetworkSettings { bandwidth, ..NetworkSettings::of(Latency::Constant(0)) });
    let began = Instant::now();
    let connections = [two.connect(), two.connect()];
    let arrived: Vec<TcpStream> = connections
        .into_iter()
        .map(|(mut near, far)| {
            send(&mut near, &"x".repeat(BYTES));
            far
        })
        .collect();
    for mut far in arrived {
        receive(&mut far, BYTES);
    }
    assert!(began.elapsed() >= Duration::from_millis(500), "{:?}", began.elapsed());
}

#[test]
fn what_is_sent_into_a_cut_never_arrives() {
    let two = Two::new(Latency::Constant(0));
    let (mut near, mut far) = two.connect();
    send(&mut near, "before");
    assert_eq!(receive(&mut far, 6), "before");
    assert!(two.links.set_cut(0, 1, Some(Cut::Drop)));
    assert!(!two.links.set_cut(0, 1, Some(Cut::Drop)), "it was cut already");
    // Nobody is told: it is taken, and gone.
    send(&mut near, "into the void");
    // The other way is open.
    send(&mut far, "answer");
    assert_eq!(receive(&mut near, 6), "answer");
    send(&mut near, "more");
    // A second answer comes after all that was sent has been lost.
    send(&mut far, "again");
    assert_eq!(receive(&mut near, 5), "again");
    assert!(two.links.set_cut(0, 1, None));
    assert_eq!(until_it_breaks(&mut far), "");
    assert_eq!(until_it_breaks(&mut near), "");
    let (mut near, mut far) = two.connect();
    send(&mut near, "after");
    assert_eq!(receive(&mut far, 5), "after");
}

#[test]
fn a_connection_that_is_half_open_stays_and_carries_nothing() {
    let two = Two::new(Latency::Constant(0));
    let (mut near, mut far) = two.connect();
    let (mut idle, mut idle_far) = two.connect();
    two.links.set_cut(0, 1, Some(Cut::HalfOpen));
    send(&mut near, "into the void");
    // A second answer comes after all that was sent has been lost.
    for _ in 0..2 {
        send(&mut far, "answer");
        assert_eq!(receive(&mut near, 6), "answer");
    }
    two.links.set_cut(0, 1, None);
    // Nothing is said of what was lost, and nothing more arrives.
    send(&mut near, "still into the void");
    send(&mut far, "another answer");
    assert_eq!(receive(&mut near, 14), "another answer");
    drop(near);
    // One that had nothing to say meanwhile goes on, and so do new ones.
    send(&mut idle, "hello");
    assert_eq!(receive(&mut idle_far, 5), "hello");
    let (mut near, mut new_far) = two.connect();
    send(&mut near, "hello again");
    assert_eq!(receive(&mut new_far, 11), "hello again");
    far.set_nonblocking(true).expect("an option");
    assert_eq!(far.read(&mut [0; 4]).expect_err("nothing").kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_cut_that_resets_is_seen_at_once_and_one_that_stalls_never() {
    let two = Two::new(Latency::Constant(0));
    let (mut near, mut far) = two.connect();
    two.links.set_cut(0, 1, Some(Cut::Reset));
    assert_eq!(until_it_breaks(&mut near), "");
    assert_eq!(until_it_breaks(&mut far), "");
    let mut refused = TcpStream::connect(two.address()).expect("the link listens");
    assert_eq!(until_it_breaks(&mut refused), "");
    two.links.set_cut(0, 1, None);
    // What was refused had got as far as this.
    drop(two.second.accept());
    let (mut near, mut far) = two.connect();
    two.links.set_cut(0, 1, Some(Cut::Stall));
    send(&mut near, "late");
    send(&mut far, "in time");
    assert_eq!(receive(&mut near, 7), "in time");
    far.set_nonblocking(true).expect("an option");
    assert_eq!(far.read(&mut [0; 4]).expect_err("nothing").kind(), ErrorKind::WouldBlock);
    far.set_nonblocking(false).expect("an option");
    two.links.set_cut(0, 1, None);
    assert_eq!(receive(&mut far, 4), "late");
}

#[test]
fn a_slow_link_is_slow_in_its_direction() {
    let two = Two::new(Latency::Constant(MILLISECOND));
    let (mut near, mut far) = two.connect();
    assert!(two.links.set_slowness(0, 1, 1_000_000));
    // It would take a thousand seconds.
    send(&mut near, "slow");
    send(&mut far, "fast");
    assert_eq!(receive(&mut near, 4), "fast");
    far.set_nonblocking(true).expect("an option");
    assert_eq!(far.read(&mut [0; 4]).expect_err("nothing").kind(), ErrorKind::WouldBlock);
    let began = Instant::now();
    let (mut near, mut far) = two.connect();
    two.links.set_slowness(0, 1, 50);
    send(&mut near, "slow");
    assert_eq!(receive(&mut far, 4), "slow");
    let took = began.elapsed().as_nanos();
    assert!(took >= u128::from(50 * MILLISECOND), "{took} ns are too fast");
    assert!(took < u128::from(100 * SECOND), "{took} ns are too slow");
}
