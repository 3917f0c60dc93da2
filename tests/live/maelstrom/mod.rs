//! Programs in other languages as nodes, unchanged: each gets the verdict it deserves, and whatever goes wrong
//! is told.

mod bad;
mod known;

use std::process::{Command, Stdio};

/// Whether there is a Python; says so if not.
pub(crate) fn has_python() -> bool {
    let mut python = Command::new("python3");
    let there = python.arg("--version").stdout(Stdio::null()).status().is_ok();
    if !there {
        eprintln!("skipped: needs python3");
    }
    there
}
