//! What converges by itself.

use super::reads_meet_writes;
use super::theory::{Condition, Hazards, Promise, read_write_sum};
use super::versions;
use crate::protocol::{Configuration, Object};

const SOURCE: &str =
    "Shapiro, Preguiça, Baquero and Zawirski, \"Conflict-free replicated data types\", 2011";

/// Counters, sets and registers whose replicas only ever join what they hold.
pub(super) fn crdt(config: &Configuration, hazards: Hazards) -> Promise {
    if !matches!(hazards.object, Object::Counter | Object::Set) {
        return register(config, hazards);
    }
    let (mends, meets) = (config.anti_entropy, reads_meet_writes(config));
    let mended = if mends {
        "replicas compare what they hold"
    } else {
        "nobody mends a replica that missed something"
    };
    let condition = match (mends, meets) {
        (true, true) => Condition::ConvergentRegular,
        (true, false) => Condition::StrongEventual,
        (false, true) => Condition::WeakRegular,
        (false, false) => Condition::Nothing,
    };
    let reason = match (mends, meets) {
        (_, true) => {
            "What replicas hold only grows, so a read shows whatever had been completed before it. Two reads \
             may each show what the other does not: nobody orders anything."
        }
        (true, false) => {
            "Replicas that have heard of the same adds hold the same, whatever the order, and in the end all \
             have heard of all. Until then a read may miss even what its own client has added."
        }
        (false, false) => {
            "A replica that missed an add learns of it from nobody, and a read need not meet one that has it."
        }
    };
    let remedy = match (mends, meets) {
        (true, true) => String::new(),
        (true, false) => versions::missed_reads(config).remedy,
        (false, _) => "anti_entropy = true".to_owned(),
    };
    let because = format!("{}, and {mended}", read_write_sum(config));
    Promise { condition, because, reason: reason.to_owned(), remedy, source: SOURCE }
}

/// A register in which the last writer wins is one, too, and promises what its clocks allow.
fn register(config: &Configuration, hazards: Hazards) -> Promise {
    let promise = versions::lww(config, hazards);
    let condition = match promise.condition {
        Condition::Eventual if config.anti_entropy => Condition::StrongEventual,
        condition => condition,
    };
    let remedy = match condition {
        Condition::Linearizable => String::new(),
        _ => "protocol = \"abd\"".to_owned(),
    };
    Promise { condition, remedy, ..promise }
}
