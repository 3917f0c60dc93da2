//! Run directories: what a run leaves on disk.
//!
//! `workload.toml` (everything resolved), `history.jsonl` (written as it happens), `run.json` (seed,
//! versions, digest), `traffic.json` (what each node sent when, where that is known), `verdict.json`,
//! `certificate.json`, `report.html` and `plots/`; of a live run also `log/`, and `disks/` as long as it
//! lasts. All but the history are replaced as a whole, so that a run that was killed leaves a directory that
//! reads well up to the last event flushed.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::rng::Seed;
use crate::world::live::DISKS;
use crate::world::{Ledger, WorldKind};

/// The version of the run directory that this code writes.
const VERSION: u32 = 1;
/// At most this many bytes of history are not yet with the operating system.
const UNFLUSHED_BYTES_MAX: usize = 64 << 10;

/// A run's directory.
#[derive(Debug, Clone)]
pub struct RunDir {
    path: PathBuf,
}

/// `run.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunInfo {
    /// Version of the run directory.
    pub version: u32,
    /// Version of the program that wrote it.
    pub quorate: String,
    /// When it began, in UTC.
    pub started: String,
    /// Where it took place.
    #[serde(default)]
    pub world: WorldKind,
    /// The hosts of its nodes, where these were not on this machine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// What decided everything random.
    pub seed: Seed,
    /// The process that runs it; after that has died nobody does.
    #[serde(default)]
    pub process: Option<u32>,
    /// How it ended.
    pub status: Status,
    /// How many events the history has; 0 until the run has ended.
    pub events: u32,
    /// How many there were when the run was stopped; null if it was not.
    pub stopped_at: Option<u32>,
    /// SHA-256 of `history.jsonl`; empty until the run has ended.
    pub digest: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Not yet, or it was killed.
    Running,
    /// It was stopped early, in good order.
    Interrupted,
    /// By itself.
    Finished,
}

impl RunInfo {
    /// A run that begins now.
    pub fn begin(world: WorldKind, seed: Seed) -> Self {
        Self {
            version: VERSION,
            quorate: env!("CARGO_PKG_VERSION").to_owned(),
            started: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            world,
            hosts: Vec::new(),
            seed,
            process: Some(std::process::id()),
            status: Status::Running,
            events: 0,
            stopped_at: None,
            digest: String::new(),
        }
    }
}

impl RunDir {
    /// Makes a new directory in `store`, named after the time, the workload and the seed.
    pub fn create(store: &Path, workload: &str, info: &RunInfo) -> Result<Self> {
        fs::create_dir_all(store)
            .with_context(|| format!("cannot make the store {}", store.display()))?;
        let date = info.started.replace(['-', ':', 'Z'], "");
        let seed = info.seed;
        for attempt in 1.. {
            let again = if attempt > 1 { format!("-{attempt}") } else { String::new() };
            let path = store.join(format!("{date}-{workload}-{seed}{again}"));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot make {}", path.display()));
                }
            }
        }
        unreachable!("some number is free")
    }

    /// An existing run.
    pub fn open(path: &Path) -> Result<Self> {
        let dir = Self { path: path.to_owned() };
        if !dir.file("run.json").is_file() {
            bail!("{} is no run directory: it has no run.json", path.display());
        }
        Ok(dir)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Removes the disks of its nodes, which nobody needs once it is over.
    pub fn remove_disks(&self) -> Result<()> {
        let disks = self.file(DISKS);
        match fs::remove_dir_all(&disks) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", disks.display()))
            }
            _ => Ok(()),
        }
    }

    /// Begins `history.jsonl`.
    pub fn history(&self) -> Result<HistoryFile> {
        let path = self.file("history.jsonl");
        let file =
            File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(HistoryFile {
            file: BufWriter::with_capacity(UNFLUSHED_BYTES_MAX, file),
            digest: Sha256::new(),
        })
    }

    /// Replaces a file as a whole: after a crash it is the old one or the new one.
    pub fn replace(
        &self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<()> {
        let path = self.file(name);
        let unfinished = self.file(&format!("{name}.unfinished"));
        let replace = || {
            let mut file = BufWriter::new(File::create(&unfinished)?);
            write(&mut file)?;
            file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            fs::rename(&unfinished, &path)
        };
        replace().with_context(|| format!("cannot write {}", path.display()))
    }

    /// Replaces a file by JSON.
    pub fn replace_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        self.replace(name, |out| {
            serde_json::to_writer_pretty(&mut *out, value)?;
            out.write_all(b"\n")
        })
    }

    /// Reads `run.json`.
    pub fn info(&self) -> Result<RunInfo> {
        let path = self.file("run.json");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let info: RunInfo = serde_json::from_str(&text)
            .with_context(|| format!("{} is not as a run leaves it", path.display()))?;
        if info.version != VERSION {
            bail!(
                "{}: version {}; this program reads version {VERSION}",
                path.display(),
                info.version
            );
        }
        Ok(info)
    }

    /// Reads `traffic.json`; `None` where there is none.
    pub fn ledger(&self) -> Result<Option<Ledger>> {
        let path = self.file("traffic.json");
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let ledger: Ledger = serde_json::from_str(&text)
            .with_context(|| format!("{} is not as a run leaves it", path.display()))?;
        if let Some(fault) = ledger.fault() {
            bail!("{}: {fault}", path.display());
        }
        Ok(Some(ledger))
    }
}

