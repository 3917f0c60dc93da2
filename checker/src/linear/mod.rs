//! Linearizability of registers, key by key (Herlihy and Wing, "Linearizability", TOPLAS 12(3), 1990:
//! a history of several registers is linearizable exactly if that of each register is).

mod item;
mod minimise;
mod register;
pub(crate) mod stale;
mod zones;

pub(crate) use item::{Action, Item, Lens};
pub use item::{FailedCas, NilRead, Rules};

use crate::history::{History, KeyHistory, Op};
use crate::search::Search;
use crate::verdict::{Budget, Engine, KeyReport, Proof, Report};

use minimise::Minimiser;
use zones::{Scratch, Zones};

/// Checks every register of a history.
///
/// Near-linear in the number of operations where no value is written twice to one register, whatever
/// the outcomes; otherwise exponential in the number of operations open at once, within the budget.
pub fn check(history: &History, rules: &Rules, budget: Budget) -> Report {
    Report { keys: check_keys(history, rules, budget).collect() }
}

/// Checks one register after another, as the iterator is asked.
pub fn check_keys<'h>(
    history: &'h History,
    rules: &'h Rules,
    budget: Budget,
) -> impl Iterator<Item = KeyReport> + 'h {
    let mut checker = Checker {
        lens: Lens::new(rules, &history.values),
        value_count: history.values.len(),
        budget,
        scratch: Scratch::default(),
    };
    history.keys.iter().map(move |key| checker.check_key(key))
}

/// What an engine found, before the proof is made presentable.
enum Found {
    Valid(Vec<u32>),
    /// Not linearizable; these operations are part of the reason.
    Invalid(Culprits),
    GaveUp(crate::search::GaveUp),
}

/// Where to look for a counterexample.
pub(crate) enum Culprits {
    /// These operations show it, together with the writers of what they observed.
    Ops(Vec<u32>),
    /// Nothing explains the history any more when this operation returns.
    Refuting(u32),
}

/// Checks registers of one history.
pub(crate) struct Checker {
    lens: Lens,
    value_count: usize,
    budget: Budget,
    scratch: Scratch,
}

impl Checker {
    fn check_key(&mut self, key: &KeyHistory) -> KeyReport {
        let (found, engine, why) = self.decide(&key.ops);
        let proof = match found {
            Found::Valid(order) => Proof::Linearization(order),
            Found::GaveUp(gave_up) => Proof::GaveUp(gave_up),
            Found::Invalid(culprits) => {
                let culprits = self.better_culprits(&key.ops, culprits);
                Proof::Counterexample(Minimiser::new(self, &key.ops).minimise(&culprits))
            }
        };
        KeyReport { key: key.key.clone(), op_count: key.ops.len(), engine, why, proof }
    }

    /// Picks the engine from the operations themselves.
    fn decide(&mut self, ops: &[Op]) -> (Found, Engine, &'static str) {
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

    /// Of all violations, the one that tells most: a value out of nowhere, then a lost write, then a
    /// stale read, then whatever the engine happened to meet first. So the anomaly of a register says
    /// whether it is at least regular.
    fn better_culprits(&self, ops: &[Op], culprits: Culprits) -> Culprits {
        let items = self.lens.items(ops);
        if let Some(read) = stale::find_sourceless(items.clone(), self.lens.initial) {
            return Culprits::Ops(vec![read]);
        }
        match stale::find(items) {
            Some(stale) => Culprits::Ops(vec![stale.read, stale.missed]),
            None => culprits,
        }
    }

    /// Whether some operations of a register, by themselves, have no linearization. `None` if the
    /// budget ran out.
    pub(crate) fn is_illegal(&mut self, items: &[Item], value_count: usize) -> Option<bool> {
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

    pub(crate) fn lens(&self) -> Lens {
        self.lens
    }
}
