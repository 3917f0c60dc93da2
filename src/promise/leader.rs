//! What theory guarantees of protocols with a leader.

use super::theory::{Condition, Hazards, Promise};
use crate::protocol::{Acks, Configuration, Election, Reads};

const THESIS: &str = "Ongaro 2014, chapters 3 and 6";

/// What Raft guarantees.
pub(super) fn raft(config: &Configuration, hazards: Hazards) -> Promise {
    let (n, majority) = (config.n, config.majority());
    let because = format!("majorities meet: {majority} + {majority} > N = {n}");
    in_order(config, hazards, because, THESIS)
}

/// What a primary and its backups guarantee.
pub(super) fn primary(config: &Configuration, hazards: Hazards) -> Promise {
    match config.acks {
        Acks::Count(backups) => counted(config, hazards, backups),
        Acks::Insync => insync(config, hazards),
    }
}

/// A write is acknowledged by the primary and so many backups.
fn counted(config: &Configuration, hazards: Hazards, backups: u16) -> Promise {
    const SOURCE: &str = "Kingsbury on Redis Sentinel and on MongoDB, 2013; Oki and Liskov, \
                          \"Viewstamped replication\", 1988";
    let (n, majority, copies) = (config.n, config.majority(), backups + 1);
    if copies == n {
        let because = format!("all N = {n} nodes have what is acknowledged");
        return in_order(config, hazards, because, SOURCE);
    }
    let enough = format!("acks = {}", n - majority);
    let meets = copies + majority > n;
    if config.election == Election::Any {
        let more = if meets { String::new() } else { format!("; and {enough}") };
        return Promise {
            condition: Condition::Eventual,
            because: format!("election = \"any\", and {copies} of N = {n} have a write"),
            reason:
                "After the primary has fallen silent, a node may lead that does not have the last \
                     writes. Whoever has them throws them away."
                    .into(),
            remedy: format!("election = \"latest\"{more}"),
            source: SOURCE,
        };
    }
    let sum = |relation| {
        format!(
            "copies + majority = {copies} + {majority} {relation} N = {n}, with acks = {backups}"
        )
    };
    if meets {
        return in_order(config, hazards, sum(">"), SOURCE);
    }
    Promise {
        condition: Condition::Eventual,
        because: sum("<="),
        reason:
            "The majority that elects the next primary need not have anybody in it who has the \
                 last acknowledged writes. Until it hears of the next one, the old primary \
                 acknowledges more, and then throws them away."
                .into(),
        remedy: enough,
        source: SOURCE,
    }
}

/// A write is acknowledged by all nodes in sync.
fn insync(config: &Configuration, hazards: Hazards) -> Promise {
    const SOURCE: &str = "Kafka: Wang et al., \"Building a replicated logging system with Apache \
                          Kafka\", VLDB 2015; Kingsbury on Kafka, 2013";
    if config.election == Election::Any && config.n > 1 {
        return Promise {
            condition: Condition::Eventual,
            because: "election = \"any\": a node that is not in sync may lead".into(),
            reason:
                "Nodes that lag are not waited for, so what is acknowledged may be on the primary \
                     alone. If a node that lagged leads after it, that is thrown away."
                    .into(),
            remedy: "election = \"latest\"".into(),
            source: SOURCE,
        };
    }
    let because = "only nodes in sync lead, and a majority decides who is".to_owned();
    in_order(config, hazards, because, SOURCE)
}

/// Whether a new leader can be elected and commit while the old one hears of nothing.
fn can_be_deposed_unheard(config: &Configuration) -> bool {
    let others = config.n - 1;
    let can_commit = match config.acks {
        Acks::Count(backups) => backups < others,
        Acks::Insync => true,
    };
    config.majority() <= others && can_commit
}

/// Of writes that are never lost and all have one order: what reads make of it.
fn in_order(
    config: &Configuration,
    hazards: Hazards,
    because: String,
    source: &'static str,
) -> Promise {
    let sequential = |because: &str, reason: &str| Promise {
        condition: Condition::Sequential,
        because: because.to_owned(),
        reason: format!(
            "{reason} Each node goes through the same writes in the same order, so a client that \
             stays with its node never goes back."
        ),
        remedy: "reads = \"read-index\"".into(),
        source,
    };
    match config.reads {
        Reads::Any if config.n > 1 => sequential(
            "reads = \"any\": whichever node is asked answers",
            "Nodes hear late of what is committed and answer from the past.",
        ),
        Reads::Sync if can_be_deposed_unheard(config) => sequential(
            "reads = \"sync\": nobody asks whether the leader still leads",
            "A leader that was deposed and has not heard of it still says how much is committed.",
        ),
        Reads::Lease if can_be_deposed_unheard(config) && hazards.clock_skew => sequential(
            "leases are timed by clocks that jump",
            "A leader whose clock was set back is sure of itself when others already lead.",
        ),
        _ => Promise {
            condition: Condition::Linearizable,
            because,
            reason: format!(
                "Whoever leads next has all that was acknowledged, in the same order. {}",
                sureness(config.reads)
            ),
            remedy: String::new(),
            source,
        },
    }
}

/// Why reads are up to date.
fn sureness(reads: Reads) -> &'static str {
    match reads {
        Reads::Log => "Reads have their turn in it as writes have.",
        Reads::ReadIndex => "Before a read, the leader makes sure that it still leads.",
        Reads::Lease => {
            "Before a read, the leader has made sure that it still leads, and nobody else does before \
             its lease is over, as long as clocks do not jump."
        }
        Reads::Sync | Reads::Tail | Reads::Any => {
            "Nobody can lead and acknowledge before the old leader has heard of it."
        }
    }
}
