//! What a configuration promises by theory, and whether it is possible at all.

mod chain;
mod consensus;
mod crdt;
mod doubts;
mod dynamo;
mod leader;
mod liars;
mod members;
mod theory;
mod versions;

pub use doubts::doubts;
pub use theory::{Condition, Hazards, Promise, promise};

use crate::protocol::{Asks, Configuration, NODE_COUNT_MAX, Setting};
use crate::quorum::ReadWriteSystem;

/// Why a configuration is impossible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impossible {
    /// The field of the cluster that is to blame.
    pub field: &'static str,
    /// The inequality that fails.
    pub problem: String,
}

/// Whether a configuration is possible at all.
pub fn check(config: &Configuration) -> Result<(), Impossible> {
    let Configuration { n, r, w, replicas, pr, pw, liars, .. } = *config;
    let impossible = |field, problem| Err(Impossible { field, problem });
    if n == 0 {
        return impossible("nodes", "N = 0: a cluster has at least one node".to_owned());
    }
    if usize::from(n) > NODE_COUNT_MAX {
        let problem =
            format!("N = {n} > {NODE_COUNT_MAX}: more nodes than a cluster can have here");
        return impossible("nodes", problem);
    }
    if !config.protocol.facts().settings.contains(&Setting::R) {
        return Ok(());
    }
    if let Some(system) = &config.system {
        check_system(system, liars)?;
    }
    check_witnesses(config)?;
    if matches!(config.asks, Asks::Chance | Asks::Alive) && config.system.is_some() {
        let problem = format!(
            "asks = \"{}\" takes so many nodes, whichever they are; expected r and w instead of a system",
            config.asks.name()
        );
        return impossible("asks", problem);
    }
    for (field, name, quorum, whose) in [("r", "R", r, "read"), ("w", "W", w, "write")] {
        if quorum == 0 {
            let problem = format!(
                "{name} = 0 < 1: a {whose} that waits for nobody learns nothing; expected 1 to {n}"
            );
            return impossible(field, problem);
        }
    }
    let whole = if replicas == n { "N" } else { "replicas" };
    let quorums = [
        ("r", "R", r, "read"),
        ("w", "W", w, "write"),
        ("pr", "PR", pr, "read"),
        ("pw", "PW", pw, "write"),
    ];
    match quorums.iter().find(|(_, _, quorum, _)| *quorum > replicas) {
        None => Ok(()),
        Some((field, name, quorum, whose)) => {
            let problem = format!(
                "{name} = {quorum} > {whole} = {replicas}: no {whose} can ever complete; expected 1 to \
                 {replicas}"
            );
            impossible(field, problem)
        }
    }
}

/// Whether so many replicas can be without values.
fn check_witnesses(config: &Configuration) -> Result<(), Impossible> {
    let Configuration { n, witnesses, liars, .. } = *config;
    let impossible = |problem| Err(Impossible { field: "witnesses", problem });
    if witnesses == 0 {
        return Ok(());
    }
    if witnesses >= n {
        let problem = format!(
            "{witnesses} witnesses >= N = {n}: nobody has a value; expected 0 to {}",
            n - 1
        );
        return impossible(problem);
    }
    let beside = [
        (liars > 0, "liars = 0"),
        (config.anti_entropy, "anti_entropy = false"),
        (config.system.is_some(), "r and w instead of a system"),
    ];
    match beside.into_iter().find(|(is_there, _)| *is_there) {
        None => Ok(()),
        Some((_, expected)) => impossible(format!(
            "witnesses are told by their number and have nothing to give to others; expected {expected} \
             beside them"
        )),
    }
}

/// Whether quorums of a system can be used.
fn check_system(system: &ReadWriteSystem, liars: u16) -> Result<(), Impossible> {
    let impossible =
        |problem: &str| Err(Impossible { field: "system", problem: problem.to_owned() });
    if liars > 0 {
        return impossible(
            "replicas that lie are told by their number; expected liars = 0 or r and w",
        );
    }
    if system.reads_meet_writes().is_err() || system.writes_meet_writes().is_err() {
        let problem =
            "too many quorums to say whether they meet; expected fewer nodes or thresholds";
        return impossible(problem);
    }
    Ok(())
}

/// Whether every read quorum meets every write quorum.
pub fn reads_meet_writes(config: &Configuration) -> bool {
    match &config.system {
        None => config.r + config.w > config.n,
        Some(system) => system.reads_meet_writes().is_ok_and(|meeting| meeting.always()),
    }
}

/// Whether every two write quorums meet.
pub fn writes_meet_writes(config: &Configuration) -> bool {
    match &config.system {
        None => config.w + config.w > config.n,
        Some(system) => system.writes_meet_writes().is_ok_and(|meeting| meeting.always()),
    }
}
