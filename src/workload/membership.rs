//! Which nodes of a cluster are replicas, where that changes.

use super::WorkloadError;
use super::file::{Field, RawCluster, Source};
use super::resolve::{duration, list, one_of};
use crate::protocol::{Change, Configuration, NodeId, NodeSet};

/// Takes over what a cluster says of its members.
pub(super) fn choose(
    source: &Source,
    raw: &RawCluster,
    names: &[String],
    config: &mut Configuration,
) -> Result<(), WorkloadError> {
    if let Some(field) = &raw.members {
        config.members = nodes(source, field, "cluster.members", names)?;
        config.new_members = config.members;
    }
    if let Some(field) = &raw.new_members {
        config.new_members = nodes(source, field, "cluster.new_members", names)?;
    }
    if let Some(field) = &raw.change {
        config.change = one_of(source, field, "cluster.change", Change::ALL, Change::name)?;
    }
    let after = raw.change_after.as_ref();
    config.change_after = duration(source, after, "cluster.change_after", config.change_after)?;
    Ok(())
}

/// The nodes with these names.
fn nodes(
    source: &Source,
    field: &Field<Vec<String>>,
    name: &str,
    names: &[String],
) -> Result<NodeSet, WorkloadError> {
    let wrong = |problem: String| Err(source.error(&field.place, name, problem));
    let mut nodes = NodeSet::EMPTY;
    for member in &field.value {
        let Some(node) = names.iter().position(|name| name == member) else {
            return wrong(format!("no node \"{member}\"; expected {}", list(names)));
        };
        if nodes.contains(node as NodeId) {
            return wrong(format!("node \"{member}\" stands twice; expected different names"));
        }
        nodes.insert(node as NodeId);
    }
    if nodes.is_empty() {
        return wrong("an empty list; expected at least one node".to_owned());
    }
    Ok(nodes)
}
