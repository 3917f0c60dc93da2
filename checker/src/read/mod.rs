//! Readers: a history file in, its events out, one at a time and in bounded memory.
//!
//! Four formats are read, and told apart by how they begin: `history.jsonl` ([`json`]), Jepsen's EDN
//! ([`edn`]), the log of the Jepsen test of etcd that Porcupine ships ([`etcd_log`]), and the binary form
//! of large histories ([`mod@binary`]). What is
//! wrong in a file is said with its line and field ([`ReadError`]); a file that ends in the middle of
//! an event is read up to there, and [`Reader::truncated`] says so.

mod binary;
mod edn;
mod etcd_log;
mod json;

use std::fmt;
use std::io::{self, BufRead, Chain, Cursor, Read};

use crate::binary::MAGIC;
use crate::error::ReadError;
use crate::event::Event;
use crate::plain::Entry;

/// An event longer than this is refused, so that a hostile file cannot take all memory: a byte of text
/// can take a hundred bytes once it is parsed.
const EVENT_BYTES_MAX: usize = 4 << 20;
/// Nesting deeper than this is refused; the deepest real histories (transactions) reach five.
const DEPTH_MAX: usize = 64;

/// How a history is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line, Jepsen's field names: Quorate's own interchange form.
    Jsonl,
    /// Jepsen's EDN: maps in a vector or a list, or one after another.
    Edn,
    /// `INFO  jepsen.util - 0 :invoke :read nil`, tab-separated.
    EtcdLog,
    /// Columns in blocks: Quorate's own form for large histories.
    Binary,
}

impl Format {
    /// All formats, in the order in which the documentation lists them.
    pub const ALL: [Self; 4] = [Self::Jsonl, Self::Edn, Self::EtcdLog, Self::Binary];

    /// The word of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Edn => "edn",
            Self::EtcdLog => "etcd-log",
            Self::Binary => "binary",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The events of one file, in order. Memory is bounded by the longest single event.
pub struct Reader<R> {
    source: Source<R>,
    format: Format,
    edn: edn::Nesting,
    binary: binary::Blocks,
    order: IndexOrder,
    truncated: Option<u64>,
    done: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads `input` as `format`, or as what its first event shows it to be.
    pub fn new(input: R, format: Option<Format>) -> Result<Self, ReadError> {
        let (source, sniffed) = Source::open(input)?;
        let format = match (format, sniffed) {
            (Some(format), _) => format,
            (None, Ok(format)) => format,
            (None, Err(error)) => return Err(error),
        };
        Ok(Self {
            source,
            format,
            edn: edn::Nesting::default(),
            binary: binary::Blocks::default(),
            order: IndexOrder::default(),
            truncated: None,
            done: false,
        })
    }

    /// Counts lines from `line` on: the input is a part of a file.
    #[must_use]
    pub fn counting_from(mut self, line: u64) -> Self {
        self.source.line = line - 1;
        self
    }

    /// The format, given or found.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The line of the event in whose middle the file ended, once the end has been reached.
    pub fn truncated(&self) -> Option<u64> {
        self.truncated
    }

    /// The events in the form in which they are read fastest.
    pub fn entries(&mut self) -> impl Iterator<Item = Result<Entry, ReadError>> + '_ {
        std::iter::from_fn(|| self.next_entry())
    }

    /// Reads on until there are about `count_max` entries, or the file ends, or something is wrong in it:
    /// what stood before that is in `entries`. Several times as fast as one by one. Nothing is added once
    /// all has been read.
    pub fn read_batch(
        &mut self,
        entries: &mut Vec<Entry>,
        count_max: usize,
    ) -> Result<(), ReadError> {
        while !self.done && entries.len() < count_max {
            let before = entries.len();
            let read = self.read_some(entries, count_max);
            // In their order, so that only what stands before a mistake stays.
            let mut rest = entries[before..].iter().zip(before..);
            let wrong = rest.find_map(|(entry, place)| {
                let order = self.order.check(entry.line(), entry.index());
                order.err().map(|error| (place, error))
            });
            if let Some((place, error)) = wrong {
                entries.truncate(place);
                self.done = true;
                return Err(error);
            }
            self.done |= read.is_err();
            read?;
        }
        Ok(())
    }

    /// Reads at least one entry, if there is one, without looking at their order.
    fn read_some(&mut self, entries: &mut Vec<Entry>, count_max: usize) -> Result<(), ReadError> {
        if self.format == Format::Binary {
            let before = entries.len();
            entries.extend(self.binary.take_rest());
            if let Some(last) = entries[before..].last() {
                self.source.line = last.line();
                return Ok(());
            }
            let step = binary::next_entries(&mut self.source, &mut self.binary, entries)?;
            if self.settle(step).is_some() {
                self.source.line = entries.last().map_or(self.source.line, Entry::line);
            }
            return Ok(());
        }
        if self.format == Format::Jsonl {
            let before = entries.len();
            json::take_plain(&mut self.source, entries, count_max)?;
            if entries.len() > before {
                return Ok(());
            }
        }
        let step = self.step()?;
        entries.extend(self.settle(step));
        Ok(())
    }

