//! The program itself on files, reading included.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use quorate_checker::{BinaryWriter, write_jsonl};

use crate::large::{self, Large};

/// With this in the environment, the largest history has a hundred million operations.
const HUGE: &str = "QUORATE_HUGE";
const TRIES: usize = 3;

/// Prints a row for each kind of file.
pub(crate) fn table(dir: &Path) {
    println!("\n| file | size | operations a second, end to end | resident |\n|---|---|---|---|");
    let million = Large { op_count: 1_000_000, ..Large::DISTINCT };
    row(dir, "distinct, 10 clients, 1M, history.jsonl", million, Form::Jsonl, &[]);
    row(dir, "the same in the binary form", million, Form::Binary, &[]);
    let op_count = if std::env::var_os(HUGE).is_some() { 100_000_000 } else { 10_000_000 };
    let keys = Large { op_count, keys: 10_000, clients: 100, ..Large::DISTINCT };
    let name = format!("distinct, 100 clients, 10k keys, {}M, --stream", op_count / 1_000_000);
    row(dir, &name, keys, Form::Binary, &["--stream"]);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Jsonl,
    Binary,
}

fn row(dir: &Path, name: &str, shape: Large, form: Form, options: &[&str]) {
    let file = dir.join(if form == Form::Jsonl { "history.jsonl" } else { "history.bin" });
    write(&file, shape, form);
    let size = fs::metadata(&file).expect("it was written").len();
    let runs = (0..TRIES).map(|_| run(&file, options));
    let (seconds, kilobytes) = runs.min_by(|a, b| a.0.total_cmp(&b.0)).expect("there are some");
    fs::remove_file(&file).expect("it was written");
    println!(
        "| {name} | {} MB | {:.1} million | {} MB |",
        size >> 20,
        f64::from(shape.op_count) / seconds / 1e6,
        kilobytes >> 10
    );
}

fn write(file: &Path, shape: Large, form: Form) {
    let mut out = BufWriter::new(File::create(file).expect("the file can be made"));
    match form {
        Form::Jsonl => {
            large::make(shape, 1, |event| {
                write_jsonl(&mut out, &event).expect("the disk has room");
            });
        }
        Form::Binary => {
            let mut binary = BinaryWriter::new(&mut out).expect("the disk has room");
            large::make(shape, 1, |event| binary.push(&event).expect("the disk has room"));
            binary.flush().expect("the disk has room");
        }
    }
    out.flush().expect("the disk has room");
}

/// Seconds, and the most kilobytes it held, where the system tells.
fn run(file: &Path, options: &[&str]) -> (f64, u64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
    command.arg("check").arg(file).args(options).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let mut child = command.spawn().expect("it starts");
    let status = format!("/proc/{}/status", child.id());
    let mut kilobytes = 0;
    let code = loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse().ok());
        kilobytes = kilobytes.max(peak.unwrap_or(0));
        if let Some(code) = child.try_wait().expect("it can be waited for") {
            break code;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(code.success(), "it is valid");
    (begun.elapsed().as_secs_f64(), kilobytes)
}
