//! Register values, and their interning: an operation holds a number where the file has a value.

use std::collections::HashMap;
use std::fmt;

use crate::datum::Datum;

/// What a register can hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    /// Never written: JSON `null`, EDN `nil`.
    Nil,
    /// A boolean.
    Bool(bool),
    /// An integer in 64 bits.
    Int(i64),
    /// A string.
    Text(Box<str>),
    /// An EDN keyword.
    Keyword(Box<str>),
}

/// What [`Value::from_datum`] accepts, as error messages say it.
pub(crate) const EXPECTED_VALUE: &str =
    "a register's value: null, a 64-bit integer, a string, a boolean or a keyword";

impl Value {
    /// A string value.
    pub fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// The value, unless `datum` is something a register does not hold: a list, a map, a fraction.
    pub fn from_datum(datum: &Datum) -> Option<Self> {
        Some(match datum {
            Datum::Nil => Self::Nil,
            Datum::Bool(value) => Self::Bool(*value),
            Datum::Int(value) => Self::Int(*value),
            Datum::Text(text) => Self::Text(text.clone()),
            Datum::Keyword(name) => Self::Keyword(name.clone()),
            Datum::Float(_) | Datum::List(_) | Datum::Map(_) => return None,
        })
    }

    /// The value as a part of an event.
    pub fn to_datum(&self) -> Datum {
        match self {
            Self::Nil => Datum::Nil,
            Self::Bool(value) => Datum::Bool(*value),
            Self::Int(value) => Datum::Int(*value),
            Self::Text(text) => Datum::Text(text.clone()),
            Self::Keyword(name) => Datum::Keyword(name.clone()),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Keyword(name) => write!(f, ":{name}"),
        }
    }
}

/// The number of a value within one history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub u32);

impl ValueId {
    /// No value: an argument the operation does not have, or a result nobody learned.
    pub const NONE: Self = Self(u32::MAX);

    /// The number as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// All values of a history, each once.
#[derive(Debug, Default, Clone)]
pub struct Values {
    list: Vec<Value>,
    /// Numbers of small non-negative integers, by the integer: distinct values count upwards, and an
    /// array is several times faster than a map. `u32::MAX` where the integer was not seen.
    small: Vec<u32>,
    others: HashMap<Value, u32>,
}

impl Values {
    /// The number of an integer or of nothing.
    pub(crate) fn intern_scalar(&mut self, scalar: Scalar) -> ValueId {
        let small = scalar.integer().and_then(|integer| self.find_small(integer));
        small.unwrap_or_else(|| self.intern(&scalar.value()))
    }

    /// The number of `value`, new or known.
    pub fn intern(&mut self, value: &Value) -> ValueId {
        let next = self.list.len() as u32;
        let number = match value {
            Value::Int(integer) if self.is_small(*integer) => {
                let index = *integer as usize;
                if index >= self.small.len() {
                    self.small.resize(index + 1, u32::MAX);
                }
                let slot = &mut self.small[index];
                if *slot == u32::MAX {
                    // Interned before the array had grown to where this integer counts as small.
                    *slot = self.others.get(value).copied().unwrap_or(next);
                }
                *slot
            }
            other => match self.others.get(other) {
                Some(number) => *number,
                None => {
                    self.others.insert(other.clone(), next);
                    next
                }
            },
        };
        if number == next {
            self.list.push(value.clone());
        }
        ValueId(number)
    }

    /// Small enough that an array indexed by integers stays in proportion to the values seen.
    fn is_small(&self, integer: i64) -> bool {
        (0..4 * self.list.len() as i64 + 1024).contains(&integer)
    }

    /// The number of a value that may not occur.
    pub fn find(&self, value: &Value) -> Option<ValueId> {
        if let Value::Int(integer) = value
            && let Some(number) = self.find_small(*integer)
        {
            return Some(number);
        }
        self.others.get(value).copied().map(ValueId)
    }

    /// The number of an integer that may not occur.
    pub(crate) fn find_scalar(&self, scalar: Scalar) -> Option<ValueId> {
        let small = scalar.integer().and_then(|integer| self.find_small(integer));
        small.or_else(|| self.find(&scalar.value()))
    }

    #[inline]
    fn find_small(&self, integer: i64) -> Option<ValueId> {
        let number = self.small.get(usize::try_from(integer).ok()?)?;
        (*number != u32::MAX).then_some(ValueId(*number))
    }

    /// The value behind a number.
    ///
    /// # Panics
    /// For a number that is not of these values.
    pub fn get(&self, id: ValueId) -> &Value {
        &self.list[id.index()]
    }

    /// How many distinct values there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is no value at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn shrink_to_fit(&mut self) {
        self.list.shrink_to_fit();
        self.small.shrink_to_fit();
    }
}

/// An integer or nothing. The one integer that stands for nothing is not plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scalar(i64);

impl Scalar {
    pub(crate) const NOTHING: Self = Self(i64::MIN);

    pub(crate) fn new(integer: i64) -> Option<Self> {
        (integer != i64::MIN).then_some(Self(integer))
    }

    pub(crate) fn integer(self) -> Option<i64> {
        (self != Self::NOTHING).then_some(self.0)
    }

    pub(crate) fn value(self) -> Value {
        self.integer().map_or(Value::Nil, Value::Int)
    }

    pub(crate) fn datum(self) -> Datum {
        self.integer().map_or(Datum::Nil, Datum::Int)
    }

    /// Whether it is this value.
    pub(crate) fn is(self, value: &Value) -> bool {
        match value {
            Value::Nil => self == Self::NOTHING,
            Value::Int(integer) => self.integer() == Some(*integer),
            Value::Bool(_) | Value::Text(_) | Value::Keyword(_) => false,
        }
    }
}
