//! Redis with Sentinels, which make another one primary when it is gone.

use std::collections::BTreeMap;
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

const SERVER: u16 = 6379;
const SENTINEL: u16 = 26379;

/// Acknowledged by a majority.
const WAIT_MAJORITY: &str = "wait-majority";

/// How a Sentinel watches, by the names of its settings.
const WATCH: [(&str, u32); 3] =
    [("down-after-milliseconds", 1000), ("failover-timeout", 1000), ("parallel-syncs", 8)];

const FACTS: Facts = Facts {
    name: "redis",
    about: "a primary with asynchronous replicas, and Sentinels for failover",
    programs: &[Program { name: "redis-server", version: &["--version"] }],
    packages: &["redis-server"],
    oldest: (7, 0),
    tried: "7.0.15",
    start: Duration::from_secs(30),
    has_cas: true,
    objects: &[Object::Register],
    reads: &[
        Mode { name: PRIMARY, about: "only a node that takes itself for the primary answers" },
        Mode { name: ANY, about: "the node that is asked answers" },
    ],
    writes: &[
        Mode { name: ASYNC, about: "acknowledged by the primary, which tells replicas later" },
        Mode {
            name: WAIT_ONE,
            about: "acknowledged once WAIT has heard of one replica that has it",
        },
        Mode {
            name: WAIT_MAJORITY,
            about: "acknowledged once WAIT has heard of so many that a majority has it",
        },
    ],
    errors: &[
        KnownError {
            says: "READONLY",
            name: "read-only",
            is_definite: true,
            because: "a replica refuses what may write before it does anything",
        },
        LOADING,
        PRIMARY_DOWN,
        WAIT_TOO_FEW,
        UNBLOCKED,
    ],
};

/// Redis with Sentinel.
#[derive(Debug)]
pub(in crate::systems) struct Redis;

impl System for Redis {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn right_clocks(&self) -> Option<&'static str> {
        Some(RIGHT_CLOCKS)
    }

    fn promise(&self, modes: Modes) -> Promise {
        let because = match modes.write {
            ASYNC => "a write is acknowledged before any replica has it",
            WAIT_ONE => {
                "WAIT counts replicas, and Sentinel need not choose one of those it has counted"
            }
            _ => "WAIT counts replicas, but a primary that has lost its office still answers reads",
        };
        eventual(
            because,
            "After a failover, whoever was primary throws away what the new one does not have. Until \
                     it hears of it, it goes on to acknowledge and to answer.",
            "Redis documentation, \"Replication\" and \"WAIT\"; Kingsbury on Redis, 2013",
        )
    }

    fn services(&self, cluster: &Cluster, node: NodeId, start: Start) -> io::Result<Vec<Service>> {
        let own = cluster.node(node);
        // Both rewrite their files when something changes, and must find them so when they start again.
        if start != Start::Again {
            own.write("redis.conf", &server_file(cluster, node))?;
            let mut sentinel = sentinel_file(cluster, node);
            if start == Start::Wiped {
                // The others tell it who is primary meanwhile.
                sentinel += &watched(cluster);
            }
            own.write("sentinel.conf", &sentinel)?;
        }
        let mut server = Command::new("redis-server");
        server.arg(own.file("redis.conf"));
        let mut sentinel = Command::new("redis-server");
        sentinel.arg(own.file("sentinel.conf")).arg("--sentinel");
        Ok(vec![
            Service { name: "redis", command: server },
            Service { name: "sentinel", command: sentinel },
        ])
    }

    fn health(&self, cluster: &Arc<Cluster>, node: NodeId) -> Pending<Result<Role, String>> {
        let cluster = Arc::clone(cluster);
        Box::pin(async move {
            let about = replication(cluster.node(node).at(SERVER)).await?;
            let leads = about.contains("role:master");
            Ok(if leads { Role::Leader } else { Role::Follower })
        })
    }

    fn ready(&self, cluster: &Arc<Cluster>, node: NodeId) -> Pending<Result<(), String>> {
        let cluster = Arc::clone(cluster);
        Box::pin(async move { ready(&cluster, node).await })
    }

    fn prepare(&self, cluster: &Arc<Cluster>) -> Pending<Result<(), String>> {
        let cluster = Arc::clone(cluster);
        Box::pin(async move { watch(&cluster).await })
    }

    fn client(&self, cluster: &Arc<Cluster>) -> AnyClient {
        let replicas = match cluster.modes.write {
            WAIT_ONE => 1,
            WAIT_MAJORITY => cluster.majority() - 1,
            _ => 0,
        };
        let manner = Manner {
            greeting: None,
            reads_like_writes: cluster.modes.read != ANY,
            replicas,
            errors: FACTS.errors,
        };
        AnyClient::new(RedisClient { cluster: Arc::clone(cluster), manner, line: Line::default() })
    }
}

