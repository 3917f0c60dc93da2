//! A large history parsed in blocks, on all cores: whole lines of `history.jsonl`, or the blocks of the
//! binary form. Parsing is most of what a check of a file costs. The events come out in the order of the
//! file.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use quorate_checker::{Event, Format, IndexOrder, MAGIC, ReadError, Reader, next_block};

const BLOCK_BYTES: usize = 1 << 20;
/// A line longer than any event may be ends its block; the reader refuses it.
const LINE_BYTES_MAX: u64 = 32 << 20;

/// A block, by itself a file in its format, the number of its first line, and where the events go.
struct Job {
    text: Vec<u8>,
    first_line: u64,
    /// How many events there may be.
    count: u64,
    events: SyncSender<Parsed>,
}

/// The events of a block up to the first error.
struct Parsed {
    events: Vec<Result<Event, ReadError>>,
    /// The line in whose event the block ends.
    truncated: Option<u64>,
}

/// The events of a file.
pub(super) struct Blocks {
    parsed: Receiver<Receiver<Parsed>>,
    now: std::vec::IntoIter<Result<Event, ReadError>>,
    order: IndexOrder,
    truncated: Option<u64>,
}

impl Blocks {
    /// Begins to read.
    pub(super) fn new(input: impl BufRead + Send + 'static, format: Format) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let (jobs, queue) = sync_channel(2 * cores);
        let (results, parsed) = sync_channel(2 * cores);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..cores {
            let queue = Arc::clone(&queue);
            thread::spawn(move || work(&queue, format));
        }
        thread::spawn(move || split(input, format, &jobs, &results));
        Self { parsed, now: Vec::new().into_iter(), order: IndexOrder::default(), truncated: None }
    }

    /// The line in whose event the file ended, once the end has been reached.
    pub(super) fn truncated(&self) -> Option<u64> {
        self.truncated
    }
}

impl Iterator for Blocks {
    type Item = Result<Event, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.now.next() {
                return Some(event.and_then(|event| self.order.check(&event).map(|()| event)));
            }
            let Parsed { events, truncated } = self.parsed.recv().ok()?.recv().ok()?;
            self.now = events.into_iter();
            self.truncated = truncated;
        }
    }
}

/// Cuts the input into blocks, until it ends or nobody wants any more.
fn split(
    mut input: impl BufRead,
    format: Format,
    jobs: &SyncSender<Job>,
    results: &SyncSender<Receiver<Parsed>>,
) {
    let mut first_line = 1;
    loop {
        let cut = match format {
            Format::Binary => cut_block(&mut input, first_line == 1),
            _ => cut_lines(&mut input),
        };
        if matches!(cut, Ok(None)) {
            return;
        }
        let (events, parsed) = sync_channel(1);
        if results.send(parsed).is_err() {
            return;
        }
        let (text, count) = match cut {
            Ok(cut) => cut.unwrap_or_default(),
            Err(error) => {
                let failed = Err(ReadError::io(first_line, error));
                let _ = events.send(Parsed { events: vec![failed], truncated: None });
                return;
            }
        };
        if jobs.send(Job { text, first_line, count, events }).is_err() {
            return;
        }
        first_line += count;
    }
}

/// Whole lines, and how many.
fn cut_lines(input: &mut impl BufRead) -> io::Result<Option<(Vec<u8>, u64)>> {
    let mut lines = Vec::with_capacity(BLOCK_BYTES + 1024);
    input.take(BLOCK_BYTES as u64).read_to_end(&mut lines)?;
    input.take(LINE_BYTES_MAX).read_until(b'\n', &mut lines)?;
    let count = lines.split(|byte| *byte == b'\n').count() as u64 - 1;
    Ok((!lines.is_empty()).then_some((lines, count)))
}

/// A block of the binary form with a beginning of its own, and how many events it has.
fn cut_block(input: &mut impl BufRead, is_first: bool) -> io::Result<Option<(Vec<u8>, u64)>> {
    let mut text = MAGIC.to_vec();
    if is_first {
        // The reader of the block judges it.
        input.read_exact(&mut text)?;
    }
    Ok(next_block(input)?.map(|block| {
        text.extend(block.bytes);
        (text, u64::from(block.event_count))
    }))
}

fn work(queue: &Mutex<Receiver<Job>>, format: Format) {
    loop {
        let job = queue.lock().map(|queue| queue.recv());
        let Ok(Ok(Job { text, first_line, count, events })) = job else { return };
        let parsed = match Reader::new(&text[..], Some(format)) {
            Err(error) => Parsed { events: vec![Err(error)], truncated: None },
            Ok(reader) => {
                let mut reader = reader.counting_from(first_line);
                let mut events = Vec::with_capacity(count as usize);
                events.extend(reader.by_ref());
                Parsed { events, truncated: reader.truncated() }
            }
        };
        // Nobody waits for it after an error in an earlier block.
        let _ = events.send(parsed);
    }
}
