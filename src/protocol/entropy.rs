//! Anti-entropy: replicas compare what they hold, by themselves and now and then, and mend what differs, whether
//! or not anybody reads it (Demers et al., "Epidemic algorithms for replicated database maintenance", PODC 1987).
//! They compare hash trees (Merkle, "A digital signature based on a conventional encryption function", CRYPTO
//! 1987), as Dynamo does: replicas that hold the same find out by one message, and a single register that
//! differs is found on one way down.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::replica::Held;
use super::{Key, NodeId};

/// A branch has so many children.
const CHILDREN: u32 = 16;
/// Leaves are so far below the root.
const LEVELS: u32 = 3;
const LEAVES: u32 = CHILDREN.pow(LEVELS);

/// A place in the tree: the root is the only branch of level 0, leaves are at level [`LEVELS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Branch {
    level: u32,
    place: u32,
}

impl Branch {
    const ROOT: Self = Self { level: 0, place: 0 };

    /// Registers are spread over the leaves whatever their numbers.
    fn leaf_of(key: Key) -> Self {
        let place = key.wrapping_mul(0x9e37_79b9) >> (u32::BITS - LEAVES.ilog2());
        Self { level: LEVELS, place }
    }

    fn parent(self) -> Option<Self> {
        let level = self.level.checked_sub(1)?;
        Some(Self { level, place: self.place / CHILDREN })
    }

    fn children(self) -> impl Iterator<Item = Self> {
        let (level, first) = (self.level + 1, self.place * CHILDREN);
        (first..first + CHILDREN).map(move |place| Self { level, place })
    }
}

/// Between replicas.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Message<H> {
    /// This is the digest of all that I hold.
    Root(u64),
    /// We differ below this branch: these are the digests of its children.
    Children { branch: Branch, digests: Vec<u64> },
    /// We differ in a leaf: this is what I hold there. If asked for, answer with what you hold that is newer.
    Leaf { leaf: Branch, held: Vec<(Key, H)>, asks: bool },
}

impl<H> Message<H> {
    /// What kind of message it is, in a word.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Root(_) => "root",
            Self::Children { .. } => "children",
            Self::Leaf { .. } => "leaf",
        }
    }
}

/// What comes of a message.
#[derive(Debug)]
pub(super) struct Heard<H> {
    /// Take this in.
    pub(super) newer: Vec<(Key, H)>,
    /// Say this to whoever sent it.
    pub(super) say: Vec<Message<H>>,
}

/// The hash tree of a replica.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Entropy {
    /// The digests of registers, by leaf.
    registers: BTreeMap<u32, BTreeMap<Key, u64>>,
    /// The digests of branches below which there is something.
    digests: BTreeMap<Branch, u64>,
    /// How often it has compared.
    rounds: u64,
}

impl Entropy {
    /// A register holds something else now.
    pub(super) fn changed(&mut self, key: Key, held: &impl Hash) {
        let leaf = Branch::leaf_of(key);
        let registers = self.registers.entry(leaf.place).or_default();
        registers.insert(key, digest(held));
        let of_leaf = digest(registers);
        self.digests.insert(leaf, of_leaf);
        let mut branch = leaf;
        while let Some(parent) = branch.parent() {
            let of_parent = digest(&self.children(parent));
            self.digests.insert(parent, of_parent);
            branch = parent;
        }
    }

    /// Whom to compare with now: all others in turn. `None` if there is nobody else.
    pub(super) fn next_peer(&mut self, id: NodeId, n: u16) -> Option<NodeId> {
        let others = u64::from(n.checked_sub(1).filter(|others| *others > 0)?);
        let step = 1 + self.rounds % others;
        self.rounds += 1;
        Some(((u64::from(id) + step) % u64::from(n)) as NodeId)
    }

    /// How a comparison begins.
    pub(super) fn begin<H>(&self) -> Message<H> {
        Message::Root(self.digest(Branch::ROOT))
    }

    /// What comes of a message, for a replica that holds this.
    pub(super) fn hear<H: Held>(&self, message: Message<H>, held: impl Fn(Key) -> H) -> Heard<H> {
        let mut heard = Heard { newer: Vec::new(), say: Vec::new() };
        match message {
            Message::Root(digest) => {
                if digest != self.digest(Branch::ROOT) {
                    heard.say.push(self.below(Branch::ROOT, held));
                }
            }
            Message::Children { branch, digests } => {
                let differ = branch.children().zip(digests);
                let differ = differ.filter(|(child, digest)| self.digest(*child) != *digest);
                heard.say.extend(differ.map(|(child, _)| self.below(child, &held)));
            }
            Message::Leaf { leaf, held: theirs, asks } => {
                let theirs: BTreeMap<Key, H> = theirs.into_iter().collect();
                let mut newer = Vec::new();
                let mine = self.registers.get(&leaf.place).into_iter().flat_map(BTreeMap::keys);
                for key in mine.filter(|key| !theirs.contains_key(key)) {
                    newer.push((*key, held(*key)));
                }
                for (key, theirs) in theirs {
                    let mine = held(key);
                    let mut both = mine.clone();
                    both.merge(&theirs);
                    if both != theirs {
                        newer.push((key, both.clone()));
                    }
                    if both != mine {
                        heard.newer.push((key, theirs));
                    }
                }
                if asks && !newer.is_empty() {
                    heard.say.push(Message::Leaf { leaf, held: newer, asks: false });
                }
            }
        }
        heard
    }