    fn next_entry(&mut self) -> Option<Result<Entry, ReadError>> {
        if self.done {
            return None;
        }
        let item = self.read().transpose();
        self.done = !matches!(item, Some(Ok(_)));
        item
    }

    fn read(&mut self) -> Result<Option<Entry>, ReadError> {
        let step = self.step()?;
        let entry = self.settle(step);
        if let Some(entry) = &entry {
            self.order.check(entry.line(), entry.index())?;
        }
        Ok(entry)
    }

    fn step(&mut self) -> Result<Step, ReadError> {
        match self.format {
            Format::Jsonl => json::next(&mut self.source),
            Format::Edn => edn::next(&mut self.source, &mut self.edn),
            Format::EtcdLog => etcd_log::next(&mut self.source),
            Format::Binary => binary::next(&mut self.source, &mut self.binary),
        }
    }

    /// What was found, if it is not the end, which is remembered.
    fn settle<T>(&mut self, step: Step<T>) -> Option<T> {
        match step {
            Step::Entry(found) => return Some(found),
            Step::End => {}
            Step::Truncated(line) => self.truncated = Some(line),
        }
        self.done = true;
        None
    }
}

/// The order of the indexes: each once, rising.
#[derive(Debug, Clone, Copy, Default)]
pub struct IndexOrder {
    last: Option<u64>,
}

impl IndexOrder {
    /// Refuses an event whose index does not come after those of the events before it.
    pub fn check(&mut self, line: u64, index: Option<u64>) -> Result<(), ReadError> {
        let Some(index) = index else { return Ok(()) };
        match self.last {
            Some(last) if index == last => Err(ReadError::field(
                line,
                "index",
                format!("index {index} stands twice"),
                "each index once, in the order of the events",
            )),
            Some(last) if index < last => Err(ReadError::field(
                line,
                "index",
                format!("index {index} follows index {last}"),
                "rising indexes: the order of the events is their real-time order",
            )),
            _ => {
                self.last = Some(index);
                Ok(())
            }
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Event, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_entry().map(|entry| entry.map(Event::from))
    }
}

/// What a format's reader found next.
enum Step<T = Entry> {
    Entry(T),
    End,
    /// The file ends inside the event that begins on this line.
    Truncated(u64),
}

/// The input with its lines counted.
struct Source<R> {
    input: Chain<Cursor<Vec<u8>>, R>,
    line: u64,
    text: Vec<u8>,
}

impl<R: BufRead> Source<R> {
    /// Reads as far as the first event and tells the format by it.
    fn open(mut input: R) -> Result<(Self, Result<Format, ReadError>), ReadError> {
        let (mut head, mut places) = (Vec::new(), Vec::new());
        let sniffed = loop {
            let start = head.len();
            let read = read_line(&mut input, &mut head).map_err(|e| ReadError::io(1, e))?;
            // Only the new line is looked at, and only as far as needed.
            places.extend(significant(&head, start).take(SNIFFED_MAX - places.len()));
            match sniff(&head, &places) {
                Sniffed::Format(format) => break Ok(format),
                Sniffed::More if read > 0 && head.len() < EVENT_BYTES_MAX => {}
                Sniffed::More if head.iter().all(u8::is_ascii_whitespace) => {
                    break Err(ReadError::new(0, "the file is empty", "at least one event"));
                }
                Sniffed::More => break Ok(Format::Edn),
                Sniffed::Not(problem) => {
                    break Err(ReadError::new(
                        1,
                        problem,
                        "history.jsonl (one JSON object a line), Jepsen EDN, or an etcd log of Jepsen",
                    ));
                }
            }
        };
        let source = Self { input: Cursor::new(head).chain(input), line: 0, text: Vec::new() };
        Ok((source, sniffed))
    }

    /// Reads the next line into `self.text`, without its line break. Returns whether there was a
    /// line, and whether it was ended by a line break.
    fn next_line(&mut self) -> Result<Option<bool>, ReadError> {
        self.text.clear();
        self.line += 1;
        let read = read_line(&mut self.input, &mut self.text)
            .map_err(|error| ReadError::io(self.line, error))?;
        if read == 0 {
            return Ok(None);
        }
        let ended = self.text.last() == Some(&b'\n');
        if !ended && self.text.len() >= EVENT_BYTES_MAX {
            return Err(too_long(self.line));
        }
        Ok(Some(ended))
    }

    /// The next byte, without taking it.
    fn peek(&mut self) -> Result<Option<u8>, ReadError> {
        let line = self.line;
        let buffer = self.input.fill_buf().map_err(|error| ReadError::io(line, error))?;
        Ok(buffer.first().copied())
    }

