//! Real systems: how to find each, how to start a node of it, how to ask it, and what it promises.
//!
//! A system is one file in here and one row in [`SYSTEMS`]. It says which programs make up a node, looks
//! after nothing that runs, and decides nothing: a world starts, kills and cuts off what it describes.
//!
//! Whatever a client of a system learns is classified by the system's table of [errors](Facts::errors);
//! what no row of it knows is information that nobody has: info.

mod client;
mod etcd;
mod facts;
mod find;
mod rabbitmq;
mod redis;
mod zookeeper;

pub use client::AnyClient;
pub use facts::{Facts, Mode, Program};
pub use find::{Found, NotFound};

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;

use crate::promise::Promise;
use crate::protocol::NodeId;

/// All systems.
pub const SYSTEMS: &[&dyn System] =
    &[&etcd::Etcd, &rabbitmq::RabbitMq, &redis::Redis, &redis::RedisCluster, &zookeeper::ZooKeeper];

/// A system of this name.
pub fn named(name: &str) -> Option<&'static dyn System> {
    SYSTEMS.iter().copied().find(|system| system.facts().name == name)
}

/// Something that will be known some time.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A system of which clusters can be started on this machine.
pub trait System: fmt::Debug + Sync {
    /// What is always true of it.
    fn facts(&self) -> &'static Facts;

    /// Why the clocks of its nodes cannot be set off; `None` if they can, by a library that comes before the
    /// one that tells C programs the time.
    fn right_clocks(&self) -> Option<&'static str> {
        None
    }

    /// What it promises in these modes.
    fn promise(&self, modes: Modes) -> Promise;

    /// The programs of one node, in the order in which they are to be started. What they need on disk is
    /// in the node's directory, which is there and, unless `start` says otherwise, empty; paths in the
    /// commands are absolute.
    fn services(&self, cluster: &Cluster, node: NodeId, start: Start) -> io::Result<Vec<Service>>;

    /// What a node says it is; if it says nothing of that, what it says instead. Asked from where clients
    /// are.
    fn health(&self, cluster: &Arc<Cluster>, node: NodeId) -> Pending<Result<Role, String>>;

    /// Whether a node that has just started with all others is ready for clients.
    fn ready(&self, cluster: &Arc<Cluster>, node: NodeId) -> Pending<Result<(), String>> {
        let health = self.health(cluster, node);
        Box::pin(async move { health.await.map(|_| ()) })
    }

    /// What is to be done once, after all nodes have become ready and before clients come.
    fn prepare(&self, _cluster: &Arc<Cluster>) -> Pending<Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Does what must be done before a node starts for the first time, or with nothing into a cluster that knows
    /// it. What fails is tried again.
    fn admit(
        &self,
        _cluster: &Arc<Cluster>,
        _node: NodeId,
        _start: Start,
    ) -> Pending<Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// A client. Each of its questions goes to the node it is meant for, and to no other in its place.
    fn client(&self, cluster: &Arc<Cluster>) -> AnyClient;
}

/// How a node starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// For the first time, together with all others.
    First,
    /// With what is on its disk.
    Again,
    /// With nothing, into a cluster that knows it.
    Wiped,
}

/// What a node says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It leads, as far as it knows.
    Leader,
    /// Another one leads.
    Follower,
}

/// One program of a node.
#[derive(Debug)]
pub struct Service {
    /// What its log is called; the same for all nodes.
    pub name: &'static str,
    /// How it is started. Its directory, its standard streams and where it runs are not for the system
    /// to say.
    pub command: Command,
}

/// How clients read and write: words from the tables of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modes {
    /// How they read.
    pub read: &'static str,
    /// How they write.
    pub write: &'static str,
}

/// A system, and how it is to be used.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// Which.
    pub system: &'static dyn System,
    /// How clients read and write.
    pub modes: Modes,
}

impl PartialEq for Choice {
    fn eq(&self, other: &Self) -> bool {
        self.system.facts().name == other.system.facts().name && self.modes == other.modes
    }
}

impl Choice {
    /// What it promises.
    pub fn promise(&self) -> Promise {
        self.system.promise(self.modes)
    }
}

/// The system and its modes, as far as there is a choice.
impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = self.system.facts();
        f.write_str(facts.name)?;
        let modes =
            [("read", facts.reads, self.modes.read), ("write", facts.writes, self.modes.write)];
        for (what, _, mode) in modes.into_iter().filter(|(_, modes, _)| modes.len() > 1) {
            write!(f, ", {what} = {mode}")?;
        }
        Ok(())
    }
}

/// A cluster, as far as a system must know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// How clients read and write.
    pub modes: Modes,
    /// The nodes.
    pub nodes: Vec<Member>,
}

/// One node of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, which is also that of its host.
    pub name: String,
    /// The address of its host.
    pub ip: Ipv4Addr,
    /// Its directory, as an absolute path.
    pub dir: PathBuf,
}

impl Cluster {
    /// The numbers of all nodes.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        0..self.nodes.len() as NodeId
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> &Member {
        &self.nodes[usize::from(id)]
    }

    /// The smallest number of nodes that is a majority.
    pub fn majority(&self) -> usize {
        self.nodes.len() / 2 + 1
    }
}

impl Member {
    /// Where it listens at a port.
    pub fn at(&self, port: u16) -> SocketAddr {
        (self.ip, port).into()
    }

    /// A file of it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Writes a file of it. Returns where it is.
    pub fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.file(name);
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(&path, text)?;
        Ok(path)
    }
}
