//! Operations reduced to what decides: what each one observes, what it leaves behind, and when.

use serde::{Deserialize, Serialize};

use crate::function::Function;
use crate::history::{OPEN, Op, Outcome};
use crate::value::{Value, ValueId, Values};
use crate::verdict::Cited;

/// What a failed compare-and-set without an observed value says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailedCas {
    /// Nothing, as in Knossos.
    #[default]
    Ignore,
    /// That at some moment between call and return the register did not hold the expected value, as
    /// Porcupine reads its etcd logs.
    Mismatch,
}

/// What an ok read of null says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NilRead {
    /// The register holds null: it was never written.
    #[default]
    Value,
    /// Nothing, as in Knossos's models.
    Any,
}

/// How to read a history of a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The value before the first write.
    pub initial: Value,
    /// What a failed compare-and-set says.
    pub failed_cas: FailedCas,
    /// What a read of null says.
    pub nil_read: NilRead,
}

impl Default for Rules {
    fn default() -> Self {
        Self { initial: Value::Nil, failed_cas: FailedCas::Ignore, nil_read: NilRead::Value }
    }
}

/// [`Rules`] in the numbers of one history.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lens {
    pub(crate) initial: ValueId,
    /// Ok reads of this value say nothing.
    silent: ValueId,
    failed_cas: FailedCas,
}

impl Lens {
    pub(crate) fn new(rules: &Rules, values: &Values) -> Self {
        // An initial value that never occurs gets the first free number.
        let unseen = ValueId(values.len() as u32);
        let silent = match rules.nil_read {
            NilRead::Any => values.find(&Value::Nil).unwrap_or(ValueId::NONE),
            NilRead::Value => ValueId::NONE,
        };
        Self {
            initial: values.find(&rules.initial).unwrap_or(unseen),
            silent,
            failed_cas: rules.failed_cas,
        }
    }

    /// The operation as the engines see it; `None` if it says nothing.
    pub(crate) fn item(&self, index: usize, op: &Op) -> Option<Item> {
        let action = match (op.function(), op.outcome()) {
            (Function::Read, Outcome::Ok) if op.a != self.silent => Action::Read(op.a),
            (Function::Read, _) | (Function::Write, Outcome::Fail) => return None,
            (Function::Write, Outcome::Ok | Outcome::Info) => Action::Write(op.a),
            // Replacing a value by itself only observes it.
            (Function::Cas, Outcome::Ok) if op.a == op.b => Action::Read(op.a),
            (Function::Cas, Outcome::Info) if op.a == op.b => return None,
            (Function::Cas, Outcome::Ok | Outcome::Info) => Action::Cas(op.a, op.b),
            (Function::Cas, Outcome::Fail) => match self.failed_cas {
                _ if op.observed != ValueId::NONE => Action::Read(op.observed),
                FailedCas::Mismatch => Action::Differs(op.a),
                FailedCas::Ignore => return None,
            },
        };
        Some(Item { op: index as u32, call: op.call, ret: op.ret, action })
    }

    /// An operation as a counterexample that is complete at `until` cites it. `None` if it says
    /// nothing by then.
    pub(crate) fn cited(&self, ops: &[Op], cited: Cited, until: u32) -> Option<Item> {
        let mut item = self.item(cited.op as usize, &ops[cited.op as usize])?;
        if let (true, Action::Cas(_, new)) = (cited.as_write, item.action) {
            item.action = Action::Write(new);
        }
        if item.ret > until {
            item.ret = OPEN;
        }
        // An observation that has not been made yet says nothing.
        (!item.is_optional() || item.action.leaves().is_some()).then_some(item)
    }

    /// All operations that say something, in the order of their invocations.
    pub(crate) fn items(self, ops: &[Op]) -> impl Iterator<Item = Item> + Clone + '_ {
        ops.iter().enumerate().filter_map(move |(index, op)| self.item(index, op))
    }
}

/// What an operation does to a register, and learns of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// Observes the value.
    Read(ValueId),
    /// Leaves the value, whatever was before.
    Write(ValueId),
    /// Observes the first value and leaves the second, a different one.
    Cas(ValueId, ValueId),
    /// Observes that the register holds another value than this.
    Differs(ValueId),
}

impl Action {
    /// The value it must find.
    pub(crate) fn observes(self) -> Option<ValueId> {
        match self {
            Self::Read(value) | Self::Cas(value, _) => Some(value),
            Self::Write(_) | Self::Differs(_) => None,
        }
    }

    /// The value it leaves behind.
    pub(crate) fn leaves(self) -> Option<ValueId> {
        match self {
            Self::Write(value) | Self::Cas(_, value) => Some(value),
            Self::Read(_) | Self::Differs(_) => None,
        }
    }
}

/// One operation as the engines see it. It took effect between `call` and `ret`; with `ret` = [`OPEN`]
/// at any time after `call`, or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item {
    /// Which operation of its register.
    pub(crate) op: u32,
    pub(crate) call: u32,
    pub(crate) ret: u32,
    pub(crate) action: Action,
}

impl Item {
    /// Whether it need not have happened.
    pub(crate) fn is_optional(&self) -> bool {
        self.ret == OPEN
    }
}
