//! Wrong clocks for programs of others: libfaketime, which is loaded before their C library.
//!
//! How far a clock is off stands in a file, into which a program looks once a second. Clocks that only count
//! on, by which time-outs are measured, stay right.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::time::SECOND;

/// The library, for programs with threads.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";
/// Below these directories it is, or below one of theirs that is named after the machine.
const DIRS: [&str; 3] = ["/usr/local/lib", "/usr/lib", "/usr/lib64"];

/// What sets clocks off.
#[derive(Debug)]
pub(super) struct FakeTime {
    library: PathBuf,
}

impl FakeTime {
    /// The library of this machine.
    pub(super) fn find() -> io::Result<Self> {
        let below = |dir: &str| {
            let dirs = std::fs::read_dir(dir).into_iter().flatten().flatten();
            dirs.map(|entry| entry.path().join(LIBRARY)).collect::<Vec<_>>()
        };
        let places =
            DIRS.into_iter().flat_map(|dir| [vec![Path::new(dir).join(LIBRARY)], below(dir)]);
        let library = places.flatten().find(|library| library.is_file()).ok_or_else(|| {
            io::Error::other("there is no libfaketime; `apt-get install faketime` installs it")
        })?;
        Ok(Self { library })
    }

    /// Lets a program and all that it starts go by the clock in a file.
    pub(super) fn load(&self, command: &mut Command, clock: &Path) {
        command.env("LD_PRELOAD", &self.library).env("FAKETIME_TIMESTAMP_FILE", clock);
        command.env("FAKETIME_CACHE_DURATION", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        // Mends what newer C libraries do not have, and there ends every wait at once.
        command.env("FAKETIME_FORCE_MONOTONIC_FIX", "0");
    }

    /// Sets the clock in a file off by so many nanoseconds.
    pub(super) fn set(clock: &Path, offset: i64) -> io::Result<()> {
        let fresh = clock.with_extension("fresh");
        std::fs::write(&fresh, format!("{:+.6}\n", offset as f64 / SECOND as f64))?;
        // Whoever looks meanwhile finds the old one or the new one.
        std::fs::rename(fresh, clock)
    }
}
