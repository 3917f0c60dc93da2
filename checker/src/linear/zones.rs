//! Linearizability where no value is written twice, in O(n) where the register's events are dense in the
//! history, and after a sort of the values elsewhere.
//!
//! With distinct values every read names its write, so all operations on one value form a *cluster*
//! that must stand together in any legal order: the write first, then its reads. A successful
//! compare-and-set glues its cluster behind the one it expects, so clusters form chains, the
//! *blocks*. For a block let F be the earliest return and S the latest call of its operations: a
//! block must come wholly before another if its F lies before the other's S. The history is
//! linearizable exactly if no two blocks must come before each other, no chain contradicts itself,
//! and no read ends before its write begins (Gibbons and Korach, "Testing Shared Memories", SIAM J.
//! Comput. 26(4), 1997, for reads and writes; chains of compare-and-set are treated the same way by
//! induction over blocks).
//!
//! Operations of unknown outcome cost nothing: one whose value nobody observed is dropped, one whose
//! value was observed took effect and is an ordinary member that never returned. What a failed
//! compare-and-set without an observed value says is *not* considered here.

use std::mem;

use super::item::{Action, Item};
use crate::history::OPEN;
use crate::value::ValueId;
use crate::verdict::Engine;

/// Where the clusters of a history's values are kept between calls, so that checking a hundred
/// thousand small registers does not allocate a hundred thousand tables.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Cluster number of each value plus one; 0 for a value without a cluster.
    cluster_of: Vec<u32>,
    touched: Vec<ValueId>,
    /// The numbers of blocks, in some order.
    sorted: Vec<u32>,
}

impl Scratch {
    fn reset(&mut self, value_count: usize) {
        for value in self.touched.drain(..) {
            self.cluster_of[value.index()] = 0;
        }
        if self.cluster_of.len() < value_count {
            self.cluster_of.resize(value_count, 0);
        }
    }

    fn get(&self, value: ValueId) -> Option<u32> {
        self.cluster_of[value.index()].checked_sub(1)
    }

    /// Gives `value` the cluster, or returns false if it has one.
    fn set(&mut self, value: ValueId, cluster: u32) -> bool {
        let slot = &mut self.cluster_of[value.index()];
        if *slot != 0 {
            return false;
        }
        *slot = cluster + 1;
        self.touched.push(value);
        true
    }
}

/// What the engine says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Zones {
    /// Some value has two writers: this engine does not apply.
    NotDistinct,
    /// Linearizable, in this order of operations.
    Valid(Vec<u32>),
    /// Not linearizable, and these operations, with the writers of what they observed, show it.
    Invalid(Vec<u32>),
}

/// All operations on one value.
#[derive(Clone, Copy)]
struct Cluster {
    /// Call of the writer; 0 for the initial value.
    write_call: u32,
    /// Earliest return (F); [`OPEN`] while only operations of unknown outcome belong to it.
    first_return: u32,
    /// Latest call (S).
    last_call: u32,
    writer: u32,
    /// The value before, for a cluster written by a compare-and-set; `NONE` otherwise.
    expects: ValueId,
    read_count: u32,
}

const NOBODY: u32 = u32::MAX;

/// Clusters that a chain of compare-and-sets ties together.
#[derive(Clone, Copy)]
struct Block {
    first_return: u32,
    last_call: u32,
    head: u32,
}

/// Decides the operations of one register. `items` come in the order of their calls; the numbers of
/// their values are below `value_count`.
pub(crate) fn check(
    items: impl Iterator<Item = Item> + Clone,
    initial: ValueId,
    value_count: usize,
    scratch: &mut Scratch,
) -> (Zones, Engine) {
    scratch.reset(value_count);
    let mut sorted = mem::take(&mut scratch.sorted);
    let mut register = Register { clusters: Vec::new(), next: Vec::new(), has_chains: false };
    let zones = if register.add_writers(items.clone(), initial, scratch) {
        match register.decide(&items, scratch, &mut sorted) {
            Ok(blocks) => {
                let blocks = sorted.iter().map(|number| blocks[*number as usize]);
                Zones::Valid(register.order(items, blocks, scratch))
            }
            Err(ops) => Zones::Invalid(ops),
        }
    } else {
        Zones::NotDistinct
    };
    scratch.sorted = sorted;
    (zones, if register.has_chains { Engine::Chains } else { Engine::Zones })
}

/// The operations that show a violation.
type Culprits = Vec<u32>;

struct Register {
    /// Cluster 0 is the initial value's.
    clusters: Vec<Cluster>,
    /// The cluster that a compare-and-set glues behind each; empty where there are none.
    next: Vec<u32>,
    has_chains: bool,
}

