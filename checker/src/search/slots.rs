//! Sets of open operations, as wide as a history needs.

/// A set of slots. Every open operation of known outcome has one, from its call to its return.
pub(crate) trait Slots: Copy + Eq + std::hash::Hash + std::fmt::Debug {
    /// How many slots there are.
    const CAPACITY: usize;
    /// The empty set.
    const NONE: Self;

    /// The set of one slot.
    fn one(slot: u16) -> Self;
    /// Slots of either.
    fn or(self, other: Self) -> Self;
    /// Slots of this that are not in the other.
    fn without(self, other: Self) -> Self;
    /// The lowest slot.
    fn first(self) -> Option<u16>;
    /// How many slots the set has.
    fn len(self) -> u32;

    /// Whether every slot is in the other set, too.
    fn is_within(self, other: Self) -> bool {
        self.without(other) == Self::NONE
    }

    /// The slots, lowest first.
    fn slots(self) -> impl Iterator<Item = u16> {
        let mut rest = self;
        std::iter::from_fn(move || {
            let slot = rest.first()?;
            rest = rest.without(Self::one(slot));
            Some(slot)
        })
    }
}

impl Slots for u64 {
    const CAPACITY: usize = 64;
    const NONE: Self = 0;

    fn one(slot: u16) -> Self {
        1 << slot
    }

    fn or(self, other: Self) -> Self {
        self | other
    }

    fn without(self, other: Self) -> Self {
        self & !other
    }

    fn first(self) -> Option<u16> {
        (self != 0).then(|| self.trailing_zeros() as u16)
    }

    fn len(self) -> u32 {
        self.count_ones()
    }
}

/// Eight words: for more clients on one register than any sane test has.
impl Slots for [u64; 8] {
    const CAPACITY: usize = 512;
    const NONE: Self = [0; 8];

    fn one(slot: u16) -> Self {
        let mut set = Self::NONE;
        set[usize::from(slot / 64)] = 1 << (slot % 64);
        set
    }

    fn or(self, other: Self) -> Self {
        std::array::from_fn(|word| self[word] | other[word])
    }

    fn without(self, other: Self) -> Self {
        std::array::from_fn(|word| self[word] & !other[word])
    }

    fn first(self) -> Option<u16> {
        let word = self.iter().position(|word| *word != 0)?;
        Some((word as u32 * 64 + self[word].trailing_zeros()) as u16)
    }

    fn len(self) -> u32 {
        self.iter().map(|word| word.count_ones()).sum()
    }
}
