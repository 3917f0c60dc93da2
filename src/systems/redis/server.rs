//! What is the same for every server of Redis: how it is reached, how it is asked, and what its answers mean.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisError, cmd};

use crate::client::{Action, KnownError, Operation, Response};
use crate::promise::{Condition, Promise};
use crate::protocol::{Key, Value};
use crate::systems::Member;

/// Only a server that takes itself for the primary answers.
pub(super) const PRIMARY: &str = "primary";
/// Any server answers.
pub(super) const ANY: &str = "any";
/// Acknowledged by the primary alone.
pub(super) const ASYNC: &str = "async";
/// Acknowledged by the primary and one replica.
pub(super) const WAIT_ONE: &str = "wait-one";

/// Why a server cannot be told a wrong time.
pub(super) const RIGHT_CLOCKS: &str =
    "its allocator asks for the time before a wrong one can be told";

/// All that Redis promises, whoever makes another one primary.
pub(super) fn eventual(because: &str, reason: &str, source: &'static str) -> Promise {
    Promise {
        condition: Condition::Eventual,
        because: because.to_owned(),
        reason: reason.to_owned(),
        remedy: "a system with consensus; WAIT does not make one of Redis".to_owned(),
        source,
    }
}

/// What WAIT is given in milliseconds: less than clients wait.
const WAIT_MS: u32 = 500;
/// Whoever is asked how it is has so long to let us in.
const PATIENCE: Duration = Duration::from_millis(400);

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

/// A server has just started.
pub(super) const LOADING: KnownError = KnownError {
    says: "LOADING",
    name: "loading",
    is_definite: true,
    because: "a node that still reads its disk refuses everything",
};
/// A replica does not answer from what may be old.
pub(super) const PRIMARY_DOWN: KnownError = KnownError {
    says: "MASTERDOWN",
    name: "primary-down",
    is_definite: true,
    because: "a replica that has lost its primary refuses",
};
/// WAIT has waited for nothing.
pub(super) const WAIT_TOO_FEW: KnownError = KnownError {
    says: TOO_FEW,
    name: "wait-too-few",
    is_definite: false,
    because: "the primary has it and goes on to tell replicas, unless it loses its office first",
};
/// WAIT was broken off.
pub(super) const UNBLOCKED: KnownError = KnownError {
    says: "UNBLOCKED",
    name: "unblocked",
    is_definite: false,
    because: "the primary has lost its office while it waited, and may have told the next one",
};

/// The settings of a server of a node, which has this directory for its own.
pub(super) fn settings(node: &Member, port: u16, dir: &Path) -> String {
    format!(
        "bind {ip} 127.0.0.1\nport {port}\nprotected-mode no\ndir {dir}\nappendonly yes\n\
         appendfsync everysec\nsave \"\"\nrepl-timeout 10\nrepl-ping-replica-period 1\n\
         repl-diskless-sync-delay 0\n",
        ip = node.ip,
        dir = dir.display(),
    )
}

/// What a server says about replication.
pub(super) async fn replication(address: SocketAddr) -> Result<String, String> {
    let mut server = look(address).await?;
    let info = cmd("INFO").arg("replication").query_async(&mut server).await;
    info.map_err(|error| error.to_string())
}

/// A server says this about replication.
pub(super) async fn expect_replication(address: SocketAddr, expected: &str) -> Result<(), String> {
    let about = replication(address).await?;
    if about.contains(expected) {
        Ok(())
    } else {
        Err(format!("expected {expected}, found {about}"))
    }
}

/// Connects to a server for its own sake.
pub(super) async fn look(address: SocketAddr) -> Result<MultiplexedConnection, String> {
    match tokio::time::timeout(PATIENCE, connect(address)).await {
        Ok(connection) => connection.map_err(|error| error.to_string()),
        Err(_) => Err(format!("{address} does not let anybody in")),
    }
}

