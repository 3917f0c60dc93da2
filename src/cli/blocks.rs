//! A large history parsed in blocks, on all cores: whole lines of `history.jsonl`, or the blocks of the
//! binary form. Parsing is most of what a check of a file costs. The events come out in the order of the
//! file.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use quorate_checker::{Entry, Format, IndexOrder, MAGIC, ReadError, Reader, next_block};

const BLOCK_BYTES: usize = 1 << 20;
/// Blocks of the binary form are taken together until they have so many events.
const BINARY_EVENTS: u64 = 1 << 14;
/// A line longer than any event may be ends its block; the reader refuses it.
const LINE_BYTES_MAX: u64 = 32 << 20;

/// Events that follow each other, up to the first error or the end of the file.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) events: Vec<Entry>,
    /// What is wrong behind them.
    pub(super) error: Option<ReadError>,
    /// The line behind them in whose event the file ends.
    truncated: Option<u64>,
}

impl Batch {
    /// The next events of a reader, about so many, in the place of others.
    pub(super) fn read(
        reader: &mut Reader<impl BufRead>,
        mut events: Vec<Entry>,
        count_max: usize,
    ) -> Self {
        events.clear();
        events.reserve(count_max);
        let error = reader.read_batch(&mut events, count_max).err();
        Self { events, error, truncated: reader.truncated() }
    }

    /// Whether there is nothing in it: no more is to come, or it was a block of blank lines.
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty() && self.error.is_none()
    }

    fn failed(error: ReadError) -> Self {
        Self { error: Some(error), ..Self::default() }
    }

    /// Ends before the first event whose index does not come after those of the blocks before: if the
    /// first index does, all do, for the reader has seen to their order within the block.
    fn in_order(mut self, order: &mut IndexOrder) -> Self {
        let has_index = |event: &Entry| event.index().is_some();
        let (first, last) =
            (self.events.iter().position(has_index), self.events.iter().rposition(has_index));
        for place in first.into_iter().chain(last.filter(|last| Some(*last) != first)) {
            let event = &self.events[place];
            if let Err(error) = order.check(event.line(), event.index()) {
                self.events.truncate(place);
                return Self { error: Some(error), truncated: None, ..self };
            }
        }
        self
    }
}

/// A block, by itself a file in its format, the number of its first line, and where the events go.
struct Job {
    text: Vec<u8>,
    first_line: u64,
    /// How many events there may be.
    count: u64,
    events: SyncSender<Batch>,
}

/// Where events were that nobody needs any more: memory that is new to the kernel costs more than parsing.
type Spent = Arc<Mutex<Vec<Vec<Entry>>>>;

/// The events of a file, block by block.
pub(super) struct Blocks {
    parsed: Receiver<Receiver<Batch>>,
    spent: Spent,
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
        let spent = Spent::default();
        for _ in 0..cores {
            let (queue, spent) = (Arc::clone(&queue), Arc::clone(&spent));
            thread::spawn(move || work(&queue, &spent, format));
        }
        thread::spawn(move || split(input, format, &jobs, &results));
        Self { parsed, spent, order: IndexOrder::default(), truncated: None }
    }

    /// Takes back the place of events that are not needed any more.
    pub(super) fn give_back(&mut self, mut events: Vec<Entry>) {
        events.clear();
        if events.capacity() > 0
            && let Ok(mut spent) = self.spent.lock()
        {
            spent.push(events);
        }
    }

    /// The line in whose event the file ended, once the end has been reached.
    pub(super) fn truncated(&self) -> Option<u64> {
        self.truncated
    }
}

impl Iterator for Blocks {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let batch = self.parsed.recv().ok()?.recv().ok()?.in_order(&mut self.order);
        self.truncated = batch.truncated;
        Some(batch)
    }
}

/// Cuts the input into blocks, until it ends or nobody wants any more.
fn split(
    mut input: impl BufRead,
    format: Format,
    jobs: &SyncSender<Job>,
    results: &SyncSender<Receiver<Batch>>,
) {
    let mut first_line = 1;
    loop {
        let cut = match format {
            Format::Binary => cut_blocks(&mut input, first_line),
            _ => cut_lines(&mut input).map_err(|error| ReadError::io(first_line, error)),
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
                let _ = events.send(Batch::failed(error));
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
    let count = lines.iter().map(|byte| u64::from(*byte == b'\n')).sum();
    Ok((!lines.is_empty()).then_some((lines, count)))
}

/// Blocks of the binary form with a beginning of their own, and how many events they have.
fn cut_blocks(input: &mut impl BufRead, first: u64) -> Result<Option<(Vec<u8>, u64)>, ReadError> {
    let mut text = MAGIC.to_vec();
    if first == 1 {
        // The reader of the block judges it.
        input.read_exact(&mut text).map_err(|error| ReadError::io(first, error))?;
    }
    let (beginning, mut count) = (text.len(), 0);
    while count < BINARY_EVENTS
        && let Some(block) =
            next_block(input).map_err(|error| ReadError::io(first + count, error))?
    {
        text.extend(block.bytes);
        count += u64::from(block.event_count);
    }
    Ok((text.len() > beginning).then_some((text, count)))
}

fn work(queue: &Mutex<Receiver<Job>>, spent: &Spent, format: Format) {
    loop {
        let job = queue.lock().map(|queue| queue.recv());
        let Ok(Ok(Job { text, first_line, count, events })) = job else { return };
        let place = spent.lock().ok().and_then(|mut spent| spent.pop()).unwrap_or_default();
        let parsed = match Reader::new(&text[..], Some(format)) {
            Err(error) => Batch::failed(error),
            // The last line may have no end, and behind the last event is an end to be found.
            Ok(reader) => {
                Batch::read(&mut reader.counting_from(first_line), place, count as usize + 2)
            }
        };
        // Nobody waits for it after an error in an earlier block.
        let _ = events.send(parsed);
    }
}
