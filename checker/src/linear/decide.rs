//! Whether some operations of one register have a linearization, by the engine that suits them.

use super::item::{Action, Item, Lens};
use super::register;
use super::zones::{self, Scratch, Zones};
use crate::history::Op;
use crate::search::Search;
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

    /// Picks the engine from the operations themselves.
    pub(super) fn decide(&mut self, ops: &[Op]) -> (Found, Engine, &'static str) {
        let items = self.lens.items(ops);
        let differs = items.clone().any(|item| matches!(item.action, Action::Differs(_)));
        let zones =
            zones::check(items.clone(), self.lens.initial, self.value_count + 1, &mut self.scratch);
        let why = match zones {
            (Zones::Valid(order), engine) if !differs => {
                return (Found::Valid(order), engine, "no value is written twice");
            }
            // Whatever failed compare-and-sets say can only make it worse.
            (Zones::Invalid(ops), engine) => {
                let culprits = Culprits::Ops(ops);
                return (Found::Invalid(culprits), engine, "no value is written twice");
            }
            (Zones::Valid(_), _) => "a failed compare-and-set does not say which value it met",
            (Zones::NotDistinct, _) => "a value is written twice",
        };
        let items: Vec<Item> = items.collect();
        let (search, engine) = register::check(&items, self.lens.initial, self.budget);
        let found = match search {
            Search::Valid(order) => Found::Valid(order),
            Search::Invalid(op) => Found::Invalid(Culprits::Refuting(op)),
            Search::GaveUp(gave_up) => Found::GaveUp(gave_up),
        };
        (found, engine, why)
    }

    /// Whether some operations of a register, by themselves, have no linearization. `None` if the
    /// budget ran out.
    pub(super) fn is_illegal(&mut self, items: &[Item], value_count: usize) -> Option<bool> {
        if !items.iter().any(|item| matches!(item.action, Action::Differs(_))) {
            let items = items.iter().copied();
            match zones::check(items, self.lens.initial, value_count, &mut self.scratch).0 {
                Zones::Valid(_) => return Some(false),
                Zones::Invalid(_) => return Some(true),
                Zones::NotDistinct => {}
            }
        }
        match register::check(items, self.lens.initial, self.budget).0 {
            Search::Valid(_) => Some(false),
            Search::Invalid(_) => Some(true),
            Search::GaveUp(_) => None,
        }
    }
}
