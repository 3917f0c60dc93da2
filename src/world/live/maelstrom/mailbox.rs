//! Where messages arrive: in front of each node that runs, and at each client.

use std::sync::mpsc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::program::maelstrom::{Body, HARNESS, Message, Service};
use crate::protocol::NodeId;

/// Somebody who sends and gets messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Party {
    Node(NodeId),
    Client(u32),
    Service(Service),
    /// Who asks nodes to get ready.
    Harness,
}

/// All mailboxes.
#[derive(Debug)]
pub(super) struct Mailboxes {
    names: Vec<String>,
    nodes: Mutex<Vec<Option<Mailbox>>>,
    clients: Vec<UnboundedSender<Body>>,
}

/// That of a node that runs.
#[derive(Debug)]
struct Mailbox {
    process: u32,
    input: mpsc::Sender<String>,
    /// What has come before the node was ready.
    waiting: Option<Vec<String>>,
}

impl Mailboxes {
    /// Those of nodes that are all down, and of some clients, whose other ends are returned.
    pub(super) fn new(names: &[String], clients: u32) -> (Self, Vec<UnboundedReceiver<Body>>) {
        let (clients, ends) = (0..clients).map(|_| unbounded_channel()).unzip();
        let nodes = Mutex::new(names.iter().map(|_| None).collect());
        (Self { names: names.to_vec(), nodes, clients }, ends)
    }

    /// The names of the nodes.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whoever has this name; if nobody has, who there is.
    pub(super) fn party(&self, name: &str) -> Result<Party, String> {
        let client = || {
            let number: u32 = name.strip_prefix('c')?.parse().ok()?;
            (1..=self.clients.len() as u32).contains(&number).then(|| Party::Client(number - 1))
        };
        let node = self.names.iter().position(|node| node == name);
        node.map(|id| Party::Node(id as NodeId))
            .or_else(|| (name == HARNESS).then_some(Party::Harness))
            .or_else(client)
            .or_else(|| Service::ALL.into_iter().find(|one| one.name() == name).map(Party::Service))
            .ok_or_else(|| {
                let services = Service::ALL.map(Service::name).join(", ");
                format!(
                    "expected one of {}, a client that has asked it, or one of {services}",
                    self.names.join(", ")
                )
            })
    }

    /// A node starts, and is to be asked for what `input` takes. What comes before it is ready waits.
    pub(super) fn open(&self, id: NodeId, process: u32, input: mpsc::Sender<String>) {
        let waiting = Some(Vec::new());
        self.nodes()[usize::from(id)] = Some(Mailbox { process, input, waiting });
    }

    /// A node is ready, if it is still this process.
    pub(super) fn ready(&self, id: NodeId, process: u32) {
        if let Some(mailbox) = &mut self.nodes()[usize::from(id)]
            && mailbox.process == process
        {
            for line in mailbox.waiting.take().into_iter().flatten() {
                // One that has just died reads nothing.
                let _ = mailbox.input.send(line);
            }
        }
    }

    /// A node is down.
    pub(super) fn close(&self, id: NodeId) {
        self.nodes()[usize::from(id)] = None;
    }

    /// Whether a node can get messages.
    pub(super) fn is_open(&self, id: NodeId) -> bool {
        self.nodes()[usize::from(id)].is_some()
    }

    /// Delivers a message to a node or a client. Nobody is told if that is down.
    pub(super) fn deliver(&self, to: Party, message: Message) {
        match to {
            Party::Node(id) => {
                if let Some(mailbox) = &mut self.nodes()[usize::from(id)] {
                    let line = message.line();
                    match &mut mailbox.waiting {
                        Some(waiting) => waiting.push(line),
                        None => drop(mailbox.input.send(line)),
                    }
                }
            }
            Party::Client(number) => drop(self.clients[number as usize].send(message.body)),
            Party::Service(_) | Party::Harness => {}
        }
    }

    fn nodes(&self) -> MutexGuard<'_, Vec<Option<Mailbox>>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
