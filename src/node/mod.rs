//! One replica as a process: the protocol's own code between real connections and a real disk.
//!
//! ```text
//! peers, clients ─ doors ─┐                ┌─ peers (one connection each way)
//!         timers, orders ─┼─ engine: Node ─┼─ answers
//!                   disk ─┘                └─ disk (writes, syncs)
//! ```
//!
//! All queues are bounded. A client that asks faster than the node works waits; a message that a peer has
//! no room for is lost, as any message may be.

mod clock;
mod disk;
mod doors;
mod engine;
mod orders;
mod peers;
pub mod tls;
mod waiting;
pub mod wire;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::interval;

pub use disk::DiskSettings;
pub use orders::Order;
pub use wire::frame_bytes;

use crate::protocol::{Configuration, NodeId, Seat};
use crate::rng::Seed;
use crate::time::Nanos;
use clock::Clock;
use disk::Disk;
use doors::Porter;
use engine::Engine;
use peers::{Counters, Peer};
use tls::{Inbound, Outbound, Party, Proof};

/// So many arrivals may wait for the node.
const ARRIVALS: usize = 1024;
/// How often a supervised node says how much it has sent.
const TELL_EVERY: Duration = Duration::from_millis(50);
/// The word before the address on the first line of a node's standard output.
pub const LISTENING: &str = "listening";
/// The word before the figures on all other lines: messages sent, of these lost, and bytes; and of the
/// messages those that mend, and their bytes.
pub const TRAFFIC: &str = "traffic";

/// A node's place in its cluster, and what it stands on.
#[derive(Debug, Clone)]
pub struct NodeSettings {
    /// Which node it is.
    pub id: NodeId,
    /// What all nodes are called.
    pub names: Vec<String>,
    /// How the cluster works.
    pub config: Arc<Configuration>,
    /// Where it listens, for peers and for clients. Port 0 takes any that is free.
    pub listen: SocketAddr,
    /// Where its peers can be reached.
    pub peers: BTreeMap<NodeId, SocketAddr>,
    /// Where the certificates are by which it and whoever it speaks to know each other. Without them nobody
    /// proves anything, and nothing is encrypted.
    pub certificates: Option<PathBuf>,
    /// Its disk.
    pub disk: DiskSettings,
    /// An operation without a quorum is forgotten after this time.
    pub patience: Nanos,
    /// What decides the chance in its timers.
    pub seed: Seed,
    /// What its clock shows more than it should, in nanoseconds.
    pub clock_offset: i64,
    /// Whether it takes [`Order`]s from its standard input, stops when that ends, and says on its standard
    /// output how many messages it has sent.
    pub is_supervised: bool,
}

/// Is a node, until it is told to stop by SIGTERM or Ctrl-C.
pub fn run(settings: &NodeSettings) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(serve(settings));
    // Nothing that is still on its way matters any more.
    runtime.shutdown_background();
    done
}

async fn serve(settings: &NodeSettings) -> Result<()> {
    let listen = settings.listen;
    let (inbound, outbound) = settings.security()?;
    let listener =
        TcpListener::bind(listen).await.with_context(|| format!("cannot listen at {listen}"))?;
    let id = settings.id;
    let chance = |what: &str| settings.seed.fork(&format!("node/{id}/{what}"));
    let (disk, found) = Disk::open(&settings.disk, chance("disk"))?;
    let incarnation = found.incarnation;
    tracing::info!(
        id,
        incarnation,
        tls = settings.certificates.is_some(),
        undone = found.undone,
        "starts"
    );
    let seat =
        Seat { id, config: Arc::clone(&settings.config), patience: settings.patience, incarnation };
    let counters = Arc::new(Counters::default());
    let way = |to: NodeId| {
        let address = settings.peers.get(&to)?;
        Some(Peer::new((id, to), *address, outbound.clone(), Arc::clone(&counters)))
    };
    let n = settings.config.n;
    let peers = (0..n).map(way).collect();
    let rng = chance(&format!("timers/{incarnation}"));
    let clock = Clock::new(settings.clock_offset);
    let engine = Engine::start(seat, (disk, found), clock, peers, rng);

    let (arrivals, queue) = mpsc::channel(ARRIVALS);
    let address = listener.local_addr()?;
    let porter = Porter { me: id, names: settings.names.clone().into(), inbound };
    tokio::spawn(doors::open(listener, porter, arrivals));
    say(&format!("{LISTENING} {address}\n"));
    let orders = settings.is_supervised.then(orders::listen);
    if settings.is_supervised {
        tokio::spawn(tell_traffic(counters));
    }
    let mut terminated = signal(SignalKind::terminate())?;
    let stop = async {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    engine.run(queue, orders, stop).await?;
    tracing::info!("stops");
    Ok(())
}

impl NodeSettings {
    /// How connections are taken in, and how they are made.
    fn security(&self) -> Result<(Inbound, Outbound)> {
        let Some(dir) = &self.certificates else { return Ok(Default::default()) };
        let name = &self.names[usize::from(self.id)];
        let proof = Proof::read(dir, Party::Node(name))?;
        proof.check(name)?;
        Ok((Inbound::sealed(&proof)?, Outbound::sealed(&proof, &self.names)?))
    }
}

async fn tell_traffic(counters: Arc<Counters>) {
    let mut told = [0; 5];
    let mut ticks = interval(TELL_EVERY);
    loop {
        ticks.tick().await;
        let Counters { sent, lost, bytes, repairs, repair_bytes } = &*counters;
        let now = [sent, lost, bytes, repairs, repair_bytes];
        let now = now.map(|counter| counter.load(Ordering::Relaxed));
        if now != told {
            told = now;
            let figures = now.map(|figure| figure.to_string()).join(" ");
            say(&format!("{TRAFFIC} {figures}\n"));
        }
    }
}

/// Says something to whoever started the node. If nobody listens, that is as well.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(line.as_bytes());
    let _ = out.flush();
}
