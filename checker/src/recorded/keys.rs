//! Checking and verifying key by key, in positions of events: of registers, and of any other object.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use super::{Finding, Footing, KeyResult};
use crate::certificate::{CitedCall, KeyCertificate, KeyProof};
use crate::datum::Datum;
use crate::explain::{
    Called, explain, explain_breach, explain_calls, explain_growing, explain_stop,
};
use crate::function::Function;
use crate::history::{History, KeyHistory, Op, Outcome};
use crate::ladder::{Rung, Standing, ladder};
use crate::linear::{Action, Lens, Rules, check_keys};
use crate::model::{
    self, Call, CallCounterexample, CallHistory, CallProof, Growing, Model, check_calls,
};
use crate::staleness::{Staleness, staleness};
use crate::transactions::Isolation;
use crate::value::Value;
use crate::verdict::{Budget, Cited, Counterexample, Engine, GaveUp, KeyReport, Proof, Verdict};
use crate::verify::{Rejection, verify, verify_calls};

pub(super) const NO_REGISTER: &str = "the object is no register";

/// The rungs below linearizability speak of registers.
pub(super) fn no_ladder() -> Vec<(Rung, Footing)> {
    let below = Rung::ALL.into_iter().filter(|rung| *rung != Rung::Linearizable);
    below.map(|rung| (rung, Footing::Open(NO_REGISTER))).collect()
}

/// The keys of a history, whatever the object.
pub(super) trait Keys: Send + Sync {
    fn name(&self, number: usize) -> Datum;
    fn check(&self, keys: Range<usize>, budget: Budget)
    -> Box<dyn Iterator<Item = KeyResult> + '_>;
    /// Where a register stands below linearizability; open for other objects.
    fn ladder(&self, number: usize, linearizable: Verdict) -> Vec<(Rung, Footing)>;
    /// Where transactions stand on every isolation level; nothing for other objects.
    fn isolation(&self) -> Vec<(Isolation, Footing)> {
        Vec::new()
    }
    /// How stale the reads of a register are, or why that cannot be told.
    fn staleness(&self, number: usize) -> Result<Staleness, &'static str>;
    fn verify(&self, number: usize, key: &KeyCertificate) -> Result<(), Rejection>;
}

pub(super) struct Registers {
    pub(super) history: History,
    pub(super) rules: Rules,
}

impl Registers {
    fn result(&self, key: &KeyHistory, report: KeyReport) -> KeyResult {
        let call = |op: u32| key.ops[op as usize].call;
        let finding = match report.proof {
            Proof::Linearization(order) => {
                Finding::Valid { order: order.into_iter().map(call).collect() }
            }
            Proof::Counterexample(counterexample) => {
                let explanation = explain(key, &self.history.values, &self.rules, &counterexample);
                let cited = |c: &Cited| CitedCall { call: call(c.op), as_write: c.as_write };
                Finding::Invalid {
                    anomaly: counterexample.anomaly,
                    ops: counterexample.ops.iter().map(cited).collect(),
                    until: counterexample.until,
                    elements: None,
                    minimal: counterexample.minimal,
                    explanation,
                }
            }
            Proof::GaveUp(gave_up) => self.stopped(key, gave_up),
        };
        KeyResult {
            key: report.key.map(|key| key.to_datum()),
            op_count: report.op_count,
            engine: report.engine,
            why: report.why,
            finding,
        }
    }
}

impl Registers {
    fn stopped(&self, key: &KeyHistory, gave_up: GaveUp) -> Finding {
        let (op, since) = (key.ops[gave_up.op as usize].ret, key.ops[gave_up.since as usize].call);
        let gave_up = GaveUp { op, since, ..gave_up };
        let called = |op: &Op| Called { process: op.process(), call: op.call, ret: op.ret };
        let calls: Vec<Called> = key.ops.iter().map(called).collect();
        let (story, mut helps) =
            explain_stop(&gave_up, &calls, |number| self.says(&key.ops[number]));
        let items = || Lens::new(&self.rules, &self.history.values).items(&key.ops);
        let mut written = HashSet::new();
        if items().filter_map(|item| item.action.leaves()).any(|value| !written.insert(value)) {
            helps.push("distinct values".to_owned());
        }
        if items().any(|item| matches!(item.action, Action::Differs(_))) {
            helps.push("failed compare-and-sets that say which value they met".to_owned());
        }
        Finding::Unknown { gave_up, story, helps }
    }

