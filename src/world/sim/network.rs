//! The links between nodes: how long a message takes, and whether it arrives at all.

use rand::Rng as _;

use crate::latency::{Latency, Sampler};
use crate::protocol::NodeId;
use crate::rng::Rng;
use crate::time::Nanos;
use crate::world::{Bandwidth, Traffic};

/// How the network behaves when nothing is broken.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkSettings {
    /// How long a message takes, on every link that is not named below.
    pub latency: Latency,
    /// Links with a latency of their own: from, to, latency.
    pub links: Vec<(NodeId, NodeId, Latency)>,
    /// The share of messages that are lost.
    pub loss: f64,
    /// The share of messages that arrive twice.
    pub duplication: f64,
    /// Whether a message may overtake an earlier one on the same link.
    pub reordering: bool,
    /// What each link carries at a time; `None` if that is everything.
    pub bandwidth: Option<Bandwidth>,
}

impl NetworkSettings {
    /// Links that take so long, and lose, double and hold back nothing.
    pub fn of(latency: Latency) -> Self {
        let (links, bandwidth) = (Vec::new(), None);
        Self { latency, links, loss: 0.0, duplication: 0.0, reordering: true, bandwidth }
    }
}

/// One direction between two nodes.
#[derive(Debug, Clone)]
struct Link {
    sampler: usize,
    cut: bool,
    /// What latencies are multiplied by.
    slowness: u32,
    /// When the last message on it arrives.
    busy_until: Nanos,
    /// When the last byte that was sent along it has left.
    free_at: Nanos,
}

impl Link {
    fn fresh() -> Self {
        Self { sampler: 0, cut: false, slowness: 1, busy_until: 0, free_at: 0 }
    }

    /// When something is on its way that takes so long to send, behind all that was sent before.
    fn transmit(&mut self, now: Nanos, transmission: Nanos) -> Nanos {
        let transmission = transmission.saturating_mul(u64::from(self.slowness));
        self.free_at = self.free_at.max(now).saturating_add(transmission);
        self.free_at
    }
}

#[derive(Debug)]
pub(in crate::world) struct Network {
    n: usize,
    links: Vec<Link>,
    samplers: Vec<Sampler>,
    /// Shares as parts of 2^32.
    loss: u64,
    duplication: u64,
    reordering: bool,
    bandwidth: Option<Bandwidth>,
    pub(in crate::world) traffic: Traffic,
}

impl Network {
    pub(in crate::world) fn new(n: u16, settings: &NetworkSettings) -> Self {
        let n = usize::from(n);
        let mut samplers = vec![Sampler::new(settings.latency)];
        let mut links = vec![Link::fresh(); n * n];
        for (from, to, latency) in &settings.links {
            links[usize::from(*from) * n + usize::from(*to)].sampler = samplers.len();
            samplers.push(Sampler::new(*latency));
        }
        let parts = |share: f64| (share * 4_294_967_296.0) as u64;
        Self {
            n,
            links,
            samplers,
            loss: parts(settings.loss),
            duplication: parts(settings.duplication),
            reordering: settings.reordering,
            bandwidth: settings.bandwidth,
            traffic: Traffic::default(),
        }
    }

    fn link(&mut self, from: NodeId, to: NodeId) -> &mut Link {
        &mut self.links[usize::from(from) * self.n + usize::from(to)]
    }

    pub(in crate::world) fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.links[usize::from(from) * self.n + usize::from(to)].cut
    }

    /// Cuts or mends a link. False if it was so already.
    pub(in crate::world) fn set_cut(&mut self, from: NodeId, to: NodeId, cut: bool) -> bool {
        std::mem::replace(&mut self.link(from, to).cut, cut) != cut
    }

    /// Makes a link slow, or as it was. False if it was so already.
    pub(in crate::world) fn set_slowness(
        &mut self,
        from: NodeId,
        to: NodeId,
        slowness: u32,
    ) -> bool {
        std::mem::replace(&mut self.link(from, to).slowness, slowness) != slowness
    }

    /// Whether the sizes of messages matter.
    pub(in crate::world) fn weighs(&self) -> bool {
        self.bandwidth.is_some()
    }

    /// When a message of so many bytes that is sent now arrives: never, once or twice. What is random about it
    /// is drawn from `rng`.
    pub(in crate::world) fn send(
        &mut self,
        now: Nanos,
        (from, to): (NodeId, NodeId),
        bytes: u64,
        rng: &mut Rng,
    ) -> [Option<Nanos>; 2] {
        self.traffic.messages += 1;
        if self.is_cut(from, to) {
            self.traffic.cut += 1;
            return [None, None];
        }
        if self.loss > 0 && u64::from(rng.next_u32()) < self.loss {
            self.traffic.lost += 1;
            return [None, None];
        }
        let transmission = self.bandwidth.map_or(0, |bandwidth| bandwidth.transmission(bytes));
        let sent = self.link(from, to).transmit(now, transmission);
        let first = self.arrival(sent, from, to, rng);
        if self.duplication > 0 && u64::from(rng.next_u32()) < self.duplication {
            self.traffic.doubled += 1;
            return [Some(first), Some(self.arrival(sent, from, to, rng))];
        }
        [Some(first), None]
    }

    fn arrival(&mut self, now: Nanos, from: NodeId, to: NodeId, rng: &mut Rng) -> Nanos {
        let link = &mut self.links[usize::from(from) * self.n + usize::from(to)];
        let latency = self.samplers[link.sampler].draw(rng);
        let at = now + latency.saturating_mul(u64::from(link.slowness));
        if self.reordering {
            return at;
        }
        link.busy_until = at.max(link.busy_until);
        link.busy_until
    }
}
