//! `quorate check --stream`: in memory that does not grow with the history.

use std::fmt::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::{iter, mem, thread};

use anyhow::{Context, Result, ensure};
use quorate_checker::{
    Datum, KeyResult, Object, Only, ReadError, Reading, Recorded, Rules, StreamAct,
    StreamRegisters, StreamRouter, StreamStanding, Value, Verdict,
};
use serde_json::json;

use super::check::{CheckArgs, Checked, STORIES_MAX, keys_text};
use super::source::Source;
use crate::judge::examine;
use crate::report::counted;

/// Each core has so many shares of the registers: few enough registers each that they stay in its cache.
const SHARES_A_CORE: usize = 32;
/// So much happens to the registers of a share at a time.
const ACTS_MAX: usize = 1 << 12;
/// So often that may wait for a core.
const ACTS_WAITING: usize = 32;

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
    let taken = take_in(&mut source, &rules).with_context(in_file)?;
    let (router, keys) = (&taken.router, Keys::sort(&taken));
    let results = read_again(args, path, &keys.again)?;
    let worst = results.iter().map(KeyResult::verdict).max().unwrap_or(Verdict::Valid);
    let verdict = if keys.others.is_empty() { worst } else { Verdict::Invalid };
    let mut text = format!(
        "{}: {verdict} ({} on {} in {}, {})\n",
        path.display(),
        counted(router.op_count(), "operation"),
        counted(keys.count, "key"),
        counted(u64::from(router.event_count()), "event"),
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
        "events": router.event_count(),
        "operations": router.op_count(),
        "truncated_at_line": source.truncated(),
        "verdict": verdict.name(),
        "valid_keys_not_listed": keys.valid,
        "keys": keys_json.collect::<Vec<_>>(),
    });
    Ok(Checked { verdict, text, json })
}

/// All that a stream found out.
struct Taken {
    router: StreamRouter,
    /// Shares of the registers, by the remainder of their numbers.
    shares: Vec<StreamRegisters>,
}

/// Something that happens to the registers of a share.
type Acts = (usize, Vec<StreamAct>);

/// Checks all events: this thread tells whom they concern, and each core has its shares of the registers.
fn take_in(source: &mut Source, rules: &Rules) -> Result<Taken, ReadError> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let count = cores * SHARES_A_CORE;
    thread::scope(|scope| {
        let (queues, workers): (Vec<_>, Vec<_>) = (0..cores)
            .map(|_| {
                let (acts, queue) = sync_channel(ACTS_WAITING);
                let registers = || StreamRegisters::new(rules, count as u32);
                let shares: Vec<_> = iter::repeat_with(registers).take(SHARES_A_CORE).collect();
                (acts, scope.spawn(move || take_shares(shares, &queue)))
            })
            .unzip();
        let router = route(source, rules, count, |(share, acts)| {
            // A worker only stops when nothing more is sent.
            let _ = queues[share % cores].send((share / cores, acts));
        });
        drop(queues);
        let mut of_core: Vec<_> = workers
            .into_iter()
            .map(|worker| match worker.join() {
                Ok(shares) => shares.into_iter(),
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect();
        let shares = (0..count).filter_map(|share| of_core[share % cores].next()).collect();
        Ok(Taken { router: router?, shares })
    })
}

/// Tells for all events whom they concern, and sends it away when there is enough for a share.
fn route(
    source: &mut Source,
    rules: &Rules,
    count: usize,
    mut send: impl FnMut(Acts),
) -> Result<StreamRouter, ReadError> {
    let mut router = StreamRouter::new(rules.clone());
    let mut waiting: Vec<Vec<StreamAct>> = iter::repeat_with(Vec::new).take(count).collect();
    let mut batch = Vec::new();
    loop {
        source.next_batch(&mut batch)?;
        if batch.is_empty() {
            break;
        }
        for entry in &batch {
            let Some(act) = router.push_entry(entry)? else { continue };
            let share = act.key() as usize % count;
            let acts = &mut waiting[share];
            acts.push(act);
            if acts.len() == ACTS_MAX {
                send((share, mem::replace(acts, Vec::with_capacity(ACTS_MAX))));
            }
        }
    }
    waiting.into_iter().enumerate().for_each(send);
    Ok(router)
}

/// Lets everything happen to the registers of some shares.
fn take_shares(mut shares: Vec<StreamRegisters>, queue: &Receiver<Acts>) -> Vec<StreamRegisters> {
    for (share, acts) in queue {
        for act in &acts {
            shares[share].take(act);
        }
    }
    shares
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
    fn sort(taken: &Taken) -> Self {
        let Taken { router, shares } = taken;
        let count = router.key_count();
        let mut keys =
            Self { count: u64::from(count), valid: 0, again: Vec::new(), others: Vec::new() };
        let mut stories = 0;
        let mut standings: Vec<_> = shares.iter().map(StreamRegisters::standings).collect();
        let share_count = standings.len();
        for number in 0..count {
            let standing = standings[number as usize % share_count].next();
            let key = router.name(number).cloned();
            match standing.unwrap_or(StreamStanding::Valid) {
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
    let recorded = Recorded::read(events, &reading);
    let recorded = recorded.with_context(|| path.display().to_string())?;
    let examined = examine(&recorded, args.budget.budget, false, || ());
    Ok(examined.into_iter().map(|examined| examined.result).collect())
}
