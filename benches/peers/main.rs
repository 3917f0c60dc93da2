//! The checker beside Porcupine on the same histories in the same run, from memory; Porcupine's part
//! is skipped where there is no Go to build it with. Then how its time grows with the history, the
//! program itself on files, and a corpus of other projects' histories where there is one.
//!
//! `cargo bench --bench peers`, or with a history of a hundred million operations
//! `QUORATE_HUGE=1 cargo bench --bench peers`

#[path = "../../checker/tests/common/index.rs"]
mod index;
#[path = "../../checker/tests/common/large.rs"]
mod large;

mod corpus;
mod end_to_end;
mod machine;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use large::Large;
use peak_alloc::PeakAlloc;
use quorate::time::{Nanos, show_duration};
use quorate_checker::{
    Budget, Builder, Event, EventKind, History, Rules, Verdict, check, write_jsonl,
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Where the peer gives up.
const SECONDS_MAX: &str = "20";
const MEGABYTES_MAX: &str = "4000";
/// Of so many tries of ours the middle one counts.
const TRIES: usize = 5;

struct Case {
    name: &'static str,
    shape: Large,
    /// Whether a read at nine tenths returns a value from long before.
    damaged: bool,
}

fn cases() -> Vec<Case> {
    let (distinct, small) = (Large::DISTINCT, Large::SMALL_DOMAIN);
    let case = |name, shape| Case { name, shape, damaged: false };
    let damaged = |name, shape| Case { damaged: true, ..case(name, shape) };
    vec![
        case("distinct, 10 clients, 1k", Large { op_count: 1_000, ..distinct }),
        case("distinct, 10 clients, 10k", distinct),
        case("distinct, 10 clients, 100k", Large { op_count: 100_000, ..distinct }),
        case("distinct, 25 clients, 1k", Large { op_count: 1_000, clients: 25, ..distinct }),
        case("distinct, 50 clients, 1k", Large { op_count: 1_000, clients: 50, ..distinct }),
        case("five values and cas, 10 clients, 10k", small),
        case("five values and cas, 10 clients, 100k", Large { op_count: 100_000, ..small }),
        case(
            "five values and cas, 25 clients, 1k",
            Large { op_count: 1_000, clients: 25, ..small },
        ),
        case(
            "five values and cas, 50 clients, 1k",
            Large { op_count: 1_000, clients: 50, ..small },
        ),
        case(
            "distinct, 1 % info, 100k",
            Large { op_count: 100_000, info_per_mille: 10, ..distinct },
        ),
        case(
            "five values and cas, 1 % info, 100k",
            Large { op_count: 100_000, info_per_mille: 10, ..small },
        ),
        damaged("distinct, one violation, 10k", distinct),
        damaged("five values and cas, one violation, 10k", small),
    ]
}

fn events(case: &Case) -> Vec<Event> {
    let mut events = Vec::new();
    large::make(case.shape, 1, |event| events.push(event));
    if case.damaged {
        damage(&mut events);
    }
    events
}

/// Makes a read after nine tenths return what another returned at the beginning: the first for which
/// that is a violation.
fn damage(events: &mut [Event]) {
    let is_read = |event: &Event| event.f == "read" && event.kind == EventKind::Ok;
    let old = events.iter().find(|event| is_read(event)).map(|event| event.value.clone());
    let old = old.expect("somebody reads");
    for place in events.len() * 9 / 10..events.len() {
        if is_read(&events[place]) && events[place].value != old {
            let right = std::mem::replace(&mut events[place].value, old.clone());
            let history = History::from_events(&*events).expect("well-formed");
            let report = check(&history, &Rules::default(), Budget::GENEROUS);
            if report.verdict() == Verdict::Invalid {
                return;
            }
            events[place].value = right;
        }
    }
    panic!("nothing can be damaged");
}

/// A verdict, and what it cost in seconds and megabytes.
struct Cost {
    verdict: String,
    seconds: f64,
    megabytes: f64,
}

fn ours(history: &History) -> Cost {
    let before = MEMORY.current_usage_as_mb();
    MEMORY.reset_peak_usage();
    let begun = Instant::now();
    let report = check(history, &Rules::default(), Budget::GENEROUS);
    let seconds = begun.elapsed().as_secs_f64();
    let megabytes = f64::from(MEMORY.peak_usage_as_mb() - before);
    Cost { verdict: report.verdict().to_string(), seconds, megabytes }
}

/// The middle one of several costs, by time.
fn median(mut costs: Vec<Cost>) -> Cost {
    costs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    costs.swap_remove(costs.len() / 2)
}

/// How the time grows with a history of distinct values: in proportion.
fn curve() {
    println!("\n| distinct values, 10 clients | time | an operation | memory |\n|---|---|---|---|");
    for op_count in [10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000] {
        let mut builder = Builder::default();
        large::make(Large { op_count, ..Large::DISTINCT }, 1, |event| {
            builder.push(&event).expect("made histories are well-formed");
        });
        let history = builder.finish();
        let cost = median((0..TRIES).map(|_| ours(&history)).collect());
        println!(
            "| {op_count} | {} | {:.0} ns | {:.0} MB |",
            show_duration((cost.seconds * 1e9) as Nanos),
            cost.seconds * 1e9 / f64::from(op_count),
            cost.megabytes
        );
    }
}

/// Builds the peer. `None` if that cannot be done here.
fn build_porcupine(dir: &Path) -> Option<PathBuf> {
    let binary = dir.join("porcupine");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/porcupine");
    let built = Command::new("go").arg("build").arg("-o").arg(&binary).current_dir(source).status();
    built.is_ok_and(|status| status.success()).then_some(binary)
}

fn porcupine(binary: &Path, file: &Path) -> Cost {
    let mut command = Command::new(binary);
    let output = command.arg(file).args([SECONDS_MAX, MEGABYTES_MAX]).output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let words: Vec<&str> = text.split_whitespace().collect();
    let [verdict, seconds, megabytes] = words[..] else {
        panic!("{}", String::from_utf8_lossy(&output.stderr))
    };
    let number = |text: &str| text.parse().expect("it prints numbers");
    Cost { verdict: verdict.to_owned(), seconds: number(seconds), megabytes: number(megabytes) }
}

fn main() {
    // Cargo passes its own options; there is nothing to choose here.
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let peer = build_porcupine(dir);
    if peer.is_none() {
        println!("skipped: needs go, to build Porcupine with");
    }
    println!("{}\n", machine::facts());
    println!(
        "| history | verdict | quorate | | Porcupine | | ratio |\n|---|---|---|---|---|---|---|"
    );
    for case in cases() {
        let events = events(&case);
        let history = History::from_events(&events).expect("made histories are well-formed");
        let ours = median((0..TRIES).map(|_| ours(&history)).collect());
        let mut line = format!(
            "| {} | {} | {} | {:.0} MB |",
            case.name,
            ours.verdict,
            show_duration((ours.seconds * 1e9) as Nanos),
            ours.megabytes
        );
        match &peer {
            None => line += " | | |",
            Some(binary) => {
                let file = dir.join("history.jsonl");
                let mut out = BufWriter::new(File::create(&file).expect("the file can be made"));
                for event in &events {
                    write_jsonl(&mut out, event).expect("the disk is not full");
                }
                out.flush().expect("the disk is not full");
                let theirs = porcupine(binary, &file);
                fs::remove_file(&file).expect("it was made");
                let ratio = theirs.seconds / ours.seconds;
                let (answer, more) = match theirs.verdict.as_str() {
                    "memory" => (format!("out of {MEGABYTES_MAX} MB after "), "more than "),
                    "time" => ("no answer in ".to_owned(), "more than "),
                    verdict => {
                        assert_eq!(verdict, ours.verdict, "{}", case.name);
                        (String::new(), "")
                    }
                };
                line += &format!(
                    " {answer}{:.2} s | {:.0} MB | {more}{ratio:.0} |",
                    theirs.seconds, theirs.megabytes
                );
            }
        }
        println!("{line}");
    }
    curve();
    end_to_end::table(dir);
    corpus::row();
}
