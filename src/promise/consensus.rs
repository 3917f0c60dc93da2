//! Protocols in which one operation at a time changes a register.

use super::theory::{Condition, Promise, read_write_sum, write_write_sum};
use super::versions::{missed_reads, missed_writes};
use super::{reads_meet_writes, writes_meet_writes};
use crate::protocol::Configuration;

/// Version numbers under locks.
pub(super) fn gifford(config: &Configuration) -> Promise {
    if !reads_meet_writes(config) {
        return missed_reads(config);
    }
    if !writes_meet_writes(config) {
        return missed_writes(config);
    }
    Promise {
        condition: Condition::Linearizable,
        because: format!("{} and {}", read_write_sum(config), write_write_sum(config)),
        reason: "Quorums are locked while they are used, so operations on a register come one after the \
                 other. A node that crashes while it writes leaves the register blocked."
            .into(),
        remedy: String::new(),
        source: "Gifford, \"Weighted voting for replicated data\", 1979",
    }
}

/// Consensus on each register by itself.
pub(super) fn caspaxos(config: &Configuration) -> Promise {
    if !reads_meet_writes(config) {
        return missed_reads(config);
    }
    if config.plain_writes {
        return Promise {
            condition: Condition::Eventual,
            because: "plain_writes = true: writes bypass the consensus".into(),
            reason: "Whoever prepared a ballot before a plain write was stored, a read or a \
                     compare-and-set, has what it found accepted over that: the write is acknowledged, \
                     and gone."
                .into(),
            remedy: "plain_writes = false".into(),
            source: "DataStax, \"Using lightweight transactions\", of which it says not to mix them with \
                     other operations",
        };
    }
    Promise {
        condition: Condition::Linearizable,
        because: read_write_sum(config),
        reason: "Whoever prepares a ballot hears what was accepted by a quorum before, and nothing earlier \
                 is accepted any more by a quorum after it."
            .into(),
        remedy: String::new(),
        source: "Rystsov, \"CASPaxos\", 2018; Howard et al., \"Flexible Paxos\", 2016",
    }
}
