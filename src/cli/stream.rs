//! `quorate check --stream`: in memory that does not grow with the history.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use quorate_checker::{
    Datum, KeyResult, Object, Only, Reading, Recorded, Stream, StreamKey, StreamStanding, Value,
    Verdict,
};
use serde_json::json;

use super::check::{CheckArgs, Checked, STORIES_MAX, keys_text};
use super::source::Source;
use crate::judge::examine;
use crate::report::counted;

/// Checks a file in one pass. Registers that are left open, and the first that are not linearizable,
/// are read once more.
pub(super) fn check(args: &CheckArgs, path: &Path) -> Result<Checked> {
    let reading = args.reading();
    let is_register = reading.object.is_none_or(|object| object == Object::Register);
    ensure!(is_register, "--stream checks registers; other objects need their whole history");
    ensure!(!args.asks_for_more(), "--stream checks linearizability, and nothing weaker");
    let in_file = || path.display().to_string();
    let mut stream = Stream::new(reading.register_rules().with_context(in_file)?);
    let mut source = Source::open(path, args.format(), args.json)?;
    for event in &mut source {
        event.and_then(|event| stream.push(&event)).with_context(in_file)?;
    }
    let keys = Keys::sort(&stream);
    let results = read_again(args, path, &keys.again)?;
    let worst = results.iter().map(KeyResult::verdict).max().unwrap_or(Verdict::Valid);
    let verdict = if keys.others.is_empty() { worst } else { Verdict::Invalid };
    let mut text = format!(
        "{}: {verdict} ({} on {} in {}, {})\n",
        path.display(),
        counted(stream.op_count(), "operation"),
        counted(keys.count, "key"),
        counted(u64::from(stream.event_count()), "event"),
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
        "events": stream.event_count(),
        "operations": stream.op_count(),
        "truncated_at_line": source.truncated(),
        "verdict": verdict.name(),
        "valid_keys_not_listed": keys.valid,
        "keys": keys_json.collect::<Vec<_>>(),
    });
    Ok(Checked { verdict, text, json })
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
    fn sort(stream: &Stream) -> Self {
        let mut keys = Self { count: 0, valid: 0, again: Vec::new(), others: Vec::new() };
        let mut stories = 0;
        for StreamKey { key, standing } in stream.keys() {
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
    let reading = Reading { object: Some(Object::Register), ..args.reading() };
    let source = Source::open(path, args.format(), args.json)?;
    let events = source.map(|event| event.and_then(|event| only.keep(event)));
    let recorded = Recorded::read(events, &reading, |_| ());
    let recorded = recorded.with_context(|| path.display().to_string())?;
    let examined = examine(&recorded, args.budget.budget, false, || ());
    Ok(examined.into_iter().map(|examined| examined.result).collect())
}
