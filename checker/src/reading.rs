//! Which object a history is of, and how what it says is to be read.

use serde::{Deserialize, Serialize};

use crate::datum::{Datum, brief};
use crate::error::ReadError;
use crate::event::Event;
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
}

impl Object {
    /// All objects.
    pub const ALL: [Self; 5] =
        [Self::Register, Self::ListAppend, Self::MultiRegister, Self::Mutex, Self::Kv];

    /// The word of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::ListAppend => "list-append",
            Self::MultiRegister => "multi-register",
            Self::Mutex => "mutex",
            Self::Kv => "kv",
        }
    }

    fn functions(self) -> &'static [&'static str] {
        match self {
            Self::Register => &["read", "write", "cas"],
            Self::ListAppend | Self::MultiRegister => &["txn"],
            Self::Mutex => &["acquire", "release"],
            Self::Kv => &["get", "put", "append"],
        }
    }

    /// The object whose function this is; `None` for a transaction that does not tell what it works on.
    pub(crate) fn of(event: &Event) -> Result<Option<Self>, ReadError> {
        if event.f == "txn" {
            return Ok(Self::of_transaction(&event.value));
        }
        let object = Self::ALL.into_iter().find(|object| object.functions().contains(&&*event.f));
        object.map(Some).ok_or_else(|| {
            let known: Vec<String> = (Self::ALL.iter())
                .map(|object| format!("{} ({})", object.functions().join(", "), object.name()))
                .collect();
            ReadError::field(
                event.line,
                "f",
                format!("unknown function `{}`", brief(&event.f)),
                format!("a function of a known model: {}", known.join("; ")),
            )
        })
    }

    /// Appends and reads of lists tell lists, writes and reads of single values registers.
    fn of_transaction(steps: &Datum) -> Option<Self> {
        let Datum::List(steps) = steps else { return Some(Self::MultiRegister) };
        steps.iter().find_map(|step| {
            let Datum::List(parts) = step else { return Some(Self::MultiRegister) };
            match (parts.first().and_then(Datum::as_name), parts.get(2)) {
                (Some("append" | "a"), _) | (_, Some(Datum::List(_))) => Some(Self::ListAppend),
                (Some("r" | "read"), Some(Datum::Nil) | None) => None,
                _ => Some(Self::MultiRegister),
            }
        })
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

impl Reading {
    /// The rules for registers.
    ///
    /// # Errors
    /// If the initial value is none.
    pub fn register_rules(&self) -> Result<Rules, ReadError> {
        let Reading { failed_cas, nil_read, .. } = *self;
        let initial = self.initial.as_ref().unwrap_or(&Datum::Nil);
        let initial = Value::from_datum(initial).ok_or_else(|| {
            ReadError::new(
                0,
                format!("the initial value {} is {}", initial.brief(), initial.kind()),
                EXPECTED_VALUE,
            )
        })?;
        Ok(Rules { initial, failed_cas, nil_read })
    }

    pub(crate) fn register_values(&self) -> Result<Vec<(Value, Value)>, ReadError> {
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
