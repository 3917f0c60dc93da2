//! The requests that a node has passed on for its clients.

use std::collections::BTreeMap;

use super::store::Call;
use crate::protocol::message::{ClientRequest, Request, RequestId};
use crate::protocol::{Configuration, Key, Mutant, NodeId};

/// A request is passed on again after so many ticks without an answer.
const TICKS_UNTIL_AGAIN: u32 = 4;
/// A request is forgotten after so many ticks: its client has long given up.
const TICKS_UNTIL_FORGOTTEN: u32 = 40;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::protocol) struct Errand {
    /// Which request.
    pub(in crate::protocol) client: RequestId,
    /// The register.
    pub(in crate::protocol) key: Key,
    /// What to do with it.
    pub(in crate::protocol) request: Request,
    /// For how many ticks it has been on its way.
    age: u32,
}

/// The requests that a node has passed on, until each is answered or forgotten. A crash loses them, and
/// then they remain unanswered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::protocol) struct Errands {
    next_serial: u64,
    pending: BTreeMap<u64, Errand>,
}

impl Errands {
    /// None yet. Serials begin in a higher range after each restart.
    pub(in crate::protocol) fn new(incarnation: u32) -> Self {
        Self { next_serial: u64::from(incarnation) << 40, pending: BTreeMap::new() }
    }

    /// Takes one on. Returns its serial.
    pub(in crate::protocol) fn add(&mut self, asked: &ClientRequest) -> u64 {
        let serial = self.next_serial;
        self.next_serial += 1;
        let errand = Errand { client: asked.id, key: asked.key, request: asked.request, age: 0 };
        self.pending.insert(serial, errand);
        serial
    }

    /// An errand that is still under way.
    pub(in crate::protocol) fn get(&self, serial: u64) -> Option<&Errand> {
        self.pending.get(&serial)
    }

    /// How an errand of node `origin` travels.
    pub(in crate::protocol) fn call(&self, origin: NodeId, serial: u64) -> Option<Call> {
        let Errand { key, request, .. } = *self.get(serial)?;
        let floor = self.pending.keys().next().copied().unwrap_or(self.next_serial);
        Some(Call { origin, serial, floor, key, request })
    }

    /// The call as it is; under another name where each attempt is to be carried out.
    pub(in crate::protocol) fn perhaps_anew(&self, call: Call, config: &Configuration) -> Call {
        let Some(errand) = self.get(call.serial).filter(|errand| errand.age > 0) else {
            return call;
        };
        let serial = call.serial + (u64::from(errand.age) << 32);
        if config.is(Mutant::RepeatsRequests) { Call { serial, ..call } } else { call }
    }

    /// An errand is done. Returns it, if it was still under way.
    pub(in crate::protocol) fn settle(&mut self, serial: u64) -> Option<Errand> {
        self.pending.remove(&serial)
    }

    /// A tick has passed. Forgets what is too old and returns what is to be passed on again.
    pub(in crate::protocol) fn grow_older(&mut self) -> Vec<u64> {
        self.pending.retain(|_, errand| {
            errand.age += 1;
            errand.age < TICKS_UNTIL_FORGOTTEN
        });
        let is_due = |errand: &Errand| errand.age.is_multiple_of(TICKS_UNTIL_AGAIN);
        let due = self.pending.iter().filter(|(_, errand)| is_due(errand));
        due.map(|(serial, _)| *serial).collect()
    }
}
