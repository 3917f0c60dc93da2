//! Live worlds: nodes that are processes, disks that sync, links that are cut, and real time.
//!
//! A run is in the hands of one thread, which never waits for a client: it hands an operation to the
//! client's task and goes on. Clients and links have a thread each. What a client learns is dated where it
//! learns it.

mod background;
mod clients;
mod connection;
mod links;
pub mod netns;
mod nodes;
mod ways;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

pub use clients::{Client, Clients, Question};
pub use links::{Cut, Links};

use connection::NodeClient;
use netns::Netns;
use nodes::Nodes;
use ways::Ways;

use super::sim::SimSettings;
use super::{Happening, Traffic, World, WorldError, WorldKind};
use crate::client::Operation;
use crate::nemesis::Fault;
use crate::protocol::NodeId;
use crate::rng::Seed;
use crate::time::{MILLISECOND, Nanos};

/// The directory of the nodes' disks, in that of the run.
pub const DISKS: &str = "disks";
/// A node that does not listen after this time never will.
const START: Duration = Duration::from_secs(20);
/// Nobody waits longer than this without a look at what else there is to do.
const PULSE: Nanos = 20 * MILLISECOND;

/// Where the nodes of a run find what they need.
#[derive(Debug, Clone)]
pub struct Place {
    /// The program that is a node, if called with `node`.
    pub program: PathBuf,
    /// The directory for logs and disks, which is made if there is none.
    pub dir: PathBuf,
    /// The workload file.
    pub workload: PathBuf,
}

impl Place {
    /// One in a directory, where its workload is to be `workload.toml`.
    pub fn new(program: PathBuf, dir: PathBuf) -> Self {
        let workload = dir.join("workload.toml");
        Self { program, dir, workload }
    }
}

/// What only live worlds have a choice in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveSettings {
    /// Whether a sync waits for the device. Without it nothing survives a loss of power.
    pub fsync: bool,
    /// How links are cut.
    pub cut: Cut,
}

impl LiveSettings {
    /// What holds unless something else is said.
    pub const USUAL: Self = Self { fsync: true, cut: Cut::Drop };
}

/// Why a live world cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// No directory, no sockets, no thread.
    #[error("cannot prepare {}: {error}", dir.display())]
    Dir {
        /// Which directory.
        dir: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The links or the clients cannot be set up.
    #[error("cannot set up {what}: {error}")]
    SetUp {
        /// What.
        what: &'static str,
        /// Why.
        error: io::Error,
    },
    /// A node cannot be started.
    #[error("cannot start node {node}: {error}")]
    Start {
        /// Which.
        node: String,
        /// Why.
        error: io::Error,
    },
    /// A node has ended that nobody had killed.
    #[error("node {node} has ended by itself ({how}); the last lines of {}:{last_lines}", log.display())]
    Ended {
        /// Which.
        node: String,
        /// How.
        how: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        last_lines: String,
    },
    /// A node does not begin to listen.
    #[error("node {node} does not listen after {START:?}")]
    Silent {
        /// Which.
        node: String,
    },
}

/// What happens in the background.
#[derive(Debug)]
enum Event {
    /// A client learns something.
    Learned(Nanos, Happening),
    /// A node is ready.
    Listens(NodeId),
    /// A process has ended, or has closed its standard output.
    Ended(NodeId, u32),
}

/// A cluster of processes on this machine, with links in our hands.
#[derive(Debug)]
pub struct Live {
    began: Instant,
    clients: Clients,
    nodes: Nodes,
    ways: Ways,
    events: Receiver<Event>,
    failure: Option<LiveError>,
}

impl Live {
    /// Starts a cluster of these nodes, and `clients` clients, in namespaces of their own if `kind` says so.
    /// Links and disks are as `settings` has them, and never faster than they are.
    pub fn start(
        place: Place,
        kind: WorldKind,
        node_names: &[String],
        clients: u32,
        settings: &SimSettings,
        live: LiveSettings,
        seed: Seed,
    ) -> Result<Self, LiveError> {
        nodes::prepare(&place)?;
        let (sender, events) = channel();
        let mut nodes = Nodes::new(place, node_names, settings, live, seed, sender.clone());
        let addresses = nodes.addresses();
        let network = &settings.network;
        let no_links = |error| LiveError::SetUp { what: "the links between nodes", error };
        let ways = if kind == WorldKind::Netns {
            Ways::Namespaces(Netns::start(addresses.len() as u16, network.loss).map_err(no_links)?)
        } else {
            let links = Links::start(&addresses, network.latency, &network.links, seed);
            Ways::Proxies(links.map_err(no_links)?, live.cut)
        };
        for id in 0..node_names.len() as NodeId {
            nodes.start(id, &ways)?;
        }
        wait_for_all(&mut nodes, &events, node_names.len())?;
        let began = Instant::now();
        let tell = move |at, happening| sender.send(Event::Learned(at, happening)).is_ok();
        let clients = (0..clients).map(|_| NodeClient::new(&addresses));
        let namespace = ways.of_clients();
        let clients = Clients::start(clients, namespace.as_deref(), settings.timeout, began, tell)
            .map_err(|error| LiveError::SetUp { what: "the clients", error })?;
        Ok(Self { began, clients, nodes, ways, events, failure: None })
    }

