//! What live worlds cost: how many operations a second are recorded where nothing else has to be done,
//! how many three processes on this machine carry out, and what the harness adds to the time of one.
//!
//! `cargo bench --bench live`

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use quorate::client::{Action, Client, Operation, Question, Response};
use quorate::latency::Latency;
use quorate::nemesis::Fault;
use quorate::node::wire::{Answer, Ask, Hello, Outgoing, Who};
use quorate::protocol::{NodeId, Request};
use quorate::record::Recorder;
use quorate::rng::Seed;
use quorate::run::{Run, run_in};
use quorate::store::{RunDir, RunInfo};
use quorate::time::{MILLISECOND, Nanos, SECOND, show_duration};
use quorate::workload::{File, Workload};
use quorate::world::live::{Clients, Cut, Links, Live, Place};
use quorate::world::machine::syncs_per_second;
use quorate::world::sim::NetworkSettings;
use quorate::world::{Happening, Traffic, World, WorldKind};
use tokio::sync::watch;

/// Of so many tries the middle one counts.
const TRIES: usize = 3;

fn main() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary directory");
    println!(
        "in {}, on {} cores",
        dir.path().display(),
        thread::available_parallelism().map_or(0, usize::from)
    );
    per_second("recorded, from clients that are answered at once", || {
        let workload = workload(100, 1_000_000, true);
        let run = recorded(dir.path(), &workload, Echo::start(100));
        rate(&run)
    });
    let syncs = syncs_per_second(dir.path()).expect("it is a disk");
    println!("{:58} {syncs:>9}/s", "syncs of 512 bytes on this disk");
    for (fsync, ops) in [(false, 200_000), (true, 50_000)] {
        let what =
            if fsync { "three processes, with fsync" } else { "three processes, without fsync" };
        per_second(what, || {
            let workload = workload(200, ops, fsync);
            let run = recorded(dir.path(), &workload, live(dir.path(), &workload));
            rate(&run)
        });
    }
    overhead(dir.path());
    cuts();
}

/// Prints the middle of some rates.
fn per_second(what: &str, mut measure: impl FnMut() -> f64) {
    let mut rates: Vec<f64> = (0..TRIES).map(|_| measure()).collect();
    rates.sort_by(f64::total_cmp);
    println!("{what:58} {:>9.0}/s", rates[TRIES / 2]);
}

fn rate(run: &Run) -> f64 {
    run.history.op_count() as f64 / (run.duration as f64 / SECOND as f64)
}

/// Reads and writes of fifty registers by majorities, as fast as they are answered, and nothing breaks.
fn workload(clients: u32, ops: u64, fsync: bool) -> Workload {
    let text = format!(
        "[clients]\ncount = {clients}\nkeys = 50\nops = {ops}\nfinal_reads = false\ntimeout = \"5s\"\n\
         time_limit = \"1h\"\n[network]\nlatency = \"constant 0ms\"\n\
         [disk]\nsync = \"constant 0ms\"\nfsync = {fsync}\n"
    );
    let file = File::parse(Path::new("bench.toml"), &text).expect("the workload is right");
    file.resolve().expect("the workload is possible")
}

/// Runs it with its record going to a file, as `quorate run` does.
fn recorded(dir: &Path, workload: &Workload, mut world: impl World) -> Run {
    let info = RunInfo::begin(WorldKind::Processes, Seed(1));
    let dir = RunDir::create(dir, &workload.name, &info).expect("a directory");
    let mut file = dir.history().expect("a file");
    let recorder = Recorder::new(Some(&mut file));
    let run = run_in(&mut world, recorder, workload, Seed(1), &mut |_| true).expect("it goes on");
    file.finish().expect("it fits");
    std::fs::remove_dir_all(dir.path()).expect("it is ours");
    run
}

fn live(dir: &Path, workload: &Workload) -> Live {
    let path = dir.join("workload.toml");
    std::fs::write(&path, workload.to_toml()).expect("it is writable");
    let place = Place {
        remote: None,
        program: PathBuf::from(env!("CARGO_BIN_EXE_quorate")),
        dir: dir.join("nodes"),
        workload: path,
    };
    // The disks of the time before.
    let _ = std::fs::remove_dir_all(&place.dir);
    let (names, clients) = (&workload.node_names, workload.clients.count);
    let (sim, live) = (&workload.sim, workload.live);
    Live::start(&place, WorldKind::Processes, names, clients, sim, live, Seed(1))
        .expect("nodes start")
}

/// A world whose clients are answered at once.
struct Echo {
    began: Instant,
    clients: Clients,
    learned: Receiver<(Nanos, Happening)>,
}

struct Answered;

impl Client for Answered {
    async fn ask(&mut self, question: Question) -> Response {
        match question.operation.action {
            Action::Read => Response::Value(None),
            _ => Response::Written,
        }
    }
}

impl Echo {
    fn start(count: u32) -> Self {
        let (sender, learned) = channel();
        let began = Instant::now();
        let tell = move |at, happening| sender.send((at, happening)).is_ok();
        let clients = (0..count).map(|_| Answered);
        let clients = Clients::start(clients, None, SECOND, began, tell).expect("a thread");
        Self { began, clients, learned }
    }
}

