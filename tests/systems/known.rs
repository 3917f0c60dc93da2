//! Known answers: what each system is known to keep and to break, it keeps and breaks.

use std::collections::BTreeSet;
use std::fs;

use quorate::world::machine::features;

use super::is_there;
use super::left::assert_nothing_runs_in;
use super::shell::{Shell, project, read_json};

/// Runs a workload, which must end as it says, judged like this. Returns its history, if the system is there.
#[track_caller]
fn ends_as_it_says(system: &str, workload: &str, judgement: &str) -> Option<String> {
    ends_as_it_says_and(system, workload, judgement, |_, _| ())
}

/// The same, and looks at the directory of the run before it is gone.
#[track_caller]
fn ends_as_it_says_and(
    system: &str,
    workload: &str,
    judgement: &str,
    look: impl FnOnce(&Shell, &str),
) -> Option<String> {
    if !is_there(system) {
        return None;
    }
    let shell = Shell::new();
    let path = project(&format!("workloads/systems/{workload}.toml"));
    let called = shell.quorate(&format!("run {path} --seed 1")).ends(0);
    assert!(called.out.contains(&format!("judgement    {judgement}")), "{}", called.out);
    let run = shell.only_run();
    let verdict = shell.json(&format!("{run}/verdict.json"));
    assert_eq!(verdict["system"]["name"], system);
    assert!(verdict["cluster"].is_null(), "no nodes of ours: {verdict}");
    assert_eq!(verdict["evidence"]["vacuous"], "", "{verdict:#}");
    let faults = verdict["evidence"]["faults"].as_object().expect("there were faults");
    let met = |fault: &serde_json::Value| fault["ops"].as_u64() > Some(0);
    assert!(!faults.is_empty() && faults.values().all(met), "{faults:#?}");
    assert!(fs::read_dir(shell.path(&format!("{run}/log"))).is_ok_and(|logs| logs.count() >= 3));
    assert!(!shell.path(&format!("{run}/disks")).exists(), "disks are left");
    assert_nothing_runs_in(&shell.path(""));
    look(&shell, &run);
    Some(fs::read_to_string(shell.path(&format!("{run}/history.jsonl"))).expect("it is there"))
}

#[test]
fn linearizable_reads_of_etcd_hold_under_partitions_and_kills() {
    ends_as_it_says("etcd", "etcd-linearizable", "kept");
}

#[test]
fn serializable_reads_of_etcd_are_stale_under_a_partition() {
    ends_as_it_says("etcd", "etcd-serializable", "weaker by design");
}

#[test]
fn members_of_etcd_that_lose_their_disks_are_replaced_and_nothing_is_lost() {
    ends_as_it_says("etcd", "etcd-wiped", "kept");
}

/// Runs etcd with reads of this mode, on these values. Returns what is said of the history by its revisions, if
/// the system is there.
fn checked_by_revisions(read: &str, values: &str, code: i32) -> Option<serde_json::Value> {
    if !is_there("etcd") {
        return None;
    }
    let shell = Shell::new();
    let workload = format!(
        "[system]\nname = \"etcd\"\nread = \"{read}\"\n\
         [clients]\ncount = 6\nkeys = 3\nvalues = {values}\nmix = {{ read = 3, write = 2, cas = 0 }}\nrate = 300\n\
         ops = 100_000\ntime_limit = \"8s\"\ntimeout = \"1s\"\n\
         [[nemesis]]\nfault = \"partition\"\nshapes = [\"one\"]\ninterval = \"2s\"\nduration = \"3s\"\n"
    );
    shell.write("revisions.toml", &workload);
    shell.quorate("run revisions.toml --seed 1").ends(code);
    let history = format!("{}/history.jsonl", shell.only_run());
    let text = fs::read_to_string(shell.path(&history)).expect("it is there");
    let events: Vec<_> = text.lines().map(|line| read_json(line.as_bytes())).collect();
    let is_ok = |event: &&serde_json::Value| event["type"] == "ok";
    assert!(events.iter().filter(is_ok).count() > 100);
    assert!(events.iter().filter(is_ok).all(|event| event["version"].is_u64()), "{text}");
    let plain = shell.quorate(&format!("check {history} --json")).ends(code).json();
    assert_eq!(plain[0]["model"], "register");
    let check = format!("check --model revisioned-register {history} --json");
    Some(shell.quorate(&check).ends(code).json()[0].clone())
}

#[test]
fn the_revisions_of_etcd_tell_the_order_of_its_writes() {
    let checked = checked_by_revisions("linearizable", "3", 0);
    assert!(checked.is_none_or(|checked| checked["verdict"] == "valid"));
}

