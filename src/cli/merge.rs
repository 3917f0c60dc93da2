//! `quorate merge`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;

use super::Exit;
use super::bucket::Store;
use super::interrupt::Interrupt;
use super::outcome::{Outcome, OutcomeArgs};
use crate::campaign::torture::{Ledger, Tally, merge as merged, read_workloads};

const EXAMPLES: &str = "Examples:
  quorate merge shard-1 shard-2 shard-3 --into night --junit torture.xml
      what the parts of a campaign came to together
  AWS_REGION=eu-west-1 quorate merge s3://ci/night/part-1 s3://ci/night/part-2 --into night
      the same from object storage (s3, gs, az), with the keys that the
      environment has

The parts may overlap, as after a machine that was replaced; what they say of
the same run must be the same.";

/// What `quorate merge` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct MergeArgs {
    /// The stores of parts of one campaign: directories, or URLs of object storage.
    #[arg(required = true, value_name = "DIR|URL")]
    stores: Vec<String>,
    /// Where all of it is stored.
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    #[command(flatten)]
    outcome: OutcomeArgs,
}

/// Merges the stores of a campaign, and says what all of it came to.
pub(super) fn merge(args: &MergeArgs) -> Result<Exit> {
    if args.into.exists() {
        bail!("--into: {} is there already; expected a new directory", args.into.display());
    }
    let stores = args.stores.iter().map(|name| Store::open(name)).collect::<Result<Vec<_>>>()?;
    let paths: Vec<PathBuf> = stores.iter().map(|store| store.path().to_owned()).collect();
    let (charter, rows) = merged(&paths)?;
    let workloads = read_workloads(&paths[0], &charter)?;
    let interrupt = Interrupt::listen()?;
    let (mut ledger, _) = Ledger::open(&args.into, &charter, &workloads)?;
    for row in &rows {
        ledger.add(row)?;
    }
    for store in &paths {
        take_over(store, &args.into)?;
    }
    let tally = Tally::of(&workloads, &rows);
    let power = Vec::new();
    args.outcome.tell(Outcome { workloads, charter, ledger, tally, power }, &interrupt)
}

/// Copies the stories that a part has found already.
fn take_over(store: &Path, into: &Path) -> Result<()> {
    let entries =
        fs::read_dir(store).with_context(|| format!("cannot read {}", store.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", store.display()))?.path();
        let Some(name) = path.file_name().filter(|name| name.to_string_lossy().ends_with(".toml"))
        else {
            continue;
        };
        fs::copy(&path, into.join(name))
            .with_context(|| format!("cannot copy {}", path.display()))?;
    }
    Ok(())
}
