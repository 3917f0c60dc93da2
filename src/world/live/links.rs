//! The links between nodes: a proxy for each, in our hands.
//!
//! Whoever wants to reach a node connects to the proxy of that link, which carries bytes both ways and
//! knows nothing of what they mean. Each direction can be cut, slowed down and held up by itself; what is
//! changed holds from then on for every byte that has not yet left.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::background::Background;
use crate::latency::Sampler;
use crate::protocol::NodeId;
use crate::rng::{Rng, Seed};
use crate::world::Bandwidth;
use crate::world::sim::NetworkSettings;

/// So much is read at a time.
const READ_BYTES: usize = 16 << 10;
/// So much may be on its way in one direction of a connection; then the sender waits.
const ON_ITS_WAY_BYTES_MAX: usize = 4 << 20;
/// When no connection can be taken in, such as for want of file descriptors, this is how long that rests.
const REST: Duration = Duration::from_millis(10);

/// How a cut looks to those who are cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// What is sent is lost, and nobody is told. Connections that lost something break when the link
    /// carries again, since a stream with a hole is none.
    Drop,
    /// Connections break at once, and new ones, too.
    Reset,
    /// What is sent waits until the link carries again.
    Stall,
    /// What is sent is lost, and nobody is told, even when the link carries again: connections that lost
    /// something stay, and carry nothing any more, as after a peer that has forgotten them. New ones do.
    HalfOpen,
}

impl Cut {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Drop, Self::Reset, Self::Stall, Self::HalfOpen];

    /// The word of workloads.
    pub fn name(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Reset => "reset",
            Self::Stall => "stall",
            Self::HalfOpen => "half-open",
        }
    }
}

/// The state of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    cut: Option<Cut>,
    /// What latencies are multiplied by.
    slowness: u32,
}

/// All links of a cluster.
#[derive(Debug)]
pub struct Links {
    n: u16,
    states: Vec<watch::Sender<State>>,
    addresses: Vec<Option<SocketAddr>>,
    background: Background,
}

impl Links {
    /// Links between all nodes whose addresses are in `nodes`, as far as they are known at the time. They take
    /// as long, and carry as much, as `network` says.
    pub fn start(
        nodes: &[watch::Receiver<Option<SocketAddr>>],
        network: &NetworkSettings,
        seed: Seed,
    ) -> io::Result<Self> {
        let n = nodes.len() as u16;
        let background = Background::start("links", None)?;
        let usual = Arc::new(Sampler::new(network.latency));
        let sampler = |from, to| {
            let own = network.links.iter().find(|(a, b, _)| (*a, *b) == (from, to));
            own.map_or_else(|| Arc::clone(&usual), |(.., own)| Arc::new(Sampler::new(*own)))
        };
        let pairs = || (0..n).flat_map(|from| (0..n).map(move |to| (from, to)));
        let fresh = State { cut: None, slowness: 1 };
        let states: Vec<_> = pairs().map(|_| watch::Sender::new(fresh)).collect();
        let mut links = Self { n, states, addresses: Vec::new(), background };
        for (from, to) in pairs() {
            if from == to {
                links.addresses.push(None);
                continue;
            }
            let direction = |from, to| Direction {
                state: links.state(from, to).subscribe(),
                sampler: sampler(from, to),
                line: network.bandwidth.map(|bandwidth| Arc::new(Line::new(bandwidth))),
            };
            let link = Link {
                target: nodes[usize::from(to)].clone(),
                there: direction(from, to),
                back: direction(to, from),
                rng: seed.fork(&format!("link/{from}/{to}")),
            };
            let _guard = links.background.handle().enter();
            let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            links.addresses.push(Some(listener.local_addr()?));
            links.background.spawn(link.serve(listener));
        }
        Ok(links)
    }

    /// Where `from` reaches `to`, which is another node.
    pub fn address(&self, from: NodeId, to: NodeId) -> Option<SocketAddr> {
        self.addresses[self.place(from, to)]
    }

