//! etcd: a key-value store on Raft, asked through its JSON gateway.

use std::io;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value as Json, json};

use super::client::AnyClient;
use super::facts::{Facts, Mode, Program};
use super::{Cluster, Modes, Pending, Role, Service, Start, System};
use crate::client::{Action, Client, KnownError, Question, Response, Version};
use crate::http::{Answer, Http, NoAnswer};
use crate::promise::{Condition, Promise};
use crate::protocol::{Key, NodeId, Object, Value};

const CLIENTS: u16 = 2379;
const PEERS: u16 = 2380;
/// A node that has asked a leader that is gone answers far later than the next one.
const PATIENCE: Duration = Duration::from_secs(2);

/// Any node answers from what it has applied.
const SERIALIZABLE: &str = "serializable";

const FACTS: Facts = Facts {
    name: "etcd",
    about: "a key-value store on Raft",
    programs: &[Program { name: "etcd", version: &["--version"] }],
    packages: &["etcd-server"],
    oldest: (3, 4),
    tried: "3.4.23",
    start: Duration::from_secs(20),
    has_cas: true,
    objects: &[Object::Register],
    reads: &[
        Mode {
            name: "linearizable",
            about: "the leader makes sure that it leads before the node that is asked answers",
        },
        Mode {
            name: SERIALIZABLE,
            about: "the node that is asked answers from what it has applied",
        },
    ],
    writes: &[Mode { name: "put", about: "acknowledged once a majority has it on disk" }],
    errors: &[
        KnownError {
            says: "raft proposal dropped",
            name: "proposal-dropped",
            is_definite: true,
            because: "the node knew of no leader to propose it to, and told nobody",
        },
        KnownError {
            says: "etcdserver: too many requests",
            name: "too-many-requests",
            is_definite: true,
            because: "refused before it is proposed",
        },
        KnownError {
            says: "etcdserver: request timed out",
            name: "request-timed-out",
            is_definite: false,
            because: "it was proposed and may still be committed",
        },
        KnownError {
            says: "context deadline exceeded",
            name: "deadline-exceeded",
            is_definite: false,
            because: "the gateway gave up on its own node, which may go on",
        },
        KnownError {
            says: "etcdserver: leader changed",
            name: "leader-changed",
            is_definite: false,
            because: "the new leader may have what the old one was told",
        },
        KnownError {
            says: "etcdserver: server stopped",
            name: "server-stopped",
            is_definite: false,
            because: "it may have been proposed before",
        },
        KnownError {
            says: "transport",
            name: "gateway-lost-node",
            is_definite: false,
            because: "the gateway's own connection broke, perhaps after the request was sent",
        },
    ],
};

/// etcd.
#[derive(Debug)]
pub(super) struct Etcd;

impl System for Etcd {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn right_clocks(&self) -> Option<&'static str> {
        Some("Go programs ask the kernel for the time, past the C library")
    }

    fn promise(&self, modes: Modes) -> Promise {
        const SOURCE: &str = "etcd documentation, \"KV API guarantees\"; Ongaro 2014, chapter 6";
        if modes.read == SERIALIZABLE {
            return Promise {
                condition: Condition::Eventual,
                because:
                    "serializable reads: the node that is asked answers from what it has applied"
                        .into(),
                reason:
                    "A node that is cut off, or slow, or has just started again does not know what \
                         the others have committed, and says what it knows."
                        .into(),
                remedy: "read = \"linearizable\"".into(),
                source: SOURCE,
            };
        }
        Promise {
            condition: Condition::Linearizable,
            because: "writes go through Raft's log, and reads wait for its commit index".into(),
            reason: "A majority has every acknowledged write on disk, and before a read the leader makes \
                     sure that it still leads."
                .into(),
            remedy: String::new(),
            source: SOURCE,
        }
    }

    fn services(&self, cluster: &Cluster, node: NodeId, start: Start) -> io::Result<Vec<Service>> {
        let own = cluster.node(node);
        let url = |port| format!("http://{}", own.at(port));
        let all = cluster.nodes.iter();
        let all = all.map(|node| format!("{}=http://{}", node.name, node.at(PEERS)));
        let mut command = Command::new("etcd");
        command.args(["--name", &own.name]).arg("--data-dir").arg(own.file("etcd"));
        command.args(["--listen-peer-urls", &url(PEERS)]);
        command.args(["--initial-advertise-peer-urls", &url(PEERS)]);
        command.args(["--listen-client-urls", &url(CLIENTS)]);
        command.args(["--advertise-client-urls", &url(CLIENTS)]);
        command.args(["--initial-cluster", &all.collect::<Vec<_>>().join(",")]);
        let state = if start == Start::Wiped { "existing" } else { "new" };
        command.args(["--initial-cluster-state", state]);
        command.args(["--logger", "zap", "--log-outputs", "stderr"]);
        Ok(vec![Service { name: "etcd", command }])
    }

    fn health(&self, cluster: &Arc<Cluster>, node: NodeId) -> Pending<Result<Role, String>> {
        let cluster = Arc::clone(cluster);
        Box::pin(async move {
            let (own, leader) = status(&cluster, node).await?;
            match leader {
                None => Err("it knows of no leader".to_owned()),
                Some(leader) if leader == own => Ok(Role::Leader),
                Some(_) => Ok(Role::Follower),
            }
        })
    }

    fn admit(
        &self,
        cluster: &Arc<Cluster>,
        node: NodeId,
        start: Start,
    ) -> Pending<Result<(), String>> {
        let cluster = Arc::clone(cluster);
        Box::pin(async move {
            if start == Start::Wiped { readmit(&cluster, node).await } else { Ok(()) }
        })
    }

    fn client(&self, cluster: &Arc<Cluster>) -> AnyClient {
        AnyClient::new(EtcdClient { cluster: Arc::clone(cluster), http: Http::default() })
    }
}

