//! What a search has found out, for itself and for the one that follows it.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::Config;
use super::slots::Slots;

/// Configurations from which no linearization can be completed.
pub(super) struct Learned<S> {
    /// By the return at which a decision was due. A configuration comes by only once before it is
    /// dead, since every decision linearizes one more operation: so there is no need to remember
    /// those that are not.
    dead: BTreeMap<u32, FxHashSet<Config<S>>>,
    len: usize,
    /// The furthest return to which any way has led.
    pub(super) furthest: u32,
}

impl<S: Slots> Learned<S> {
    pub(super) fn nothing() -> Self {
        Self { dead: BTreeMap::new(), len: 0, furthest: 0 }
    }

    pub(super) fn is_dead(&self, event: u32, config: &Config<S>) -> bool {
        self.dead.get(&event).is_some_and(|dead| dead.contains(config))
    }

    pub(super) fn bury(&mut self, event: u32, config: Config<S>) {
        self.len += usize::from(self.dead.entry(event).or_default().insert(config));
    }

    /// The dead at an event, in any order; from then on forgets them, and those of all events before.
    pub(super) fn take(&mut self, event: u32) -> Vec<Config<S>> {
        let later = self.dead.split_off(&event);
        let earlier = std::mem::replace(&mut self.dead, later);
        let dead = self.dead.remove(&event).unwrap_or_default();
        self.len -= earlier.values().map(FxHashSet::len).sum::<usize>() + dead.len();
        dead.into_iter().collect()
    }

    /// Forgets the dead of the events from `from` on and before `to`.
    pub(super) fn forget(&mut self, from: u32, to: u32) {
        let mut later = self.dead.split_off(&from);
        self.dead.extend(later.split_off(&to));
        self.len -= later.values().map(FxHashSet::len).sum::<usize>();
    }

    /// How much memory it holds, about.
    pub(super) fn bytes(&self) -> u64 {
        (self.len * 2 * size_of::<Config<S>>() + self.dead.len() * 64) as u64
    }
}
