//! Nodes of our own, on links of our own or of the kernel's.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::hosts::Hosts;
use super::links::Links;
use super::netns::Netns;
use super::nodes::{self, Nodes};
use super::remote::Remote;
use super::ways::{PORT, Ways};
use super::{Event, LiveError, LiveSettings, Place};
use crate::node::tls::{self, Outbound, Party, Proof};
use crate::protocol::NodeId;
use crate::rng::Seed;
use crate::world::sim::SimSettings;
use crate::world::{Ledger, Traffic, WorldKind};

/// A node that does not listen after this time never will.
const START: Duration = Duration::from_secs(20);

/// Nodes that are `quorate node`.
#[derive(Debug)]
pub(super) struct Own {
    nodes: Nodes,
    ways: Ways,
    outbound: Outbound,
}

impl Own {
    /// Starts them all, and waits until they listen.
    pub(super) fn start(
        place: &Place,
        kind: WorldKind,
        names: &[String],
        settings: &SimSettings,
        live: LiveSettings,
        seed: Seed,
        (sender, events): (&Sender<Event>, &Receiver<Event>),
    ) -> Result<Self, LiveError> {
        nodes::prepare(place)?;
        let outbound = certify(place, names, live.tls)?;
        let mut nodes = Nodes::new(place.clone(), names, settings, live, seed, sender.clone());
        let addresses = nodes.addresses();
        let network = &settings.network;
        let no_links = |error| LiveError::SetUp { what: "the links between nodes", error };
        let ways = match kind {
            WorldKind::Netns => {
                let netns = Netns::start(addresses.len() as u16, network.loss);
                Ways::Namespaces(netns.map_err(no_links)?)
            }
            WorldKind::Remote => {
                let files = |id| nodes.certificates(id);
                Ways::Hosts(Remote::start(place, PORT, network.loss, files)?)
            }
            WorldKind::Sim | WorldKind::Processes => {
                let links = Links::start(&addresses, network, seed);
                Ways::Proxies(links.map_err(no_links)?, live.cut)
            }
        };
        for id in 0..names.len() as NodeId {
            nodes.start(id, &ways)?;
        }
        wait_for_all(&mut nodes, events, names.len())?;
        Ok(Self { nodes, ways, outbound })
    }

    /// Where each can be reached.
    pub(super) fn addresses(&self) -> Vec<watch::Receiver<Option<SocketAddr>>> {
        self.nodes.addresses()
    }

    /// How clients reach them.
    pub(super) fn outbound(&self) -> Outbound {
        self.outbound.clone()
    }

    /// The namespace of the clients, if there are any.
    pub(super) fn of_clients(&self) -> Option<String> {
        self.ways.of_clients()
    }
}

/// Makes certificates for this run alone, where nodes prove who they are. Returns how clients reach nodes.
fn certify(place: &Place, names: &[String], tls: bool) -> Result<Outbound, LiveError> {
    if !tls {
        return Ok(Outbound::default());
    }
    let dir = place.certificates();
    let made = tls::issue(&dir, names)
        .and_then(|()| Proof::read(&dir, Party::Clients))
        .and_then(|proof| Outbound::sealed(&proof, names));
    made.map_err(|error| LiveError::SetUp {
        what: "the certificates",
        error: io::Error::other(error),
    })
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
            Err(_) => return Err(nodes.silent(*first, START)),
        }
    }
    Ok(())
}

impl Hosts for Own {
    fn start(&mut self, id: NodeId) -> Result<bool, LiveError> {
        self.nodes.start(id, &self.ways)
    }

    fn kill(&mut self, id: NodeId, lose_unsynced: bool) -> bool {
        self.nodes.kill(id, lose_unsynced)
    }

    fn wipe(&mut self, id: NodeId) -> Result<(), LiveError> {
        self.nodes.wipe(id, &self.ways)
    }

    fn pause(&mut self, id: NodeId) -> bool {
        self.nodes.pause(id)
    }

    fn resume(&mut self, id: NodeId) -> bool {
        self.nodes.resume(id)
    }

    fn set_cuts(&mut self, links: &[(NodeId, NodeId)], is_cut: bool) -> io::Result<bool> {
        self.ways.set_cuts(links, is_cut)
    }

    fn set_slowness(&mut self, links: &[(NodeId, NodeId)], slowness: u32) -> bool {
        self.ways.set_slowness(links, slowness)
    }

    fn set_clock_offset(&mut self, id: NodeId, offset: i64) -> bool {
        self.nodes.set_clock_offset(id, offset)
    }

    fn set_disk_slowness(&mut self, id: NodeId, slowness: u32) -> bool {
        self.nodes.set_disk_slowness(id, slowness)
    }

    fn fill_disk(&mut self, id: NodeId) -> bool {
        self.nodes.fill_disk(id)
    }

    fn free_disk(&mut self, id: NodeId) -> Result<bool, LiveError> {
        self.nodes.free_disk(id, &self.ways)
    }

    fn ended(&mut self, id: NodeId, process: u32) -> Option<LiveError> {
        self.nodes.ended(id, process)
    }

    fn process(&self, id: NodeId) -> Option<u32> {
        self.nodes.process(id)
    }

    fn address(&self, id: NodeId) -> Option<SocketAddr> {
        *self.nodes.addresses()[usize::from(id)].borrow()
    }

    fn traffic(&self) -> Traffic {
        self.nodes.traffic()
    }

    fn begin(&mut self, began: Instant) {
        self.nodes.begin(began);
    }

    fn ledger(&self) -> Option<Ledger> {
        Some(self.nodes.ledger())
    }
}
