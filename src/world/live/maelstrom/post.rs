//! The network between nodes, clients and services: how long each message takes, and whether it arrives.
//!
//! What is random about a message is drawn from a generator of its link, so that the `n`th message of a link
//! has the same fate whenever it is sent, as long as the seed is the same.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::mailbox::{Mailboxes, Party};
use crate::latency::Sampler;
use crate::program::maelstrom::{Message, Services};
use crate::protocol::NodeId;
use crate::rng::{Rng, Seed};
use crate::time::Nanos;
use crate::world::live::books::Books;
use crate::world::sim::{Network, SimSettings};
use crate::world::{Ledger, Sent, Traffic};

/// A message, and who is who.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) from: Party,
    pub(super) to: Party,
    pub(super) message: Message,
}

/// Where letters are posted.
#[derive(Debug, Clone)]
pub(super) struct Slot(Sender<Option<Letter>>);

impl Slot {
    /// Posts a letter. After the run nobody carries it.
    pub(super) fn send(&self, letter: Letter) {
        let _ = self.0.send(Some(letter));
    }
}

/// Carries letters, on a thread that ends with this.
#[derive(Debug)]
pub(super) struct Post {
    slot: Slot,
    network: Arc<Mutex<Network>>,
    books: Arc<Books>,
    thread: Option<JoinHandle<()>>,
}

impl Post {
    /// Begins to carry letters.
    pub(super) fn start(
        mailboxes: Arc<Mailboxes>,
        settings: &SimSettings,
        seed: Seed,
    ) -> io::Result<Self> {
        let n = mailboxes.names().len() as u16;
        let network = Arc::new(Mutex::new(Network::new(n, &settings.network)));
        let books = Arc::new(Books::new(n));
        let (slot, letters) = channel();
        let carrier = Carrier {
            began: Instant::now(),
            mailboxes,
            network: Arc::clone(&network),
            books: Arc::clone(&books),
            usual: Sampler::new(settings.network.latency),
            of_clients: Sampler::new(settings.client_latency),
            services: Services::new(seed.fork("services")),
            seed,
            rngs: BTreeMap::new(),
            on_their_way: BinaryHeap::new(),
            posted: 0,
            letters: BTreeMap::new(),
        };
        let thread = thread::Builder::new().name("network".to_owned());
        let thread = thread.spawn(move || carrier.carry(&letters))?;
        Ok(Self { slot: Slot(slot), network, books, thread: Some(thread) })
    }

    /// Where letters are posted.
    pub(super) fn slot(&self) -> Slot {
        self.slot.clone()
    }

    /// Changes links. Whether that made any difference.
    pub(super) fn change(
        &self,
        links: &[(NodeId, NodeId)],
        change: impl Fn(&mut Network, NodeId, NodeId) -> bool,
    ) -> bool {
        let mut network = lock(&self.network);
        links.iter().fold(false, |any, (from, to)| change(&mut network, *from, *to) | any)
    }

    /// What nodes have sent each other.
    pub(super) fn traffic(&self) -> Traffic {
        lock(&self.network).traffic
    }

    /// The run begins.
    pub(super) fn begin(&self, began: Instant) {
        self.books.begin(began);
    }

    /// What nodes have sent each other when. Nobody weighs it, and what it is for is the program's own.
    pub(super) fn ledger(&self) -> Ledger {
        self.books.ledger()
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        let _ = self.slot.0.send(None);
        self.thread.take().map(JoinHandle::join);
    }
}

fn lock(network: &Mutex<Network>) -> MutexGuard<'_, Network> {
    network.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What carries letters.
struct Carrier {
    began: Instant,
    mailboxes: Arc<Mailboxes>,
    network: Arc<Mutex<Network>>,
    books: Arc<Books>,
    usual: Sampler,
    of_clients: Sampler,
    services: Services,
    seed: Seed,
    /// A generator for each link, by the names of its ends.
    rngs: BTreeMap<(String, String), Rng>,
    /// When each letter arrives, and its number: of two that arrive together, the one posted first does so
    /// first.
    on_their_way: BinaryHeap<Reverse<(Nanos, u64)>>,
    posted: u64,
    letters: BTreeMap<u64, Letter>,
}

impl Carrier {
    /// Carries letters until it is told to stop.
    fn carry(mut self, posted: &Receiver<Option<Letter>>) {
        loop {
            let now = self.now();
            let due = self.on_their_way.peek().map(|Reverse((at, _))| *at);
            let wait = due.map_or(Duration::MAX, |at| Duration::from_nanos(at.saturating_sub(now)));
            match posted.recv_timeout(wait) {
                Ok(Some(letter)) => self.take(letter),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(None) | Err(RecvTimeoutError::Disconnected) => return,
            }
            self.deliver();
        }
    }

    fn now(&self) -> Nanos {
        self.began.elapsed().as_nanos() as Nanos
    }

    /// Decides what becomes of a letter that has just been posted.
    fn take(&mut self, letter: Letter) {
        let now = self.now();
        let Letter { from, to, message } = letter;
        let Message { src, dest, .. } = &message;
        let seed = self.seed;
        let link = (src.clone(), dest.clone());
        let fresh = || seed.fork(&format!("link/{src}/{dest}"));
        let rng = self.rngs.entry(link).or_insert_with(fresh);
        let arrivals = match (from, to) {
            (Party::Node(from), Party::Node(to)) if from != to => {
                self.books.add(from, Sent::one(0, false));
                let mut network = lock(&self.network);
                let bytes = if network.weighs() { message.line().len() as u64 } else { 0 };
                network.send(now, (from, to), bytes, rng)
            }
            (Party::Node(_), Party::Node(_)) => [Some(now), None],
            (Party::Client(_), _) | (_, Party::Client(_)) => {
                [Some(now + self.of_clients.draw(rng)), None]
            }
            _ => [Some(now + self.usual.draw(rng)), None],
        };
        for at in arrivals.into_iter().flatten() {
            self.posted += 1;
            self.on_their_way.push(Reverse((at, self.posted)));
            self.letters.insert(self.posted, Letter { from, to, message: message.clone() });
        }
    }

    /// Delivers what has arrived.
    fn deliver(&mut self) {
        let now = self.now();
        while let Some(Reverse((at, number))) = self.on_their_way.peek().copied() {
            if at > now {
                return;
            }
            self.on_their_way.pop();
            let letter = self.letters.remove(&number).expect("it is on its way");
            match (letter.from, letter.to) {
                (Party::Node(from), Party::Node(to)) if self.is_lost(from, to) => {}
                (_, Party::Service(service)) => {
                    let Message { src, dest, body } = letter.message;
                    if let Some(body) = self.services.answer(service, &src, &body) {
                        let message = Message { src: dest, dest: src, body };
                        self.take(Letter { from: letter.to, to: letter.from, message });
                    }
                }
                (_, to) => self.mailboxes.deliver(to, letter.message),
            }
        }
    }

    /// Whether a letter that arrives now does so at a link that has been cut meanwhile.
    fn is_lost(&self, from: NodeId, to: NodeId) -> bool {
        let mut network = lock(&self.network);
        let is_cut = network.is_cut(from, to);
        network.traffic.cut += u64::from(is_cut);
        is_cut
    }
}
