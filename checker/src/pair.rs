//! Which completion belongs to which invocation, and the rules of processes.

use crate::by_number::ByNumber;
use crate::error::ReadError;
use crate::event::{Event, EventKind, Name};

/// The open operations of all processes. `H` is what the caller needs to find an operation again.
pub(crate) struct Pairing<H> {
    processes: ByNumber<State<H>>,
}

enum State<H> {
    Open {
        handle: H,
        f: Name,
        line: u64,
    },
    /// Its last operation ended in info on this line: it never acts again.
    Retired {
        line: u64,
    },
}

impl<H> Default for Pairing<H> {
    fn default() -> Self {
        Self { processes: ByNumber::default() }
    }
}

impl<H> Pairing<H> {
    /// Whether `process` may invoke something.
    pub(crate) fn is_free(&self, process: u32) -> bool {
        self.processes.get(process).is_none()
    }

    /// The handle of the operation that `process` has open.
    pub(crate) fn find(&self, process: u32) -> Option<&H> {
        match self.processes.get(process)? {
            State::Open { handle, .. } => Some(handle),
            State::Retired { .. } => None,
        }
    }

    /// Opens an operation for a process that is free.
    pub(crate) fn open_free(&mut self, process: u32, f: Name, line: u64, handle: H) {
        self.processes.insert(process, State::Open { handle, f, line });
    }

    /// Closes the operation that `process` has open.
    pub(crate) fn close(&mut self, process: u32, kind: EventKind, line: u64) {
        match kind {
            EventKind::Info => drop(self.processes.insert(process, State::Retired { line })),
            EventKind::Invoke | EventKind::Ok | EventKind::Fail => {
                self.processes.remove(process);
            }
        }
    }

    /// Opens an operation for `process`.
    pub(crate) fn invoke(
        &mut self,
        process: u32,
        event: &Event,
        handle: H,
    ) -> Result<(), ReadError> {
        let line = event.line;
        let opened = State::Open { handle, f: event.f.clone(), line };
        let Some(before) = self.processes.insert(process, opened) else { return Ok(()) };
        let problem = match before {
            State::Open { f, line, .. } => format!(
                "process {process} invokes `{}` while its `{f}` of line {line} is still open",
                event.f
            ),
            State::Retired { line } => {
                format!("process {process} invokes `{}` after its info of line {line}", event.f)
            }
        };
        Err(ReadError::field(
            line,
            "process",
            problem,
            "one open operation a process, and none after an info (a new process number instead)",
        ))
    }

    /// The handles of all operations that are still open, in no particular order.
    pub(crate) fn into_open(self) -> Vec<H> {
        let open = self.processes.into_values().filter_map(|state| match state {
            State::Open { handle, .. } => Some(handle),
            State::Retired { .. } => None,
        });
        open.collect()
    }

    /// Closes the operation of `process` and returns its handle.
    pub(crate) fn complete(&mut self, process: u32, event: &Event) -> Result<H, ReadError> {
        let line = event.line;
        match self.processes.remove(process) {
            Some(State::Open { handle, f, line: invoked }) => {
                if f != event.f {
                    return Err(ReadError::field(
                        line,
                        "f",
                        format!("`{}` completes the `{f}` of line {invoked}", event.f),
                        format!("`{f}`"),
                    ));
                }
                if event.kind == EventKind::Info {
                    self.processes.insert(process, State::Retired { line });
                }
                Ok(handle)
            }
            Some(State::Retired { line: retired }) => Err(ReadError::field(
                line,
                "process",
                format!("process {process} acts after its info of line {retired}"),
                "nothing more of a process after an info",
            )),
            None => Err(ReadError::field(
                line,
                "type",
                format!(
                    "`{}` of process {process} completes nothing: it has no open operation",
                    event.kind.name()
                ),
                "an invoke of the same process before",
            )),
        }
    }
}
