//! The tables `maelstrom` and `http` of a workload: which program of somebody else's is a node.

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
    let (maelstrom, http) = (&file.raw.maelstrom, &file.raw.http);
    let program = of_table(file, Contract::Maelstrom, maelstrom)?;
    match (program, of_table(file, Contract::Http, http)?, &http.start) {
        (Some(_), Some(_), Some(start)) => {
            let problem = "a node speaks one language; expected the table maelstrom or http";
            Err(file.source.error(&start.place, "http.start", problem))
        }
        (maelstrom, http, _) => Ok(maelstrom.or(http)),
    }
}

/// The program of a table, if it names one.
fn of_table(
    file: &File,
    contract: Contract,
    raw: &RawProgram,
) -> Result<Option<Program>, WorkloadError> {
    let source = &file.source;
    let wrong = |field: &Field<String>, name: &str, problem: &str| {
        Err(source.error(&field.place, &format!("{}.{name}", contract.name()), problem))
    };
    let RawProgram { start, stop, kill, promise } = raw;
    let others = [("stop", stop), ("kill", kill), ("promise", promise)];
    let mut others = others.into_iter().filter_map(|(name, field)| Some((name, field.as_ref()?)));
    let Some(start) = start else {
        return others.next().map_or(Ok(None), |(name, field)| {
            wrong(field, name, "there is no program; expected a field `start` beside it")
        });
    };
    if start.value.trim().is_empty() {
        let problem = "an empty command; expected one that is a node, such as \"python3 node.py\"";
        return wrong(start, "start", problem);
    }
    let command = others.find(|(name, _)| *name != "promise");
    if let (Contract::Maelstrom, Some((name, field))) = (contract, command) {
        return wrong(
            field,
            name,
            "a node is a child of ours, which ends it; expected start alone",
        );
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
            one_of(source, field, &format!("{}.promise", contract.name()), all, word)?
        }
    };
    let text = |field: &Option<Field<String>>| field.as_ref().map(|field| field.value.clone());
    let start = start.value.clone();
    Ok(Some(Program { contract, start, stop: text(stop), kill: text(kill), promised }))
}

/// Where a file asks for a program, which only `quorate run` can start.
pub(super) fn refuse(file: &File) -> Result<(), WorkloadError> {
    let asked = [("maelstrom.start", &file.raw.maelstrom), ("http.start", &file.raw.http)];
    match asked.iter().find_map(|(name, raw)| Some((name, raw.start.as_ref()?))) {
        None => Ok(()),
        Some((name, start)) => {
            let problem = "a program can be run, not simulated; expected `quorate run`";
            Err(file.source.error(&start.place, name, problem))
        }
    }
}
