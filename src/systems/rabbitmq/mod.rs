//! RabbitMQ: queues, each with a home on one node, mirrors of it on others, or a Raft group of its own.

mod amqp;
mod node;
mod wire;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use self::amqp::{Published, Queue, Session, Trouble};
use super::client::AnyClient;
use super::facts::{Facts, Mode, Program};
use super::{Cluster, Modes, Pending, Role, Service, Start, System};
use crate::client::{Action, Client, KnownError, Question, Response};
use crate::promise::{Condition, Promise};
use crate::protocol::{Key, NodeId, Object};

const CLIENTS: u16 = 5672;
/// What the names of all queues begin with.
const QUEUES: &str = "k";

/// On disk with a majority.
const QUORUM: &str = "quorum";
/// On disk with one node.
const CLASSIC: &str = "classic";
/// In memory of one node.
const TRANSIENT: &str = "transient";
/// With every node that can be reached.
const MIRRORED: &str = "mirrored";

/// What it means that a message is not confirmed, in words.
const REFUSED: &str = "basic.nack";
/// What it means that a message comes back, in words.
const RETURNED: &str = "basic.return";

const FACTS: Facts = Facts {
    name: "rabbitmq",
    about: "queues with a home on one node, with mirrors, or on Raft's log",
    programs: &[
        Program { name: node::SERVER, version: &[] },
        // Its own command would leave a daemon behind.
        Program { name: "ls", version: &["/usr/lib/rabbitmq/lib"] },
    ],
    packages: &["rabbitmq-server"],
    oldest: (3, 10),
    tried: "3.10.8",
    start: Duration::from_secs(90),
    has_cas: false,
    objects: &[Object::Queue],
    reads: &[Mode { name: "get", about: "one message, acknowledged once the client has it" }],
    writes: &[
        Mode { name: QUORUM, about: "confirmed once a majority has it on disk" },
        Mode { name: CLASSIC, about: "confirmed once the home of the queue has it on disk" },
        Mode { name: TRANSIENT, about: "confirmed once the home of the queue has it in memory" },
        Mode {
            name: MIRRORED,
            about: "confirmed once every node that can be reached has it; each side of a cut goes on by itself",
        },
    ],
    errors: &[
        KnownError {
            says: RETURNED,
            name: "returned",
            is_definite: true,
            because: "there was no queue for it, so that none has it",
        },
        KnownError {
            says: REFUSED,
            name: "not-confirmed",
            is_definite: false,
            because: "the queue could not confirm it, and may have it all the same",
        },
        KnownError {
            says: "404 NOT_FOUND",
            name: "no-queue",
            is_definite: true,
            because: "the queue is looked for before anything is done to it, and its home was down",
        },
        KnownError {
            says: "320 CONNECTION_FORCED",
            name: "connection-forced",
            is_definite: false,
            because: "the node stops, and may have taken what it was told before",
        },
        KnownError {
            says: "541 INTERNAL_ERROR",
            name: "internal-error",
            is_definite: false,
            because: "something in the node has died, after nobody knows what",
        },
    ],
};

/// RabbitMQ.
#[derive(Debug)]
pub(super) struct RabbitMq;

impl System for RabbitMq {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn promise(&self, modes: Modes) -> Promise {
        let (condition, because, reason, remedy) = match modes.write {
            QUORUM => (
                Condition::AtLeastOnce,
                "confirmed by a majority, on Raft's log",
                "A majority has every confirmed message on disk, and a message that no client has acknowledged \
                 is delivered again.",
                "",
            ),
            CLASSIC => (
                Condition::AtLeastOnce,
                "confirmed once the home of the queue has it on disk",
                "A queue that has lost its home waits for it, and what is on its disk comes back with it.",
                "",
            ),
            TRANSIENT => (
                Condition::Nothing,
                "confirmed once the home of the queue has it in memory",
                "With its node, the queue forgets.",
                "write = \"quorum\"",
            ),
            _ => (
                Condition::Nothing,
                "each side of a cut goes on by itself, and confirms",
                "Both sides take messages in and give them out. When they meet again, the smaller side starts anew \
                 with what the other one has, and what it alone had confirmed is gone.",
                "write = \"quorum\"",
            ),
        };
        Promise {
            condition,
            because: because.into(),
            reason: reason.into(),
            remedy: remedy.into(),
            source: "RabbitMQ documentation, \"Reliability\", \"Quorum queues\", \"Clustering and network \
                     partitions\"; Kingsbury on RabbitMQ, 2014",
        }
    }

    fn services(&self, cluster: &Cluster, node: NodeId, start: Start) -> io::Result<Vec<Service>> {
        let command = node::command(cluster, node, start)?;
        Ok(vec![Service { name: "rabbitmq", command }])
    }

    /// Whoever joins the first node before that is ready finds its tables half made, and gives up.
    fn admit(
        &self,
        cluster: &Arc<Cluster>,
        node: NodeId,
        start: Start,
    ) -> Pending<Result<(), String>> {
        let cluster = Arc::clone(cluster);
        Box::pin(async move {
            let joins = start == Start::First && node != 0;
            if joins { open(&cluster, 0).await.map(drop).map_err(told) } else { Ok(()) }
        })
    }

    fn health(&self, cluster: &Arc<Cluster>, node: NodeId) -> Pending<Result<Role, String>> {
        let cluster = Arc::clone(cluster);
        Box::pin(async move {
            // Nobody says who leads a quorum queue; of all others, the home of the first one is known.
            let is_home = node == 0 && cluster.modes.write != QUORUM;
            let session = open(&cluster, node).await;
            session.map(|_| if is_home { Role::Leader } else { Role::Follower }).map_err(told)
        })
    }

