//! What a configuration promises by theory, and whether it is possible at all.

mod theory;

pub use theory::{Condition, Hazards, Promise, promise};

use crate::protocol::{Configuration, NODE_COUNT_MAX};

/// Whether a configuration is possible at all; if not, the inequality that fails.
pub fn check(config: &Configuration) -> Result<(), String> {
    let Configuration { n, r, w, .. } = *config;
    if n == 0 {
        return Err("N = 0: a cluster has at least one node".to_owned());
    }
    if usize::from(n) > NODE_COUNT_MAX {
        return Err(format!("N = {n} > {NODE_COUNT_MAX}: more nodes than a cluster can have here"));
    }
    for (name, quorum, whose) in [("R", r, "read"), ("W", w, "write")] {
        if quorum == 0 {
            return Err(format!(
                "{name} = 0 < 1: a {whose} that waits for nobody learns nothing; expected 1 to {n}"
            ));
        }
        if quorum > n {
            return Err(format!(
                "{name} = {quorum} > N = {n}: no {whose} can ever complete; expected 1 to {n}"
            ));
        }
    }
    Ok(())
}

/// Whether every read quorum meets every write quorum.
pub fn reads_meet_writes(config: &Configuration) -> bool {
    config.r + config.w > config.n
}

/// Whether every two write quorums meet.
pub fn writes_meet_writes(config: &Configuration) -> bool {
    config.w + config.w > config.n
}
