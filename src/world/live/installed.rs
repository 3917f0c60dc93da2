//! Nodes of an installed system, each a few programs in a namespace of its own.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::background::Background;
use super::faketime::FakeTime;
use super::hosts::{Hosts, LOGS, file_name, make_dir, remove_dir};
use super::netns::Netns;
use super::{DISKS, LiveError};
use crate::process::{Process, Signal, signal};
use crate::protocol::NodeId;
use crate::systems::{AnyClient, Choice, Cluster, Member, Pending, Role, Service, Start, System};

/// A node that does not say how it is by then does not say it at all.
const PATIENCE: Duration = Duration::from_millis(500);
/// What changes a cluster may take longer.
const CHANGE: Duration = Duration::from_secs(20);
/// How long nodes that are not ready yet are left in peace.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// Processes that were killed are gone by then.
const GONE: Duration = Duration::from_secs(10);

/// Nodes of an installed system.
#[derive(Debug)]
pub(super) struct Installed {
    system: &'static dyn System,
    cluster: Arc<Cluster>,
    nodes: Vec<Node>,
    /// The directory of the run, as an absolute path.
    dir: PathBuf,
    /// Asks nodes how they are, from where clients are.
    caretaker: Background,
    netns: Netns,
    /// What sets clocks off, if they are to be.
    fake_time: Option<FakeTime>,
}

/// One node, which is down if nothing of it runs.
#[derive(Debug, Default)]
struct Node {
    running: Vec<Running>,
    is_paused: bool,
    /// Whether its disk was emptied since it ran.
    is_wiped: bool,
    /// By how many nanoseconds its clock is off.
    clock_offset: i64,
    /// Tells when the others have let it in, for which it waits.
    readmitted: Option<Receiver<Result<(), String>>>,
}

#[derive(Debug)]
struct Running {
    process: Process,
    log: PathBuf,
}

impl Installed {
    /// Starts them all, and waits until they are ready for clients.
    pub(super) fn start(
        choice: Choice,
        dir: &Path,
        names: &[String],
        loss: f64,
        skews_clocks: bool,
    ) -> Result<Self, LiveError> {
        let Choice { system, modes } = choice;
        let found = system.facts().find()?;
        tracing::info!(system = system.facts().name, version = found.version, "found");
        make_dir(&dir.join(LOGS))?;
        let no_dir = |error| LiveError::Dir { dir: dir.to_owned(), error };
        let dir = dir.canonicalize().map_err(no_dir)?;
        let set_up = |what| move |error| LiveError::SetUp { what, error };
        let netns = Netns::start(names.len() as u16, loss).map_err(set_up("namespaces"))?;
        let member = |id| {
            let name = file_name(names, id);
            let dir = dir.join(DISKS).join(&name);
            Member { name, ip: netns.address(id), dir }
        };
        let nodes = (0..names.len() as NodeId).map(member).collect();
        let cluster = Arc::new(Cluster { modes, nodes });
        write_hosts(&cluster, &dir).map_err(set_up("names of hosts"))?;
        let caretaker = Background::start("caretaker", Some(&netns.clients()));
        let caretaker = caretaker.map_err(set_up("the caretaker"))?;
        let nodes = names.iter().map(|_| Node::default()).collect();
        let fake_time = skews_clocks.then(FakeTime::find).transpose();
        let fake_time = fake_time.map_err(set_up("clocks that can be wrong"))?;
        let mut installed = Self { system, cluster, nodes, dir, caretaker, netns, fake_time };
        installed.start_all()?;
        Ok(installed)
    }

    /// A client.
    pub(super) fn client(&self) -> AnyClient {
        self.system.client(&self.cluster)
    }

    /// The namespace of the clients.
    pub(super) fn of_clients(&self) -> String {
        self.netns.clients()
    }

    /// Starts all programs of a node.
    fn launch(&mut self, id: NodeId, start: Start) -> Result<(), LiveError> {
        let name = &self.cluster.node(id).name;
        let cannot = |error| LiveError::Start { node: name.clone(), error };
        make_dir(&self.cluster.node(id).dir)?;
        let clock = self.clock(id);
        if self.fake_time.is_some() {
            FakeTime::set(&clock, self.nodes[usize::from(id)].clock_offset).map_err(cannot)?;
        }
        let services = self.system.services(&self.cluster, id, start).map_err(cannot)?;
        let only = services.len() == 1;
        for Service { name: service, command } in services {
            let log = if only { format!("{name}.log") } else { format!("{name}-{service}.log") };
            let log = self.dir.join(LOGS).join(log);
            let mut inside = self.netns.inside(id, name, &hosts(&self.dir));
            inside.arg(command.get_program()).args(command.get_args());
            inside.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
            inside.current_dir(&self.cluster.node(id).dir);
            if let Some(fake_time) = &self.fake_time {
                fake_time.load(&mut inside, &clock);
            }
            let process = Process::start_alone(inside, &log).map_err(cannot)?;
            self.nodes[usize::from(id)].running.push(Running { process, log });
        }
        Ok(())
    }

