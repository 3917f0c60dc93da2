//! A node's disk: a thread that writes what it is given, syncs, and says so.
//!
//! Records that arrive while it is busy are written together and synced together (group commit). What is
//! *written* survives the death of the process; what is *safe* survives the loss of power, too.

mod backend;
mod store;
mod undo;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::latency::{Latency, Sampler};
use crate::protocol::{Record, Slot};
use crate::rng::Rng;
pub(super) use store::Found;
use store::Store;

/// So many records are written together at most.
const TOGETHER_MAX: usize = 1024;

/// How a node's disk works.
#[derive(Debug, Clone)]
pub struct DiskSettings {
    /// The directory that it has to itself.
    pub dir: PathBuf,
    /// Whether a sync really waits for the device. Without it nothing is safe from a loss of power.
    pub fsync: bool,
    /// A sync takes at least this long, as on a slow disk.
    pub sync: Latency,
    /// Whether what was not synced when the node stopped is lost, as if the power had failed.
    pub lose_unsynced: bool,
}

/// What the disk says. It does everything in the order in which it was asked.
#[derive(Debug)]
pub(super) enum Report {
    /// So many records were written since the node started.
    Written(u64),
    /// These are safe.
    Safe(Vec<(Slot, Record)>),
    /// It works no more.
    Failed(anyhow::Error),
}

enum Order {
    Write(Slot, Record),
    SetFull(bool),
    SetSlowness(u32),
}

/// The node's end of its disk.
#[derive(Debug)]
pub(super) struct Disk {
    orders: Sender<Order>,
    reports: UnboundedReceiver<Report>,
    thread: JoinHandle<()>,
    /// How many records it was given.
    given: u64,
    safe: u64,
}

impl Disk {
    /// Opens the disk. `rng` draws how long syncs take.
    pub(super) fn open(settings: &DiskSettings, rng: Rng) -> Result<(Self, Found)> {
        let (store, found) = Store::open(&settings.dir, settings.fsync, settings.lose_unsynced)?;
        let (orders, queue) = channel();
        let (sender, reports) = unbounded_channel();
        let slowness = Slowness { sampler: Sampler::new(settings.sync), rng, factor: 1 };
        let work = move || {
            if let Err(error) = work(&store, slowness, &queue, &sender) {
                let _ = sender.send(Report::Failed(error));
            }
        };
        let thread = thread::Builder::new().name("disk".to_owned()).spawn(work);
        let thread = thread.context("cannot start the thread of the disk")?;
        Ok((Self { orders, reports, thread, given: 0, safe: 0 }, found))
    }

    /// Has a record written. Returns how many were given so far.
    pub(super) fn write(&mut self, slot: Slot, record: Record) -> u64 {
        self.given += 1;
        // A disk that works no more has said so, or will.
        let _ = self.orders.send(Order::Write(slot, record));
        self.given
    }

    /// From now on there is no space left, or there is again.
    pub(super) fn set_full(&self, is_full: bool) {
        let _ = self.orders.send(Order::SetFull(is_full));
    }

    /// From now on a sync takes so many times as long as it does by itself.
    pub(super) fn set_slowness(&self, factor: u32) {
        let _ = self.orders.send(Order::SetSlowness(factor));
    }

    /// How many records are not yet safe.
    pub(super) fn unsafe_count(&self) -> u64 {
        self.given - self.safe
    }

    /// What it says next. Nothing is lost if nobody waits for it to the end.
    pub(super) async fn report(&mut self) -> Report {
        let report = self.reports.recv().await;
        let report =
            report.unwrap_or_else(|| Report::Failed(anyhow::anyhow!("its thread is gone")));
        if let Report::Safe(records) = &report {
            self.safe += records.len() as u64;
        }
        report
    }

    /// Ends when everything is safe.
    pub(super) fn close(self) {
        drop(self.orders);
        let _ = self.thread.join();
    }
}

/// How long syncs take at least.
struct Slowness {
    sampler: Sampler,
    rng: Rng,
    factor: u32,
}

impl Slowness {
    fn draw(&mut self) -> Duration {
        Duration::from_nanos(self.sampler.draw(&mut self.rng)).saturating_mul(self.factor)
    }
}

/// Writes and syncs until nobody has anything more to write.
fn work(
    store: &Store,
    mut slowness: Slowness,
    queue: &Receiver<Order>,
    reports: &UnboundedSender<Report>,
) -> Result<()> {
    let mut unsynced: Vec<(Slot, Record)> = Vec::new();
    let (mut written, mut due) = (0, None);
    loop {
        let fresh = unsynced.len();
        let is_over = take(store, queue, due, &mut unsynced, &mut slowness.factor);
        if unsynced.len() > fresh {
            store.write(unsynced[fresh..].iter()).context("cannot write")?;
            written += (unsynced.len() - fresh) as u64;
            let _ = reports.send(Report::Written(written));
            due = due.or_else(|| Instant::now().checked_add(slowness.draw()));
        }
        if !unsynced.is_empty() && (is_over || due.is_some_and(|due| due <= Instant::now())) {
            store.sync()?;
            due = None;
            let _ = reports.send(Report::Safe(std::mem::take(&mut unsynced)));
        }
        if is_over {
            return Ok(());
        }
    }
}

/// Takes what there is to write, waiting for it until `due`. Returns whether there will be no more.
fn take(
    store: &Store,
    queue: &Receiver<Order>,
    due: Option<Instant>,
    records: &mut Vec<(Slot, Record)>,
    factor: &mut u32,
) -> bool {
    let first = match due {
        None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
        Some(due) => queue.recv_timeout(due.saturating_duration_since(Instant::now())),
    };
    let mut next = match first {
        Ok(order) => Some(order),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => return true,
    };
    let enough = records.len() + TOGETHER_MAX;
    while let Some(order) = next {
        match order {
            Order::Write(slot, record) => records.push((slot, record)),
            Order::SetFull(is_full) => store.backend().set_full(is_full),
            Order::SetSlowness(times) => *factor = times,
        }
        next = if records.len() < enough { queue.try_recv().ok() } else { None };
    }
    false
}
