//! The nodes of a cluster of ours as processes: started, killed, paused, told the wrong time.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::ear::{Counters, Ear};
use super::hosts::{LOGS, file_name, make_dir, remove_dir};
use super::remote::Host;
use super::ways::Ways;
use super::{DISKS, Event, LiveError, LiveSettings, Place};
use crate::node::Order;
use crate::node::tls::Party;
use crate::process::Process;
use crate::protocol::NodeId;
use crate::rng::Seed;
use crate::world::sim::SimSettings;
use crate::world::{Ledger, Traffic};

/// A node that has not stopped in good order by this time is killed.
const STOP: Duration = Duration::from_secs(5);

/// What the directory of a node's data is called on another host.
const DISK: &str = "disk";

/// All nodes.
#[derive(Debug)]
pub(super) struct Nodes {
    place: Place,
    names: Vec<String>,
    /// How long syncs take at least.
    sync: String,
    fsync: bool,
    /// Whether nodes have certificates.
    tls: bool,
    seed: Seed,
    all: Vec<Node>,
    events: Sender<Event>,
    counters: Arc<Counters>,
}

/// One node, which may be down.
#[derive(Debug)]
struct Node {
    running: Option<Running>,
    /// Where clients reach it.
    address: watch::Sender<Option<SocketAddr>>,
    clock_offset: i64,
    /// Whether it loses what it had not synced when it starts again.
    lose_unsynced: bool,
    /// What the time of a sync is multiplied by.
    disk_slowness: u32,
    is_disk_full: bool,
    /// Whether it has ended for want of space on its disk.
    has_starved: bool,
}

impl Node {
    /// Tells it something, if it runs.
    fn tell(&mut self, order: Order) {
        if let Some(running) = &mut self.running
            && let Some(input) = &mut running.process.child().stdin
        {
            // One that has just died hears nothing.
            let _ = writeln!(input, "{order}");
        }
    }
}

#[derive(Debug)]
struct Running {
    /// The node, or our end of the connection to its host.
    process: Process,
    host: Option<Arc<Host>>,
    is_paused: bool,
    listener: JoinHandle<()>,
}

impl Nodes {
    /// Nodes that are all down.
    pub(super) fn new(
        place: Place,
        names: &[String],
        settings: &SimSettings,
        live: LiveSettings,
        seed: Seed,
        events: Sender<Event>,
    ) -> Self {
        let node = |_| Node {
            running: None,
            address: watch::Sender::new(None),
            clock_offset: 0,
            lose_unsynced: false,
            disk_slowness: 1,
            is_disk_full: false,
            has_starved: false,
        };
        Self {
            place,
            names: names.to_vec(),
            sync: settings.sync_latency.to_string(),
            seed,
            fsync: live.fsync,
            tls: live.tls,
            all: names.iter().map(node).collect(),
            events,
            counters: Arc::new(Counters::new(names.len() as u16)),
        }
    }

    /// Where each can be reached.
    pub(super) fn addresses(&self) -> Vec<watch::Receiver<Option<SocketAddr>>> {
        self.all.iter().map(|node| node.address.subscribe()).collect()
    }

    /// Starts a node that is down. False if it is not down. It listens some time later.
    pub(super) fn start(&mut self, id: NodeId, ways: &Ways) -> Result<bool, LiveError> {
        if self.node(id).running.is_some() {
            return Ok(false);
        }
        let name = self.names[usize::from(id)].clone();
        let cannot = |error| LiveError::Start { node: name.clone(), error };
        let mut process = Process::start(self.command(id, ways), &self.log(id)).map_err(cannot)?;
        let out = process.child().stdout.take().expect("the command makes a pipe");
        let ear = Ear {
            id,
            process: process.id(),
            address: self.node(id).address.clone(),
            counters: Arc::clone(&self.counters),
            events: self.events.clone(),
        };
        let listener = thread::Builder::new().name(format!("hears {name}"));
        let listener = listener.spawn(move || ear.listen(out)).map_err(cannot)?;
        let node = self.node(id);
        node.lose_unsynced = false;
        node.running = Some(Running { process, host: ways.host(id), is_paused: false, listener });
        node.has_starved = false;
        if node.disk_slowness != 1 {
            node.tell(Order::DiskSlowness(node.disk_slowness));
        }
        if node.is_disk_full {
            node.tell(Order::DiskFull(true));
        }
        Ok(true)
    }

