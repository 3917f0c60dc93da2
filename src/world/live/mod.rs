//! Live worlds: nodes that are processes, disks that sync, links that are cut, and real time.
//!
//! A run is in the hands of one thread, which never waits for a client: it hands an operation to the
//! client's task and goes on. Clients and links have a thread each. What a client learns is dated where it
//! learns it.

mod background;
mod books;
mod clients;
mod connection;
mod ear;
mod elsewhere;
mod error;
mod faketime;
mod filter;
mod hosts;
mod http;
mod installed;
mod links;
mod maelstrom;
pub mod netns;
mod nodes;
mod own;
mod programs;
mod remote;
mod ways;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

pub use clients::Clients;
pub use elsewhere::Elsewhere;
pub use error::LiveError;
pub use links::{Cut, Links};
pub use remote::RemoteSettings;

use connection::NodeClient;
use hosts::Hosts;
use http::HttpNodes;
use installed::Installed;
use maelstrom::Maelstrom;
use own::Own;

use super::sim::SimSettings;
use super::{Happening, Ledger, Traffic, World, WorldError, WorldKind};
use crate::client::{Client, Operation, Question};
use crate::nemesis::Fault;
use crate::program::{Contract, Program};
use crate::protocol::NodeId;
use crate::rng::Seed;
use crate::systems::Choice;
use crate::time::{MILLISECOND, Nanos};

/// The directory of the nodes' disks, in that of the run.
pub const DISKS: &str = "disks";
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
    /// The hosts of the nodes, where these are not on this one.
    pub remote: Option<RemoteSettings>,
}

impl Place {
    /// One in a directory, where its workload is to be `workload.toml`.
    pub fn new(program: PathBuf, dir: PathBuf) -> Self {
        let workload = dir.join("workload.toml");
        Self { program, dir, workload, remote: None }
    }
}

/// What only live worlds have a choice in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveSettings {
    /// Whether a sync waits for the device. Without it nothing survives a loss of power.
    pub fsync: bool,
    /// How links are cut.
    pub cut: Cut,
    /// Whether nodes and clients prove who they are, and encrypt what they say.
    pub tls: bool,
}

impl LiveSettings {
    /// What holds unless something else is said.
    pub const USUAL: Self = Self { fsync: true, cut: Cut::Drop, tls: false };
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
    hosts: Box<dyn Hosts>,
    events: Receiver<Event>,
    /// When it was last looked whether all nodes still run.
    looked_at: Nanos,
    failure: Option<LiveError>,
}

impl Live {
    /// Starts a cluster of these nodes, and `clients` clients, in namespaces of their own if `kind` says so.
    /// Links and disks are as `settings` has them, and never faster than they are.
    pub fn start(
        place: &Place,
        kind: WorldKind,
        node_names: &[String],
        clients: u32,
        settings: &SimSettings,
        live: LiveSettings,
        seed: Seed,
    ) -> Result<Self, LiveError> {
        let (sender, events) = channel();
        let own = Own::start(place, kind, node_names, settings, live, seed, (&sender, &events))?;
        let addresses = own.addresses();
        let outbound = own.outbound();
        let all = (0..clients).map(move |_| NodeClient::new(&addresses, outbound.clone()));
        let namespace = own.of_clients();
        Self::of(Box::new(own), all, namespace.as_deref(), settings.timeout, sender, events)
    }

    /// Starts a cluster of an installed system, each node in a namespace of its own, and `clients` clients.
    /// Clocks can be set off only if that is said here: it takes a library between a node and its C library.
    pub fn start_system(
        choice: Choice,
        dir: &std::path::Path,
        node_names: &[String],
        clients: u32,
        settings: &SimSettings,
        skews_clocks: bool,
    ) -> Result<Self, LiveError> {
        let (sender, events) = channel();
        let installed =
            Installed::start(choice, dir, node_names, settings.network.loss, skews_clocks)?;
        let all: Vec<_> = (0..clients).map(|_| installed.client()).collect();
        let namespace = installed.of_clients();
        Self::of(Box::new(installed), all, Some(&namespace), settings.timeout, sender, events)
    }

    /// Starts a cluster of a program of somebody else's, and `clients` clients.
    pub fn start_program(
        program: &Program,
        dir: &std::path::Path,
        node_names: &[String],
        clients: u32,
        settings: &SimSettings,
        cut: Cut,
        seed: Seed,
    ) -> Result<Self, LiveError> {
        let (sender, events) = channel();
        let patience = settings.timeout;
        match program.contract {
            Contract::Maelstrom => {
                let (nodes, all) =
                    Maelstrom::start(program, dir, node_names, clients, settings, seed)?;
                Self::of(Box::new(nodes), all, None, patience, sender, events)
            }
            Contract::Http => {
                let nodes =
                    HttpNodes::start(program, dir, node_names, &settings.network, cut, seed)?;
                let all: Vec<_> = (0..clients).map(|_| nodes.client()).collect();
                Self::of(Box::new(nodes), all, None, patience, sender, events)
            }
        }
    }

