//! The store as the site sees it: directories that are runs, and plain files in them. What a link would lead
//! to is not there.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value as Json;

use crate::report::configuration;
use crate::store::{RunDir, RunInfo, Status};
use crate::workload::{File as WorkloadFile, Workload};

/// A run directory has no deeper directories than this.
const DEPTH_MAX: usize = 4;

/// The runs in a store.
#[derive(Debug)]
pub(super) struct Shelf {
    /// Without links in it.
    root: PathBuf,
}

/// A run, as far as it can be read.
#[derive(Debug)]
pub(super) struct Entry {
    /// The name of its directory.
    pub(super) name: String,
    pub(super) dir: RunDir,
    pub(super) standing: Standing,
    /// What `run.json` says.
    pub(super) info: Option<RunInfo>,
    /// What runs.
    pub(super) workload: Option<Workload>,
    /// What it is called.
    pub(super) title: String,
    /// The cluster in a few words.
    pub(super) configuration: String,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its process is at it.
    Running,
    /// It has ended, and its process looks at what came of it.
    Checking,
    /// Its process is gone, and nobody has judged it.
    LeftBehind,
    /// It was judged.
    Judged(Brief),
    /// It cannot be read, and why.
    Unreadable(String),
}

/// What a list says of a verdict.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub(super) struct Brief {
    pub(super) verdict: String,
    #[serde(default)]
    pub(super) judgement: String,
    #[serde(default)]
    pub(super) as_expected: Option<bool>,
    #[serde(default)]
    pub(super) duration_ns: u64,
    #[serde(default)]
    workload: String,
}

impl Standing {
    /// The word of lists and filters.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Running => "running",
            Self::Checking => "checking",
            Self::LeftBehind => "left behind",
            Self::Judged(brief) => &brief.verdict,
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// Whether more is to come.
    pub(super) fn is_live(&self) -> bool {
        matches!(self, Self::Running | Self::Checking)
    }
}

impl Shelf {
    pub(super) fn open(store: &Path) -> Result<Self> {
        let root = store.canonicalize();
        let root = root.with_context(|| format!("cannot read the store {}", store.display()))?;
        fs::read_dir(&root)
            .with_context(|| format!("cannot read the store {}", store.display()))?;
        Ok(Self { root })
    }

    /// All runs, the latest first.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let mut names: Vec<String> = fs::read_dir(&self.root)
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort_unstable_by(|a, b| b.cmp(a));
        names.iter().filter_map(|name| self.entry(name)).collect()
    }

    /// A run; `None` if there is none of this name.
    pub(super) fn entry(&self, name: &str) -> Option<Entry> {
        self.plain_file(&[name, "run.json"])?;
        let dir = RunDir::open(&self.root.join(name)).ok()?;
        let info = dir.info();
        let standing = match &info {
            Ok(info) => self.standing(name, info),
            Err(error) => Standing::Unreadable(format!("{error:#}")),
        };
        let info = info.ok();
        let workload = self.workload(name);
        let title = match (&standing, &info) {
            (Standing::Judged(brief), _) if !brief.workload.is_empty() => brief.workload.clone(),
            (_, Some(info)) => title_of(name, info),
            (_, None) => name.to_owned(),
        };
        let configuration = workload.as_ref().map(|workload| configuration(&workload.config));
        let configuration = configuration.unwrap_or_default();
        Some(Entry { name: name.to_owned(), dir, standing, info, workload, title, configuration })
    }

    fn standing(&self, name: &str, info: &RunInfo) -> Standing {
        if let Some(verdict) = self.plain_file(&[name, "verdict.json"]) {
            let read = fs::read(verdict).map_err(anyhow::Error::from);
            let brief = read.and_then(|text| Ok(serde_json::from_slice(&text)?));
            return match brief {
                Ok(brief) => Standing::Judged(brief),
                Err(error) => Standing::Unreadable(format!("verdict.json: {error:#}")),
            };
        }
        match info.process {
            Some(process) if crate::process::exists(process) => match info.status {
                Status::Running => Standing::Running,
                Status::Interrupted | Status::Finished => Standing::Checking,
            },
            _ => Standing::LeftBehind,
        }
    }

    fn workload(&self, name: &str) -> Option<Workload> {
        let path = self.plain_file(&[name, "workload.toml"])?;
        let text = fs::read_to_string(&path).ok()?;
        WorkloadFile::parse(&path, &text).ok()?.resolve().ok()
    }

    /// Opens a file of a run, whose path may have directories in it.
    pub(super) fn open_file(&self, run: &str, path: &str) -> Option<File> {
        let parts: Vec<&str> = std::iter::once(run).chain(path.split('/')).collect();
        File::open(self.plain_file(&parts)?).ok()
    }

    /// The files of a run and their sizes, by name.
    pub(super) fn files(&self, run: &str) -> Vec<(String, u64)> {
        let mut files = Vec::new();
        self.walk(run, "", 0, &mut files);
        files.sort();
        files
    }

    fn walk(&self, run: &str, under: &str, depth: usize, files: &mut Vec<(String, u64)>) {
        let entries = fs::read_dir(self.root.join(run).join(under));
        for entry in entries.into_iter().flatten().flatten() {
            // Of a link it says that it is one, and nothing of what it leads to.
            let (Ok(name), Ok(about)) = (entry.file_name().into_string(), entry.metadata()) else {
                continue;
            };
            let path = if under.is_empty() { name } else { format!("{under}/{name}") };
            if about.is_dir() && depth < DEPTH_MAX {
                self.walk(run, &path, depth + 1, files);
            } else if about.is_file() {
                files.push((path, about.len()));
            }
        }
    }

    /// The place of a file; `None` unless it is a plain one that stands where its path says.
    fn plain_file(&self, parts: &[&str]) -> Option<PathBuf> {
        let is_plain = |part: &&str| {
            !part.is_empty() && !part.starts_with('.') && !part.contains(['/', '\\', '\0'])
        };
        if !parts.iter().all(is_plain) {
            return None;
        }
        let path: PathBuf =
            std::iter::once(self.root.as_path()).chain(parts.iter().map(Path::new)).collect();
        let is_there = path.canonicalize().ok()? == path && path.metadata().ok()?.is_file();
        is_there.then_some(path)
    }
}

impl Entry {
    /// `verdict.json`, of a run that was judged.
    pub(super) fn result(&self) -> Option<Json> {
        match self.standing {
            Standing::Judged(_) => {
                let text = fs::read(self.dir.file("verdict.json")).ok()?;
                serde_json::from_slice(&text).ok()
            }
            _ => None,
        }
    }
}

/// The name of the workload, which stands in that of the directory between the time and the seed.
fn title_of(name: &str, info: &RunInfo) -> String {
    let date = info.started.replace(['-', ':', 'Z'], "");
    let rest = name.strip_prefix(&date).and_then(|rest| rest.strip_prefix('-')).unwrap_or(name);
    match rest.rsplit_once(&format!("-{}", info.seed)) {
        Some((title, _)) => title.to_owned(),
        None => rest.to_owned(),
    }
}
