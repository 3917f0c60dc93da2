//! What protocols share that put all operations into one order: the log and what comes of it, the
//! requests that a node has passed on, and what has to wait for the disk.

mod errands;
mod journal;
mod ledger;
mod log;
mod store;

pub(super) use errands::Errands;
pub(super) use journal::{Deed, Journal};
pub(super) use ledger::{Ledger, Misfit, Record, Save};
pub(super) use log::{Command, Entry, Position};
pub(super) use store::{Call, Store};

/// So many entries may be on their way; beyond that the node that orders them takes no more, so that a
/// cluster that cannot agree does not fill its memory.
pub(super) const UNSETTLED_MOST: u64 = 4096;

/// At most so many entries travel in one message.
pub(super) const BATCH: usize = 256;
