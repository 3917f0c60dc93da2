//! What theory guarantees of a chain.

use super::theory::{Condition, Promise};
use crate::protocol::{Configuration, Reads};

const SOURCE: &str = "van Renesse and Schneider 2004";

/// What chain replication guarantees.
pub(super) fn chain(config: &Configuration) -> Promise {
    if config.reads == Reads::Any && config.n > 1 {
        return Promise {
            condition: Condition::Sequential,
            because: "reads = \"any\": whichever node is asked answers".into(),
            reason:
                "Word of what the tail has comes up the chain one node at a time, so the nodes \
                     before it answer from the past. Each goes through the same writes in the same \
                     order, so a client that stays with its node never goes back."
                    .into(),
            remedy: "reads = \"tail\"".into(),
            source: SOURCE,
        };
    }
    Promise {
        condition: Condition::Linearizable,
        because: "writes enter at the head, reads are answered at the tail".into(),
        reason: "What the tail has, all have, and the tail takes writes and reads one after the \
                 other. While any node is down or cut off, nothing is written."
            .into(),
        remedy: String::new(),
        source: SOURCE,
    }
}