async fn connect(address: SocketAddr) -> Result<MultiplexedConnection, RedisError> {
    // The client of the harness waits, and not the library as well.
    let config =
        AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
    let client = redis::Client::open(format!("redis://{address}"))?;
    client.get_multiplexed_async_connection_with_config(&config).await
}

async fn greeted(
    address: SocketAddr,
    greeting: Option<&str>,
) -> Result<MultiplexedConnection, RedisError> {
    let mut connection = connect(address).await?;
    if let Some(greeting) = greeting {
        let () = cmd(greeting).query_async(&mut connection).await?;
    }
    Ok(connection)
}

/// How servers are asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// What a server is told first, so that it answers.
    pub(super) greeting: Option<&'static str>,
    /// Whether a read is a script that might write, so that a replica refuses it.
    pub(super) reads_like_writes: bool,
    /// How many replicas must have what was changed before it counts.
    pub(super) replicas: usize,
    /// What errors mean.
    pub(super) errors: &'static [KnownError],
}

/// A client's connection to a server, made when there is something to ask.
#[derive(Default)]
pub(super) struct Line {
    open: Option<(SocketAddr, MultiplexedConnection)>,
}

impl Line {
    /// Asks a server.
    pub(super) async fn ask(
        &mut self,
        address: SocketAddr,
        manner: Manner,
        operation: Operation,
    ) -> Response {
        if self.open.as_ref().is_none_or(|(open, _)| *open != address) {
            match greeted(address, manner.greeting).await {
                Ok(connection) => self.open = Some((address, connection)),
                Err(_) => return Response::Refused,
            }
        }
        let Some((_, connection)) = &mut self.open else { return Response::Refused };
        let answer = ask(connection, manner, operation).await;
        answer.unwrap_or_else(|error| match error.code() {
            Some(code) => Response::Error(KnownError::find(manner.errors, code)),
            None => {
                self.open = None;
                Response::ConnectionLost
            }
        })
    }

    /// Drops the connection.
    pub(super) fn close(&mut self) {
        self.open = None;
    }
}

fn name(key: Key) -> String {
    format!("k{key}")
}

async fn ask(
    connection: &mut MultiplexedConnection,
    manner: Manner,
    operation: Operation,
) -> Result<Response, RedisError> {
    let key = name(operation.key);
    match operation.action {
        Action::Read => {
            let mut read = if manner.reads_like_writes { script(GET) } else { cmd("GET") };
            let value: Option<Value> = read.arg(key).query_async(connection).await?;
            Ok(Response::Value(value))
        }
        Action::Write(value) => {
            let mut write = cmd("SET");
            let () = write.arg(key).arg(value).query_async(connection).await?;
            acknowledge(connection, manner).await
        }
        Action::Cas { expected, new } => {
            let expected = expected.map(|value| value.to_string()).unwrap_or_default();
            let mut compare = script(COMPARE_AND_SET);
            let compared = compare.arg(key).arg(expected).arg(new).query_async(connection).await?;
            match compared {
                (0, found) => Ok(Response::Differs(found)),
                (_, None::<Value>) => acknowledge(connection, manner).await,
                (_, Some(_)) => Ok(Response::Error(&KnownError::UNKNOWN)),
            }
        }
        _ => Ok(Response::Unavailable),
    }
}

/// Waits for replicas to have what was just written on this connection, if any must.
async fn acknowledge(
    connection: &mut MultiplexedConnection,
    manner: Manner,
) -> Result<Response, RedisError> {
    if manner.replicas == 0 {
        return Ok(Response::Written);
    }
    let mut wait = cmd("WAIT");
    let count: usize = wait.arg(manner.replicas).arg(WAIT_MS).query_async(connection).await?;
    if count >= manner.replicas {
        return Ok(Response::Written);
    }
    Ok(Response::Error(KnownError::find(manner.errors, TOO_FEW)))
}

/// A script with one key.
fn script(text: &str) -> redis::Cmd {
    let mut script = cmd("EVAL");
    script.arg(text).arg(1);
    script
}
