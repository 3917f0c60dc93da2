//! A serial order of transactions on registers: no transaction goes before those it must follow, finds
//! what it did not read, or overwrites what somebody has yet to read.
//!
//! Of all that fit, the one that completed first goes next. That may be wrong where two transactions
//! write one key and nothing tells their order; then everything stops soon, since a transaction is about
//! to overwrite what another has yet to read, which has to wait for the first. So the first should come
//! before whoever wrote the value, and the order is taken back to there. That is a guess where several
//! wait for each other in a circle: an order that is found is right, but not every one is found.

use std::hash::BuildHasher;

use petgraph::Direction;
use petgraph::graph::EdgeIndex;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::facts::Why;
use super::graph::Graph;
use super::history::TransactionHistory;
use super::registers::{Access, Beginning, accesses};
use crate::history::Outcome;
use crate::value::ValueId;

/// Steps, forth and back, for each transaction, before it gives up.
const EFFORT: usize = 100;
/// How many nodes a restart goes back, and how often there is one.
const RESTART_BACK: usize = 200;
const RESTARTS_MAX: u32 = 1_000;
/// Transactions that one has to wait for, looked at in search of a certain other.
const WAITED_MAX: usize = 10_000;

/// A node that was put into the order, and what its keys held before.
struct Placed {
    node: u32,
    held: Vec<(u32, ValueId)>,
}

struct Serial<'h> {
    history: &'h TransactionHistory,
    beginning: &'h Beginning<'h>,
    graph: Graph,
    /// What each transaction that took effect does to its keys.
    accesses: Vec<Vec<Access>>,
    writers: FxHashMap<(u32, ValueId), u32>,
    readers: FxHashMap<(u32, ValueId), Vec<u32>>,
    /// How many have yet to read a value of a key.
    unread: FxHashMap<(u32, ValueId), u32>,
    holds: FxHashMap<u32, ValueId>,
    placed: Vec<Placed>,
    is_placed: Vec<bool>,
    /// How many nodes there are that do not wait for ever.
    placeable: usize,
    /// How many nodes not placed yet each one has to wait for.
    waits_for: Vec<u32>,
    /// Transactions that wait for none.
    ready: Vec<u32>,
    /// Links that were learned: the last of the graph.
    learned: Vec<(u32, u32)>,
    /// How often it started over from somewhere, and the furthest it had come when it last did.
    restarts: u32,
    furthest: usize,
}

/// An order of all transactions that took effect, if it finds one.
/// O(links + transactions x open at once) unless it is wrong often.
pub(super) fn order(
    history: &TransactionHistory,
    beginning: &Beginning<'_>,
    (graph, effective): (Graph, &[bool]),
) -> Option<Vec<u32>> {
    let mut serial = Serial::new(history, beginning, (graph, effective));
    let count = effective.iter().filter(|effective| **effective).count();
    for _ in 0..EFFORT * count {
        if let Some(next) = serial.next() {
            serial.place(next);
        } else if serial.is_done() || !(serial.learn() || serial.restart()) {
            break;
        }
    }
    let transaction = |placed: &Placed| (placed.node as usize) < history.transactions.len();
    let order = serial.placed.iter().filter(|placed| transaction(placed));
    let order: Vec<u32> = order.map(|placed| placed.node).collect();
    (order.len() == count).then_some(order)
}

impl<'h> Serial<'h> {
    fn new(
        history: &'h TransactionHistory,
        beginning: &'h Beginning<'h>,
        (mut graph, effective): (Graph, &[bool]),
    ) -> Self {
        // What never took effect waits for ever.
        let never = graph.add_node(());
        let mut idle = 0;
        for number in history.numbers().filter(|number| !effective[*number as usize]) {
            graph.add_edge(never, number.into(), Why::Onward);
            idle += 1;
        }
        let waits = |node| graph.neighbors_directed(node, Direction::Incoming).count() as u32;
        let mut waits_for: Vec<u32> = graph.node_indices().map(waits).collect();
        waits_for[never.index()] = 1;
        let mut serial = Self {
            history,
            beginning,
            accesses: history.numbers().map(|n| accesses_of(history, beginning, n)).collect(),
            writers: FxHashMap::default(),
            readers: FxHashMap::default(),
            unread: FxHashMap::default(),
            holds: FxHashMap::default(),
            placed: Vec::new(),
            is_placed: vec![false; graph.node_count()],
            placeable: graph.node_count() - 1 - idle,
            graph,
            waits_for,
            ready: Vec::new(),
            learned: Vec::new(),
            restarts: 0,
            furthest: 0,
        };
        for number in history.numbers().filter(|number| effective[*number as usize]) {
            for Access { key, found, left } in &serial.accesses[number as usize] {
                if let Some(found) = found {
                    *serial.unread.entry((*key, *found)).or_default() += 1;
                    serial.readers.entry((*key, *found)).or_default().push(number);
                }
                if let Some(left) = left {
                    serial.writers.insert((*key, *left), number);
                }
            }
        }
        let free: Vec<u32> =
            (0..).zip(&serial.waits_for).filter(|(_, w)| **w == 0).map(|(node, _)| node).collect();
        for node in free {
            serial.free(node);
        }
        serial
    }

