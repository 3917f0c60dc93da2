//! What the figures were measured on.

use std::fs;

/// Cores, processor and memory, as far as the system tells.
pub(crate) fn facts() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let processor = field("/proc/cpuinfo", "model name").unwrap_or("unknown".to_owned());
    let memory = field("/proc/meminfo", "MemTotal").and_then(|text| {
        let kilobytes: u64 = text.strip_suffix(" kB")?.parse().ok()?;
        Some(format!("{} GB", kilobytes >> 20))
    });
    let memory = memory.unwrap_or("an unknown amount".to_owned());
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    format!("{cores} cores of {processor}, {memory} of memory; load before the run: {load}")
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
