//! A recorded run told as a script is the same run.

use std::path::Path;
use std::sync::Arc;

use quorate::protocol::Protocol;
use quorate::rng::Seed;
use quorate::run::{simulate, simulate_recording};
use quorate::workload::{File, Workload};
use quorate::world::stage::{Script, Step};
use quorate::world::trace::{Ending, Incident, Recording};
use serde_json::Value;

/// Everything that can go wrong does, and clients are as far away as nodes.
const WILD: &str = r#"
[clients]
count = 6
keys = 3
ops = 120
timeout = "40ms"
latency = "uniform 100us 8ms"
settle = "60ms"
[network]
latency = "uniform 100us 9ms"
loss = 0.03
duplication = 0.05
bandwidth = 100_000
[disk]
sync = "uniform 100us 8ms"
[[nemesis]]
fault = "partition"
interval = "60ms"
duration = "50ms"
[[nemesis]]
fault = "crash"
interval = "90ms"
duration = "40ms"
[[nemesis]]
fault = "crash"
lose_unsynced = false
interval = "150ms"
duration = "40ms"
[[nemesis]]
fault = "wipe"
interval = "150ms"
duration = "40ms"
[[nemesis]]
fault = "pause"
interval = "50ms"
duration = "60ms"
[[nemesis]]
fault = "slow-links"
factor = 5
interval = "90ms"
duration = "90ms"
[[nemesis]]
fault = "clock-skew"
interval = "70ms"
duration = "90ms"
magnitude = "30ms"
[[nemesis]]
fault = "slow-disks"
factor = 5
interval = "90ms"
duration = "90ms"
[[nemesis]]
fault = "full-disks"
interval = "150ms"
duration = "40ms"
"#;

fn resolve(text: &str) -> Workload {
    let file = File::parse(Path::new("wild.toml"), text).expect("it is TOML");
    file.resolve().expect("it is possible")
}

fn wild(protocol: Protocol) -> Workload {
    let mix = if protocol.facts().has_cas { "mix = { read = 2, write = 2, cas = 1 }" } else { "" };
    let nodes = if protocol == Protocol::Gifford { 3 } else { 4 };
    let cluster = format!("[cluster]\nprotocol = \"{}\"\nnodes = {nodes}\n", protocol.name());
    resolve(&(cluster + &WILD.replacen("keys = 3", &format!("keys = 3\n{mix}"), 1)))
}

/// What clients saw, event by event, with its times.
fn seen(workload: &Workload, seed: Seed) -> Vec<Value> {
    let mut file = Vec::new();
    simulate(workload, seed, Some(&mut file), &mut |_| true).expect("memory takes everything");
    let lines = file.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let events = lines.map(|line| serde_json::from_slice(line).expect("it is JSON"));
    let mut events: Vec<Value> =
        events.filter(|event: &Value| event["process"] != "nemesis").collect();
    for event in &mut events {
        event.as_object_mut().expect("an event is an object").remove("index");
    }
    events
}

fn told(workload: &Workload, recording: &Recording) -> Workload {
    let config = Arc::new(workload.config.clone());
    let script = recording.script(&config, &workload.node_names);
    let script = Script::parse(script.text(), &workload.node_names).expect("it is a script");
    Workload { script: Some(script), ..workload.clone() }
}

