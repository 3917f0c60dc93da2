//! Whether some operations of one register have a linearization, by the engine that suits them.

use super::item::{Action, Item, Lens};
use super::place::{Placed, place};
use super::register;
use super::tell_apart::{Apart, tell_apart};
use super::zones::{self, Scratch, Zones};
use crate::history::Op;
use crate::search::Search;
use crate::value::ValueId;
use crate::verdict::{Budget, Engine, GaveUp};

/// What an engine found, before the proof is made presentable.
pub(super) enum Found {
    Valid(Vec<u32>),
    /// Not linearizable; these operations are part of the reason.
    Invalid(Culprits),
    GaveUp(GaveUp),
}

/// Where to look for a counterexample.
pub(super) enum Culprits {
    /// These operations show it, together with the writers of what they observed.
    Ops(Vec<u32>),
    /// Nothing explains the history any more when this operation returns.
    Refuting(u32),
}

/// What was found, by which engine, and why by that one.
pub(super) struct Decision {
    pub(super) found: Found,
    pub(super) engine: Engine,
    pub(super) why: &'static str,
}

const DISTINCT: &str = "no value is written twice";
const REPEATED: &str = "a value is written twice";
const TOLD_APART: &str = "of a value written twice, no read can have seen more than one write";
const SOURCELESS: &str = "a read has no write that it can have seen";
const SILENT_FAILURES: &str = "a failed compare-and-set does not say which value it met";

/// Decides registers of one history.
pub(super) struct Decider {
    pub(super) lens: Lens,
    pub(super) value_count: usize,
    budget: Budget,
    scratch: Scratch,
}

impl Decider {
    pub(super) fn new(lens: Lens, value_count: usize, budget: Budget) -> Self {
        Self { lens, value_count, budget, scratch: Scratch::default() }
    }

    /// Decides a register.
    pub(super) fn decide(&mut self, ops: &[Op]) -> Decision {
        self.decide_items(self.lens.items(ops), self.value_count + 1)
    }

    /// Whether some operations of a register, by themselves, have no linearization. `None` if the
    /// budget ran out.
    pub(super) fn is_illegal(&mut self, items: &[Item], value_count: usize) -> Option<bool> {
        match self.decide_items(items.iter().copied(), value_count).found {
            Found::Valid(_) => Some(false),
            Found::Invalid(_) => Some(true),
            Found::GaveUp(_) => None,
        }
    }

    /// Picks the engine from the operations themselves, the cheapest first. Values are below
    /// `value_count`.
    fn decide_items(
        &mut self,
        items: impl Iterator<Item = Item> + Clone,
        value_count: usize,
    ) -> Decision {
        let initial = self.lens.initial;
        match self.by_zones(items.clone(), initial, value_count) {
            ByZones::Decided(found, engine) => {
                let silent = engine == Engine::PlacedFailures;
                let why = if silent { SILENT_FAILURES } else { DISTINCT };
                return Decision { found, engine, why };
            }
            ByZones::Open => {
                let items: Vec<Item> = items.collect();
                return self.by_search(&items, initial, SILENT_FAILURES);
            }
            ByZones::NotDistinct => {}
        }
        let items: Vec<Item> = items.collect();
        let renamed = match tell_apart(&items, initial) {
            Apart::Renamed(renamed) => renamed,
            Apart::Sourceless(op) => {
                let found = Found::Invalid(Culprits::Ops(vec![op]));
                return Decision { found, engine: Engine::ForcedReads, why: SOURCELESS };
            }
        };
        let (items, initial) = (&renamed.items, renamed.initial);
        match self.by_zones(items.iter().copied(), initial, renamed.value_count) {
            ByZones::Decided(found, Engine::PlacedFailures) => {
                Decision { found, engine: Engine::PlacedFailures, why: SILENT_FAILURES }
            }
            ByZones::Decided(found, _) => {
                Decision { found, engine: Engine::ForcedReads, why: TOLD_APART }
            }
            ByZones::Open => self.by_search(items, initial, SILENT_FAILURES),
            ByZones::NotDistinct => self.by_search(items, initial, REPEATED),
        }
    }

    /// Decides where values are distinct.
    fn by_zones(
        &mut self,
        items: impl Iterator<Item = Item> + Clone,
        initial: ValueId,
        value_count: usize,
    ) -> ByZones {
        let zones = zones::check(items.clone(), initial, value_count, &mut self.scratch);
        match zones {
            (Zones::NotDistinct, _) => ByZones::NotDistinct,
            // Whatever failed compare-and-sets say can only make it worse.
            (Zones::Invalid(ops), engine) => {
                ByZones::Decided(Found::Invalid(Culprits::Ops(ops)), engine)
            }
            (Zones::Valid(order), engine) => {
                if !items.clone().any(|item| matches!(item.action, Action::Differs(_))) {
                    return ByZones::Decided(Found::Valid(order), engine);
                }
                let items: Vec<Item> = items.collect();
                let found = match place(&items, &order, initial) {
                    Placed::Order(order) => Found::Valid(order),
                    Placed::Sandwiched(ops) => Found::Invalid(Culprits::Ops(ops)),
                    Placed::Undecided => return ByZones::Open,
                };
                ByZones::Decided(found, Engine::PlacedFailures)
            }
        }
    }

    fn by_search(&self, items: &[Item], initial: ValueId, why: &'static str) -> Decision {
        let (search, engine) = register::check(items, initial, self.budget);
        let found = match search {
            Search::Valid(order) => Found::Valid(order),
            Search::Invalid(op) => Found::Invalid(Culprits::Refuting(op)),
            Search::GaveUp(gave_up) => Found::GaveUp(gave_up),
        };
        Decision { found, engine, why }
    }
}

/// What zones say.
enum ByZones {
    Decided(Found, Engine),
    /// They do not apply.
    NotDistinct,
    /// Linearizable but for what failed compare-and-sets say: nobody knows yet.
    Open,
}
