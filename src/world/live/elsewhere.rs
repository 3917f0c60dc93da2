//! A store that runs elsewhere, in this process or far away: only its clients are ours.

use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::PULSE;
use super::clients::Clients;
use crate::client::{Client, Operation, Question};
use crate::nemesis::Fault;
use crate::protocol::NodeId;
use crate::time::Nanos;
use crate::world::{Happening, Traffic, World};

/// Clients of a store that runs elsewhere, and what breaks it.
pub struct Elsewhere<B> {
    began: Instant,
    clients: Clients,
    learned: Receiver<(Nanos, Happening)>,
    breaks: B,
}

impl<B: FnMut(&Fault) -> bool> Elsewhere<B> {
    /// Lets clients ask a store. Each waits `patience` nanoseconds for an answer. `breaks` breaks the store or
    /// mends it, and says whether that changed anything; a store that nothing can be done to says `false`.
    ///
    /// # Errors
    /// If there can be no thread for the clients.
    pub fn new(
        clients: impl IntoIterator<Item = impl Client>,
        patience: Nanos,
        breaks: B,
    ) -> io::Result<Self> {
        let began = Instant::now();
        let (sender, learned) = channel();
        let tell = move |at, happening| sender.send((at, happening)).is_ok();
        let clients = Clients::start(clients, None, patience, began, tell)?;
        Ok(Self { began, clients, learned, breaks })
    }
}

impl<B: FnMut(&Fault) -> bool> World for Elsewhere<B> {
    fn now(&self) -> Nanos {
        self.began.elapsed().as_nanos() as Nanos
    }

    fn pulse(&self) -> Option<Nanos> {
        Some(PULSE)
    }

    fn invoke(&mut self, process: u32, node: NodeId, operation: Operation) {
        self.clients.invoke(Question { process, node, operation });
    }

    fn apply(&mut self, fault: &Fault) -> bool {
        (self.breaks)(fault)
    }

    fn next(&mut self, until: Nanos) -> Option<(Nanos, Happening)> {
        let wait = Duration::from_nanos(until.saturating_sub(self.now()));
        self.learned.recv_timeout(wait).ok()
    }

    fn traffic(&self) -> Traffic {
        Traffic::default()
    }
}

impl<B> fmt::Debug for Elsewhere<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elsewhere").field("clients", &self.clients).finish_non_exhaustive()
    }
}