#[test]
fn a_run_told_as_a_script_is_the_same_run() {
    for protocol in Protocol::ALL.iter().copied() {
        let workload = wild(protocol);
        let mut steps = Vec::new();
        for seed in (0..8).map(Seed) {
            let (_, recording) =
                simulate_recording(&workload, seed, &mut |_| true).expect("nothing is written");
            let told = told(&workload, &recording);
            assert_eq!(seen(&told, seed), seen(&workload, seed), "{protocol:?}, {seed}");
            let (_, again) =
                simulate_recording(&told, seed, &mut |_| true).expect("nothing is written");
            let of = |recording: &Recording| -> Vec<(u64, Step)> {
                recording.moments.iter().map(|moment| (moment.at, moment.step.clone())).collect()
            };
            assert_eq!(of(&again), of(&recording), "{protocol:?}, {seed}");
            steps.extend(recording.moments.into_iter().map(|moment| moment.step));
        }
        for (what, happens) in [
            ("crash", steps.iter().any(|step| matches!(step, Step::Crash { .. }))),
            ("wipe", steps.iter().any(|step| matches!(step, Step::Wipe { .. }))),
            ("loss", steps.iter().any(|step| matches!(step, Step::Drop(_)))),
            ("double", steps.iter().any(|step| matches!(step, Step::Duplicate(_)))),
            ("broken connection", steps.iter().any(|step| matches!(step, Step::Disconnect { .. }))),
            ("client that gives up", steps.iter().any(|step| matches!(step, Step::GiveUp { .. }))),
            ("clock", steps.iter().any(|step| matches!(step, Step::SetClock { .. }))),
        ] {
            assert!(happens, "{protocol:?}: no {what}");
        }
    }
}

#[test]
fn a_recording_changes_nothing() {
    let workload = wild(Protocol::Abd);
    let plain = simulate(&workload, Seed(3), None, &mut |_| true).expect("nothing is written");
    let (run, _) =
        simulate_recording(&workload, Seed(3), &mut |_| true).expect("nothing is written");
    assert_eq!((run.duration, run.traffic), (plain.duration, plain.traffic));
    assert_eq!(run.faults, plain.faults);
}

#[test]
fn a_diagram_has_every_message_operation_and_value() {
    let script = "w: write 7 at n1\nwait 2ms\ndeliver store n1 -> n2\nsync n1 n2\n\
                  drop store n1 -> n3\ndeliver holding n2 -> n1\ncrash n2\n";
    let workload = resolve(&format!(
        "script = \"\"\"\n{script}\"\"\"\n[cluster]\nprotocol = \"lww\"\nnodes = 3\n"
    ));
    let (_, recording) =
        simulate_recording(&workload, Seed(0), &mut |_| true).expect("nothing is written");
    let config = Arc::new(workload.config.clone());
    let drawn = recording.spacetime(&config, &[0]).expect("it happened");
    let messages: Vec<_> = drawn
        .messages
        .iter()
        .map(|message| {
            let ended = message.ended.map(|(at, ending)| (at, ending == Ending::Arrived));
            (message.kind, message.from, message.to, message.sent, ended)
        })
        .collect();
    let (begun, later) = (1_000, 2_002_000);
    assert_eq!(
        messages,
        [
            ("store", 0, 1, begun, Some((later, true))),
            ("store", 0, 2, begun, Some((later + 3_000, false))),
            ("holding", 1, 0, later + 2_000, Some((later + 4_000, true))),
        ]
    );
    assert!(drawn.messages.iter().all(|message| message.serves == Some(0)), "{:?}", drawn.messages);
    let [asked] = drawn.operations.as_slice() else { panic!("{:?}", drawn.operations) };
    assert_eq!((asked.begun, asked.arrived), (begun, Some(begun)));
    assert_eq!(asked.ended.map(|(at, _)| at), Some(later + 4_000));
    assert_eq!(asked.answered, Some(later + 4_000));
    let brought: Vec<_> = drawn.holdings.iter().map(|held| held.brought_by).collect();
    assert_eq!(brought, [None, Some(0), None]);
    let held: Vec<_> =
        drawn.holdings.iter().map(|held| (held.from, held.node, held.value)).collect();
    assert_eq!(held, [(begun, 0, Some(7)), (later, 1, Some(7)), (later + 5_000, 1, None)]);
    let crashed = (later + 5_000, 1, Incident::Crashed(false));
    assert_eq!(drawn.incidents.last(), Some(&crashed));
}
