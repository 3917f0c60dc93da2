//! Registers with versions, decided by one sweep in the order of the versions.
//!
//! All operations on one version form a cluster: its write and its reads. The clusters must follow
//! each other in the order of their versions, so there is a linearization exactly if each version has
//! one write and one value, every write finds the version that it expects, and no operation returns
//! before one on an earlier version, or the write of its own, is called. Values may repeat. A write of
//! unknown outcome has no version: it is matched with a version that nobody else wrote, or never
//! happened.

use std::collections::BTreeSet;
use std::ops::Range;

use rustc_hash::FxHashMap;

use super::{Deed, VersionedOp, VersionedRegister};
use crate::history::OPEN;
use crate::model::{Call, VersionOrder};
use crate::value::Value;

type Calls<'c> = &'c [Call<VersionedOp>];

/// Why there is no order.
enum Failed {
    /// These versions contradict each other.
    Contradiction(Vec<i64>),
    /// Nobody can tell here.
    Open,
}

/// Decides the operations of one register, but for histories in which writes of unknown outcome leave
/// it open. In O(n log n).
pub(super) fn version_order(model: &VersionedRegister, calls: Calls<'_>) -> Option<VersionOrder> {
    match sweep(model, calls) {
        Ok(order) => Some(VersionOrder::Linearization(order)),
        Err(Failed::Contradiction(versions)) => {
            let versions: BTreeSet<Value> = versions.into_iter().map(Value::Int).collect();
            Some(VersionOrder::Contradiction(versions))
        }
        Err(Failed::Open) => None,
    }
}

fn sweep(model: &VersionedRegister, calls: Calls<'_>) -> Result<Vec<u32>, Failed> {
    let mut named: Vec<(i64, bool, u32)> = (0..)
        .zip(calls)
        .filter_map(|(number, call)| {
            let is_read = matches!(call.op.deed, Deed::Read(_));
            Some((call.op.version()?, is_read, number))
        })
        .collect();
    // The write of each version first, then its reads by their calls.
    named.sort_unstable();
    let mut line = clusters(model, calls, &named)?;
    add_unwritten(model, calls, &mut line)?;
    check_expectations(calls, &line)?;
    check_times(calls, &line)?;
    fill(calls, &mut line)?;
    let ops = |cluster: &Cluster<'_>| {
        let reads = named[cluster.reads.clone()].iter().map(|(.., number)| *number);
        cluster.writer.into_iter().chain(reads).collect::<Vec<u32>>()
    };
    Ok(line.iter().flat_map(ops).collect())
}

/// All operations on one version.
struct Cluster<'c> {
    version: i64,
    /// Its value, as far as anybody tells.
    value: Option<&'c Value>,
    writer: Option<u32>,
    /// Places of its reads among the operations that name a version.
    reads: Range<usize>,
    first_return: u32,
    last_call: u32,
}

impl<'c> Cluster<'c> {
    fn new(version: i64) -> Self {
        let (first_return, last_call) = (OPEN, 0);
        Self { version, value: None, writer: None, reads: 0..0, first_return, last_call }
    }

    fn expects(&self, calls: Calls<'_>) -> Option<i64> {
        match calls[self.writer? as usize].op.deed {
            Deed::Write { expected, .. } => expected,
            Deed::Read(_) => None,
        }
    }

    /// False if it contradicts what the cluster has.
    fn add(&mut self, place: usize, number: u32, call: &'c Call<VersionedOp>) -> bool {
        let has_other = self.value.is_some_and(|value| *value != call.op.value);
        let is_read = matches!(call.op.deed, Deed::Read(_));
        if has_other || !(is_read || self.writer.is_none()) {
            return false;
        }
        self.value = Some(&call.op.value);
        if is_read {
            let from = if self.reads.is_empty() { place } else { self.reads.start };
            self.reads = from..place + 1;
        } else {
            self.writer = Some(number);
        }
        self.first_return = self.first_return.min(call.ret);
        self.last_call = self.last_call.max(call.call);
        true
    }
}

/// A cluster for each version that an operation names, the initial one first.
fn clusters<'c>(
    model: &'c VersionedRegister,
    calls: Calls<'c>,
    named: &[(i64, bool, u32)],
) -> Result<Vec<Cluster<'c>>, Failed> {
    let (first, value) = &model.initial;
    let mut line = vec![Cluster { value: Some(value), ..Cluster::new(*first) }];
    for (place, (version, is_read, number)) in named.iter().enumerate() {
        if *version > line[line.len() - 1].version {
            line.push(Cluster::new(*version));
        }
        let is_there = *version >= *first && (*is_read || *version > *first);
        let last = line.len() - 1;
        if !is_there || !line[last].add(place, *number, &calls[*number as usize]) {
            return Err(Failed::Contradiction(vec![*version]));
        }
    }
    Ok(line)
}

/// Adds the versions that a write expects, and those left out where versions are counted: somebody
/// must have written them.
fn add_unwritten<'c>(
    model: &VersionedRegister,
    calls: Calls<'c>,
    line: &mut Vec<Cluster<'c>>,
) -> Result<(), Failed> {
    let first = model.initial.0;
    let mut missing: BTreeSet<i64> = BTreeSet::new();
    for cluster in line.iter() {
        if let Some(expected) = cluster.expects(calls) {
            if expected < first {
                return Err(Failed::Contradiction(vec![expected, cluster.version]));
            }
            missing.insert(expected);
        }
    }
    let last = line[line.len() - 1].version.max(missing.last().copied().unwrap_or(first));
    let unknown = calls.iter().filter(|call| call.ret == OPEN).count();
    if model.is_counted {
        // More than there are writes of unknown outcome: then a version has no write.
        if i128::from(last) - i128::from(first) >= (line.len() + unknown) as i128 {
            return Err(Failed::Open);
        }
        missing.extend(first..=last);
    }
    for cluster in line.iter() {
        missing.remove(&cluster.version);
    }
    line.extend(missing.into_iter().map(Cluster::new));
    line.sort_by_key(|cluster| cluster.version);
    Ok(())
}

