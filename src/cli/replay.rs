//! `quorate replay`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;

use super::progress::Progress;
use super::{Exit, print, print_json};
use crate::run::simulate;
use crate::store::{Comparison, RunDir, Status};
use crate::world::WorldKind;

const EXAMPLES: &str = "Examples:
  quorate replay store/20261123T201500-majority-abd-42

Exit codes: 0 the same history, 1 another one.";

/// What `quorate replay` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReplayArgs {
    /// The directory of a run.
    run: PathBuf,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// Runs a recorded run again, and compares every line of its history.
pub(super) fn replay(args: &ReplayArgs) -> Result<Exit> {
    let dir = RunDir::open(&args.run)?;
    let info = dir.info()?;
    if info.world != WorldKind::Sim {
        let again = super::run::again(&dir, &info);
        bail!(
            "a seed does not decide what real processes do; `{again}` asks and breaks the same again"
        );
    }
    let workload = super::run::load(&dir.file("workload.toml"))?.resolve()?;
    let mut comparison = Comparison::new(&dir)?;
    let decided = comparison.decided();
    let mut progress = Progress::begin("replaying", 1000, args.json);
    simulate(&workload, info.seed, Some(&mut comparison), &mut |now| {
        progress.set(now.permille(&workload.clients));
        !decided.get()
    })?;
    drop(progress);
    let compared = comparison.finish().context("cannot read the history")?;
    let same = match (&compared.difference, info.status) {
        (None, Status::Finished) => compared.digest == info.digest,
        (None, _) => true,
        (Some(_), Status::Finished) => false,
        // Up to where it was stopped it must be the same; from there on it was mended.
        (Some(_), Status::Interrupted) => compared.same >= info.stopped_at.map_or(0, u64::from),
        // It was killed: its history ends somewhere, perhaps in the middle of a line.
        (Some((recorded, _)), Status::Running) => !recorded.ends_with('}'),
    };
    if args.json {
        print_json(&json!({
            "same": same,
            "seed": info.seed,
            "same_lines": compared.same,
            "digest": compared.digest,
            "difference": compared.difference.as_ref().map(|(recorded, made)| json!({
                "line": compared.same + 1,
                "recorded": recorded,
                "replayed": made,
            })),
        }))?;
    } else {
        let (lines, seed) = (compared.same, info.seed);
        print(&match (&compared.difference, same) {
            (None, true) => format!(
                "the same: seed {seed} gives the same {lines} lines\nSHA-256 {}\n",
                compared.digest
            ),
            (None, false) => format!(
                "different: the lines are the same, but not their SHA-256\n  recorded  {}\n  replayed  {}\n",
                info.digest, compared.digest
            ),
            (Some(_), true) => {
                format!("the same as far as it goes: the run was stopped after {lines} lines\n")
            }
            (Some((recorded, made)), false) => format!(
                "different: the first {lines} lines are the same, then\n  recorded  {recorded}\n  \
                 replayed  {made}\n"
            ),
        })?;
    }
    Ok(if same { Exit::AsExpected } else { Exit::NotAsExpected })
}