    /// A node has to wait no more: a helper is placed at once.
    fn free(&mut self, node: u32) {
        if (node as usize) < self.history.transactions.len() {
            self.ready.push(node);
        } else {
            self.place(node);
        }
    }

    fn next(&self) -> Option<u32> {
        let fitting = self.ready.iter().copied().filter(|number| self.blocked(*number).is_none());
        // Where that failed before, another choice each time.
        let choice = |number: u32| match self.placed.len() {
            placed if placed < self.furthest => {
                FxBuildHasher.hash_one((number, self.restarts)) as u32
            }
            _ => self.history.of(number).ret,
        };
        fitting.min_by_key(|number| (choice(*number), *number))
    }

    /// Whether all are placed that ever will be.
    fn is_done(&self) -> bool {
        self.placed.len() == self.placeable
    }

    fn holds(&self, key: u32) -> ValueId {
        self.holds.get(&key).copied().unwrap_or_else(|| self.beginning.of(key))
    }

    /// A key that holds what a transaction did not find, or is about to overwrite before others have
    /// read it.
    fn blocked(&self, number: u32) -> Option<&Access> {
        self.accesses[number as usize].iter().find(|access| {
            let holds = self.holds(access.key);
            let own = u32::from(access.found == Some(holds));
            access.found.is_some_and(|found| found != holds)
                || (access.left.is_some()
                    && self.unread.get(&(access.key, holds)).is_some_and(|unread| *unread > own))
        })
    }

    /// Places a node, and all helpers that are free then.
    fn place(&mut self, node: u32) {
        let mut work = vec![node];
        while let Some(node) = work.pop() {
            let mut held = Vec::new();
            if let Some(accesses) = self.accesses.get(node as usize) {
                self.ready.retain(|ready| *ready != node);
                for Access { key, found, left } in accesses {
                    if let Some(unread) = found.and_then(|f| self.unread.get_mut(&(*key, f))) {
                        *unread -= 1;
                    }
                    if let Some(left) = left {
                        let before = self.holds.insert(*key, *left);
                        held.push((*key, before.unwrap_or_else(|| self.beginning.of(*key))));
                    }
                }
            }
            self.placed.push(Placed { node, held });
            self.is_placed[node as usize] = true;
            for next in self.graph.neighbors(node.into()) {
                let waits = &mut self.waits_for[next.index()];
                *waits -= 1;
                if *waits == 0 {
                    let next = next.index() as u32;
                    if (next as usize) < self.accesses.len() {
                        self.ready.push(next);
                    } else {
                        work.push(next);
                    }
                }
            }
        }
    }

    /// Takes the last node back.
    fn take_back(&mut self) -> Option<u32> {
        let Placed { node, held } = self.placed.pop()?;
        self.is_placed[node as usize] = false;
        for (key, before) in held {
            self.holds.insert(key, before);
        }
        for next in self.graph.neighbors(node.into()) {
            self.waits_for[next.index()] += 1;
            self.ready.retain(|ready| *ready as usize != next.index());
        }
        if let Some(accesses) = self.accesses.get(node as usize) {
            self.ready.push(node);
            for Access { key, found, .. } in accesses {
                if let Some(unread) = found.and_then(|found| self.unread.get_mut(&(*key, found))) {
                    *unread += 1;
                }
            }
        }
        Some(node)
    }

