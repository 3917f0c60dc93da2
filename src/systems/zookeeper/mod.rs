//! ZooKeeper: a tree of small entries, on a leader's log. Every server answers reads from what it has.

mod session;

use std::io;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use self::session::{Answer, Ask, Session};
use super::client::AnyClient;
use super::facts::{Facts, Mode, Program};
use super::{Cluster, Modes, Pending, Role, Service, Start, System};
use crate::client::{Action, Client, KnownError, Question, Response};
use crate::promise::{Condition, Promise};
use crate::protocol::{NodeId, Object, Value};

const CLIENTS: u16 = 2181;
const PEERS: u16 = 2888;
const ELECTION: u16 = 3888;

/// A server catches up with the leader before it answers.
const SYNC: &str = "sync";

const JAR: &str = "/usr/share/java/zookeeper.jar";
const CLASSES: &str =
    "/etc/zookeeper/conf:/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar";
/// Small, and quick to start.
const JAVA: [&str; 6] = [
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dzookeeper.jmx.log4j.disable=true",
    "-cp",
];

const NO_NODE: i32 = -101;
const NODE_EXISTS: i32 = -110;

/// What the second half of a compare-and-set says that found something else, in words.
const NOT_AS_EXPECTED: &str = "compare-and-set: not as expected";

const FACTS: Facts = Facts {
    name: "zookeeper",
    about: "a tree of small entries, on a leader's log",
    programs: &[
        Program { name: "java", version: &[] },
        Program { name: JAR, version: &[] },
        Program { name: "/usr/share/java/slf4j-simple.jar", version: &[] },
        Program { name: "dpkg-query", version: &["-W", "-f", "${Version}", "zookeeper"] },
    ],
    packages: &["zookeeper"],
    oldest: (3, 5),
    tried: "3.8.0",
    start: Duration::from_secs(60),
    has_cas: true,
    objects: &[Object::Register],
    reads: &[
        Mode { name: "plain", about: "the server that is asked answers from what it has applied" },
        Mode { name: SYNC, about: "the server first catches up with the leader, then answers" },
    ],
    writes: &[Mode { name: "set", about: "acknowledged once a majority has it on disk" }],
    errors: &[
        KnownError {
            says: "code -103",
            name: "bad-version",
            is_definite: true,
            because: "somebody else has changed it since it was read",
        },
        KnownError {
            says: "code -110",
            name: "node-exists",
            is_definite: true,
            because: "it was to be made, and somebody else has made it",
        },
        KnownError {
            says: "code -101",
            name: "no-node",
            is_definite: true,
            because: "it was to be changed, and is not there",
        },
        KnownError {
            says: NOT_AS_EXPECTED,
            name: "not-as-expected",
            is_definite: true,
            because: "what was read, maybe long out of date, differs, and so nothing was to be changed",
        },
        KnownError {
            says: "code -112",
            name: "session-expired",
            is_definite: false,
            because: "it may have been proposed before",
        },
        KnownError {
            says: "code -118",
            name: "session-moved",
            is_definite: false,
            because: "it may have been proposed before",
        },
    ],
};

/// ZooKeeper.
#[derive(Debug)]
pub(super) struct ZooKeeper;

impl System for ZooKeeper {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn promise(&self, modes: Modes) -> Promise {
        let (because, remedy) = if modes.read == SYNC {
            ("sync asks the leader, which does not ask whether it still leads", "")
        } else {
            (
                "plain reads: the server that is asked answers from what it has applied",
                "read = \"sync\"",
            )
        };
        Promise {
            condition: Condition::Sequential,
            because: because.into(),
            reason: "Writes are linearizable. Every server goes through the same ones in the same order, and \
                     lets nobody in who has seen more than it has, so a client never goes back."
                .into(),
            remedy: remedy.into(),
            source: "ZooKeeper documentation, \"Consistency guarantees\"; Hunt et al., \"ZooKeeper\", 2010",
        }
    }

    fn services(&self, cluster: &Cluster, node: NodeId, _start: Start) -> io::Result<Vec<Service>> {
        let own = cluster.node(node);
        own.write("data/myid", &(node + 1).to_string())?;
        let file = own.write("zoo.cfg", &settings(cluster, node))?;
        let mut command = Command::new("java");
        command.args(JAVA).arg(CLASSES);
        command.arg("org.apache.zookeeper.server.quorum.QuorumPeerMain").arg(file);
        Ok(vec![Service { name: "zookeeper", command }])
    }

    fn health(&self, cluster: &Arc<Cluster>, node: NodeId) -> Pending<Result<Role, String>> {
        let cluster = Arc::clone(cluster);
        Box::pin(async move {
            let said = srvr(&cluster, node).await.map_err(|error| error.to_string())?;
            let mode = said.lines().find_map(|line| line.strip_prefix("Mode: "));
            match mode {
                Some("leader" | "standalone") => Ok(Role::Leader),
                Some("follower") => Ok(Role::Follower),
                _ => Err(said.lines().next().unwrap_or("it says nothing").to_owned()),
            }
        })
    }

    fn client(&self, cluster: &Arc<Cluster>) -> AnyClient {
        AnyClient::new(ZooKeeperClient { cluster: Arc::clone(cluster), open: None, seen: 0 })
    }
}