    /// Takes the next character and appends it to `self.text`. `None` if the input ends before or in
    /// the middle of it.
    fn take_char(&mut self) -> Result<Option<char>, ReadError> {
        let (start, line) = (self.text.len(), self.line);
        while let Some(byte) = self.peek()? {
            self.take(byte);
            self.text.push(byte);
            if byte.is_ascii() && self.text.len() == start + 1 {
                return Ok(Some(byte.into()));
            }
            match std::str::from_utf8(&self.text[start..]) {
                Ok(text) => return Ok(text.chars().next()),
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(not_utf8(line, self.text[start])),
            }
        }
        Ok(None)
    }

    /// Takes the letters and digits that come next, as far as they are buffered.
    fn take_word(&mut self) -> Result<(), ReadError> {
        let line = self.line;
        let buffer = self.input.fill_buf().map_err(|error| ReadError::io(line, error))?;
        let length = buffer.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        self.text.extend_from_slice(&buffer[..length]);
        self.input.consume(length);
        Ok(())
    }

    /// Takes the byte that was peeked at.
    fn take(&mut self, byte: u8) {
        self.input.consume(1);
        self.line += u64::from(byte == b'\n');
    }
}

fn too_long(line: u64) -> ReadError {
    ReadError::new(
        line,
        format!("an event longer than {} MiB", EVENT_BYTES_MAX >> 20),
        "one event a line (history.jsonl) or a map (EDN)",
    )
}

/// The text of one event, checked to be UTF-8.
fn utf8(line: u64, bytes: &[u8]) -> Result<&str, ReadError> {
    std::str::from_utf8(bytes).map_err(|error| not_utf8(line, bytes[error.valid_up_to()]))
}

fn not_utf8(line: u64, byte: u8) -> ReadError {
    ReadError::new(line, format!("not UTF-8 text: byte 0x{byte:02x}"), "a text file")
}

/// Like `BufRead::read_until('\n')`, but stops at `EVENT_BYTES_MAX`.
fn read_line(input: &mut impl BufRead, into: &mut Vec<u8>) -> io::Result<usize> {
    input.take(EVENT_BYTES_MAX as u64).read_until(b'\n', into)
}

enum Sniffed {
    Format(Format),
    /// The first event is not in sight yet.
    More,
    Not(String),
}

/// How many significant bytes tell the format.
const SNIFFED_MAX: usize = 3;

/// Tells the format by the first bytes that are neither blank nor an EDN comment, and their `places`.
fn sniff(head: &[u8], places: &[usize]) -> Sniffed {
    let Some(at) = places.first().copied() else { return Sniffed::More };
    let nth = |n: usize| places.get(n).map(|at| head[*at]);
    match head[at] {
        b if b == MAGIC[0] && head.iter().zip(&MAGIC).all(|(a, b)| a == b) => {
            Sniffed::Format(Format::Binary)
        }
        // A tagged literal or a discarded form; elsewhere `#` begins a comment or a title.
        b'#' => match head.get(at + 1) {
            Some(byte) if byte.is_ascii_alphabetic() || *byte == b'_' => {
                Sniffed::Format(Format::Edn)
            }
            Some(_) => Sniffed::Not(beginning(&head[at..])),
            None => Sniffed::More,
        },
        b'{' => match nth(1) {
            Some(b'"') => Sniffed::Format(Format::Jsonl),
            Some(_) => Sniffed::Format(Format::Edn),
            None => Sniffed::More,
        },
        b'(' | b'[' => match (nth(1), nth(2)) {
            (Some(b'{'), Some(b'"')) => Sniffed::Not(
                "a JSON array (one event a line is read: `jq -c '.[]'` makes it so)".to_owned(),
            ),
            (Some(b'{'), None) | (None, _) => Sniffed::More,
            (Some(_), _) => Sniffed::Format(Format::Edn),
        },
        _ if etcd_log::looks_like(head) => Sniffed::Format(Format::EtcdLog),
        _ => Sniffed::Not(beginning(&head[at..])),
    }
}

/// How a file that is no history begins.
fn beginning(text: &[u8]) -> String {
    if !text[0].is_ascii_graphic() {
        return format!("not a history: begins with byte 0x{:02x}", text[0]);
    }
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    format!("not a history: begins with `{}`", crate::datum::brief(line.trim_end()))
}

/// Where the bytes stand, from the line that begins at `start` on, that are neither blank nor part of an
/// EDN comment.
fn significant(head: &[u8], start: usize) -> impl Iterator<Item = usize> {
    let is_mark = start == 0 && head.starts_with(b"\xef\xbb\xbf");
    let start = if is_mark { 3 } else { start };
    let mut comment = false;
    let bytes = (start..).zip(&head[start..]).filter(move |(_, byte)| {
        comment = (comment || **byte == b';') && !matches!(**byte, b'\n' | b'\r');
        !comment && !byte.is_ascii_whitespace() && **byte != b','
    });
    bytes.map(|(at, _)| at)
}
