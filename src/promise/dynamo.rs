//! Stores that would rather answer than agree: sloppy quorums, siblings, and votes without versions.

use super::reads_meet_writes;
use super::theory::{Condition, Hazards, Promise, read_write_sum};
use super::versions::{self, missed_reads};
use crate::protocol::{Configuration, Protocol};

/// Others stand in for replicas.
pub(super) fn sloppy(config: &Configuration, hazards: Hazards) -> Promise {
    let Configuration { n, replicas, r, w, pr, pw, .. } = *config;
    let strict =
        |r, w| Configuration { protocol: Protocol::Lww, n: replicas, r, w, ..config.clone() };
    if hazards.clock_skew {
        let remedy = versions::count_versions(config, hazards);
        return Promise { remedy, ..versions::lww(&strict(r, w), hazards) };
    }
    if replicas == n {
        // Nobody is left to stand in: all answers are the replicas' own.
        return versions::lww(&strict(r, w), hazards);
    }
    if pr + pw <= replicas {
        return Promise {
            condition: Condition::Eventual,
            because: format!("PR + PW = {pr} + {pw} = {} <= {replicas} replicas", pr + pw),
            reason:
                "Whoever stands in for a replica counts for a write, and need not be asked by a \
                     read: R + W > N says nothing about quorums that are not made of replicas."
                    .into(),
            remedy: format!("PR = PW = {}, so that PR + PW > {replicas}", replicas / 2 + 1),
            source: "DeCandia et al., \"Dynamo\", 2007; Riak's PR and PW",
        };
    }
    versions::lww(&strict(pr, pw), hazards)
}

/// Vector clocks.
pub(super) fn siblings(config: &Configuration, hazards: Hazards) -> Promise {
    if !reads_meet_writes(config) {
        return missed_reads(config);
    }
    Promise {
        condition: Condition::WeakRegular,
        because: format!(
            "{}, and values written without knowing of each other are kept side by side",
            read_write_sum(config)
        ),
        reason: "A read finds every completed write that nothing has replaced, and no acknowledged write \
                 is lost. Of several siblings it returns one, and the next read may return another."
            .into(),
        remedy: versions::count_versions(config, hazards),
        source: "DeCandia et al., \"Dynamo\", 2007",
    }
}

/// Votes without versions.
pub(super) fn voting() -> Promise {
    Promise {
        condition: Condition::Nothing,
        because: "replicas keep what reached them last, whenever it was written".into(),
        reason: "A message that is late, or arrives twice, overwrites a newer value at its replica, and \
                 may so turn a majority; after a partial write there may be none at all."
            .into(),
        remedy: "protocol = \"abd\", whose values have versions".into(),
        source: "Thomas, \"A majority consensus approach\", TODS 4(2), 1979, on why votes need timestamps",
    }
}
