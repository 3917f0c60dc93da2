//! A history of whatever object its functions belong to: reading, checking and verifying without
//! knowing beforehand which.

use std::io::BufRead;

use serde::{Deserialize, Serialize};

use crate::anomaly::Anomaly;
use crate::certificate::{Certificate, CitedCall, KeyCertificate, KeyProof};
use crate::datum::Datum;
use crate::error::ReadError;
use crate::event::{Event, Process};
use crate::explain::{Explanation, explain, explain_calls};
use crate::history::{Builder, History, KeyHistory};
use crate::linear::{FailedCas, NilRead, Rules, check_keys};
use crate::model::{
    Call, CallBuilder, CallCounterexample, CallHistory, CallProof, Kv, Model, MultiRegister, Mutex,
    check_calls,
};
use crate::read::Reader;
use crate::search::GaveUp;
use crate::value::Value;
use crate::verdict::{Budget, Cited, Counterexample, Engine, Proof, Verdict};
use crate::verify::{Rejection, verify, verify_calls};

/// Which object a history is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Object {
    /// Registers with read, write and cas.
    Register,
    /// Several registers read and written at one moment: txn.
    MultiRegister,
    /// A lock: acquire and release.
    Mutex,
    /// Strings by key: get, put and append.
    Kv,
}

impl Object {
    /// All objects.
    pub const ALL: [Self; 4] = [Self::Register, Self::MultiRegister, Self::Mutex, Self::Kv];

    /// The word of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::MultiRegister => "multi-register",
            Self::Mutex => "mutex",
            Self::Kv => "kv",
        }
    }

    fn functions(self) -> &'static [&'static str] {
        match self {
            Self::Register => &["read", "write", "cas"],
            Self::MultiRegister => &["txn"],
            Self::Mutex => &["acquire", "release"],
            Self::Kv => &["get", "put", "append"],
        }
    }

    /// The object whose function this is.
    fn of(event: &Event) -> Result<Self, ReadError> {
        Self::ALL.into_iter().find(|object| object.functions().contains(&&*event.f)).ok_or_else(
            || {
                let known: Vec<String> = (Self::ALL.iter())
                    .map(|object| format!("{} ({})", object.functions().join(", "), object.name()))
                    .collect();
                ReadError::field(
                    event.line,
                    "f",
                    format!("unknown function `{}`", crate::datum::brief(&event.f)),
                    format!("a function of a known model: {}", known.join("; ")),
                )
            },
        )
    }
}

/// How to read a history.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The object; found by the first function if left out.
    pub object: Option<Object>,
    /// The initial value, or the initial values by name of a multi-register.
    pub initial: Option<Datum>,
    /// What failed compare-and-sets say.
    pub failed_cas: FailedCas,
    /// What a read of null says.
    pub nil_read: NilRead,
}

/// A history in memory, ready to be checked.
pub struct Recorded {
    /// What it is of.
    pub object: Object,
    /// How it was read.
    pub reading: Reading,
    /// How many events it has.
    pub event_count: u32,
    /// How many operations that say something.
    pub op_count: usize,
    /// How many keys.
    pub key_count: usize,
    keys: Box<dyn Keys>,
}

/// The result for one key, in positions of events.
#[derive(Debug, Clone)]
pub struct KeyResult {
    /// The key; `None` where the history has none.
    pub key: Option<Datum>,
    /// How many operations it has.
    pub op_count: usize,
    /// What decided.
    pub engine: Engine,
    /// Why that engine.
    pub why: &'static str,
    /// What was found, with its proof.
    pub finding: Finding,
}

/// A verdict with its proof, in positions of events.
#[derive(Debug, Clone)]
pub enum Finding {
    /// Linearizable.
    Valid {
        /// The operations in a legal order, each by the position of its invocation.
        order: Vec<u32>,
    },
    /// Not linearizable.
    Invalid {
        /// What it is called.
        anomaly: Anomaly,
        /// The operations that show it.
        ops: Vec<CitedCall>,
        /// The position at which the contradiction is complete.
        until: u32,
        /// Whether none of the operations can be left out.
        minimal: bool,
        /// The counterexample for people.
        explanation: Explanation,
    },
    /// Not decided within the budget.
    Unknown {
        /// How far the search got, with the position of a return instead of an operation.
        gave_up: GaveUp,
    },
}

impl KeyResult {
    /// The verdict on this key.
    pub fn verdict(&self) -> Verdict {
        match self.finding {
            Finding::Valid { .. } => Verdict::Valid,
            Finding::Invalid { .. } => Verdict::Invalid,
            Finding::Unknown { .. } => Verdict::Unknown,
        }
    }
}

