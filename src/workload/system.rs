//! The table `system` of a workload: which installed system runs, in the place of nodes of our own.

use super::WorkloadError;
use super::file::{Field, File, Place, RawCluster, Source};
use crate::systems::{Choice, Facts, Mode, Modes, SYSTEMS, System};

/// The system that a workload asks for, if it does.
pub(super) fn choice(file: &File) -> Result<Option<Choice>, WorkloadError> {
    let (source, raw) = (&file.source, &file.raw.system);
    let Some(name) = &raw.name else {
        let lonely = [("read", &raw.read), ("write", &raw.write)];
        return lonely
            .iter()
            .find_map(|(name, field)| field.as_ref().map(|field| (name, field)))
            .map_or(Ok(None), |(name, field)| {
                let problem = "it is a word of a system; expected a field `name` beside it";
                Err(source.error(&field.place, &format!("system.{name}"), problem))
            });
    };
    let system = find(source, name)?;
    let facts = system.facts();
    if let Some((place, field)) = besides_nodes(&file.raw.cluster) {
        let problem = format!("{} has nodes of its own; expected nodes at most", facts.name);
        return Err(source.error(place, &format!("cluster.{field}"), problem));
    }
    let read = mode(source, facts, "read", raw.read.as_ref(), facts.reads)?;
    let write = mode(source, facts, "write", raw.write.as_ref(), facts.writes)?;
    Ok(Some(Choice { system, modes: Modes { read, write } }))
}

/// Where a file asks for a system, which only `quorate run` can start.
pub(super) fn refuse(file: &File) -> Result<(), WorkloadError> {
    match &file.raw.system.name {
        None => Ok(()),
        Some(name) => {
            let problem = "a real system can be run, not simulated; expected `quorate run`";
            Err(file.source.error(&name.place, "system.name", problem))
        }
    }
}

fn find(source: &Source, name: &Field<String>) -> Result<&'static dyn System, WorkloadError> {
    let system = SYSTEMS.iter().copied().find(|system| system.facts().name == name.value);
    system.ok_or_else(|| {
        let names: Vec<&str> = SYSTEMS.iter().map(|system| system.facts().name).collect();
        let problem = format!("found \"{}\"; expected one of {}", name.value, names.join(", "));
        source.error(&name.place, "system.name", problem)
    })
}

/// The mode of reads or of writes: the one that is asked for, or the usual one.
fn mode(
    source: &Source,
    facts: &Facts,
    what: &str,
    field: Option<&Field<String>>,
    modes: &'static [Mode],
) -> Result<&'static str, WorkloadError> {
    let Some(field) = field else { return Ok(modes[0].name) };
    modes.iter().map(|mode| mode.name).find(|name| *name == field.value).ok_or_else(|| {
        let names: Vec<&str> = modes.iter().map(|mode| mode.name).collect();
        let (system, names) = (facts.name, names.join(", "));
        let problem = format!("found \"{}\"; {system} has {names}", field.value);
        source.error(&field.place, &format!("system.{what}"), problem)
    })
}

/// The first field that says something of nodes of our own.
pub(super) fn besides_nodes(raw: &RawCluster) -> Option<(&Place, &'static str)> {
    fn of<'a, T>(
        field: Option<&'a Field<T>>,
        name: &'static str,
    ) -> Option<(&'a Place, &'static str)> {
        field.map(|field| (&field.place, name))
    }
    of(raw.protocol.as_ref(), "protocol")
        .or_else(|| of(raw.r.as_ref(), "r"))
        .or_else(|| of(raw.w.as_ref(), "w"))
        .or_else(|| of(raw.system.as_ref(), "system"))
        .or_else(|| of(raw.read_quorums.as_ref(), "read_quorums"))
        .or_else(|| of(raw.write_quorums.as_ref(), "write_quorums"))
        .or_else(|| of(raw.write_back.as_ref(), "write_back"))
        .or_else(|| of(raw.read_repair.as_ref(), "read_repair"))
        .or_else(|| of(raw.durability.as_ref(), "durability"))
        .or_else(|| of(raw.replicas.as_ref(), "replicas"))
        .or_else(|| of(raw.pr.as_ref(), "pr"))
        .or_else(|| of(raw.pw.as_ref(), "pw"))
        .or_else(|| of(raw.liars.as_ref(), "liars"))
        .or_else(|| of(raw.lies.as_ref(), "lies"))
        .or_else(|| of(raw.reads.as_ref(), "reads"))
        .or_else(|| of(raw.acks.as_ref(), "acks"))
        .or_else(|| of(raw.min_insync.as_ref(), "min_insync"))
        .or_else(|| of(raw.election.as_ref(), "election"))
        .or_else(|| of(raw.mutant.as_ref(), "mutant"))
}
