//! One node: a process whose standard input and output are in our hands.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::mailbox::{Mailboxes, Party};
use super::post::{Letter, Slot};
use crate::process::Process;
use crate::program::maelstrom::{Message, init};
use crate::protocol::NodeId;

/// So much of what is no message is told.
const TOLD_CHARS: usize = 200;

/// What a node has done: it is ready, or it has done something that no node must do.
#[derive(Debug)]
pub(super) struct News {
    pub(super) node: NodeId,
    pub(super) process: u32,
    pub(super) what: Result<(), String>,
}

/// Starts a node, and asks it to get ready.
pub(super) fn start(
    mut command: Command,
    log: &Path,
    id: NodeId,
    (mailboxes, slot, reporter): (Arc<Mailboxes>, Slot, Sender<News>),
) -> io::Result<Process> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = Process::start(command, log)?;
    let child = process.child();
    let stdin = child.stdin.take().expect("the command makes a pipe");
    let stdout = child.stdout.take().expect("the command makes a pipe");
    let name = &mailboxes.names()[usize::from(id)];
    let (input, lines) = channel();
    let _ = input.send(init(name, mailboxes.names()).line());
    let thread = |what: &str| thread::Builder::new().name(format!("{what} {name}"));
    // Neither is waited for: somebody whom the node has started may hold its pipes for longer than it lives.
    thread("writes to").spawn(move || write(stdin, &lines))?;
    mailboxes.open(id, process.id(), input);
    let ear = Ear { id, process: process.id(), mailboxes: Arc::clone(&mailboxes), slot, reporter };
    thread("reads from").spawn(move || ear.listen(stdout))?;
    Ok(process)
}

/// Writes lines until there are none any more, or nobody reads them.
fn write(mut stdin: impl Write, lines: &Receiver<String>) {
    for line in lines {
        if stdin.write_all(line.as_bytes()).is_err() {
            return;
        }
    }
}

/// What hears a node.
struct Ear {
    id: NodeId,
    process: u32,
    mailboxes: Arc<Mailboxes>,
    slot: Slot,
    reporter: Sender<News>,
}

impl Ear {
    /// Hears a node to its end, or until it says what nobody can understand.
    fn listen(self, stdout: impl io::Read) {
        let mut stdout = BufReader::new(stdout);
        let mut line = Vec::new();
        while stdout.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            if let Err(problem) = self.take(text) {
                let told: String = text.chars().take(TOLD_CHARS).collect();
                self.report(Err(format!("says on its standard output `{told}`: {problem}")));
                return;
            }
            line.clear();
        }
    }

    fn take(&self, line: &str) -> Result<(), String> {
        let message = Message::parse(line).map_err(|why| {
            format!("{why}; expected an object with src, dest and body on a line of its own")
        })?;
        let to = self.mailboxes.party(&message.dest)?;
        if to != Party::Harness {
            self.slot.send(Letter { from: Party::Node(self.id), to, message });
        } else if message.is("init_ok") {
            self.mailboxes.ready(self.id, self.process);
            self.report(Ok(()));
        } else if message.is("error") {
            return Err("expected the answer init_ok".to_owned());
        }
        Ok(())
    }

    fn report(&self, what: Result<(), String>) {
        let _ = self.reporter.send(News { node: self.id, process: self.process, what });
    }
}