    fn prepare(&self, cluster: &Arc<Cluster>) -> Pending<Result<(), String>> {
        let cluster = Arc::clone(cluster);
        Box::pin(async move { make_sure(&cluster).await.map_err(told) })
    }

    fn client(&self, cluster: &Arc<Cluster>) -> AnyClient {
        AnyClient::new(RabbitClient { cluster: Arc::clone(cluster), open: None })
    }
}

fn told(trouble: Trouble) -> String {
    match trouble {
        Trouble::Broken(error) => error.to_string(),
        Trouble::Said(what) => what,
    }
}

async fn open(cluster: &Cluster, node: NodeId) -> Result<Session, Trouble> {
    Session::open(cluster.node(node).at(CLIENTS)).await
}

/// Makes sure that all nodes are in one cluster: each knows of a queue that the first one has made.
async fn make_sure(cluster: &Cluster) -> Result<(), Trouble> {
    let joined = Queue { name: "joined", kind: CLASSIC };
    open(cluster, 0).await?.declare(joined).await?;
    for node in cluster.ids() {
        open(cluster, node).await?.find(joined).await?;
    }
    Ok(())
}

struct RabbitClient {
    cluster: Arc<Cluster>,
    open: Option<Open>,
}

/// A session, with whom, and the queues that were found in it.
struct Open {
    node: NodeId,
    session: Session,
    found: Vec<Key>,
}

impl Client for RabbitClient {
    async fn ask(&mut self, question: Question) -> Response {
        if self.open.as_ref().is_none_or(|open| open.node != question.node) {
            match open(&self.cluster, question.node).await {
                Ok(session) => {
                    let (node, found) = (question.node, Vec::new());
                    self.open = Some(Open { node, session, found });
                }
                // Nothing but a session was asked for.
                Err(_) => return Response::Refused,
            }
        }
        let Some(open) = &mut self.open else { return Response::Refused };
        let answer = open.carry_out(&self.cluster, question).await;
        answer.unwrap_or_else(|trouble| {
            self.open = None;
            match trouble {
                Trouble::Broken(_) => Response::ConnectionLost,
                Trouble::Said(what) => error(&what),
            }
        })
    }

    async fn idle(&mut self) {
        match &mut self.open {
            Some(open) => open.session.ended().await,
            None => std::future::pending().await,
        }
    }

    fn disconnect(&mut self) {
        self.open = None;
    }
}

fn error(said: &str) -> Response {
    Response::Error(KnownError::find(FACTS.errors, said))
}

fn name(key: Key) -> String {
    format!("{QUEUES}{key}")
}

impl Open {
    async fn carry_out(
        &mut self,
        cluster: &Cluster,
        question: Question,
    ) -> Result<Response, Trouble> {
        let key = question.operation.key;
        let name = name(key);
        let kind = if cluster.modes.write == QUORUM { QUORUM } else { CLASSIC };
        if !self.found.contains(&key) {
            self.find(cluster, key, Queue { name: &name, kind }).await?;
            self.found.push(key);
        }
        match question.operation.action {
            Action::Enqueue(value) => {
                let persists = cluster.modes.write != TRANSIENT;
                let published = self.session.publish(&name, &value.to_string(), persists).await?;
                Ok(match published {
                    Published::Confirmed => Response::Written,
                    Published::Refused => error(REFUSED),
                    Published::Returned => {
                        self.found.clear();
                        error(RETURNED)
                    }
                })
            }
            Action::Dequeue => match self.session.get(&name).await? {
                None => Ok(Response::Value(None)),
                Some((number, message)) => {
                    let text = std::str::from_utf8(&message).ok();
                    let value = text.and_then(|text| text.parse().ok());
                    let value =
                        value.ok_or_else(|| io::Error::other("a message that is no number"))?;
                    // The client has it, whether or not the broker hears of that: at worst it comes again.
                    if self.session.acknowledge(number).await.is_err() {
                        tracing::debug!(value, "not acknowledged");
                    }
                    Ok(Response::Value(Some(value)))
                }
            },
            _ => Ok(Response::Unavailable),
        }
    }

    /// Looks for a queue, and makes it at its home if nobody has.
    async fn find(&mut self, cluster: &Cluster, key: Key, queue: Queue<'_>) -> Result<(), Trouble> {
        let found = self.session.find(queue).await;
        if !matches!(&found, Err(Trouble::Said(what)) if what.contains("no queue")) {
            return found;
        }
        let home = (key % cluster.nodes.len() as Key) as NodeId;
        open(cluster, home).await?.declare(queue).await?;
        self.session = open(cluster, self.node).await?;
        self.session.find(queue).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_in_doubt_unless_the_table_is_sure() {
        let means = |said| match error(said) {
            Response::Error(error) => (error.name, error.is_definite),
            other => panic!("{other:?}"),
        };
        assert_eq!(means("404 NOT_FOUND - no queue 'k0' in vhost '/'"), ("no-queue", true));
        assert_eq!(means(RETURNED), ("returned", true));
        assert_eq!(means(REFUSED), ("not-confirmed", false));
        assert_eq!(means("320 CONNECTION_FORCED - broker forced"), ("connection-forced", false));
        assert_eq!(means("506 RESOURCE_ERROR - disk on fire"), ("unknown-error", false));
    }
}
