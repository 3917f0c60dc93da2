//! A client of our own nodes: one connection, over which it asks one question at a time.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::client::{Client, Question, Response};
use crate::node::tls::{Outbound, Reader, Writer};
use crate::node::wire::{self, Answer, Ask, Hello, Incoming, Outgoing, Who, WireError};
use crate::protocol::NodeId;

/// A client of nodes whose addresses may change.
pub(super) struct NodeClient {
    nodes: Vec<watch::Receiver<Option<SocketAddr>>>,
    outbound: Outbound,
    connection: Option<Connection>,
}

impl NodeClient {
    /// A client without a connection.
    pub(super) fn new(nodes: &[watch::Receiver<Option<SocketAddr>>], outbound: Outbound) -> Self {
        Self { nodes: nodes.to_vec(), outbound, connection: None }
    }
}

impl Client for NodeClient {
    async fn ask(&mut self, question: Question) -> Response {
        let address = *self.nodes[usize::from(question.node)].borrow();
        let connection = match &mut self.connection {
            Some(connection) if connection.node == question.node => connection,
            other => match Connection::open(question.node, address, &self.outbound).await {
                Ok(connection) => other.insert(connection),
                Err(_) => return Response::Refused,
            },
        };
        match connection.ask(question).await {
            Ok(Some(answer)) => answer.reply.into(),
            Ok(None) | Err(_) => {
                self.connection = None;
                Response::ConnectionLost
            }
        }
    }

    async fn idle(&mut self) {
        match &mut self.connection {
            // An answer that nobody asked for is as bad as none.
            Some(connection) => drop(connection.incoming.next::<Answer>("answer").await),
            None => std::future::pending().await,
        }
    }

    fn disconnect(&mut self) {
        self.connection = None;
    }
}

/// A connection to a node.
struct Connection {
    node: NodeId,
    incoming: Incoming<Reader>,
    writer: Writer,
    out: Outgoing,
    asked: u64,
}

impl Connection {
    async fn open(
        node: NodeId,
        address: Option<SocketAddr>,
        outbound: &Outbound,
    ) -> io::Result<Self> {
        let address = address.ok_or(io::ErrorKind::ConnectionRefused)?;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (reader, writer) = outbound.begin(stream, node).await?;
        let mut out = Outgoing::new();
        // It leaves together with the first question.
        out.add(&Hello::new(Who::Client))?;
        Ok(Self { node, incoming: Incoming::new(reader), writer, out, asked: 0 })
    }

    async fn ask(&mut self, question: Question) -> Result<Option<Answer>, WireError> {
        self.asked += 1;
        let Question { process, operation, .. } = question;
        let (number, key, request) = (self.asked, operation.key, operation.action.into());
        self.out.add(&Ask { number, process, key, request })?;
        wire::send(&mut self.writer, &mut self.out).await?;
        let answer: Option<Answer> = self.incoming.next("answer").await?;
        Ok(answer.filter(|answer| answer.number == number))
    }
}