/// The member that a node is, and the one that leads, as it knows.
async fn status(cluster: &Cluster, node: NodeId) -> Result<(String, Option<String>), String> {
    let status = call(cluster, node, "/v3/maintenance/status", &json!({})).await?;
    let text = |json: &Json| json.as_str().map(str::to_owned);
    let own = text(&status["header"]["member_id"])
        .ok_or_else(|| format!("expected a header with a member_id, found {status}"))?;
    Ok((own, text(&status["leader"])))
}

/// Calls a node for its own sake.
async fn call(cluster: &Cluster, node: NodeId, path: &str, ask: &Json) -> Result<Json, String> {
    let answer = Http::default().post(cluster.node(node).at(CLIENTS), path, ask).await;
    let answer = answer.map_err(|error| error.to_string())?;
    let json = answer.json().filter(|_| answer.status == 200);
    json.ok_or_else(|| format!("expected JSON, found {}", answer.text()))
}

/// A member that has lost its disk is another one: the old one leaves, and the new one comes. Whoever knows
/// of a leader can be asked for that.
async fn readmit(cluster: &Cluster, node: NodeId) -> Result<(), String> {
    let mut failure = "there is nobody to ask".to_owned();
    for other in cluster.ids().filter(|other| *other != node) {
        let readmitted = tokio::time::timeout(PATIENCE, readmit_by(cluster, node, other)).await;
        match readmitted.unwrap_or_else(|_| Err(format!("no answer after {PATIENCE:?}"))) {
            Ok(()) => return Ok(()),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

async fn readmit_by(cluster: &Cluster, node: NodeId, other: NodeId) -> Result<(), String> {
    let url = format!("http://{}", cluster.node(node).at(PEERS));
    let listed = call(cluster, other, "/v3/cluster/member/list", &json!({})).await?;
    let members = listed["members"].as_array().into_iter().flatten();
    for old in members.filter(|member| member["peerURLs"][0] == url.as_str()) {
        call(cluster, other, "/v3/cluster/member/remove", &json!({ "ID": old["ID"] })).await?;
    }
    call(cluster, other, "/v3/cluster/member/add", &json!({ "peerURLs": [url] })).await?;
    Ok(())
}

struct EtcdClient {
    cluster: Arc<Cluster>,
    http: Http,
}

impl Client for EtcdClient {
    async fn ask(&mut self, question: Question) -> Response {
        let key = question.operation.key;
        let is_serializable = self.cluster.modes.read == SERIALIZABLE;
        let (path, document) = match question.operation.action {
            Action::Read => ("/v3/kv/range", range(key, is_serializable)),
            Action::Write(value) => ("/v3/kv/put", put(key, value)),
            Action::Cas { expected, new } => ("/v3/kv/txn", compare_and_set(key, expected, new)),
            _ => return Response::Unavailable,
        };
        let address = self.cluster.node(question.node).at(CLIENTS);
        match self.http.post(address, path, &document).await {
            Ok(answer) => understood(question.operation.action, &answer),
            Err(NoAnswer::Refused) => Response::Refused,
            Err(NoAnswer::Broken) => Response::ConnectionLost,
        }
    }

    fn disconnect(&mut self) {
        self.http.close();
    }
}

fn name(key: Key) -> String {
    BASE64.encode(format!("k{key}"))
}

fn encoded(value: Value) -> String {
    BASE64.encode(value.to_string())
}

fn range(key: Key, is_serializable: bool) -> Json {
    json!({ "key": name(key), "serializable": is_serializable })
}

fn put(key: Key, value: Value) -> Json {
    json!({ "key": name(key), "value": encoded(value) })
}

/// Puts a value if the key has another; else says which it has.
fn compare_and_set(key: Key, expected: Option<Value>, new: Value) -> Json {
    let holds = match expected {
        Some(value) => json!({ "target": "VALUE", "key": name(key), "value": encoded(value) }),
        // A key that is not there has version 0.
        None => json!({ "target": "VERSION", "key": name(key), "version": "0" }),
    };
    json!({
        "compare": [holds],
        "success": [{ "requestPut": put(key, new) }],
        "failure": [{ "requestRange": range(key, false) }],
    })
}

/// What an answer means.
fn understood(action: Action, answer: &Answer) -> Response {
    let json = answer.json().unwrap_or_default();
    if answer.status != 200 || !json["header"].is_object() {
        return Response::Error(KnownError::find(
            FACTS.errors,
            &String::from_utf8_lossy(&answer.body),
        ));
    }
    let found = match action {
        Action::Read => value(&json),
        Action::Write(_) => return written(&json),
        Action::Cas { .. } if json["succeeded"] == true => return written(&json),
        _ => value(&json["responses"][0]["response_range"]),
    };
    match (found, action) {
        (Ok(value), Action::Read) => {
            // A key that is not there has revision 0.
            let last = value.map_or(Some(0), |_| number(&json["kvs"][0]["mod_revision"]));
            last.map_or(Response::Value(value), |version| Response::ValueAt(value, version))
        }
        (Ok(value), _) => Response::Differs(value),
        (Err(()), _) => Response::Error(&KnownError::UNKNOWN),
    }
}

/// A change is made, in the revision that its answer names.
fn written(json: &Json) -> Response {
    number(&json["header"]["revision"]).map_or(Response::Written, Response::WrittenAt)
}

/// A number of 64 bits, which is text in JSON.
fn number(json: &Json) -> Option<Version> {
    json.as_str()?.parse().ok()
}

/// The value in the answer to a range of one key; `None` if the key is not there.
fn value(range: &Json) -> Result<Option<Value>, ()> {
    let Some(encoded) = range["kvs"][0]["value"].as_str() else {
        return if range.is_object() { Ok(None) } else { Err(()) };
    };
    let bytes = BASE64.decode(encoded).map_err(|_| ())?;
    let text = String::from_utf8(bytes).map_err(|_| ())?;
    text.parse().map(Some).map_err(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an answer of etcd 3.4.23 means.
    fn understood(action: Action, status: u16, body: &'static str) -> Response {
        super::understood(action, &Answer { status, body: body.into() })
    }

    const CAS: Action = Action::Cas { expected: Some(1), new: 2 };

    #[test]
    fn answers_are_understood() {
        let none = r#"{"header":{"revision":"2"}}"#;
        assert_eq!(understood(Action::Read, 200, none), Response::ValueAt(None, 0));
        let some = r#"{"header":{"revision":"9"},"kvs":[{"mod_revision":"7","value":"MTI="}]}"#;
        assert_eq!(understood(Action::Read, 200, some), Response::ValueAt(Some(12), 7));
        let bare = r#"{"header":{},"kvs":[{"key":"azA=","value":"MTI="}],"count":"1"}"#;
        assert_eq!(understood(Action::Read, 200, bare), Response::Value(Some(12)));
        assert_eq!(understood(Action::Write(1), 200, none), Response::WrittenAt(2));
        let done = r#"{"header":{"revision":"3"},"succeeded":true,"responses":[{}]}"#;
        assert_eq!(understood(CAS, 200, done), Response::WrittenAt(3));
        let differs =
            r#"{"header":{},"responses":[{"response_range":{"kvs":[{"value":"MTI="}]}}]}"#;
        assert_eq!(understood(CAS, 200, differs), Response::Differs(Some(12)));
        let is_new = r#"{"header":{},"responses":[{"response_range":{"header":{}}}]}"#;
        assert_eq!(understood(CAS, 200, is_new), Response::Differs(None));
    }

    #[test]
    fn errors_are_in_doubt_unless_the_table_is_sure() {
        let name = |status, body| match understood(Action::Write(1), status, body) {
            Response::Error(error) => (error.name, error.is_definite),
            other => panic!("{other:?}"),
        };
        let timed_out = r#"{"error":"etcdserver: request timed out","code":14}"#;
        assert_eq!(name(503, timed_out), ("request-timed-out", false));
        assert_eq!(name(500, r#"{"error":"raft proposal dropped"}"#), ("proposal-dropped", true));
        for garbage in ["", "<html>", "[]", r#"{"error":"disk on fire"}"#] {
            assert_eq!(name(200, garbage), ("unknown-error", false));
        }
    }
}
