//! One thing that breaks, or is mended.

use quorate_checker::Datum;

use super::shape::Shape;
use crate::protocol::NodeId;
use crate::time::Nanos;

/// Something breaks, or is mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Links are cut: what is sent along them is lost.
    Partition {
        /// The pattern of the cuts.
        shape: Shape,
        /// From, to.
        cuts: Vec<(NodeId, NodeId)>,
    },
    /// Cut links carry again.
    Heal {
        /// From, to.
        cuts: Vec<(NodeId, NodeId)>,
    },
    /// Nodes stop at once.
    Crash {
        /// Which.
        nodes: Vec<NodeId>,
        /// Whether what was not synced is lost, as if the power had failed.
        lose_unsynced: bool,
    },
    /// Nodes start again, with what is on their disks.
    Restart {
        /// Which.
        nodes: Vec<NodeId>,
    },
    /// Nodes stop at once, and their disks are emptied.
    Wipe {
        /// Which.
        nodes: Vec<NodeId>,
    },
    /// Nodes that were wiped start again with nothing; where members are counted, as new members.
    Replace {
        /// Which.
        nodes: Vec<NodeId>,
    },
    /// Nodes stop without knowing it, as under SIGSTOP.
    Pause {
        /// Which.
        nodes: Vec<NodeId>,
    },
    /// Paused nodes go on.
    Resume {
        /// Which.
        nodes: Vec<NodeId>,
    },
    /// Links become slow.
    SlowLinks {
        /// From, to.
        links: Vec<(NodeId, NodeId)>,
        /// What latencies are multiplied by.
        factor: u32,
    },
    /// Slow links are as they were.
    RestoreLinks {
        /// From, to.
        links: Vec<(NodeId, NodeId)>,
    },
    /// Disks become slow.
    SlowDisks {
        /// Of which nodes.
        nodes: Vec<NodeId>,
        /// What the time of a sync is multiplied by.
        factor: u32,
    },
    /// Slow disks are as they were.
    RestoreDisks {
        /// Of which nodes.
        nodes: Vec<NodeId>,
    },
    /// Disks have no space left: nodes stop when they are to write.
    FillDisks {
        /// Of which nodes.
        nodes: Vec<NodeId>,
    },
    /// Full disks have space again, and nodes that have stopped for want of it start.
    FreeDisks {
        /// Of which nodes.
        nodes: Vec<NodeId>,
    },
    /// Clocks are set off.
    SkewClocks {
        /// By how many nanoseconds.
        offsets: Vec<(NodeId, i64)>,
    },
    /// Clocks are right again.
    ResetClocks {
        /// Which.
        nodes: Vec<NodeId>,
    },
}

/// What a fault breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// The network is cut.
    Partition,
    /// Nodes are down.
    Crash,
    /// Nodes are down and have lost their disks.
    Wipe,
    /// Nodes are paused.
    Pause,
    /// Links are slow.
    SlowLinks,
    /// Clocks are off.
    ClockSkew,
    /// Disks are slow.
    SlowDisks,
    /// Disks are full.
    FullDisks,
}

impl FaultKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Partition,
        Self::Crash,
        Self::Wipe,
        Self::Pause,
        Self::SlowLinks,
        Self::ClockSkew,
        Self::SlowDisks,
        Self::FullDisks,
    ];

    /// The word of workloads and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Partition => "partition",
            Self::Crash => "crash",
            Self::Wipe => "wipe",
            Self::Pause => "pause",
            Self::SlowLinks => "slow-links",
            Self::ClockSkew => "clock-skew",
            Self::SlowDisks => "slow-disks",
            Self::FullDisks => "full-disks",
        }
    }
}

impl Fault {
    /// What it breaks or mends.
    pub fn kind(&self) -> FaultKind {
        match self {
            Self::Partition { .. } | Self::Heal { .. } => FaultKind::Partition,
            Self::Crash { .. } | Self::Restart { .. } => FaultKind::Crash,
            Self::Wipe { .. } | Self::Replace { .. } => FaultKind::Wipe,
            Self::Pause { .. } | Self::Resume { .. } => FaultKind::Pause,
            Self::SlowLinks { .. } | Self::RestoreLinks { .. } => FaultKind::SlowLinks,
            Self::SkewClocks { .. } | Self::ResetClocks { .. } => FaultKind::ClockSkew,
            Self::SlowDisks { .. } | Self::RestoreDisks { .. } => FaultKind::SlowDisks,
            Self::FillDisks { .. } | Self::FreeDisks { .. } => FaultKind::FullDisks,
        }
    }

