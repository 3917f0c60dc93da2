//! Nodes that prove who they are: who may not come is sent away, and nobody else can read what they say.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use quorate::node::tls::{Outbound, Party, Proof, Reader, Writer, issue};
use quorate::node::wire::{Answer, Ask, Hello, Incoming, Outgoing, Who, send};
use quorate::protocol::{ClientReply, NodeId, Request};

use super::cluster::{Client, Cluster, Node, read};
use super::shell::{Shell, project};

/// What is written, in the bytes of a frame.
const MARKER: i64 = 0x0123_4567_89ab_cdef;

/// A question without an answer is given up after this time.
const AGAIN: Duration = Duration::from_secs(2);

/// A cluster with certificates, and those of another authority for the same names.
struct Sealed {
    cluster: Cluster,
    runtime: tokio::runtime::Runtime,
}

impl Sealed {
    fn new(count: u8) -> Self {
        let cluster = Cluster::new(count, "");
        let names = names(count);
        for dir in ["own", "foreign"] {
            issue(&cluster.path(dir), &names).expect("they are made");
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Self { cluster, runtime: runtime.expect("a runtime") }
    }

    fn start(&self, node: u8, dir: &str) -> Node {
        let dir = self.cluster.path(dir).display().to_string();
        self.cluster.start(node, &["--certificates", &dir])
    }

    /// Says who is there, with a proof, and asks. What comes back, if anything does.
    fn ask(&self, node: u8, with: &Outbound, who: Who, request: Request) -> Option<ClientReply> {
        let task = async {
            let stream = tokio::net::TcpStream::connect(self.cluster.address(node)).await;
            let begun = with.begin(stream.expect("it listens"), NodeId::from(node) - 1).await;
            let (reader, mut writer): (Reader, Writer) = begun.ok()?;
            let mut out = Outgoing::new();
            out.add(&Hello::new(who)).expect("it fits");
            out.add(&Ask { number: 1, process: 1, key: 0, request }).expect("it fits");
            send(&mut writer, &mut out).await.ok()?;
            let answer: Option<Answer> = Incoming::new(reader).next("answer").await.ok()?;
            Some(answer?.reply)
        };
        // What is sent before connections between nodes stand is lost, and never answered.
        self.runtime.block_on(async { tokio::time::timeout(AGAIN, task).await.ok().flatten() })
    }

    /// The clients, who know these certificates.
    fn clients(&self, dir: &str) -> Outbound {
        party(&self.cluster.path(dir), Party::Clients)
    }

    /// A directory where the authority is one, and the certificate of a party that of another.
    fn mixed(&self, party: Party<'_>) -> PathBuf {
        let [own, foreign, mixed] = ["own", "foreign", "mixed"].map(|dir| self.cluster.path(dir));
        std::fs::create_dir_all(&mixed).expect("it is writable");
        for (from, to) in party.files(&foreign).iter().zip(party.files(&mixed)) {
            std::fs::copy(from, to).expect("it is there");
        }
        let authority = std::fs::copy(Party::authority(&own), Party::authority(&mixed));
        authority.expect("it is there");
        mixed
    }
}

/// How a party connects that has these certificates.
fn party(dir: &Path, party: Party<'_>) -> Outbound {
    let proof = Proof::read(dir, party).expect("it is there");
    Outbound::sealed(&proof, &names(3)).expect("it is right")
}

fn names(count: u8) -> Vec<String> {
    (1..=count).map(|node| format!("n{node}")).collect()
}

#[test]
fn who_may_not_come_is_sent_away_and_all_others_go_on() {
    let sealed = Sealed::new(1);
    let node = sealed.start(1, "own");
    let clients = sealed.clients("own");
    let write = Request::Write(1);
    assert_eq!(sealed.ask(1, &clients, Who::Client, write), Some(ClientReply::Written));
    // Without a certificate.
    let mut stranger = Client::connect(&sealed.cluster.address(1));
    let mut heard = Vec::new();
    let _ = stranger.stream.read_to_end(&mut heard);
    assert!(heard.len() < 16, "it answers {heard:?}");
    // With one of another authority: such a client does not know the node; one that does is not known.
    assert_eq!(sealed.ask(1, &sealed.clients("foreign"), Who::Client, write), None);
    let mixed = party(&sealed.mixed(Party::Clients), Party::Clients);
    assert_eq!(sealed.ask(1, &mixed, Who::Client, write), None);
    assert_eq!(
        sealed.ask(1, &clients, Who::Client, Request::Read),
        Some(ClientReply::Value(Some(1)))
    );
    let log = node.log();
    assert!(log.matches("it is not of this cluster: ").count() >= 3, "{log}");
    // Both authorities have the same name, and only one of them the key.
    assert!(log.contains("invalid peer certificate: BadSignature"), "{log}");
    node.stop();
}

#[test]
fn nobody_is_another_node_than_its_certificate_says() {
    let sealed = Sealed::new(3);
    let node = sealed.start(1, "own");
    let own = sealed.cluster.path("own");
    let second = party(&own, Party::Node("n2"));
    let clients = sealed.clients("own");
    for (with, who) in [(&second, Who::Peer(2)), (&clients, Who::Peer(1)), (&second, Who::Peer(7))]
    {
        assert_eq!(sealed.ask(1, with, who, Request::Read), None);
    }
    let log = node.log();
    assert_eq!(log.matches("a peer with the certificate of somebody else").count(), 2, "{log}");
    assert_eq!(log.matches("a peer that this cluster does not have").count(), 1, "{log}");
    // Whoever has come to another node than the one that was meant does not stay.
    let to_second = sealed.runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(sealed.cluster.address(1)).await;
        clients.begin(stream.expect("it listens"), 1).await.err()
    });
    let error = to_second.expect("n1 is not n2").to_string();
    assert!(error.contains("not valid for name"), "{error}");
    node.stop();
}