impl Register {
    /// False if a value has two writers.
    fn add_writers(
        &mut self,
        items: impl Iterator<Item = Item>,
        initial: ValueId,
        scratch: &mut Scratch,
    ) -> bool {
        self.clusters.push(Cluster {
            write_call: 0,
            first_return: 0,
            last_call: 0,
            writer: NOBODY,
            expects: ValueId::NONE,
            read_count: 0,
        });
        scratch.set(initial, 0);
        for item in items {
            let Some(value) = item.action.leaves() else { continue };
            if !scratch.set(value, self.clusters.len() as u32) {
                return false;
            }
            let expects = item.action.observes().unwrap_or(ValueId::NONE);
            self.has_chains |= expects != ValueId::NONE;
            self.clusters.push(Cluster {
                write_call: item.call,
                first_return: item.ret,
                last_call: item.call,
                writer: item.op,
                expects,
                read_count: 0,
            });
        }
        true
    }

    /// The blocks, and their numbers in a legal order; or the operations that forbid any.
    fn decide(
        &mut self,
        items: &(impl Iterator<Item = Item> + Clone),
        scratch: &Scratch,
        sorted: &mut Vec<u32>,
    ) -> Result<Vec<Block>, Culprits> {
        self.add_reads(items.clone(), scratch)?;
        let blocks = if self.has_chains {
            let reached = self.link(scratch)?;
            self.chain_blocks(reached, items)?
        } else {
            self.single_blocks()
        };
        self.check_reads_after_writes(items)?;
        sort_by_position(&blocks, sorted, |block| block.first_return);
        check_blocks(sorted.iter().map(|number| blocks[*number as usize]), items)?;
        // This order extends "must come before" whenever no two blocks must precede each other.
        sort_by_position(&blocks, sorted, |block| block.first_return.min(block.last_call));
        Ok(blocks)
    }

    fn add_reads(
        &mut self,
        items: impl Iterator<Item = Item>,
        scratch: &Scratch,
    ) -> Result<(), Culprits> {
        for item in items {
            let Action::Read(value) = item.action else { continue };
            let Some(number) = scratch.get(value) else { return Err(vec![item.op]) };
            let cluster = &mut self.clusters[number as usize];
            cluster.first_return = cluster.first_return.min(item.ret);
            cluster.last_call = cluster.last_call.max(item.call);
            cluster.read_count += 1;
        }
        Ok(())
    }

    /// Follows expectations down from everything that certainly took effect, and glues clusters.
    /// Returns which clusters are reached: what is not is of unknown outcome and observed by nobody.
    fn link(&mut self, scratch: &Scratch) -> Result<Vec<bool>, Culprits> {
        self.next = vec![NOBODY; self.clusters.len()];
        let mut reached: Vec<bool> = self.clusters.iter().map(|c| c.first_return != OPEN).collect();
        let mut work: Vec<u32> = (0..self.clusters.len() as u32).collect();
        work.retain(|number| reached[*number as usize]);
        while let Some(number) = work.pop() {
            let cluster = self.clusters[number as usize];
            if cluster.expects == ValueId::NONE {
                continue;
            }
            let Some(before) = scratch.get(cluster.expects) else {
                return Err(vec![cluster.writer]);
            };
            let next = &mut self.next[before as usize];
            if *next != NOBODY {
                return Err(vec![self.clusters[*next as usize].writer, cluster.writer]);
            }
            *next = number;
            if !reached[before as usize] {
                reached[before as usize] = true;
                work.push(before);
            }
        }
        Ok(reached)
    }

    fn single_blocks(&self) -> Vec<Block> {
        let blocks = self.clusters.iter().enumerate().map(|(head, cluster)| Block {
            first_return: cluster.first_return,
            last_call: cluster.last_call,
            head: head as u32,
        });
        blocks.filter(|block| block.first_return != OPEN).collect()
    }

    fn chain_blocks(
        &self,
        mut reached: Vec<bool>,
        items: &(impl Iterator<Item = Item> + Clone),
    ) -> Result<Vec<Block>, Culprits> {
        let mut blocks = Vec::new();
        for (head, cluster) in self.clusters.iter().enumerate() {
            if cluster.expects == ValueId::NONE && reached[head] {
                blocks.push(self.chain_block(head as u32, items)?);
                for number in self.chain(head as u32) {
                    reached[number as usize] = false;
                }
            }
        }
        // A chain without a head: compare-and-sets that expect each other in a circle.
        let circle: Culprits = (self.clusters.iter().zip(reached))
            .filter_map(|(cluster, left)| left.then_some(cluster.writer))
            .collect();
        if circle.is_empty() { Ok(blocks) } else { Err(circle) }
    }

