//! A parsed value before anybody has decided what it means: what JSON and EDN have in common.

use std::fmt;

use serde::{Serialize, Serializer};

/// One value of a history file.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    /// JSON `null`, EDN `nil`.
    Nil,
    /// A boolean.
    Bool(bool),
    /// An integer in 64 bits.
    Int(i64),
    /// A number with a fraction or an exponent, or an integer that does not fit 64 bits.
    Float(f64),
    /// A string.
    Text(Box<str>),
    /// An EDN keyword or symbol, without the colon. JSON has none.
    Keyword(Box<str>),
    /// A JSON array; an EDN vector, list or set.
    List(Vec<Datum>),
    /// A JSON object or an EDN map, in file order.
    Map(Vec<(Datum, Datum)>),
}

impl Datum {
    /// A string.
    pub fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// What kind of thing this is, as an error message names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a number that is no 64-bit integer",
            Self::Text(_) => "a string",
            Self::Keyword(_) => "a keyword",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    /// The two elements of a list of two.
    pub fn as_pair(&self) -> Option<(&Datum, &Datum)> {
        match self {
            Self::List(items) => match items.as_slice() {
                [first, second] => Some((first, second)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The characters of a string or a keyword.
    pub fn as_name(&self) -> Option<&str> {
        match self {
            Self::Text(name) | Self::Keyword(name) => Some(name),
            _ => None,
        }
    }

    /// The value as an error message shows it: at most about sixty characters.
    pub fn brief(&self) -> String {
        brief(&self.to_string())
    }
}

/// Cuts a hostile or merely long text down to what fits a line of an error message.
pub(crate) fn brief(text: &str) -> String {
    shorten(text, 60)
}

/// The first so many characters of a text, made fit to be shown.
pub(crate) fn shorten(text: &str, length_max: usize) -> String {
    let mut short: String = text
        .chars()
        .take(length_max)
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    if text.chars().nth(length_max).is_some() {
        short.push('…');
    }
    short
}

impl Serialize for Datum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nil => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            // JSON has no keywords; the colon keeps :a apart from "a".
            Self::Keyword(name) => serializer.collect_str(&format_args!(":{name}")),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => serializer.collect_map(entries.iter().map(|(key, value)| {
                let name = key.as_name().map_or_else(|| key.to_string(), str::to_owned);
                (name, value)
            })),
        }
    }
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Keyword(name) => write!(f, ":{name}"),
            Self::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                for (i, (key, value)) in entries.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{key}: {value}")?;
                }
                f.write_str("}")
            }
        }
    }
}
