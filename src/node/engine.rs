//! The loop of a node: gives its machine what happens, and does what that wants done.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::time::Duration;

use anyhow::{Context, Result};
use rand::RngExt as _;
use tokio::sync::mpsc;
use tokio_util::time::DelayQueue;

use super::clock::Clock;
use super::disk::{Disk, Found, Report};
use super::doors::Arrival;
use super::orders::Order;
use super::peers::Peer;
use super::waiting::Waiting;
use crate::protocol::{Durability, Effect, Input, Node, NodeId, Seat, Timer};
use crate::rng::Rng;

/// With so many records on their way to the disk, nothing new is taken in.
const UNSAFE_MAX: u64 = 4096;
/// So many arrivals are taken in together at most, before it is looked at the disk and the timers again.
const TOGETHER_MAX: usize = 64;

/// A node at work.
pub(super) struct Engine {
    node: Node,
    clock: Clock,
    disk: Disk,
    peers: Vec<Option<Peer>>,
    waiting: Waiting,
    timers: DelayQueue<Timer>,
    rng: Rng,
    /// Where replicas acknowledge before they sync: what others are told, held back until so many records
    /// are written, so that the death of the process alone loses nothing.
    held: VecDeque<(u64, Effect)>,
    holds: bool,
    /// How many records were given to the disk, and how many of them are written.
    given: u64,
    written: u64,
    /// A list to be, kept for its memory.
    effects: Vec<Effect>,
}

impl Engine {
    /// Starts a node with what it finds on its disk. `rng` is the chance in its timers.
    pub(super) fn start(
        seat: Seat,
        (disk, found): (Disk, Found),
        clock: Clock,
        peers: Vec<Option<Peer>>,
        rng: Rng,
    ) -> Self {
        let patience = Duration::from_nanos(seat.patience);
        let waiting = Waiting::new(seat.id, seat.incarnation, patience);
        let holds = seat.config.durability == Durability::AckBeforeSync;
        let mut effects = Vec::new();
        let node = Node::start(seat, clock.now(), &found, &mut effects);
        let mut engine = Self {
            node,
            clock,
            disk,
            peers,
            waiting,
            timers: DelayQueue::new(),
            rng,
            held: VecDeque::new(),
            holds,
            given: 0,
            written: 0,
            effects: Vec::new(),
        };
        engine.perform(effects);
        engine
    }

    /// Works until it is told to stop, or its disk works no more.
    pub(super) async fn run(
        mut self,
        mut arrivals: mpsc::Receiver<Arrival>,
        mut orders: Option<mpsc::Receiver<Order>>,
        stop: impl Future<Output = ()>,
    ) -> Result<()> {
        let mut batch = Vec::new();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                report = self.disk.report() => self.take_report(report)?,
                Some(timer) = poll_fn(|cx| self.timers.poll_expired(cx)), if !self.timers.is_empty() => {
                    self.give(Input::Timer(timer.into_inner()));
                }
                order = next_order(&mut orders) => match order {
                    Some(order) => self.obey(order),
                    None => break,
                },
                count = arrivals.recv_many(&mut batch, TOGETHER_MAX),
                    if self.disk.unsafe_count() < UNSAFE_MAX =>
                {
                    if count == 0 {
                        break;
                    }
                    batch.drain(..).for_each(|arrival| self.take_in(arrival));
                }
            }
        }
        self.disk.close();
        Ok(())
    }

    fn take_in(&mut self, arrival: Arrival) {
        let input = match arrival {
            Arrival::Message(from, message) => Input::Message { from, message },
            Arrival::Ask(ask, answers) => Input::Request(self.waiting.begin(ask, answers)),
        };
        self.give(input);
    }

    fn take_report(&mut self, report: Report) -> Result<()> {
        match report {
            Report::Written(count) => {
                self.written = count;
                while self.held.front().is_some_and(|(needs, _)| *needs <= count)
                    && let Some((_, effect)) = self.held.pop_front()
                {
                    self.tell(effect);
                }
            }
            Report::Safe(records) => {
                for (slot, record) in records {
                    self.give(Input::Persisted { slot, record });
                }
            }
            Report::Failed(error) => return Err(error).context("the disk works no more"),
        }
        Ok(())
    }

    fn obey(&mut self, order: Order) {
        tracing::info!(%order, "told");
        match order {
            Order::Clock(offset) => self.clock.set_offset(offset),
            Order::DiskFull(is_full) => self.disk.set_full(is_full),
            Order::DiskSlowness(factor) => self.disk.set_slowness(factor),
        }
    }

    fn give(&mut self, input: Input) {
        let mut effects = std::mem::take(&mut self.effects);
        self.node.handle(self.clock.now(), input, &mut effects);
        self.perform(effects);
    }

    /// Does what the node wants done, and keeps the list for its memory.
    fn perform(&mut self, mut effects: Vec<Effect>) {
        for effect in effects.drain(..) {
            match effect {
                Effect::Persist { slot, record } => self.given = self.disk.write(slot, record),
                Effect::SetTimer { after, spread, timer } => {
                    let after = after + self.rng.random_range(0..=spread);
                    self.timers.insert(timer, Duration::from_nanos(after));
                }
                effect if self.holds && self.written < self.given => {
                    self.held.push_back((self.given, effect));
                }
                effect => self.tell(effect),
            }
        }
        self.effects = effects;
    }

    /// Tells a peer or a client.
    fn tell(&mut self, effect: Effect) {
        match effect {
            Effect::Send { to, message } => {
                if let Some(peer) = self.peer(to) {
                    peer.send(message);
                }
            }
            Effect::Reply { request, reply } => self.waiting.answer(request, reply),
            Effect::Persist { .. } | Effect::SetTimer { .. } => {
                unreachable!("nobody else is told of these")
            }
        }
    }

    fn peer(&self, to: NodeId) -> Option<&Peer> {
        self.peers.get(usize::from(to))?.as_ref()
    }
}

/// The next order; never, where nobody gives any. `None` when whoever gave them is gone.
async fn next_order(orders: &mut Option<mpsc::Receiver<Order>>) -> Option<Order> {
    match orders {
        Some(orders) => orders.recv().await,
        None => std::future::pending().await,
    }
}