    /// Ends a node at once. False if it is down already.
    pub(super) fn kill(&mut self, id: NodeId, lose_unsynced: bool) -> bool {
        let node = self.node(id);
        node.lose_unsynced |= lose_unsynced;
        let Some(mut running) = node.running.take() else { return false };
        running.kill();
        // After it has heard the last, nothing old can be taken for new.
        let _ = running.listener.join();
        node.address.send_replace(None);
        true
    }

    /// Empties the disk of a node that is down. There is nothing left to go back to then.
    pub(super) fn wipe(&mut self, id: NodeId, ways: &Ways) -> Result<(), LiveError> {
        self.node(id).lose_unsynced = false;
        match ways.host(id) {
            None => remove_dir(&self.disk(id)),
            Some(host) => host
                .remove(DISK)
                .map_err(|error| LiveError::SetUp { what: "an empty disk on another host", error }),
        }
    }

    /// Stops a node without its knowing. False if it does not run.
    pub(super) fn pause(&mut self, id: NodeId) -> bool {
        let paused = |running: &mut Running| {
            running.pause();
            !std::mem::replace(&mut running.is_paused, true)
        };
        self.node(id).running.as_mut().is_some_and(paused)
    }

    /// Lets a paused node go on. False if it is not paused.
    pub(super) fn resume(&mut self, id: NodeId) -> bool {
        let resumed = |running: &mut Running| {
            running.resume();
            std::mem::replace(&mut running.is_paused, false)
        };
        self.node(id).running.as_mut().is_some_and(resumed)
    }

    /// Sets a node's clock off. False if it was so already.
    pub(super) fn set_clock_offset(&mut self, id: NodeId, offset: i64) -> bool {
        let node = self.node(id);
        node.tell(Order::Clock(offset));
        std::mem::replace(&mut node.clock_offset, offset) != offset
    }

    /// Makes a node's disk slow, or as it was. False if it was so already.
    pub(super) fn set_disk_slowness(&mut self, id: NodeId, slowness: u32) -> bool {
        let node = self.node(id);
        node.tell(Order::DiskSlowness(slowness));
        std::mem::replace(&mut node.disk_slowness, slowness) != slowness
    }

    /// Takes all space from a node's disk: it ends when it is to write. False if there was none.
    pub(super) fn fill_disk(&mut self, id: NodeId) -> bool {
        let node = self.node(id);
        node.tell(Order::DiskFull(true));
        !std::mem::replace(&mut node.is_disk_full, true)
    }

    /// Gives it space again, and starts the node if it has ended for want of it. False if there was space.
    pub(super) fn free_disk(&mut self, id: NodeId, ways: &Ways) -> Result<bool, LiveError> {
        let node = self.node(id);
        node.tell(Order::DiskFull(false));
        let was_full = std::mem::take(&mut node.is_disk_full);
        if node.has_starved {
            self.start(id, ways)?;
        }
        Ok(was_full)
    }

    /// Why a run cannot go on after a process has ended that nobody had killed; `None` if it was killed, or has
    /// no space on its disk.
    pub(super) fn ended(&mut self, id: NodeId, process: u32) -> Option<LiveError> {
        let node = self.node(id);
        if node.running.as_ref()?.process.id() != process {
            return None;
        }
        if node.is_disk_full {
            node.has_starved = true;
            self.kill(id, false);
            return None;
        }
        let running = node.running.as_mut()?;
        // It has closed its output, and so is about to end.
        let status = running.stop();
        let how = status.map_or_else(|| "it hangs".to_owned(), |status| status.to_string());
        let last_lines = running.process.last_lines();
        let (node, log) = (self.names[usize::from(id)].clone(), self.log(id));
        Some(LiveError::Ended { node, how, log, last_lines })
    }

    /// Why a run cannot go on with a node that does not listen.
    pub(super) fn silent(&mut self, id: NodeId, after: Duration) -> LiveError {
        let running = self.node(id).running.as_ref();
        let last_lines = running.map(|running| running.process.last_lines()).unwrap_or_default();
        let (node, log) = (self.names[usize::from(id)].clone(), self.log(id));
        LiveError::NotReady { node, after, why: "it does not listen".to_owned(), log, last_lines }
    }

    /// Stops all nodes in good order.
    fn stop(&mut self) {
        thread::scope(|scope| {
            for node in &mut self.all {
                if let Some(mut running) = node.running.take() {
                    scope.spawn(move || {
                        running.stop();
                        let _ = running.listener.join();
                    });
                }
            }
        });
    }