    /// The file that says how far the clock of a node is off: not in its directory, which may be emptied.
    fn clock(&self, id: NodeId) -> PathBuf {
        self.dir.join(DISKS).join(format!("{}.clock", self.cluster.node(id).name))
    }

    /// Asks the others to let a node in that has lost its disk. Where they cannot, it is asked again.
    fn readmit(&self, id: NodeId) -> Receiver<Result<(), String>> {
        let readmitted = self.system.admit(&self.cluster, id, Start::Wiped);
        let asked = async {
            let answer = readmitted.await;
            if answer.is_err() {
                tokio::time::sleep(ASK_EVERY).await;
            }
            answer
        };
        self.caretaker.answer(asked, CHANGE)
    }

    /// Starts the nodes that the others have let in.
    fn start_readmitted(&mut self) -> Result<(), LiveError> {
        for id in self.cluster.ids() {
            let node = &mut self.nodes[usize::from(id)];
            let Some(readmitted) = &node.readmitted else { continue };
            match readmitted.try_recv() {
                Ok(Ok(())) => {
                    (node.readmitted, node.is_wiped) = (None, false);
                    self.launch(id, Start::Wiped)?;
                }
                Err(TryRecvError::Empty) => {}
                Ok(Err(_)) | Err(TryRecvError::Disconnected) => {
                    self.nodes[usize::from(id)].readmitted = Some(self.readmit(id));
                }
            }
        }
        Ok(())
    }

    /// Starts all nodes, waits until they are ready, and prepares them.
    fn start_all(&mut self) -> Result<(), LiveError> {
        let deadline = Instant::now() + self.system.facts().start;
        for id in self.cluster.ids() {
            let admit = |of: &Self| of.system.admit(&of.cluster, id, Start::First);
            // It can only wait for those before it.
            self.wait(id.saturating_sub(1), &admit, deadline)?;
            self.launch(id, Start::First)?;
        }
        for id in self.cluster.ids() {
            let ready = |of: &Self| of.system.ready(&of.cluster, id);
            self.wait(id, &ready, deadline)?;
        }
        let (system, cluster) = (self.system.facts().name, &self.cluster);
        let prepared = self.ask(self.system.prepare(cluster), CHANGE);
        prepared.map_err(|why| LiveError::Unprepared { system, why })
    }

    /// Asks something of a node until it is so.
    fn wait(
        &mut self,
        id: NodeId,
        question: &dyn Fn(&Self) -> Pending<Result<(), String>>,
        deadline: Instant,
    ) -> Result<(), LiveError> {
        loop {
            self.failure().map_or(Ok(()), Err)?;
            match self.ask(question(self), PATIENCE) {
                Ok(()) => return Ok(()),
                Err(why) if Instant::now() > deadline => {
                    return Err(self.not_ready(id, self.system.facts().start, why));
                }
                Err(_) => sleep(ASK_EVERY),
            }
        }
    }

    fn not_ready(&self, id: NodeId, after: Duration, why: String) -> LiveError {
        let node = self.cluster.node(id).name.clone();
        let first = self.nodes[usize::from(id)].running.first();
        let (log, last_lines) = first.map_or_else(
            || (PathBuf::new(), String::new()),
            |first| (first.log.clone(), first.process.last_lines()),
        );
        LiveError::NotReady { node, after, why, log, last_lines }
    }

    /// Asks something of the cluster, and waits for the answer.
    fn ask<T: Send + 'static>(
        &self,
        question: Pending<Result<T, String>>,
        patience: Duration,
    ) -> Result<T, String> {
        let answered = self.caretaker.answer(question, patience).recv();
        answered.unwrap_or_else(|_| Err(format!("no answer after {patience:?}")))
    }

    /// Sends a signal to every process of a node. Returns how many there are.
    fn signal(&self, id: NodeId, what: Signal) -> usize {
        let processes = self.netns.processes(id).unwrap_or_default();
        for process in &processes {
            signal(*process, what);
        }
        processes.len()
    }

    /// Whether a node that runs is paused or not from now on. False if it is so already.
    fn set_paused(&mut self, id: NodeId, is_paused: bool) -> bool {
        let node = &mut self.nodes[usize::from(id)];
        !node.running.is_empty() && std::mem::replace(&mut node.is_paused, is_paused) != is_paused
    }
}

