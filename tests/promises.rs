//! Every small configuration against its promise, both ways: what is promised holds under every
//! nemesis, and what is not promised can be seen to break.

use std::collections::BTreeMap;
use std::path::Path;

use quorate::judge::{Judged, Judgement, judge};
use quorate::promise::{Condition, Hazards, promise};
use quorate::protocol::{
    Acks, Asks, Change, Configuration, Durability, Election, MissingValue, Protocol, Reads, Setting,
};
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

/// One that lasts long enough for a change of leaders, and more. For protocols with a leader.
const LONG_CUTS: &str = "[[nemesis]]\nfault = \"partition\"\nshapes = [\"one\", \"halves\"]\n\
     interval = \"60ms\"\nduration = \"150ms\"\n\
     [[nemesis]]\nfault = \"clock-skew\"\ntargets = [\"majority\"]\nmagnitude = \"500ms\"\n\
     interval = \"10ms\"\nduration = \"30ms\"\n\
     [[nemesis]]\nfault = \"crash\"\ntargets = [\"one\"]\ninterval = \"100ms\"\n\
     duration = \"80ms\"\n";

/// Few clients, who read and write.
const FEW: &str = "count = 6\nkeys = 2";
/// Many clients, who mostly read: some are left to do so beside a leader that commits nothing.
const MANY: &str = "count = 24\nkeys = 2\nmix = { read = 8, write = 1 }";

