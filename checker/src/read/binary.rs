//! The columnar binary form ([`crate::binary`]). The number of an event stands for its line.

use std::io::{self, BufRead, Read};

use super::{Source, Step, json};
use crate::binary::{MAGIC, decode, next_block};
use crate::error::ReadError;
use crate::plain::Entry;

const EXPECTED: &str = "a history as it was written in the binary form";

/// The events of the current block; none before the first.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    entries: Option<std::vec::IntoIter<Entry>>,
}

pub(super) fn next<R: BufRead>(
    source: &mut Source<R>,
    blocks: &mut Blocks,
) -> Result<Step, ReadError> {
    loop {
        if let Some(entry) = blocks.entries.as_mut().and_then(Iterator::next) {
            source.line = entry.line();
            return Ok(Step::Entry(entry));
        }
        let number = source.line + 1;
        if blocks.entries.is_none() && !skip_magic(source, number)? {
            return Ok(Step::Truncated(number));
        }
        let block = next_block(&mut source.input).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => ReadError::new(number, error.to_string(), EXPECTED),
            _ => ReadError::io(number, error),
        })?;
        let Some(block) = block else { return Ok(Step::End) };
        if block.truncated {
            return Ok(Step::Truncated(number));
        }
        let wrong = |number, problem| ReadError::new(number, problem, EXPECTED);
        let entries = decode(&block.bytes, number, |line| json::line(number, line), wrong)?;
        blocks.entries = Some(entries.into_iter());
    }
}

/// Whether the file is long enough to begin as it must; other beginnings are an error.
fn skip_magic<R: BufRead>(source: &mut Source<R>, number: u64) -> Result<bool, ReadError> {
    let mut magic = Vec::new();
    let read = source.input.by_ref().take(MAGIC.len() as u64).read_to_end(&mut magic);
    read.map_err(|error| ReadError::io(number, error))?;
    if MAGIC.starts_with(&magic) {
        return Ok(magic.len() == MAGIC.len());
    }
    Err(ReadError::new(number, "the file begins otherwise", EXPECTED))
}
