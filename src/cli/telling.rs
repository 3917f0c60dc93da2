//! In which form a command tells what came of it.

use std::io;

use clap::Args;
use serde::Serialize;

use super::{print, print_json};

/// In which form to tell what came of it.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Telling {
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
    /// Print nothing but errors.
    #[arg(long, conflicts_with = "json")]
    quiet: bool,
}

impl Telling {
    /// Whether nobody wants to see progress.
    pub(super) fn hides_progress(self) -> bool {
        self.json || self.quiet
    }

    /// Tells it to programs or to people, or not at all.
    pub(super) fn tell<J: Serialize>(
        self,
        json: impl FnOnce() -> J,
        text: impl FnOnce() -> String,
    ) -> io::Result<()> {
        if self.json {
            print_json(&json())
        } else if self.quiet {
            Ok(())
        } else {
            print(&text())
        }
    }
}
