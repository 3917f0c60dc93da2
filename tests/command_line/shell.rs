//! A directory in which the program is called, and what a call comes to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A directory in which the program is called.
pub(crate) struct Shell {
    dir: tempfile::TempDir,
}

/// What a call came to.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Shell {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary directory") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).expect("it is writable");
    }

    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
        command.args(arguments.split_whitespace()).current_dir(self.dir.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Calls the program with arguments that have no blanks in them.
    pub(crate) fn quorate(&self, arguments: &str) -> Called {
        let output = self.command(arguments).output().expect("it starts");
        Called {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("it prints text"),
            err: String::from_utf8(output.stderr).expect("it prints text"),
        }
    }

    /// The only run in `store`, as a path to give to the program.
    pub(crate) fn only_run(&self) -> String {
        let mut runs = fs::read_dir(self.path("store")).expect("there is a store");
        let run = runs.next().expect("there is a run").expect("it is readable");
        assert!(runs.next().is_none(), "there is one run");
        format!("store/{}", run.file_name().to_string_lossy())
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        read_json(&fs::read(self.path(path)).expect("it is readable"))
    }
}

impl Called {
    /// Expects an exit code, and gives back what was printed.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// What was printed, which must be one JSON document.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.err, "");
        read_json(self.out.as_bytes())
    }
}

pub(crate) fn read_json(text: &[u8]) -> Value {
    serde_json::from_slice(text).expect("it is JSON")
}

/// A file of the project.
pub(crate) fn project(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).display().to_string()
}
