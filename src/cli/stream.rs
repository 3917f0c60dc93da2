//! `quorate check --stream`: in memory that does not grow with the history.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use anyhow::{Context, Result, ensure};
use quorate_checker::{
    Datum, Entry, KeyResult, Object, Only, ReadError, Reading, Recorded, Rules, Stream, StreamKey,
    StreamStanding, Value, Verdict,
};
use serde_json::json;

use super::check::{CheckArgs, Checked, STORIES_MAX, keys_text};
use super::source::Source;
use crate::judge::examine;
use crate::report::counted;

/// So many batches of events may wait for a part of the stream.
const BATCHES_WAITING: usize = 8;

/// Checks a file in one pass. Registers that are left open, and the first that are not linearizable,
/// are read once more.
pub(super) fn check(args: &CheckArgs, path: &Path) -> Result<Checked> {
    let reading = args.reading.to_reading();
    let is_register = reading.object.is_none_or(|object| object == Object::Register);
    ensure!(is_register, "--stream checks registers; other objects need their whole history");
    ensure!(!args.asks_for_more(), "--stream checks linearizability, and nothing weaker");
    let in_file = || path.display().to_string();
    let rules = reading.register_rules().with_context(in_file)?;
    let mut source = Source::open(path, args.reading.format(), args.json)?;
    let parts = take_in(&mut source, &rules).with_context(in_file)?;
    let keys = Keys::sort(&parts);
    let results = read_again(args, path, &keys.again)?;
    let worst = results.iter().map(KeyResult::verdict).max().unwrap_or(Verdict::Valid);
    let verdict = if keys.others.is_empty() { worst } else { Verdict::Invalid };
    let mut text = format!(
        "{}: {verdict} ({} on {} in {}, {})\n",
        path.display(),
        counted(parts[0].op_count(), "operation"),
        counted(keys.count, "key"),
        counted(u64::from(parts[0].event_count()), "event"),
        source.format,
    );
    if let Some(line) = source.truncated() {
        let _ = writeln!(text, "  the file ends in the middle of line {line}: checked up to there");
    }
    if keys.valid > 0 {
        let why = "no value is written again while it matters";
        let _ = writeln!(text, "  {} by stream, since {why}", keys.valid);
    }
    text += &keys_text(&results);
    if !keys.others.is_empty() {
        let count = counted(keys.others.len() as u64, "more key");
        let _ = writeln!(text, "\nNot linearizable either: {count}");
    }
    let other = |(key, until): &(Option<Value>, u32)| {
        let key = key.as_ref().map_or(Datum::Nil, Value::to_datum);
        json!({ "key": key, "verdict": "invalid", "engine": "stream", "until": until })
    };
    let told = results.iter().map(|result| json!(result));
    let keys_json = told.chain(keys.others.iter().map(other));
    let json = json!({
        "file": path,
        "format": source.format.name(),
        "model": Object::Register.name(),
        "events": parts[0].event_count(),
        "operations": parts[0].op_count(),
        "truncated_at_line": source.truncated(),
        "verdict": verdict.name(),
        "valid_keys_not_listed": keys.valid,
        "keys": keys_json.collect::<Vec<_>>(),
    });
    Ok(Checked { verdict, text, json })
}

/// Checks all events in as many parts as there are cores.
fn take_in(source: &mut Source, rules: &Rules) -> Result<Vec<Stream>, ReadError> {
    let count = thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
    thread::scope(|scope| {
        let (batches, parts): (Vec<_>, Vec<_>) = (0..count)
            .map(|number| {
                let stream = Stream::part(rules.clone(), number, count);
                let (batches, queue) = sync_channel(BATCHES_WAITING);
                (batches, scope.spawn(move || take_part(stream, &queue)))
            })
            .unzip();
        let mut error = None;
        while let Some(batch) = source.next_batch() {
            error = batch.error;
            let events = Arc::new(batch.events);
            // A part that has met an error takes no more.
            let are_sent = batches.iter().all(|batches| batches.send(Arc::clone(&events)).is_ok());
            if !are_sent || error.is_some() {
                break;
            }
        }
        drop(batches);
        let parts = parts.into_iter().map(|part| match part.join() {
            Ok(part) => part,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        let (mut streams, mut errors) = (Vec::new(), Vec::new());
        for part in parts {
            match part {
                Ok(stream) => streams.push(stream),
                Err(error) => errors.push(error),
            }
        }
        // What is wrong in a batch stands before what is wrong behind it.
        match errors.into_iter().min_by_key(|error| error.line).or(error) {
            Some(error) => Err(error),
            None => Ok(streams),
        }
    })
}

/// Checks one part of all events, up to the first that is wrong.
fn take_part(mut stream: Stream, queue: &Receiver<Arc<Vec<Entry>>>) -> Result<Stream, ReadError> {
    for events in queue {
        for event in events.iter() {
            stream.push_entry(event)?;
        }
    }
    Ok(stream)
}

/// What becomes of the registers of a stream.
struct Keys {
    count: u64,
    valid: u64,
    /// Those to be read once more.
    again: Vec<Option<Value>>,
    /// Others that are not linearizable, and since which event.
    others: Vec<(Option<Value>, u32)>,
}

impl Keys {
    fn sort(parts: &[Stream]) -> Self {
        let mut keys = Self { count: 0, valid: 0, again: Vec::new(), others: Vec::new() };
        let mut stories = 0;
        let mut all: Vec<StreamKey> = parts.iter().flat_map(Stream::keys).collect();
        all.sort_unstable_by_key(|key| key.number);
        for StreamKey { key, standing, .. } in all {
            keys.count += 1;
            match standing {
                StreamStanding::Valid => keys.valid += 1,
                StreamStanding::Open(..) => keys.again.push(key),
                StreamStanding::Invalid(_) if stories < STORIES_MAX => {
                    stories += 1;
                    keys.again.push(key);
                }
                StreamStanding::Invalid(position) => keys.others.push((key, position)),
            }
        }
        keys
    }
}

/// Checks some registers of a file by their whole histories.
fn read_again(args: &CheckArgs, path: &Path, keys: &[Option<Value>]) -> Result<Vec<KeyResult>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut only = Only::new(keys.iter().cloned());
    let reading = Reading { object: Some(Object::Register), ..args.reading.to_reading() };
    let source = Source::open(path, args.reading.format(), args.json)?;
    let events = source.map(|event| event.and_then(|event| only.keep(event.into())));
    let recorded = Recorded::read(events, &reading, |_| ());
    let recorded = recorded.with_context(|| path.display().to_string())?;
    let examined = examine(&recorded, args.budget.budget, false, || ());
    Ok(examined.into_iter().map(|examined| examined.result).collect())
}
