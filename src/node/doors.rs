//! Who comes to a node: other nodes with messages, and clients with questions.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::wire::{Answer, Ask, HEARD, Incoming, Outgoing, Who, WireError};
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

/// Takes in whoever comes. What arrives goes to `arrivals`, which may make it wait.
pub(super) async fn open(
    listener: TcpListener,
    me: NodeId,
    n: u16,
    arrivals: mpsc::Sender<Arrival>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                let arrivals = arrivals.clone();
                tokio::spawn(async move {
                    if let Err(error) = serve(stream, me, n, arrivals).await {
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

/// Serves one connection to its end.
async fn serve(
    stream: TcpStream,
    me: NodeId,
    n: u16,
    arrivals: mpsc::Sender<Arrival>,
) -> Result<(), WireError> {
    stream.set_nodelay(true)?;
    let address = stream.peer_addr()?;
    let (reader, writer) = stream.into_split();
    let mut incoming = Incoming::new(reader);
    match incoming.hello().await? {
        None => Ok(()),
        Some(Who::Client) => client(incoming, writer, &arrivals).await,
        Some(Who::Peer(from)) if from == me || from >= n => {
            tracing::warn!(%address, from, n, "a peer that this cluster does not have");
            Ok(())
        }
        Some(Who::Peer(from)) => peer(incoming, writer, address, from, &arrivals).await,
    }
}

async fn peer(
    mut incoming: Incoming<OwnedReadHalf>,
    mut writer: OwnedWriteHalf,
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
            }
        }
    }
}

async fn client(
    mut incoming: Incoming<OwnedReadHalf>,
    writer: OwnedWriteHalf,
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
async fn answer(mut writer: OwnedWriteHalf, mut waiting: mpsc::Receiver<Answer>) {
    let (mut batch, mut out) = (Vec::new(), Outgoing::new());
    while waiting.recv_many(&mut batch, TOGETHER_MAX).await > 0 {
        let added = batch.drain(..).try_for_each(|answer| out.add(&answer).map(drop));
        if added.is_err() || writer.write_all(&out.take()).await.is_err() {
            return;
        }
    }
}
