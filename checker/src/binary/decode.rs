//! Reading blocks, whatever is in them.

use std::borrow::Cow;

use super::{
    COLUMNS, CONSTANT, FUNCTIONS, HAS_INDEX, HAS_KEY, HAS_OBSERVED, HAS_TIME, HEADER_BYTES,
    IN_DICTIONARY, KINDS, SMALL, varint,
};
use crate::datum::Datum;
use crate::event::{Event, EventKind, Process};
use crate::function::Function;
use crate::plain::{Entry, PlainEvent};
use crate::value::Scalar;

/// What is wrong with a block.
pub(crate) type Problem = Cow<'static, str>;

/// The columns of a block while they are read.
struct Columns<'b> {
    what: &'b [u8],
    processes: &'b [u8],
    values: &'b [u8],
    times: &'b [u8],
    rest: &'b [u8],
    dictionary: Vec<Datum>,
    index: u64,
    time: i64,
}

/// Adds the events of a block with its header; `line` reads an event from a line of `history.jsonl`. Each
/// event has its number in the file for its line; `first` is that of the first.
pub(crate) fn decode<E>(
    block: &[u8],
    first: u64,
    entries: &mut Vec<Entry>,
    mut line: impl FnMut(&[u8]) -> Result<Event, E>,
    wrong: impl Fn(u64, Problem) -> E,
) -> Result<(), E> {
    let broken = |number: u64| wrong(number, "a damaged block".into());
    let (header, body) = block.split_at_checked(HEADER_BYTES).ok_or_else(|| broken(first))?;
    let word = |at: usize| header[at..at + 4].try_into().map_or(0, u32::from_le_bytes);
    if crc32fast::hash(body) != word(4) {
        return Err(wrong(first, "a damaged block: its checksum differs".into()));
    }
    let mut columns = Columns::new(body).ok_or_else(|| broken(first))?;
    if columns.what.len() != word(8) as usize {
        return Err(broken(first));
    }
    let what = columns.what;
    entries.reserve(what.len());
    for (what, number) in what.iter().zip(first..) {
        let entry = if let Some(plain) = columns.plain(*what, number) {
            Entry::Plain(plain)
        } else if function_of(*what).is_some() {
            columns.whole(*what, number).ok_or_else(|| broken(number))?.into()
        } else {
            let text = columns.next_line().ok_or_else(|| broken(number))?;
            let event = Event { line: number, ..line(text)? };
            columns.index = event.index.map_or(columns.index, |index| index.wrapping_add(1));
            event.into()
        };
        entries.push(entry);
    }
    Ok(())
}

fn kind_of(what: u8) -> EventKind {
    KINDS[usize::from(what & 3)]
}

/// `None` for what stands in the last column.
fn function_of(what: u8) -> Option<Function> {
    FUNCTIONS.get(usize::from((what >> 2) & 3)).copied()
}

impl<'b> Columns<'b> {
    fn new(mut body: &'b [u8]) -> Option<Self> {
        let index = varint::take(&mut body)?;
        let mut columns: [&[u8]; COLUMNS] = [&[]; COLUMNS];
        for column in &mut columns {
            let length = usize::try_from(varint::take(&mut body)?).ok()?;
            (*column, body) = body.split_at_checked(length)?;
        }
        let [what, processes, values, times, words, rest] = columns;
        let dictionary = dictionary(words)?;
        body.is_empty().then_some(Self {
            what,
            processes,
            values,
            times,
            rest,
            dictionary,
            index,
            time: 0,
        })
    }