#[test]
fn a_node_of_another_authority_is_left_alone_by_a_majority_that_goes_on() {
    let sealed = Sealed::new(3);
    let [first, second] = [1, 2].map(|node| sealed.start(node, "own"));
    let mut third = sealed.start(3, "foreign");
    let clients = sealed.clients("own");
    let written = (0..100).any(|_| {
        sealed.ask(1, &clients, Who::Client, Request::Write(1)) == Some(ClientReply::Written)
    });
    assert!(written, "{}", first.log());
    // The others know it for what it is, and say so.
    third.order("clock 0", "it is not of this cluster: ");
    for node in [first, second, third] {
        node.stop();
    }
}

#[test]
fn certificates_that_cannot_be_used_are_named() {
    let sealed = Sealed::new(2);
    let fails = |node: u8, dir: &Path, text: &str| {
        let options = ["--certificates", &dir.display().to_string()];
        let output = sealed.cluster.command(node, &options).output().expect("it starts");
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(254), "{said}");
        assert!(said.contains(text), "{said}");
    };
    fails(1, &sealed.cluster.path("none"), "none/authority.pem: ");
    let foreign = sealed.mixed(Party::Node("n1"));
    fails(1, &foreign, "node-n1.pem: no certificate of node n1 by the authority beside it: ");
    let [own, mixed] = ["own", "mixed"].map(|dir| sealed.cluster.path(dir));
    for file in ["pem", "key"] {
        let [from, to] =
            [own.join(format!("node-n1.{file}")), mixed.join(format!("node-n2.{file}"))];
        std::fs::copy(from, to).expect("it is there");
    }
    fails(2, &mixed, "node-n2.pem: no certificate of node n2 by the authority beside it: ");
    std::fs::write(own.join("node-n2.pem"), "not in PEM").expect("it is writable");
    fails(2, &own, "node-n2.pem: no certificate; expected one in PEM");
}

