//! A history of whatever object its functions belong to: reading, checking and verifying without
//! knowing beforehand which.

mod keys;
mod sniff;
mod summary;
mod total_queue;
mod transactions;

use std::ops::Range;

use crate::anomaly::Anomaly;
use crate::certificate::{Certificate, CertifiedReading, CitedCall, KeyCertificate, KeyProof};
use crate::datum::Datum;
use crate::error::ReadError;
use crate::explain::Explanation;
use crate::history::{Builder, History};
use crate::ladder::Rung;
use crate::linear::Rules;
use crate::model::{
    AppendList, CallBuilder, CallHistory, Counter, Growing, Kv, Model, MultiRegister, Mutex, Queue,
    Set, UnorderedQueue, VersionedRegister,
};
use crate::plain::Entry;
use crate::reading::{Object, Reading};
use crate::staleness::Staleness;
use crate::transactions::{Isolation, Kind, TransactionBuilder, Workload};
use crate::verdict::{Budget, Engine, GaveUp, Verdict};
use crate::verify::Rejection;

use keys::{Calls, Grown, Keys, Registers};
use sniff::Sniffer;
use total_queue::TotalQueues;
use transactions::Transactions;

/// So many events are read at a time where they come one by one.
const BATCH_EVENTS: usize = 1 << 12;

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
        /// The elements to look at; `None` for the object as a whole.
        elements: Option<Vec<Datum>>,
        /// Whether nothing can be left out: none of a register's operations; of another object, none
        /// of the elements, and of the operations on them none that only observes.
        minimal: bool,
        /// The counterexample for people.
        explanation: Explanation,
    },
    /// Not decided within the budget.
    Unknown {
        /// How far the search got, with positions of a return and a call instead of operations.
        gave_up: GaveUp,
        /// The same for people.
        story: Vec<String>,
        /// What would help, but for a larger budget.
        helps: Vec<String>,
    },
}

/// Whether a key stands on a rung of the ladder.
#[derive(Debug, Clone)]
pub enum Footing {
    /// It does.
    Holds,
    /// It does not, and here is why.
    Breaks(Explanation),
    /// Nobody can tell; this is why.
    Open(&'static str),
}

impl Footing {
    /// Whether the condition holds, as a verdict.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Holds => Verdict::Valid,
            Self::Breaks(_) => Verdict::Invalid,
            Self::Open(_) => Verdict::Unknown,
        }
    }
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

    /// The proof as a certificate holds it.
    pub fn certificate(&self) -> KeyCertificate {
        let proof = match &self.finding {
            Finding::Valid { order } => KeyProof::Valid { order: order.clone() },
            Finding::Invalid { anomaly, ops, until, elements, .. } => KeyProof::Invalid {
                anomaly: *anomaly,
                operations: ops.clone(),
                until: *until,
                elements: elements.clone(),
            },
            Finding::Unknown { .. } => KeyProof::Unknown,
        };
        KeyCertificate { key: self.key.clone().unwrap_or(Datum::Nil), proof }
    }
}

/// Puts the next events in the place of those that were there before, so that nobody needs more memory than
/// for a batch; leaves nothing there at the end.
pub type Batches<'a> = &'a mut dyn FnMut(&mut Vec<Entry>) -> Result<(), ReadError>;

fn for_each(
    batches: Batches,
    mut take: impl FnMut(&Entry) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let mut batch = Vec::new();
    loop {
        batches(&mut batch)?;
        if batch.is_empty() {
            return Ok(());
        }
        batch.iter().try_for_each(&mut take)?;
    }
}

/// The operations of each key of some model's object.
fn calls<M: Model>(batches: Batches, model: &M) -> Result<CallHistory<M::Op>, ReadError> {
    let mut builder = CallBuilder::new(model);
    for_each(batches, |entry| builder.push(&entry.whole()))?;
    builder.finish()
}

/// How many events, operations and keys.
fn sizes<O>(history: &CallHistory<O>) -> (u32, usize, usize) {
    let ops = history.keys.iter().map(|(_, calls)| calls.len()).sum();
    (history.event_count, ops, history.keys.len())
}

impl Recorded {
    /// Reads all events.
    pub fn read<E: Into<Entry>>(
        events: impl Iterator<Item = Result<E, ReadError>>,
        reading: &Reading,
    ) -> Result<Self, ReadError> {
        let mut events = events.map(|event| event.map(E::into));
        let mut error = None;
        Self::read_batches(
            &mut |batch| {
                batch.clear();
                let right =
                    events.by_ref().map_while(|event| event.map_err(|e| error = Some(e)).ok());
                batch.extend(right.take(BATCH_EVENTS));
                if batch.is_empty() { error.take().map_or(Ok(()), Err) } else { Ok(()) }
            },
            reading,
        )
    }

    /// Reads all events, many at a time, which is faster.
    pub fn read_batches(batches: Batches, reading: &Reading) -> Result<Self, ReadError> {
        let mut before = Vec::new();
        let (mut object, mut sniffer) = (reading.object, Sniffer::new());
        while object.is_none() {
            let mut batch = Vec::new();
            batches(&mut batch)?;
            if batch.is_empty() {
                break;
            }
            object = sniffer.see_each(&batch)?;
            before.push(batch);
        }
        let object = match object {
            Some(object) => object,
            None => {
                let first = before.first().and_then(|batch| batch.first());
                sniffer.settle(first.map_or(0, Entry::line))?
            }
        };
        let mut before = before.into_iter();
        let batches: Batches = &mut |batch| match before.next() {
            Some(seen) => {
                *batch = seen;
                Ok(())
            }
            None => batches(batch),
        };
        let mut recorded = Self::of_object(object, batches, reading)?;
        recorded.reading = Reading { object: Some(object), ..reading.clone() };
        Ok(recorded)
    }