    /// Finds out why nothing fits, and takes the order back to the latest mistake that explains it.
    /// False if there is none.
    fn learn(&mut self) -> bool {
        let mistakes = self.ready.iter().filter_map(|number| {
            let Access { key, left, .. } = *self.blocked(*number)?;
            let held = (key, self.holds(key));
            let wrong = *self.writers.get(&held)?;
            let mut others = self.unread_by(key).filter(|reader| reader != number);
            let waits = others.any(|reader| self.waits(reader, *number, true));
            waits.then_some((*number, (key, left?), held, wrong))
        });
        let mut mistakes: Vec<_> = mistakes.collect();
        let last = |wrong: u32| self.placed.iter().rev().position(|placed| placed.node == wrong);
        mistakes.sort_by_cached_key(|(.., wrong)| last(*wrong));
        for (first, written, held, wrong) in mistakes {
            while self.is_placed[wrong as usize] {
                self.take_back();
            }
            let before_wrong = self.all_on(written, first, wrong);
            let refuted = before_wrong.iter().any(|number| self.waits(*number, wrong, false));
            let (numbers, then) = if refuted {
                (self.all_on(held, wrong, first), first)
            } else {
                (before_wrong, wrong)
            };
            for number in &numbers {
                self.graph.add_edge((*number).into(), then.into(), Why::RealTime);
                self.learned.push((*number, then));
            }
            self.waits_for[then as usize] += numbers.len() as u32;
            if !numbers.is_empty() {
                self.ready.retain(|ready| *ready != then);
                return true;
            }
        }
        false
    }

    /// Goes back a good way, forgets what was learned there, and chooses otherwise. False after too many
    /// times.
    fn restart(&mut self) -> bool {
        self.restarts += 1;
        self.furthest = self.furthest.max(self.placed.len());
        for _ in 0..RESTART_BACK {
            self.take_back();
        }
        while let Some((from, then)) =
            self.learned.pop_if(|(_, then)| !self.is_placed[*then as usize])
        {
            let last = EdgeIndex::new(self.graph.edge_count() - 1);
            self.graph.remove_edge(last);
            if !self.is_placed[from as usize] {
                self.waits_for[then as usize] -= 1;
                if self.waits_for[then as usize] == 0 {
                    self.ready.push(then);
                }
            }
        }
        self.restarts < RESTARTS_MAX
    }

    /// The writer of a value and all that read it, as far as they are not placed, without one of them.
    fn all_on(&self, value: (u32, ValueId), writer: u32, without: u32) -> Vec<u32> {
        let readers = self.readers.get(&value).into_iter().flatten().copied();
        let all = readers.chain([writer]);
        all.filter(|number| *number != without && !self.is_placed[*number as usize]).collect()
    }

    /// Who has yet to read what a key holds.
    fn unread_by(&self, key: u32) -> impl Iterator<Item = u32> + '_ {
        let readers = self.readers.get(&(key, self.holds(key))).into_iter().flatten().copied();
        readers.filter(|reader| !self.is_placed[*reader as usize])
    }

    /// Whether a transaction has to wait for another; `now`, as the order stands, for those, too, that
    /// must read what others are about to overwrite.
    fn waits(&self, later: u32, first: u32, now: bool) -> bool {
        let mut seen = FxHashSet::from_iter([later]);
        let mut work = vec![later];
        while let Some(node) = work.pop() {
            if node == first {
                return true;
            }
            if seen.len() > WAITED_MAX {
                return false;
            }
            let before = self.graph.neighbors_directed(node.into(), Direction::Incoming);
            let before = before.map(|before| before.index() as u32);
            let accesses = self.accesses.get(node as usize).filter(|_| now).into_iter().flatten();
            let overwritten = accesses.filter(|access| access.left.is_some());
            let readers = overwritten.flat_map(|access| self.unread_by(access.key));
            for before in before.chain(readers) {
                if !self.is_placed[before as usize] && seen.insert(before) {
                    work.push(before);
                }
            }
        }
        false
    }
}

/// What is known of a transaction's accesses: without a completion, only what it wrote.
fn accesses_of(
    history: &TransactionHistory,
    beginning: &Beginning<'_>,
    number: u32,
) -> Vec<Access> {
    let (mut accesses, _) = accesses(history, beginning, number);
    if history.of(number).outcome != Outcome::Ok {
        for access in &mut accesses {
            access.found = None;
        }
    }
    accesses
}