    /// The next event, if it is plain. `None`, and nothing is taken, if not, or if the block is damaged.
    #[inline]
    fn plain(&mut self, what: u8, line: u64) -> Option<PlainEvent> {
        let function = function_of(what).filter(|_| what & HAS_OBSERVED == 0)?;
        let Self { mut processes, mut values, mut times, mut time, index, .. } = *self;
        let process = u32::try_from(varint::take(&mut processes)?).ok()?;
        let (has_index, has_time) = (what & HAS_INDEX != 0, what & HAS_TIME != 0);
        if has_time {
            time = time.wrapping_add(varint::unfold(varint::take(&mut times)?));
        }
        let bare = PlainEvent::new(line, process, kind_of(what), function);
        let mut plain = bare.at(has_index.then_some(index), has_time.then_some(time))?;
        if what & HAS_KEY != 0 {
            plain.key = scalar(&mut values).filter(|key| *key != Scalar::NOTHING)?;
        }
        plain.value = scalar(&mut values)?;
        if function == Function::Cas {
            plain.new = scalar(&mut values)?;
        }
        let index = index.wrapping_add(u64::from(has_index));
        (self.processes, self.values, self.times) = (processes, values, times);
        (self.time, self.index) = (time, index);
        Some(plain)
    }

    /// The next event, whatever its key and values are; `None` if the block is damaged.
    fn whole(&mut self, what: u8, line: u64) -> Option<Event> {
        let has = |bit: u8| what & bit != 0;
        let function = function_of(what)?;
        let process = u32::try_from(varint::take(&mut self.processes)?).ok()?;
        if has(HAS_TIME) {
            self.time = self.time.wrapping_add(varint::unfold(varint::take(&mut self.times)?));
        }
        let index = has(HAS_INDEX).then_some(self.index);
        self.index = self.index.wrapping_add(u64::from(index.is_some()));
        let key = if has(HAS_KEY) { Some(self.value()?) } else { None };
        let value = match function {
            Function::Cas => Datum::List(vec![self.value()?, self.value()?]),
            Function::Read | Function::Write => self.value()?,
        };
        let observed = if has(HAS_OBSERVED) { Some(self.value()?) } else { None };
        Some(Event {
            line,
            index,
            time: has(HAS_TIME).then_some(self.time),
            process: Process::Client(process),
            kind: kind_of(what),
            f: Cow::Borrowed(function.name()),
            key,
            value,
            observed,
            extra: Vec::new(),
        })
    }

    fn value(&mut self) -> Option<Datum> {
        let number = varint::take(&mut self.values)?;
        let rest = number >> 2;
        match (number & 3, rest) {
            (SMALL, _) => Some(Datum::Int(varint::unfold(rest))),
            (IN_DICTIONARY, _) => self.dictionary.get(usize::try_from(rest).ok()?).cloned(),
            (CONSTANT, 0) => Some(Datum::Nil),
            (CONSTANT, 1 | 2) => Some(Datum::Bool(rest == 2)),
            _ => None,
        }
    }

    fn next_line(&mut self) -> Option<&'b [u8]> {
        let end = self.rest.iter().position(|byte| *byte == b'\n')?;
        let (line, rest) = self.rest.split_at_checked(end + 1)?;
        self.rest = rest;
        Some(&line[..end])
    }
}

/// Takes a value that is an integer or nothing.
#[inline]
fn scalar(values: &mut &[u8]) -> Option<Scalar> {
    let number = varint::take(values)?;
    match (number & 3, number >> 2) {
        (SMALL, integer) => Scalar::new(varint::unfold(integer)),
        (CONSTANT, 0) => Some(Scalar::NOTHING),
        _ => None,
    }
}

fn dictionary(mut words: &[u8]) -> Option<Vec<Datum>> {
    let mut dictionary = Vec::new();
    while let Some((kind, rest)) = words.split_first() {
        words = rest;
        let length = usize::try_from(varint::take(&mut words)?).ok()?;
        let (bytes, rest) = words.split_at_checked(length)?;
        words = rest;
        dictionary.push(match kind {
            0 => Datum::text(str::from_utf8(bytes).ok()?),
            1 => Datum::Keyword(str::from_utf8(bytes).ok()?.into()),
            2 => Datum::Int(i64::from_le_bytes(bytes.try_into().ok()?)),
            _ => return None,
        });
    }
    Some(dictionary)
}