/// The runs in a store that were killed and left more behind than a record.
pub fn left_behind(store: &Path) -> Result<Vec<RunDir>> {
    if !store.exists() {
        return Ok(Vec::new());
    }
    let in_store = || format!("cannot read the store {}", store.display());
    let mut left = Vec::new();
    for entry in fs::read_dir(store).with_context(in_store)? {
        let dir = RunDir { path: entry.with_context(in_store)?.path() };
        let was_killed = || match dir.info() {
            Ok(RunInfo { process: Some(process), .. }) => !crate::process::exists(process),
            Ok(_) | Err(_) => false,
        };
        if dir.file(DISKS).is_dir() && was_killed() {
            left.push(dir);
        }
    }
    left.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(left)
}

/// `history.jsonl` as it is written.
pub struct HistoryFile {
    file: BufWriter<File>,
    digest: Sha256,
}

impl HistoryFile {
    /// Gives everything to the operating system and returns the digest.
    pub fn finish(mut self) -> io::Result<String> {
        self.file.flush()?;
        Ok(hex(self.digest))
    }
}

impl Write for HistoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes)?;
        self.digest.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Compares a history with one that is being made again, line by line.
pub struct Comparison {
    recorded: BufReader<File>,
    digest: Sha256,
    line: Vec<u8>,
    made: Vec<u8>,
    /// Lines that are the same, from the beginning.
    same: u64,
    /// The first line that differs, as recorded and as made.
    difference: Option<(String, String)>,
    decided: Rc<Cell<bool>>,
}

/// How two histories compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Lines that are the same, from the beginning.
    pub same: u64,
    /// The first line that differs, as recorded and as made again; an empty text where one of them
    /// had ended.
    pub difference: Option<(String, String)>,
    /// SHA-256 of what was made again.
    pub digest: String,
}

impl Comparison {
    /// Compares with the history of a run.
    pub fn new(run: &RunDir) -> Result<Self> {
        let path = run.file("history.jsonl");
        let file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self {
            recorded: BufReader::new(file),
            digest: Sha256::new(),
            line: Vec::new(),
            made: Vec::new(),
            same: 0,
            difference: None,
            decided: Rc::default(),
        })
    }

    /// Whether a difference was found, so that nothing more need be made.
    pub fn decided(&self) -> Rc<Cell<bool>> {
        Rc::clone(&self.decided)
    }

    /// The result, once everything has been made.
    pub fn finish(mut self) -> io::Result<Compared> {
        self.line.clear();
        if self.difference.is_none() && self.recorded.read_until(b'\n', &mut self.line)? > 0 {
            self.difference = Some((text(&self.line), String::new()));
        }
        Ok(Compared { same: self.same, difference: self.difference, digest: hex(self.digest) })
    }

    fn compare(&mut self) -> io::Result<()> {
        self.line.clear();
        self.recorded.read_until(b'\n', &mut self.line)?;
        if self.line == self.made {
            self.same += 1;
        } else {
            self.difference = Some((text(&self.line), text(&self.made)));
            self.decided.set(true);
        }
        Ok(())
    }
}

impl Write for Comparison {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.digest.update(bytes);
        if self.difference.is_none() {
            for part in bytes.split_inclusive(|byte| *byte == b'\n') {
                self.made.extend_from_slice(part);
                if part.ends_with(b"\n") && self.difference.is_none() {
                    self.compare()?;
                    self.made.clear();
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end().to_owned()
}

fn hex(digest: Sha256) -> String {
    use std::fmt::Write as _;
    digest.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
