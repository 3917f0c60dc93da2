//! The name of a counterexample.

use super::item::{Action, Item, Lens};
use super::stale;
use crate::anomaly::Anomaly;
use crate::function::Function;
use crate::history::{Op, Outcome};
use crate::value::ValueId;
use crate::verdict::Cited;

/// Names a minimal counterexample, complete at `until`, of the register with these operations.
pub(super) fn classify(ops: &[Op], lens: Lens, cited: &[Cited], until: u32) -> Anomaly {
    let part: Vec<Item> = cited.iter().filter_map(|cited| lens.cited(ops, *cited, until)).collect();
    let sourceless = part.iter().find_map(|item| sourceless(ops, lens, item));
    if let Some(anomaly) = sourceless {
        return anomaly;
    }
    if has_lost_cas(ops, lens, &part) {
        return Anomaly::LostCas;
    }
    let stale = part.iter().find_map(|item| stale::is_stale(part.iter().copied(), item));
    if let Some(stale) = stale {
        let read = part.iter().find(|item| item.op == stale.read).copied();
        let whole = read.and_then(|read| stale::is_stale(lens.items(ops), &read));
        let lost = whole.is_some_and(|whole| whole.lost);
        return if lost { Anomaly::LostWrite } else { Anomaly::StaleRead };
    }
    if has_inversion(&part, lens.initial) {
        Anomaly::NewOldInversion
    } else {
        Anomaly::Contradiction
    }
}

/// An observation of a value that nobody wrote, or nobody had begun to write.
fn sourceless(ops: &[Op], lens: Lens, item: &Item) -> Option<Anomaly> {
    let value = item.action.observes()?;
    if value == lens.initial {
        return None;
    }
    let mut writers =
        lens.items(ops).filter(|other| other.action.leaves() == Some(value)).peekable();
    if writers.peek().is_some() {
        return writers.all(|writer| writer.call > item.ret).then_some(Anomaly::FutureRead);
    }
    Some(if failed_writer(ops, value).is_some() {
        Anomaly::DirtyRead
    } else {
        Anomaly::PhantomValue
    })
}

/// A write of `value` that definitely failed.
pub(crate) fn failed_writer(ops: &[Op], value: ValueId) -> Option<usize> {
    ops.iter().position(|op| {
        op.outcome() == Outcome::Fail
            && match op.function() {
                Function::Write => op.a == value,
                Function::Cas => op.b == value,
                Function::Read => false,
            }
    })
}

fn has_lost_cas(ops: &[Op], lens: Lens, part: &[Item]) -> bool {
    let expected = |item: &Item| match item.action {
        Action::Cas(expected, _) => Some(expected),
        _ => None,
    };
    part.iter().enumerate().any(|(i, first)| {
        let Some(value) = expected(first) else { return false };
        let again = part[i + 1..].iter().any(|other| expected(other) == Some(value));
        let written = lens.items(ops).filter(|item| item.action.leaves() == Some(value)).count();
        again && written + usize::from(value == lens.initial) == 1
    })
}

/// Whether some operation on an old value ends before one on a new value begins, and one on the new
/// value before a read of the old one, which was written once. The initial value is older than any.
fn has_inversion(part: &[Item], initial: ValueId) -> bool {
    let value = |item: &Item| item.action.observes().or(item.action.leaves());
    let precedes = |x: ValueId, later: &dyn Fn(&Item) -> bool| {
        let earlier = part.iter().filter(|item| value(item) == Some(x));
        earlier
            .min_by_key(|item| item.ret)
            .is_some_and(|first| part.iter().any(|item| first.ret < item.call && later(item)))
    };
    let values: Vec<ValueId> = part.iter().filter_map(value).collect();
    let once = |x: ValueId| part.iter().filter(|i| i.action.leaves() == Some(x)).count() <= 1;
    let is_initial =
        |x: ValueId| x == initial && !part.iter().any(|item| item.action.leaves() == Some(x));
    values.iter().filter(|old| once(**old)).any(|old| {
        let is_old_read = |item: &Item| item.action == Action::Read(*old);
        values.iter().filter(|new| *new != old).any(|new| {
            let is_older = is_initial(*old) || precedes(*old, &|item| value(item) == Some(*new));
            is_older && precedes(*new, &is_old_read)
        })
    })
}
