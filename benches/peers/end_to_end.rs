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
/// The middle one of so many tries counts; the largest history is checked once.
const TRIES: usize = 5;

/// Prints a row for each kind of file.
pub(crate) fn table(dir: &Path) {
    println!(
        "\n| file | size | operations a second | a CPU second | resident |\n|---|---|---|---|---|"
    );
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
    let tries = if shape.op_count > 10_000_000 { 1 } else { TRIES };
    let mut runs: Vec<Run> = (0..tries).map(|_| run(&file, options)).collect();
    fs::remove_file(&file).expect("it was written");
    let kilobytes = runs.iter().map(|run| run.kilobytes).max().unwrap_or_default();
    let mut middle = |seconds: fn(&Run) -> f64| {
        runs.sort_by(|a, b| seconds(a).total_cmp(&seconds(b)));
        seconds(&runs[tries / 2])
    };
    let millions = f64::from(shape.op_count) / 1e6;
    println!(
        "| {name} | {} MB | {:.1} million | {:.1} million | {} MB |",
        size >> 20,
        millions / middle(|run| run.seconds),
        millions / middle(|run| run.cpu_seconds),
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
    // Nobody is to write it back while it is read.
    out.get_ref().sync_all().expect("the disk has room");
}

/// What a run of the program cost, as far as the system tells.
struct Run {
    seconds: f64,
    /// Of all threads.
    cpu_seconds: f64,
    /// The most it held.
    kilobytes: u64,
}

fn run(file: &Path, options: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
    command.arg("check").arg(file).args(options).stdout(Stdio::null()).stderr(Stdio::null());
    let (begun, cpu_begun) = (Instant::now(), cpu_seconds_of_children());
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
    let cpu_seconds = cpu_seconds_of_children() - cpu_begun;
    Run { seconds: begun.elapsed().as_secs_f64(), cpu_seconds, kilobytes }
}

/// What the children that have ended cost in user and system time, to the hundredth.
fn cpu_seconds_of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in parentheses, may hold blanks; the fields behind it are numbers.
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks: f64 = fields.skip(13).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / 100.0
}
