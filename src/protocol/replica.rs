//! The storage of replicas: what each register holds, and what of it is certainly on disk.

use std::fmt::Debug;
use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::Keys;
use super::{Configuration, Durability, Key, Lies, Mutant, Value};

/// What a replica holds of a register, and how it takes in what it is told to hold. The default is a
/// register that was never written.
pub(super) trait Held:
    Clone + Debug + Default + Eq + Hash + Serialize + DeserializeOwned
{
    /// Whether what was taken in once, and whatever replaced it since, makes no difference when it comes
    /// again. False if nobody has thought about it.
    const ONLY_GROWS: bool = false;

    /// Takes in `other`. Returns what must be on disk before `other` is safe.
    fn merge(&mut self, other: &Self) -> Self;
    /// Whether `other` is safe once this is on disk.
    fn covers(&self, other: &Self) -> bool;

    /// The value, if it is one.
    fn value(&self) -> Option<Value> {
        None
    }

    /// The same without the value, as a witness keeps it.
    #[must_use]
    fn without_value(&self) -> Self {
        self.clone()
    }

    /// What a replica says it holds that lies; one that cannot forge anything says that it was never
    /// written.
    fn lie(_lies: Lies) -> Self {
        Self::default()
    }
}

/// One register.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Register<H, T> {
    /// What it holds, perhaps only in memory.
    held: H,
    /// What is certainly on disk.
    synced: H,
    /// Who waits for what to be on disk.
    waiting: Vec<(H, T)>,
}

/// The registers of a replica. A `T` names somebody who waits for a register to be on disk.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Registers<H, T> {
    durability: Durability,
    mutant: Option<Mutant>,
    by_key: Keys<Register<H, T>>,
}

/// What is to be done about a register that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stores<H> {
    /// Put this on disk.
    pub(super) persist: Option<H>,
    /// Say at once that it is held.
    pub(super) acknowledge: bool,
}

impl<H: Held, T: Clone> Registers<H, T> {
    /// A replica that finds these registers on its disk.
    pub(super) fn new(config: &Configuration, disk: impl Iterator<Item = (Key, H)>) -> Self {
        let register = |held: H| Register { held: held.clone(), synced: held, waiting: Vec::new() };
        let disk = disk.filter(|_| !config.is(Mutant::ForgetsOnRestart));
        let by_key = disk.map(|(key, held)| (key, register(held))).collect();
        Self { durability: config.durability(), mutant: config.mutant, by_key }
    }

    /// What it holds of a register.
    pub(super) fn held(&self, key: Key) -> H {
        self.by_key.get(key).map(|register| register.held.clone()).unwrap_or_default()
    }

    /// Whether `other` makes no difference any more, not even after a crash.
    pub(super) fn is_settled(&self, key: Key, other: &H) -> bool {
        let settles = |register: &Register<H, T>| {
            let mut after = register.synced.clone();
            after.merge(other);
            after == register.synced
        };
        H::ONLY_GROWS && self.by_key.get(key).is_some_and(settles)
    }

    /// Takes in something that nobody waits for. Returns what to put on disk.
    pub(super) fn take_in(&mut self, key: Key, other: &H) -> Option<H> {
        let new = || Register { held: H::default(), synced: H::default(), waiting: Vec::new() };
        let register = self.by_key.get_or_insert_with(key, new);
        let before = register.held.clone();
        register.held.merge(other);
        (register.held != before).then(|| register.held.clone())
    }

    /// Takes in something to hold. What is held may still be on its way to the disk: then whoever asks
    /// again waits, too.
    pub(super) fn store(&mut self, key: Key, other: &H, whom: T) -> Stores<H> {
        let new = || Register { held: H::default(), synced: H::default(), waiting: Vec::new() };
        let register = self.by_key.get_or_insert_with(key, new);
        let before = register.held.clone();
        let mut target = register.held.merge(other);
        if self.mutant == Some(Mutant::TakesAnything) {
            (register.held, target) = (other.clone(), H::default());
        }
        let is_new = before == H::default();
        let keeps = is_new || self.mutant != Some(Mutant::FirstWriteOnly);
        let persist = (keeps && register.held != before).then(|| register.held.clone());
        let acknowledge = !keeps
            || self.durability == Durability::AckBeforeSync
            || register.synced.covers(&target);
        if !acknowledge {
            register.waiting.push((target, whom));
        }
        Stores { persist, acknowledge }
    }

    /// A register has reached the disk. Tells `ready` who has waited for it.
    pub(super) fn persisted(&mut self, key: Key, held: H, mut ready: impl FnMut(T)) {
        let Some(register) = self.by_key.get_mut(key) else { return };
        register.synced = held;
        let synced = &register.synced;
        register.waiting.retain(|(target, whom)| {
            let is_safe = synced.covers(target);
            if is_safe {
                ready(whom.clone());
            }
            !is_safe
        });
    }
}
