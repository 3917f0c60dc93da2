//! A register whose every value has a version: read and write, and write if the version is still so.

mod sweep;

use std::collections::BTreeSet;

use super::events::{happened, scalar, unknown_function, wrong_value};
use super::{Call, Model, VersionOrder};
use crate::anomaly::Anomaly;
use crate::datum::Datum;
use crate::error::ReadError;
use crate::event::Event;
use crate::history::Outcome;
use crate::linear::{Action, Item, Rules, is_linearizable};
use crate::value::{Value, Values};
use crate::verdict::Budget;

/// A register with versions for each key, such as a znode of ZooKeeper or a key of etcd.
///
/// | function | argument | result | what it does |
/// |---|---|---|---|
/// | `read` | | `[version, value]` | |
/// | `write` | `[expected, value]` | `[version, value]`, the new version | replaces the value, if the version is the expected one; null expects nothing |
///
/// Where versions are not counted, the version may stand in a field `version` of the completion instead,
/// beside the value; a `write` of such a history has the value alone for its argument, and expects nothing.
///
/// A write raises the version, by one where versions are counted. A write that failed says nothing.
///
/// Its elements are the versions: looked at without some, versions still rise, but not by one.
///
/// Where the versions contradict the times, but the values alone do not, the history is linearizable
/// as one of a register without versions: then the [anomaly](Anomaly::VersionOrder) says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionedRegister {
    /// The version and the value before the first write.
    pub initial: (i64, Value),
    /// Whether each write raises the version by one, as in ZooKeeper; otherwise by any amount, as
    /// etcd's `mod_revision` does, which counts the writes of all keys together.
    pub is_counted: bool,
}

/// What is asked of a register with versions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VersionedOp {
    is_counted: bool,
    value: Value,
    deed: Deed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Deed {
    /// It was the value, with this version.
    Read(i64),
    Write {
        expected: Option<i64>,
        /// The new version, if it is known.
        version: Option<i64>,
    },
}

impl VersionedOp {
    /// The version that it found or made.
    fn version(&self) -> Option<i64> {
        match self.deed {
            Deed::Read(version) => Some(version),
            Deed::Write { version, .. } => version,
        }
    }
}

/// What a register with versions holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Versioned {
    version: i64,
    /// Whether the version may be higher: it was made by a write that did not learn it.
    or_higher: bool,
    value: Value,
}

impl Versioned {
    fn may_have(&self, version: i64) -> bool {
        self.version == version || (self.or_higher && self.version < version)
    }

    fn says(&self) -> String {
        let or_higher = if self.or_higher { " or higher" } else { "" };
        format!("the register holds {} with version {}{or_higher}", self.value, self.version)
    }
}

/// For finding out whether the values alone can be explained: a name is worth some seconds.
const BUDGET_WITHOUT_VERSIONS: Budget = Budget { steps: 1_000_000, bytes: 256 << 20 };

const EXPECTED_READ: &str = "[version, value], such as [3, \"a\"]";
const EXPECTED_REVISION: &str =
    "a field `version` beside the value, or [version, value], such as [3, \"a\"]";
const EXPECTED_WRITE: &str = "[expected version, or null, value], such as [null, \"a\"]";

/// A version, or null, and a value.
fn pair(event: &Event, expected: &str) -> Result<(Option<i64>, Value), ReadError> {
    let (version, value) = match event.value.as_pair() {
        Some((Datum::Int(version), value)) => (Some(*version), value),
        Some((Datum::Nil, value)) => (None, value),
        _ => return Err(wrong_value(event, &event.value, expected)),
    };
    Ok((version, scalar(event, value)?))
}

impl VersionedRegister {
    /// The version that a write expects, if any, and its value.
    fn argument(&self, event: &Event) -> Result<(Option<i64>, Value), ReadError> {
        match Value::from_datum(&event.value) {
            Some(value) if !self.is_counted && value != Value::Nil => Ok((None, value)),
            Some(_) | None => pair(event, EXPECTED_WRITE),
        }
    }

    /// A version and a value.
    fn result(&self, event: &Event) -> Result<(i64, Value), ReadError> {
        if !self.is_counted
            && let Some(Datum::Int(version)) = event.extra("version")
        {
            return Ok((*version, scalar(event, &event.value)?));
        }
        let expected = if self.is_counted { EXPECTED_READ } else { EXPECTED_REVISION };
        let (version, value) = pair(event, expected)?;
        let version = version.ok_or_else(|| wrong_value(event, &event.value, expected))?;
        Ok((version, value))
    }
}

impl Model for VersionedRegister {
    type Op = VersionedOp;
    type State = Versioned;