    /// The process of a node; `None` if it is down.
    pub(super) fn process(&self, id: NodeId) -> Option<u32> {
        self.all[usize::from(id)].running.as_ref().map(|running| running.process.id())
    }

    /// What nodes say they have sent.
    pub(super) fn traffic(&self) -> Traffic {
        Traffic {
            messages: self.counters.sent.load(Ordering::Relaxed),
            lost: self.counters.lost.load(Ordering::Relaxed),
            bytes: self.counters.bytes.load(Ordering::Relaxed),
            ..Traffic::default()
        }
    }

    /// The run begins.
    pub(super) fn begin(&mut self, began: Instant) {
        self.counters.books.begin(began);
    }

    /// What nodes say they have sent when.
    pub(super) fn ledger(&self) -> Ledger {
        self.counters.books.ledger()
    }

    fn node(&mut self, id: NodeId) -> &mut Node {
        &mut self.all[usize::from(id)]
    }

    fn log(&self, id: NodeId) -> PathBuf {
        self.place.logs().join(format!("{}.log", self.file_name(id)))
    }

    fn disk(&self, id: NodeId) -> PathBuf {
        self.place.disks().join(self.file_name(id))
    }

    /// The files by which a node proves who it is, where it has to.
    pub(super) fn certificates(&self, id: NodeId) -> Vec<PathBuf> {
        let party = Party::Node(&self.names[usize::from(id)]);
        if self.tls { party.files(&self.place.certificates()).to_vec() } else { Vec::new() }
    }

    fn file_name(&self, id: NodeId) -> String {
        file_name(&self.names, id)
    }

    fn command(&self, id: NodeId, ways: &Ways) -> Command {
        let node = &self.all[usize::from(id)];
        let here = |path: PathBuf| path.display().to_string();
        let (workload, data, certificates) = match ways.host(id) {
            None => {
                let Place { workload, .. } = self.place.clone();
                (here(workload), here(self.disk(id)), here(self.place.certificates()))
            }
            Some(host) => (host.path("workload.toml"), host.path(DISK), host.path("")),
        };
        let name = self.names[usize::from(id)].clone();
        let mut arguments = vec!["node".to_owned(), workload];
        let mut option = |option: &str, value: String| arguments.extend([option.to_owned(), value]);
        option("--node", name);
        option("--listen", ways.listen(id).to_string());
        option("--sync", self.sync.clone());
        for (to, name) in (0..).zip(&self.names) {
            if let Some(address) = ways.address(id, to) {
                option("--peer", format!("{name}={address}"));
            }
        }
        option("--data", data);
        if self.tls {
            option("--certificates", certificates);
        }
        option("--seed", self.seed.to_string());
        option("--clock-offset", node.clock_offset.to_string());
        arguments.extend((!self.fsync).then(|| "--no-fsync".to_owned()));
        arguments.extend(node.lose_unsynced.then(|| "--lose-unsynced".to_owned()));
        let mut command = ways.command(&self.place.program, id, &arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }
}

impl Running {
    /// Ends it at once.
    fn kill(&mut self) {
        if let Some(host) = &self.host {
            host.signal("KILL");
        }
        self.process.kill();
    }

    fn pause(&mut self) {
        match &self.host {
            Some(host) => host.signal("STOP"),
            None => self.process.pause(),
        }
    }

    fn resume(&mut self) {
        match &self.host {
            Some(host) => host.signal("CONT"),
            None => self.process.resume(),
        }
    }

    /// Lets it end in good order.
    fn stop(&mut self) -> Option<ExitStatus> {
        let Some(host) = &self.host else { return self.process.stop(STOP) };
        host.signal("TERM");
        host.signal("CONT");
        self.process.wait(STOP)
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Place {
    /// The directory of what nodes say.
    pub(super) fn logs(&self) -> PathBuf {
        self.dir.join(LOGS)
    }

    fn disks(&self) -> PathBuf {
        self.dir.join(DISKS)
    }

    /// The directory of certificates and keys, which are gone when the disks are. No disk is called so.
    pub(super) fn certificates(&self) -> PathBuf {
        self.disks().join(".certificates")
    }
}

/// Makes what nodes need to be there.
pub(super) fn prepare(place: &Place) -> Result<(), LiveError> {
    make_dir(&place.logs())?;
    make_dir(&place.disks())
}
