//! Where a history comes from: a file or a table.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use quorate_checker::{ReadError, Reader, Reading, Recorded};

use crate::refused;
use crate::rows::Rows;

/// A history, read already if only Python can read it.
pub(crate) enum Source {
    File { path: PathBuf, file: File },
    Table(Recorded),
}

/// A history as it was read.
pub(crate) struct Loaded {
    pub(crate) recorded: Recorded,
    /// The line in whose event the file ends.
    pub(crate) truncated: Option<u64>,
}

impl Source {
    pub(crate) fn of(source: &Bound<'_, PyAny>, reading: &Reading) -> PyResult<Self> {
        if let Ok(path) = source.extract::<PathBuf>() {
            let file = File::open(&path).map_err(|error| os_error(source.py(), &path, error))?;
            return Ok(Self::File { path, file });
        }
        let mut rows = Rows::new(source)?;
        let recorded = Recorded::read(&mut rows, reading);
        match rows.raised {
            Some(raised) => Err(raised),
            None => Ok(Self::Table(recorded.map_err(|error| in_source("table", &error))?)),
        }
    }

    pub(crate) fn load(self, reading: &Reading) -> PyResult<Loaded> {
        match self {
            Self::File { path, file } => read_file(file, reading)
                .map_err(|error| in_source(&path.display().to_string(), &error)),
            Self::Table(recorded) => Ok(Loaded { recorded, truncated: None }),
        }
    }
}

fn read_file(file: File, reading: &Reading) -> Result<Loaded, ReadError> {
    let mut reader = Reader::new(BufReader::with_capacity(1 << 18, file), None)?;
    let recorded = Recorded::read(&mut reader, reading)?;
    Ok(Loaded { recorded, truncated: reader.truncated() })
}

fn in_source(name: &str, error: &ReadError) -> PyErr {
    match &error.source {
        Some(source) => refused(format_args!("{name}: {error}: {source}")),
        None => refused(format_args!("{name}: {error}")),
    }
}

/// As Python's own `open` raises it.
fn os_error(py: Python<'_>, path: &Path, error: io::Error) -> PyErr {
    let Some(number) = error.raw_os_error() else { return error.into() };
    let text = py
        .import("os")
        .and_then(|os| os.call_method1("strerror", (number,))?.extract::<String>())
        .unwrap_or_else(|_| error.to_string());
    PyOSError::new_err((number, text, path.as_os_str().to_owned()))
}
