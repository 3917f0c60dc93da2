//! Nodes started by hand, and clients that speak to them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use quorate::node::wire::{Answer, Ask, Hello, Incoming, Outgoing, Who};
use quorate::protocol::{ClientReply, Request};
use serde::Serialize;
use tempfile::TempDir;

const PORT: u16 = 7001;
/// Asked again after this time: what is sent before connections between nodes stand is lost.
const AGAIN: Duration = Duration::from_millis(200);

/// A cluster on addresses of its own.
pub(crate) struct Cluster {
    dir: TempDir,
    net: String,
    count: u8,
}

/// One of its nodes, which ends with this.
pub(crate) struct Node {
    pub(crate) child: Child,
    orders: ChildStdin,
    log: PathBuf,
}

impl Cluster {
    /// A cluster of `count` nodes with this `[cluster]` table.
    pub(crate) fn new(count: u8, table: &str) -> Self {
        static CLUSTERS: AtomicU8 = AtomicU8::new(1);
        let cluster = CLUSTERS.fetch_add(1, Ordering::Relaxed);
        // All of 127.0.0.0/8 is this machine: no two tests at a time get the same.
        let process = std::process::id();
        let net = format!("127.{}.{}", 1 + process % 250, u32::from(cluster) * 8);
        let dir = tempfile::tempdir().expect("a temporary directory");
        let text = format!("[cluster]\nnodes = {count}\n{table}\n");
        std::fs::write(dir.path().join("cluster.toml"), text).expect("it is writable");
        Self { dir, net, count }
    }

    pub(crate) fn address(&self, node: u8) -> String {
        format!("{}.{node}:{PORT}", self.net)
    }

    /// The command that is node `node`, counted from 1.
    pub(crate) fn command(&self, node: u8, options: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
        command.arg("node").arg(self.path("cluster.toml"));
        command.args(["--node", &format!("n{node}"), "--listen", &self.address(node)]);
        for peer in (1..=self.count).filter(|peer| *peer != node) {
            command.arg("--peer").arg(format!("n{peer}={}", self.address(peer)));
        }
        command.arg("--data").arg(self.path(&format!("n{node}"))).args(options);
        command
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Starts a node and waits until it listens.
    pub(crate) fn start(&self, node: u8, options: &[&str]) -> Node {
        let log = self.path(&format!("n{node}.log"));
        let file = std::fs::File::options().create(true).append(true).open(&log).expect("a log");
        let parent = std::process::id().to_string();
        let mut command = self.command(node, &[&["--parent", &parent], options].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(file);
        let mut child = command.spawn().expect("it starts");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        out.read_line(&mut line).expect("it speaks");
        assert_eq!(line.trim_end(), format!("listening {}", self.address(node)), "{}", read(&log));
        // It goes on to speak, and somebody must listen.
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        let orders = child.stdin.take().expect("a pipe");
        Node { child, orders, log }
    }

    pub(crate) fn start_all(&self) -> Vec<Node> {
        (1..=self.count).map(|node| self.start(node, &[])).collect()
    }

    pub(crate) fn client(&self, node: u8) -> Client {
        Client::connect(&self.address(node))
    }
}

impl Node {
    /// Gives it an order, and waits until its log has this.
    pub(crate) fn order(&mut self, line: &str, logged: &str) {
        writeln!(self.orders, "{line}").expect("it listens");
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.log().contains(logged) {
            assert!(Instant::now() < deadline, "no `{logged}`: {}", self.log());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub(crate) fn log(&self) -> String {
        read(&self.log)
    }

    /// Ends it as SIGKILL does, and waits until it is gone.
    pub(crate) fn kill(mut self) {
        let id = self.child.id();
        self.child.kill().expect("it is there");
        self.child.wait().expect("it ends");
        assert!(!quorate::process::exists(id), "process {id} is still there");
    }

    /// Asks it to end in good order.
    pub(crate) fn stop(mut self) {
        let stop = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(stop.expect("there is a kill").success());
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}: {}", self.log());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// A client with one connection, that waits for every answer.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    number: u64,
}

impl Client {
    pub(crate) fn connect(address: &str) -> Self {
        Self::greeting(address, Who::Client)
    }

    /// One that says it is somebody else.
    pub(crate) fn greeting(address: &str, who: Who) -> Self {
        let stream = TcpStream::connect(address).expect("it listens");
        let mut client = Self { stream, number: 0 };
        client.send(&Hello::new(who));
        client
    }

    pub(crate) fn send(&mut self, frame: &impl Serialize) {
        let mut out = Outgoing::new();
        out.add(frame).expect("it fits");
        self.stream.write_all(&out.take()).expect("it is taken");
    }

    /// Asks until there is an answer.
    pub(crate) fn ask(&mut self, request: Request) -> ClientReply {
        self.stream.set_read_timeout(Some(AGAIN)).expect("a time-out");
        for _ in 0..100 {
            self.number += 1;
            self.send(&Ask { number: self.number, process: 1, key: 0, request });
            if let Some(answer) = self.answer() {
                return answer.reply;
            }
        }
        panic!("no answer to {request:?}");
    }

    pub(crate) fn write(&mut self, value: i64) {
        assert_eq!(self.ask(Request::Write(value)), ClientReply::Written);
    }

    pub(crate) fn read(&mut self) -> Option<i64> {
        match self.ask(Request::Read) {
            ClientReply::Value(value) => value,
            other => panic!("{other:?} to a read"),
        }
    }

    /// The answer to the last question, if it comes in time.
    fn answer(&mut self) -> Option<Answer> {
        loop {
            let mut length = [0; 4];
            self.stream.read_exact(&mut length).ok()?;
            let mut frame = length.to_vec();
            frame.resize(4 + u32::from_be_bytes(length) as usize, 0);
            self.stream.read_exact(&mut frame[4..]).expect("frames come whole");
            let answer = decode(&frame);
            if answer.number == self.number {
                return Some(answer);
            }
        }
    }
}

fn decode(frame: &[u8]) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let answer = runtime.block_on(Incoming::new(frame).next("answer"));
    answer.expect("it is an answer").expect("there is one")
}
