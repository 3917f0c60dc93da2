//! The quorum system of a workload, where not any R and any W nodes make a quorum.

use super::WorkloadError;
use super::file::{Field, File, RawCluster, Source};
use crate::quorum::{Names, ReadWriteSystem, SystemError};

/// The system that a cluster names or writes down, over its nodes if those are known; `None` if quorums are
/// counted.
pub(super) fn system(
    file: &File,
    nodes: Option<&[String]>,
) -> Result<Option<ReadWriteSystem>, WorkloadError> {
    let (source, raw) = (&file.source, &file.raw.cluster);
    let Some((name, field)) = chosen(raw) else { return Ok(None) };
    let wrong = |problem: String| source.error(&field.place, name, problem);
    said_twice(source, raw, name)?;
    let system = match (name, nodes) {
        ("cluster.system", _) => named(&field.value, nodes).map_err(wrong)?,
        ("cluster.read_quorums", nodes) => {
            written(&field.value, raw, nodes).map_err(|error| wrong(error.to_string()))?
        }
        _ => return Err(wrong("expected a field `read_quorums` beside it".to_owned())),
    };
    Ok(Some(system))
}

/// The field that says it first.
fn chosen(raw: &RawCluster) -> Option<(&'static str, &Field<String>)> {
    let fields = [
        ("cluster.system", &raw.system),
        ("cluster.read_quorums", &raw.read_quorums),
        ("cluster.write_quorums", &raw.write_quorums),
    ];
    fields.into_iter().find_map(|(name, field)| Some((name, field.as_ref()?)))
}

/// Quorums are said once.
fn said_twice(source: &Source, raw: &RawCluster, name: &str) -> Result<(), WorkloadError> {
    let counted = [("cluster.r", &raw.r), ("cluster.w", &raw.w)];
    let counted = counted.iter().find_map(|(other, field)| Some((*other, &field.as_ref()?.place)));
    let written = raw.read_quorums.as_ref().filter(|_| name == "cluster.system");
    let written = written.map(|field| ("cluster.read_quorums", &field.place));
    match counted.or(written) {
        None => Ok(()),
        Some((other, place)) => {
            let problem = format!("`{name}` says which quorums there are; expected one of the two");
            Err(source.error(place, other, problem))
        }
    }
}

/// A family of the literature, over nodes with these names.
fn named(text: &str, nodes: Option<&[String]>) -> Result<ReadWriteSystem, String> {
    let mut system = ReadWriteSystem::named(text).map_err(|error| error.to_string())?;
    let Some(nodes) = nodes else { return Ok(system) };
    if nodes.len() != system.names.len() {
        return Err(format!(
            "{text} has {} nodes, and the cluster {}; expected the same number, or no `nodes`",
            system.names.len(),
            nodes.len()
        ));
    }
    system.names = names(nodes);
    Ok(system)
}

/// Quorums as expressions.
fn written(
    reads: &str,
    raw: &RawCluster,
    nodes: Option<&[String]>,
) -> Result<ReadWriteSystem, SystemError> {
    let writes = raw.write_quorums.as_ref().map(|field| field.value.as_str());
    match nodes {
        None => ReadWriteSystem::of_expressions(reads, writes),
        Some(nodes) => ReadWriteSystem::over_nodes(names(nodes), reads, writes),
    }
}

fn names(nodes: &[String]) -> Names {
    nodes.iter().cloned().collect()
}
