//! Redis Cluster: each process serves a share of all keys or follows one that does, and the processes agree by
//! majority of those that serve who is gone, whose replica then takes its place.
//!
//! A node is two of them: a primary, and the replica of the primary of the node before it.
//!
//! ```text
//!        n1           n2           n3
//! 6379   keys 1/3     keys 2/3     keys 3/3
//! 6380   follows n3   follows n1   follows n2
//! ```
//!
//! A client asks the processes of its node, and no others: where neither serves the key, that is what it learns.

use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use redis::cmd;

use super::server::{
    ANY, ASYNC, LOADING, Line, Manner, PRIMARY, PRIMARY_DOWN, RIGHT_CLOCKS, UNBLOCKED, WAIT_ONE,
    WAIT_TOO_FEW, eventual, expect_replication, look, replication, settings,
};
use crate::client::{Client, KnownError, Question, Response};
use crate::promise::Promise;
use crate::protocol::{NodeId, Object};
use crate::systems::{
    AnyClient, Cluster, Facts, Mode, Modes, Pending, Program, Role, Service, Start, System,
};

/// The two processes of a node, and what their logs are called: at first a primary and a replica.
const SERVERS: [(u16, &str); 2] = [(6379, "6379"), (6380, "6380")];
/// They speak to each other so far above the port at which clients are answered.
const BUS: u16 = 10_000;
/// Keys are dealt out by the remainder of their checksum.
const SLOTS: usize = 16_384;
/// A process that is silent for so long is gone for the others, in milliseconds.
const NODE_TIMEOUT_MS: u32 = 2000;

const MOVED: KnownError = KnownError {
    says: "MOVED",
    name: "moved",
    is_definite: true,
    because: "no process of the node serves the key, and both refuse before they do anything",
};

const FACTS: Facts = Facts {
    name: "redis-cluster",
    about: "keys dealt out to primaries with asynchronous replicas, which elect",
    programs: &[Program { name: "redis-server", version: &["--version"] }],
    packages: &["redis-server"],
    oldest: (7, 0),
    tried: "7.0.15",
    start: Duration::from_secs(30),
    has_cas: true,
    objects: &[Object::Register],
    reads: &[
        Mode { name: PRIMARY, about: "a process that takes itself for the key's primary answers" },
        Mode { name: ANY, about: "a replica of the key answers as well" },
    ],
    writes: &[
        Mode { name: ASYNC, about: "acknowledged by the primary, which tells its replica later" },
        Mode { name: WAIT_ONE, about: "acknowledged once WAIT has heard that a replica has it" },
    ],
    errors: &[
        MOVED,
        KnownError {
            says: "ASK",
            name: "moving",
            is_definite: true,
            because: "the key is given away and no longer here: refused before anything is done",
        },
        KnownError {
            says: "TRYAGAIN",
            name: "try-again",
            is_definite: true,
            because: "what is asked for is given away just now: refused before anything is done",
        },
        KnownError {
            says: "CLUSTERDOWN",
            name: "cluster-down",
            is_definite: true,
            because: "a process that sees no majority, or keys that nobody serves, refuses",
        },
        LOADING,
        PRIMARY_DOWN,
        WAIT_TOO_FEW,
        UNBLOCKED,
    ],
};

/// Redis Cluster.
#[derive(Debug)]
pub(in crate::systems) struct RedisCluster;

impl System for RedisCluster {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn right_clocks(&self) -> Option<&'static str> {
        Some(RIGHT_CLOCKS)
    }

    fn promise(&self, modes: Modes) -> Promise {
        let because = match modes.write {
            ASYNC => "a write is acknowledged before the replica has it",
            _ => "WAIT counts the replica, but a primary that is cut off still answers reads",
        };
        eventual(
            because,
            "A primary that is cut off goes on to acknowledge and to answer until it notices. The \
                     others put its replica in its place, and what that one does not have is thrown \
                     away.",
            "Redis documentation, \"Redis cluster specification\", \"Write safety\"",
        )
    }

    fn services(&self, cluster: &Cluster, node: NodeId, start: Start) -> io::Result<Vec<Service>> {
        let own = cluster.node(node);
        let service = |server: (u16, &'static str)| {
            let (port, name) = server;
            let (config, list) = (format!("{name}/redis.conf"), format!("{name}/nodes.conf"));
            // They rewrite the list when something changes, and must find it so when they start again.
            if start != Start::Again {
                own.write(&config, &server_file(cluster, node, server))?;
                own.write(&list, &nodes_file(cluster, node, port))?;
            }
            let mut command = Command::new("redis-server");
            command.arg(own.file(&config));
            Ok(Service { name, command })
        };
        SERVERS.into_iter().map(service).collect()
    }

    fn health(&self, cluster: &Arc<Cluster>, node: NodeId) -> Pending<Result<Role, String>> {
        let addresses = addresses(cluster, node);
        Box::pin(async move {
            for address in addresses {
                if replication(address).await?.contains("role:master") {
                    return Ok(Role::Leader);
                }
            }
            Ok(Role::Follower)
        })
    }

    fn ready(&self, cluster: &Arc<Cluster>, node: NodeId) -> Pending<Result<(), String>> {
        let [primary, replica] = addresses(cluster, node);
        Box::pin(async move {
            expect_replication(primary, "connected_slaves:1").await?;
            expect_replication(replica, "master_link_status:up").await?;
            expect_up(primary).await?;
            expect_up(replica).await
        })
    }

    fn client(&self, cluster: &Arc<Cluster>) -> AnyClient {
        let manner = Manner {
            greeting: (cluster.modes.read == ANY).then_some("READONLY"),
            reads_like_writes: false,
            replicas: usize::from(cluster.modes.write == WAIT_ONE),
            errors: FACTS.errors,
        };
        let lines = [Line::default(), Line::default()];
        AnyClient::new(ClusterClient { cluster: Arc::clone(cluster), manner, lines })
    }
}