fn settings(cluster: &Cluster, node: NodeId) -> String {
    let own = cluster.node(node);
    let mut text = format!(
        "tickTime=500\ninitLimit=20\nsyncLimit=6\ndataDir={}\nclientPort={CLIENTS}\n\
         clientPortAddress={}\n4lw.commands.whitelist=srvr\nadmin.enableServer=false\nmaxClientCnxns=0\n",
        own.file("data").display(),
        own.ip,
    );
    for (id, node) in cluster.ids().zip(&cluster.nodes) {
        text += &format!("server.{}={}:{PEERS}:{ELECTION}\n", id + 1, node.ip);
    }
    text
}

/// What a server says about itself.
async fn srvr(cluster: &Cluster, node: NodeId) -> io::Result<String> {
    let mut stream = TcpStream::connect(cluster.node(node).at(CLIENTS)).await?;
    stream.write_all(b"srvr").await?;
    let mut said = String::new();
    stream.read_to_string(&mut said).await?;
    Ok(said)
}

struct ZooKeeperClient {
    cluster: Arc<Cluster>,
    open: Option<(NodeId, Session)>,
    /// The latest change that any session was told of.
    seen: i64,
}

impl Client for ZooKeeperClient {
    async fn ask(&mut self, question: Question) -> Response {
        if self.open.as_ref().is_none_or(|(node, _)| *node != question.node) {
            let address = self.cluster.node(question.node).at(CLIENTS);
            match Session::open(address, self.seen).await {
                Ok(session) => self.open = Some((question.node, session)),
                // Nothing but a session was asked for.
                Err(_) => return Response::Refused,
            }
        }
        let Some((_, session)) = &mut self.open else { return Response::Refused };
        let syncs = self.cluster.modes.read == SYNC;
        let answer = carry_out(session, question, syncs).await;
        self.seen = self.seen.max(session.seen);
        answer.unwrap_or_else(|_| {
            self.open = None;
            Response::ConnectionLost
        })
    }

    async fn idle(&mut self) {
        match &mut self.open {
            Some((_, session)) => session.ended().await,
            None => std::future::pending().await,
        }
    }

    fn disconnect(&mut self) {
        self.open = None;
    }
}

async fn carry_out(session: &mut Session, question: Question, syncs: bool) -> io::Result<Response> {
    let path = format!("/k{}", question.operation.key);
    match question.operation.action {
        Action::Read => match read(session, &path, syncs).await? {
            Ok(entry) => Ok(Response::Value(entry.map(|(value, _)| value))),
            Err(code) => Ok(error(code)),
        },
        Action::Write(value) => write(session, &path, &value.to_string()).await,
        Action::Cas { expected, new } => {
            let new = new.to_string();
            let found = match read(session, &path, syncs).await? {
                Ok(found) => found,
                Err(code) => return Ok(error(code)),
            };
            match (found, expected) {
                (Some((value, version)), Some(expected)) if value == expected => {
                    Ok(written(&session.ask(Ask::Set(&path, &new, version)).await?))
                }
                (None, None) => Ok(written(&session.ask(Ask::Create(&path, &new)).await?)),
                _ => Ok(Response::Error(KnownError::find(FACTS.errors, NOT_AS_EXPECTED))),
            }
        }
        _ => Ok(Response::Unavailable),
    }
}

/// What an entry holds and its version, if it is there; a code, if that cannot be told.
async fn read(
    session: &mut Session,
    path: &str,
    syncs: bool,
) -> io::Result<Result<Option<(Value, i32)>, i32>> {
    if syncs {
        let Answer { code, .. } = session.ask(Ask::Sync(path)).await?;
        if code != 0 {
            return Ok(Err(code));
        }
    }
    let answer = session.ask(Ask::Get(path)).await?;
    match answer.code {
        0 => {
            let (data, version) = answer.entry()?;
            let value = std::str::from_utf8(&data).ok().and_then(|text| text.parse().ok());
            let value = value.ok_or_else(|| io::Error::other("an entry that is no number"))?;
            Ok(Ok(Some((value, version))))
        }
        NO_NODE => Ok(Ok(None)),
        code => Ok(Err(code)),
    }
}

/// Changes an entry, or makes it. What fails because others were faster has not happened, and is tried in
/// the other way.
async fn write(session: &mut Session, path: &str, value: &str) -> io::Result<Response> {
    let answer = session.ask(Ask::Set(path, value, -1)).await?;
    if answer.code != NO_NODE {
        return Ok(written(&answer));
    }
    let answer = session.ask(Ask::Create(path, value)).await?;
    if answer.code != NODE_EXISTS {
        return Ok(written(&answer));
    }
    Ok(written(&session.ask(Ask::Set(path, value, -1)).await?))
}

fn written(answer: &Answer) -> Response {
    if answer.code == 0 { Response::Written } else { error(answer.code) }
}

fn error(code: i32) -> Response {
    Response::Error(KnownError::find(FACTS.errors, &format!("code {code}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_in_doubt_unless_the_table_is_sure() {
        let means = |code| match written(&Answer { code, body: bytes::Bytes::new() }) {
            Response::Error(error) => (error.name, error.is_definite),
            other => panic!("{other:?}"),
        };
        assert_eq!(means(-103), ("bad-version", true));
        assert_eq!(means(NODE_EXISTS), ("node-exists", true));
        assert_eq!(means(-112), ("session-expired", false));
        assert_eq!(means(-1), ("unknown-error", false));
    }
}