/// Whom a node follows that knows of nothing yet: the first one, which follows nobody.
fn first_primary(cluster: &Cluster, node: NodeId) -> Option<SocketAddr> {
    (node != 0).then(|| cluster.node(0).at(SERVER))
}

fn server_file(cluster: &Cluster, node: NodeId) -> String {
    let own = cluster.node(node);
    let mut text = settings(own, SERVER, &own.dir);
    if let Some(primary) = first_primary(cluster, node) {
        text += &format!("replicaof {} {SERVER}\n", primary.ip());
    }
    text
}

fn sentinel_file(cluster: &Cluster, node: NodeId) -> String {
    let own = cluster.node(node);
    let dir = own.dir.display();
    format!("bind {} 127.0.0.1\nport {SENTINEL}\nprotected-mode no\ndir {dir}\n", own.ip)
}

/// What a Sentinel watches, as its file has it.
fn watched(cluster: &Cluster) -> String {
    let (first, majority) = (cluster.node(0), cluster.majority());
    let settings = WATCH.map(|(name, value)| format!("sentinel {name} cluster {value}\n"));
    format!("sentinel monitor cluster {} {SERVER} {majority}\n{}", first.ip, settings.concat())
}

/// Replicas follow the primary.
async fn ready(cluster: &Cluster, node: NodeId) -> Result<(), String> {
    look(cluster.node(node).at(SENTINEL)).await?;
    let expected = match first_primary(cluster, node) {
        None => format!("connected_slaves:{}", cluster.nodes.len() - 1),
        Some(_) => "master_link_status:up".to_owned(),
    };
    expect_replication(cluster.node(node).at(SERVER), &expected).await
}

/// Lets all Sentinels watch, and waits until each knows of all others and of all replicas. They ask a
/// primary for its replicas every ten seconds: had they begun before it had any, they would have nobody to
/// choose from for so long.
async fn watch(cluster: &Cluster) -> Result<(), String> {
    for node in cluster.ids() {
        let mut sentinel = look(cluster.node(node).at(SENTINEL)).await?;
        let (first, majority) = (cluster.node(0), cluster.majority());
        let mut monitor = command("SENTINEL MONITOR cluster");
        monitor.arg(first.ip.to_string()).arg(SERVER).arg(majority);
        let mut set = command("SENTINEL SET cluster");
        for (name, value) in WATCH {
            set.arg(name).arg(value);
        }
        for command in [&mut monitor, &mut set] {
            let () = command.query_async(&mut sentinel).await.map_err(|error| error.to_string())?;
        }
    }
    for node in cluster.ids() {
        // Whoever waits for us gives up some time.
        while !knows_all(cluster, node).await? {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}

/// Whether the Sentinel of a node knows of all others and of all replicas.
async fn knows_all(cluster: &Cluster, node: NodeId) -> Result<bool, String> {
    let mut sentinel = look(cluster.node(node).at(SENTINEL)).await?;
    let about = command("SENTINEL MASTER cluster").query_async(&mut sentinel).await;
    let about: BTreeMap<String, String> = about.map_err(|error| error.to_string())?;
    let others = (cluster.nodes.len() - 1).to_string();
    Ok(["num-slaves", "num-other-sentinels"].iter().all(|field| about.get(*field) == Some(&others)))
}

/// A command of several words.
fn command(words: &str) -> redis::Cmd {
    let mut words = words.split(' ');
    let mut command = cmd(words.next().unwrap_or_default());
    command.arg(words.collect::<Vec<_>>());
    command
}

struct RedisClient {
    cluster: Arc<Cluster>,
    manner: Manner,
    line: Line,
}

impl Client for RedisClient {
    async fn ask(&mut self, question: Question) -> Response {
        let server = self.cluster.node(question.node).at(SERVER);
        self.line.ask(server, self.manner, question.operation).await
    }

    fn disconnect(&mut self) {
        self.line.close();
    }
}
