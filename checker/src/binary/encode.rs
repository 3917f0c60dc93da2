//! Writing blocks.

use std::io::{self, Write};

use rustc_hash::FxHashMap;

use super::{
    COLUMNS, CONSTANT, FUNCTIONS, HAS_INDEX, HAS_KEY, HAS_OBSERVED, HAS_TIME, IN_DICTIONARY, KINDS,
    MAGIC, REST, SMALL, varint,
};
use crate::event::{Event, Process};
use crate::function::Function;
use crate::value::Value;
use crate::write::write_jsonl;

/// A block has so many events, or so many bytes, at most about.
const BLOCK_EVENTS: u32 = 1 << 12;
const BLOCK_BYTES: usize = 1 << 20;

/// Writes a history in the binary form, block by block.
pub struct BinaryWriter<W> {
    out: W,
    block: Block,
    /// The index of the last event.
    index: Option<u64>,
}

/// A block in the making.
#[derive(Default)]
struct Block {
    event_count: u32,
    /// The index that the first event should have.
    first_index: u64,
    what: Vec<u8>,
    processes: Vec<u8>,
    /// Keys, values and observed values, as they come.
    values: Vec<u8>,
    times: Vec<u8>,
    last_time: i64,
    rest: Vec<u8>,
    dictionary: Vec<u8>,
    places: FxHashMap<Value, u64>,
}

impl<W: Write> BinaryWriter<W> {
    /// Begins a file.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&MAGIC)?;
        Ok(Self { out, block: Block::default(), index: None })
    }

    /// Takes the next event.
    pub fn push(&mut self, event: &Event) -> io::Result<()> {
        let expected = self.index.map_or(0, |index| index.wrapping_add(1));
        let index = event.index.unwrap_or(expected);
        // Where indexes are left out, a block begins.
        if index > expected {
            self.flush()?;
        }
        if self.block.event_count == 0 {
            self.block.first_index = index;
        }
        let follows = index >= expected;
        if !(follows && self.block.encode(event)) {
            self.block.what.push(REST << 2);
            write_jsonl(&mut self.block.rest, event)?;
        }
        self.index = event.index.or(self.index);
        self.block.event_count += 1;
        if self.block.event_count >= BLOCK_EVENTS || self.block.bytes() >= BLOCK_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes the block so far.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.block.event_count > 0 {
            let block = std::mem::take(&mut self.block);
            self.out.write_all(&block.finish())?;
        }
        self.out.flush()
    }
}

impl Block {
    fn bytes(&self) -> usize {
        self.values.len() + self.rest.len() + self.dictionary.len()
    }

    /// Puts an event into the columns. False, and nothing is changed, if it does not fit.
    fn encode(&mut self, event: &Event) -> bool {
        let Process::Client(process) = event.process else { return false };
        let Some(function) = Function::from_name(&event.f) else { return false };
        let values = match (function, event.value.as_pair()) {
            (Function::Cas, Some((expected, new))) => [Some(expected), Some(new)],
            (Function::Cas, None) => return false,
            (Function::Read | Function::Write, _) => [Some(&event.value), None],
        };
        let all = event.key.iter().chain(values.into_iter().flatten()).chain(&event.observed);
        let Some(all) = all.map(Value::from_datum).collect::<Option<Vec<Value>>>() else {
            return false;
        };
        if !event.extra.is_empty() {
            return false;
        }
        let place = |found: Option<usize>| found.unwrap_or_default() as u8;
        let kind = place(KINDS.iter().position(|kind| *kind == event.kind));
        let number = place(FUNCTIONS.iter().position(|other| *other == function));
        let has = |yes: bool, bit: u8| if yes { bit } else { 0 };
        self.what.push(
            kind | (number << 2)
                | has(event.key.is_some(), HAS_KEY)
                | has(event.observed.is_some(), HAS_OBSERVED)
                | has(event.time.is_some(), HAS_TIME)
                | has(event.index.is_some(), HAS_INDEX),
        );
        varint::put(&mut self.processes, u64::from(process));
        for value in all {
            self.value(value);
        }
        if let Some(time) = event.time {
            varint::put(&mut self.times, varint::fold(time.wrapping_sub(self.last_time)));
            self.last_time = time;
        }
        true
    }

    fn value(&mut self, value: Value) {
        let number = match value {
            Value::Nil => CONSTANT,
            Value::Bool(yes) => ((1 + u64::from(yes)) << 2) | CONSTANT,
            Value::Int(integer) if varint::fold(integer) < 1 << 62 => {
                (varint::fold(integer) << 2) | SMALL
            }
            other => (self.place(other) << 2) | IN_DICTIONARY,
        };
        varint::put(&mut self.values, number);
    }

    fn place(&mut self, value: Value) -> u64 {
        if let Some(place) = self.places.get(&value) {
            return *place;
        }
        let (kind, bytes) = match &value {
            Value::Keyword(name) => (1, name.as_bytes().to_vec()),
            Value::Int(integer) => (2, integer.to_le_bytes().to_vec()),
            Value::Text(text) => (0, text.as_bytes().to_vec()),
            Value::Nil | Value::Bool(_) => return 0,
        };
        self.dictionary.push(kind);
        varint::put(&mut self.dictionary, bytes.len() as u64);
        self.dictionary.extend(bytes);
        let place = self.places.len() as u64;
        self.places.insert(value, place);
        place
    }

    /// Header and body.
    fn finish(self) -> Vec<u8> {
        let mut body = Vec::new();
        varint::put(&mut body, self.first_index);
        let columns: [Vec<u8>; COLUMNS] =
            [self.what, self.processes, self.values, self.times, self.dictionary, self.rest];
        for column in columns {
            varint::put(&mut body, column.len() as u64);
            body.extend(column);
        }
        let header = [body.len() as u32, crc32fast::hash(&body), self.event_count];
        let mut block: Vec<u8> = header.into_iter().flat_map(u32::to_le_bytes).collect();
        block.extend(body);
        block
    }
}
