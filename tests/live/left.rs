//! What a harness leaves behind: processes and namespaces; and whether it can have the latter at all.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use quorate::world::machine::missing_for_namespaces;

/// Whether it can be tested here; says so if not.
pub(crate) fn is_possible() -> bool {
    let missing = missing_for_namespaces();
    if !missing.is_empty() {
        eprintln!("skipped: needs {}", missing.join(", "));
    }
    missing.is_empty()
}

/// Processes that work in this directory, or whose command line names it.
fn running_in(dir: &Path) -> Vec<String> {
    let name = dir.display().to_string();
    let command = |entry: fs::DirEntry| {
        let bytes = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&bytes).replace('\0', " ");
        let works_there =
            fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(dir));
        (works_there || line.contains(&name)).then_some(line)
    };
    fs::read_dir("/proc").expect("there is a /proc").flatten().filter_map(command).collect()
}

/// Nothing runs in a directory, at the latest a moment after its harness has died.
#[track_caller]
pub(crate) fn assert_nothing_runs_in(dir: &Path) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let running = running_in(dir);
        if running.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "still running: {running:#?}");
        sleep(Duration::from_millis(5));
    }
}

/// The namespaces that a process has made.
pub(crate) fn namespaces_of(process: u32) -> Vec<String> {
    let prefix = format!("quorate-{process}-");
    let names = fs::read_dir("/run/netns").into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(&prefix)).collect()
}
