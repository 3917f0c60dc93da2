//! What Maelstrom's error codes mean.

use crate::client::KnownError;

/// A code, and what it means.
#[derive(Debug)]
pub struct ErrorCode {
    /// The number that nodes send.
    pub code: u64,
    /// What it means.
    pub error: KnownError,
}

impl ErrorCode {
    /// The meaning of a code. One that is not known leaves everything open, as Maelstrom has it for codes that
    /// nodes make up themselves.
    pub fn find(code: Option<u64>) -> &'static KnownError {
        let found = ERRORS.iter().find(|row| Some(row.code) == code);
        found.map_or(&KnownError::UNKNOWN, |row| &row.error)
    }
}

const fn row(code: u64, name: &'static str, is_definite: bool, because: &'static str) -> ErrorCode {
    ErrorCode { code, error: KnownError { says: name, name, is_definite, because } }
}

/// All codes that are Maelstrom's own.
pub const ERRORS: &[ErrorCode] = &[
    row(0, "timeout", false, "it may have been done, or be done later"),
    row(1, "node-not-found", true, "there was nobody to do it"),
    row(10, "not-supported", true, "the node does not know how"),
    row(11, "temporarily-unavailable", true, "the node says that it has not begun"),
    row(12, "malformed-request", true, "the node did not understand it"),
    row(13, "crash", false, "the node went wrong somewhere on the way"),
    row(14, "abort", true, "the node says that it has undone it"),
    row(20, "key-does-not-exist", true, "there was nothing to do it to"),
    row(21, "key-already-exists", true, "the node does not overwrite it"),
    row(22, "precondition-failed", true, "the value was another one"),
    row(30, "txn-conflict", true, "another one came first"),
];
