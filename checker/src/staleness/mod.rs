//! How stale: by how many versions and by how much time reads lagged, and how far a register is from
//! being atomic.
//!
//! A read is stale if a value that is certainly newer than what it returned had been in place before
//! it began: one whose write was called after the returned value had first been seen or acknowledged,
//! and that had itself been seen or acknowledged. All figures need written values to be distinct and
//! no compare-and-set.

mod atomicity;
mod visibility;

use atomicity::atomicity;
use visibility::visibility;

pub use atomicity::Atomicity;
pub use visibility::{Visibility, Visible};

use crate::clusters::{Cluster, Clusters, Unclear};
use crate::event::NO_TIME;
use crate::history::{KeyHistory, OPEN, Op};
use crate::linear::{Action, Item, Lens, Rules};
use crate::value::Values;

/// How stale the reads of a register are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Staleness {
    /// How many reads there are.
    pub reads: u64,
    /// Of each stale read, how many values that are certainly newer had been in place.
    pub behind: Vec<u32>,
    /// How many of the last values reads may return; `None` if no number is enough, since a read
    /// returned before its write began.
    pub atomicity: Option<Atomicity>,
    /// The same in time; `None` if the history has no times.
    pub times: Option<Times>,
}

/// Staleness in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times {
    /// Of each stale read, how long the first newer value had been in place when it began.
    pub ages: Vec<u64>,
    /// The least time by which all reads would have to begin earlier for the register to be atomic
    /// (Golab, Li and Shah, "Analyzing consistency properties for fun and profit", 2011); `None` if no
    /// time is enough, since a read returned before its write began. Exact.
    pub delta: Option<u64>,
    /// The least time by which all operations would have to be longer, half of it at each end (Golab
    /// et al., "Client-centric benchmarking of eventual consistency", 2014). Exact; 0 only if it is
    /// atomic.
    pub gamma: u64,
    /// How soon acknowledged writes were seen.
    pub visibility: Visibility,
}

impl Times {
    fn new(ops: &[Op], clusters: &Clusters, is_atomic: bool) -> Self {
        let reads = reads(clusters).map(|(item, number)| (item.op, *number));
        let visibility = visibility(ops, clusters, reads);
        let mut times = Self { delta: Some(0), visibility, ..Self::default() };
        if !is_atomic {
            // Where the order of events decides between equal times, the least time there is helps.
            let zones = zones(ops, clusters);
            times.delta = delta(&zones).map(|delta| delta.max(1));
            times.gamma = gamma(&zones).max(1);
        }
        times
    }
}

/// Measures a register, or says why that cannot be done. O(n log n + c n) for n operations, of which c
/// are writes under way at once.
pub fn staleness(
    key: &KeyHistory,
    values: &Values,
    rules: &Rules,
) -> Result<Staleness, &'static str> {
    let clusters =
        Clusters::new(&key.ops, Lens::new(rules, values)).map_err(|unclear| match unclear {
            Unclear::Open(why) => why,
            Unclear::Sourceless(_) => "a read returned what nobody wrote",
        })?;
    let reads = || reads(&clusters);
    let newer = Newer::new(&clusters);
    let mut staleness = Staleness { reads: reads().count() as u64, ..Staleness::default() };
    let mut ages = Vec::new();
    let lagging = newer.behind(reads().map(|(item, number)| (item.call, *number)));
    for ((read, number), behind) in reads().zip(lagging) {
        if behind > 0 {
            staleness.behind.push(behind);
            let since = newer.since(&clusters, *number).map(|op| key.ops[op as usize].ret_time);
            let began = key.ops[read.op as usize].call_time;
            ages.extend(since.map(|since| began.saturating_sub(since).max(0) as u64));
        }
    }
    let is_atomic = is_atomic(&clusters);
    let most = staleness.behind.iter().copied().max().unwrap_or(0);
    staleness.atomicity = atomicity(&clusters, is_atomic, most);
    let has_times = |op: &Op| op.call_time != NO_TIME && (op.ret == OPEN || op.ret_time != NO_TIME);
    if key.ops.iter().all(has_times) {
        staleness.times = Some(Times { ages, ..Times::new(&key.ops, &clusters, is_atomic) });
    }
    Ok(staleness)
}

/// Reads and the numbers of their values, in the order of their calls.
fn reads(clusters: &Clusters) -> impl Iterator<Item = &(Item, u32)> {
    clusters.ops.iter().filter(|(item, _)| matches!(item.action, Action::Read(_)))
}

/// Values by the calls of their writes, to find those that are newer than another.
struct Newer {
    /// The calls of writes, rising, and the first return of any of these and later ones, with whose.
    calls: Vec<(u32, (u32, Option<u32>))>,
    /// First returns, rising, with the place of their value among the calls.
    returns: Vec<(u32, u32)>,
    /// The first return of each value.
    first_return: Vec<u32>,
}

impl Newer {
    fn new(clusters: &Clusters) -> Self {
        let written = clusters.all.iter().filter(|cluster| cluster.writer.is_some());
        let mut calls: Vec<(u32, (u32, Option<u32>))> =
            written.map(|cluster| (cluster.write_call, cluster.first_return)).collect();
        calls.sort_unstable();
        let mut returns: Vec<(u32, u32)> =
            calls.iter().zip(0..).map(|((_, (ret, _)), place)| (*ret, place)).collect();
        returns.sort_unstable();
        for place in (1..calls.len()).rev() {
            calls[place - 1].1 = calls[place - 1].1.min(calls[place].1);
        }
        let first_return = clusters.all.iter().map(|cluster| cluster.first_return.0).collect();
        Self { calls, returns, first_return }
    }