impl Recorded {
    /// Reads all events, telling `progress` of each.
    pub fn read<R: BufRead>(
        reader: &mut Reader<R>,
        reading: &Reading,
        mut progress: impl FnMut(&Event),
    ) -> Result<Self, ReadError> {
        let mut before = Vec::new();
        let mut object = reading.object;
        // Events of the nemesis before the first client's do not tell the object.
        while object.is_none() {
            let Some(event) = reader.next().transpose()? else { break };
            if event.process != Process::Nemesis {
                object = Some(Object::of(&event)?);
            }
            before.push(event);
        }
        let events = before.into_iter().map(Ok).chain(reader);
        let events = events.inspect(|event| event.iter().for_each(&mut progress));
        let object = object.unwrap_or(Object::Register);
        let mut recorded = match object {
            Object::Register => {
                let mut builder = Builder::default();
                for event in events {
                    builder.push(&event?)?;
                }
                Self::of_registers(builder.finish(), reading.register_rules()?)
            }
            Object::Mutex => Self::of_calls(object, events, Mutex)?,
            Object::Kv => Self::of_calls(object, events, Kv)?,
            Object::MultiRegister => {
                let model = MultiRegister {
                    initial: reading.register_values()?,
                    nil_read: reading.nil_read,
                };
                Self::of_calls(object, events, model)?
            }
        };
        recorded.reading = Reading { object: Some(object), ..reading.clone() };
        Ok(recorded)
    }

    /// A history of registers that is in memory already.
    pub fn of_registers(history: History, rules: Rules) -> Self {
        let reading = Reading {
            object: Some(Object::Register),
            initial: Some(rules.initial.to_datum()).filter(|initial| *initial != Datum::Nil),
            failed_cas: rules.failed_cas,
            nil_read: rules.nil_read,
        };
        Self {
            object: Object::Register,
            reading,
            event_count: history.event_count,
            op_count: history.op_count(),
            key_count: history.keys.len(),
            keys: Box::new(Registers { history, rules }),
        }
    }

    fn of_calls<M: Model + 'static>(
        object: Object,
        events: impl Iterator<Item = Result<Event, ReadError>>,
        model: M,
    ) -> Result<Self, ReadError>
    where
        M::Op: 'static,
    {
        let mut builder = CallBuilder::new(&model);
        for event in events {
            builder.push(&event?)?;
        }
        let history = builder.finish()?;
        Ok(Self {
            object,
            reading: Reading::default(),
            event_count: history.event_count,
            op_count: history.keys.iter().map(|(_, calls)| calls.len()).sum(),
            key_count: history.keys.len(),
            keys: Box::new(Calls { history, model }),
        })
    }

    /// Checks one key after another.
    pub fn check(&self, budget: Budget) -> impl Iterator<Item = KeyResult> + '_ {
        self.keys.check(budget)
    }

    /// Checks a certificate against this history: every proof in it, and that it covers every key.
    /// Returns the verdict it proves.
    pub fn verify(&self, certificate: &Certificate) -> Result<Verdict, CertificateError> {
        if certificate.events != self.event_count {
            return Err(CertificateError::OtherHistory {
                certificate: certificate.events,
                history: self.event_count,
            });
        }
        if certificate.keys.len() != self.key_count {
            return Err(CertificateError::Keys {
                certificate: certificate.keys.len(),
                history: self.key_count,
            });
        }
        let mut verdict = Verdict::Valid;
        for (number, key) in certificate.keys.iter().enumerate() {
            verdict = verdict.max(key.proof.verdict());
            // Compared as the file writes them: there a keyword is a string with a colon.
            let name = |datum: &Datum| serde_json::to_string(datum).unwrap_or_default();
            let shown = name(&key.key);
            if shown != name(&self.keys.name(number)) {
                return Err(CertificateError::OtherKey { key: shown });
            }
            self.keys
                .verify(number, key)
                .map_err(|rejection| CertificateError::Rejected { key: shown, rejection })?;
        }
        Ok(verdict)
    }
}

/// Why a certificate is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// It was made of another history.
    #[error("the certificate is of a history of {certificate} events, this one has {history}")]
    OtherHistory {
        /// Events that the certificate speaks of.
        certificate: u32,
        /// Events that there are.
        history: u32,
    },
    /// It does not cover every key.
    #[error("the certificate covers {certificate} keys, the history has {history}")]
    Keys {
        /// Keys in the certificate.
        certificate: usize,
        /// Keys in the history.
        history: usize,
    },
    /// It names a key that does not stand in this place.
    #[error("the certificate names key {key}, which does not stand in that place of the history")]
    OtherKey {
        /// The key.
        key: String,
    },
    /// A proof in it is wrong.
    #[error("key {key}: {rejection}")]
    Rejected {
        /// The key.
        key: String,
        /// Why.
        rejection: Rejection,
    },
}

