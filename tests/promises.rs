//! Every small configuration against its promise, both ways: what is promised holds under every
//! nemesis, and what is not promised can be seen to break.

use std::collections::BTreeMap;
use std::path::Path;

use quorate::judge::{Judged, Judgement, judge};
use quorate::promise::{Condition, Hazards, promise};
use quorate::protocol::{Configuration, Durability, Protocol};
use quorate::rng::Seed;
use quorate::run::simulate;
use quorate::workload::{File, Workload};
use quorate_checker::{Budget, Rung, Verdict};

const NEMESES: [&str; 4] = [
    "",
    "[[nemesis]]\nfault = \"slow-links\"\ntargets = [\"one\", \"minority\"]\nfactor = 30\n\
     interval = \"20ms\"\nduration = \"40ms\"\n",
    "[disk]\nsync = \"exponential 20ms\"\n\
     [[nemesis]]\nfault = \"crash\"\ntargets = [\"one\", \"majority\", \"all\"]\n\
     lose_unsynced = true\ninterval = \"30ms\"\nduration = \"20ms\"\n\
     [[nemesis]]\nfault = \"partition\"\ninterval = \"60ms\"\nduration = \"60ms\"\n",
    "[[nemesis]]\nfault = \"clock-skew\"\nmagnitude = \"50ms\"\ninterval = \"30ms\"\n\
     duration = \"60ms\"\n\
     [[nemesis]]\nfault = \"pause\"\ninterval = \"60ms\"\nduration = \"40ms\"\n",
];

fn workload(cluster: &str, nemesis: &str, ops: u32) -> Workload {
    let clients = if cluster.contains("[clients]") { "" } else { "[clients]\n" };
    let text = format!(
        "[cluster]\n{cluster}\n{clients}count = 6\nkeys = 2\nops = {ops}\n\
         [network]\nloss = 0.01\nduplication = 0.02\n{nemesis}"
    );
    let file = File::parse(Path::new("grid.toml"), &text).expect("it is TOML");
    file.resolve().expect("it is possible")
}

