//! Histories read while they are written: how many operations there are, what is broken just now, and the
//! verdict so far.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use quorate_checker::{Event, EventKind, Format, Process, Reader, Rules, Stream, Verdict};

use crate::report::Faults;

/// At most so many bytes of a history are read at once, so that nobody waits for long.
const BYTES_MAX: u64 = 8 << 20;
/// At most so many runs are followed at once.
const FOLLOWED_MAX: usize = 16;

/// The runs that somebody looks at.
#[derive(Default)]
pub(super) struct Followers(BTreeMap<String, Follower>);

impl std::fmt::Debug for Followers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Followers {
    /// The one that follows a run.
    pub(super) fn of(&mut self, run: &str) -> &mut Follower {
        if !self.0.contains_key(run) && self.0.len() >= FOLLOWED_MAX {
            self.0.pop_first();
        }
        self.0.entry(run.to_owned()).or_default()
    }

    /// A run is over.
    pub(super) fn forget(&mut self, run: &str) {
        self.0.remove(run);
    }
}

/// What was read of a history so far.
pub(super) struct Follower {
    /// After so many bytes.
    at: u64,
    events: u32,
    pub(super) begun: u64,
    pub(super) ok: u64,
    pub(super) fail: u64,
    pub(super) info: u64,
    /// The time of the last event.
    pub(super) now: u64,
    pub(super) faults: Faults,
    /// None once something could not be read.
    stream: Option<Stream>,
    /// Whether there was more to read.
    pub(super) is_behind: bool,
}

impl Default for Follower {
    fn default() -> Self {
        Self {
            at: 0,
            events: 0,
            begun: 0,
            ok: 0,
            fail: 0,
            info: 0,
            now: 0,
            faults: Faults::default(),
            stream: Some(Stream::new(Rules::default())),
            is_behind: false,
        }
    }
}

impl Follower {
    /// The verdict on what was read; `None` if not everything could be.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        self.stream.as_ref().map(Stream::verdict)
    }

    /// Reads what has been written since.
    pub(super) fn go_on(&mut self, file: &mut File) -> io::Result<()> {
        let size = file.metadata()?.len();
        if size < self.at {
            *self = Self::default();
        }
        file.seek(SeekFrom::Start(self.at))?;
        let mut bytes = Vec::new();
        file.take(BYTES_MAX).read_to_end(&mut bytes)?;
        // The last line may be half written.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.at += whole as u64;
        self.is_behind = self.at + BYTES_MAX / 2 < size;
        if whole > 0 {
            self.read(&bytes[..whole]);
        }
        Ok(())
    }

    fn read(&mut self, lines: &[u8]) {
        let Ok(events) = Reader::new(lines, Some(Format::Jsonl)) else {
            self.stream = None;
            return;
        };
        for event in events {
            match event {
                Ok(event) => self.take(&event),
                Err(_) => self.stream = None,
            }
        }
    }

    fn take(&mut self, event: &Event) {
        self.events += 1;
        let time = event.time.unwrap_or(0);
        self.now = self.now.max(time.max(0) as u64);
        match (event.process, event.kind) {
            (Process::Nemesis, _) => self.faults.push(event, self.events, time),
            (Process::Client(_), EventKind::Invoke) => self.begun += 1,
            (Process::Client(_), EventKind::Ok) => self.ok += 1,
            (Process::Client(_), EventKind::Fail) => self.fail += 1,
            (Process::Client(_), EventKind::Info) => self.info += 1,
        }
        let taken = self.stream.as_mut().map(|stream| stream.push(event));
        if taken.is_some_and(|taken| taken.is_err()) {
            self.stream = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_history_is_followed_while_it_is_written() {
        let mut file = tempfile::tempfile().unwrap();
        let mut follower = Follower::default();
        let mut go_on = |text: &str| {
            file.seek(SeekFrom::End(0)).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            follower.go_on(&mut file).unwrap();
            (follower.begun, follower.ok, follower.verdict(), follower.faults.on().count())
        };
        assert_eq!(go_on(""), (0, 0, Some(Verdict::Valid), 0));
        let write = r#"{"time":1,"process":0,"type":"invoke","f":"write","key":0,"value":1}"#;
        let wrote = r#"{"time":2,"process":0,"type":"ok","f":"write","key":0,"value":1}"#;
        let cut =
            r#"{"time":3,"process":"nemesis","type":"info","f":"crash","value":{"nodes":["a"]}}"#;
        assert_eq!(go_on(&format!("{write}\n{}", &wrote[..20])), (1, 0, Some(Verdict::Valid), 0));
        assert_eq!(go_on(&format!("{}\n{cut}\n", &wrote[20..])), (1, 1, Some(Verdict::Valid), 1));
        let read = r#"{"time":4,"process":1,"type":"invoke","f":"read","key":0,"value":null}"#;
        let stale = r#"{"time":5,"process":1,"type":"ok","f":"read","key":0,"value":null}"#;
        assert_eq!(go_on(&format!("{read}\n{stale}\n")), (2, 2, Some(Verdict::Invalid), 1));
        assert_eq!(go_on("nonsense\n"), (2, 2, None, 1));
    }
}
