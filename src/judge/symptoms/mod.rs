//! What clients saw, looked for in a run: each [`Symptom`] by its definition, register by register, in
//! O(n log n).

mod nodes;
mod register;
#[cfg(test)]
mod tests;

use quorate_checker::{NO_TIME, Outcome, Value, ValueId};

use crate::run::Run;
use crate::workload::{Symptom, Symptoms};
use nodes::Nodes;
use register::Register;

/// What clients saw in a run, and how often.
pub fn symptoms(run: &Run) -> Symptoms {
    let mut symptoms = Symptoms::default();
    let nothing = run.history.values.find(&Value::Nil).unwrap_or(ValueId::NONE);
    let mended = run.faults.iter().map(|window| window.to).max().unwrap_or(0) as i64;
    let slow = slow(run);
    for key in &run.history.keys {
        let register = Register::new(&key.ops, nothing);
        let nodes = Nodes::new(&register, &run.asked);
        for (symptom, times) in [
            (Symptom::ResurrectedWrite, register.resurrected_writes()),
            (Symptom::DirtyRead, register.dirty_reads()),
            (Symptom::PhantomValue, register.phantom_values()),
            (Symptom::LostCas, register.lost_cas()),
            (Symptom::SplitBrain, u64::from(nodes.is_split(slow))),
            (Symptom::FracturedRead, nodes.fractured_reads()),
            (Symptom::Regression, nodes.regressions(&run.faults)),
            (Symptom::StuckRead, u64::from(register.is_stuck(mended))),
        ] {
            symptoms.add(symptom, times);
        }
    }
    symptoms
}

/// How long all but the slowest hundredth of the operations took at most, in nanoseconds.
fn slow(run: &Run) -> i64 {
    let ops = run.history.keys.iter().flat_map(|key| &key.ops);
    let ok = ops.filter(|op| op.outcome() == Outcome::Ok && op.ret_time != NO_TIME);
    let mut took: Vec<i64> = ok.map(|op| op.ret_time - op.call_time).collect();
    if took.is_empty() {
        return 0;
    }
    let place = took.len() * 99 / 100;
    *took.select_nth_unstable(place).1
}