fn run(workload: &Workload, seed: u64) -> Judged {
    let run = simulate(workload, Seed(seed), None, &mut |_| true).expect("nothing is written");
    judge(workload, run, Budget::GENEROUS, || {})
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

/// The other protocols, each in configurations on both sides of every condition.
fn other_clusters() -> Vec<String> {
    let sizes = [(3, 2, 2), (3, 1, 1), (3, 1, 3), (4, 3, 2), (5, 3, 3)];
    let mut clusters = Vec::new();
    for (n, r, w) in sizes {
        for protocol in ["abd-single-writer", "siblings", "voting", "gifford", "caspaxos"] {
            clusters.push(format!("protocol = \"{protocol}\"\nnodes = {n}\nr = {r}\nw = {w}"));
        }
        for write_back in ["false", "false\n[clients]\nwriters = \"all\""] {
            clusters.push(format!(
                "protocol = \"abd-single-writer\"\nnodes = {n}\nr = {r}\nw = {w}\n\
                 write_back = {write_back}"
            ));
        }
    }
    for (pr, pw) in [(0, 0), (1, 1), (2, 2)] {
        clusters.push(format!(
            "protocol = \"sloppy\"\nnodes = 5\nreplicas = 3\nr = 2\nw = 2\npr = {pr}\npw = {pw}"
        ));
    }
    clusters.push("protocol = \"sloppy\"\nnodes = 3\nr = 2\nw = 2".to_owned());
    for (protocol, n, quorum, write_back) in [
        ("abd", 4, 3, true),
        ("abd", 3, 2, true),
        ("masking", 5, 4, true),
        ("masking", 5, 4, false),
        ("masking", 4, 3, true),
        ("masking", 9, 6, true),
    ] {
        for lies in ["forged", "forgotten"] {
            clusters.push(format!(
                "protocol = \"{protocol}\"\nnodes = {n}\nr = {quorum}\nw = {quorum}\n\
                 write_back = {write_back}\nliars = 1\nlies = \"{lies}\""
            ));
        }
    }
    clusters
}

#[test]
fn what_is_promised_holds() {
    let mut linearizable = 0;
    for cluster in clusters(5).into_iter().chain(other_clusters()) {
        for nemesis in NEMESES {
            let workload = workload(&cluster, nemesis, 400);
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

/// The configuration with the remedy applied, as its text says it.
fn remedied(config: &Configuration, hazards: Hazards, remedy: &str) -> (Configuration, Hazards) {
    let (mut config, mut hazards) = (config.clone(), hazards);
    for change in remedy.split("; and ") {
        let change = change.split(", ").next().unwrap_or_default();
        let number = || change.rsplit(' ').next().and_then(|number| number.parse().ok());
        let number = || number().unwrap_or_else(|| panic!("no number in {change:?}"));
        let protocol = change.strip_prefix("protocol = ").map(|word| word.trim_matches('"'));
        match change.split(" = ").next() {
            Some("R") if change.starts_with("R = W") => (config.r, config.w) = (number(), number()),
            Some("R") => config.r = number(),
            Some("W") => config.w = number(),
            Some("PR") => (config.pr, config.pw) = (number(), number()),
            Some("liars") => config.liars = number(),
            _ if protocol.is_some() => {
                let all = Protocol::ALL.iter().copied();
                let named = all.filter(|other| Some(other.name()) == protocol).collect::<Vec<_>>();
                config = Configuration { protocol: named[0], ..config };
            }
            _ if change == "write_back = true" => config.write_back = true,
            _ if change == "clients.writers = \"one\"" => hazards.many_writers = false,
            _ if change == "durability = \"sync-before-ack\"" => {
                config.durability = Durability::SyncBeforeAck;
            }
            _ => panic!("what does {change:?} mean?"),
        }
    }
    (config, hazards)
}

#[test]
fn every_remedy_lifts_the_promise() {
    for cluster in clusters(5).into_iter().chain(other_clusters()) {
        for nemesis in NEMESES {
            let workload = workload(&cluster, nemesis, 1);
            let (config, hazards) = (workload.config.clone(), workload.hazards());
            let promised = promise(&config, hazards);
            if promised.condition == Condition::Linearizable {
                assert_eq!(promised.remedy, "", "{cluster}");
                continue;
            }
            let (remedied, mended) = remedied(&config, hazards, &promised.remedy);
            let lifted = promise(&remedied, mended);
            assert!(
                lifted.condition > promised.condition,
                "{cluster}\n{hazards:?}\n{}: {:?} to {:?}",
                promised.remedy,
                promised.condition,
                lifted.condition
            );
        }
    }
}

/// The weakest condition above what is promised.
fn next_above(promised: Condition) -> Option<Rung> {
    match promised {
        Condition::Anything | Condition::Nothing | Condition::Eventual => Some(Rung::WeakRegular),
        Condition::WeakRegular => Some(Rung::Regular),
        Condition::Regular => Some(Rung::Linearizable),
        Condition::Linearizable => None,
    }
}

/// Whether breaking what is above the promise takes more than these runs have: registers are blocked by the
/// first crash, or a liar that is easily told from others is no help.
fn is_hard_to_break(cluster: &str) -> bool {
    let has = |text| cluster.contains(text);
    has("gifford") && has("nodes = 4") || has("masking") && has("forged")
}

#[test]
fn whatever_is_above_the_promise_can_be_seen_to_break() {
    const SEEDS: u64 = 400;
    let mut never = Vec::new();
    let others = other_clusters().into_iter().filter(|cluster| !is_hard_to_break(cluster));
    for cluster in clusters(4).into_iter().chain(others) {
        let mut above: BTreeMap<Rung, Vec<Workload>> = BTreeMap::new();
        for nemesis in &NEMESES[1..] {
            let workload = workload(&cluster, nemesis, 1000);
            let promised = promise(&workload.config, workload.hazards()).condition;
            if let Some(rung) = next_above(promised) {
                above.entry(rung).or_default().push(workload);
            }
        }
        for (rung, workloads) in above {
            let breaks = |workload: &Workload, seed| {
                let judged = run(workload, seed);
                judged.ladder.rows[rung as usize].verdict() == Verdict::Invalid
            };
            if !(0..SEEDS).any(|seed| workloads.iter().any(|workload| breaks(workload, seed))) {
                never.push(format!("{rung}:\n{cluster}"));
            }
        }
    }
    assert!(never.is_empty(), "never broken in {SEEDS} runs:\n{}", never.join("\n\n"));
}
