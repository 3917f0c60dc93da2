//! What a configuration promises, as text and as JSON.

use serde_json::{Value, json};

use super::quorum::explained_json;
use super::text::{configuration, entry};
use crate::promise::Promise;
use crate::quorum::Explanation;
use crate::workload::Workload;

/// What is promised, why, and what people get wrong about it.
pub fn promised(workload: &Workload, promise: &Promise, remarks: &[&str]) -> String {
    let mut out = configuration(&workload.config) + "\n\n";
    entry(&mut out, "promised", &format!("{}: {}.", promise.condition.name(), promise.because));
    entry(&mut out, "", &promise.reason);
    if !promise.remedy.is_empty() {
        entry(&mut out, "remedy", &promise.remedy);
    }
    entry(&mut out, "source", promise.source);
    for remark in remarks {
        entry(&mut out, "beware", remark);
    }
    out
}

/// The same as one document, with what its quorums are worth.
pub fn promised_json(
    workload: &Workload,
    promise: &Promise,
    remarks: &[&str],
    quorums: &Explanation<'_>,
) -> Value {
    let config = &workload.config;
    json!({
        "protocol": config.protocol.name(),
        "n": config.n,
        "r": config.r,
        "w": config.w,
        "promise": promise,
        "remarks": remarks,
        "quorums": explained_json(quorums),
    })
}
