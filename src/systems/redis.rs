//! Redis: a primary that sends its writes to replicas some time later, and Sentinels that make another one
//! primary when it is gone.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisError, cmd};

use super::client::AnyClient;
use super::facts::{Facts, Mode, Program};
use super::{Cluster, Modes, Pending, Role, Service, Start, System};
use crate::client::{Action, Client, KnownError, Question, Response};
use crate::promise::{Condition, Promise};
use crate::protocol::{Key, NodeId, Object, Value};

const SERVER: u16 = 6379;
const SENTINEL: u16 = 26379;

/// Only a node that takes itself for the primary answers.
const PRIMARY: &str = "primary";
/// Any node answers.
const ANY: &str = "any";
/// Acknowledged by the primary alone.
const ASYNC: &str = "async";
/// Acknowledged by the primary and one replica.
const WAIT_ONE: &str = "wait-one";
/// Acknowledged by a majority.
const WAIT_MAJORITY: &str = "wait-majority";

/// What WAIT is given in milliseconds: less than clients wait.
const WAIT_MS: u32 = 500;
/// Whoever is asked how it is has so long to let us in.
const PATIENCE: Duration = Duration::from_millis(400);

/// How a Sentinel watches, by the names of its settings.
const WATCH: [(&str, u32); 3] =
    [("down-after-milliseconds", 1000), ("failover-timeout", 1000), ("parallel-syncs", 8)];

/// What WAIT says by a number, in words.
const TOO_FEW: &str = "WAIT: too few replicas";

// Scripts may write unless they say that they do not, so that replicas refuse them.
const GET: &str = "#!lua\nreturn redis.call('GET', KEYS[1])";
const COMPARE_AND_SET: &str = "#!lua
local found = redis.call('GET', KEYS[1])
if (found or '') == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2])
  return {1, false}
end
return {0, found}";

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
        KnownError {
            says: "LOADING",
            name: "loading",
            is_definite: true,
            because: "a node that still reads its disk refuses everything",
        },
        KnownError {
            says: "MASTERDOWN",
            name: "primary-down",
            is_definite: true,
            because: "a replica that has lost its primary refuses",
        },
        KnownError {
            says: TOO_FEW,
            name: "wait-too-few",
            is_definite: false,
            because: "the primary has it and goes on to tell replicas, unless it loses its office first",
        },
        KnownError {
            says: "UNBLOCKED",
            name: "unblocked",
            is_definite: false,
            because: "the primary has lost its office while it waited, and may have told the next one",
        },
    ],
};

/// Redis with Sentinel.
#[derive(Debug)]
pub(super) struct Redis;

impl System for Redis {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn right_clocks(&self) -> Option<&'static str> {
        Some("its allocator asks for the time before a wrong one can be told")
    }

    fn promise(&self, modes: Modes) -> Promise {
        let because = match modes.write {
            ASYNC => "a write is acknowledged before any replica has it",
            WAIT_ONE => {
                "WAIT counts replicas, and Sentinel need not choose one of those it has counted"
            }
            _ => "WAIT counts replicas, but a primary that has lost its office still answers reads",
        };
        Promise {
            condition: Condition::Eventual,
            because: because.into(),
            reason: "After a failover, whoever was primary throws away what the new one does not have. Until \
                     it hears of it, it goes on to acknowledge and to answer."
                .into(),
            remedy: "a system with consensus; WAIT does not make one of Redis".into(),
            source: "Redis documentation, \"Replication\" and \"WAIT\"; Kingsbury on Redis, 2013",
        }
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
            let about = replication(&cluster, node).await?;
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
        AnyClient::new(RedisClient { cluster: Arc::clone(cluster), open: None })
    }
}

/// Whom a node follows that knows of nothing yet: the first one, which follows nobody.
fn first_primary(cluster: &Cluster, node: NodeId) -> Option<SocketAddr> {
    (node != 0).then(|| cluster.node(0).at(SERVER))
}

