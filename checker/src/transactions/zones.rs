//! The order that real time gives to the versions of each key of registers, where every key by itself
//! is linearizable: all that touches a version comes before all that touches another if some
//! transaction on the one completed before some transaction on the other was invoked.

use rustc_hash::FxHashMap;

use super::facts::Why;
use super::graph::Graph;
use super::history::TransactionHistory;
use super::registers::{Beginning, accesses};
use crate::history::{OPEN, Outcome};
use crate::value::ValueId;

/// A version of a key, and all that touches it.
#[derive(Debug, Default)]
struct Version {
    writer: Option<u32>,
    /// Those that read it, but for whoever replaced it.
    readers: Vec<u32>,
    first_return: u32,
    last_call: u32,
}

/// Links all that touches a version to the writers of the versions that come after it. Linear but for
/// those that overlap in time.
pub(super) fn link(
    history: &TransactionHistory,
    beginning: &Beginning<'_>,
    effective: &[bool],
    graph: &mut Graph,
) {
    let mut keys: FxHashMap<u32, FxHashMap<ValueId, Version>> = FxHashMap::default();
    for number in history.numbers().filter(|number| effective[*number as usize]) {
        let transaction = history.of(number);
        for access in accesses(history, beginning, number).0 {
            let versions = keys.entry(access.key).or_default();
            let mut touch = |value: ValueId, writes: bool| {
                let version = versions
                    .entry(value)
                    .or_insert_with(|| Version { first_return: OPEN, ..Version::default() });
                version.first_return = version.first_return.min(transaction.ret);
                version.last_call = version.last_call.max(transaction.call);
                if writes {
                    version.writer = Some(number);
                } else {
                    version.readers.push(number);
                }
            };
            let found = access.found.filter(|_| transaction.outcome == Outcome::Ok);
            // Whoever replaces what it read comes after all others that read it.
            match (access.left, found) {
                (Some(left), _) => touch(left, true),
                (None, Some(found)) => touch(found, false),
                (None, None) => {}
            }
        }
    }
    let mut keys: Vec<_> = keys.into_iter().collect();
    keys.sort_unstable_by_key(|(key, _)| *key);
    for (_, versions) in keys {
        link_key(versions.into_values().collect(), graph);
    }
}

fn link_key(mut versions: Vec<Version>, graph: &mut Graph) {
    versions.sort_unstable_by_key(|version| (version.last_call, version.writer));
    // A helper node for each version leads to its writer, and on to the next.
    let helpers: Vec<_> = versions.iter().map(|_| graph.add_node(())).collect();
    for (place, version) in versions.iter().enumerate() {
        if let Some(writer) = version.writer {
            graph.add_edge(helpers[place], writer.into(), Why::Onward);
        }
        if let Some(next) = helpers.get(place + 1) {
            graph.add_edge(helpers[place], *next, Why::Onward);
        }
    }
    for (place, version) in versions.iter().enumerate() {
        let from = versions.partition_point(|other| other.last_call <= version.first_return);
        let touching = || version.readers.iter().chain(&version.writer);
        // The chain must not lead back to the version itself.
        let beside = from..place.max(from);
        let after = from.max(place + 1);
        for number in touching() {
            for other in &versions[beside.clone()] {
                if let Some(writer) = other.writer.filter(|writer| writer != number) {
                    graph.add_edge((*number).into(), writer.into(), Why::RealTime);
                }
            }
            if let Some(helper) = helpers.get(after) {
                graph.add_edge((*number).into(), *helper, Why::RealTime);
            }
        }
    }
}
