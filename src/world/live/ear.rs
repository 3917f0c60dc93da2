//! What nodes say on their standard output: where they listen, and what they have sent.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::ChildStdout;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;

use tokio::sync::watch;

use super::Event;
use super::books::Books;
use crate::node::{LISTENING, TRAFFIC};
use crate::protocol::NodeId;
use crate::world::Sent;

/// What nodes say they have sent, all starts together.
#[derive(Debug)]
pub(super) struct Counters {
    pub(super) sent: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) books: Books,
}

impl Counters {
    pub(super) fn new(n: u16) -> Self {
        let [sent, lost, bytes] = Default::default();
        Self { sent, lost, bytes, books: Books::new(n) }
    }

    /// Adds by how much the counts of a node have grown since it told them before.
    fn count_up(&self, node: NodeId, before: &mut [u64; 5], now: &[&str]) {
        let mut grown = [0; 5];
        for ((grown, before), now) in grown.iter_mut().zip(before).zip(now) {
            let now = now.parse().unwrap_or(*before);
            *grown = now.saturating_sub(*before);
            *before = now;
        }
        let [messages, lost, bytes, repairs, repair_bytes] = grown;
        self.sent.fetch_add(messages, Ordering::Relaxed);
        self.lost.fetch_add(lost, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.books.add(node, Sent { messages, bytes, repairs, repair_bytes });
    }
}

/// What hears a node.
pub(super) struct Ear {
    pub(super) id: NodeId,
    pub(super) process: u32,
    pub(super) address: watch::Sender<Option<SocketAddr>>,
    pub(super) counters: Arc<Counters>,
    pub(super) events: Sender<Event>,
}

impl Ear {
    /// Hears a node to its end.
    pub(super) fn listen(self, out: ChildStdout) {
        let mut told = [0; 5];
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            match line.split(' ').collect::<Vec<_>>().as_slice() {
                [LISTENING, address] => {
                    self.address.send_replace(address.parse().ok());
                    let _ = self.events.send(Event::Listens(self.id));
                }
                [TRAFFIC, now @ ..] => self.counters.count_up(self.id, &mut told, now),
                _ => tracing::warn!(line, "not understood"),
            }
        }
        let _ = self.events.send(Event::Ended(self.id, self.process));
    }
}
