//! Tables: rows of Python as events.

use std::borrow::Cow;

use pyo3::PyErr;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyIterator, PyList, PyString, PyTuple};
use quorate_checker::{Datum, Event, IndexOrder, ReadError};

use crate::refused;

/// Values nested deeper than this are refused, such as a list that holds itself.
const DEPTH_MAX: usize = 64;
/// Up to here a float holds every integer.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;
/// Ctrl-C is looked for each time so many rows have been read.
const ROWS_A_LOOK: u64 = 1024;

/// The events of a table. Rows are numbered like lines, from 1.
pub(crate) struct Rows<'py> {
    iterator: Bound<'py, PyIterator>,
    line: u64,
    order: IndexOrder,
    /// Whether every row has every field: nothing in it is then a field left out.
    columns: bool,
    /// What Python raised, which ends the rows.
    pub(crate) raised: Option<PyErr>,
}

/// Why a row is no event.
pub(crate) enum Failure {
    Raised(PyErr),
    Refused(ReadError),
}

impl From<PyErr> for Failure {
    fn from(raised: PyErr) -> Self {
        Self::Raised(raised)
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::Refused(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Raised(raised) => raised,
            Failure::Refused(error) => refused(error),
        }
    }
}

impl<'py> Rows<'py> {
    pub(crate) fn new(table: &Bound<'py, PyAny>) -> PyResult<Self> {
        let records = records(table)?;
        let columns = records.is_some();
        let iterator = records.as_ref().unwrap_or(table).try_iter()?;
        Ok(Self { iterator, line: 0, order: IndexOrder::default(), columns, raised: None })
    }

    fn event(&self, row: &Bound<'py, PyAny>) -> Result<Event, Failure> {
        let line = self.line;
        if line.is_multiple_of(ROWS_A_LOOK) {
            row.py().check_signals()?;
        }
        let mut fields = Vec::with_capacity(Event::FIELDS.len());
        let mut add = |name: &Bound<'py, PyAny>, value: &Bound<'py, PyAny>| {
            let Ok(name) = name.cast::<PyString>() else { return Ok(()) };
            let name = name.to_cow()?;
            let Some(field) = Event::FIELDS.into_iter().find(|field| *field == name) else {
                return Ok(());
            };
            let value = datum(value, field, line)?;
            let left_out = self.columns && value == Datum::Nil && field != "value";
            if !left_out {
                fields.push((Cow::Borrowed(field), value));
            }
            Ok::<_, Failure>(())
        };
        if let Ok(row) = row.cast::<PyDict>() {
            for (name, value) in row {
                add(&name, &value)?;
            }
        } else if row.hasattr("items")? {
            for item in row.call_method0("items")?.try_iter()? {
                let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item?.extract()?;
                add(&name, &value)?;
            }
        } else {
            let expected = "a mapping with the fields of history.jsonl, such as \
                 {\"process\": 3, \"type\": \"invoke\", \"f\": \"write\", \"key\": \"x\", \"value\": 7}";
            return Err(ReadError::new(line, found(row)?, expected).into());
        }
        Ok(Event::from_fields(line, fields)?)
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Event, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.line += 1;
        let row = self.iterator.next()?;
        match row.map_err(Failure::from).and_then(|row| self.event(&row)) {
            Ok(event) => Some(self.order.check(event.line, event.index).map(|()| event)),
            Err(Failure::Refused(error)) => Some(Err(error)),
            Err(Failure::Raised(raised)) => {
                self.raised = Some(raised);
                None
            }
        }
    }
}

/// The rows of a table in columns, of whatever library; none is imported for it.
fn records<'py>(table: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    for polars_or_arrow in ["to_dicts", "to_pylist"] {
        if table.hasattr(polars_or_arrow)? {
            return table.call_method0(polars_or_arrow).map(Some);
        }
    }
    if table.hasattr("to_dict")? {
        return table.call_method1("to_dict", ("records",)).map(Some);
    }
    Ok(None)
}

/// A value of a field.
pub(crate) fn datum(
    value: &Bound<'_, PyAny>,
    field: &'static str,
    line: u64,
) -> Result<Datum, Failure> {
    nested(value, field, line, 0)
}

fn nested(
    value: &Bound<'_, PyAny>,
    field: &'static str,
    line: u64,
    depth: usize,
) -> Result<Datum, Failure> {
    if depth > DEPTH_MAX {
        return Err(ReadError::field(line, field, "nested too deep", "a plain value").into());
    }
    let inner = |value: &Bound<'_, PyAny>| nested(value, field, line, depth + 1);
    if value.is_none() {
        Ok(Datum::Nil)
    } else if let Ok(value) = value.cast::<PyBool>() {
        Ok(Datum::Bool(value.is_true()))
    } else if value.is_instance_of::<PyInt>() {
        let exact = value.extract().map(Datum::Int);
        Ok(exact.unwrap_or_else(|_| Datum::Float(value.extract().unwrap_or(f64::INFINITY))))
    } else if let Ok(value) = value.cast::<PyFloat>() {
        Ok(number(value.value()))
    } else if let Ok(value) = value.cast::<PyString>() {
        Ok(Datum::text(&value.to_cow()?))
    } else if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let items = value.try_iter()?.map(|item| inner(&item?));
        Ok(Datum::List(items.collect::<Result<_, _>>()?))
    } else if let Ok(value) = value.cast::<PyDict>() {
        let entries = value.iter().map(|(name, value)| Ok((inner(&name)?, inner(&value)?)));
        Ok(Datum::Map(entries.collect::<Result<_, Failure>>()?))
    } else if value.hasattr("tolist")? {
        // Scalars and arrays of numpy.
        inner(&value.call_method0("tolist")?)
    } else if value.get_type().name()? == "NAType" {
        // What pandas has where there is nothing.
        Ok(Datum::Nil)
    } else {
        let expected = "None, a bool, an int, a str, or a list or dict of these";
        Err(ReadError::field(line, field, found(value)?, expected).into())
    }
}

/// A column of pandas turns its integers to floats, and what is missing to NaN, as soon as one is.
fn number(value: f64) -> Datum {
    if value.is_nan() {
        Datum::Nil
    } else if value.fract() == 0.0 && value.abs() < EXACT_BELOW {
        Datum::Int(value as i64)
    } else {
        Datum::Float(value)
    }
}

/// A value that does not belong there, as an error message names it.
fn found(value: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(format!("found a value of type {}", value.get_type().name()?))
}
