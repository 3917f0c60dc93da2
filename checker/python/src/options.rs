//! The options of `quorate check`, in its words.

use pyo3::prelude::*;
use quorate_checker::{Budget, Datum, Reading};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error;

use crate::refused;
use crate::rows::datum;

pub(crate) struct Options {
    pub(crate) reading: Reading,
    pub(crate) budget: Budget,
    pub(crate) condition: Condition,
}

/// Which conditions to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Condition {
    Linearizable,
    All,
}

impl Options {
    pub(crate) fn new(
        model: Option<&str>,
        initial: Option<&Bound<'_, PyAny>>,
        failed_cas: &str,
        nil_read: &str,
        budget: Option<&str>,
        condition: &str,
    ) -> PyResult<Self> {
        let initial = initial.map(|value| datum(value, "initial", 0)).transpose()?;
        let budget = budget.map_or(Ok(Budget::GENEROUS), |text| {
            text.parse().map_err(|error| refused(format_args!("budget: {error}")))
        })?;
        Ok(Self {
            reading: Reading {
                object: model.map(|model| word("model", model)).transpose()?,
                initial: initial.filter(|initial| *initial != Datum::Nil),
                failed_cas: word("failed_cas", failed_cas)?,
                nil_read: word("nil_read", nil_read)?,
            },
            budget,
            condition: word("condition", condition)?,
        })
    }
}

/// One of the words of an option.
fn word<'de, T: Deserialize<'de>>(option: &str, text: &'de str) -> PyResult<T> {
    T::deserialize(text.into_deserializer())
        .map_err(|error: Error| refused(format_args!("{option}: {error}")))
}
