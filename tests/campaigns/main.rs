//! Campaigns through the library: figures against closed forms, and bugs against the harness.

mod compare;
mod mutants;

use std::path::Path;

use quorate::workload::{File, Workload};

fn resolve(name: &str, text: &str) -> Workload {
    let file = File::parse(Path::new(name), text).expect("it is TOML");
    file.resolve().unwrap_or_else(|error| panic!("{error}"))
}