impl Hosts for Installed {
    fn start(&mut self, id: NodeId) -> Result<bool, LiveError> {
        let node = &self.nodes[usize::from(id)];
        if !node.running.is_empty() || node.readmitted.is_some() {
            return Ok(false);
        }
        if node.is_wiped {
            self.nodes[usize::from(id)].readmitted = Some(self.readmit(id));
        } else {
            self.launch(id, Start::Again)?;
        }
        Ok(true)
    }

    /// What it wrote is with the operating system, which does not lose it.
    fn kill(&mut self, id: NodeId, _lose_unsynced: bool) -> bool {
        let Node { is_wiped, clock_offset, .. } = self.nodes[usize::from(id)];
        let down = Node { is_wiped, clock_offset, ..Node::default() };
        let node = std::mem::replace(&mut self.nodes[usize::from(id)], down);
        let has_run = !node.running.is_empty() || node.readmitted.is_some();
        for mut running in node.running {
            running.process.kill();
        }
        // Some are children of children, and the ports are free only once all are gone.
        let deadline = Instant::now() + GONE;
        while self.signal(id, Signal::KILL) > 0 && Instant::now() < deadline {
            sleep(Duration::from_millis(1));
        }
        has_run
    }

    fn wipe(&mut self, id: NodeId) -> Result<(), LiveError> {
        self.nodes[usize::from(id)].is_wiped = true;
        remove_dir(&self.cluster.node(id).dir)
    }

    fn pause(&mut self, id: NodeId) -> bool {
        let can = self.set_paused(id, true);
        if can {
            self.signal(id, Signal::STOP);
        }
        can
    }

    fn resume(&mut self, id: NodeId) -> bool {
        let can = self.set_paused(id, false);
        if can {
            self.signal(id, Signal::CONT);
        }
        can
    }

    fn set_cuts(&mut self, links: &[(NodeId, NodeId)], is_cut: bool) -> io::Result<bool> {
        self.netns.set_cuts(links, is_cut)
    }

    fn set_clock_offset(&mut self, id: NodeId, offset: i64) -> bool {
        let is_said = self.fake_time.is_some() && FakeTime::set(&self.clock(id), offset).is_ok();
        let node = &mut self.nodes[usize::from(id)];
        is_said && std::mem::replace(&mut node.clock_offset, offset) != offset
    }

    fn failure(&mut self) -> Option<LiveError> {
        if let Err(error) = self.start_readmitted() {
            return Some(error);
        }
        let ids = self.cluster.ids();
        ids.zip(&mut self.nodes).find_map(|(id, node)| {
            node.running.iter_mut().find_map(|Running { process, log }| {
                let how = process.ended()?.to_string();
                let node = self.cluster.node(id).name.clone();
                let (log, last_lines) = (log.clone(), process.last_lines());
                Some(LiveError::Ended { node, how, log, last_lines })
            })
        })
    }

    fn leader(&mut self) -> Option<NodeId> {
        let ask = |id| {
            let health = self.system.health(&self.cluster, id);
            (id, self.caretaker.answer(health, PATIENCE))
        };
        let asked: Vec<_> = self.cluster.ids().map(ask).collect();
        let leads = |answer: Result<Result<Role, String>, _>| answer == Ok(Ok(Role::Leader));
        asked.into_iter().find(|(_, told)| leads(told.recv())).map(|(id, _)| id)
    }

    fn process(&self, id: NodeId) -> Option<u32> {
        self.nodes[usize::from(id)].running.first().map(|running| running.process.id())
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        for id in self.cluster.ids() {
            self.kill(id, false);
        }
    }
}

/// The file in which hosts find each other.
fn hosts(dir: &Path) -> PathBuf {
    dir.join(DISKS).join("hosts")
}

fn write_hosts(cluster: &Cluster, dir: &Path) -> io::Result<()> {
    let mut text = "127.0.0.1 localhost\n".to_owned();
    for node in &cluster.nodes {
        text += &format!("{} {}\n", node.ip, node.name);
    }
    std::fs::create_dir_all(dir.join(DISKS))?;
    std::fs::write(hosts(dir), text)
}
