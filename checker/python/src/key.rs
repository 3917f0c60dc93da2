//! What a check returns for one key: plain data, which pickles.

use std::fmt::Write;

use pyo3::prelude::*;
use quorate_checker::Verdict;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::refused;

/// The result for one key.
#[pyclass(frozen, module = "quorate")]
pub(crate) struct KeyResult {
    pub(crate) verdict: Verdict,
    /// As `quorate check --json` prints it.
    pub(crate) document: Value,
}

/// A document as dicts and lists.
pub(crate) fn plain<'py>(
    py: Python<'py>,
    document: &impl Serialize,
) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(document).map_err(refused)?;
    py.import("json")?.call_method1("loads", (text,))
}

pub(crate) fn is_valid(verdict: Verdict) -> Option<bool> {
    match verdict {
        Verdict::Valid => Some(true),
        Verdict::Invalid => Some(false),
        Verdict::Unknown => None,
    }
}

impl KeyResult {
    pub(crate) fn from_document(document: Value) -> PyResult<Self> {
        let verdict = Verdict::deserialize(&document["verdict"]).map_err(refused)?;
        Ok(Self { verdict, document })
    }

    /// A part of the document; None where this key has no such part.
    fn part<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        plain(py, &self.document[name])
    }

    fn text(&self, name: &str) -> &str {
        self.document[name].as_str().unwrap_or_default()
    }
}

#[pymethods]
impl KeyResult {
    #[new]
    fn restored(state: &str) -> PyResult<Self> {
        Self::from_document(serde_json::from_str(state).map_err(refused)?)
    }

    fn __getnewargs__(&self) -> (String,) {
        (self.document.to_string(),)
    }

    /// The key; None where the history has none.
    #[getter]
    fn key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "key")
    }

    /// "valid", "invalid" or "unknown".
    #[getter]
    fn verdict(&self) -> &'static str {
        self.verdict.name()
    }

    /// The verdict; None if it is unknown.
    #[getter]
    fn valid(&self) -> Option<bool> {
        is_valid(self.verdict)
    }

    /// How many operations the key has.
    #[getter]
    fn op_count<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "operations")
    }

    /// What decided.
    #[getter]
    fn engine(&self) -> &str {
        self.text("engine")
    }

    /// Why that engine.
    #[getter]
    fn why(&self) -> &str {
        self.text("why")
    }

    /// What the violation is called, such as stale-read.
    #[getter]
    fn anomaly<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "anomaly")
    }

    /// The violation in one line.
    #[getter]
    fn title<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "title")
    }

    /// Why no order explains the operations, a sentence or two a line.
    #[getter]
    fn story<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "story")
    }

    /// These operations over time.
    #[getter]
    fn timeline<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "timeline")
    }

    /// With condition="all": each condition by name, with its "verdict".
    #[getter]
    fn conditions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "conditions")
    }

    /// With condition="all": how stale reads are, or "why" that cannot be told.
    #[getter]
    fn staleness<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "staleness")
    }

    /// Everything, in the words of `quorate check --json`.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        plain(py, &self.document)
    }

    fn __repr__(&self) -> String {
        let document = &self.document;
        let anomaly = document["anomaly"].as_str().map(|name| format!(" {name}"));
        format!(
            "<quorate.KeyResult {}{}: key {}, {} operations, by {}>",
            self.verdict,
            anomaly.unwrap_or_default(),
            document["key"],
            document["operations"],
            self.text("engine")
        )
    }

    /// The counterexample for people, or where the search gave up.
    fn __str__(&self) -> String {
        let mut out = match self.verdict {
            Verdict::Invalid => self.text("title").to_owned(),
            Verdict::Unknown => {
                let (key, of) = (&self.document["key"], self.text("out_of"));
                format!("unknown: key {key}, out of {of}")
            }
            Verdict::Valid => format!("valid: key {}", self.document["key"]),
        };
        for line in self.document["story"].as_array().into_iter().flatten() {
            let _ = write!(out, "\n  {}", line.as_str().unwrap_or_default());
        }
        for (number, line) in self.text("timeline").lines().enumerate() {
            let _ = write!(out, "{}\n  {line}", if number == 0 { "\n" } else { "" });
        }
        out
    }
}
