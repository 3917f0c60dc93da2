//! The command line as a stranger meets it: exit codes, output, errors, and what is left on disk.

mod bad_workloads;
mod bucket;
mod campaigns;
mod conditions;
mod explain;
mod histories;
#[cfg(unix)]
mod interrupted;
mod objects;
mod proofs;
mod runs;
mod shell;
mod widths;

use shell::{Called, Shell, project};