    /// The process of a node; `None` if it is down.
    pub fn process(&self, node: NodeId) -> Option<u32> {
        self.nodes.process(node)
    }

    /// Where a node listens for clients; `None` if it does not.
    pub fn address(&self, node: NodeId) -> Option<SocketAddr> {
        *self.nodes.addresses()[usize::from(node)].borrow()
    }

    fn set_cuts(&mut self, links: &[(NodeId, NodeId)], is_cut: bool) -> bool {
        self.ways.set_cuts(links, is_cut).unwrap_or_else(|error| {
            self.failure.get_or_insert(LiveError::SetUp { what: "the cut of links", error });
            false
        })
    }

    fn start_node(&mut self, node: NodeId) -> bool {
        self.nodes.start(node, &self.ways).unwrap_or_else(|error| {
            self.failure.get_or_insert(error);
            false
        })
    }
}

/// Waits until all nodes listen.
fn wait_for_all(
    nodes: &mut Nodes,
    events: &Receiver<Event>,
    count: usize,
) -> Result<(), LiveError> {
    let deadline = Instant::now() + START;
    let mut silent: Vec<NodeId> = (0..count as NodeId).collect();
    while let Some(first) = silent.first() {
        match events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Event::Listens(id)) => silent.retain(|other| *other != id),
            Ok(Event::Ended(id, process)) => nodes.ended(id, process).map_or(Ok(()), Err)?,
            Ok(Event::Learned(..)) => {}
            Err(_) => return Err(LiveError::Silent { node: nodes.name(*first).to_owned() }),
        }
    }
    Ok(())
}

impl World for Live {
    fn now(&self) -> Nanos {
        self.began.elapsed().as_nanos() as Nanos
    }

    fn pulse(&self) -> Option<Nanos> {
        Some(PULSE)
    }

    fn failure(&mut self) -> Option<WorldError> {
        self.failure.take().map(WorldError::from)
    }

    fn invoke(&mut self, process: u32, node: NodeId, operation: Operation) {
        self.clients.invoke(Question { process, node, operation });
    }

    fn apply(&mut self, fault: &Fault) -> bool {
        let any =
            |changed: &mut dyn Iterator<Item = bool>| changed.fold(false, |any, one| any | one);
        let Self { nodes, ways, .. } = self;
        match fault {
            Fault::Crash { nodes: hit, lose_unsynced } => {
                any(&mut hit.iter().map(|node| nodes.kill(*node, *lose_unsynced)))
            }
            Fault::Restart { nodes: hit } => {
                any(&mut hit.iter().map(|node| self.start_node(*node)))
            }
            Fault::Pause { nodes: hit } => any(&mut hit.iter().map(|node| nodes.pause(*node))),
            Fault::Resume { nodes: hit } => any(&mut hit.iter().map(|node| nodes.resume(*node))),
            Fault::SkewClocks { offsets } => any(&mut offsets
                .iter()
                .map(|(node, offset)| nodes.set_clock_offset(*node, *offset))),
            Fault::ResetClocks { nodes: hit } => {
                any(&mut hit.iter().map(|node| nodes.set_clock_offset(*node, 0)))
            }
            Fault::Partition { cuts, .. } => self.set_cuts(cuts, true),
            Fault::Heal { cuts } => self.set_cuts(cuts, false),
            Fault::SlowLinks { links, factor } => ways.set_slowness(links, *factor),
            Fault::RestoreLinks { links } => ways.set_slowness(links, 1),
        }
    }

    fn next(&mut self, until: Nanos) -> Option<(Nanos, Happening)> {
        while self.failure.is_none() {
            let wait = Duration::from_nanos(until.saturating_sub(self.now()));
            match self.events.recv_timeout(wait) {
                Ok(Event::Learned(at, happening)) => return Some((at, happening)),
                Ok(Event::Listens(node)) => tracing::debug!(node, "listens again"),
                Ok(Event::Ended(node, process)) => self.failure = self.nodes.ended(node, process),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
        None
    }

    fn traffic(&self) -> Traffic {
        self.nodes.traffic()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.nodes.stop();
    }
}