    /// Cuts a direction, or mends it. False if it was so already.
    pub fn set_cut(&self, from: NodeId, to: NodeId, cut: Option<Cut>) -> bool {
        self.change(from, to, |state| State { cut, ..state })
    }

    /// Makes a direction slow, or as it was. False if it was so already.
    pub fn set_slowness(&self, from: NodeId, to: NodeId, slowness: u32) -> bool {
        self.change(from, to, |state| State { slowness, ..state })
    }

    fn change(&self, from: NodeId, to: NodeId, change: impl FnOnce(State) -> State) -> bool {
        self.state(from, to).send_if_modified(|state| {
            let before = std::mem::replace(state, change(*state));
            *state != before
        })
    }

    fn state(&self, from: NodeId, to: NodeId) -> &watch::Sender<State> {
        &self.states[self.place(from, to)]
    }

    fn place(&self, from: NodeId, to: NodeId) -> usize {
        usize::from(from) * usize::from(self.n) + usize::from(to)
    }
}

/// One direction of a link, as a connection sees it.
#[derive(Debug, Clone)]
struct Direction {
    state: watch::Receiver<State>,
    sampler: Arc<Sampler>,
    /// What it carries at a time, if not everything.
    line: Option<Arc<Line>>,
}

/// What all connections that one node makes to another share: bytes leave one after another.
#[derive(Debug)]
struct Line {
    bandwidth: Bandwidth,
    /// When the last byte that was given has left.
    free_at: Mutex<Instant>,
}

impl Line {
    fn new(bandwidth: Bandwidth) -> Self {
        Self { bandwidth, free_at: Mutex::new(Instant::now()) }
    }

    /// When so many bytes have left that are given now.
    fn transmit(&self, bytes: usize, slowness: u32) -> Instant {
        let transmission = Duration::from_nanos(self.bandwidth.transmission(bytes as u64));
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        *free_at = (*free_at).max(Instant::now()) + transmission.saturating_mul(slowness);
        *free_at
    }
}

/// One link: all connections that its first node makes to its second.
struct Link {
    target: watch::Receiver<Option<SocketAddr>>,
    there: Direction,
    back: Direction,
    rng: Rng,
}

impl Link {
    async fn serve(mut self, listener: TcpListener) {
        loop {
            let Ok((near, _)) = listener.accept().await else {
                sleep(REST).await;
                continue;
            };
            let target = *self.target.borrow();
            let there = Pump::new(&self.there, &mut self.rng);
            let back = Pump::new(&self.back, &mut self.rng);
            tokio::spawn(carry(near, target, there, back));
        }
    }
}

/// Carries one connection to its end.
async fn carry(mut near: TcpStream, target: Option<SocketAddr>, mut there: Pump, mut back: Pump) {
    let far = match target {
        Some(target) => TcpStream::connect(target).await.ok(),
        None => None,
    };
    if let Some(mut far) = far {
        let _ = (near.set_nodelay(true), far.set_nodelay(true));
        let (mut near_reader, mut near_writer) = near.split();
        let (mut far_reader, mut far_writer) = far.split();
        let ended = tokio::try_join!(
            there.run(&mut near_reader, &mut far_writer),
            back.run(&mut far_reader, &mut near_writer),
        );
        if ended.is_ok() {
            return;
        }
        let _ = far.set_zero_linger();
    }
    // Broken, and not merely over: both ends are to see that.
    let _ = near.set_zero_linger();
}

/// What carries the bytes of one direction of one connection.
#[derive(Debug)]
struct Pump {
    direction: Direction,
    rng: Rng,
    /// Bytes on their way, and when they arrive.
    on_its_way: VecDeque<(Instant, BytesMut)>,
    byte_count: usize,
    /// Something was lost: what comes after it must not arrive.
    has_hole: bool,
    /// And nobody is to be told.
    is_half_open: bool,
    /// The sender has nothing more to say.
    is_over: bool,
}

