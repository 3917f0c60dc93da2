//! What is printed fits a terminal of 80 columns, and where it is no terminal, or colours are not wanted, it is
//! nothing but text.

use std::process::{Command, Stdio};

use super::histories::STALE;
use super::{Shell, project};

const COLUMNS: usize = 80;
const ESCAPE: char = '\u{1b}';

/// What was printed has no line that is too long, except where somebody else has named a file.
fn assert_fits(what: &str, printed: &str) {
    assert!(!printed.is_empty(), "{what} prints nothing");
    assert!(!printed.contains(ESCAPE), "{what}: {printed:?}");
    for line in printed.lines().filter(|line| !line.contains("store/")) {
        assert!(line.chars().count() <= COLUMNS, "{what}: too wide: {line}");
    }
}

#[test]
fn help_fits() {
    let shell = Shell::new();
    let help = shell.quorate("--help").ends(0).out;
    assert_fits("help", &help);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    let names: Vec<&str> = (commands.filter(|line| !line.starts_with("   ")))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names.into_iter().filter(|name| *name != "help") {
        for arguments in [format!("{name} --help"), format!("{name} -h")] {
            assert_fits(&arguments, &shell.quorate(&arguments).ends(0).out);
        }
    }
}

#[test]
fn results_fit() {
    let shell = Shell::new();
    shell.write("stale.edn", STALE);
    let [stale_read, abd] = ["stale-read", "majority-abd"]
        .map(|name| project(&format!("workloads/first-steps/{name}.toml")));
    let anomaly = "histories/register/not-linearizable/new-old-inversion.jsonl";
    std::fs::copy(project(anomaly), shell.path("inversion.jsonl")).expect("it is there");
    let skew = "histories/list-append/not-linearizable/write-skew.jsonl";
    std::fs::copy(project(skew), shell.path("skew.jsonl")).expect("it is there");
    let write_skew = "check skew.jsonl --condition all";
    for (arguments, code) in [
        (format!("run {stale_read} --seed 1"), 0),
        ("run --n 5 --r 2 --w 3 --nemesis partition,slow-links --ops 2000 --seed 2".into(), 1),
        ("check stale.edn".into(), 1),
        ("check inversion.jsonl --condition all".into(), 1),
        ("check inversion.jsonl --stream".into(), 1),
        (write_skew.into(), 1),
        ("convert inversion.jsonl inversion.bin".into(), 0),
        ("explain --n 3 --r 1 --w 2".into(), 0),
        ("explain --system grid:3x4".into(), 0),
        ("explain cassandra --rf 3 --read ONE --write QUORUM".into(), 0),
        ("explain --search a,b,c,d,e --resilience 1".into(), 0),
        ("torture --runs 20 --store tortured".into(), 0),
        ("compare --protocol lww --n 3 --r all --w all --ops 200 --rounds 2".into(), 0),
        (format!("calibrate {abd} --most 5"), 0),
        (format!("shrink {stale_read} --seed 1 --save story.toml"), 0),
        ("prove --protocol lww --r 1 --w 1 --writers 1 --readers 1 --expect stale-read".into(), 0),
        ("systems".into(), 0),
        ("doctor".into(), 0),
    ] {
        let called = shell.quorate(&arguments).ends(code);
        assert_fits(&arguments, &called.out);
        assert!(!called.err.contains(ESCAPE), "{arguments}: {}", called.err);
    }
    let run = shell.quorate("run --seed 3 --ops 200 --store kept").ends(0).out;
    let run =
        run.lines().find_map(|line| line.strip_prefix("run          ")).expect("it says where");
    assert_fits("replay", &shell.quorate(&format!("replay {run}")).ends(0).out);
}

#[test]
fn who_wants_no_colours_gets_none_on_a_terminal() {
    let on_terminal = |command: &str, settings: &[(&str, &str)]| {
        let mut script = Command::new("script");
        script.args(["-qec", command, "/dev/null"]).stdin(Stdio::null());
        script.env("TERM", "xterm").env_remove("NO_COLOR").envs(settings.iter().copied());
        Some(String::from_utf8(script.output().ok()?.stdout).expect("it prints text"))
    };
    let help = format!("{} --help", env!("CARGO_BIN_EXE_quorate"));
    let Some(colourful) = on_terminal(&help, &[]) else {
        println!("skipped: needs script, of util-linux");
        return;
    };
    assert!(colourful.contains(ESCAPE), "a terminal is recognized: {colourful:?}");
    let plain = on_terminal(&help, &[("NO_COLOR", "1")]).expect("it is there");
    assert!(plain.contains("Usage: quorate") && !plain.contains(ESCAPE), "{plain:?}");
}
