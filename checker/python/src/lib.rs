//! The checker as a module for Python. What it means to its callers stands in `quorate.pyi`.

mod examine;
mod interruptible;
mod key;
mod options;
mod result;
mod rows;
mod source;

use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use quorate_checker::Certificate;

use examine::examine;
use interruptible::interruptible;
use key::KeyResult;
use options::Options;
use result::CheckResult;
use source::Source;

create_exception!(
    quorate,
    QuorateError,
    PyValueError,
    "What is wrong with a history, an option or a certificate, where, and what would be right."
);

#[expect(clippy::needless_pass_by_value, reason = "errors are handed over by map_err")]
fn refused(problem: impl ToString) -> PyErr {
    QuorateError::new_err(problem.to_string())
}

/// Checks a history: a file, or a table with an event a row.
///
/// >>> quorate.check("history.jsonl").verdict
/// 'valid'
#[expect(clippy::too_many_arguments, reason = "Python names its arguments")]
#[pyfunction]
#[pyo3(signature = (
    source,
    *,
    model = None,
    initial = None,
    failed_cas = "ignore",
    nil_read = "value",
    budget = None,
    condition = "linearizable",
))]
fn check(
    py: Python<'_>,
    source: &Bound<'_, PyAny>,
    model: Option<&str>,
    initial: Option<&Bound<'_, PyAny>>,
    failed_cas: &str,
    nil_read: &str,
    budget: Option<&str>,
    condition: &str,
) -> PyResult<CheckResult> {
    let options = Options::new(model, initial, failed_cas, nil_read, budget, condition)?;
    let source = Source::of(source, &options.reading)?;
    let checked = interruptible(py, move |stop| {
        let loaded = source.load(&options.reading)?;
        examine(&loaded, &options, stop)
    })??;
    CheckResult::new(py, checked)
}

/// Checks a certificate against its history, and returns the verdict that it proves. Raises
/// QuorateError if it proves nothing.
///
/// >>> quorate.verify("history.jsonl", quorate.check("history.jsonl").certificate())
/// 'valid'
#[pyfunction]
fn verify(py: Python<'_>, source: &Bound<'_, PyAny>, certificate: &str) -> PyResult<&'static str> {
    let certificate = Certificate::read(certificate.as_bytes()).map_err(refused)?;
    let reading = certificate.reading.to_reading();
    let source = Source::of(source, &reading)?;
    interruptible(py, move |_| {
        let verified = source.load(&reading)?.recorded.verify(&certificate);
        verified
            .map(quorate_checker::Verdict::name)
            .map_err(|rejection| refused(format_args!("the certificate is rejected: {rejection}")))
    })?
}

/// Puts the results of partitions together, which hold different keys each.
///
/// >>> quorate.merge(quorate.check(rows) for rows in partitions).verdict
/// 'valid'
#[pyfunction]
fn merge(results: &Bound<'_, PyAny>) -> PyResult<CheckResult> {
    let parts: Vec<Bound<'_, CheckResult>> = results
        .try_iter()?
        .map(|result| Ok(result?.cast_into::<CheckResult>()?))
        .collect::<PyResult<_>>()?;
    CheckResult::merge(results.py(), parts.iter().map(Bound::get))
}

/// Client histories in, verdicts with proofs out.
#[pymodule]
fn quorate(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("QuorateError", module.py().get_type::<QuorateError>())?;
    module.add_class::<CheckResult>()?;
    module.add_class::<KeyResult>()?;
    module.add_function(wrap_pyfunction!(check, module)?)?;
    module.add_function(wrap_pyfunction!(verify, module)?)?;
    module.add_function(wrap_pyfunction!(merge, module)?)
}
