//! The store of a campaign: what it is, and a line for each trial as soon as it is over.
//!
//! A line is with the operating system before the next one is written, so kill -9 loses the trials that
//! were under way and nothing else. The same campaign again goes on where it was.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Plan, Row};
use crate::rng::Seed;
use crate::workload::{File as WorkloadFile, Workload};

/// The folder with the workloads of a campaign.
const WORKLOADS: &str = "workloads";
/// The version of the store that this code writes.
const VERSION: u32 = 1;

/// `campaign.json`: what must be the same for a campaign to go on, or to be merged with another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charter {
    /// Version of the store.
    pub version: u32,
    /// Version of the program that began it.
    pub quorate: String,
    /// What is tried.
    pub workloads: Vec<Listed>,
    /// The seed of the first trial.
    pub first_seed: Seed,
    /// How many operations each run has.
    pub ops: u64,
    /// Which part of the campaign is in here, such as 1/8; `all` if several were merged.
    pub shard: String,
}

/// A workload of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// SHA-256 of what it says, with everything resolved.
    pub digest: String,
}

impl Charter {
    /// That of a plan.
    pub fn of(plan: &Plan) -> Self {
        let listed = |workload: &Workload| Listed {
            name: workload.name.clone(),
            digest: hex(&workload.to_toml()),
        };
        Self {
            version: VERSION,
            quorate: env!("CARGO_PKG_VERSION").to_owned(),
            workloads: plan.workloads.iter().map(listed).collect(),
            first_seed: plan.first,
            ops: plan.ops,
            shard: plan.shard.to_string(),
        }
    }

    /// Whether two are parts of the same campaign.
    pub fn is_part_of(&self, other: &Self) -> bool {
        Self { shard: other.shard.clone(), ..self.clone() } == *other
    }
}

