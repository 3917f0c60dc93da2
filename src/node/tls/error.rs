//! What is wrong with a certificate.

use std::fmt::Display;
use std::path::{Path, PathBuf};

/// What is wrong with a certificate, a key, or the directory of them.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct CertificateError {
    path: PathBuf,
    problem: String,
}

impl CertificateError {
    /// A problem with what is in this file, or is to be.
    pub(super) fn new(path: &Path, problem: impl Display) -> Self {
        Self { path: path.to_owned(), problem: problem.to_string() }
    }
}
