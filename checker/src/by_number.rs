//! A map from numbers of which most are small: those stand in an array, which is several times faster
//! than a map.

use rustc_hash::FxHashMap;

/// Numbers below this stand in the array.
const SMALL: u32 = 1 << 12;

/// A value for each of some numbers.
#[derive(Debug)]
pub(crate) struct ByNumber<T> {
    small: Vec<Option<T>>,
    others: FxHashMap<u32, T>,
}

impl<T> Default for ByNumber<T> {
    fn default() -> Self {
        Self { small: Vec::new(), others: FxHashMap::default() }
    }
}

impl<T> ByNumber<T> {
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        if number < SMALL {
            return self.small.get(number as usize)?.as_ref();
        }
        self.others.get(&number)
    }

    /// Sets a number's value and returns the one it had.
    pub(crate) fn insert(&mut self, number: u32, value: T) -> Option<T> {
        if number >= SMALL {
            return self.others.insert(number, value);
        }
        let place = number as usize;
        if place >= self.small.len() {
            self.small.resize_with(place + 1, || None);
        }
        self.small[place].replace(value)
    }

    pub(crate) fn remove(&mut self, number: u32) -> Option<T> {
        if number < SMALL {
            return self.small.get_mut(number as usize)?.take();
        }
        self.others.remove(&number)
    }

    /// All values, in no particular order.
    pub(crate) fn into_values(self) -> impl Iterator<Item = T> {
        self.small.into_iter().flatten().chain(self.others.into_values())
    }
}
