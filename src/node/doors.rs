//! Who comes to a node: other nodes with messages, and clients with questions.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::tls::{Inbound, Reader, Writer};
use super::wire::{self, Answer, Ask, HEARD, Incoming, Outgoing, Who, WireError};
use crate::protocol::{Message, NodeId};

/// So many answers may wait for a client that does not read them. More are lost.
const ANSWERS: usize = 1024;
/// So many are written together at most.
const TOGETHER_MAX: usize = 128;
/// A peer is told after so long that what it has sent has come.
const CONFIRM: Duration = Duration::from_millis(50);
/// When no connection can be taken in, such as for want of file descriptors, this is how long that rests.
const REST: Duration = Duration::from_millis(10);

/// What arrives.
#[derive(Debug)]
pub(super) enum Arrival {
    /// A peer's message.
    Message(NodeId, Message),
    /// A client's question, and where its answer goes.
    Ask(Ask, mpsc::Sender<Answer>),
}

/// What a node looks at when somebody comes.
#[derive(Clone)]
pub(super) struct Porter {
    /// The node itself.
    pub(super) me: NodeId,
    /// What all nodes are called.
    pub(super) names: Arc<[String]>,
    /// What a connection needs.
    pub(super) inbound: Inbound,
}

/// Takes in whoever may come. What arrives goes to `arrivals`, which may make it wait.
pub(super) async fn open(listener: TcpListener, porter: Porter, arrivals: mpsc::Sender<Arrival>) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                let (porter, arrivals) = (porter.clone(), arrivals.clone());
                tokio::spawn(async move {
                    if let Err(error) = porter.serve(stream, arrivals).await {
                        tracing::warn!(%address, %error, "connection closed");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "no connection can be taken in");
                sleep(REST).await;
            }
        }
    }
}

impl Porter {
    /// Serves one connection to its end.
    async fn serve(
        &self,
        stream: TcpStream,
        arrivals: mpsc::Sender<Arrival>,
    ) -> Result<(), WireError> {
        stream.set_nodelay(true)?;
        let address = stream.peer_addr()?;
        let begun = self.inbound.begin(stream).await;
        let (reader, writer, guest) = begun.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => WireError::Stranger(error),
            _ => error.into(),
        })?;
        let mut incoming = Incoming::new(reader);
        let from = match incoming.hello().await? {
            None => return Ok(()),
            Some(Who::Client) => return client(incoming, writer, &arrivals).await,
            Some(Who::Peer(from)) => from,
        };
        match self.names.get(usize::from(from)).filter(|_| from != self.me) {
            None => {
                let n = self.names.len();
                tracing::warn!(%address, from, n, "a peer that this cluster does not have");
                Ok(())
            }
            Some(name) if !guest.may_be(name) => {
                tracing::warn!(%address, name, "a peer with the certificate of somebody else");
                Ok(())
            }
            Some(_) => peer(incoming, writer, address, from, &arrivals).await,
        }
    }
}

async fn peer(
    mut incoming: Incoming<Reader>,
    mut writer: Writer,
    address: SocketAddr,
    from: NodeId,
    arrivals: &mpsc::Sender<Arrival>,
) -> Result<(), WireError> {
    tracing::debug!(%address, from, "peer");
    let mut confirm_at = None;
    loop {
        tokio::select! {
            message = incoming.next("message") => {
                let Some(message) = message? else { return Ok(()) };
                if arrivals.send(Arrival::Message(from, message)).await.is_err() {
                    return Ok(());
                }
                confirm_at.get_or_insert_with(|| Instant::now() + CONFIRM);
            }
            () = sleep_until(confirm_at.unwrap_or_else(Instant::now)), if confirm_at.is_some() => {
                confirm_at = None;
                writer.write_all(&[HEARD]).await?;
                writer.flush().await?;
            }
        }
    }
}

async fn client(
    mut incoming: Incoming<Reader>,
    writer: Writer,
    arrivals: &mpsc::Sender<Arrival>,
) -> Result<(), WireError> {
    let (answers, waiting) = mpsc::channel(ANSWERS);
    let mut answering = tokio::spawn(answer(writer, waiting));
    loop {
        tokio::select! {
            ask = incoming.next("question") => {
                let Some(ask) = ask? else { return Ok(()) };
                if arrivals.send(Arrival::Ask(ask, answers.clone())).await.is_err() {
                    return Ok(());
                }
            }
            _ = &mut answering => return Ok(()),
        }
    }
}

/// Writes answers until the client reads no more.
async fn answer(mut writer: Writer, mut waiting: mpsc::Receiver<Answer>) {
    let (mut batch, mut out) = (Vec::new(), Outgoing::new());
    while waiting.recv_many(&mut batch, TOGETHER_MAX).await > 0 {
        let added = batch.drain(..).try_for_each(|answer| out.add(&answer).map(drop));
        if added.is_err() || wire::send(&mut writer, &mut out).await.is_err() {
            return;
        }
    }
}
