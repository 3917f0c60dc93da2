//! States that hold many values and are cheap to copy, compare and hash: a search keeps every state
//! it meets, and one differs from the next in a single value.

use std::hash::{BuildHasher, Hash, Hasher};
use std::rc::Rc;

use rustc_hash::FxBuildHasher;

use crate::value::Value;

/// The most values in a chunk.
const CHUNK_MAX: usize = 32;
/// The weight of a value in the hash of a list is this to the power of its place.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
const BASE_INVERSE: u64 = inverse(BASE);

/// The inverse of an odd number modulo 2^64, by Newton's method.
const fn inverse(odd: u64) -> u64 {
    let mut inverse = odd;
    let mut bits = 3;
    while bits < 64 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        bits *= 2;
    }
    inverse
}

fn hash_of(value: &Value) -> u64 {
    let hash = FxBuildHasher.hash_one(value);
    (hash ^ (hash >> 32)).wrapping_mul(0xff51_afd7_ed55_8ccd)
}

/// Values in order, in chunks that copies share.
#[derive(Debug, Clone, Default)]
struct Chunks {
    chunks: Rc<Vec<Rc<Vec<Value>>>>,
}

impl Chunks {
    fn iter(&self) -> impl Iterator<Item = &Value> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// Puts a value in place `at` of a chunk; a new chunk if there is none.
    fn insert(&mut self, chunk: usize, at: usize, value: Value) {
        let chunks = Rc::make_mut(&mut self.chunks);
        let Some(shared) = chunks.get_mut(chunk) else {
            return chunks.push(Rc::new(vec![value]));
        };
        let values = Rc::make_mut(shared);
        values.insert(at, value);
        if values.len() > CHUNK_MAX {
            let upper = values.split_off(CHUNK_MAX / 2);
            chunks.insert(chunk + 1, Rc::new(upper));
        }
    }

    fn remove(&mut self, chunk: usize, at: usize) {
        let chunks = Rc::make_mut(&mut self.chunks);
        if chunks[chunk].len() == 1 {
            chunks.remove(chunk);
        } else {
            Rc::make_mut(&mut chunks[chunk]).remove(at);
        }
    }
}

/// About how many bytes a list or a bag takes that it does not share with the one before it.
pub(super) const BYTES: usize = 2 * CHUNK_MAX * size_of::<Value>();

impl PartialEq for Chunks {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.chunks, &other.chunks) || self.iter().eq(other.iter())
    }
}

impl Eq for Chunks {}

/// Values in the order in which they came: the state of a queue or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    values: Chunks,
    hash: u64,
    /// The weight of the next value in the hash.
    weight: u64,
}

impl Default for List {
    fn default() -> Self {
        Self { values: Chunks::default(), hash: 0, weight: 1 }
    }
}

impl Hash for List {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.hash);
    }
}

impl List {
    /// The values, first to last.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        self.values.iter()
    }

    pub(super) fn push_back(&mut self, value: Value) {
        self.hash = self.hash.wrapping_add(hash_of(&value).wrapping_mul(self.weight));
        self.weight = self.weight.wrapping_mul(BASE);
        let last = self.values.chunks.len().saturating_sub(1);
        let at = self.values.chunks.last().map_or(0, |chunk| chunk.len());
        self.values.insert(last, at, value);
    }

    pub(super) fn pop_front(&mut self) {
        let Some(first) = self.iter().next().map(hash_of) else { return };
        self.hash = self.hash.wrapping_sub(first).wrapping_mul(BASE_INVERSE);
        self.weight = self.weight.wrapping_mul(BASE_INVERSE);
        self.values.remove(0, 0);
    }
}

/// Values in no order, each any number of times: the state of a set or a bag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bag {
    /// Sorted.
    values: Chunks,
    hash: u64,
}

impl Hash for Bag {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.hash);
    }
}

impl Bag {
    /// The values, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        self.values.iter()
    }

    pub(super) fn contains(&self, value: &Value) -> bool {
        self.find(value).is_ok()
    }

    pub(super) fn insert(&mut self, value: Value) {
        self.hash = self.hash.wrapping_add(hash_of(&value));
        let (Ok((chunk, at)) | Err((chunk, at))) = self.find(&value);
        self.values.insert(chunk, at, value);
    }

    /// Takes the value out once, if it is there.
    pub(super) fn remove(&mut self, value: &Value) {
        if let Ok((chunk, at)) = self.find(value) {
            self.hash = self.hash.wrapping_sub(hash_of(value));
            self.values.remove(chunk, at);
        }
    }

    /// Where the value stands, or would stand.
    fn find(&self, value: &Value) -> Result<(usize, usize), (usize, usize)> {
        let chunks = &self.values.chunks;
        let below = chunks.partition_point(|chunk| chunk.last().is_some_and(|last| last < value));
        // Above all others, it goes to the end of the last chunk.
        let place = below.min(chunks.len().saturating_sub(1));
        match chunks.get(place).map_or(Err(0), |chunk| chunk.binary_search(value)) {
            Ok(at) => Ok((place, at)),
            Err(at) => Err((place, at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(state: &impl Hash) -> u64 {
        FxBuildHasher.hash_one(state)
    }

    /// Numbers that look like chance.
    fn numbers(count: i64) -> impl Iterator<Item = i64> {
        (0..count).map(|i| i * 7919 % 1009)
    }

    #[test]
    fn a_list_is_what_it_holds_and_not_how_it_came_to_hold_it() {
        let (mut list, mut plain) = (List::default(), std::collections::VecDeque::new());
        for number in numbers(1000) {
            list.push_back(Value::Int(number));
            plain.push_back(Value::Int(number));
            let before = list.clone();
            if number % 3 > 0 {
                list.pop_front();
                plain.pop_front();
                assert!(before.iter().count() == list.iter().count() + 1, "a copy stays as it is");
            }
            assert!(list.iter().eq(&plain));
        }
        let mut other = List::default();
        for value in &plain {
            other.push_back(value.clone());
        }
        assert_eq!((&list, hash(&list)), (&other, hash(&other)));
        let mut swapped = List::default();
        for value in plain.iter().rev() {
            swapped.push_back(value.clone());
        }
        assert_ne!((&list, hash(&list)), (&swapped, hash(&swapped)));
        for _ in &plain {
            list.pop_front();
        }
        assert_eq!((&list, hash(&list)), (&List::default(), hash(&List::default())));
    }

    #[test]
    fn a_bag_is_what_it_holds_and_not_how_it_came_to_hold_it() {
        let (mut bag, mut plain) = (Bag::default(), Vec::new());
        for number in numbers(2000) {
            let (new, old) = (Value::Int(number), Value::Int(number / 2));
            bag.insert(new.clone());
            plain.push(new);
            assert_eq!(bag.contains(&old), plain.contains(&old));
            bag.remove(&old);
            if let Some(at) = plain.iter().position(|value| *value == old) {
                plain.remove(at);
            }
        }
        plain.sort();
        assert!(bag.iter().eq(&plain) && plain.len() > 500);
        let mut other = Bag::default();
        for value in plain.iter().rev() {
            other.insert(value.clone());
        }
        assert_eq!((&bag, hash(&bag)), (&other, hash(&other)));
        for value in &plain {
            bag.remove(value);
        }
        assert_eq!((&bag, hash(&bag)), (&Bag::default(), hash(&Bag::default())));
    }
}