    fn says(&self, op: &Op) -> String {
        let value = |value| self.history.values.get(value);
        match op.function() {
            Function::Read if op.outcome() == Outcome::Ok => format!("read of {}", value(op.a)),
            Function::Read => "read".to_owned(),
            Function::Write => format!("write of {}", value(op.a)),
            Function::Cas => format!("cas from {} to {}", value(op.a), value(op.b)),
        }
    }
}

impl Keys for Registers {
    fn name(&self, number: usize) -> Datum {
        self.history.keys[number].key.as_ref().map_or(Datum::Nil, Value::to_datum)
    }

    fn check(
        &self,
        keys: Range<usize>,
        budget: Budget,
    ) -> Box<dyn Iterator<Item = KeyResult> + '_> {
        let reports = check_keys(&self.history, &self.rules, keys.clone(), budget);
        let keys = self.history.keys[keys].iter();
        Box::new(keys.zip(reports).map(|(key, report)| self.result(key, report)))
    }

    fn ladder(&self, number: usize, linearizable: Verdict) -> Vec<(Rung, Footing)> {
        let (key, values) = (&self.history.keys[number], &self.history.values);
        let footing = |(rung, standing)| {
            let footing = match standing {
                Standing::Holds => Footing::Holds,
                Standing::Open(why) => Footing::Open(why),
                Standing::Breaks(breach) => {
                    Footing::Breaks(explain_breach(key, values, &self.rules, rung, &breach))
                }
            };
            (rung, footing)
        };
        ladder(key, values, &self.rules, linearizable).into_iter().map(footing).collect()
    }

    fn staleness(&self, number: usize) -> Result<Staleness, &'static str> {
        staleness(&self.history.keys[number], &self.history.values, &self.rules)
    }

    fn verify(&self, number: usize, certificate: &KeyCertificate) -> Result<(), Rejection> {
        let key = &self.history.keys[number];
        let op = |call: u32| {
            let found = key.ops.binary_search_by_key(&call, |op| op.call);
            found.map(|op| op as u32).map_err(|_| Rejection::NoSuchOperation(call))
        };
        let proof = match &certificate.proof {
            KeyProof::Valid { order } => {
                Proof::Linearization(order.iter().map(|call| op(*call)).collect::<Result<_, _>>()?)
            }
            KeyProof::Invalid { anomaly, operations, until, elements: None } => {
                let cited = |c: &CitedCall| Ok(Cited { op: op(c.call)?, as_write: c.as_write });
                Proof::Counterexample(Counterexample {
                    anomaly: *anomaly,
                    ops: operations.iter().map(cited).collect::<Result<_, _>>()?,
                    until: *until,
                    minimal: false,
                })
            }
            KeyProof::Invalid { elements: Some(_), .. } => return Err(Rejection::NoElements),
            KeyProof::Unknown => return Ok(()),
        };
        verify(key, &self.history.values, &self.rules, &proof)
    }
}

pub(super) struct Calls<M: Model> {
    pub(super) history: CallHistory<M::Op>,
    pub(super) model: M,
}

impl<M: Model> Calls<M> {
    fn finding(&self, key: Option<&Datum>, calls: &[Call<M::Op>], proof: CallProof) -> Finding {
        let call = |op: &u32| calls[*op as usize].call;
        match proof {
            CallProof::Linearization(order) => {
                Finding::Valid { order: order.iter().map(call).collect() }
            }
            CallProof::Counterexample(found) => {
                let anomaly = self.model.anomaly(calls);
                Finding::Invalid {
                    anomaly,
                    explanation: explain_calls(&self.model, key, calls, (anomaly, &found)),
                    ops: (found.ops.iter().map(call))
                        .map(|call| CitedCall { call, as_write: false })
                        .collect(),
                    until: found.until,
                    elements: found.elements.map(|e| e.iter().map(Value::to_datum).collect()),
                    minimal: found.minimal,
                }
            }
            CallProof::GaveUp(gave_up) => {
                let (op, since) =
                    (calls[gave_up.op as usize].ret, calls[gave_up.since as usize].call);
                let gave_up = GaveUp { op, since, ..gave_up };
                let called =
                    |c: &Call<M::Op>| Called { process: c.process, call: c.call, ret: c.ret };
                let all: Vec<Called> = calls.iter().map(called).collect();
                let says = |number: usize| self.model.describe(&calls[number].op);
                let (story, helps) = explain_stop(&gave_up, &all, says);
                Finding::Unknown { gave_up, story, helps }
            }
        }
    }

