//! What can be wrong with a history file, said so that its owner can mend it.

use std::{fmt, io};

use crate::datum::shorten;

/// No part of a message is longer, in characters.
const TEXT_MAX: usize = 400;

/// A history that cannot be read: where, which field, what was found and what would be right.
///
/// The path is not known here (this crate opens no files); whoever opened the file prefixes it.
#[derive(Debug, thiserror::Error)]
pub struct ReadError {
    /// The line, counting from 1; 0 where the whole input is meant.
    pub line: u64,
    /// The field of the event, where one is to blame.
    pub field: Option<&'static str>,
    /// What was found.
    pub problem: String,
    /// What would be right; empty where the problem says it.
    pub expected: String,
    /// The operating system's own error, where reading itself failed.
    pub source: Option<io::Error>,
}

impl ReadError {
    /// A problem on `line` in general. Texts that quote a very long value are cut.
    pub fn new(line: u64, problem: impl Into<String>, expected: impl Into<String>) -> Self {
        let [problem, expected] = [problem.into(), expected.into()]
            .map(|text| if text.len() > TEXT_MAX { shorten(&text, TEXT_MAX) } else { text });
        Self { line, field: None, problem, expected, source: None }
    }

    /// A problem with one field of the event that begins on `line`.
    pub fn field(
        line: u64,
        field: &'static str,
        problem: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self { field: Some(field), ..Self::new(line, problem, expected) }
    }

    /// The input failed while this line was read.
    pub fn io(line: u64, source: io::Error) -> Self {
        Self { source: Some(source), ..Self::new(line, "reading failed", "") }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        if let Some(field) = self.field {
            write!(f, "field `{field}`: ")?;
        }
        f.write_str(&self.problem)?;
        if !self.expected.is_empty() {
            write!(f, "; expected {}", self.expected)?;
        }
        Ok(())
    }
}
