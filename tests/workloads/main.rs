//! Every workload of the collection comes out as it says it must, again and again.

mod oracle;

use std::fs;
use std::path::{Path, PathBuf};

use quorate::judge::{Judged, Judgement, judge};
use quorate::nemesis::FaultKind;
use quorate::rng::Seed;
use quorate::run::simulate;
use quorate::workload::{File, Overrides, Workload};
use quorate_checker::{Budget, Rung, Verdict};

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(dir).expect("the collection is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if ["systems", "maelstrom", "http"].iter().any(|name| path.ends_with(name)) {
            // Not simulated, but run, by tests of their own.
            continue;
        }
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
}

fn parse(path: &Path, text: &str) -> Workload {
    let file = File::parse(path, text).unwrap_or_else(|error| panic!("{error}"));
    file.resolve().unwrap_or_else(|error| panic!("{error}"))
}

/// All files of the collection.
fn texts() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads"), &mut found);
    assert!(found.len() >= 5, "only {} workloads", found.len());
    let load = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("it is readable");
        (path, text)
    };
    found.into_iter().map(load).collect()
}

fn workloads() -> Vec<Workload> {
    texts().iter().map(|(path, text)| parse(path, text)).collect()
}

/// The history of a run as its file says it.
fn recorded(workload: &Workload, seed: u64) -> Vec<u8> {
    let mut file = Vec::new();
    simulate(workload, Seed(seed), Some(&mut file), &mut |_| true).expect("memory takes it all");
    file
}

/// Every workload has to come out right with so many seeds.
const SEEDS: u64 = 10;

/// With how many seeds to run: more, if somebody asks for them.
fn seeds() -> u64 {
    let asked = std::env::var("QUORATE_SEEDS").ok();
    asked.map_or(SEEDS, |count| count.parse().expect("QUORATE_SEEDS is a number"))
}

fn judged(workload: &Workload, seed: u64) -> Judged {
    let run = simulate(workload, Seed(seed), None, &mut |_| true).expect("no file");
    judge(workload, run, Budget::GENEROUS, || {})
}

/// Where something is to be found, the first seeds must show it, and of the others it is told how many do.
#[test]
fn each_ends_as_it_says_it_must_ten_seeds_in_a_row() {
    for workload in workloads() {
        let mut shown = 0;
        for seed in 1..=seeds() {
            let judged = judged(&workload, seed);
            let what = format!("{}, seed {seed}: {:?}", workload.name, judged.violations);
            assert_ne!(judged.judgement, Judgement::Broken, "{what}");
            if seed <= SEEDS || !workload.expect.is_found() {
                assert_eq!(judged.as_expected, Some(true), "{what}");
                assert_eq!(judged.evidence.vacuous, "", "{what}");
            }
            shown += u64::from(judged.as_expected == Some(true));
        }
        if workload.expect.is_found() {
            println!("{}: {} with {shown} of {} seeds", workload.name, workload.expect, seeds());
        }
    }
}

#[test]
fn what_is_kept_is_kept_under_every_fault_at_once() {
    // Nothing is kept where nodes forget.
    let every = FaultKind::ALL.into_iter().filter(|kind| *kind != FaultKind::Wipe);
    let every: Vec<String> = every.map(|kind| kind.name().to_owned()).collect();
    let mut linearizable = 0;
    for (path, text) in texts() {
        let mut file = File::parse(&path, &text).expect("it is right");
        file.overrule(Overrides { nemesis: Some(every.clone()), ..Overrides::default() });
        let workload = file.resolve();
        // A script has no nemesis.
        let Some(workload) = workload.ok().filter(|workload| !workload.expect.is_found()) else {
            continue;
        };
        for seed in 1..=seeds() / SEEDS {
            let judged = judged(&workload, seed);
            let what = format!("{}, seed {seed}: {:?}", workload.name, judged.violations);
            assert_ne!(judged.judgement, Judgement::Broken, "{what}");
            linearizable += u64::from(judged.judgement == Judgement::Kept);
        }
    }
    assert!(linearizable > 15, "only {linearizable} runs were linearizable, and had to be");
}

#[test]
fn replicas_that_compare_what_they_hold_agree_once_it_is_quiet() {
    let all = workloads();
    let compares =
        all.iter().find(|workload| workload.name == "anti-entropy").expect("it is there");
    let mut compares_not = compares.clone();
    compares_not.config.anti_entropy = false;
    for seed in 1..=10 {
        let agreement = |workload: &Workload| {
            judged(workload, seed).ladder.rows[Rung::Convergence as usize].verdict()
        };
        assert_eq!(agreement(compares), Verdict::Valid, "seed {seed}");
        assert_eq!(agreement(&compares_not), Verdict::Invalid, "seed {seed}");
    }
}

#[test]
fn each_says_what_it_shows() {
    for workload in workloads() {
        assert!(workload.about.ends_with('.'), "{}: {:?}", workload.name, workload.about);
    }
}