/// Where the processes of a node answer.
fn addresses(cluster: &Cluster, node: NodeId) -> [SocketAddr; 2] {
    SERVERS.map(|(port, _)| cluster.node(node).at(port))
}

fn server_file(cluster: &Cluster, node: NodeId, (port, name): (u16, &str)) -> String {
    let own = cluster.node(node);
    settings(own, port, &own.file(name))
        + &format!("cluster-enabled yes\ncluster-node-timeout {NODE_TIMEOUT_MS}\n")
}

/// The list of all processes, as one of them is to find it when it starts: what `redis-cli --cluster create`
/// leaves, but for the names, so that one that has lost its disk finds its own again.
fn nodes_file(cluster: &Cluster, node: NodeId, port: u16) -> String {
    let n = cluster.nodes.len();
    let [(primary, _), (replica, _)] = SERVERS;
    let mut text = String::new();
    let mut list = |of: NodeId, at: u16, rest: String| {
        let (name, ip) = (name(of, at), cluster.node(of).ip);
        let myself = if (of, at) == (node, port) { "myself," } else { "" };
        text += &format!("{name} {ip}:{at}@{} {myself}{rest}\n", at + BUS);
    };
    for id in cluster.ids() {
        let (number, next) = (usize::from(id), (id + 1) % n as NodeId);
        let (from, to) = (number * SLOTS / n, (number + 1) * SLOTS / n - 1);
        let epoch = number + 1;
        list(id, primary, format!("master - 0 0 {epoch} connected {from}-{to}"));
        list(next, replica, format!("slave {} 0 0 {epoch} connected", name(id, primary)));
    }
    text + &format!("vars currentEpoch {n} lastVoteEpoch 0\n")
}

/// The name of a process, which is forty digits: the number of the node, and the port.
fn name(node: NodeId, port: u16) -> String {
    format!("{:036}{port:04}", node + 1)
}

/// A process sees that every key is served.
async fn expect_up(address: SocketAddr) -> Result<(), String> {
    let mut server = look(address).await?;
    let about = cmd("CLUSTER").arg("INFO").query_async(&mut server).await;
    let about: String = about.map_err(|error| error.to_string())?;
    if about.contains("cluster_state:ok") { Ok(()) } else { Err(about) }
}

struct ClusterClient {
    cluster: Arc<Cluster>,
    manner: Manner,
    /// To the processes of its node.
    lines: [Line; 2],
}

impl Client for ClusterClient {
    /// Asks one process after the other until one does not send it away.
    async fn ask(&mut self, question: Question) -> Response {
        let mut answer = Response::Unavailable;
        for (line, address) in self.lines.iter_mut().zip(addresses(&self.cluster, question.node)) {
            answer = line.ask(address, self.manner, question.operation).await;
            if answer != Response::Error(&MOVED) {
                break;
            }
        }
        answer
    }

    fn disconnect(&mut self) {
        self.lines.iter_mut().for_each(Line::close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::Member;

    #[test]
    fn every_key_is_dealt_out_and_no_replica_shares_a_node_with_its_primary() {
        let member = |id: u8| Member {
            name: format!("n{id}"),
            ip: [10, 77, 0, id].into(),
            dir: "/nowhere".into(),
        };
        let modes = Modes { read: PRIMARY, write: ASYNC };
        let cluster = Cluster { modes, nodes: [1, 2, 3].map(member).into() };
        let zeros = "0".repeat(35);
        let expected = format!(
            "{zeros}16379 10.77.0.1:6379@16379 master - 0 0 1 connected 0-5460\n\
             {zeros}26380 10.77.0.2:6380@16380 slave {zeros}16379 0 0 1 connected\n\
             {zeros}26379 10.77.0.2:6379@16379 master - 0 0 2 connected 5461-10921\n\
             {zeros}36380 10.77.0.3:6380@16380 slave {zeros}26379 0 0 2 connected\n\
             {zeros}36379 10.77.0.3:6379@16379 master - 0 0 3 connected 10922-16383\n\
             {zeros}16380 10.77.0.1:6380@16380 myself,slave {zeros}36379 0 0 3 connected\n\
             vars currentEpoch 3 lastVoteEpoch 0\n"
        );
        assert_eq!(nodes_file(&cluster, 0, 6380), expected);
    }
}