    fn chain_block(
        &self,
        head: u32,
        items: &(impl Iterator<Item = Item> + Clone),
    ) -> Result<Block, Culprits> {
        let mut block = Block { first_return: OPEN, last_call: 0, head };
        for number in self.chain(head) {
            let link = &self.clusters[number as usize];
            // An operation on a later link must not return before one on an earlier link began.
            if link.first_return < block.last_call {
                return Err(at(items, &[block.last_call, link.first_return]));
            }
            block.last_call = block.last_call.max(link.last_call);
            block.first_return = block.first_return.min(link.first_return);
        }
        Ok(block)
    }

    /// The clusters of a block, in their order.
    fn chain(&self, head: u32) -> impl Iterator<Item = u32> {
        std::iter::successors(Some(head), |number| {
            self.next.get(*number as usize).copied().filter(|next| *next != NOBODY)
        })
    }

    fn check_reads_after_writes(
        &self,
        items: &(impl Iterator<Item = Item> + Clone),
    ) -> Result<(), Culprits> {
        for cluster in &self.clusters {
            if cluster.first_return < cluster.write_call {
                return Err(at(items, &[cluster.first_return]));
            }
        }
        Ok(())
    }

    /// The linearization: blocks as they come, in each its clusters, in each the writer and then the
    /// reads by their calls.
    fn order(
        &self,
        items: impl Iterator<Item = Item>,
        blocks: impl Iterator<Item = Block>,
        scratch: &Scratch,
    ) -> Vec<u32> {
        let mut next_place = vec![NOBODY; self.clusters.len()];
        let mut length = 0;
        for number in blocks.flat_map(|block| self.chain(block.head)) {
            let cluster = &self.clusters[number as usize];
            next_place[number as usize] = length;
            length += cluster.read_count + u32::from(cluster.writer != NOBODY);
        }
        let mut order = vec![NOBODY; length as usize];
        let mut place = |number: u32, op: u32| {
            let place = &mut next_place[number as usize];
            if *place != NOBODY {
                order[*place as usize] = op;
                *place += 1;
            }
        };
        for (number, cluster) in self.clusters.iter().enumerate() {
            if cluster.writer != NOBODY {
                place(number as u32, cluster.writer);
            }
        }
        for item in items {
            if let Action::Read(value) = item.action
                && let Some(number) = scratch.get(value)
            {
                place(number, item.op);
            }
        }
        order
    }
}

/// Positions are sparse where the events of this register are fewer than one in so many.
const SPARSE: usize = 8;

/// Sorts blocks by a position in the history, which no two of them share: in linear time, unless most
/// events concern other registers. What is sorted are their numbers.
fn sort_by_position(blocks: &[Block], sorted: &mut Vec<u32>, position: impl Fn(&Block) -> u32) {
    sorted.clear();
    let last = blocks.iter().map(&position).max().map_or(0, |last| last as usize);
    if last / SPARSE > blocks.len() {
        sorted.extend(0..blocks.len() as u32);
        sorted.sort_unstable_by_key(|number| position(&blocks[*number as usize]));
        return;
    }
    sorted.resize(last + 1, NOBODY);
    for (number, block) in blocks.iter().enumerate() {
        sorted[position(block) as usize] = number as u32;
    }
    sorted.retain(|number| *number != NOBODY);
}

/// No two blocks, sorted by F, must precede each other. Zones that run forward (F < S) are
/// disjoint as long as this holds, so only the last one can reach past the next block's F.
fn check_blocks(
    blocks: impl Iterator<Item = Block>,
    items: &(impl Iterator<Item = Item> + Clone),
) -> Result<(), Culprits> {
    let mut forward = Block { first_return: 0, last_call: 0, head: 0 };
    for block in blocks {
        if forward.last_call > block.first_return && forward.first_return < block.last_call {
            let sides =
                [forward.first_return, forward.last_call, block.first_return, block.last_call];
            return Err(at(items, &sides));
        }
        if block.first_return < block.last_call {
            forward = block;
        }
    }
    Ok(())
}

/// The operations that are called or return at these positions.
fn at(items: &(impl Iterator<Item = Item> + Clone), positions: &[u32]) -> Culprits {
    let hit = |item: &Item| positions.contains(&item.call) || positions.contains(&item.ret);
    items.clone().filter(hit).map(|item| item.op).collect()
}
