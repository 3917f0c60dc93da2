//! What a node says to its peers: one connection to each, which carries this direction only.
//!
//! Nobody waits for a peer that does not listen: what does not fit into its queue, and what is there when
//! it cannot be reached, is lost, as any message may be.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::tls::{Outbound, Reader, Writer};
use super::wire::{self, Hello, Outgoing, Who};
use crate::protocol::{Message, NodeId};

/// So many messages may wait for a peer.
const QUEUE: usize = 1024;
/// So many are written together at most.
const TOGETHER_MAX: usize = 128;
/// A connection that does not come about in this time is given up.
const CONNECT: Duration = Duration::from_millis(100);
/// A connection whose peer confirms nothing for so long is given up. Left to itself it would be tried again
/// and again for many minutes, at ever longer intervals.
const UNHEARD: Duration = Duration::from_millis(200);
/// A connection on which the peer itself says nothing for so long, after it was sent something, is given up: it
/// may be half open, so that somebody between confirms what never arrives.
const SILENT: Duration = Duration::from_secs(2);
/// The time from a connection that broke to the next attempt, doubled with each that fails.
const BACKOFF: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(32)];

/// How many messages went out, how many of them got nowhere, and how many bytes the others took; and of all
/// these, what [mends](Message::is_repair).
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) sent: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) repairs: AtomicU64,
    pub(super) repair_bytes: AtomicU64,
}

/// The way to one peer.
#[derive(Debug)]
pub(super) struct Peer {
    queue: mpsc::Sender<Message>,
    counters: Arc<Counters>,
}

impl Peer {
    /// Keeps a connection from the node `from` to its peer `to` at `address`.
    pub(super) fn new(
        (from, to): (NodeId, NodeId),
        address: SocketAddr,
        outbound: Outbound,
        counters: Arc<Counters>,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let mut way = Way { from, to, address, outbound, waiting, counters: Arc::clone(&counters) };
        tokio::spawn(async move { way.keep().await });
        Self { queue, counters }
    }

    /// Sends a message, if there is room for it.
    pub(super) fn send(&self, message: Message) {
        self.counters.sent.fetch_add(1, Ordering::Relaxed);
        self.counters.repairs.fetch_add(message.is_repair().into(), Ordering::Relaxed);
        if self.queue.try_send(message).is_err() {
            self.counters.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct Way {
    from: NodeId,
    to: NodeId,
    address: SocketAddr,
    outbound: Outbound,
    waiting: mpsc::Receiver<Message>,
    counters: Arc<Counters>,
}

impl Way {
    /// Connects again and again, until the node has nothing more to say ever.
    async fn keep(&mut self) {
        let [first, longest] = BACKOFF;
        let mut backoff = first;
        while !self.waiting.is_closed() {
            match self.connect().await {
                Ok((reader, writer)) => {
                    backoff = first;
                    let broken = self.carry(reader, writer).await;
                    tracing::debug!(to = %self.address, ?broken, "peer left");
                }
                Err(error) => {
                    tracing::debug!(to = %self.address, %error, "peer not reached");
                    self.lose_all();
                }
            }
            sleep(backoff).await;
            backoff = (2 * backoff).min(longest);
        }
    }

    async fn connect(&self) -> io::Result<(Reader, Writer)> {
        let stream = timeout(CONNECT, TcpStream::connect(self.address)).await??;
        stream.set_nodelay(true)?;
        set_tcp_user_timeout(&stream, UNHEARD.as_millis() as u32)?;
        self.outbound.begin(stream, self.to).await
    }

    /// Carries messages until the connection breaks.
    async fn carry(&mut self, mut reader: Reader, mut writer: Writer) -> io::Result<()> {
        let mut out = Outgoing::new();
        out.add(&Hello::new(Who::Peer(self.from)))?;
        wire::send(&mut writer, &mut out).await?;
        let mut batch = Vec::new();
        let mut heard = [0; 16];
        let mut silent_until = None;
        loop {
            tokio::select! {
                count = self.waiting.recv_many(&mut batch, TOGETHER_MAX) => {
                    if count == 0 {
                        return Ok(());
                    }
                    let mut repair_bytes = 0;
                    for message in batch.drain(..) {
                        let bytes = out.add(&message)?;
                        repair_bytes += if message.is_repair() { bytes } else { 0 };
                    }
                    self.counters.bytes.fetch_add(out.len() as u64, Ordering::Relaxed);
                    self.counters.repair_bytes.fetch_add(repair_bytes, Ordering::Relaxed);
                    wire::send(&mut writer, &mut out).await?;
                    silent_until.get_or_insert_with(|| Instant::now() + SILENT);
                }
                count = reader.read(&mut heard) => {
                    if count? == 0 {
                        return Ok(());
                    }
                    silent_until = None;
                }
                () = sleep_until(silent_until.unwrap_or_else(Instant::now)), if silent_until.is_some() => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
        }
    }

    fn lose_all(&mut self) {
        while self.waiting.try_recv().is_ok() {
            self.counters.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}
