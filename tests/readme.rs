//! The README tells the truth: every command in it is run, and prints what stands there.
//!
//! `UPDATE_EXPECT=1 cargo test --test readme` writes down what the commands print now.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use expect_test::expect_file;
use quorate::workload::File;

/// When all runs began, as far as the README is concerned.
const BEGAN: &str = "20261123T201500";

/// What a command prints, with the time at which a run began replaced.
fn output(command: &str, dir: &Path) -> String {
    let arguments = ["cargo run --release -- ", "quorate "]
        .iter()
        .find_map(|program| command.strip_prefix(program))
        .unwrap_or_else(|| panic!("not a command of ours: {command}"));
    let output = Command::new(env!("CARGO_BIN_EXE_quorate"))
        .args(arguments.split(' '))
        .current_dir(dir)
        .output()
        .expect("it starts");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{command}");
    let mut text = String::from_utf8(output.stdout).expect("it is text");
    // Later commands name the run by the time in the README.
    if let Some(at) = text.find("store/") {
        let began = text[at + 6..at + 6 + BEGAN.len()].to_owned();
        let name = text[at + 6..].split_whitespace().next().expect("a name").to_owned();
        let path = dir.join("store").join(&name);
        if began != BEGAN && path.exists() {
            fs::rename(&path, dir.join("store").join(name.replace(&began, BEGAN)))
                .expect("the run is renamed");
        }
        text = text.replace(&began, BEGAN);
    }
    text
}

#[test]
fn commands_print_what_stands_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = tempfile::tempdir().expect("a temporary directory");
    for name in ["workloads", "histories"] {
        symlink(root.join(name), dir.path().join(name)).expect("a link");
    }
    let readme = fs::read_to_string(root.join("README.md")).expect("it is readable");
    let (mut regenerated, mut in_console, mut commands) = (String::new(), false, 0);
    for line in readme.lines() {
        match line {
            "```console" => in_console = true,
            "```" => in_console = false,
            _ => {}
        }
        let command = line.strip_prefix("$ ").filter(|_| in_console);
        if !in_console || line == "```console" || command.is_some() {
            regenerated += &format!("{line}\n");
        }
        if let Some(command) = command {
            regenerated += &output(command, dir.path());
            commands += 1;
        }
    }
    assert!(commands > 3, "only {commands} commands");
    expect_file!["../README.md"].assert_eq(&regenerated);
}

#[test]
fn the_reference_of_workloads_is_a_workload() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads/README.md");
    let text = fs::read_to_string(&path).expect("it is readable");
    let blocks = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    for block in blocks {
        let file = File::parse(&path, block).expect("it is right");
        file.resolve().expect("it is possible");
    }
}
