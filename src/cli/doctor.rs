//! `quorate doctor`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::{Exit, print, print_json};
use crate::store::left_behind;
use crate::world::live::DISKS;
use crate::world::live::netns::remove_left_behind;
use crate::world::machine::{features, syncs_per_second};

const EXAMPLES: &str = "Examples:
  quorate doctor
      what this machine can do; what runs that were killed left behind is removed
  quorate doctor --json
      the same as one JSON document";

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
        text += &format!("{:19}{there:4} {}, {}\n", feature.name, feature.serves, feature.about);
    }
    let syncs = syncs.map_or_else(|| "none".to_owned(), |syncs| format!("{syncs} a second"));
    text += &format!("{:19}{syncs} in {}\n", "syncs", here.display());
    if removed.is_empty() {
        text += "left behind        nothing\n";
    }
    for path in removed {
        let path = path.display();
        text += &format!("left behind        {path}, by a run that was killed; now removed\n");
    }
    print(&text)?;
    Ok(Exit::AsExpected)
}