fn hex(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The store of a campaign on disk.
#[derive(Debug)]
pub struct Ledger {
    dir: PathBuf,
    rows: File,
}

impl Ledger {
    /// Opens the store of a campaign, or makes one. Returns what is in it already.
    ///
    /// # Errors
    /// If it is the store of another campaign, or cannot be read or written.
    pub fn open(dir: &Path, charter: &Charter, workloads: &[Workload]) -> Result<(Self, Vec<Row>)> {
        let own = dir.join(WORKLOADS);
        fs::create_dir_all(&own).with_context(|| format!("cannot make {}", own.display()))?;
        let path = dir.join("campaign.json");
        if path.exists() {
            let found = read_charter(dir)?;
            if found != *charter {
                bail!(
                    "{} is the store of another campaign: {}; expected the same command as then, or \
                     another --store",
                    dir.display(),
                    difference(&found, charter)
                );
            }
        } else {
            let text = serde_json::to_string_pretty(charter)? + "\n";
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        for workload in workloads {
            let path = own.join(format!("{}.toml", workload.name));
            fs::write(&path, workload.to_toml())
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        let (found, whole) = read_rows(dir)?;
        let path = dir.join("rows.jsonl");
        let rows = File::options().create(true).append(true).open(&path);
        let rows = rows.with_context(|| format!("cannot write {}", path.display()))?;
        // The line in whose middle it was killed goes.
        rows.set_len(whole).with_context(|| format!("cannot write {}", path.display()))?;
        Ok((Self { dir: dir.to_owned(), rows }, found))
    }

    /// Adds a line.
    pub fn add(&mut self, row: &Row) -> Result<()> {
        let line = serde_json::to_string(row)? + "\n";
        let written = self.rows.write_all(line.as_bytes());
        written.with_context(|| format!("cannot write to {}", self.dir.display()))
    }

    /// Saves a file beside the lines. Returns where.
    pub fn save(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.dir.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// A file beside the lines, whether or not it is there.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// What the store in a directory is of.
pub fn read_charter(dir: &Path) -> Result<Charter> {
    let path = dir.join("campaign.json");
    let text = fs::read_to_string(&path).with_context(|| {
        format!("{} is no store of a campaign: cannot read {}", dir.display(), path.display())
    })?;
    let charter: Charter = serde_json::from_str(&text)
        .with_context(|| format!("{} is not as a campaign leaves it", path.display()))?;
    if charter.version != VERSION {
        bail!("{}: version {}; expected version {VERSION}", path.display(), charter.version);
    }
    Ok(charter)
}

/// The lines in the store of a directory, and how many bytes they are without one that is cut short.
pub fn read_rows(dir: &Path) -> Result<(Vec<Row>, u64)> {
    let path = dir.join("rows.jsonl");
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    };
    let (mut rows, mut whole) = (Vec::new(), 0);
    let mut seen = BTreeSet::new();
    let mut reader = BufReader::new(file);
    let mut line = String::new();
    loop {
        line.clear();
        let place = || format!("{}:{}", path.display(), rows.len() + 1);
        let length = reader.read_line(&mut line).with_context(place)?;
        if !line.ends_with('\n') {
            return Ok((rows, whole));
        }
        let row: Row = serde_json::from_str(&line).with_context(place)?;
        if !seen.insert(row.trial) {
            bail!("{}: trial {} stands there twice; expected once", place(), row.trial);
        }
        whole += length as u64;
        rows.push(row);
    }
}

/// The workloads of the campaign whose store is in a directory.
pub fn read_workloads(dir: &Path, charter: &Charter) -> Result<Vec<Workload>> {
    let read = |listed: &Listed| {
        let path = dir.join(WORKLOADS).join(format!("{}.toml", listed.name));
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let workload = WorkloadFile::parse(&path, &text)?.resolve()?;
        if hex(&workload.to_toml()) != listed.digest {
            bail!("{} is not what the campaign was begun with", path.display());
        }
        Ok(workload)
    };
    charter.workloads.iter().map(read).collect()
}

/// What several stores of one campaign hold together, each trial once, in their order.
///
/// # Errors
/// If they are not of the same campaign, or say different things of the same trial.
pub fn merge(dirs: &[PathBuf]) -> Result<(Charter, Vec<Row>)> {
    let mut merged: Option<Charter> = None;
    let mut rows: BTreeMap<u64, Row> = BTreeMap::new();
    for dir in dirs {
        let charter = read_charter(dir)?;
        if let Some(first) = merged.as_ref().filter(|first| !charter.is_part_of(first)) {
            let difference = difference(first, &charter);
            bail!(
                "{} is the store of another campaign than the first: {difference}",
                dir.display()
            );
        }
        merged.get_or_insert(charter);
        for row in read_rows(dir)?.0 {
            let told = Row { new: Vec::new(), ..row.clone() };
            let before =
                rows.get(&row.trial).map(|before| Row { new: Vec::new(), ..before.clone() });
            if before.is_some_and(|before| before != told) {
                let (dir, trial) = (dir.display(), row.trial);
                bail!("{dir} says something else of trial {trial} than a store before it");
            }
            rows.entry(row.trial).or_insert(row);
        }
    }
    let merged = merged.context("there is nothing to merge; expected at least one store")?;
    let mut seen = BTreeSet::new();
    let mut rows: Vec<Row> = rows.into_values().collect();
    for row in &mut rows {
        row.new.retain(|covered| seen.insert(*covered));
    }
    Ok((Charter { shard: "all".to_owned(), ..merged }, rows))
}

/// What two campaigns differ in, first.
fn difference(found: &Charter, now: &Charter) -> String {
    let names = |charter: &Charter| -> Vec<String> {
        charter.workloads.iter().map(|listed| listed.name.clone()).collect()
    };
    if names(found) != names(now) {
        return format!("of {}, and not of {}", names(found).join(", "), names(now).join(", "));
    }
    let changed = found.workloads.iter().zip(&now.workloads).find(|(a, b)| a.digest != b.digest);
    if let Some((listed, _)) = changed {
        return format!("{} says something else now", listed.name);
    }
    let fields = [
        ("version", found.quorate.clone(), now.quorate.clone()),
        ("first seed", found.first_seed.to_string(), now.first_seed.to_string()),
        ("operations", found.ops.to_string(), now.ops.to_string()),
        ("shard", found.shard.clone(), now.shard.clone()),
    ];
    let differs = fields.iter().find(|(_, found, now)| found != now);
    differs.map_or(String::new(), |(name, found, now)| format!("its {name} is {found}, not {now}"))
}