fn server_file(cluster: &Cluster, node: NodeId) -> String {
    let own = cluster.node(node);
    let mut text = format!(
        "bind {ip} 127.0.0.1\nport {SERVER}\nprotected-mode no\ndir {dir}\nappendonly yes\n\
         appendfsync everysec\nsave \"\"\nrepl-timeout 10\nrepl-ping-replica-period 1\n\
         repl-diskless-sync-delay 0\n",
        ip = own.ip,
        dir = own.dir.display(),
    );
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

async fn connect(address: SocketAddr) -> Result<MultiplexedConnection, RedisError> {
    // The client of the harness waits, and not the library as well.
    let config =
        AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
    let client = redis::Client::open(format!("redis://{address}"))?;
    client.get_multiplexed_async_connection_with_config(&config).await
}

/// Connects to a node for its own sake.
async fn look(address: SocketAddr) -> Result<MultiplexedConnection, String> {
    match tokio::time::timeout(PATIENCE, connect(address)).await {
        Ok(connection) => connection.map_err(|error| error.to_string()),
        Err(_) => Err(format!("{address} does not let anybody in")),
    }
}

/// What a node says about replication.
async fn replication(cluster: &Cluster, node: NodeId) -> Result<String, String> {
    let mut server = look(cluster.node(node).at(SERVER)).await?;
    let info = cmd("INFO").arg("replication").query_async(&mut server).await;
    info.map_err(|error| error.to_string())
}

/// Replicas follow the primary.
async fn ready(cluster: &Cluster, node: NodeId) -> Result<(), String> {
    look(cluster.node(node).at(SENTINEL)).await?;
    let about = replication(cluster, node).await?;
    let expected = match first_primary(cluster, node) {
        None => format!("connected_slaves:{}", cluster.nodes.len() - 1),
        Some(_) => "master_link_status:up".to_owned(),
    };
    if about.contains(&expected) {
        Ok(())
    } else {
        Err(format!("expected {expected}, found {about}"))
    }
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
    open: Option<(NodeId, MultiplexedConnection)>,
}

impl Client for RedisClient {
    async fn ask(&mut self, question: Question) -> Response {
        if self.open.as_ref().is_none_or(|(node, _)| *node != question.node) {
            match connect(self.cluster.node(question.node).at(SERVER)).await {
                Ok(connection) => self.open = Some((question.node, connection)),
                Err(_) => return Response::Refused,
            }
        }
        let Some((_, connection)) = &mut self.open else { return Response::Refused };
        let answer = ask(connection, &self.cluster, question).await;
        answer.unwrap_or_else(|error| match error.code() {
            Some(code) => Response::Error(KnownError::find(FACTS.errors, code)),
            None => {
                self.open = None;
                Response::ConnectionLost
            }
        })
    }

    fn disconnect(&mut self) {
        self.open = None;
    }
}

fn name(key: Key) -> String {
    format!("k{key}")
}

async fn ask(
    connection: &mut MultiplexedConnection,
    cluster: &Cluster,
    question: Question,
) -> Result<Response, RedisError> {
    let key = name(question.operation.key);
    match question.operation.action {
        Action::Read => {
            let mut read = if cluster.modes.read == ANY { cmd("GET") } else { script(GET) };
            let value: Option<Value> = read.arg(key).query_async(connection).await?;
            Ok(Response::Value(value))
        }
        Action::Write(value) => {
            let mut write = cmd("SET");
            let () = write.arg(key).arg(value).query_async(connection).await?;
            acknowledge(connection, cluster).await
        }
        Action::Cas { expected, new } => {
            let expected = expected.map(|value| value.to_string()).unwrap_or_default();
            let mut compare = script(COMPARE_AND_SET);
            let compared = compare.arg(key).arg(expected).arg(new).query_async(connection).await?;
            match compared {
                (0, found) => Ok(Response::Differs(found)),
                (_, None::<Value>) => acknowledge(connection, cluster).await,
                (_, Some(_)) => Ok(Response::Error(&KnownError::UNKNOWN)),
            }
        }
        _ => Ok(Response::Unavailable),
    }
}

/// Waits for replicas to have what was just written on this connection, if the mode says so.
async fn acknowledge(
    connection: &mut MultiplexedConnection,
    cluster: &Cluster,
) -> Result<Response, RedisError> {
    let enough = match cluster.modes.write {
        WAIT_ONE => 1,
        WAIT_MAJORITY => cluster.majority() - 1,
        _ => return Ok(Response::Written),
    };
    let count: usize = cmd("WAIT").arg(enough).arg(WAIT_MS).query_async(connection).await?;
    if count >= enough {
        return Ok(Response::Written);
    }
    Ok(Response::Error(KnownError::find(FACTS.errors, TOO_FEW)))
}

/// A script with one key.
fn script(text: &str) -> redis::Cmd {
    let mut script = cmd("EVAL");
    script.arg(text).arg(1);
    script
}
