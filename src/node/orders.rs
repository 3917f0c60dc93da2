//! What the harness tells a node while it runs: a line each on its standard input.

use std::io::BufRead;
use std::str::FromStr;
use std::thread;

use tokio::sync::mpsc;

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The clock shows so many nanoseconds more than it should from now on.
    Clock(i64),
    /// The disk has no space left, or has again.
    DiskFull(bool),
    /// A sync takes so many times as long as it should from now on.
    DiskSlowness(u32),
}

impl FromStr for Order {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["clock", offset] => offset
                .parse()
                .map(Self::Clock)
                .map_err(|_| format!("`{offset}` is no number of nanoseconds")),
            ["disk", "full"] => Ok(Self::DiskFull(true)),
            ["disk", "free"] => Ok(Self::DiskFull(false)),
            ["disk", "slow", factor] => factor
                .parse()
                .map(Self::DiskSlowness)
                .map_err(|_| format!("`{factor}` is no number of times")),
            _ => Err(format!(
                "`{line}` is no order; expected `clock NANOSECONDS`, `disk full`, `disk free` or `disk slow \
                 TIMES`"
            )),
        }
    }
}

impl std::fmt::Display for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Clock(offset) => write!(f, "clock {offset}"),
            Self::DiskFull(true) => f.write_str("disk full"),
            Self::DiskFull(false) => f.write_str("disk free"),
            Self::DiskSlowness(factor) => write!(f, "disk slow {factor}"),
        }
    }
}

/// Takes orders from now on. The last thing that comes is the end: whoever gave them is gone.
pub(super) fn listen() -> mpsc::Receiver<Order> {
    let (orders, queue) = mpsc::channel(16);
    // Reading standard input blocks, and may never end.
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            match line.parse() {
                Ok(order) => drop(orders.blocking_send(order)),
                Err(problem) => tracing::warn!(problem, "not understood"),
            }
        }
    });
    queue
}