#[test]
fn a_setting_that_means_nothing_to_the_protocol_is_refused() {
    let refused = |cluster: &str| {
        let text = format!("[cluster]\n{cluster}");
        let file = File::parse(Path::new("w.toml"), &text).expect("it is TOML");
        file.resolve().expect_err("it is refused").to_string()
    };
    assert_eq!(
        refused("protocol = \"raft\"\nr = 2"),
        "w.toml:3: field `cluster.r`: means nothing to protocol raft; expected protocol abd, \
         abd-single-writer, lww, sloppy, siblings, crdt, voting, gifford, masking or caspaxos"
    );
    assert_eq!(
        refused("acks = 1"),
        "w.toml:2: field `cluster.acks`: means nothing to protocol abd; expected protocol primary"
    );
    assert_eq!(
        refused("protocol = \"chain\"\nreads = \"lease\""),
        "w.toml:3: field `cluster.reads`: found \"lease\"; expected tail or any"
    );
    assert_eq!(
        refused("protocol = \"primary\"\nnodes = 3\nacks = 3"),
        "w.toml:4: field `cluster.acks`: 3; expected 0 to 2"
    );
    assert_eq!(
        refused("protocol = \"primary\"\nacks = \"quorum\""),
        "w.toml:3: field `cluster.acks`: found \"quorum\"; expected \"insync\", or how many backups a \
         write waits for"
    );
    assert_eq!(
        refused("protocol = \"lww\"\nplain_writes = true"),
        "w.toml:3: field `cluster.plain_writes`: means nothing to protocol lww; expected protocol caspaxos"
    );
    assert_eq!(
        refused("nodes = 3\nwitnesses = 3"),
        "w.toml:3: field `cluster.witnesses`: 3 witnesses >= N = 3: nobody has a value; expected 0 to 2"
    );
    assert_eq!(
        refused("witnesses = 1\nanti_entropy = true"),
        "w.toml:2: field `cluster.witnesses`: witnesses are told by their number and have nothing to give to \
         others; expected anti_entropy = false beside them"
    );
    assert_eq!(
        refused("protocol = \"members\"\nmembers = [\"n1\", \"n4\"]"),
        "w.toml:3: field `cluster.members`: no node \"n4\"; expected n1, n2 or n3"
    );
    assert_eq!(
        refused("protocol = \"members\"\nnew_members = []"),
        "w.toml:3: field `cluster.new_members`: an empty list; expected at least one node"
    );
    assert_eq!(
        refused("protocol = \"members\"\nr = 2\nchange = \"joint\""),
        "w.toml:3: field `cluster.r`: means nothing to protocol members; expected protocol abd, \
         abd-single-writer, lww, sloppy, siblings, crdt, voting, gifford, masking or caspaxos"
    );
    assert_eq!(
        refused("system = \"grid:2x2\"\nasks = \"chance\""),
        "w.toml:3: field `cluster.asks`: asks = \"chance\" takes so many nodes, whichever they are; expected r \
         and w instead of a system"
    );
    assert_eq!(
        refused("witnesses = 1\nmissing_value = \"guess\""),
        "w.toml:3: field `cluster.missing_value`: found \"guess\"; expected wait or return-older"
    );
    assert_eq!(
        refused("protocol = \"primary\"\nmin_insync = 2"),
        "w.toml:3: field `cluster.min_insync`: nobody keeps account of who is in sync; expected \
         acks = \"insync\" beside it"
    );
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_others_unless_there_is_a_script() {
    for workload in workloads() {
        let bytes = recorded(&workload, 1);
        assert!(!bytes.is_empty());
        assert!(bytes == recorded(&workload, 1), "{}: seed 1 gives two histories", workload.name);
        let matters = bytes != recorded(&workload, 2);
        assert_eq!(matters, workload.script.is_none(), "{}: whether seeds matter", workload.name);
    }
}

#[test]
fn a_resolved_workload_is_a_file_that_resolves_to_itself() {
    let everything = "
        about = \"everything: \\\"quoted\\\"\"
        expect = \"violation\"
        [cluster]
        protocol = \"lww\"
        nodes = [\"left\", \"right\", \"far away\"]
        r = 1
        w = 3
        write_back = true
        durability = \"ack-before-sync\"
        [clients]
        count = 7
        keys = 3
        ops_per_key = 100
        mix = { read = 3, write = 2 }
        values = 4
        ops = 1_000
        time_limit = \"90s\"
        rate = 333.3
        pace = \"fixed\"
        timeout = \"70ms\"
        latency = \"uniform 1ms 2ms\"
        final_reads = false
        settle = \"1s 500ms\"
        [network]
        latency = \"lognormal 2ms 0.7\"
        loss = 0.015
        duplication = 0.001
        reordering = false
        bandwidth = 12_345
        cut = \"reset\"
        [[network.links]]
        from = \"left\"
        to = \"far away\"
        latency = \"pareto 10ms 1.5\"
        [disk]
        sync = \"constant 3ms\"
        fsync = false
        [[nemesis]]
        fault = \"partition\"
        shapes = [\"bridge\", \"one-way\"]
        interval = \"1s\"
        duration = \"333us\"
        [[nemesis]]
        fault = \"crash\"
        targets = [\"majority\"]
        lose_unsynced = true
        [[nemesis]]
        fault = \"wipe\"
        targets = [\"minority\"]
        [[nemesis]]
        fault = \"pause\"
        [[nemesis]]
        fault = \"slow-links\"
        factor = 7
        [[nemesis]]
        fault = \"clock-skew\"
        magnitude = \"1us\"
        [[nemesis]]
        fault = \"slow-disks\"
        factor = 9
        [[nemesis]]
        fault = \"full-disks\"
        targets = [\"all\"]
    ";
    let mut all = workloads();
    all.push(parse(Path::new("everything.toml"), everything));
    for workload in all {
        let path = PathBuf::from(format!("{}.toml", workload.name));
        let text = workload.to_toml();
        assert_eq!(parse(&path, &text), workload, "{text}");
    }
}
