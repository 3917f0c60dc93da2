//! `quorate convert`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use quorate_checker::{BinaryWriter, Event, write_edn, write_jsonl};

use super::source::Source;
use super::{Exit, print};
use crate::report::counted;

const EXAMPLES: &str = "Examples:
  quorate convert history.jsonl history.bin
      a tenth of the size, and several times as fast to check
  quorate convert store/latest/history.jsonl history.edn
      for tools that read Jepsen's histories";

/// What `quorate convert` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ConvertArgs {
    /// The history to read, in any format.
    from: PathBuf,
    /// The file to write: .jsonl, .edn or .bin tells the format. It must not be there yet.
    to: PathBuf,
}

/// Writes a history in another format.
pub(super) fn convert(args: &ConvertArgs) -> Result<Exit> {
    let ConvertArgs { from, to } = args;
    let format = Target::of(to)?;
    let mut source = Source::open(from, None, false)?;
    let file = File::create_new(to).with_context(|| format!("cannot make {}", to.display()))?;
    let count = write(&mut source, from, format, BufWriter::with_capacity(1 << 18, file));
    if count.is_err() {
        // Half a history is worth nothing.
        let _ = std::fs::remove_file(to);
    }
    let events = counted(count?, "event");
    if let Some(line) = source.truncated() {
        print(&format!("{}: ends in the middle of line {line}: up to there\n", from.display()))?;
    }
    print(&format!("{}: {events}\n", to.display()))?;
    Ok(Exit::AsExpected)
}

#[derive(Debug, Clone, Copy)]
enum Target {
    Jsonl,
    Edn,
    Binary,
}

impl Target {
    fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        Ok(match extension {
            Some("jsonl") => Self::Jsonl,
            Some("edn") => Self::Edn,
            Some("bin") => Self::Binary,
            _ => bail!("{}: expected a name that ends in .jsonl, .edn or .bin", path.display()),
        })
    }
}

fn write(source: &mut Source, from: &Path, to: Target, mut out: impl Write) -> Result<u64> {
    let mut count = 0_u64;
    let mut each = |event: &mut dyn FnMut(&Event) -> std::io::Result<()>| -> Result<()> {
        for next in source.by_ref() {
            event(&next.with_context(|| from.display().to_string())?.whole())?;
            count += 1;
        }
        Ok(())
    };
    match to {
        Target::Jsonl => each(&mut |event| write_jsonl(&mut out, event))?,
        Target::Edn => each(&mut |event| write_edn(&mut out, event))?,
        Target::Binary => {
            let mut binary = BinaryWriter::new(&mut out)?;
            each(&mut |event| binary.push(event))?;
            binary.flush()?;
        }
    }
    out.flush()?;
    ensure!(count > 0, "{}: there is no event in it", from.display());
    Ok(count)
}