    /// What to say about a branch that differs.
    fn below<H>(&self, branch: Branch, held: impl Fn(Key) -> H) -> Message<H> {
        if branch.level < LEVELS {
            return Message::Children { branch, digests: self.children(branch) };
        }
        let keys = self.registers.get(&branch.place).into_iter().flat_map(BTreeMap::keys);
        let held = keys.map(|key| (*key, held(*key))).collect();
        Message::Leaf { leaf: branch, held, asks: true }
    }

    fn digest(&self, branch: Branch) -> u64 {
        self.digests.get(&branch).copied().unwrap_or(0)
    }

    fn children(&self, branch: Branch) -> Vec<u64> {
        branch.children().map(|child| self.digest(child)).collect()
    }
}

/// The first bits of the SHA-256 of something.
fn digest(of: &impl Hash) -> u64 {
    let mut hasher = Hashed(Sha256::new());
    of.hash(&mut hasher);
    hasher.finish()
}

struct Hashed(Sha256);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::super::version::Stored;
    use super::*;

    /// A replica and its tree.
    #[derive(Default)]
    struct Replica {
        registers: BTreeMap<Key, Stored>,
        entropy: Entropy,
    }

    impl Replica {
        fn of(keys: std::ops::Range<Key>) -> Self {
            let mut replica = Self::default();
            keys.for_each(|key| replica.hold(key, 1));
            replica
        }

        fn hold(&mut self, key: Key, counter: u64) {
            self.take_in(key, Stored::new(counter, 0, i64::from(key)));
        }

        fn take_in(&mut self, key: Key, stored: Stored) {
            let held = self.registers.entry(key).or_default();
            held.merge(&stored);
            self.entropy.changed(key, held);
        }

        fn hear(&mut self, message: Message<Stored>) -> Vec<Message<Stored>> {
            let held = |key| self.registers.get(&key).copied().unwrap_or_default();
            let heard = self.entropy.hear(message, held);
            heard.newer.into_iter().for_each(|(key, stored)| self.take_in(key, stored));
            heard.say
        }
    }

    /// Lets one replica compare with another. Returns what they said, by kind and how many registers.
    fn compare(one: &mut Replica, other: &mut Replica) -> Vec<(&'static str, usize)> {
        let mut said = Vec::new();
        let mut on_the_way = vec![(true, one.entropy.begin())];
        while let Some((to_other, message)) = on_the_way.pop() {
            let registers = match &message {
                Message::Leaf { held, .. } => held.len(),
                Message::Root(_) | Message::Children { .. } => 0,
            };
            said.push((message.kind(), registers));
            let answers = if to_other { other.hear(message) } else { one.hear(message) };
            on_the_way.extend(answers.into_iter().map(|answer| (!to_other, answer)));
        }
        said
    }

    #[test]
    fn replicas_that_hold_the_same_find_out_by_one_message() {
        let (mut one, mut other) = (Replica::of(0..10_000), Replica::of(0..10_000));
        assert_eq!(compare(&mut one, &mut other), [("root", 0)]);
        assert_eq!(compare(&mut Replica::default(), &mut Replica::default()), [("root", 0)]);
    }

    #[test]
    fn one_register_that_differs_is_found_on_one_way_down() {
        let (mut one, mut other) = (Replica::of(0..1_000), Replica::of(0..1_000));
        for (key, other_is_newer) in [(0, false), (577, true), (999, false)] {
            let newer = if other_is_newer { &mut other } else { &mut one };
            newer.hold(key, 2);
            let said = compare(&mut one, &mut other);
            let way_down = ["root", "children", "children", "children", "leaf"];
            let kinds: Vec<&str> = said.iter().map(|(kind, _)| *kind).collect();
            assert_eq!(kinds[..5], way_down, "register {key}");
            // The answer has only what was behind, and there is none where the asker was not.
            let answers: Vec<usize> = said[5..].iter().map(|(_, registers)| *registers).collect();
            let speaker_is_newer = !other_is_newer;
            assert_eq!(answers, if speaker_is_newer { vec![] } else { vec![1] }, "register {key}");
            assert_eq!(one.registers, other.registers);
            assert_eq!(compare(&mut one, &mut other), [("root", 0)]);
        }
    }

    #[test]
    fn whatever_differs_is_mended_on_both_sides() {
        let (mut one, mut other) = (Replica::of(0..600), Replica::of(300..900));
        (400..420).for_each(|key| one.hold(key, 2));
        (410..430).for_each(|key| other.hold(key, 3));
        compare(&mut one, &mut other);
        assert_eq!(one.registers.len(), 900);
        assert_eq!(one.registers, other.registers);
        assert_eq!(one.registers[&415].version.counter, 3);
    }

    #[test]
    fn the_tree_says_what_is_held_and_not_how_it_came_to_be() {
        let (mut one, mut other) = (Replica::default(), Replica::default());
        (0..50).for_each(|key| one.hold(key, 1));
        (0..50).rev().for_each(|key| other.hold(key, 1));
        assert_eq!(one.entropy, other.entropy);
        one.hold(7, 2);
        assert_ne!(one.entropy.digest(Branch::ROOT), other.entropy.digest(Branch::ROOT));
    }

    #[test]
    fn every_other_replica_has_its_turn() {
        let mut entropy = Entropy::default();
        let peers: Vec<Option<NodeId>> = (0..4).map(|_| entropy.next_peer(2, 4)).collect();
        assert_eq!(peers, [Some(3), Some(0), Some(1), Some(3)]);
        assert_eq!(entropy.next_peer(0, 1), None);
    }
}