/// Every write finds the version that it expects.
fn check_expectations(calls: Calls<'_>, line: &[Cluster<'_>]) -> Result<(), Failed> {
    for pair in line.windows(2) {
        let (before, version) = (pair[0].version, pair[1].version);
        if let Some(expected) = pair[1].expects(calls).filter(|expected| *expected != before) {
            return Err(Failed::Contradiction(vec![expected, before, version]));
        }
    }
    Ok(())
}

/// No operation returns before one on an earlier version, or the write of its own, is called.
fn check_times(calls: Calls<'_>, line: &[Cluster<'_>]) -> Result<(), Failed> {
    let (mut latest_call, mut latest) = (0, line[0].version);
    for cluster in line {
        if cluster.first_return < latest_call {
            return Err(Failed::Contradiction(vec![latest, cluster.version]));
        }
        if cluster.writer.is_some_and(|w| cluster.first_return < calls[w as usize].call) {
            return Err(Failed::Contradiction(vec![cluster.version]));
        }
        if cluster.last_call > latest_call {
            (latest_call, latest) = (cluster.last_call, cluster.version);
        }
    }
    Ok(())
}

/// Finds a write of unknown outcome for each version without one: called before anything on this
/// version, or a later one, returns. First for the versions of which the value is known, where of
/// several the one called last is taken: so those left over suit as many others as possible.
fn fill(calls: Calls<'_>, line: &mut [Cluster<'_>]) -> Result<(), Failed> {
    let mut deadlines: Vec<u32> = line.iter().map(|cluster| cluster.first_return).collect();
    for i in (1..deadlines.len()).rev() {
        deadlines[i - 1] = deadlines[i - 1].min(deadlines[i]);
    }
    let mut unknown = Unknown::new(calls);
    for is_valued in [true, false] {
        if !is_valued {
            unknown.mix();
        }
        for i in 1..line.len() {
            if line[i].writer.is_some() || line[i].value.is_some() != is_valued {
                continue;
            }
            let write = unknown.take(line[i - 1].version, line[i].value, deadlines[i]);
            line[i].writer = Some(write.ok_or(Failed::Open)?);
        }
    }
    Ok(())
}

/// Writes of unknown outcome that have no version yet.
struct Unknown<'c> {
    calls: Calls<'c>,
    /// Those that expect a version.
    expecting: FxHashMap<i64, Vec<u32>>,
    /// The others, by value.
    of_value: FxHashMap<&'c Value, Pool>,
    /// The others, whatever their values.
    any: Pool,
}

/// Writes of which one is taken, by deadlines that never become earlier.
#[derive(Default)]
struct Pool {
    /// Called after all deadlines so far; the earliest last.
    later: Vec<u32>,
    /// Called before; the latest last.
    ready: Vec<u32>,
}

impl Pool {
    fn take(&mut self, calls: Calls<'_>, deadline: u32) -> Option<u32> {
        while let Some(number) = self.later.pop_if(|n| calls[*n as usize].call < deadline) {
            self.ready.push(number);
        }
        self.ready.pop()
    }
}

impl<'c> Unknown<'c> {
    fn new(calls: Calls<'c>) -> Self {
        let (expecting, of_value) = (FxHashMap::default(), FxHashMap::default());
        let mut unknown = Self { calls, expecting, of_value, any: Pool::default() };
        for (number, call) in (0..calls.len() as u32).zip(calls).rev() {
            match call.op.deed {
                Deed::Write { expected: Some(version), version: None } => {
                    unknown.expecting.entry(version).or_default().push(number);
                }
                Deed::Write { expected: None, version: None } => {
                    unknown.of_value.entry(&call.op.value).or_default().later.push(number);
                }
                Deed::Write { version: Some(_), .. } | Deed::Read(_) => {}
            }
        }
        unknown
    }

    /// From now on, values do not matter.
    fn mix(&mut self) {
        let pools = std::mem::take(&mut self.of_value).into_values();
        self.any.later = pools.flat_map(|pool| [pool.later, pool.ready].concat()).collect();
        // They are numbered in the order of their calls.
        self.any.later.sort_unstable_by_key(|number| std::cmp::Reverse(*number));
    }

    /// A write over version `before`, of this value if it is known. One that expects that version
    /// suits nowhere else, so it comes first.
    fn take(&mut self, before: i64, value: Option<&Value>, deadline: u32) -> Option<u32> {
        let calls = self.calls;
        let fits = |number: &u32| {
            let call = &calls[*number as usize];
            call.call < deadline && value.is_none_or(|value| *value == call.op.value)
        };
        let expecting = self.expecting.get(&before).and_then(|all| all.iter().copied().find(fits));
        let pool = match value {
            Some(value) => self.of_value.get_mut(value),
            None => Some(&mut self.any),
        };
        expecting.or_else(|| pool?.take(calls, deadline))
    }
}
