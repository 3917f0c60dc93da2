//! Real systems: each does what it is known to do, whatever goes wrong is told, and nothing stays behind.

#![cfg(target_os = "linux")]

mod bad;
mod known;
#[path = "../live/left.rs"]
mod left;
mod pages;
#[path = "../command_line/shell.rs"]
mod shell;
mod survival;

use quorate::systems::named;

/// Whether a system can be tested here; says so if not.
fn is_there(system: &str) -> bool {
    let facts = named(system).expect("it is known").facts();
    let found = facts.find();
    if let Err(problem) = &found {
        eprintln!("skipped: needs {problem}");
    }
    found.is_ok() && left::is_possible()
}