impl Reading {
    fn register_rules(&self) -> Result<Rules, ReadError> {
        let Reading { failed_cas, nil_read, .. } = *self;
        let initial = self.initial.as_ref().unwrap_or(&Datum::Nil);
        let initial = Value::from_datum(initial).ok_or_else(|| {
            ReadError::new(
                0,
                format!("the initial value {} is {}", initial.brief(), initial.kind()),
                crate::value::EXPECTED_VALUE,
            )
        })?;
        Ok(Rules { initial, failed_cas, nil_read })
    }

    fn register_values(&self) -> Result<Vec<(Value, Value)>, ReadError> {
        let wrong = |datum: &Datum| {
            ReadError::new(
                0,
                format!("the initial value {} is {}", datum.brief(), datum.kind()),
                "a map from register to value, such as {\"x\": 0, \"y\": 0}",
            )
        };
        match &self.initial {
            None => Ok(Vec::new()),
            Some(Datum::Map(entries)) => (entries.iter())
                .map(|(name, value)| Some((Value::from_datum(name)?, Value::from_datum(value)?)))
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| wrong(&Datum::Map(entries.clone()))),
            Some(other) => Err(wrong(other)),
        }
    }
}

/// The keys of a history, whatever the object.
trait Keys {
    fn name(&self, number: usize) -> Datum;
    fn check(&self, budget: Budget) -> Box<dyn Iterator<Item = KeyResult> + '_>;
    fn verify(&self, number: usize, key: &KeyCertificate) -> Result<(), Rejection>;
}

struct Registers {
    history: History,
    rules: Rules,
}

impl Registers {
    fn result(&self, key: &KeyHistory, report: crate::verdict::KeyReport) -> KeyResult {
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
                    minimal: counterexample.minimal,
                    explanation,
                }
            }
            Proof::GaveUp(gave_up) => Finding::Unknown {
                gave_up: GaveUp { op: key.ops[gave_up.op as usize].ret, ..gave_up },
            },
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

impl Keys for Registers {
    fn name(&self, number: usize) -> Datum {
        self.history.keys[number].key.as_ref().map_or(Datum::Nil, Value::to_datum)
    }

    fn check(&self, budget: Budget) -> Box<dyn Iterator<Item = KeyResult> + '_> {
        let reports = check_keys(&self.history, &self.rules, budget);
        let keys = self.history.keys.iter();
        Box::new(keys.zip(reports).map(|(key, report)| self.result(key, report)))
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
            KeyProof::Invalid { anomaly, operations, until } => {
                let cited = |c: &CitedCall| Ok(Cited { op: op(c.call)?, as_write: c.as_write });
                Proof::Counterexample(Counterexample {
                    anomaly: *anomaly,
                    ops: operations.iter().map(cited).collect::<Result<_, _>>()?,
                    until: *until,
                    minimal: false,
                })
            }
            KeyProof::Unknown => return Ok(()),
        };
        verify(key, &self.history.values, &self.rules, &proof)
    }
}

struct Calls<M: Model> {
    history: CallHistory<M::Op>,
    model: M,
}

impl<M: Model> Calls<M> {
    fn finding(&self, calls: &[Call<M::Op>], proof: CallProof) -> Finding {
        let call = |op: u32| calls[op as usize].call;
        match proof {
            CallProof::Linearization(order) => {
                Finding::Valid { order: order.into_iter().map(call).collect() }
            }
            CallProof::Counterexample(CallCounterexample { ops, until }) => Finding::Invalid {
                anomaly: Anomaly::Contradiction,
                explanation: explain_calls(&self.model, calls, &ops, until),
                ops: ops
                    .into_iter()
                    .map(|op| CitedCall { call: call(op), as_write: false })
                    .collect(),
                until,
                minimal: false,
            },
            CallProof::GaveUp(gave_up) => Finding::Unknown {
                gave_up: GaveUp { op: calls[gave_up.op as usize].ret, ..gave_up },
            },
        }
    }
}

impl<M: Model> Keys for Calls<M> {
    fn name(&self, number: usize) -> Datum {
        self.history.keys[number].0.clone().unwrap_or(Datum::Nil)
    }

    fn check(&self, budget: Budget) -> Box<dyn Iterator<Item = KeyResult> + '_> {
        let reports = check_calls(&self.model, &self.history, budget);
        Box::new(self.history.keys.iter().zip(reports).map(|((_, calls), report)| KeyResult {
            key: report.key,
            op_count: report.op_count,
            engine: report.engine,
            why: "the object is no register",
            finding: self.finding(calls, report.proof),
        }))
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
            KeyProof::Invalid { operations, until, .. } => {
                let ops = operations.iter().map(|c| op(c.call)).collect::<Result<_, _>>()?;
                CallProof::Counterexample(CallCounterexample { ops, until: *until })
            }
            KeyProof::Unknown => return Ok(()),
        };
        verify_calls(&self.model, calls, &proof)
    }
}
