//! Who waits for which answer.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use tokio::sync::mpsc;

use super::wire::{Answer, Ask};
use crate::protocol::{ClientReply, ClientRequest, NodeId, RequestId};

/// The questions of clients that have no answer yet.
#[derive(Debug)]
pub(super) struct Waiting {
    /// The upper half of the numbers of requests: no other start of any node has the same.
    start: u64,
    count: u32,
    /// No question is waited for longer than this.
    patience: Duration,
    clients: FxHashMap<RequestId, (u64, mpsc::Sender<Answer>)>,
    /// When each is given up, in the order of the questions.
    deadlines: VecDeque<(Instant, RequestId)>,
}

impl Waiting {
    pub(super) fn new(id: NodeId, incarnation: u32, patience: Duration) -> Self {
        let start = (u64::from(id) << 58) | (u64::from(incarnation & 0x03ff_ffff) << 32);
        Self {
            start,
            count: 0,
            patience,
            clients: FxHashMap::default(),
            deadlines: VecDeque::new(),
        }
    }

    /// A client asks: its request with a number of its own.
    pub(super) fn begin(&mut self, ask: Ask, answers: mpsc::Sender<Answer>) -> ClientRequest {
        let now = Instant::now();
        while let Some((at, id)) = self.deadlines.front()
            && *at <= now
        {
            self.clients.remove(id);
            self.deadlines.pop_front();
        }
        self.count = self.count.wrapping_add(1);
        let id = RequestId(self.start | u64::from(self.count));
        self.clients.insert(id, (ask.number, answers));
        self.deadlines.push_back((now + self.patience, id));
        ClientRequest { id, process: ask.process, key: ask.key, request: ask.request }
    }

    /// Answers a request, if anybody waits for that.
    pub(super) fn answer(&mut self, id: RequestId, reply: ClientReply) {
        if let Some((number, answers)) = self.clients.remove(&id)
            && answers.try_send(Answer { number, reply }).is_err()
        {
            tracing::debug!("a client does not read its answers");
        }
    }
}
