//! Safe and regular registers.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Breach, Link, Standing};
use crate::clusters::{Cluster, Clusters};
use crate::history::Op;
use crate::linear::{Item, Lens, stale};

/// Weakly regular: each read by itself.
pub(super) fn weak(ops: &[Op], lens: Lens) -> Standing {
    reads(ops, lens, |_| true)
}

/// Safe: as weakly regular, for the reads that overlap no write.
pub(super) fn safe(ops: &[Op], lens: Lens) -> Standing {
    // Writes by call, with the latest return so far.
    let mut writes: Vec<(u32, u32)> = Vec::new();
    for item in lens.items(ops).filter(|item| item.action.leaves().is_some()) {
        let latest = writes.last().map_or(0, |(_, ret)| *ret);
        writes.push((item.call, latest.max(item.ret)));
    }
    reads(ops, lens, |read| {
        let before = writes.partition_point(|(call, _)| *call < read.ret);
        before == 0 || writes[before - 1].1 < read.call
    })
}

/// The first of these reads that has no source, or is stale.
fn reads(ops: &[Op], lens: Lens, counts: impl Fn(&Item) -> bool) -> Standing {
    let sources = stale::Sources::new(lens.items(ops), lens.initial);
    let index = stale::Index::new(lens.items(ops));
    for read in lens.items(ops).filter(|item| item.action.observes().is_some() && counts(item)) {
        if sources.lack(&read) {
            return Standing::Breaks(Breach::Sourceless { read: read.op });
        }
        if let Some(stale) = index.stale(&read) {
            return Standing::Breaks(Breach::Stale { read: stale.read, missed: stale.missed });
        }
    }
    Standing::Holds
}

/// Regular: one order of the writes for all reads.
///
/// A value must come before another exactly if its write returned before some operation on the other
/// was called, or some operation on it returned before the write of the other was called. An order
/// exists exactly if that has no circle, which two heaps and two thresholds find out in O(m log m)
/// for m values. A circle need not contain a pair of values that are before each other.
pub(super) fn strong(clusters: &Clusters) -> Standing {
    let all = &clusters.all;
    if let Some(future) = all.iter().find(|cluster| cluster.first_return.0 < cluster.write_call) {
        let read =
            future.first_return.1.expect("only a read can return before its write is called");
        return Standing::Breaks(Breach::Sourceless { read });
    }
    match Remaining::new(all).take_all() {
        None => Standing::Holds,
        Some(remaining) => Standing::Breaks(Breach::Circle(remaining.circle())),
    }
}

/// Values that have no place in the order yet.
struct Remaining<'c> {
    all: &'c [Cluster],
    taken: Vec<bool>,
    left: usize,
    /// Numbers by the return of the write, and by the first return.
    by_write_ret: Queue,
    by_first_return: Queue,
    /// Those that wait for all writes to have returned before their last call, by that call.
    late: BinaryHeap<(Reverse<u32>, u32)>,
    /// Those that now only wait for all operations to return before their write's call, by that call.
    early: BinaryHeap<(Reverse<u32>, u32)>,
}

/// Numbers in a fixed order, from which any may be missing.
struct Queue {
    order: Vec<(u32, u32)>,
    from: usize,
}

impl Queue {
    fn new(keys: impl Iterator<Item = u32>) -> Self {
        let mut order: Vec<(u32, u32)> = keys.zip(0..).collect();
        order.sort_unstable();
        Self { order, from: 0 }
    }

    /// The first two that are left, as key and number.
    fn first_two(&mut self, taken: &[bool]) -> [Option<(u32, u32)>; 2] {
        let is_left = |entry: &&(u32, u32)| !taken[entry.1 as usize];
        while self.order.get(self.from).is_some_and(|entry| taken[entry.1 as usize]) {
            self.from += 1;
        }
        let mut left = self.order[self.from..].iter().filter(is_left);
        [left.next().copied(), left.next().copied()]
    }
}

impl<'c> Remaining<'c> {
    fn new(all: &'c [Cluster]) -> Self {
        let numbers = || all.iter().zip(0_u32..);
        Self {
            all,
            taken: vec![false; all.len()],
            left: all.len(),
            by_write_ret: Queue::new(all.iter().map(|cluster| cluster.write_ret)),
            by_first_return: Queue::new(all.iter().map(|cluster| cluster.first_return.0)),
            late: numbers().map(|(c, number)| (Reverse(c.last_call.0), number)).collect(),
            early: BinaryHeap::new(),
        }
    }

    /// Takes one value after another that no other must come before. `None` if all could be taken.
    fn take_all(mut self) -> Option<Self> {
        while self.left > 0 {
            let Some(next) = self.next() else { return Some(self) };
            self.taken[next as usize] = true;
            self.left -= 1;
        }
        None
    }

    fn next(&mut self) -> Option<u32> {
        let [write, write_second] = self.by_write_ret.first_two(&self.taken);
        let [first, first_second] = self.by_first_return.first_two(&self.taken);
        let (write_ret, first_return) = (write?.0, first?.0);
        // Nothing comes before itself: whoever holds a minimum is measured by the second.
        for exception in [write?.1, first?.1] {
            let least = |two: [Option<(u32, u32)>; 2]| {
                two.into_iter().flatten().find(|(_, number)| *number != exception)
            };
            let cluster = &self.all[exception as usize];
            let fits =
                |call: u32, least: Option<(u32, u32)>| least.is_none_or(|(ret, _)| ret >= call);
            if fits(cluster.last_call.0, least([write, write_second]))
                && fits(cluster.write_call, least([first, first_second]))
            {
                return Some(exception);
            }
        }
        while let Some((Reverse(call), number)) = self.late.peek().copied() {
            if call > write_ret {
                break;
            }
            self.late.pop();
            self.early.push((Reverse(self.all[number as usize].write_call), number));
        }
        while let Some((Reverse(call), number)) = self.early.peek().copied() {
            if call > first_return {
                break;
            }
            self.early.pop();
            if !self.taken[number as usize] {
                return Some(number);
            }
        }
        None
    }

    /// A circle among those left: each has another that must come before it.
    fn circle(&self) -> Vec<Link> {
        let left = || (0..self.all.len()).filter(|number| !self.taken[*number]);
        let before = |number: usize| {
            let others = || left().filter(move |other| *other != number);
            let cluster = &self.all[number];
            let by_write = others().min_by_key(|other| self.all[*other].write_ret);
            let by_any = others().min_by_key(|other| self.all[*other].first_return.0);
            let link = |from: &Cluster, first, then| Link {
                from: from.value,
                to: cluster.value,
                first,
                then,
            };
            match (by_write, by_any) {
                (Some(other), _) if self.all[other].write_ret < cluster.last_call.0 => {
                    let from = &self.all[other];
                    (other, link(from, from.writer, cluster.last_call.1))
                }
                (_, Some(other)) => {
                    let from = &self.all[other];
                    (other, link(from, from.first_return.1, cluster.writer))
                }
                _ => unreachable!("every value that is left has one before it"),
            }
        };
        let mut seen: Vec<(usize, Link)> = Vec::new();
        let mut number = left().next().unwrap_or(0);
        loop {
            let (other, link) = before(number);
            if let Some(start) = seen.iter().position(|(seen, _)| *seen == number) {
                let mut links: Vec<Link> = seen[start..].iter().map(|(_, link)| *link).collect();
                links.reverse();
                return links;
            }
            seen.push((number, link));
            number = other;
        }
    }
}