#[test]
fn the_revisions_of_etcd_show_that_serializable_reads_are_stale() {
    let checked = checked_by_revisions("serializable", "\"unique\"", 1);
    assert!(checked.is_none_or(|checked| checked["verdict"] == "invalid"));
}

#[test]
fn quorum_queues_of_rabbitmq_lose_nothing() {
    ends_as_it_says("rabbitmq", "rabbitmq-quorum", "kept");
}

#[test]
fn quorum_queues_of_rabbitmq_lose_nothing_when_clocks_jump() {
    if is_faketime_missing() {
        return;
    }
    ends_as_it_says_and("rabbitmq", "rabbitmq-clocks", "kept", |shell, run| {
        // Its own words: the run takes two minutes of the clock at most, and three with their ends.
        let minutes: BTreeSet<String> = ["n1", "n2", "n3"]
            .iter()
            .flat_map(|node| {
                let log = shell.path(&format!("{run}/log/{node}.log"));
                let log = fs::read_to_string(log).expect("it is there");
                let minute = |line: &str| Some(line.get(..16)?.to_owned());
                let dated = |minute: &String| minute.starts_with("20") && minute.contains(':');
                log.lines().filter_map(minute).filter(dated).collect::<Vec<_>>()
            })
            .collect();
        assert!(minutes.len() > 3, "{minutes:?}");
    });
}

#[test]
fn zookeeper_does_not_care_what_time_it_is() {
    if !is_faketime_missing() {
        ends_as_it_says("zookeeper", "zookeeper-clocks", "not shown");
    }
}

/// Says so if clocks of others cannot be set off here.
fn is_faketime_missing() -> bool {
    let features = features();
    let faketime = features.iter().find(|feature| feature.name == "faketime");
    let is_missing = faketime.is_none_or(|feature| !feature.is_there);
    if is_missing {
        println!("skipped: needs faketime");
    }
    is_missing
}

#[test]
fn rabbitmq_loses_what_need_not_persist_with_the_home_of_its_queue() {
    ends_as_it_says("rabbitmq", "rabbitmq-transient", "weaker by design");
}

/// How many changes the first node acknowledged after it had been cut off from all others for half a second, of
/// `count` clients. What was under way when the cut came may still be answered.
fn acknowledged_when_cut_off(history: &str, count: u64, nodes: u64) -> usize {
    const UNDER_WAY: u64 = 500_000_000;
    let mut events = history.lines().map(|line| read_json(line.as_bytes()));
    let cut = events.find(|event| event["f"] == "partition").expect("there is a partition");
    let from = cut["time"].as_u64().expect("a time") + UNDER_WAY;
    let of_first = events.filter(|event| {
        event["time"].as_u64() >= Some(from)
            && event["process"]
                .as_u64()
                .is_some_and(|process| (process % count).is_multiple_of(nodes))
    });
    of_first.filter(|event| event["type"] == "ok" && event["f"] != "read").count()
}

#[test]
fn redis_loses_acknowledged_writes_on_failover() {
    let history = ends_as_it_says("redis", "redis-async", "weaker by design");
    assert!(history.is_none_or(|history| acknowledged_when_cut_off(&history, 6, 3) > 100));
}

#[test]
fn waiting_for_a_replica_of_redis_narrows_that() {
    let history = ends_as_it_says("redis", "redis-wait-alone", "weaker by design");
    assert!(history.is_none_or(|history| acknowledged_when_cut_off(&history, 6, 3) == 0));
}

#[test]
fn waiting_for_a_replica_of_redis_does_not_close_that() {
    let history = ends_as_it_says("redis", "redis-wait", "weaker by design");
    assert!(history.is_none_or(|history| acknowledged_when_cut_off(&history, 10, 5) > 100));
}

#[test]
fn redis_cluster_loses_what_a_primary_acknowledged_before_it_noticed_that_it_is_cut_off() {
    let history = ends_as_it_says("redis-cluster", "redis-cluster", "weaker by design");
    let Some(history) = history else { return };
    assert!(acknowledged_when_cut_off(&history, 6, 3) > 5);
    assert!(history.contains("\"cluster-down\""), "it has noticed");
    assert!(history.contains("\"moved\""), "clients stay with their node");
}

#[test]
fn plain_reads_of_zookeeper_are_stale() {
    ends_as_it_says("zookeeper", "zookeeper-plain", "weaker by design");
}

#[test]
fn reads_of_zookeeper_after_a_sync_are_not() {
    ends_as_it_says("zookeeper", "zookeeper-sync", "not shown");
}
