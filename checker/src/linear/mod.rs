//! Linearizability of registers, key by key (Herlihy and Wing, "Linearizability", TOPLAS 12(3), 1990:
//! a history of several registers is linearizable exactly if that of each register is).

mod classify;
mod decide;
mod item;
mod minimise;
mod place;
mod register;
pub(crate) mod stale;
mod tell_apart;
mod zones;

pub(crate) use classify::failed_writer;
pub(crate) use item::{Action, Item, Lens};
pub use item::{FailedCas, NilRead, Rules};

use std::ops::Range;

use crate::history::{History, KeyHistory, Op};
use crate::value::Values;
use crate::verdict::{Budget, KeyReport, Proof, Report};

use decide::{Culprits, Decider, Decision, Found};
use minimise::Minimiser;

/// Checks every register of a history.
///
/// Near-linear in the number of operations where no value is written twice to one register, whatever
/// the outcomes; otherwise exponential in the number of operations open at once, within the budget.
pub fn check(history: &History, rules: &Rules, budget: Budget) -> Report {
    Report { keys: check_keys(history, rules, 0..history.keys.len(), budget).collect() }
}

/// Checks some registers, by their places in the history, as the iterator is asked: they do not depend
/// on each other.
pub fn check_keys<'h>(
    history: &'h History,
    rules: &'h Rules,
    keys: Range<usize>,
    budget: Budget,
) -> impl Iterator<Item = KeyReport> + 'h {
    let lens = Lens::new(rules, &history.values);
    let mut decider = Decider::new(lens, history.values.len(), budget);
    history.keys[keys].iter().map(move |key| check_key(&mut decider, key))
}

/// Whether the operations of one register have a linearization, without a proof. `None` if the budget
/// ran out.
pub(crate) fn is_linearizable(
    items: &[Item],
    rules: &Rules,
    values: &Values,
    budget: Budget,
) -> Option<bool> {
    let mut decider = Decider::new(Lens::new(rules, values), values.len(), budget);
    decider.is_illegal(items, values.len() + 1).map(|is_illegal| !is_illegal)
}

fn check_key(decider: &mut Decider, key: &KeyHistory) -> KeyReport {
    let Decision { found, engine, why } = decider.decide(&key.ops);
    let proof = match found {
        Found::Valid(order) => Proof::Linearization(order),
        Found::GaveUp(gave_up) => Proof::GaveUp(gave_up),
        Found::Invalid(culprits) => {
            let culprits = better_culprits(decider.lens, &key.ops, culprits);
            Proof::Counterexample(Minimiser::new(decider, &key.ops).minimise(&culprits))
        }
    };
    KeyReport { key: key.key.clone(), op_count: key.ops.len(), engine, why, proof }
}

/// Of all violations, the one that tells most: a value out of nowhere, then a lost write, then a
/// stale read, then whatever the engine happened to meet first. So the anomaly of a register says
/// whether it is at least regular.
fn better_culprits(lens: Lens, ops: &[Op], culprits: Culprits) -> Culprits {
    let items = lens.items(ops);
    if let Some(read) = stale::find_sourceless(items.clone(), lens.initial) {
        return Culprits::Ops(vec![read]);
    }
    match stale::find(items) {
        Some(stale) => Culprits::Ops(vec![stale.read, stale.missed]),
        None => culprits,
    }
}
