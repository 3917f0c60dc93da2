//! A map by key that is fast, and whose order leaks nowhere.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHashMap;

use super::Key;

/// A map by key. Equal maps have equal hashes, whatever the order of their insertions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keys<T>(FxHashMap<Key, T>);

impl<T> Keys<T> {
    pub(super) fn get(&self, key: Key) -> Option<&T> {
        self.0.get(&key)
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.0.get_mut(&key)
    }

    pub(super) fn get_or_insert_with(&mut self, key: Key, new: impl FnOnce() -> T) -> &mut T {
        self.0.entry(key).or_insert_with(new)
    }
}

impl<T> Default for Keys<T> {
    fn default() -> Self {
        Self(FxHashMap::default())
    }
}

impl<T> FromIterator<(Key, T)> for Keys<T> {
    fn from_iter<I: IntoIterator<Item = (Key, T)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl<T: Hash> Hash for Keys<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut entries: Vec<(&Key, &T)> = self.0.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| **key);
        entries.hash(state);
    }
}
