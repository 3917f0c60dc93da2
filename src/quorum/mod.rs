//! Quorum systems as mathematics: which sets of nodes are quorums, whether quorums meet, and what that
//! costs. Nothing here knows of protocols, messages or clocks.
//!
//! A [`Rule`] says when a set is a quorum; a [`ReadWriteSystem`] has one for reads and one for writes. The
//! questions, each with its method or function:
//!
//! | question | answer |
//! |---|---|
//! | which quorums are minimal | [`Rule::minimal_quorums`] |
//! | do quorums meet, in how many nodes, and which do not | [`ReadWriteSystem::reads_meet_writes`] |
//! | how many failures are survived | [`Rule::resilience`], [`Rule::resilient_quorums`] |
//! | how probable is it that a quorum is alive | [`Rule::availability`] |
//! | how busy is the busiest node, and with which strategy | [`ReadWriteSystem::strategy`] |
//! | how probable is it that a read misses a write | [`miss_probability`] |
//! | which system is best for these nodes | [`search`] |

mod availability;
mod explanation;
mod expression;
mod failures;
mod figures;
mod meet;
mod minimal;
mod named;
mod names;
mod resilient;
mod rule;
mod search;
mod set;
mod staleness;
mod strategy;
mod system;
mod warning;

pub use explanation::{Best, Doubts, Explanation, Side, Subject, Zone};
pub use expression::{ExpressionError, Unknown, parse};
pub use failures::{Failures, quorum_size};
pub use figures::{Figures, ReadFraction};
pub use meet::{Meeting, fewest_in_common, fewest_in_common_among};
pub use minimal::{TooMany, binomial};
pub use named::FAMILIES;
pub use names::Names;
pub use rule::{Rule, Shown};
pub use search::{Found, Outcome, Search, search};
pub use set::{NODES_MAX, NodeSet};
pub use staleness::{
    exponential_latency, exponential_order_statistic, miss_bound, miss_last, miss_probability,
};
pub use strategy::{Choice, Goal, Limits, NoStrategy, Strategy, Wanted, latency_of};
pub use system::{ReadWriteSystem, SystemError};
pub use warning::{Warning, warnings};
