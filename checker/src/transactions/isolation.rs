//! Isolation levels, and the anomalies that tell them apart.

use std::fmt;

use crate::anomaly::{Anomaly, CycleKind, Scope};

/// A guarantee for transactions. All but the last three demand one order of all transactions, or of
/// all snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isolation {
    /// One order of all transactions, in real time.
    StrictSerializable,
    /// One order of all transactions that respects each process's own.
    StrongSessionSerializable,
    /// One order of all transactions (Adya's PL-3, for items).
    Serializable,
    /// Each transaction reads a snapshot, the latest in real time, and none overwrites what it did not
    /// see.
    StrongSnapshotIsolation,
    /// The same, with snapshots that are never older than the process's last transaction.
    StrongSessionSnapshotIsolation,
    /// Each transaction reads some snapshot, and none overwrites what it did not see.
    SnapshotIsolation,
    /// What a transaction reads is consistent: it sees all or nothing of each other one (PL-2+).
    ConsistentView,
    /// Only committed, final values are read (PL-2).
    ReadCommitted,
    /// Transactions overwrite each other in one order (PL-1).
    ReadUncommitted,
}

impl Isolation {
    /// All of them, from the strongest on.
    pub const ALL: [Self; 9] = [
        Self::StrictSerializable,
        Self::StrongSessionSerializable,
        Self::Serializable,
        Self::StrongSnapshotIsolation,
        Self::StrongSessionSnapshotIsolation,
        Self::SnapshotIsolation,
        Self::ConsistentView,
        Self::ReadCommitted,
        Self::ReadUncommitted,
    ];

    /// The words of reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::StrictSerializable => "strict serializable",
            Self::StrongSessionSerializable => "strong session serializable",
            Self::Serializable => "serializable",
            Self::StrongSnapshotIsolation => "strong snapshot isolation",
            Self::StrongSessionSnapshotIsolation => "strong session snapshot isolation",
            Self::SnapshotIsolation => "snapshot isolation",
            Self::ConsistentView => "consistent view",
            Self::ReadCommitted => "read committed",
            Self::ReadUncommitted => "read uncommitted",
        }
    }

    /// Whether the level rules the anomaly out.
    pub fn forbids(self, anomaly: Anomaly) -> bool {
        match anomaly {
            Anomaly::Cycle(kind, scope) => scope <= self.scope() && kind <= self.worst_cycle(),
            Anomaly::IntermediateRead
            | Anomaly::DirtyRead
            | Anomaly::IncompatibleOrder
            | Anomaly::InternalRead => self <= Self::ReadCommitted,
            Anomaly::UnrepeatableRead | Anomaly::LostUpdate => self <= Self::ConsistentView,
            Anomaly::LongFork => self <= Self::SnapshotIsolation,
            // A value out of nowhere is no isolation at all.
            Anomaly::PhantomValue | Anomaly::DuplicateElement => true,
            // One key's history by itself has no order in real time.
            Anomaly::FutureRead
            | Anomaly::LostCas
            | Anomaly::LostWrite
            | Anomaly::LostElement
            | Anomaly::StaleRead
            | Anomaly::NewOldInversion
            | Anomaly::VersionOrder
            | Anomaly::Contradiction => self == Self::StrictSerializable,
        }
    }

    /// The widest scope whose cycles it rules out.
    fn scope(self) -> Scope {
        match self {
            Self::StrictSerializable | Self::StrongSnapshotIsolation => Scope::RealTime,
            Self::StrongSessionSerializable | Self::StrongSessionSnapshotIsolation => {
                Scope::Process
            }
            _ => Scope::Data,
        }
    }

    /// The last kind of cycle that it rules out, and all before it.
    fn worst_cycle(self) -> CycleKind {
        match self {
            Self::StrictSerializable | Self::StrongSessionSerializable | Self::Serializable => {
                CycleKind::G2Item
            }
            Self::StrongSnapshotIsolation
            | Self::StrongSessionSnapshotIsolation
            | Self::SnapshotIsolation => CycleKind::GNonadjacent,
            Self::ConsistentView => CycleKind::GSingle,
            Self::ReadCommitted => CycleKind::G1c,
            Self::ReadUncommitted => CycleKind::G0,
        }
    }
}

impl fmt::Display for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
