//! The proofs of a certificate in the operations of a page: the order that explains a key, with what
//! its register held before and after each step, or the few operations that nothing explains.

use quorate_checker::{Certificate, CitedCall, KeyCertificate, KeyProof, Outcome, Value};
use serde_json::{Value as Json, json};

use super::column::column;
use super::sample::Sample;
use super::texts::Texts;
use crate::report::trace::{NONE, Trace, shown, shown_value};

/// The operations that counterexamples cite, by their numbers in the trace.
pub(super) fn cited(trace: &Trace, certificate: &Certificate) -> Vec<u32> {
    let calls = certificate.keys.iter().flat_map(|key| match &key.proof {
        KeyProof::Invalid { operations, .. } => operations.as_slice(),
        KeyProof::Valid { .. } | KeyProof::Unknown => &[],
    });
    calls.filter_map(|cited| trace.find(cited.call)).map(|number| number as u32).collect()
}

/// Every proof, in the order of the certificate.
pub(super) struct Proofs<'p, 't> {
    pub(super) trace: &'t Trace,
    pub(super) sample: &'p Sample,
    pub(super) texts: &'p mut Texts<'t>,
    /// What registers hold at first; `None` for other objects, whose states are not shown.
    pub(super) initial: Option<&'p Value>,
}

impl Proofs<'_, '_> {
    /// A proof: `order` and `before` and `after` are columns, `cited` is a list.
    pub(super) fn json(&mut self, key: &KeyCertificate) -> Json {
        let name = shown(&key.key);
        let verdict = key.proof.verdict().name();
        match &key.proof {
            KeyProof::Valid { order } => self.linearization(&name, order),
            KeyProof::Invalid { operations, anomaly, .. } => json!({
                "key": name,
                "verdict": verdict,
                "anomaly": anomaly,
                "cited": self.places(operations),
            }),
            KeyProof::Unknown => json!({ "key": name, "verdict": verdict }),
        }
    }

    fn places(&self, operations: &[CitedCall]) -> Vec<u32> {
        let place = |cited: &CitedCall| self.sample.place(self.trace.find(cited.call)?);
        operations.iter().filter_map(place).collect()
    }

    fn linearization(&mut self, name: &str, order: &[u32]) -> Json {
        let mut steps = Vec::with_capacity(order.len());
        let mut holds = NONE;
        for number in order.iter().filter_map(|call| self.trace.find(*call)) {
            let operation = &self.trace.operations[number];
            let before = holds;
            let took_effect = operation.outcome != Outcome::Fail;
            if operation.leaves != NONE && took_effect {
                holds = operation.leaves;
            }
            if let Some(place) = self.sample.place(number) {
                steps.push(Step { place, before, after: holds });
            }
        }
        let mut held =
            |of: fn(&Step) -> u32| column(steps.iter().map(|step| self.texts.number(of(step))));
        let states = self.initial.map(|initial| {
            json!({
                "initial": shown_value(initial),
                "before": held(|step| step.before),
                "after": held(|step| step.after),
            })
        });
        json!({
            "key": name,
            "verdict": "valid",
            "steps": order.len(),
            "shown": steps.len(),
            "order": column(steps.iter().map(|step| Some(i64::from(step.place)))),
            "states": states,
        })
    }
}

/// One step of a linearization: where its operation stands on the page, and what the register holds,
/// [`NONE`] for what it held at first.
struct Step {
    place: u32,
    before: u32,
    after: u32,
}
