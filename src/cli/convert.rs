//! `quorate convert`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use quorate_checker::{BinaryWriter, Event, write_edn, write_jsonl};

use super::source::Source;
use super::{Exit, print};
use crate::export::{OperationsTable, write_trace_events};
use crate::report::{Trace, counted};

const EXAMPLES: &str = "Examples:
  quorate convert history.jsonl history.bin
      a tenth of the size, and several times as fast to check
  quorate convert store/latest/history.jsonl history.edn
      for tools that read Jepsen's histories
  quorate convert history.jsonl history.parquet
      a row for each operation, for DuckDB and Polars
  quorate convert history.jsonl history.trace.json
      a track for each client and each fault, for ui.perfetto.dev";

/// What `quorate convert` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ConvertArgs {
    /// The history to read, in any format.
    from: PathBuf,
    /// The file to write. Its name tells the format: .jsonl, .edn or .bin, and for the tools of others
    /// .parquet or .trace.json. It must not be there yet.
    to: PathBuf,
}

/// Writes a history in another format.
pub(super) fn convert(args: &ConvertArgs) -> Result<Exit> {
    let ConvertArgs { from, to } = args;
    let format = Target::of(to)?;
    let mut source = Source::open(from, None, false)?;
    let file = File::create_new(to).with_context(|| format!("cannot make {}", to.display()))?;
    let written = write(&mut source, from, format, BufWriter::with_capacity(1 << 18, file));
    if written.is_err() {
        // Half a history is worth nothing.
        let _ = std::fs::remove_file(to);
    }
    let written = written?;
    if let Some(line) = source.truncated() {
        print(&format!("{}: ends in the middle of line {line}: up to there\n", from.display()))?;
    }
    print(&format!("{}: {written}\n", to.display()))?;
    Ok(Exit::AsExpected)
}

#[derive(Debug, Clone, Copy)]
enum Target {
    Jsonl,
    Edn,
    Binary,
    Parquet,
    TraceEvents,
}

impl Target {
    fn of(path: &Path) -> Result<Self> {
        const ALL: [(&str, Target); 5] = [
            (".jsonl", Target::Jsonl),
            (".edn", Target::Edn),
            (".bin", Target::Binary),
            (".parquet", Target::Parquet),
            (".trace.json", Target::TraceEvents),
        ];
        let name = path.to_string_lossy();
        let target = ALL.iter().find(|(end, _)| name.ends_with(end)).map(|(_, target)| *target);
        target.with_context(|| {
            format!(
                "{name}: expected a name that ends in .jsonl, .edn, .bin, .parquet or .trace.json"
            )
        })
    }
}

/// Writes all events. Returns what was written, in words.
fn write(
    source: &mut Source,
    from: &Path,
    to: Target,
    mut out: impl Write + Send,
) -> Result<String> {
    let mut count = 0_u64;
    let in_file = || from.display().to_string();
    let mut each = |event: &mut dyn FnMut(&Event) -> Result<()>| -> Result<()> {
        for next in source.by_ref() {
            event(&next.with_context(in_file)?.whole()).with_context(in_file)?;
            count += 1;
        }
        Ok(())
    };
    let mut operations = None;
    match to {
        Target::Jsonl => each(&mut |event| Ok(write_jsonl(&mut out, event)?))?,
        Target::Edn => each(&mut |event| Ok(write_edn(&mut out, event)?))?,
        Target::Binary => {
            let mut binary = BinaryWriter::new(&mut out)?;
            each(&mut |event| Ok(binary.push(event)?))?;
            binary.flush()?;
        }
        Target::Parquet => {
            let mut table = OperationsTable::new(&mut out)?;
            each(&mut |event| Ok(table.push(event)?))?;
            operations = Some(table.finish()?);
        }
        Target::TraceEvents => {
            let events = source.by_ref().map(|entry| entry.map(Event::from));
            let trace = Trace::read(events, false).with_context(in_file)?;
            count = trace.operations.len() as u64;
            operations = Some(count);
            write_trace_events(&trace, &mut out)?;
        }
    }
    out.flush()?;
    ensure!(count > 0, "{}: there is no event in it", from.display());
    Ok(operations.map_or_else(|| counted(count, "event"), |count| counted(count, "operation")))
}
