//! Programs of somebody else's, one for each node: started by a shell, paused, killed, and gone when we are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::hosts::{LOGS, file_name, make_dir, remove_dir};
use super::{DISKS, LiveError};
use crate::process::Process;
use crate::protocol::NodeId;

/// The programs of all nodes.
#[derive(Debug)]
pub(super) struct Programs {
    names: Vec<String>,
    /// The directory of the run, as an absolute path.
    dir: PathBuf,
    all: Vec<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    process: Process,
    is_paused: bool,
}

impl Programs {
    /// Nodes of these names, all down, with logs and disks in the directory of a run.
    pub(super) fn new(names: &[String], dir: &Path) -> Result<Self, LiveError> {
        make_dir(&dir.join(LOGS))?;
        make_dir(&dir.join(DISKS))?;
        let no_dir = |error| LiveError::Dir { dir: dir.to_owned(), error };
        let dir = dir.canonicalize().map_err(no_dir)?;
        Ok(Self { names: names.to_vec(), dir, all: names.iter().map(|_| None).collect() })
    }

    /// The numbers of all nodes.
    pub(super) fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        0..self.names.len() as NodeId
    }

    /// The name of a node.
    pub(super) fn name(&self, id: NodeId) -> &str {
        &self.names[usize::from(id)]
    }

    /// What a node says on its standard error.
    pub(super) fn log(&self, id: NodeId) -> PathBuf {
        self.dir.join(LOGS).join(format!("{}.log", file_name(&self.names, id)))
    }

    /// The command that is a node, for a shell. It works where we do, and is told its name and a directory of
    /// its own. It ends when we do.
    pub(super) fn command(&self, id: NodeId, start: &str) -> Result<Command, LiveError> {
        let disk = self.disk(id);
        make_dir(&disk)?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "sh", "-c", start]);
        command.env("QUORATE_NODE", self.name(id)).env("QUORATE_DIR", disk);
        Ok(command)
    }

    /// The directory of a node.
    fn disk(&self, id: NodeId) -> PathBuf {
        self.dir.join(DISKS).join(file_name(&self.names, id))
    }

    /// Empties the directory of a node that is down.
    pub(super) fn wipe(&self, id: NodeId) -> Result<(), LiveError> {
        remove_dir(&self.disk(id))
    }

    /// Why a node cannot be started.
    pub(super) fn cannot(&self, id: NodeId, error: std::io::Error) -> LiveError {
        LiveError::Start { node: self.name(id).to_owned(), error }
    }

    /// A node runs from now on.
    pub(super) fn runs(&mut self, id: NodeId, process: Process) {
        self.all[usize::from(id)] = Some(Running { process, is_paused: false });
    }

    /// The process of a node; `None` if it is down.
    pub(super) fn process(&self, id: NodeId) -> Option<u32> {
        self.all[usize::from(id)].as_ref().map(|running| running.process.id())
    }

    /// Ends a node at once. False if it is down already.
    pub(super) fn kill(&mut self, id: NodeId) -> bool {
        let Some(mut running) = self.all[usize::from(id)].take() else { return false };
        running.process.kill();
        true
    }

    /// Stops a node without its knowing. False if it does not run.
    pub(super) fn pause(&mut self, id: NodeId) -> bool {
        let paused = |running: &mut Running| {
            running.process.pause();
            !std::mem::replace(&mut running.is_paused, true)
        };
        self.all[usize::from(id)].as_mut().is_some_and(paused)
    }

    /// Lets a paused node go on. False if it is not paused.
    pub(super) fn resume(&mut self, id: NodeId) -> bool {
        let resumed = |running: &mut Running| {
            running.process.resume();
            std::mem::replace(&mut running.is_paused, false)
        };
        self.all[usize::from(id)].as_mut().is_some_and(resumed)
    }

    /// A node that has ended by itself, if there is one.
    pub(super) fn ended(&mut self) -> Option<LiveError> {
        let (id, how) = self
            .ids()
            .zip(&mut self.all)
            .find_map(|(id, running)| Some((id, running.as_mut()?.process.ended()?.to_string())))?;
        let (log, last_lines) = self.last_words(id);
        Some(LiveError::Ended { node: self.name(id).to_owned(), how, log, last_lines })
    }

    /// A node has done what no node must do.
    pub(super) fn wrong(&self, id: NodeId, what: String) -> LiveError {
        let (log, last_lines) = self.last_words(id);
        LiveError::Wrong { node: self.name(id).to_owned(), what, log, last_lines }
    }

    /// A node does not become ready.
    pub(super) fn not_ready(&self, id: NodeId, after: Duration, why: String) -> LiveError {
        let (log, last_lines) = self.last_words(id);
        LiveError::NotReady { node: self.name(id).to_owned(), after, why, log, last_lines }
    }

    fn last_words(&self, id: NodeId) -> (PathBuf, String) {
        let running = self.all[usize::from(id)].as_ref();
        (self.log(id), running.map(|running| running.process.last_lines()).unwrap_or_default())
    }
}
