//! Nodes that keep the HTTP contract, with proxies of ours between them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::LiveError;
use super::background::Background;
use super::hosts::Hosts;
use super::links::{Cut, Links};
use super::programs::Programs;
use crate::process::Process;
use crate::program::Program;
use crate::program::http::{HttpClient, answers};
use crate::protocol::NodeId;
use crate::rng::Seed;
use crate::world::sim::NetworkSettings;

/// A node that does not answer by then never will.
const START: Duration = Duration::from_secs(20);
/// One question to a node that starts takes at most so long.
const PATIENCE: Duration = Duration::from_secs(1);
/// A command that ends a node takes at most so long.
const ORDER: Duration = Duration::from_secs(10);
/// How long nodes that are not ready yet are left in peace.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// All nodes, and the proxies between them.
#[derive(Debug)]
pub(super) struct HttpNodes {
    program: Program,
    programs: Programs,
    addresses: Vec<SocketAddr>,
    links: Links,
    cut: Cut,
    failure: Option<LiveError>,
}

impl HttpNodes {
    /// Starts them all, and waits until they answer.
    pub(super) fn start(
        program: &Program,
        dir: &Path,
        names: &[String],
        network: &NetworkSettings,
        cut: Cut,
        seed: Seed,
    ) -> Result<Self, LiveError> {
        let set_up = |what| move |error| LiveError::SetUp { what, error };
        let programs = Programs::new(names, dir)?;
        let addresses = free_addresses(names.len()).map_err(set_up("the addresses of nodes"))?;
        let known = addresses.iter().map(|address| watch::Sender::new(Some(*address)).subscribe());
        let known: Vec<_> = known.collect();
        let links = Links::start(&known, network, seed);
        let links = links.map_err(set_up("the links between nodes"))?;
        let mut nodes =
            Self { program: program.clone(), programs, addresses, links, cut, failure: None };
        for id in nodes.programs.ids() {
            nodes.launch(id)?;
        }
        nodes.wait_for_all()?;
        Ok(nodes)
    }

    /// A client.
    pub(super) fn client(&self) -> HttpClient {
        HttpClient::new(self.addresses.clone())
    }

    fn launch(&mut self, id: NodeId) -> Result<(), LiveError> {
        let command = self.command(id, &self.program.start)?;
        let process = Process::start_alone(command, &self.programs.log(id));
        let process = process.map_err(|error| self.programs.cannot(id, error))?;
        self.programs.runs(id, process);
        Ok(())
    }

    /// A command for a shell, told where its node is and where that finds the others.
    fn command(&self, id: NodeId, command: &str) -> Result<Command, LiveError> {
        let mut command = self.programs.command(id, command)?;
        let peers = self.programs.ids().filter_map(|to| {
            Some(format!("{}={}", self.programs.name(to), self.links.address(id, to)?))
        });
        command.env("QUORATE_PEERS", peers.collect::<Vec<_>>().join(" "));
        command.env("QUORATE_ADDRESS", self.addresses[usize::from(id)].to_string());
        Ok(command)
    }

    /// Carries out a command about a node, if there is one.
    fn order(&mut self, id: NodeId, command: Option<&str>) -> Result<(), LiveError> {
        let Some(command) = command else { return Ok(()) };
        let order = self.command(id, command)?;
        let order = Process::start_alone(order, &self.programs.log(id));
        let mut order = order.map_err(|error| self.programs.cannot(id, error))?;
        let deadline = Instant::now() + ORDER;
        while Instant::now() < deadline {
            match order.ended() {
                None => sleep(ASK_EVERY),
                Some(status) if status.success() => return Ok(()),
                Some(status) => {
                    let what = format!("cannot be ended: `{command}` has failed ({status})");
                    return Err(self.programs.wrong(id, what));
                }
            }
        }
        let what = format!("cannot be ended: `{command}` takes longer than {ORDER:?}");
        Err(self.programs.wrong(id, what))
    }

    /// Waits until all nodes answer, whatever they say.
    fn wait_for_all(&mut self) -> Result<(), LiveError> {
        let caretaker = Background::start("caretaker", None)
            .map_err(|error| LiveError::SetUp { what: "the caretaker", error })?;
        let deadline = Instant::now() + START;
        for id in self.programs.ids() {
            let address = self.addresses[usize::from(id)];
            loop {
                self.failure().map_or(Ok(()), Err)?;
                match caretaker.answer(answers(address), PATIENCE).recv() {
                    Ok(Ok(())) => break,
                    _ if Instant::now() < deadline => sleep(ASK_EVERY),
                    Ok(Err(why)) => return Err(self.programs.not_ready(id, START, why)),
                    Err(_) => {
                        let why = format!("no answer at {address} after {PATIENCE:?}");
                        return Err(self.programs.not_ready(id, START, why));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Addresses of this machine at which nobody listens now, nor will before the nodes do: no other process has
/// to do with these, and connections that go out come from elsewhere.
fn free_addresses(count: usize) -> io::Result<Vec<SocketAddr>> {
    let own = std::process::id();
    let [high, low] = [own / 250 % 250, 1 + own % 250].map(|part| part as u8);
    let listen = |node| TcpListener::bind((Ipv4Addr::new(127, low, high, node), 0))?.local_addr();
    (1..).take(count).map(listen).collect()
}

impl Hosts for HttpNodes {
    fn start(&mut self, id: NodeId) -> Result<bool, LiveError> {
        if self.programs.process(id).is_some() {
            return Ok(false);
        }
        self.launch(id)?;
        Ok(true)
    }

    /// What it wrote to disk is with the operating system, which does not lose it.
    fn kill(&mut self, id: NodeId, _lose_unsynced: bool) -> bool {
        if self.programs.process(id).is_none() {
            return false;
        }
        let command = self.program.kill.clone();
        let ordered = self.order(id, command.as_deref());
        self.failure = self.failure.take().or(ordered.err());
        self.programs.kill(id)
    }

    fn wipe(&mut self, id: NodeId) -> Result<(), LiveError> {
        self.programs.wipe(id)
    }

    fn pause(&mut self, id: NodeId) -> bool {
        self.programs.pause(id)
    }

    fn resume(&mut self, id: NodeId) -> bool {
        self.programs.resume(id)
    }

    fn set_cuts(&mut self, links: &[(NodeId, NodeId)], is_cut: bool) -> io::Result<bool> {
        let cut = is_cut.then_some(self.cut);
        Ok(links.iter().fold(false, |any, (from, to)| self.links.set_cut(*from, *to, cut) | any))
    }

    fn set_slowness(&mut self, links: &[(NodeId, NodeId)], slowness: u32) -> bool {
        let set = |any, (from, to): &(NodeId, NodeId)| {
            self.links.set_slowness(*from, *to, slowness) | any
        };
        links.iter().fold(false, set)
    }

    fn failure(&mut self) -> Option<LiveError> {
        self.failure.take().or_else(|| self.programs.ended())
    }

    fn process(&self, id: NodeId) -> Option<u32> {
        self.programs.process(id)
    }

    fn address(&self, id: NodeId) -> Option<SocketAddr> {
        Some(self.addresses[usize::from(id)])
    }
}

impl Drop for HttpNodes {
    fn drop(&mut self) {
        let stop = self.program.stop.clone();
        let running = self.programs.ids().filter(|id| self.programs.process(*id).is_some());
        for id in running.collect::<Vec<_>>() {
            if let Err(error) = self.order(id, stop.as_deref()) {
                tracing::warn!(%error, "not stopped in good order");
            }
        }
    }
}