    fn of_object(object: Object, batches: Batches, reading: &Reading) -> Result<Self, ReadError> {
        let versioned =
            |is_counted| Ok(VersionedRegister { initial: reading.versioned_value()?, is_counted });
        let empty = || reading.no_initial(object);
        match object {
            Object::Register => {
                let rules = reading.register_rules()?;
                let mut builder = Builder::default();
                for_each(batches, |entry| builder.push_entry(entry))?;
                Ok(Self::of_registers(builder.finish(), rules))
            }
            Object::ListAppend => {
                empty().and_then(|()| Self::of_transactions(object, batches, Workload::Lists))
            }
            Object::MultiRegister => {
                let (initial, nil_read) = (reading.register_values()?, reading.nil_read);
                let model = MultiRegister { initial, nil_read };
                Self::of_transactions(object, batches, Workload::Registers(model))
            }
            Object::Counter => {
                Self::of_grown(object, batches, Counter { initial: reading.count()? })
            }
            Object::VersionedRegister => Self::of_calls(object, batches, versioned(true)?),
            Object::RevisionedRegister => Self::of_calls(object, batches, versioned(false)?),
            Object::Mutex => empty().and_then(|()| Self::of_calls(object, batches, Mutex)),
            Object::Kv => empty().and_then(|()| Self::of_calls(object, batches, Kv)),
            Object::Set => empty().and_then(|()| Self::of_grown(object, batches, Set)),
            Object::Queue => {
                empty().and_then(|()| Self::of_calls(object, batches, Queue::default()))
            }
            Object::UnorderedQueue => {
                empty().and_then(|()| Self::of_calls(object, batches, UnorderedQueue::default()))
            }
            Object::TotalQueue => empty().and_then(|()| Self::of_total_queues(batches)),
            Object::AppendList => {
                empty().and_then(|()| Self::of_calls(object, batches, AppendList))
            }
        }
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

    fn of_calls<M: Model<Op: Send + Sync> + Send + Sync + 'static>(
        object: Object,
        batches: Batches,
        model: M,
    ) -> Result<Self, ReadError>
    where
        M::Op: 'static,
    {
        let history = calls(batches, &model)?;
        let sizes = sizes(&history);
        Ok(Self::new(object, sizes, Box::new(Calls { history, model })))
    }

    fn of_grown<M: Growing<Op: Send + Sync> + Send + Sync + 'static>(
        object: Object,
        batches: Batches,
        model: M,
    ) -> Result<Self, ReadError>
    where
        M::Op: 'static,
    {
        let history = calls(batches, &model)?;
        let sizes = sizes(&history);
        Ok(Self::new(object, sizes, Box::new(Grown(Calls { history, model }))))
    }

    fn new(
        object: Object,
        (event_count, op_count, key_count): (u32, usize, usize),
        keys: Box<dyn Keys>,
    ) -> Self {
        Self { object, reading: Reading::default(), event_count, op_count, key_count, keys }
    }

    fn of_total_queues(batches: Batches) -> Result<Self, ReadError> {
        let history = calls(batches, &UnorderedQueue::default())?;
        Ok(Self::new(Object::TotalQueue, sizes(&history), Box::new(TotalQueues(history))))
    }

    fn of_transactions(
        object: Object,
        batches: Batches,
        workload: Workload,
    ) -> Result<Self, ReadError> {
        let kind = match workload {
            Workload::Lists => Kind::Lists,
            Workload::Registers(_) => Kind::Registers,
        };
        let mut builder = TransactionBuilder::new(kind);
        for_each(batches, |entry| builder.push(&entry.whole()))?;
        let history = builder.finish();
        Ok(Self {
            object,
            reading: Reading::default(),
            event_count: history.event_count,
            op_count: history.transactions.len(),
            key_count: usize::from(!history.transactions.is_empty()),
            keys: Box::new(Transactions::new(history, workload)),
        })
    }

    /// Checks one key after another.
    pub fn check(&self, budget: Budget) -> impl Iterator<Item = KeyResult> + '_ {
        self.check_keys(0..self.key_count, budget)
    }

    /// Checks some keys, by their places in the history: keys do not depend on each other.
    pub fn check_keys(
        &self,
        keys: Range<usize>,
        budget: Budget,
    ) -> impl Iterator<Item = KeyResult> + '_ {
        self.keys.check(keys, budget)
    }

    /// Where a key stands on every rung of the ladder, given its result. The rungs below the first
    /// speak of registers only.
    pub fn ladder(&self, number: usize, result: &KeyResult) -> Vec<(Rung, Footing)> {
        let linearizable = match &result.finding {
            Finding::Valid { .. } => Footing::Holds,
            Finding::Invalid { explanation, .. } => Footing::Breaks(explanation.clone()),
            Finding::Unknown { .. } => Footing::Open("the budget ran out"),
        };
        let mut rungs = vec![(Rung::Linearizable, linearizable)];
        rungs.extend(self.keys.ladder(number, result.verdict()));
        rungs
    }

    /// Where a history of transactions stands on every isolation level; nothing for other objects.
    pub fn isolation(&self) -> Vec<(Isolation, Footing)> {
        self.keys.isolation()
    }

    /// How stale the reads of a key are, or why that cannot be told.
    pub fn staleness(&self, number: usize) -> Result<Staleness, &'static str> {
        self.keys.staleness(number)
    }

    /// A certificate of this history, with no proof in it yet.
    pub fn certificate(&self) -> Certificate {
        Certificate::new(CertifiedReading::of(self.object, &self.reading), self.event_count)
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
