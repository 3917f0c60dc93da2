//! Which node was asked for which operation.

use std::collections::BTreeMap;

use quorate_checker::Op;

use crate::protocol::NodeId;

/// Which node was asked for which operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Clients are spread over the nodes in turn, each keeps its node, and a process keeps its number
    /// modulo the number of clients for all its successors.
    InTurn {
        /// How many clients there are.
        clients: u32,
        /// How many nodes there are.
        nodes: u16,
    },
    /// A script says it each time: by the position of the invocation.
    EachTime(BTreeMap<u32, NodeId>),
}

impl Asked {
    /// The node that a client talks to.
    pub fn home(client: u32, nodes: u16) -> NodeId {
        (client % u32::from(nodes)) as NodeId
    }

    /// The node that was asked for an operation; `None` if nobody knows.
    pub fn node(&self, op: &Op) -> Option<NodeId> {
        match self {
            Self::InTurn { clients, nodes } => Some(Self::home(op.process() % clients, *nodes)),
            Self::EachTime(nodes) => nodes.get(&op.call).copied(),
        }
    }
}
