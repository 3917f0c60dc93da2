//! Replicas that lie (Malkhi and Reiter, "Byzantine quorum systems", 1998).

use super::theory::{Condition, Promise, read_write_sum};
use crate::protocol::{Configuration, Lies};

const SOURCE: &str = "Malkhi and Reiter 1998";

/// Counted versions where some replicas lie; `None` if that changes nothing.
pub(super) fn plain(config: &Configuration) -> Option<Promise> {
    let Configuration { n, r, w, liars, .. } = *config;
    match config.lies {
        Lies::Forged => Some(Promise {
            condition: Condition::Anything,
            because: format!("{liars} of N = {n} replicas forge values, and one answer is believed"),
            reason: "A read returns the latest version that anybody says it holds, and whoever lies can \
                     say anything."
                .into(),
            remedy: believe_many(config),
            source: SOURCE,
        }),
        Lies::Forgotten if (r + w).min(w + w) > n + liars => None,
        Lies::Forgotten => {
            let enough = n.midpoint(liars) + 1;
            Some(Promise {
                condition: Condition::Nothing,
                because: format!(
                    "{}, but {liars} of the replicas in which two quorums meet may have forgotten",
                    read_write_sum(config)
                ),
                reason: "Signed values cannot be forged, but a replica can keep what it was told to \
                         itself: two quorums must meet in more replicas than can lie."
                    .into(),
                remedy: if enough <= n {
                    format!("R = W = {enough}, so that R + W > N + liars")
                } else {
                    "liars = 0".into()
                },
                source: SOURCE,
            })
        }
    }
}

/// The change to masking quorums, and whatever makes that worth it.
fn believe_many(config: &Configuration) -> String {
    let masked = masking(config);
    let remedy = "protocol = \"masking\", which believes only what more replicas say than can lie";
    match masked.condition {
        Condition::Anything if masked.remedy.starts_with("liars") => masked.remedy,
        Condition::Anything => format!("{remedy}; and {}", masked.remedy),
        _ => remedy.to_owned(),
    }
}

/// Masking quorums.
pub(super) fn masking(config: &Configuration) -> Promise {
    let Configuration { n, r, w, liars, .. } = *config;
    let (met, needed) = ((r + w).min(w + w), n + 2 * liars);
    if met <= needed {
        let enough = n / 2 + liars + 1;
        return Promise {
            condition: Condition::Anything,
            because: format!("R + W or W + W = {met} <= N + 2 f = {needed}"),
            reason:
                "Two quorums must meet in more honest replicas than can lie, or a lie can outvote \
                     the truth."
                    .into(),
            remedy: if enough <= n { format!("R = W = {enough}") } else { "liars = 0".into() },
            source: SOURCE,
        };
    }
    let because = format!("R + W and W + W = {met} > N + 2 f = {needed}");
    if config.write_back {
        return Promise {
            condition: Condition::Linearizable,
            because,
            reason: "Any two quorums meet in more honest replicas than can lie; a read returns what more \
                     replicas vouch for than can lie, and stores it before it returns it."
                .into(),
            remedy: String::new(),
            source: SOURCE,
        };
    }
    Promise {
        condition: Condition::WeakRegular,
        because: format!("{because}, but reads do not write back"),
        reason: "Any two quorums meet in more honest replicas than can lie, so a read finds every \
                 completed write. What one read returned the next may miss while a write is under way."
            .into(),
        remedy: "write_back = true".into(),
        source: SOURCE,
    }
}
