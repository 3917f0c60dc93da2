//! A columnar binary form for large histories, so that checking does not wait for a parser.
//!
//! A file is [`MAGIC`] and then blocks, each by itself: the length of its body, the CRC-32 of its body and
//! how many events it has, as little-endian numbers of four bytes; then the body. A body is columns, each
//! with its length before it: a byte for each event (what it is, and what it has), processes, keys and
//! values, times, a dictionary, and, as lines of `history.jsonl`, whatever does not fit; before them the
//! index of the first event. Numbers are in
//! LEB128; integers are zigzag-coded, times as differences, other values by their place in the
//! dictionary. What was written before a crash can be read up to the last whole block.

mod decode;
mod encode;
mod varint;

use std::io::{self, Read};

pub(crate) use decode::decode;
pub use encode::BinaryWriter;

use crate::event::EventKind;
use crate::function::Function;

/// How a file in the binary form begins.
pub const MAGIC: [u8; 8] = [0x93, b'Q', b'R', b'T', b'\r', b'\n', 0x1a, 1];

/// A block in which one event does not fit is no larger than this; hostile ones are refused.
const BODY_BYTES_MAX: u32 = 64 << 20;
const HEADER_BYTES: usize = 12;

/// The columns of a body, in their order.
const COLUMNS: usize = 6;

const KINDS: [EventKind; 4] = [EventKind::Invoke, EventKind::Ok, EventKind::Fail, EventKind::Info];
const FUNCTIONS: [Function; 3] = [Function::Read, Function::Write, Function::Cas];

/// The function number of what stands in the last column.
const REST: u8 = 3;
const HAS_KEY: u8 = 1 << 4;
const HAS_OBSERVED: u8 = 1 << 5;
const HAS_TIME: u8 = 1 << 6;
/// The index is that of the event before, and one.
const HAS_INDEX: u8 = 1 << 7;

/// How a value is written: the low two bits of its number.
const SMALL: u64 = 0;
const IN_DICTIONARY: u64 = 1;
const CONSTANT: u64 = 2;

/// A block as it stands in the file: its header and its body.
#[derive(Debug)]
pub struct Block {
    /// How many events it says it has.
    pub event_count: u32,
    /// Header and body.
    pub bytes: Vec<u8>,
    /// Whether the file ends inside it.
    pub truncated: bool,
}

/// The next block of a file, from behind the [`MAGIC`] on; `None` at the end.
///
/// # Errors
/// If reading fails, or the header cannot be one.
pub fn next_block(input: &mut impl Read) -> io::Result<Option<Block>> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    input.by_ref().take(HEADER_BYTES as u64).read_to_end(&mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let number = |at: usize| {
        bytes
            .get(at..at + 4)
            .map_or(0, |four| u32::from_le_bytes(four.try_into().unwrap_or([0; 4])))
    };
    let (length, event_count) = (number(0), number(8));
    if length > BODY_BYTES_MAX || event_count > length {
        let problem = format!("a block of {length} bytes with {event_count} events");
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    }
    let is_header = bytes.len() == HEADER_BYTES;
    input.by_ref().take(u64::from(length)).read_to_end(&mut bytes)?;
    let truncated = !is_header || bytes.len() < HEADER_BYTES + length as usize;
    Ok(Some(Block { event_count, bytes, truncated }))
}
