//! Which object a history is of, and how what it says is to be read.

use serde::{Deserialize, Serialize};

use crate::datum::Datum;
use crate::error::ReadError;
use crate::linear::{FailedCas, NilRead, Rules};
use crate::value::{EXPECTED_VALUE, Value};

/// Which object a history is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Object {
    /// Registers with read, write and cas.
    Register,
    /// Transactions that append to lists and read them: txn.
    ListAppend,
    /// Transactions that write and read several registers: txn.
    MultiRegister,
    /// A lock: acquire and release.
    Mutex,
    /// Strings by key: get, put and append.
    Kv,
    /// A set: add, remove, contains and read.
    Set,
    /// A counter: add, increment, decrement and read.
    Counter,
    /// A queue, first in, first out: enqueue and dequeue.
    Queue,
    /// A queue in any order: enqueue and dequeue.
    UnorderedQueue,
    /// A queue that may return values in any order, and more than once, but loses none: enqueue and dequeue.
    TotalQueue,
    /// A list that only grows: append and read.
    AppendList,
    /// A register whose versions count its writes: read and write.
    VersionedRegister,
    /// A register whose versions rise: read and write.
    RevisionedRegister,
}

impl Object {
    /// All objects.
    pub const ALL: [Self; 13] = [
        Self::Register,
        Self::ListAppend,
        Self::MultiRegister,
        Self::Mutex,
        Self::Kv,
        Self::Set,
        Self::Counter,
        Self::Queue,
        Self::UnorderedQueue,
        Self::TotalQueue,
        Self::AppendList,
        Self::VersionedRegister,
        Self::RevisionedRegister,
    ];

    /// The word of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::ListAppend => "list-append",
            Self::MultiRegister => "multi-register",
            Self::Mutex => "mutex",
            Self::Kv => "kv",
            Self::Set => "set",
            Self::Counter => "counter",
            Self::Queue => "queue",
            Self::UnorderedQueue => "unordered-queue",
            Self::TotalQueue => "total-queue",
            Self::AppendList => "append-list",
            Self::VersionedRegister => "versioned-register",
            Self::RevisionedRegister => "revisioned-register",
        }
    }

    /// What it is called with.
    pub(crate) fn functions(self) -> &'static [&'static str] {
        match self {
            Self::Register => &["read", "write", "cas"],
            Self::ListAppend | Self::MultiRegister => &["txn"],
            Self::Mutex => &["acquire", "release"],
            Self::Kv => &["get", "put", "append"],
            Self::Set => &["add", "remove", "contains", "read"],
            Self::Counter => {
                &["add", "increment", "decrement", "add-and-get", "get-and-add", "read"]
            }
            Self::Queue | Self::UnorderedQueue | Self::TotalQueue => &["enqueue", "dequeue"],
            Self::AppendList => &["append", "read"],
            Self::VersionedRegister | Self::RevisionedRegister => &["read", "write"],
        }
    }
}

/// How to read a history.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The object; found by the first functions if left out.
    pub object: Option<Object>,
    /// The initial value of a register or a counter, the initial values by name of a multi-register,
    /// or the initial version and value of a register with versions. Other objects are empty at first.
    pub initial: Option<Datum>,
    /// What failed compare-and-sets say.
    pub failed_cas: FailedCas,
    /// What a read of null says.
    pub nil_read: NilRead,
}

impl Reading {
    /// The rules for registers.
    ///
    /// # Errors
    /// If the initial value is none.
    pub fn register_rules(&self) -> Result<Rules, ReadError> {
        let Reading { failed_cas, nil_read, .. } = *self;
        let initial = self.initial.as_ref().unwrap_or(&Datum::Nil);
        let initial =
            Value::from_datum(initial).ok_or_else(|| wrong_initial(initial, EXPECTED_VALUE))?;
        Ok(Rules { initial, failed_cas, nil_read })
    }

    pub(crate) fn register_values(&self) -> Result<Vec<(Value, Value)>, ReadError> {
        let expected = "a map from register to value, such as {\"x\": 0, \"y\": 0}";
        let pair = |(name, value): &(Datum, Datum)| {
            Some((Value::from_datum(name)?, Value::from_datum(value)?))
        };
        let Some(initial) = &self.initial else { return Ok(Vec::new()) };
        let values = match initial {
            Datum::Map(entries) => entries.iter().map(pair).collect(),
            _ => None,
        };
        values.ok_or_else(|| wrong_initial(initial, expected))
    }

    pub(crate) fn count(&self) -> Result<i64, ReadError> {
        match &self.initial {
            None => Ok(0),
            Some(Datum::Int(count)) => Ok(*count),
            Some(other) => Err(wrong_initial(other, "a 64-bit integer")),
        }
    }

    pub(crate) fn versioned_value(&self) -> Result<(i64, Value), ReadError> {
        let Some(initial) = &self.initial else { return Ok((0, Value::Nil)) };
        let versioned = match initial.as_pair() {
            Some((Datum::Int(version), value)) => Value::from_datum(value).map(|v| (*version, v)),
            _ => None,
        };
        versioned.ok_or_else(|| wrong_initial(initial, "[version, value], such as [1, \"a\"]"))
    }

    /// Objects that always start in the same state.
    pub(crate) fn no_initial(&self, object: Object) -> Result<(), ReadError> {
        match &self.initial {
            None => Ok(()),
            Some(initial) => {
                let expected = format!("none: model {} always starts the same", object.name());
                Err(wrong_initial(initial, expected))
            }
        }
    }
}

fn wrong_initial(initial: &Datum, expected: impl Into<String>) -> ReadError {
    let problem = format!("the initial value {} is {}", initial.brief(), initial.kind());
    ReadError::new(0, problem, expected)
}
