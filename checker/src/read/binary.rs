//! The columnar binary form ([`crate::binary`]). The number of an event stands for its line.

use std::io::{self, BufRead, Read};

use super::{Source, Step, json};
use crate::binary::{MAGIC, decode, next_block};
use crate::error::ReadError;
use crate::plain::Entry;

const EXPECTED: &str = "a history as it was written in the binary form";

/// The events of the current block that were not handed out yet; none before the first.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    entries: Option<std::vec::IntoIter<Entry>>,
}

impl Blocks {
    /// What is left of the current block.
    pub(super) fn take_rest(&mut self) -> impl Iterator<Item = Entry> + '_ {
        self.entries.iter_mut().flatten()
    }
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
        let mut entries = Vec::new();
        match next_entries(source, blocks, &mut entries)? {
            Step::Entry(()) => blocks.entries = Some(entries.into_iter()),
            Step::End => return Ok(Step::End),
            Step::Truncated(number) => return Ok(Step::Truncated(number)),
        }
    }
}

/// Adds all entries of the next block, once those of the one before have been handed out.
pub(super) fn next_entries<R: BufRead>(
    source: &mut Source<R>,
    blocks: &mut Blocks,
    entries: &mut Vec<Entry>,
) -> Result<Step<()>, ReadError> {
    let number = source.line + 1;
    if blocks.entries.is_none() && !skip_magic(source, number)? {
        return Ok(Step::Truncated(number));
    }
    blocks.entries.get_or_insert_default();
    let block = next_block(&mut source.input).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => ReadError::new(number, error.to_string(), EXPECTED),
        _ => ReadError::io(number, error),
    })?;
    let Some(block) = block else { return Ok(Step::End) };
    if block.truncated {
        return Ok(Step::Truncated(number));
    }
    let wrong = |number, problem| ReadError::new(number, problem, EXPECTED);
    let line = |line: &[u8]| json::line(number, line);
    decode(&block.bytes, number, entries, line, wrong).map(Step::Entry)
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