impl World for Echo {
    fn now(&self) -> Nanos {
        self.began.elapsed().as_nanos() as Nanos
    }

    fn pulse(&self) -> Option<Nanos> {
        Some(20 * MILLISECOND)
    }

    fn invoke(&mut self, process: u32, node: NodeId, operation: Operation) {
        self.clients.invoke(Question { process, node, operation });
    }

    fn apply(&mut self, _: &Fault) -> bool {
        false
    }

    fn next(&mut self, until: Nanos) -> Option<(Nanos, Happening)> {
        let wait = Duration::from_nanos(until.saturating_sub(self.now()));
        self.learned.recv_timeout(wait).ok()
    }

    fn traffic(&self) -> Traffic {
        Traffic::default()
    }
}

/// The median time of an operation of one client, recorded by the harness and without one.
fn overhead(dir: &Path) {
    const OPS: u64 = 5_000;
    for fsync in [false, true] {
        let workload = workload(1, OPS, fsync);
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for _ in 0..TRIES {
            let run = recorded(dir, &workload, live(dir, &workload));
            let ops = run.history.keys.iter().flat_map(|key| &key.ops);
            with.push(median(ops.map(|op| (op.ret_time - op.call_time) as Nanos).collect()));
            without.push(median(bare(&live(dir, &workload), OPS)));
        }
        let (with, without) = (median(with), median(without));
        let more = 100.0 * (with as f64 / without as f64 - 1.0);
        let what = if fsync { "median, with fsync" } else { "median, without fsync" };
        println!(
            "{what:40} {:>10} of a bare client, {:>10} by the harness: {more:+.1} %",
            show_duration(without),
            show_duration(with)
        );
    }
}

/// How long each operation takes a client that does nothing else.
fn bare(world: &Live, ops: u64) -> Vec<Nanos> {
    let address = world.address(0).expect("it listens");
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_nodelay(true).expect("an option");
    let mut out = Outgoing::new();
    out.add(&Hello::new(Who::Client)).expect("it fits");
    let mut frame = Vec::new();
    let mut time = |number: u64| {
        let key = (number % 50) as u32;
        let is_write = number.is_multiple_of(2);
        let request = if is_write { Request::Write(number as i64) } else { Request::Read };
        let began = Instant::now();
        out.add(&Ask { number, process: 0, key, request }).expect("it fits");
        stream.write_all(&out.take()).expect("it is taken");
        let mut length = [0; 4];
        stream.read_exact(&mut length).expect("there is an answer");
        frame.resize(u32::from_be_bytes(length) as usize, 0);
        stream.read_exact(&mut frame).expect("there is an answer");
        let answer: Answer = postcard::from_bytes(&frame).expect("it is an answer");
        assert_eq!(answer.number, number);
        began.elapsed().as_nanos() as Nanos
    };
    (0..ops).map(&mut time).collect()
}

/// How long after a link was cut the last byte still arrives, and after it was mended the first one again.
fn cuts() {
    let second = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addresses = [None, second.local_addr().ok()].map(|at| watch::Sender::new(at).subscribe());
    let links = Links::start(&addresses, &NetworkSettings::of(Latency::Constant(0)), Seed(1))
        .expect("links");
    let address = links.address(0, 1).expect("two nodes");
    let (mut after_cut, mut after_mending) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..50 {
        let mut near = TcpStream::connect(address).expect("the link listens");
        let (mut far, _) = second.accept().expect("it is carried on");
        near.set_nodelay(true).expect("an option");
        let sender = thread::spawn(move || while near.write_all(&[0]).is_ok() {});
        let receiver = thread::spawn(move || {
            let (mut last, mut bytes) = (Instant::now(), [0; 4096]);
            while far.read(&mut bytes).is_ok_and(|count| count > 0) {
                last = Instant::now();
            }
            last
        });
        thread::sleep(Duration::from_millis(20));
        let cut = Instant::now();
        links.set_cut(0, 1, Some(Cut::Drop));
        thread::sleep(Duration::from_millis(30));
        let mended = Instant::now();
        links.set_cut(0, 1, None);
        let mut near = TcpStream::connect(address).expect("the link listens");
        let (mut far, _) = second.accept().expect("it is carried on");
        near.write_all(&[0]).expect("it is taken");
        far.read_exact(&mut [0]).expect("it arrives");
        after_mending = after_mending.max(mended.elapsed());
        sender.join().expect("it ends");
        let last = receiver.join().expect("it ends");
        after_cut = after_cut.max(last.saturating_duration_since(cut));
    }
    println!(
        "{:58} {after_cut:>10.1?} at most",
        "from a cut to the last byte that still arrives, of 50"
    );
    println!(
        "{:58} {after_mending:>10.1?} at most",
        "from its end to the first byte that arrives again"
    );
}

fn median(mut times: Vec<Nanos>) -> Nanos {
    times.sort_unstable();
    times[times.len() / 2]
}
