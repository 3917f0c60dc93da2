//! What a configuration promises by theory, and whether it is possible at all.

mod consensus;
mod dynamo;
mod liars;
mod theory;
mod versions;

pub use theory::{Condition, Hazards, Promise, promise};

use crate::protocol::{Configuration, NODE_COUNT_MAX, Protocol};

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
    let Configuration { n, r, w, replicas, pr, pw, .. } = *config;
    let impossible = |field, problem| Err(Impossible { field, problem });
    if n == 0 {
        return impossible("nodes", "N = 0: a cluster has at least one node".to_owned());
    }
    if usize::from(n) > NODE_COUNT_MAX {
        let problem =
            format!("N = {n} > {NODE_COUNT_MAX}: more nodes than a cluster can have here");
        return impossible("nodes", problem);
    }
    check_uses(config)?;
    if let Some(system) = &config.system
        && (system.reads_meet_writes().is_err() || system.writes_meet_writes().is_err())
    {
        let problem =
            "too many quorums to say whether they meet; expected fewer nodes or thresholds";
        return impossible("system", problem.to_owned());
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

/// Whether what was set means anything to the protocol.
fn check_uses(config: &Configuration) -> Result<(), Impossible> {
    let Configuration { protocol, n, replicas, pr, pw, liars, .. } = *config;
    let is_sloppy = protocol == Protocol::Sloppy;
    let is_masked = matches!(protocol, Protocol::Abd | Protocol::Masking);
    let by_count = matches!(protocol, Protocol::Sloppy | Protocol::Masking) || liars > 0;
    let settings = [
        (
            "system",
            config.system.is_some(),
            !by_count,
            "abd, lww or another without votes to count",
        ),
        ("replicas", replicas != n, is_sloppy, "sloppy"),
        ("pr", pr > 0, is_sloppy, "sloppy"),
        ("pw", pw > 0, is_sloppy, "sloppy"),
        ("liars", liars > 0, is_masked, "abd or masking"),
    ];
    match settings.iter().find(|(_, is_set, is_used, _)| *is_set && !is_used) {
        None => Ok(()),
        Some((field, _, _, users)) => Err(Impossible {
            field,
            problem: format!(
                "means nothing to protocol {}; expected protocol {users}",
                protocol.name()
            ),
        }),
    }
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
