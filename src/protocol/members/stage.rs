//! The stages of a change, and whose majorities count in each.

use serde::{Deserialize, Serialize};

use super::super::Configuration;
use super::super::set::NodeSet;

/// Which members count.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub(in crate::protocol) enum Stage {
    /// Those from before.
    #[default]
    Old,
    /// Both.
    Joint,
    /// The new ones.
    New,
}

impl Stage {
    /// Who is asked.
    pub(super) fn members(self, config: &Configuration) -> NodeSet {
        match self {
            Self::Old => config.members,
            Self::Joint => config.members.iter().chain(config.new_members.iter()).collect(),
            Self::New => config.new_members,
        }
    }

    /// Whether so many have answered.
    pub(super) fn is_quorum(self, config: &Configuration, nodes: NodeSet) -> bool {
        let (old, new) = (config.members, config.new_members);
        match self {
            Self::Old => is_majority(nodes, old),
            Self::Joint => is_majority(nodes, old) && is_majority(nodes, new),
            Self::New => is_majority(nodes, new),
        }
    }
}

pub(super) fn is_majority(nodes: NodeSet, members: NodeSet) -> bool {
    let present = members.iter().filter(|member| nodes.contains(*member)).count();
    present > usize::from(members.len()) / 2
}