fn workload(cluster: &str, clients: &str, nemesis: &str, ops: u32) -> Workload {
    let header = if cluster.contains("[clients]") { "" } else { "[clients]\n" };
    let text = format!(
        "[cluster]\n{cluster}\n{header}{clients}\nops = {ops}\n\
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
    for (n, r, w) in [(3, 2, 2), (3, 1, 3), (4, 3, 2)] {
        clusters.push(format!(
            "protocol = \"caspaxos\"\nnodes = {n}\nr = {r}\nw = {w}\nplain_writes = true"
        ));
    }
    for change in ["joint", "alone"] {
        for (members, new_members) in [
            ("\"n1\", \"n2\", \"n3\"", "\"n3\", \"n4\", \"n5\""),
            ("\"n1\", \"n2\", \"n3\"", "\"n1\", \"n2\", \"n3\", \"n4\""),
            ("\"n1\"", "\"n2\", \"n3\", \"n4\", \"n5\""),
        ] {
            clusters.push(format!(
                "protocol = \"members\"\nnodes = 5\nmembers = [{members}]\n\
                 new_members = [{new_members}]\nchange = \"{change}\"\nchange_after = \"40ms\""
            ));
        }
    }
    for (n, r, w) in [(3, 2, 2), (5, 3, 3), (4, 3, 2), (5, 2, 2)] {
        for protocol in ["abd", "abd-single-writer", "lww"] {
            for asks in ["enough", "chance", "alive"] {
                clusters.push(format!(
                    "protocol = \"{protocol}\"\nnodes = {n}\nr = {r}\nw = {w}\nasks = \"{asks}\""
                ));
            }
            clusters.push(format!(
                "protocol = \"{protocol}\"\nnodes = {n}\nr = {r}\nw = {w}\ndigests = true"
            ));
        }
    }
    for protocol in ["abd", "abd-single-writer", "lww", "siblings"] {
        clusters.push(format!("protocol = \"{protocol}\"\nnodes = 3\nanti_entropy = true"));
    }
    for (n, quorum, witnesses) in [(3, 2, 1), (3, 2, 2), (5, 3, 2), (4, 4, 1)] {
        for missing_value in ["wait", "return-older"] {
            for write_back in [true, false] {
                clusters.push(format!(
                    "protocol = \"abd\"\nnodes = {n}\nr = {quorum}\nw = {quorum}\n\
                     witnesses = {witnesses}\nmissing_value = \"{missing_value}\"\n\
                     write_back = {write_back}"
                ));
            }
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

/// Protocols that put all operations into one order: their ways to read, and what they wait for.
fn ordered_clusters(n_max: u16) -> Vec<String> {
    let mut clusters = Vec::new();
    for n in 1..=n_max {
        for reads in ["log", "read-index", "lease", "sync", "any"] {
            clusters.push(format!("protocol = \"raft\"\nnodes = {n}\nreads = \"{reads}\""));
        }
        for reads in ["tail", "any"] {
            clusters.push(format!("protocol = \"chain\"\nnodes = {n}\nreads = \"{reads}\""));
        }
        let counts = (0..n).map(|count| count.to_string());
        for acks in counts.chain(["\"insync\"".to_owned()]) {
            for election in ["latest", "any"] {
                if n == 2 && acks.contains("insync") && election == "any" {
                    // Breakable, but only by a cut of a few milliseconds just when both agree on one.
                    continue;
                }
                for reads in ["read-index", "sync"] {
                    clusters.push(format!(
                        "protocol = \"primary\"\nnodes = {n}\nacks = {acks}\n\
                         election = \"{election}\"\nreads = \"{reads}\""
                    ));
                }
            }
        }
    }
    for protocol in ["raft", "primary", "chain"] {
        clusters.push(format!(
            "protocol = \"{protocol}\"\nnodes = 3\ndurability = \"ack-before-sync\""
        ));
    }
    clusters
}

#[test]
fn what_is_promised_holds() {
    assert_kept(&[clusters(5), other_clusters()].concat(), FEW, &NEMESES, 4);
}

#[test]
fn what_is_promised_of_one_order_holds() {
    let nemeses = [&NEMESES[..], &[LONG_CUTS]].concat();
    assert_kept(&ordered_clusters(3), MANY, &nemeses, 2);
    let more = ["raft", "primary", "chain"].map(|name| format!("protocol = \"{name}\"\nnodes = 5"));
    assert_kept(&more, FEW, &nemeses, 8);
}

fn assert_kept(clusters: &[String], clients: &str, nemeses: &[&str], seeds: u64) {
    let mut linearizable = 0;
    for cluster in clusters {
        for nemesis in nemeses {
            let workload = workload(cluster, clients, nemesis, 400);
            let promised = promise(&workload.config, workload.hazards()).condition;
            for seed in 0..seeds {
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
    assert!(linearizable > 50, "only {linearizable} runs were promised to be linearizable");
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
                let is_set = config.protocol.facts().settings.contains(&Setting::WriteBack);
                let write_back =
                    if is_set { config.write_back } else { named[0].facts().writes_back };
                config = Configuration { protocol: named[0], write_back, ..config };
            }
            _ if change == "write_back = true" => config.write_back = true,
            _ if change == "clients.writers = \"one\"" => hazards.many_writers = false,
            _ if change == "durability = \"sync-before-ack\"" => {
                config.durability = Durability::SyncBeforeAck;
            }
            Some("acks") => config.acks = Acks::Count(number()),
            _ if change == "election = \"latest\"" => config.election = Election::Latest,
            _ if change == "reads = \"read-index\"" => config.reads = Reads::ReadIndex,
            _ if change == "asks = \"enough\"" => config.asks = Asks::Enough,
            _ if change == "change = \"joint\"" => config.change = Change::Joint,
            _ if change == "plain_writes = false" => config.plain_writes = false,
            _ if change == "missing_value = \"wait\"" => {
                config.missing_value = MissingValue::Wait;
            }
            _ if change == "reads = \"tail\"" => config.reads = Reads::Tail,
            _ => panic!("what does {change:?} mean?"),
        }
    }
    (config, hazards)
}

#[test]
fn every_remedy_lifts_the_promise() {
    let all = [clusters(5), other_clusters(), ordered_clusters(5)].concat();
    for cluster in all {
        for nemesis in NEMESES {
            let workload = workload(&cluster, FEW, nemesis, 1);
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
        Condition::Anything | Condition::Nothing | Condition::Eventual | Condition::Sequential => {
            Some(Rung::WeakRegular)
        }
        Condition::WeakRegular => Some(Rung::Regular),
        Condition::Regular => Some(Rung::Linearizable),
        Condition::AtLeastOnce => panic!("no protocol promises what queues do"),
        Condition::StrongEventual | Condition::ConvergentRegular => panic!("registers are none"),
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
    let others = other_clusters().into_iter().filter(|cluster| !is_hard_to_break(cluster));
    let all = [clusters(4), others.collect()].concat();
    assert_breakable(&all, FEW, &NEMESES[1..]);
}

#[test]
fn whatever_is_above_the_promise_of_one_order_can_be_seen_to_break() {
    let nemeses = [&NEMESES[1..], &[LONG_CUTS]].concat();
    assert_breakable(&ordered_clusters(3), MANY, &nemeses);
}

fn assert_breakable(clusters: &[String], clients: &str, nemeses: &[&str]) {
    const SEEDS: u64 = 400;
    let mut never = Vec::new();
    for cluster in clusters {
        let mut above: BTreeMap<Rung, Vec<Workload>> = BTreeMap::new();
        for nemesis in nemeses {
            let workload = workload(cluster, clients, nemesis, 1000);
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