    fn initial(&self) -> Versioned {
        let (version, value) = self.initial.clone();
        Versioned { version, or_higher: false, value }
    }

    fn op(
        &self,
        invocation: &Event,
        completion: Option<&Event>,
        outcome: Outcome,
    ) -> Result<Option<VersionedOp>, ReadError> {
        let (value, deed) = match (&*invocation.f, happened(completion, outcome)) {
            ("read", Some(completion)) => {
                let (version, value) = self.result(completion)?;
                (value, Deed::Read(version))
            }
            ("read", None) => return Ok(None),
            ("write", completion) => {
                let (expected, value) = self.argument(invocation)?;
                let written =
                    completion.map(|event| Ok((event, self.result(event)?))).transpose()?;
                if let Some((event, (_, other))) = &written
                    && *other != value
                {
                    let expected = format!("[version, {value}], as it was to be written");
                    return Err(wrong_value(event, &event.value, &expected));
                }
                let version = written.map(|(_, (version, _))| version);
                (value, Deed::Write { expected, version })
            }
            _ => return Err(unknown_function(invocation, "read or write")),
        };
        let op = VersionedOp { is_counted: self.is_counted, value, deed };
        Ok((outcome != Outcome::Fail).then_some(op))
    }

    fn step(&self, state: &Versioned, op: &VersionedOp) -> Result<Versioned, String> {
        let value = op.value.clone();
        let (expected, made) = match op.deed {
            Deed::Read(version) if state.may_have(version) && state.value == value => {
                return Ok(Versioned { version, or_higher: false, value });
            }
            Deed::Read(_) => return Err(state.says()),
            Deed::Write { expected, version } => (expected, version),
        };
        if expected.is_some_and(|expected| !state.may_have(expected)) {
            return Err(state.says());
        }
        let met = Versioned {
            version: expected.unwrap_or(state.version),
            or_higher: state.or_higher && expected.is_none(),
            ..state.clone()
        };
        // The lowest it can be; an overflow needs a history that begins near the end of all versions.
        let lowest = met.version.saturating_add(1);
        let next = Versioned { version: lowest, or_higher: met.or_higher || !op.is_counted, value };
        match made {
            None => Ok(next),
            Some(version) if next.may_have(version) => {
                Ok(Versioned { version, or_higher: false, ..next })
            }
            Some(_) => Err(met.says()),
        }
    }

    fn is_read_only(&self, op: &VersionedOp) -> bool {
        // Where versions are not counted, a read may tell the version of a write that did not learn it.
        op.is_counted && matches!(op.deed, Deed::Read(_))
    }

    fn describe(&self, op: &VersionedOp) -> String {
        let value = &op.value;
        match op.deed {
            Deed::Read(version) => format!("read of {value} with version {version}"),
            Deed::Write { expected, version } => {
                let over = expected.map(|e| format!(" over version {e}")).unwrap_or_default();
                let made = version.map(|v| format!(", which got version {v}")).unwrap_or_default();
                format!("write of {value}{over}{made}")
            }
        }
    }

    fn version_order(&self, calls: &[Call<VersionedOp>]) -> Option<VersionOrder> {
        sweep::version_order(self, calls)
    }

    fn anomaly(&self, calls: &[Call<VersionedOp>]) -> Anomaly {
        let mut values = Values::default();
        let item = |(op, call): (u32, &Call<VersionedOp>)| {
            let value = values.intern(&call.op.value);
            let action = match call.op.deed {
                Deed::Read(_) => Action::Read(value),
                Deed::Write { .. } => Action::Write(value),
            };
            Item { op, call: call.call, ret: call.ret, action }
        };
        let items: Vec<Item> = (0..).zip(calls).map(item).collect();
        let rules = Rules { initial: self.initial.1.clone(), ..Rules::default() };
        match is_linearizable(&items, &rules, &values, BUDGET_WITHOUT_VERSIONS) {
            Some(true) => Anomaly::VersionOrder,
            Some(false) | None => Anomaly::Contradiction,
        }
    }

    fn elements(&self, op: &VersionedOp) -> Vec<Value> {
        op.version().map(Value::Int).into_iter().collect()
    }

    fn restrict(&self, op: &VersionedOp, versions: &BTreeSet<Value>) -> Option<VersionedOp> {
        let is_among = |version: i64| versions.contains(&Value::Int(version));
        if !op.version().is_none_or(is_among) {
            return None;
        }
        let mut op = VersionedOp { is_counted: false, ..op.clone() };
        if let Deed::Write { expected, .. } = &mut op.deed {
            *expected = expected.filter(|expected| is_among(*expected));
        }
        Some(op)
    }
}
