//! Every small configuration against its promise, both ways: what is promised holds under every
//! nemesis, and what is not promised can be seen to break.

use std::path::Path;

use quorate::judge::{Judged, Judgement, judge};
use quorate::quorum::{Condition, promise};
use quorate::rng::Seed;
use quorate::run::simulate;
use quorate::workload::{File, Workload};
use quorate_checker::{Budget, Verdict};

const NEMESES: [&str; 4] = [
    "",
    "[[nemesis]]\nfault = \"slow-links\"\ntargets = [\"one\", \"minority\"]\nfactor = 30\n\
     interval = \"20ms\"\nduration = \"40ms\"\n",
    "[disk]\nsync = \"exponential 5ms\"\n\
     [[nemesis]]\nfault = \"crash\"\ntargets = [\"one\", \"majority\", \"all\"]\n\
     lose_unsynced = true\ninterval = \"30ms\"\nduration = \"20ms\"\n\
     [[nemesis]]\nfault = \"partition\"\ninterval = \"60ms\"\nduration = \"60ms\"\n",
    "[[nemesis]]\nfault = \"clock-skew\"\nmagnitude = \"50ms\"\ninterval = \"30ms\"\n\
     duration = \"60ms\"\n\
     [[nemesis]]\nfault = \"pause\"\ninterval = \"60ms\"\nduration = \"40ms\"\n",
];

fn workload(cluster: &str, nemesis: &str, ops: u32) -> Workload {
    let text = format!(
        "[cluster]\n{cluster}\n[clients]\ncount = 6\nkeys = 2\nops = {ops}\n\
         [network]\nloss = 0.01\nduplication = 0.02\n{nemesis}"
    );
    let file = File::parse(Path::new("grid.toml"), &text).expect("it is TOML");
    file.resolve().expect("it is possible")
}

fn run(workload: &Workload, seed: u64) -> Judged {
    let run = simulate(workload, Seed(seed), None, &mut |_| true).expect("nothing is written");
    judge(workload, run, Budget::GENEROUS, |_| {})
}

/// Every protocol, N, R, W and way to read.
fn clusters(n_max: u16) -> Vec<String> {
    let mut clusters = Vec::new();
    for n in 1..=n_max {
        for (r, w) in (1..=n).flat_map(|r| (1..=n).map(move |w| (r, w))) {
            for protocol in ["abd", "lww"] {
                for write_back in [false, true] {
                    for durability in ["sync-before-ack", "ack-before-sync"] {
                        clusters.push(format!(
                            "protocol = \"{protocol}\"\nnodes = {n}\nr = {r}\nw = {w}\n\
                             write_back = {write_back}\ndurability = \"{durability}\""
                        ));
                    }
                }
            }
        }
    }
    clusters
}

#[test]
fn what_is_promised_holds() {
    let mut linearizable = 0;
    for cluster in clusters(5) {
        for nemesis in NEMESES {
            let workload = workload(&cluster, nemesis, 250);
            let promised = promise(&workload.config, workload.hazards()).condition;
            for seed in 0..4 {
                let judged = run(&workload, seed);
                let what = format!("{cluster}\n{nemesis}seed {seed}: {:?}", judged.violations);
                assert_ne!(judged.judgement, Judgement::Broken, "{what}");
                if promised == Condition::Linearizable {
                    assert_eq!(judged.verdict, Verdict::Valid, "{what}");
                    linearizable += 1;
                }
            }
        }
    }
    assert!(linearizable > 200, "only {linearizable} runs were promised to be linearizable");
}

#[test]
fn what_is_not_promised_can_be_seen_to_break() {
    const SEEDS: u64 = 100;
    let never: Vec<String> = clusters(4)
        .into_iter()
        .filter(|cluster| {
            let mut weaker = (NEMESES[1..].iter())
                .map(|nemesis| workload(cluster, nemesis, 600))
                .filter(|workload| {
                    let promised = promise(&workload.config, workload.hazards());
                    promised.condition < Condition::Linearizable
                })
                .peekable();
            let breaks = |workload: &Workload| {
                (0..SEEDS).any(|seed| run(workload, seed).verdict == Verdict::Invalid)
            };
            weaker.peek().is_some() && !weaker.any(|workload| breaks(&workload))
        })
        .collect();
    assert!(never.is_empty(), "never broken in {SEEDS} runs:\n{}", never.join("\n\n"));
}
