//! Other programs: started, paused, killed, and gone when we are.
//!
//! Nothing in here knows what a program does: a node of ours and any other program are started and
//! stopped in the same way.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

pub use rustix::process::Signal;
use rustix::process::{
    Pid, getppid, kill_process, kill_process_group, set_parent_process_death_signal,
};

/// So much of the end of a log is read for its last lines.
const LAST_BYTES: u64 = 4 << 10;
/// So many last lines are told.
const LAST_LINES: usize = 5;
/// How often it is looked whether a program has stopped.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// A program that runs, or has run. Whatever it started in its process group ends with it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program. Its standard error goes to the end of `log`.
    pub fn start(mut command: Command, log: &Path) -> io::Result<Self> {
        let file = end_of(log)?;
        // In a group of its own a Ctrl-C at our terminal does not reach it.
        command.stderr(Stdio::from(file)).process_group(0);
        let child = spawn(command)?;
        Ok(Self { child, log: log.to_owned() })
    }

    /// Starts a program that nobody talks to. All it says goes to the end of `log`.
    pub fn start_alone(mut command: Command, log: &Path) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::from(end_of(log)?));
        Self::start(command, log)
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The program's end of what the command made a pipe.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Ends it at once, as SIGKILL does, and waits until it is gone. False if it had ended before.
    pub fn kill(&mut self) -> bool {
        let has_run = self.ended().is_none();
        self.signal(Signal::KILL);
        let _ = self.child.wait();
        has_run
    }

    /// Asks it to end in good order, and kills it if it has not by `patience`.
    pub fn stop(&mut self, patience: Duration) -> Option<ExitStatus> {
        self.signal(Signal::TERM);
        // A paused program hears nothing.
        self.signal(Signal::CONT);
        self.wait(patience)
    }

    /// Waits until it has ended, and kills it if it has not by `patience`.
    pub fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            thread::sleep(LOOK_EVERY);
        }
        self.kill();
        None
    }

    /// Stops it without its knowing.
    pub fn pause(&mut self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&mut self) {
        self.signal(Signal::CONT);
    }

    /// The last lines of its log, each after a line break; nothing if there are none.
    pub fn last_lines(&self) -> String {
        last_lines(&self.log).unwrap_or_default()
    }

    /// Its whole group gets the signal. It has not been waited for, so that the number is still its own.
    fn signal(&mut self, signal: Signal) {
        if self.ended().is_none()
            && let Some(group) = Pid::from_raw(self.child.id() as i32)
        {
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn end_of(log: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(log)
}

fn last_lines(log: &Path) -> io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LAST_BYTES)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
    Ok(last.iter().flat_map(|line| ["\n  ", line]).collect())
}

type Order = (Command, SyncSender<io::Result<Child>>);

/// Programs are told of the death of the thread that started them, so that thread lives as long as the
/// whole process.
static STARTER: LazyLock<std::sync::mpsc::Sender<Order>> = LazyLock::new(|| {
    let (orders, queue): (_, Receiver<Order>) = channel();
    thread::Builder::new()
        .name("starter".to_owned())
        .spawn(move || {
            for (mut command, reply) in queue {
                let _ = reply.send(command.spawn());
            }
        })
        .expect("a process can have one more thread");
    orders
});

fn spawn(command: Command) -> io::Result<Child> {
    let (reply, started) = sync_channel(1);
    let gone = || io::Error::other("the thread that starts programs is gone");
    STARTER.send((command, reply)).map_err(|_| gone())?;
    started.recv().map_err(|_| gone())?
}

/// Makes this process die with its parent, which must be `parent`: if that has died before it could be
/// told, this is an error.
pub fn die_with(parent: u32) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let is_there = getppid().is_some_and(|pid| pid.as_raw_nonzero().get() as u32 == parent);
    if is_there {
        Ok(())
    } else {
        Err(io::Error::other("the process that started this one is gone"))
    }
}

/// Sends a signal to a process that is not a child of ours. One that is gone hears nothing.
pub fn signal(id: u32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(id as i32) {
        let _ = kill_process(pid, signal);
    }
}

/// Whether a process of this number exists, a zombie not counted.
pub fn exists(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The name stands in brackets and may itself have any.
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}