#[test]
fn what_is_said_on_a_link_can_be_read_by_nobody() {
    for is_sealed in [false, true] {
        let sealed = Sealed::new(2);
        let recorded = Arc::new(Mutex::new(Vec::new()));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let tapped = listener.local_addr().expect("it has one").to_string();
        let (target, record) = (sealed.cluster.address(2), Arc::clone(&recorded));
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(&target) else { continue };
                tap(&near, &far, &record);
            }
        });
        let dir = sealed.cluster.path("own").display().to_string();
        let options = ["--certificates", &dir];
        let options = if is_sealed { &options[..] } else { &[] };
        let second = sealed.cluster.start(2, options);
        let peer = format!("n2={tapped}");
        let first = sealed.cluster.start(1, &[options, &["--peer", &peer]].concat());
        let with = if is_sealed { sealed.clients("own") } else { Outbound::default() };
        let write = Request::Write(MARKER);
        let written = (0..100)
            .any(|_| sealed.ask(1, &with, Who::Client, write) == Some(ClientReply::Written));
        assert!(written, "{}", first.log());
        let bytes = recorded.lock().expect("nobody panics").clone();
        let marker = postcard::to_stdvec(&MARKER).expect("it fits");
        let is_readable = bytes.windows(marker.len()).any(|window| window == marker);
        assert_eq!(is_readable, !is_sealed, "{} bytes", bytes.len());
        // A record of TLS, with a handshake in it.
        assert_eq!(bytes.starts_with(&[0x16, 0x03]), is_sealed, "{:?}", &bytes[..4]);
        first.stop();
        second.stop();
    }
}

/// Carries a connection in both directions, and keeps what goes there.
fn tap(near: &TcpStream, far: &TcpStream, record: &Arc<Mutex<Vec<u8>>>) {
    let both = || (near.try_clone().expect("a socket"), far.try_clone().expect("a socket"));
    let ((mut near_reader, mut far_writer), (mut near_writer, mut far_reader)) = (both(), both());
    let record = Arc::clone(record);
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = near_reader.read(&mut bytes) {
            record.lock().expect("nobody panics").extend_from_slice(&bytes[..count]);
            if far_writer.write_all(&bytes[..count]).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || std::io::copy(&mut far_reader, &mut near_writer));
}

#[test]
fn certificates_are_made_once_and_keys_are_for_nobody_else() {
    let shell = Shell::new();
    shell.write("two.toml", "[cluster]\nnodes = [\"a\", \"b\"]\n[network]\ntls = true\n");
    let said = shell.quorate("certificates two.toml made").ends(0).out;
    assert_eq!(said, "made: for a, b, and clients\n");
    for key in ["node-a.key", "node-b.key", "clients.key"] {
        let mode = std::fs::metadata(shell.path(&format!("made/{key}"))).expect("it is there");
        assert_eq!(mode.permissions().mode() & 0o777, 0o600, "{key}");
    }
    let again = shell.quorate("certificates two.toml made").ends(254).err;
    assert!(again.contains("made/authority.pem: File exists"), "{again}");
    let open = shell.quorate("node two.toml --node a --listen 127.0.0.1:0 --data a").ends(254).err;
    assert!(open.contains("expected --certificates DIR"), "{open}");
}

#[test]
fn a_run_with_tls_is_as_good_as_any_and_leaves_no_key() {
    let shell = Shell::new();
    let workload = project("workloads/live/tls.toml");
    let run = format!("run {workload} --world processes --ops 1500 --seed 3");
    let called = shell.quorate(&run).ends(0);
    assert!(called.out.contains("\nverdict      valid"), "{}", called.out);
    let run = shell.only_run();
    let verdict = shell.json(&format!("{run}/verdict.json"));
    for fault in ["crash", "partition"] {
        assert!(verdict["evidence"]["faults"][fault]["ops"].as_u64() > Some(0), "{verdict:#}");
    }
    assert!(read(&shell.path(&format!("{run}/workload.toml"))).contains("tls = true"));
    assert!(read(&shell.path(&format!("{run}/log/n1.log"))).contains("tls=true"));
    assert!(!shell.path(&format!("{run}/disks")).exists(), "keys are left");
}
