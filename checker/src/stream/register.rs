//! One register, checked while its operations happen (Gibbons and Korach's zones, online).
//!
//! What nobody can observe any more without a contradiction is forgotten: a value that was replaced
//! before the oldest open operation was called.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::act::{Act, What};
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
    value: Value,
    /// What a compare-and-set expects.
    expected: Option<Value>,
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
    /// Those that may still return: few, so that looking at each is faster than a map.
    dormant: Vec<Dormant>,
    rare: Option<Box<Rare>>,
    live: Vec<Chain>,
    /// How many chains there may be before some are forgotten.
    patience: usize,
    pub(super) standing: Standing,
}

/// What most registers do not have: apart, so that many registers stay near each other.
#[derive(Debug, Default)]
struct Rare {
    /// Writes and compare-and-sets of unknown outcome that nobody has seen the effect of, by what they
    /// write.
    lost: FxHashMap<Value, Dormant>,
    /// What the compare-and-sets among these write, and some that are not lost any more.
    lost_cas: Vec<Value>,
    /// How many compare-and-sets expect a value that nobody has seen the effect of, however hopeless:
    /// were it written again, they might succeed.
    expected: FxHashMap<Value, u32>,
}

/// A response that nothing explains.
struct Contradiction;

impl Register {
    pub(super) fn new(initial: Value) -> Self {
        let head = Cluster { value: initial, first_return: 0, last_call: 0 };
        let chain = Chain { head, rest: Vec::new(), first_return: 0, last_call: 0 };
        Self {
            open: VecDeque::new(),
            dormant: Vec::new(),
            rare: None,
            live: vec![chain],
            patience: 2,
            standing: Standing::Valid,
        }
    }

    /// Something happens to it. After its first violation nothing matters any more.
    pub(super) fn take(&mut self, act: &Act) {
        let Act { call, now, ref what, .. } = *act;
        if self.standing != Standing::Valid {
            return;
        }
        match what {
            What::Asks | What::Writes { .. } => self.open.push_back((call, false)),
            What::Touched(_) | What::Ended | What::Failed { .. } | What::Lost(_) => {
                self.close(call);
            }
        }
        match what {
            What::Asks | What::Ended => {}
            What::Writes { value, expected } => self.write(call, value, expected.clone()),
            What::Touched(value) => self.touch(call, now, value),
            What::Failed { value, met, met_another } => {
                if let Some(value) = value {
                    self.fail(now, value);
                }
                if let Some(met) = met {
                    self.touch(call, now, met);
                } else if *met_another {
                    self.give_up(now, "a failed cas does not say which value it met");
                }
            }
            What::Lost(value) => self.leave_open(value),
        }
    }

    /// Somebody begins to write `value`, or to replace `expected` by it.
    fn write(&mut self, call: u32, value: &Value, expected: Option<Value>) {
        if self.rare.as_ref().is_some_and(|rare| rare.expected.contains_key(value)) {
            self.give_up(call, "a value is written that an open compare-and-set expects");
            return;
        }
        if let Some(expected) = &expected {
            *self.rare().expected.entry(expected.clone()).or_default() += 1;
        }
        if self.find(value).is_some() || self.is_dormant(value) {
            self.give_up(call, "a value is written again while its first write still matters");
            return;
        }
        self.dormant.push(Dormant { call, value: value.clone(), expected });
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// An operation will not return any more.
    fn close(&mut self, call: u32) {
        if let Ok(place) = self.open.binary_search_by_key(&call, |(call, _)| *call) {
            self.open[place].1 = true;
        }
        while self.open.front().is_some_and(|(_, closed)| *closed) {
            self.open.pop_front();
        }
    }

    /// A write of this value may take effect at any later time, or never.
    fn leave_open(&mut self, value: &Value) {
        if let Some(dormant) = self.take_dormant(value) {
            let rare = self.rare();
            rare.lost_cas.extend(dormant.expected.is_some().then(|| value.clone()));
            rare.lost.insert(value.clone(), dormant);
        }
    }

    /// A write of this value certainly did not happen.
    fn fail(&mut self, now: u32, value: &Value) {
        if self.rouse(value).is_none() {
            self.refute(now);
        }
    }

    fn is_dormant(&self, value: &Value) -> bool {
        self.dormant.iter().any(|dormant| dormant.value == *value)
            || self.rare.as_ref().is_some_and(|rare| rare.lost.contains_key(value))
    }

    /// Whether a lost compare-and-set may still succeed; if not, it is forgotten.
    fn is_hopeful(&mut self, value: &Value) -> bool {
        let lost = self.rare.as_ref().and_then(|rare| rare.lost.get(value));
        let Some(dormant) = lost else { return false };
        let is_possible = |value: &Value| self.find(value).is_some() || self.is_dormant(value);
        let is_hopeful = dormant.expected.as_ref().is_some_and(is_possible);
        if !is_hopeful {
            self.rare().lost.remove(value);
        }
        is_hopeful
    }

    fn take_dormant(&mut self, value: &Value) -> Option<Dormant> {
        let place = self.dormant.iter().position(|dormant| dormant.value == *value)?;
        Some(self.dormant.swap_remove(place))
    }

    /// Something becomes of a write.
    fn rouse(&mut self, value: &Value) -> Option<Dormant> {
        let dormant =
            self.take_dormant(value).or_else(|| self.rare.as_mut()?.lost.remove(value))?;
        if let Some(expected) = &dormant.expected
            && let Some(rare) = &mut self.rare
            && let Some(count) = rare.expected.get_mut(expected)
        {
            *count -= 1;
            if *count == 0 {
                rare.expected.remove(expected);
            }
        }
        Some(dormant)
    }

    /// An operation called at `call` returns at `now` with this value, written or read.
    fn touch(&mut self, call: u32, now: u32, value: &Value) {
        if self.standing == Standing::Valid && self.observe(call, now, value).is_err() {
            self.refute(now);
        }
        if self.live.len() > self.patience {
            self.forget(now);
        }
    }

    fn give_up(&mut self, now: u32, why: &'static str) {
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
        (self.live, self.dormant) = (Vec::new(), Vec::new());
        self.rare = None;
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
        if let Some(rare) = &mut self.rare {
            let mut lost_cas = std::mem::take(&mut rare.lost_cas);
            lost_cas.retain(|value| self.is_hopeful(value));
            self.rare().lost_cas = lost_cas;
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
