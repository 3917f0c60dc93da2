//! Whether nodes and clients speak TLS, which takes nodes of ours, with names for certificates.

use std::collections::BTreeSet;

use super::WorkloadError;
use super::file::File;
use super::resolve::{Kind, Subject};
use crate::node::tls::dns_name;

/// Whether a workload asks for TLS.
pub(super) fn tls(file: &File, subject: &Subject, nodes: &[String]) -> Result<bool, WorkloadError> {
    let Some(field) = file.raw.network.tls.as_ref().filter(|field| field.value) else {
        return Ok(false);
    };
    let wrong = |problem: String| Err(file.source.error(&field.place, "network.tls", problem));
    if subject.kind != Kind::Own {
        let problem =
            format!("it is for nodes of ours, not for {}; expected it to go", subject.name);
        return wrong(problem);
    }
    // Certificates know no capital letters.
    let mut seen = BTreeSet::new();
    for node in nodes {
        if dns_name(node).is_none() {
            let problem = format!(
                "a certificate cannot have the name of node \"{node}\"; expected names such as n1"
            );
            return wrong(problem);
        }
        if !seen.insert(node.to_ascii_lowercase()) {
            let problem = format!(
                "another node is called \"{node}\" but for capital letters; expected different names"
            );
            return wrong(problem);
        }
    }
    Ok(true)
}
