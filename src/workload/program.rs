//! The table `maelstrom` of a workload: which program of somebody else's is a node.

use super::WorkloadError;
use super::file::{Field, File, RawProgram};
use super::resolve::one_of;
use super::system::besides_nodes;
use crate::program::{Contract, Program};
use crate::promise::Condition;

/// What may be promised, by the words of workloads.
const PROMISES: [(Condition, &str); 6] = [
    (Condition::Linearizable, "linearizable"),
    (Condition::Regular, "regular"),
    (Condition::WeakRegular, "weak-regular"),
    (Condition::Sequential, "sequential"),
    (Condition::Eventual, "eventual"),
    (Condition::Nothing, "nothing"),
];

/// The word for what is promised.
pub(super) fn word(promised: Condition) -> &'static str {
    PROMISES.iter().find(|(one, _)| *one == promised).map_or("nothing", |(_, word)| word)
}

/// The program that a workload asks for, if it does.
pub(super) fn program(file: &File) -> Result<Option<Program>, WorkloadError> {
    let (source, raw) = (&file.source, &file.raw.maelstrom);
    let RawProgram { start, promise } = raw;
    let Some(Field { value: start, place }) = start else {
        return promise.as_ref().map_or(Ok(None), |field| {
            let problem = "nobody promises it; expected a field `start` beside it";
            Err(source.error(&field.place, "maelstrom.promise", problem))
        });
    };
    if start.trim().is_empty() {
        let problem = "an empty command; expected one that is a node, such as \"python3 node.py\"";
        return Err(source.error(place, "maelstrom.start", problem));
    }
    if let Some(system) = &file.raw.system.name {
        let problem = "a program and a system cannot both be the nodes; expected one of the two";
        return Err(source.error(&system.place, "system.name", problem));
    }
    if let Some((place, field)) = besides_nodes(&file.raw.cluster) {
        let problem = "a program has nodes of its own; expected nodes at most";
        return Err(source.error(place, &format!("cluster.{field}"), problem));
    }
    let promised = match promise {
        None => Condition::Linearizable,
        Some(field) => {
            let all = PROMISES.map(|(condition, _)| condition);
            one_of(source, field, "maelstrom.promise", all, word)?
        }
    };
    Ok(Some(Program { contract: Contract::Maelstrom, start: start.clone(), promised }))
}

/// Where a file asks for a program, which only `quorate run` can start.
pub(super) fn refuse(file: &File) -> Result<(), WorkloadError> {
    match &file.raw.maelstrom.start {
        None => Ok(()),
        Some(start) => {
            let problem = "a program can be run, not simulated; expected `quorate run`";
            Err(file.source.error(&start.place, "maelstrom.start", problem))
        }
    }
}