    fn of(
        mut hosts: Box<dyn Hosts>,
        clients: impl IntoIterator<Item = impl Client>,
        namespace: Option<&str>,
        patience: Nanos,
        sender: Sender<Event>,
        events: Receiver<Event>,
    ) -> Result<Self, LiveError> {
        let began = Instant::now();
        hosts.begin(began);
        let tell = move |at, happening| sender.send(Event::Learned(at, happening)).is_ok();
        let clients = Clients::start(clients, namespace, patience, began, tell)
            .map_err(|error| LiveError::SetUp { what: "the clients", error })?;
        Ok(Self { began, clients, hosts, events, looked_at: 0, failure: None })
    }

    /// The process of a node; `None` if it is down.
    pub fn process(&self, node: NodeId) -> Option<u32> {
        self.hosts.process(node)
    }

    /// Where a node listens for clients; `None` if it does not.
    pub fn address(&self, node: NodeId) -> Option<SocketAddr> {
        self.hosts.address(node)
    }

    fn set_cuts(&mut self, links: &[(NodeId, NodeId)], is_cut: bool) -> bool {
        self.hosts.set_cuts(links, is_cut).unwrap_or_else(|error| {
            self.failure.get_or_insert(LiveError::SetUp { what: "the cut of links", error });
            false
        })
    }

    fn wipe(&mut self, node: NodeId) -> bool {
        if !self.hosts.kill(node, true) {
            return false;
        }
        if let Err(error) = self.hosts.wipe(node) {
            self.failure.get_or_insert(error);
        }
        true
    }

    fn start_node(&mut self, node: NodeId) -> bool {
        self.hosts.start(node).unwrap_or_else(|error| {
            self.failure.get_or_insert(error);
            false
        })
    }

    fn free_disk(&mut self, node: NodeId) -> bool {
        self.hosts.free_disk(node).unwrap_or_else(|error| {
            self.failure.get_or_insert(error);
            false
        })
    }

    /// Now and then, looks whether all nodes still run that should.
    fn look(&mut self) {
        let now = self.now();
        if now >= self.looked_at + PULSE {
            self.looked_at = now;
            self.failure = self.failure.take().or_else(|| self.hosts.failure());
        }
    }
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
        let hosts = &mut self.hosts;
        match fault {
            Fault::Crash { nodes: hit, lose_unsynced } => {
                any(&mut hit.iter().map(|node| hosts.kill(*node, *lose_unsynced)))
            }
            Fault::Wipe { nodes: hit } => any(&mut hit.iter().map(|node| self.wipe(*node))),
            Fault::Restart { nodes: hit } | Fault::Replace { nodes: hit } => {
                any(&mut hit.iter().map(|node| self.start_node(*node)))
            }
            Fault::Pause { nodes: hit } => any(&mut hit.iter().map(|node| hosts.pause(*node))),
            Fault::Resume { nodes: hit } => any(&mut hit.iter().map(|node| hosts.resume(*node))),
            Fault::SkewClocks { offsets } => any(&mut offsets
                .iter()
                .map(|(node, offset)| hosts.set_clock_offset(*node, *offset))),
            Fault::ResetClocks { nodes: hit } => {
                any(&mut hit.iter().map(|node| hosts.set_clock_offset(*node, 0)))
            }
            Fault::Partition { cuts, .. } => self.set_cuts(cuts, true),
            Fault::Heal { cuts } => self.set_cuts(cuts, false),
            Fault::SlowLinks { links, factor } => hosts.set_slowness(links, *factor),
            Fault::RestoreLinks { links } => hosts.set_slowness(links, 1),
            Fault::SlowDisks { nodes: hit, factor } => {
                any(&mut hit.iter().map(|node| hosts.set_disk_slowness(*node, *factor)))
            }
            Fault::RestoreDisks { nodes: hit } => {
                any(&mut hit.iter().map(|node| hosts.set_disk_slowness(*node, 1)))
            }
            Fault::FillDisks { nodes: hit } => {
                any(&mut hit.iter().map(|node| hosts.fill_disk(*node)))
            }
            Fault::FreeDisks { nodes: hit } => {
                any(&mut hit.iter().map(|node| self.free_disk(*node)))
            }
        }
    }

    fn next(&mut self, until: Nanos) -> Option<(Nanos, Happening)> {
        loop {
            self.look();
            if self.failure.is_some() {
                return None;
            }
            let wait = Duration::from_nanos(until.saturating_sub(self.now()));
            match self.events.recv_timeout(wait) {
                Ok(Event::Learned(at, happening)) => return Some((at, happening)),
                Ok(Event::Listens(node)) => tracing::debug!(node, "listens again"),
                Ok(Event::Ended(node, process)) => self.failure = self.hosts.ended(node, process),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    fn leader(&mut self) -> Option<NodeId> {
        self.hosts.leader()
    }

    fn traffic(&self) -> Traffic {
        self.hosts.traffic()
    }

    fn ledger(&self) -> Option<Ledger> {
        self.hosts.ledger()
    }
}
