//! Where a search stands: one way the object may have got to an event.

use super::slots::Slots;

/// A configuration. Operations that returned before are all linearized, so only open ones count.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Config<S> {
    /// The state of the object, by number.
    pub(crate) state: u32,
    /// Open operations that may change the state and are linearized.
    pub(crate) changed: S,
    /// Open operations that only observe and are linearized.
    pub(crate) observed: S,
    /// How many operations of each class have taken effect, by class; no zeros.
    used: Box<[(u32, u32)]>,
}

impl<S: Slots> Config<S> {
    pub(super) fn initial(state: u32) -> Self {
        Self { state, changed: S::NONE, observed: S::NONE, used: Box::new([]) }
    }

    /// How many operations of a class have taken effect.
    pub(crate) fn used_of(&self, class: u32) -> u32 {
        self.used.iter().find(|(c, _)| *c == class).map_or(0, |(_, count)| *count)
    }

    pub(super) fn used_total(&self) -> u32 {
        self.used.iter().map(|(_, count)| count).sum()
    }

    /// One more operation of this class takes effect.
    pub(crate) fn use_one(&mut self, class: u32) {
        let mut used = self.used.to_vec();
        match used.binary_search_by_key(&class, |(c, _)| *c) {
            Ok(place) => used[place].1 += 1,
            Err(place) => used.insert(place, (class, 1)),
        }
        self.used = used.into();
    }

    /// Forgets how often these classes were used.
    pub(super) fn forget(&mut self, useless: impl Fn(u32) -> bool) {
        if self.used.iter().any(|(class, _)| useless(*class)) {
            self.used = self.used.iter().copied().filter(|(class, _)| !useless(*class)).collect();
        }
    }

    /// The configuration once the operation in `slot` has returned; `None` if it is not linearized.
    pub(super) fn returned(&self, slot: u16) -> Option<Self> {
        let bit = S::one(slot);
        if !bit.is_within(self.changed.or(self.observed)) {
            return None;
        }
        let mut next = self.clone();
        next.changed = next.changed.without(bit);
        next.observed = next.observed.without(bit);
        Some(next)
    }

    /// Whether whatever can follow `other` can follow this, given equal state and changes: it has
    /// observed at least as much, and used up no more.
    pub(super) fn dominates(&self, other: &Self) -> bool {
        other.observed.is_within(self.observed)
            && self.used.iter().all(|(class, count)| *count <= other.used_of(*class))
    }
}