    /// What mends it; `None` if it mends something itself.
    pub fn undo(&self) -> Option<Self> {
        Some(match self {
            Self::Partition { cuts, .. } => Self::Heal { cuts: cuts.clone() },
            Self::Crash { nodes, .. } => Self::Restart { nodes: nodes.clone() },
            Self::Wipe { nodes } => Self::Replace { nodes: nodes.clone() },
            Self::Pause { nodes } => Self::Resume { nodes: nodes.clone() },
            Self::SlowLinks { links, .. } => Self::RestoreLinks { links: links.clone() },
            Self::SlowDisks { nodes, .. } => Self::RestoreDisks { nodes: nodes.clone() },
            Self::FillDisks { nodes } => Self::FreeDisks { nodes: nodes.clone() },
            Self::SkewClocks { offsets } => {
                Self::ResetClocks { nodes: offsets.iter().map(|(node, _)| *node).collect() }
            }
            Self::Heal { .. }
            | Self::Restart { .. }
            | Self::Replace { .. }
            | Self::Resume { .. }
            | Self::RestoreLinks { .. }
            | Self::RestoreDisks { .. }
            | Self::FreeDisks { .. }
            | Self::ResetClocks { .. } => return None,
        })
    }

    /// The function of its event in a history.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Partition { .. } => "partition",
            Self::Heal { .. } => "heal",
            Self::Crash { .. } => "crash",
            Self::Restart { .. } => "restart",
            Self::Wipe { .. } => "wipe",
            Self::Replace { .. } => "replace",
            Self::Pause { .. } => "pause",
            Self::Resume { .. } => "resume",
            Self::SlowLinks { .. } => "slow-links",
            Self::RestoreLinks { .. } => "restore-links",
            Self::SlowDisks { .. } => "slow-disks",
            Self::RestoreDisks { .. } => "restore-disks",
            Self::FillDisks { .. } => "fill-disks",
            Self::FreeDisks { .. } => "free-disks",
            Self::SkewClocks { .. } => "skew-clocks",
            Self::ResetClocks { .. } => "reset-clocks",
        }
    }

    /// The value of its event in a history: whom it hits, and how, with nodes by name.
    pub fn to_datum(&self, names: &[String]) -> Datum {
        let name = |node: &NodeId| Datum::text(&names[usize::from(*node)]);
        let nodes = |nodes: &[NodeId]| Datum::List(nodes.iter().map(name).collect());
        let links = |links: &[(NodeId, NodeId)]| {
            let link = |(from, to): &(NodeId, NodeId)| Datum::List(vec![name(from), name(to)]);
            Datum::List(links.iter().map(link).collect())
        };
        let map = |entries: Vec<(&str, Datum)>| {
            Datum::Map(entries.into_iter().map(|(key, value)| (Datum::text(key), value)).collect())
        };
        match self {
            Self::Partition { shape, cuts } => {
                map(vec![("shape", Datum::text(shape.name())), ("cuts", links(cuts))])
            }
            Self::Crash { nodes: hit, lose_unsynced } => {
                map(vec![("nodes", nodes(hit)), ("lose-unsynced", Datum::Bool(*lose_unsynced))])
            }
            Self::SlowLinks { links: hit, factor } => {
                map(vec![("links", links(hit)), ("factor", Datum::Int(i64::from(*factor)))])
            }
            Self::SlowDisks { nodes: hit, factor } => {
                map(vec![("nodes", nodes(hit)), ("factor", Datum::Int(i64::from(*factor)))])
            }
            Self::SkewClocks { offsets } => {
                let offset = |(node, offset): &(NodeId, i64)| (name(node), Datum::Int(*offset));
                map(vec![("offsets-ns", Datum::Map(offsets.iter().map(offset).collect()))])
            }
            Self::Heal { cuts: hit } | Self::RestoreLinks { links: hit } => {
                map(vec![("links", links(hit))])
            }
            Self::Restart { nodes: hit }
            | Self::Wipe { nodes: hit }
            | Self::Replace { nodes: hit }
            | Self::Pause { nodes: hit }
            | Self::Resume { nodes: hit }
            | Self::RestoreDisks { nodes: hit }
            | Self::FillDisks { nodes: hit }
            | Self::FreeDisks { nodes: hit }
            | Self::ResetClocks { nodes: hit } => map(vec![("nodes", nodes(hit))]),
        }
    }
}

/// A fault and when it comes.
pub(super) type Due = (Nanos, Fault);