    /// The elements that a certificate names. There, a keyword is a string with a colon.
    fn elements(&self, calls: &[Call<M::Op>], named: &[Datum]) -> BTreeSet<Value> {
        let shown = |datum: &Datum| serde_json::to_string(datum).unwrap_or_default();
        let named: HashSet<String> = named.iter().map(shown).collect();
        let all = calls.iter().flat_map(|call| self.model.elements(&call.op));
        all.filter(|element| named.contains(&shown(&element.to_datum()))).collect()
    }
}

impl<M> Keys for Calls<M>
where
    M: Model<Op: Send + Sync> + Send + Sync,
{
    fn name(&self, number: usize) -> Datum {
        self.history.keys[number].0.clone().unwrap_or(Datum::Nil)
    }

    fn check(
        &self,
        keys: Range<usize>,
        budget: Budget,
    ) -> Box<dyn Iterator<Item = KeyResult> + '_> {
        let reports = check_calls(&self.model, &self.history, keys.clone(), budget);
        Box::new(self.history.keys[keys].iter().zip(reports).map(|((_, calls), report)| {
            KeyResult {
                finding: self.finding(report.key.as_ref(), calls, report.proof),
                key: report.key,
                op_count: report.op_count,
                engine: report.engine,
                why: match report.engine {
                    Engine::VersionOrder => "every operation that took effect names its version",
                    _ => NO_REGISTER,
                },
            }
        }))
    }

    fn ladder(&self, _: usize, _: Verdict) -> Vec<(Rung, Footing)> {
        no_ladder()
    }

    fn staleness(&self, _: usize) -> Result<Staleness, &'static str> {
        Err(NO_REGISTER)
    }

    fn verify(&self, number: usize, certificate: &KeyCertificate) -> Result<(), Rejection> {
        let calls = &self.history.keys[number].1;
        let op = |call: u32| {
            let found = calls.binary_search_by_key(&call, |op| op.call);
            found.map(|op| op as u32).map_err(|_| Rejection::NoSuchOperation(call))
        };
        let proof = match &certificate.proof {
            KeyProof::Valid { order } => CallProof::Linearization(
                order.iter().map(|call| op(*call)).collect::<Result<_, _>>()?,
            ),
            KeyProof::Invalid { operations, until, elements, .. } => {
                let elements = elements.as_ref().map(|named| self.elements(calls, named));
                let ops = operations.iter().map(|c| op(c.call)).collect::<Result<_, _>>()?;
                CallProof::Counterexample(CallCounterexample {
                    ops,
                    elements,
                    until: *until,
                    minimal: false,
                })
            }
            KeyProof::Unknown => return Ok(()),
        };
        verify_calls(&self.model, calls, &proof)
    }
}

/// Objects that grow, for which there are rungs below linearizability.
pub(super) struct Grown<M: Model>(pub(super) Calls<M>);

impl<M> Keys for Grown<M>
where
    M: Growing<Op: Send + Sync> + Send + Sync,
{
    fn name(&self, number: usize) -> Datum {
        self.0.name(number)
    }

    fn check(
        &self,
        keys: Range<usize>,
        budget: Budget,
    ) -> Box<dyn Iterator<Item = KeyResult> + '_> {
        self.0.check(keys, budget)
    }

    fn ladder(&self, number: usize, _: Verdict) -> Vec<(Rung, Footing)> {
        let (key, calls) = &self.0.history.keys[number];
        let model = &self.0.model;
        let standings = model::ladder(model, calls, self.0.history.settled);
        let footing = |(rung, open)| {
            let found = standings.iter().find(|(other, _)| *other == rung);
            let footing = match found.map(|(_, standing)| standing) {
                None => open,
                Some(model::Standing::Holds) => Footing::Holds,
                Some(model::Standing::Open(why)) => Footing::Open(why),
                Some(model::Standing::Breaks(breach)) => {
                    let key = key.as_ref();
                    Footing::Breaks(explain_growing(model, key, calls, rung, breach))
                }
            };
            (rung, footing)
        };
        no_ladder().into_iter().map(footing).collect()
    }

    fn staleness(&self, number: usize) -> Result<Staleness, &'static str> {
        self.0.staleness(number)
    }

    fn verify(&self, number: usize, certificate: &KeyCertificate) -> Result<(), Rejection> {
        self.0.verify(number, certificate)
    }
}
