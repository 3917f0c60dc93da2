//! Checking and verifying histories of transactions, which are one whole.

use std::ops::Range;
use std::sync::OnceLock;

use super::keys::{Keys, no_ladder};
use super::{Finding, Footing, KeyResult};
use crate::anomaly::Anomaly;
use crate::certificate::{CitedCall, KeyCertificate, KeyProof};
use crate::datum::Datum;
use crate::explain::{Called, also, explain_evidence, explain_stop};
use crate::history::OPEN;
use crate::ladder::Rung;
use crate::model::MultiRegister;
use crate::staleness::Staleness;
use crate::transactions::{
    Checked, Evidence, Isolation, Reason, Refuted, Single, TransactionHistory, Workload, check,
};
use crate::value::Value;
use crate::verdict::{Budget, GaveUp, Verdict};
use crate::verify::{Rejection, TransactionVerifier, verify_single};

/// A history of transactions.
pub(super) struct Transactions {
    history: TransactionHistory,
    workload: Workload,
    /// What was found when it was first checked.
    checked: OnceLock<Checked>,
}

impl Transactions {
    pub(super) fn new(history: TransactionHistory, workload: Workload) -> Self {
        Self { history, workload, checked: OnceLock::new() }
    }

    fn checked(&self, budget: Budget) -> &Checked {
        self.checked.get_or_init(|| check(&self.history, &self.workload, budget))
    }

    fn registers(&self) -> Option<&MultiRegister> {
        match &self.workload {
            Workload::Lists => None,
            Workload::Registers(model) => Some(model),
        }
    }

    fn finding(&self, checked: &Checked) -> Finding {
        let call = |number: u32| self.history.of(number).call;
        if let Some(order) = &checked.order {
            return Finding::Valid { order: order.iter().map(|number| call(*number)).collect() };
        }
        let Some(evidence) = checked.evidence.first() else {
            let gave_up = checked.gave_up.unwrap_or(GaveUp::NOTHING);
            return self.stopped(gave_up);
        };
        let mut explanation = explain_evidence(&self.history, evidence);
        explanation.story.extend(also(&checked.evidence));
        let (ops, until) = self.cited(evidence);
        let (elements, minimal) = match &evidence.reason {
            Reason::Single(Single { refuted: Refuted::Key { found, .. }, .. }) => {
                (None, found.minimal)
            }
            Reason::Single(Single { refuted: Refuted::All { found, .. }, .. }) => {
                let elements = found.elements.as_ref();
                (elements.map(|e| e.iter().map(Value::to_datum).collect()), found.minimal)
            }
            Reason::Oddity(_) | Reason::Cycle(_) => (None, true),
        };
        Finding::Invalid { anomaly: evidence.anomaly, ops, until, elements, minimal, explanation }
    }

    fn stopped(&self, gave_up: GaveUp) -> Finding {
        let transaction = |number: u32| self.history.transactions.get(number as usize);
        let op = transaction(gave_up.op).map_or(0, |transaction| transaction.ret);
        let since = transaction(gave_up.since).map_or(0, |transaction| transaction.call);
        let gave_up = GaveUp { op, since, ..gave_up };
        let called = self.history.transactions.iter();
        let called: Vec<Called> =
            called.map(|t| Called { process: t.process, call: t.call, ret: t.ret }).collect();
        let (story, helps) = explain_stop(&gave_up, &called, |_| "transaction".to_owned());
        Finding::Unknown { gave_up, story, helps }
    }

    fn cited(&self, evidence: &Evidence) -> (Vec<CitedCall>, u32) {
        if let Reason::Single(single) = &evidence.reason {
            return (single.cited.clone(), single.until);
        }
        let transactions = evidence.transactions();
        let returns = transactions.iter().map(|number| self.history.of(*number).ret);
        let until = returns.filter(|ret| *ret != OPEN).max().unwrap_or(self.history.event_count);
        let cited =
            |number: &u32| CitedCall { call: self.history.of(*number).call, as_write: false };
        (transactions.iter().map(cited).collect(), until)
    }
}

impl Keys for Transactions {
    fn name(&self, _: usize) -> Datum {
        Datum::Nil
    }

    fn check(
        &self,
        keys: Range<usize>,
        budget: Budget,
    ) -> Box<dyn Iterator<Item = KeyResult> + '_> {
        Box::new(keys.map(move |_| {
            let checked = self.checked(budget);
            KeyResult {
                key: None,
                op_count: self.history.transactions.len(),
                engine: checked.engine,
                why: checked.why,
                finding: self.finding(checked),
            }
        }))
    }

    fn ladder(&self, _: usize, _: Verdict) -> Vec<(Rung, Footing)> {
        no_ladder()
    }

    fn isolation(&self) -> Vec<(Isolation, Footing)> {
        let checked = self.checked(Budget::GENEROUS);
        let footing = |level: Isolation| {
            let breaks = checked.evidence.iter().find(|e| level.forbids(e.anomaly));
            let footing = if let Some(evidence) = breaks {
                Footing::Breaks(explain_evidence(&self.history, evidence))
            } else if checked.order.is_some() || !checked.open.leaves(level) {
                Footing::Holds
            } else if checked.evidence.is_empty() {
                Footing::Open("the check gave up")
            } else {
                Footing::Open("nothing breaks it, but the order of some versions is not known")
            };
            (level, footing)
        };
        Isolation::ALL.into_iter().map(footing).collect()
    }

    fn staleness(&self, _: usize) -> Result<Staleness, &'static str> {
        Err("the object is no register")
    }

    fn verify(&self, _: usize, certificate: &KeyCertificate) -> Result<(), Rejection> {
        let number =
            |call: u32| self.history.called_at(call).ok_or(Rejection::NoSuchOperation(call));
        let verifier = TransactionVerifier::new(&self.history, self.registers());
        match &certificate.proof {
            KeyProof::Unknown => Ok(()),
            KeyProof::Valid { order } => {
                let order: Vec<u32> = order.iter().map(|c| number(*c)).collect::<Result<_, _>>()?;
                verifier.follow(&order)
            }
            KeyProof::Invalid { anomaly, operations, until, elements } => {
                let numbers = operations.iter().map(|cited| number(cited.call));
                let numbers: Vec<u32> = numbers.collect::<Result<_, _>>()?;
                match (self.registers(), anomaly) {
                    (Some(model), anomaly) if of_one_key(*anomaly) => verify_single(
                        &self.history,
                        model,
                        (operations, *until),
                        elements.as_deref(),
                    ),
                    _ => verifier.refute(*anomaly, &numbers),
                }
            }
        }
    }
}

/// Whether the engines for registers found it.
fn of_one_key(anomaly: Anomaly) -> bool {
    Anomaly::REGISTER.contains(&anomaly)
        && !matches!(anomaly, Anomaly::PhantomValue | Anomaly::DirtyRead)
}
