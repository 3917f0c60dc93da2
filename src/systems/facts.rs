//! What is always true of a system.

use std::time::Duration;

use crate::client::KnownError;
use crate::protocol::Object;

/// What is always true of a system.
#[derive(Debug)]
pub struct Facts {
    /// Its name in workloads.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// What must be installed.
    pub programs: &'static [Program],
    /// The Debian packages that have them.
    pub packages: &'static [&'static str],
    /// The oldest version that has what is asked of it here.
    pub oldest: (u32, u32),
    /// The version with which all of this was seen to work.
    pub tried: &'static str,
    /// How long nodes take at most until they are ready.
    pub start: Duration,
    /// Whether clients can compare and set.
    pub has_cas: bool,
    /// What clients can operate on, the usual first.
    pub objects: &'static [Object],
    /// How clients can read, the usual way first.
    pub reads: &'static [Mode],
    /// How clients can write, the usual way first.
    pub writes: &'static [Mode],
    /// What its errors mean, by the first row that knows them.
    pub errors: &'static [KnownError],
}

/// A way to read or to write.
#[derive(Debug)]
pub struct Mode {
    /// The word of workloads.
    pub name: &'static str,
    /// What happens, in a sentence.
    pub about: &'static str,
}

/// A program or a file that a system consists of.
#[derive(Debug)]
pub struct Program {
    /// Its name, which is looked for on the path; or its own path, if that begins with a slash.
    pub name: &'static str,
    /// What makes it say its version; nothing, if another one is asked.
    pub version: &'static [&'static str],
}

impl Facts {
    /// The command that installs it.
    pub fn install(&self) -> String {
        format!("apt-get install --no-install-recommends {}", self.packages.join(" "))
    }
}
