//! The events of a file, with progress: on all cores where the file is large enough to be worth it.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use quorate_checker::{Entry, Format, ReadError, Reader, Reading, Recorded};

use super::blocks::{Batch, Blocks};
use super::progress::Progress;

/// From this size on a file is parsed in blocks.
const LARGE_BYTES: u64 = 8 << 20;
/// A smaller file is read so many events at a time.
const BATCH_EVENTS: usize = 1 << 12;

/// The events of one file.
pub(super) struct Source {
    pub(super) format: Format,
    events: Events,
    /// The batch that is being handed out event by event.
    now: std::vec::IntoIter<Entry>,
    error: Option<ReadError>,
    progress: Progress,
    read: Arc<AtomicU64>,
}

enum Events {
    InBlocks(Blocks),
    OneByOne(Box<Reader<BufReader<Counted>>>),
}

impl Source {
    /// Opens a file. Every error names it.
    pub(super) fn open(path: &Path, format: Option<Format>, quiet: bool) -> Result<Self> {
        let in_file = || path.display().to_string();
        let open = || File::open(path).with_context(|| format!("cannot open {}", path.display()));
        let file = open()?;
        let metadata = file.metadata();
        let size = metadata.as_ref().map_or(0, fs::Metadata::len);
        let read = Arc::new(AtomicU64::new(0));
        let counting =
            |file| BufReader::with_capacity(1 << 18, Counted { file, read: Arc::clone(&read) });
        let reader = Reader::new(counting(file), format).with_context(in_file)?;
        let format = reader.format();
        let is_large = size >= LARGE_BYTES && metadata.is_ok_and(|metadata| metadata.is_file());
        let in_blocks = is_large && matches!(format, Format::Jsonl | Format::Binary);
        let events = if in_blocks {
            Events::InBlocks(Blocks::new(counting(open()?), format))
        } else {
            Events::OneByOne(Box::new(reader))
        };
        let progress = Progress::begin("reading", size, quiet);
        let now = Vec::new().into_iter();
        Ok(Self { format, events, now, error: None, progress, read })
    }

    /// The line of the event in whose middle the file ended, once the end has been reached.
    pub(super) fn truncated(&self) -> Option<u64> {
        match &self.events {
            Events::InBlocks(blocks) => blocks.truncated(),
            Events::OneByOne(reader) => reader.truncated(),
        }
    }

    /// Puts the next events in the place of others; leaves nothing there at the end.
    pub(super) fn next_batch(&mut self, events: &mut Vec<Entry>) -> Result<(), ReadError> {
        events.clear();
        while events.is_empty() {
            if let Some(error) = self.error.take() {
                return Err(error);
            }
            self.progress.set(self.read.load(Ordering::Relaxed));
            let place = mem::take(events);
            let batch = match &mut self.events {
                Events::InBlocks(blocks) => {
                    blocks.give_back(place);
                    blocks.next()
                }
                Events::OneByOne(reader) => {
                    Some(Batch::read(reader, place, BATCH_EVENTS)).filter(|batch| !batch.is_empty())
                }
            };
            let Some(batch) = batch else { break };
            (*events, self.error) = (batch.events, batch.error);
        }
        Ok(())
    }
}

impl Iterator for Source {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(entry) = self.now.next() {
            return Some(Ok(entry));
        }
        let mut events = Vec::new();
        if let Err(error) = self.next_batch(&mut events) {
            return Some(Err(error));
        }
        self.now = events.into_iter();
        self.now.next().map(Ok)
    }
}

/// A history as it was read.
pub(super) struct Loaded {
    pub(super) recorded: Recorded,
    pub(super) format: Format,
    /// The line in whose event the file ends.
    pub(super) truncated: Option<u64>,
}

/// Reads a history. Every error names the file.
pub(super) fn load(
    path: &Path,
    format: Option<Format>,
    reading: &Reading,
    quiet: bool,
) -> Result<Loaded> {
    let mut source = Source::open(path, format, quiet)?;
    let recorded = Recorded::read_batches(&mut |batch| source.next_batch(batch), reading);
    let recorded = recorded.with_context(|| path.display().to_string())?;
    Ok(Loaded { recorded, format: source.format, truncated: source.truncated() })
}

/// A file that counts what was read of it.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
