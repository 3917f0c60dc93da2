//! Progress on standard error: a bar on a terminal, a plain line now and then elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Elsewhere than on a terminal, a line this often.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// The progress of one long piece of work.
pub(super) struct Progress {
    what: &'static str,
    bar: Option<ProgressBar>,
    total: u64,
    last_line: Instant,
}

impl Progress {
    /// Begins to show how `total` steps are worked off; nothing is shown if `quiet`.
    pub(super) fn begin(what: &'static str, total: u64, quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            // The message has what is left of the line, and no more.
            let template = "{prefix} {bar:16} {percent:>3}%  {elapsed}, {eta} to go  {wide_msg}";
            let style = ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(total).with_style(style).with_prefix(what)
        });
        // A quiet one never gets as far as a line.
        let wait = if quiet { Duration::from_secs(1 << 30) } else { Duration::ZERO };
        Self { what, bar, total, last_line: Instant::now() + wait }
    }

    /// What is being done has changed.
    pub(super) fn say(&mut self, what: &'static str) {
        if what != self.what {
            self.what = what;
            self.bar.iter().for_each(|bar| bar.set_prefix(what));
        }
    }

    /// What else there is to say of it now, on a terminal.
    pub(super) fn add(&self, more: impl FnOnce() -> String) {
        if let Some(bar) = &self.bar {
            bar.set_message(more());
        }
    }

    /// So much is done.
    pub(super) fn set(&mut self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let percent = done * 100 / self.total.max(1);
            let _ = writeln!(std::io::stderr(), "{}: {percent}%", self.what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The progress of work of which nobody knows how much there is.
pub(super) struct Counter {
    what: &'static str,
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl Counter {
    /// Begins to show how far it is; nothing is shown if `quiet`.
    pub(super) fn begin(what: &'static str, quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{prefix:10} {spinner} {msg}  {elapsed}");
            let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
            ProgressBar::new_spinner().with_style(style).with_prefix(what)
        });
        let wait = if quiet { Duration::from_secs(1 << 30) } else { Duration::ZERO };
        Self { what, bar, last_line: Instant::now() + wait }
    }

    /// It has got as far as this.
    pub(super) fn set(&mut self, far: impl FnOnce() -> String) {
        if let Some(bar) = &self.bar {
            bar.set_message(far());
            bar.tick();
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let _ = writeln!(std::io::stderr(), "{}: {}", self.what, far());
        }
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
