//! What a check returns for a history: plain data, which pickles.

use std::borrow::Cow;
use std::collections::HashSet;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use quorate_checker::{Certificate, Object, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::examine::Checked;
use crate::key::{KeyResult, is_valid, plain};
use crate::refused;

/// The result for a history, or for partitions of one.
#[pyclass(frozen, name = "Result", module = "quorate")]
pub(crate) struct CheckResult {
    summary: Summary,
    keys: Vec<Py<KeyResult>>,
    /// None where partitions have one each.
    certificate: Option<Certificate>,
}

/// What stands in a result besides its keys.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) model: Object,
    pub(crate) events: u64,
    pub(crate) operations: u64,
    pub(crate) truncated_at_line: Option<u64>,
}

/// All of a result, as it is pickled.
#[derive(Serialize, Deserialize)]
struct State<'a> {
    summary: Cow<'a, Summary>,
    keys: Vec<Cow<'a, Value>>,
    certificate: Option<Cow<'a, Certificate>>,
}

impl CheckResult {
    pub(crate) fn new(py: Python<'_>, checked: Checked) -> PyResult<Self> {
        let Checked { summary, keys, certificate } = checked;
        let keys = keys.into_iter().map(|key| Py::new(py, key)).collect::<PyResult<_>>()?;
        Ok(Self { summary, keys, certificate: Some(certificate) })
    }

    /// The whole of which these are parts: a history is linearizable exactly if that of each key is
    /// (Herlihy and Wing, 1990).
    pub(crate) fn merge<'a>(
        py: Python<'_>,
        parts: impl Iterator<Item = &'a Self>,
    ) -> PyResult<Self> {
        let (mut names, mut keys) = (HashSet::new(), Vec::new());
        let mut model: Option<Object> = None;
        let (mut events, mut operations, mut truncated_at_line) = (0, 0, None);
        for part in parts {
            let summary = &part.summary;
            events += summary.events;
            operations += summary.operations;
            truncated_at_line = truncated_at_line.or(summary.truncated_at_line);
            for key in part.results() {
                let name = key.document["key"].to_string();
                if !names.insert(name.clone()) {
                    return Err(refused(format_args!(
                        "key {name} stands in two results; expected all events of a key in one \
                         partition, for only together do they say whether it is linearizable"
                    )));
                }
            }
            if !part.keys.is_empty() && *model.get_or_insert(summary.model) != summary.model {
                return Err(refused("results of different models; expected parts of one history"));
            }
            keys.extend(part.keys.iter().map(|key| key.clone_ref(py)));
        }
        let model = model.unwrap_or(Object::Register);
        let summary = Summary { model, events, operations, truncated_at_line };
        Ok(Self { summary, keys, certificate: None })
    }

    fn results(&self) -> impl Iterator<Item = &KeyResult> {
        self.keys.iter().map(Py::get)
    }

    fn worst(&self) -> Verdict {
        self.results().map(|key| key.verdict).max().unwrap_or(Verdict::Valid)
    }

    /// The worst verdict of all keys on each condition; nothing unless all were asked for.
    fn worst_by_condition(&self) -> PyResult<Option<Map<String, Value>>> {
        let mut worst: Option<Map<String, Value>> = None;
        let read = |verdict: &Value| Verdict::deserialize(verdict).map_err(refused);
        for key in self.results() {
            let Some(conditions) = key.document["conditions"].as_object() else { return Ok(None) };
            for (name, standing) in conditions {
                let entry = worst.get_or_insert_default().entry(name).or_insert(json!("valid"));
                *entry = json!(read(entry)?.max(read(&standing["verdict"])?));
            }
        }
        Ok(worst)
    }
}

#[pymethods]
impl CheckResult {
    #[new]
    fn restored(py: Python<'_>, state: &str) -> PyResult<Self> {
        let state: State<'_> = serde_json::from_str(state).map_err(refused)?;
        let key = |document: Cow<'_, Value>| {
            Py::new(py, KeyResult::from_document(document.into_owned())?)
        };
        Ok(Self {
            summary: state.summary.into_owned(),
            keys: state.keys.into_iter().map(key).collect::<PyResult<_>>()?,
            certificate: state.certificate.map(Cow::into_owned),
        })
    }

    fn __getnewargs__(&self) -> PyResult<(String,)> {
        let state = State {
            summary: Cow::Borrowed(&self.summary),
            keys: self.results().map(|key| Cow::Borrowed(&key.document)).collect(),
            certificate: self.certificate.as_ref().map(Cow::Borrowed),
        };
        Ok((serde_json::to_string(&state).map_err(refused)?,))
    }

    /// That of the worst key: "valid", "invalid" or "unknown".
    #[getter]
    fn verdict(&self) -> &'static str {
        self.worst().name()
    }

    /// The verdict; None if it is unknown.
    #[getter]
    fn valid(&self) -> Option<bool> {
        is_valid(self.worst())
    }

    /// One result a key, in the order in which the history has them.
    #[getter]
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.keys)
    }

    /// How many operations the history has.
    #[getter]
    fn op_count(&self) -> u64 {
        self.summary.operations
    }

    /// Where the file ends in the middle of an event: it was checked up to there.
    #[getter]
    fn truncated_at_line(&self) -> Option<u64> {
        self.summary.truncated_at_line
    }

    /// With condition="all": the worst verdict of all keys on each condition.
    #[getter]
    fn conditions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        plain(py, &self.worst_by_condition()?)
    }

    /// The proofs of all keys, for `quorate verify` and quorate.verify.
    fn certificate(&self) -> PyResult<String> {
        let certificate = self.certificate.as_ref().ok_or_else(|| {
            refused(
                "a merged result has no certificate; each part has one, of the events of its partition",
            )
        })?;
        serde_json::to_string(certificate).map_err(refused)
    }

    /// All but the certificate, in the words of `quorate check --json`.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let keys: Vec<&Value> = self.results().map(|key| &key.document).collect();
        let document = json!({
            "model": self.summary.model,
            "events": self.summary.events,
            "operations": self.summary.operations,
            "truncated_at_line": self.summary.truncated_at_line,
            "verdict": self.worst(),
            "conditions": self.worst_by_condition()?,
            "keys": keys,
        });
        plain(py, &document)
    }

    fn __repr__(&self) -> String {
        let verdict = self.worst();
        let alike = self.results().filter(|key| key.verdict == verdict).count();
        let summary = &self.summary;
        let truncated = summary
            .truncated_at_line
            .map(|line| format!(", truncated at line {line}"))
            .unwrap_or_default();
        format!(
            "<quorate.Result {verdict}: {alike} of {} keys {verdict}, {} operations{truncated}>",
            self.keys.len(),
            summary.operations,
        )
    }
}
