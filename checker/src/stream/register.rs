//! One register, checked while its operations happen (Gibbons and Korach's zones, online).
//!
//! What nobody can observe any more without a contradiction is forgotten: a value that was replaced
//! before the oldest open operation was called.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::history::OPEN;
use crate::value::Value;

/// A value that took effect: its write, and the reads that returned it.
#[derive(Debug)]
struct Cluster {
    value: Value,
    /// The first return of any of its operations; [`OPEN`] if there is none yet.
    first_return: u32,
    /// The last call of any of its operations.
    last_call: u32,
}

/// Values of which each was replaced by the next in a compare-and-set, and nothing between them. At
/// first a plain write by itself.
#[derive(Debug)]
struct Chain {
    head: Cluster,
    /// The others, the last of them current.
    rest: Vec<Cluster>,
    first_return: u32,
    last_call: u32,
}

impl Chain {
    fn clusters(&self) -> impl Iterator<Item = &Cluster> {
        std::iter::once(&self.head).chain(&self.rest)
    }

    fn cluster(&mut self, place: usize) -> &mut Cluster {
        if place == 0 { &mut self.head } else { &mut self.rest[place - 1] }
    }
}

/// A write or compare-and-set that nobody has seen the effect of.
#[derive(Debug)]
struct Dormant {
    call: u32,
    /// What a compare-and-set expects.
    expected: Option<Value>,
    is_info: bool,
}

/// Where a register stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Linearizable so far.
    Valid,
    /// Not linearizable since the event at this position: a response that nothing explains.
    Invalid(u32),
    /// Nobody can tell since the event at this position, for this reason.
    Open(u32, &'static str),
}

/// A register, as far as the past can still matter.
#[derive(Debug)]
pub(super) struct Register {
    /// Calls of operations that may still return, oldest first, with those that did in between.
    open: VecDeque<(u32, bool)>,
    dormant: FxHashMap<Value, Dormant>,
    /// What compare-and-sets expect that nobody has seen the effect of, however hopeless: were it
    /// written again, they might succeed.
    expected: Vec<Value>,
    live: Vec<Chain>,
    /// How many chains there may be before some are forgotten.
    patience: usize,
    pub(super) standing: Standing,
}

/// A response that nothing explains.
struct Contradiction;

impl Register {
    pub(super) fn new(initial: Value) -> Self {
        let head = Cluster { value: initial, first_return: 0, last_call: 0 };
        let chain = Chain { head, rest: Vec::new(), first_return: 0, last_call: 0 };
        Self {
            open: VecDeque::new(),
            dormant: FxHashMap::default(),
            expected: Vec::new(),
            live: vec![chain],
            patience: 2,
            standing: Standing::Valid,
        }
    }

    /// Somebody begins to write `value`, or to replace `expected` by it.
    pub(super) fn write(&mut self, call: u32, value: &Value, expected: Option<Value>) {
        if self.expected.contains(value) {
            self.give_up(call, "a value is written that an open compare-and-set expects");
            return;
        }
        self.expected.extend(expected.clone());
        let dormant = Dormant { call, expected, is_info: false };
        if self.find(value).is_some() || self.dormant.insert(value.clone(), dormant).is_some() {
            self.give_up(call, "a value is written again while its first write still matters");
        }
    }

    /// An operation may return from now on.
    pub(super) fn call(&mut self, call: u32) {
        self.open.push_back((call, false));
    }

    /// An operation will not return any more.
    pub(super) fn close(&mut self, call: u32) {
        if let Ok(place) = self.open.binary_search_by_key(&call, |(call, _)| *call) {
            self.open[place].1 = true;
        }
        while self.open.front().is_some_and(|(_, closed)| *closed) {
            self.open.pop_front();
        }
    }

    /// A write of this value may take effect at any later time, or never.
    pub(super) fn leave_open(&mut self, value: &Value) {
        if let Some(dormant) = self.dormant.get_mut(value) {
            dormant.is_info = true;
        }
    }

    /// A write of this value certainly did not happen.
    pub(super) fn fail(&mut self, now: u32, value: &Value) {
        if self.rouse(value).is_none() {
            self.refute(now);
        }
    }

    /// Something becomes of a write.
    fn rouse(&mut self, value: &Value) -> Option<Dormant> {
        let dormant = self.dormant.remove(value)?;
        if let Some(expected) = &dormant.expected
            && let Some(place) = self.expected.iter().position(|other| other == expected)
        {
            self.expected.swap_remove(place);
        }
        Some(dormant)
    }

    /// An operation called at `call` returns at `now` with this value, written or read.
    pub(super) fn touch(&mut self, call: u32, now: u32, value: &Value) {
        if self.standing == Standing::Valid && self.observe(call, now, value).is_err() {
            self.refute(now);
        }
        if self.live.len() > self.patience {
            self.forget(now);
        }
    }