impl Pump {
    fn new(direction: &Direction, rng: &mut Rng) -> Self {
        use rand::SeedableRng as _;
        Self {
            direction: direction.clone(),
            rng: Rng::from_rng(rng),
            on_its_way: VecDeque::new(),
            byte_count: 0,
            has_hole: false,
            is_half_open: false,
            is_over: false,
        }
    }

    /// Carries bytes until the sender ends the connection in good order. Any other end is an error.
    async fn run(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<()> {
        loop {
            let state = *self.direction.state.borrow_and_update();
            match state.cut {
                Some(Cut::Reset) => return Err(io::ErrorKind::ConnectionReset.into()),
                Some(Cut::Drop) => self.lose(from).await?,
                Some(Cut::HalfOpen) => {
                    self.is_half_open = true;
                    self.lose(from).await?;
                }
                Some(Cut::Stall) => self.change().await?,
                // Its end is not told either.
                None if self.has_hole && self.is_half_open && self.is_over => return Ok(()),
                None if self.has_hole && self.is_half_open => self.lose(from).await?,
                None if self.has_hole => return Err(io::ErrorKind::ConnectionReset.into()),
                None if self.is_over && self.on_its_way.is_empty() => return to.shutdown().await,
                None => self.step(state, from, to).await?,
            }
        }
    }

    /// Waits for one thing to happen while the link carries.
    async fn step(
        &mut self,
        state: State,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<()> {
        let now = Instant::now();
        let due = self.on_its_way.front().map(|(at, _)| *at);
        let has_room = !self.is_over && self.byte_count < ON_ITS_WAY_BYTES_MAX;
        let mut nothing = BytesMut::new();
        let first = self.on_its_way.front_mut().map_or(&mut nothing, |(_, bytes)| bytes);
        let mut fresh = BytesMut::with_capacity(READ_BYTES);
        tokio::select! {
            biased;
            changed = self.direction.state.changed() => changed.map_err(io::Error::other)?,
            written = to.write_buf(first), if due.is_some_and(|due| due <= now) => {
                self.byte_count -= written?;
                if self.on_its_way.front().is_some_and(|(_, bytes)| bytes.is_empty()) {
                    self.on_its_way.pop_front();
                }
            }
            () = sleep_until(due.unwrap_or(now)), if due.is_some_and(|due| due > now) => {}
            read = from.read_buf(&mut fresh), if has_room => {
                self.is_over = read? == 0;
                self.send(fresh, state.slowness);
            }
        }
        Ok(())
    }

    /// Sends bytes on their way. They overtake none before them.
    fn send(&mut self, bytes: BytesMut, slowness: u32) {
        if bytes.is_empty() {
            return;
        }
        let latency = self.direction.sampler.draw(&mut self.rng);
        let latency = Duration::from_nanos(latency.saturating_mul(u64::from(slowness)));
        let line = self.direction.line.as_ref();
        let left = line.map_or_else(Instant::now, |line| line.transmit(bytes.len(), slowness));
        let last = self.on_its_way.back().map(|(at, _)| *at);
        let at = (left + latency).max(last.unwrap_or(left));
        self.byte_count += bytes.len();
        self.on_its_way.push_back((at, bytes));
    }

    /// Loses what is on its way, and then whatever comes, until something changes.
    async fn lose(&mut self, from: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
        self.has_hole |= !self.on_its_way.is_empty();
        self.on_its_way.clear();
        self.byte_count = 0;
        let mut lost = BytesMut::with_capacity(READ_BYTES);
        tokio::select! {
            biased;
            changed = self.direction.state.changed() => changed.map_err(io::Error::other)?,
            read = from.read_buf(&mut lost), if !self.is_over => {
                self.is_over = read? == 0;
                self.has_hole |= !lost.is_empty();
            }
        }
        Ok(())
    }

    async fn change(&mut self) -> io::Result<()> {
        self.direction.state.changed().await.map_err(io::Error::other)
    }
}
