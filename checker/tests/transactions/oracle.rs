//! Isolation by definition: every order of the transactions, and every snapshot each may have read.

use super::made::{Kind, State, Txn, execute};
use quorate_checker::Isolation;

/// Whether transactions have an order (and snapshots) that the level allows.
pub(crate) fn holds(level: Isolation, kind: Kind, txns: &[Txn]) -> bool {
    let may_have_happened: Vec<&Txn> = txns.iter().filter(|txn| !txn.failed).collect();
    let trial = Trial { level, kind, txns: &may_have_happened };
    trial.extend(&mut Vec::new(), &mut vec![Default::default()])
}

struct Trial<'a> {
    level: Isolation,
    kind: Kind,
    txns: &'a [&'a Txn],
}

impl Trial<'_> {
    /// Whether the order can be continued. `states` are those after each transaction so far.
    fn extend(&self, order: &mut Vec<usize>, states: &mut Vec<State>) -> bool {
        let done = (0..self.txns.len()).all(|i| order.contains(&i) || self.txns[i].ret.is_none());
        if done {
            return true;
        }
        for next in (0..self.txns.len()).filter(|i| !order.contains(i)).collect::<Vec<_>>() {
            for snapshot in self.snapshots(order, next) {
                let txn = self.txns[next];
                let mut seen = states[snapshot].clone();
                let found = execute(self.kind, &mut seen, &txn.steps);
                let fits = |(found, told): (&Vec<i64>, &Vec<i64>)| match self.kind {
                    Kind::Lists => found == told,
                    Kind::Registers => found.last() == told.last(),
                };
                if txn.ret.is_some() && !found.iter().zip(&txn.found).all(fits) {
                    continue;
                }
                let mut state = states[order.len()].clone();
                let writes: Vec<_> = txn.steps.iter().copied().filter(|s| s.1.is_some()).collect();
                execute(self.kind, &mut state, &writes);
                order.push(next);
                states.push(state);
                let possible = self.extend(order, states);
                order.pop();
                states.pop();
                if possible {
                    return true;
                }
            }
        }
        false
    }

    /// How many transactions of the order the next one may have seen.
    fn snapshots(&self, order: &[usize], next: usize) -> Vec<usize> {
        let txn = self.txns[next];
        let before = |earlier: &Txn| match self.level {
            Isolation::StrictSerializable | Isolation::StrongSnapshotIsolation => {
                earlier.ret.is_some_and(|ret| ret < txn.call)
            }
            Isolation::StrongSessionSerializable | Isolation::StrongSessionSnapshotIsolation => {
                earlier.process == txn.process && earlier.call < txn.call
            }
            _ => false,
        };
        // Nobody is overtaken, not even those that never completed and come later or never.
        let overtaken = (0..self.txns.len()).any(|i| !order.contains(&i) && before(self.txns[i]));
        if overtaken {
            return Vec::new();
        }
        let serial = self.level <= Isolation::Serializable;
        let overwrites = |earlier: &Txn| {
            let writes = |txn: &Txn, key: usize| {
                txn.steps.iter().any(|step| step.0 == key && step.1.is_some())
            };
            (0..2).any(|key| writes(earlier, key) && writes(txn, key))
        };
        let must_see = |place: &usize| {
            let earlier = self.txns[order[*place]];
            serial || before(earlier) || overwrites(earlier)
        };
        let least = (0..order.len()).rev().find(must_see).map_or(0, |place| place + 1);
        (least..=order.len()).collect()
    }
}
