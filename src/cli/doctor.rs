//! `quorate doctor`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::{Exit, print, print_json};
use crate::report::entry_at;
use crate::store::left_behind;
use crate::world::live::DISKS;
use crate::world::live::netns::remove_left_behind;
use crate::world::machine::{features, syncs_per_second};

const EXAMPLES: &str = "Examples:
  quorate doctor
      what this machine can do; what runs that were killed left behind is
      removed
  quorate doctor --json
      the same as one JSON document";

/// Where what is said of each begins.
const MARGIN: usize = 19;

/// What `quorate doctor` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DoctorArgs {
    /// Where run directories are.
    #[arg(long, value_name = "DIR", default_value = "store")]
    store: PathBuf,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// Says what this machine can do, and removes what runs have left behind. Their histories stay.
pub(super) fn doctor(args: &DoctorArgs) -> Result<Exit> {
    let features = features();
    let here = std::env::current_dir()?;
    let syncs = syncs_per_second(&here).ok();
    let mut removed = Vec::new();
    for run in left_behind(&args.store)? {
        run.remove_disks()?;
        removed.push(run.path().join(DISKS));
    }
    for name in remove_left_behind()? {
        removed.push(PathBuf::from(name));
    }
    if args.json {
        print_json(&json!({
            "features": features,
            "syncs_per_second": syncs,
            "left_behind": removed,
        }))?;
        return Ok(Exit::AsExpected);
    }
    let mut text = String::new();
    for feature in &features {
        let there = if feature.is_there { "yes" } else { "no" };
        let about = format!("{there:4} {}, {}", feature.serves, feature.about);
        entry_at(&mut text, MARGIN, feature.name, &about);
    }
    let syncs = syncs.map_or_else(|| "none".to_owned(), |syncs| format!("{syncs} a second"));
    entry_at(&mut text, MARGIN, "syncs", &format!("{syncs} in {}", here.display()));
    if removed.is_empty() {
        entry_at(&mut text, MARGIN, "left behind", "nothing");
    }
    for path in removed {
        let path = path.display();
        let about = format!("{path}, by a run that was killed; now removed");
        entry_at(&mut text, MARGIN, "left behind", &about);
    }
    print(&text)?;
    Ok(Exit::AsExpected)
}