    pub(super) fn give_up(&mut self, now: u32, why: &'static str) {
        if self.standing == Standing::Valid {
            self.standing = Standing::Open(now, why);
            self.clear();
        }
    }

    fn refute(&mut self, now: u32) {
        if self.standing == Standing::Valid {
            self.standing = Standing::Invalid(now);
            self.clear();
        }
    }

    /// Nothing matters any more.
    fn clear(&mut self) {
        (self.live, self.expected) = (Vec::new(), Vec::new());
        self.dormant = FxHashMap::default();
    }

    /// Where a value lives: its chain, and its place there.
    fn find(&self, value: &Value) -> Option<(usize, usize)> {
        // What is asked for is mostly new.
        self.live.iter().enumerate().rev().find_map(|(chain, clusters)| {
            let place = clusters.clusters().position(|cluster| cluster.value == *value)?;
            Some((chain, place))
        })
    }

    /// A value lives, or wakes up now that somebody saw it; so does what its compare-and-set expected.
    fn wake(&mut self, value: &Value) -> Result<(usize, usize), Contradiction> {
        let mut sleepers = Vec::new();
        let mut wanted = value.clone();
        let mut found = loop {
            if let Some(found) = self.find(&wanted) {
                break Some(found);
            }
            // A circle of compare-and-sets ends here, too: each value sleeps once.
            let dormant = self.rouse(&wanted).ok_or(Contradiction)?;
            let head = Cluster { value: wanted, first_return: OPEN, last_call: dormant.call };
            match dormant.expected {
                Some(expected) => {
                    sleepers.push(head);
                    wanted = expected;
                }
                None => {
                    let last_call = head.last_call;
                    self.live.push(Chain { head, rest: Vec::new(), first_return: OPEN, last_call });
                    break None;
                }
            }
        };
        while let Some(cluster) = sleepers.pop() {
            let (number, place) = found.unwrap_or((self.live.len() - 1, 0));
            let chain = &mut self.live[number];
            if place != chain.rest.len() {
                // Two compare-and-sets replaced the same value.
                return Err(Contradiction);
            }
            chain.last_call = chain.last_call.max(cluster.last_call);
            chain.rest.push(cluster);
            found = Some((number, place + 1));
        }
        Ok(found.unwrap_or((self.live.len() - 1, 0)))
    }

    fn observe(&mut self, call: u32, now: u32, value: &Value) -> Result<(), Contradiction> {
        let (number, place) = match self.find(value) {
            Some(found) => found,
            None => self.wake(value)?,
        };
        let chain = &mut self.live[number];
        let cluster = chain.cluster(place);
        cluster.first_return = cluster.first_return.min(now);
        cluster.last_call = cluster.last_call.max(call);
        let last_call = cluster.last_call;
        let later = &chain.rest[place..];
        if later.iter().any(|later| later.first_return < last_call) {
            return Err(Contradiction);
        }
        chain.first_return = chain.first_return.min(now);
        chain.last_call = chain.last_call.max(last_call);
        let (first_return, last_call) = (chain.first_return, chain.last_call);
        let conflicts = |(other, chain): (usize, &Chain)| {
            other != number && chain.first_return < last_call && first_return < chain.last_call
        };
        if self.live.iter().enumerate().any(conflicts) { Err(Contradiction) } else { Ok(()) }
    }

    /// Forgets what nobody can observe any more without a contradiction. All of it is found before any
    /// is dropped: what is dropped may be what shows that another can be.
    fn forget(&mut self, now: u32) {
        let oldest = self.open.front().map_or(now + 1, |(call, _)| *call);
        let replaced = |(number, chain): (usize, &Chain)| {
            let by = |(other, later): (usize, &Chain)| {
                other != number
                    && chain.first_return < later.last_call
                    && later.first_return < oldest
            };
            self.live.iter().enumerate().any(by)
        };
        let mut drop: Vec<bool> = self.live.iter().enumerate().map(replaced).collect();
        drop.reverse();
        self.live.retain(|_| !drop.pop().unwrap_or_default());
        for chain in &mut self.live {
            chain.forget(oldest);
        }
        let asleep: Vec<Value> = self.dormant.keys().cloned().collect();
        for value in asleep {
            let lost = self.dormant[&value].expected.as_ref().is_some_and(|expected| {
                self.find(expected).is_none() && !self.dormant.contains_key(expected)
            });
            if lost && self.dormant[&value].is_info {
                self.dormant.remove(&value);
            }
        }
        self.patience = 2 * self.live.len();
    }
}

impl Chain {
    /// Forgets all before the last cluster that somebody had seen when the oldest open operation was
    /// called.
    fn forget(&mut self, oldest: u32) {
        let Some(seen) = self.rest.iter().rposition(|cluster| cluster.first_return < oldest) else {
            return;
        };
        let mut rest = self.rest.drain(..=seen);
        if let Some(head) = rest.next_back() {
            drop(rest);
            self.head = head;
        }
    }
}
