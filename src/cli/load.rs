//! Histories read from files.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use quorate_checker::{Event, Format, Reader, Reading, Recorded};

use super::blocks::Blocks;
use super::progress::Progress;

/// From this size on a file is parsed in blocks.
const LARGE_BYTES: u64 = 8 << 20;
/// Progress is told each time so many events have been read.
const EVENTS_A_TELL: u64 = 1024;

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
    let in_file = || path.display().to_string();
    let open = || File::open(path).with_context(|| format!("cannot open {}", path.display()));
    let file = open()?;
    let metadata = file.metadata();
    let size = metadata.as_ref().map_or(0, fs::Metadata::len);
    let read = Arc::new(AtomicU64::new(0));
    let mut progress = Progress::begin("reading", size, quiet);
    let mut events = 0_u64;
    let tell = |_: &Event| {
        events += 1;
        if events.is_multiple_of(EVENTS_A_TELL) {
            progress.set(read.load(Ordering::Relaxed));
        }
    };
    let counting =
        |file| BufReader::with_capacity(1 << 18, Counted { file, read: Arc::clone(&read) });
    let mut reader = Reader::new(counting(file), format).with_context(in_file)?;
    let format = reader.format();
    let is_large = size >= LARGE_BYTES && metadata.is_ok_and(|metadata| metadata.is_file());
    let (recorded, truncated) = if is_large && format == Format::Jsonl {
        let mut blocks = Blocks::new(counting(open()?));
        (Recorded::read(&mut blocks, reading, tell), blocks.truncated())
    } else {
        (Recorded::read(&mut reader, reading, tell), reader.truncated())
    };
    Ok(Loaded { recorded: recorded.with_context(in_file)?, format, truncated })
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
