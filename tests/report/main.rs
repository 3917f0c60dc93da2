//! Reports as people open them: in a real browser, with real clicks. Screenshots of every look are left
//! in `target/tmp/report`.

mod browser;
mod files;
mod hostile;
mod looks;
mod pictures;
mod site;
mod walks;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use browser::Browser;

/// A directory with reports in it.
struct Reports {
    dir: tempfile::TempDir,
}

impl Reports {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary directory") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn quorate(&self, arguments: &str) -> i32 {
        let status = Command::new(env!("CARGO_BIN_EXE_quorate"))
            .args(arguments.split_whitespace())
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.expect("it starts").code().expect("it ends by itself")
    }

    /// The report of a run with these arguments, in a store of its own.
    fn of_run(&self, store: &str, arguments: &str) -> PathBuf {
        self.quorate(&format!("run {arguments} --store {store} --quiet"));
        let mut runs = fs::read_dir(self.path(store)).expect("there is a store");
        let run = runs.next().expect("there is a run").expect("it is readable");
        run.path().join("report.html")
    }

    /// The report of a history.
    fn of_history(&self, name: &str, history: &str) -> PathBuf {
        let (file, page) = (format!("{name}.jsonl"), format!("{name}.html"));
        fs::write(self.path(&file), history).expect("it is writable");
        assert_eq!(self.quorate(&format!("report {file} -o {page}")), 0);
        self.path(&page)
    }

    fn valid(&self) -> PathBuf {
        self.of_run("valid", "--seed 42")
    }

    fn invalid(&self) -> PathBuf {
        let workload = project("workloads/first-steps/stale-read.toml");
        self.of_run("invalid", &format!("{workload} --seed 1"))
    }

    fn unknown(&self) -> PathBuf {
        let hard = "[clients]\nvalues = 2\nkeys = 2\nops = 500\n";
        fs::write(self.path("hard.toml"), hard).expect("it is writable");
        self.of_run("unknown", "hard.toml --seed 1 --budget 10")
    }
}

/// A file of the project.
fn project(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).display().to_string()
}

/// Does this in a browser, where there is one.
fn in_browser(act: impl AsyncFnOnce(&Browser)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("there is a runtime").block_on(async {
        if let Some(browser) = Browser::start().await {
            act(&browser).await;
            assert_eq!(browser.console().await, Vec::<String>::new(), "the console is empty");
            browser.close().await;
        }
    });
}