    /// The operation by which a value newer than this one was first certain to be in place.
    fn since(&self, clusters: &Clusters, number: u32) -> Option<u32> {
        let seen = clusters.all[number as usize].first_return.0;
        let place = self.calls.partition_point(|(call, _)| *call <= seen);
        self.calls.get(place).and_then(|(_, (_, op))| *op)
    }

    /// How many newer values had been in place when each of these reads, in the order of their calls,
    /// began.
    fn behind(&self, reads: impl Iterator<Item = (u32, u32)>) -> impl Iterator<Item = u32> {
        let mut in_place = Counts::new(self.calls.len());
        let mut next = 0;
        reads.map(move |(call, number)| {
            while let Some((_, place)) = self.returns.get(next).filter(|(ret, _)| *ret < call) {
                in_place.add(*place as usize);
                next += 1;
            }
            let seen = self.first_return[number as usize];
            let older = self.calls.partition_point(|(call, _)| *call <= seen);
            next as u32 - in_place.before(older)
        })
    }
}

/// Counts by place, with sums over prefixes (Fenwick 1994).
struct Counts(Vec<u32>);

impl Counts {
    fn new(places: usize) -> Self {
        Self(vec![0; places + 1])
    }

    fn add(&mut self, place: usize) {
        let mut node = place + 1;
        while node < self.0.len() {
            self.0[node] += 1;
            node += node & node.wrapping_neg();
        }
    }

    /// How many stand before this place.
    fn before(&self, place: usize) -> u32 {
        let (mut node, mut sum) = (place, 0);
        while node > 0 {
            sum += self.0[node];
            node &= node - 1;
        }
        sum
    }
}

/// A value in time.
#[derive(Debug, Clone, Copy)]
struct Zone {
    /// The first return of any operation on it.
    first_return: i64,
    /// The call of its write.
    write_call: i64,
    /// The last call of a read of it.
    read_call: i64,
}

/// Before all times, but far from the end of numbers.
const BEFORE: i64 = i64::MIN / 4;
const AFTER: i64 = i64::MAX / 4;

/// A time that can be reckoned with. More than 73 years from zero, one is as good as another.
fn reckoned(time: i64) -> i64 {
    time.clamp(BEFORE + 1, AFTER - 1)
}

/// The values of a register, by their first returns.
fn zones(ops: &[Op], clusters: &Clusters) -> Vec<Zone> {
    let mut zones: Vec<Zone> = (clusters.all.iter())
        .map(|cluster| match cluster.writer {
            None => Zone { first_return: BEFORE, write_call: BEFORE, read_call: BEFORE },
            Some(writer) => {
                let write_call = reckoned(ops[writer as usize].call_time);
                Zone { first_return: AFTER, write_call, read_call: BEFORE }
            }
        })
        .collect();
    for (item, number) in &clusters.ops {
        let (op, zone) = (&ops[item.op as usize], &mut zones[*number as usize]);
        if item.ret != OPEN {
            zone.first_return = zone.first_return.min(reckoned(op.ret_time));
        }
        if matches!(item.action, Action::Read(_)) {
            zone.read_call = zone.read_call.max(reckoned(op.call_time));
        }
    }
    zones.sort_unstable_by_key(|zone| zone.first_return);
    zones
}

/// Whether the register is atomic by the order of the events.
fn is_atomic(clusters: &Clusters) -> bool {
    let position = |cluster: &Cluster| Zone {
        first_return: cluster.first_return.0.into(),
        write_call: cluster.write_call.into(),
        read_call: cluster.last_call.0.into(),
    };
    let mut zones: Vec<Zone> = clusters.all.iter().map(position).collect();
    zones.sort_unstable_by_key(|zone| zone.first_return);
    delta(&zones) == Some(0)
}

fn delta(zones: &[Zone]) -> Option<u64> {
    if zones.iter().any(|zone| zone.first_return < zone.write_call) {
        return None;
    }
    least(zones, |zone, earlier| zone.write_call.max(zone.read_call - earlier))
}

fn gamma(zones: &[Zone]) -> u64 {
    let future = zones.iter().map(|zone| zone.write_call - zone.first_return).max();
    let apart = least(zones, |zone, longer| zone.write_call.max(zone.read_call) - longer);
    apart.unwrap_or(0).max(future.unwrap_or(0).max(0) as u64)
}

/// The least time for which no two values are in each other's way, given the last call of each.
fn least(zones: &[Zone], last_call: impl Fn(&Zone, i64) -> i64) -> Option<u64> {
    let times = || zones.iter().flat_map(|z| [z.first_return, z.write_call, z.read_call]);
    let times = || times().filter(|time| (BEFORE + 1..AFTER).contains(time));
    let most = times().max().unwrap_or(0) - times().min().unwrap_or(0);
    let (mut low, mut high) = (0, most.max(0) + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if are_apart(zones, |zone| last_call(zone, middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    are_apart(zones, |zone| last_call(zone, low)).then_some(low as u64)
}

/// Whether no two values each have an operation that ended before one on the other began (Gibbons and
/// Korach, "Testing shared memories", 1997). The zones are sorted by their first returns.
fn are_apart(zones: &[Zone], last_call: impl Fn(&Zone) -> i64) -> bool {
    let (mut forward_from, mut forward_to) = (BEFORE, BEFORE);
    for zone in zones {
        let (first, last) = (zone.first_return, last_call(zone));
        if first < last {
            if forward_to > first {
                return false;
            }
            (forward_from, forward_to) = (first, last);
        } else if forward_to > first && forward_from < last {
            return false;
        }
    }
    true
}
