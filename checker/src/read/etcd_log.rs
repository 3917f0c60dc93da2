//! The log of the Jepsen test of etcd that Porcupine's test data consists of:
//! `INFO  jepsen.util - 0<TAB>:invoke<TAB>:read<TAB>nil`.
//!
//! A `:fail :read :timed-out` tells nothing and its process goes on, which is what a failed read
//! means everywhere; `:info` is indeterminate for ever.

use std::borrow::Cow;
use std::io::BufRead;

use super::{Source, Step, edn, utf8};
use crate::datum::brief;
use crate::error::ReadError;
use crate::event::Event;

const MARK: &str = "jepsen.util - ";

/// Whether the first lines of a file are of this log.
pub(super) fn looks_like(head: &[u8]) -> bool {
    head.windows(MARK.len()).any(|window| window == MARK.as_bytes())
}

pub(super) fn next<R: BufRead>(source: &mut Source<R>) -> Result<Step, ReadError> {
    loop {
        let Some(ended) = source.next_line()? else { return Ok(Step::End) };
        let line = source.line;
        let text = match utf8(line, &source.text) {
            Ok(text) => text.trim_end_matches(['\r', '\n']),
            Err(_) if !ended => return Ok(Step::Truncated(line)),
            Err(error) => return Err(error),
        };
        if text.trim().is_empty() {
            continue;
        }
        let Some((_, columns)) = text.split_once(MARK) else {
            if !ended {
                return Ok(Step::Truncated(line));
            }
            return Err(ReadError::new(
                line,
                format!("found `{}`", brief(text)),
                "INFO  jepsen.util - 0<TAB>:invoke<TAB>:read<TAB>nil",
            ));
        };
        // A line without its break may have lost digits of its value and still parse.
        if !ended {
            return Ok(Step::Truncated(line));
        }
        return parse(line, columns).map(|event| Step::Entry(event.into()));
    }
}

fn parse(line: u64, columns: &str) -> Result<Event, ReadError> {
    let columns: Vec<&str> = columns.split('\t').collect();
    let [process, kind, f, value] = columns.as_slice() else {
        return Err(ReadError::new(
            line,
            format!("found {} columns", columns.len()),
            "four, with tabs between: process, type, function, value",
        ));
    };
    let field = |name: &'static str, text: &str| Ok((Cow::Borrowed(name), edn::parse(line, text)?));
    Event::from_fields(
        line,
        [field("process", process)?, field("type", kind)?, field("f", f)?, field("value", value)?],
    )
}
