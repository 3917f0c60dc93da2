//! The words of other systems: what their settings mean in those of a workload.
//!
//! A translation is to the protocol that the system is an instance of, not to the system itself: it tells what
//! the setting can promise at best, and shows what it cannot.

use std::fmt::Write;

/// Settings in a system's own words. What the system does not know must be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// The system, in lower case.
    pub system: String,
    /// How many replicas.
    pub replicas: u16,
    /// The level, mode or count of reads.
    pub read: Option<String>,
    /// The level, mode or count of writes.
    pub write: Option<String>,
    /// Riak's PR.
    pub pr: Option<u16>,
    /// Riak's PW.
    pub pw: Option<u16>,
    /// How many replicas must be in sync (Kafka), or up (Ceph).
    pub min_insync: Option<u16>,
    /// Further settings that are on, by name: `unclean`, `allow-mult`, `blocking-repair`.
    pub flags: Vec<String>,
}

/// What settings mean here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translation {
    /// The table `cluster` of a workload, as TOML.
    pub cluster: String,
    /// What people get wrong about it.
    pub remarks: Vec<&'static str>,
}

/// A system whose words are known.
#[derive(Debug, Clone, Copy)]
pub struct System {
    /// Its name, in lower case.
    pub name: &'static str,
    /// Its settings, for help and for errors.
    pub settings: &'static str,
    translate: fn(&Terms) -> Result<Translation, String>,
}

/// All systems whose words are known.
pub const SYSTEMS: &[System] = &[
    System {
        name: "cassandra",
        settings: "read and write: ONE, TWO, THREE, QUORUM, ALL, LOCAL_ONE, LOCAL_QUORUM, SERIAL; \
                   write also ANY; flag blocking-repair",
        translate: cassandra,
    },
    System { name: "scylla", settings: "as cassandra", translate: cassandra },
    System {
        name: "riak",
        settings: "read and write: how many, or quorum, all, one; pr; pw; flag allow-mult",
        translate: riak,
    },
    System {
        name: "dynamo",
        settings: "read and write: how many; flag allow-mult",
        translate: riak,
    },
    System { name: "voldemort", settings: "read and write: how many", translate: voldemort },
    System { name: "dynamodb", settings: "read: eventual, consistent", translate: dynamodb },
    System { name: "etcd", settings: "read: linearizable, serializable", translate: etcd },
    System { name: "zookeeper", settings: "read: plain, sync", translate: zookeeper },
    System { name: "consul", settings: "read: default, consistent, stale", translate: consul },
    System { name: "chubby", settings: "none", translate: chubby },
    System { name: "hbase", settings: "read: strong, timeline", translate: hbase },
    System {
        name: "redis",
        settings: "write: async, or how many replicas WAIT waits for",
        translate: redis,
    },
    System {
        name: "kafka",
        settings: "write: acks 0, 1 or all; min_insync; flag unclean",
        translate: kafka,
    },
    System { name: "rabbitmq", settings: "write: quorum, classic", translate: rabbitmq },
    System { name: "hdfs", settings: "read: tail, any", translate: hdfs },
    System { name: "ceph", settings: "min_insync: the pool's min_size", translate: ceph },
    System {
        name: "glusterfs",
        settings: "write: cluster.quorum-type auto or none, or the count of fixed",
        translate: glusterfs,
    },
];

const CLOCKS: &str = "Versions are readings of clocks: with skew, acknowledged writes are lost.";
const NO_WRITE_BACK: &str =
    "R + W > N without blocking repair is regular, not linearizable: reads may go back.";

/// Says in the words of a workload what settings mean.
///
/// # Errors
/// If the system or a setting is not known, with those that are.
pub fn translate(terms: &Terms) -> Result<Translation, String> {
    let Some(system) = SYSTEMS.iter().find(|system| system.name == terms.system) else {
        let names: Vec<&str> = SYSTEMS.iter().map(|system| system.name).collect();
        return Err(format!(
            "unknown system `{}`; expected one of {}",
            terms.system,
            names.join(", ")
        ));
    };
    unknown_setting(terms, system).map_or_else(|| (system.translate)(terms), Err).map_err(
        |problem| format!("{}: {problem}; its settings are {}", system.name, system.settings),
    )
}

/// A setting that the system does not have.
fn unknown_setting(terms: &Terms, system: &System) -> Option<String> {
    let settings = match system.settings {
        "as cassandra" => SYSTEMS[0].settings,
        settings => settings,
    };
    let given = [
        ("read", terms.read.is_some()),
        ("write", terms.write.is_some()),
        ("pr", terms.pr.is_some()),
        ("pw", terms.pw.is_some()),
        ("min_insync", terms.min_insync.is_some()),
    ];
    let flags = terms.flags.iter().map(|flag| (flag.as_str(), true));
    let mut given = given.into_iter().chain(flags).filter(|(_, is_given)| *is_given);
    let unknown = given.find(|(name, _)| !settings.contains(name))?;
    Some(format!("it has no setting `{}`", unknown.0))
}

/// The lines of a table, made one by one.
struct Cluster(String);

impl Cluster {
    fn new(protocol: &str, nodes: u16) -> Self {
        Self(format!("protocol = \"{protocol}\"\nnodes = {nodes}\n"))
    }

    fn set(mut self, field: &str, value: impl std::fmt::Display) -> Self {
        let _ = writeln!(self.0, "{field} = {value}");
        self
    }

    fn mode(self, field: &str, word: &str) -> Self {
        self.set(field, format_args!("\"{word}\""))
    }

    fn because(self, remarks: &[&'static str]) -> Translation {
        Translation { cluster: self.0, remarks: remarks.to_vec() }
    }
}

fn majority(n: u16) -> u16 {
    n / 2 + 1
}

fn word(setting: Option<&String>, otherwise: &str) -> String {
    setting.map_or_else(|| otherwise.to_owned(), |word| word.to_ascii_lowercase())
}

/// A count, or one of the words for it.
fn count(name: &str, setting: Option<&String>, n: u16) -> Result<u16, String> {
    let text = word(setting, "quorum");
    match text.trim_start_matches("local_") {
        "one" => Ok(1),
        "two" => Ok(2),
        "three" => Ok(3),
        "quorum" => Ok(majority(n)),
        "all" => Ok(n),
        text => text.parse().map_err(|_| format!("unknown level `{text}` of {name}s")),
    }
}

fn has(terms: &Terms, flag: &str) -> bool {
    terms.flags.iter().any(|other| other == flag)
}

fn cassandra(terms: &Terms) -> Result<Translation, String> {
    let n = terms.replicas;
    let serial = |setting: &Option<String>| word(setting.as_ref(), "").ends_with("serial");
    if serial(&terms.read) || serial(&terms.write) {
        if !serial(&terms.read) {
            return Err(
                "plain reads do not see lightweight transactions that are still under way; say SERIAL \
                 for reads"
                    .to_owned(),
            );
        }
        if !serial(&terms.write) {
            return Ok(Cluster::new("caspaxos", n).set("plain_writes", true).because(&[
                "Lightweight transactions beside plain writes lose writes: say SERIAL for both.",
                CLOCKS,
            ]));
        }
        return Ok(Cluster::new("caspaxos", n).because(&[
            "Lightweight transactions hold only as long as nothing is written without them.",
        ]));
    }
    let r = count("read", terms.read.as_ref(), n)?;
    if word(terms.write.as_ref(), "") == "any" {
        return Ok(Cluster::new("sloppy", n + n)
            .set("replicas", n)
            .set("r", r)
            .set("w", 1)
            .because(&[
                CLOCKS,
                "ANY is satisfied by a hint, which no read asks for: R + W > N means nothing.",
            ]));
    }
    let w = count("write", terms.write.as_ref(), n)?;
    let cluster = Cluster::new("lww", n).set("r", r).set("w", w);
    if has(terms, "blocking-repair") {
        return Ok(cluster.set("write_back", true).because(&[CLOCKS]));
    }
    Ok(cluster.set("read_repair", true).because(&[CLOCKS, NO_WRITE_BACK]))
}

fn riak(terms: &Terms) -> Result<Translation, String> {
    let n = terms.replicas;
    let (r, w) = (count("read", terms.read.as_ref(), n)?, count("write", terms.write.as_ref(), n)?);
    if has(terms, "allow-mult") {
        return Ok(Cluster::new("siblings", n)
            .set("r", r)
            .set("w", w)
            .set("read_repair", true)
            .because(&[
                "Siblings are the application's to merge: whoever picks one loses the others.",
            ]));
    }
    let (pr, pw) = (terms.pr.unwrap_or(0), terms.pw.unwrap_or(0));
    Ok(Cluster::new("sloppy", n + 2)
        .set("replicas", n)
        .set("r", r)
        .set("w", w)
        .set("pr", pr)
        .set("pw", pw)
        .because(&[
            CLOCKS,
            "Sloppy quorums count whoever answers: only PR + PW > N makes reads meet writes.",
        ]))
}

fn voldemort(terms: &Terms) -> Result<Translation, String> {
    let n = terms.replicas;
    let (r, w) = (count("read", terms.read.as_ref(), n)?, count("write", terms.write.as_ref(), n)?);
    Ok(Cluster::new("siblings", n).set("r", r).set("w", w).set("read_repair", true).because(&[]))
}

/// A leader's log, with reads by one of several modes.
fn log(
    terms: &Terms,
    otherwise: &str,
    modes: &[(&str, &str, &[&'static str])],
) -> Result<Translation, String> {
    let read = word(terms.read.as_ref(), otherwise);
    let Some((_, mode, remarks)) = modes.iter().find(|(name, ..)| *name == read) else {
        return Err(format!("unknown mode `{read}` of reads"));
    };
    Ok(Cluster::new("raft", terms.replicas).mode("reads", mode).because(remarks))
}

const STALE: &str = "Any member answers from what it has applied, which may be long out of date.";
const LEASE: &str = "A leader trusts its clock for a while after it was last confirmed.";

fn dynamodb(terms: &Terms) -> Result<Translation, String> {
    log(terms, "eventual", &[("eventual", "any", &[STALE]), ("consistent", "lease", &[LEASE])])
}

fn etcd(terms: &Terms) -> Result<Translation, String> {
    let modes: &[_] = &[("linearizable", "read-index", &[][..]), ("serializable", "any", &[STALE])];
    log(terms, "linearizable", modes)
}

fn zookeeper(terms: &Terms) -> Result<Translation, String> {
    const SYNC: &str = "A read after sync is at least as new as the sync, not as the read.";
    log(terms, "plain", &[("plain", "any", &[STALE]), ("sync", "sync", &[SYNC])])
}

fn consul(terms: &Terms) -> Result<Translation, String> {
    let modes: &[_] = &[
        ("default", "lease", &[LEASE][..]),
        ("consistent", "read-index", &[]),
        ("stale", "any", &[STALE]),
    ];
    log(terms, "default", modes)
}

fn chubby(terms: &Terms) -> Result<Translation, String> {
    log(terms, "lease", &[("lease", "lease", &[LEASE])])
}

fn hbase(terms: &Terms) -> Result<Translation, String> {
    log(terms, "strong", &[("strong", "lease", &[LEASE]), ("timeline", "any", &[STALE])])
}

const FAILOVER: &str =
    "A backup takes over without what it had not been sent: acknowledged writes are lost.";

fn redis(terms: &Terms) -> Result<Translation, String> {
    const WAIT: &str =
        "WAIT says how many replicas have a write, and lets whoever has less take over.";
    let write = word(terms.write.as_ref(), "async");
    let cluster = Cluster::new("primary", terms.replicas);
    if write == "async" {
        return Ok(cluster.set("acks", 0).mode("election", "any").because(&[FAILOVER]));
    }
    let waits: u16 = write.parse().map_err(|_| format!("unknown mode `{write}` of writes"))?;
    Ok(cluster.set("acks", waits).mode("election", "any").because(&[WAIT]))
}

fn kafka(terms: &Terms) -> Result<Translation, String> {
    const UNCLEAN: &str = "Whoever is out of sync may lead: what it lacks is gone.";
    let n = terms.replicas;
    let election = if has(terms, "unclean") { "any" } else { "latest" };
    match word(terms.write.as_ref(), "all").as_str() {
        "all" | "-1" => {
            let least = terms.min_insync.unwrap_or(1);
            let cluster = Cluster::new("primary", n)
                .mode("acks", "insync")
                .set("min_insync", least)
                .mode("election", election);
            let remark = if least == 1 {
                "With min.insync.replicas = 1 the leader alone may be all that is in sync."
            } else {
                "Acknowledged writes survive min.insync.replicas - 1 failures, not more."
            };
            Ok(cluster.because(if election == "any" {
                &[UNCLEAN]
            } else {
                std::slice::from_ref(&remark)
            }))
        }
        "0" | "1" => Ok(Cluster::new("primary", n)
            .set("acks", 0)
            .mode("election", election)
            .because(&[FAILOVER])),
        other => Err(format!("unknown acks `{other}`")),
    }
}

fn rabbitmq(terms: &Terms) -> Result<Translation, String> {
    match word(terms.write.as_ref(), "quorum").as_str() {
        "quorum" => Ok(Cluster::new("raft", terms.replicas).mode("reads", "log").because(&[])),
        "classic" => Ok(Cluster::new("primary", terms.replicas)
            .set("acks", 0)
            .mode("election", "any")
            .because(&[FAILOVER])),
        other => Err(format!("unknown kind of queue `{other}`")),
    }
}

fn hdfs(terms: &Terms) -> Result<Translation, String> {
    const PIPELINE: &str = "A pipeline is a chain: a write waits for every node of it.";
    let reads = word(terms.read.as_ref(), "tail");
    match reads.as_str() {
        "tail" => Ok(Cluster::new("chain", terms.replicas).because(&[PIPELINE])),
        "any" => Ok(Cluster::new("chain", terms.replicas)
            .mode("reads", "any")
            .because(&[PIPELINE, STALE])),
        other => Err(format!("unknown mode `{other}` of reads")),
    }
}

fn ceph(terms: &Terms) -> Result<Translation, String> {
    let n = terms.replicas;
    let least = terms.min_insync.unwrap_or(majority(n));
    if !(1..=n).contains(&least) {
        return Err(format!("min_size = {least}; expected 1 to {n}"));
    }
    let remark = if least == 1 {
        "With min_size = 1 a single copy takes writes, and loses them with its disk."
    } else {
        "Writes wait for all that are up, at least min_size of them."
    };
    Ok(Cluster::new("primary", terms.replicas)
        .mode("acks", "insync")
        .set("min_insync", least)
        .mode("election", "latest")
        .because(std::slice::from_ref(&remark)))
}

fn glusterfs(terms: &Terms) -> Result<Translation, String> {
    const SPLIT: &str = "Without a quorum both sides of a partition take writes: split brain.";
    let n = terms.replicas;
    match word(terms.write.as_ref(), "auto").as_str() {
        "auto" => Ok(Cluster::new("gifford", n)
            .because(&["With two replicas, auto lets the first one alone be a quorum."])),
        "none" => Ok(Cluster::new("gifford", n).set("r", 1).set("w", 1).because(&[SPLIT])),
        fixed => {
            let w = count("write", Some(&fixed.to_owned()), n)?;
            let r = (n + 1).saturating_sub(w).max(1);
            let remarks: &[_] = if w < majority(n) { &[SPLIT] } else { &[] };
            Ok(Cluster::new("gifford", n).set("r", r).set("w", w).because(remarks))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::workload::File;

    fn terms(system: &str, read: &str, write: &str) -> Terms {
        let word = |word: &str| (!word.is_empty()).then(|| word.to_owned());
        let (read, write) = (word(read), word(write));
        Terms { system: system.to_owned(), replicas: 3, read, write, ..Terms::default() }
    }

    #[test]
    fn every_system_means_something_that_runs() {
        for system in SYSTEMS {
            for replicas in [1, 2, 3, 5] {
                let terms = Terms { replicas, ..terms(system.name, "", "") };
                let translation = translate(&terms).expect("defaults are right");
                let text = format!("[cluster]\n{}", translation.cluster);
                let file = File::parse(Path::new(system.name), &text).expect("it is TOML");
                file.resolve().unwrap_or_else(|error| panic!("{error}\n{text}"));
            }
        }
    }

    #[test]
    fn levels_are_counts() {
        for (level, r) in [("ONE", 1), ("TWO", 2), ("QUORUM", 2), ("LOCAL_QUORUM", 2), ("ALL", 3)] {
            let translation = translate(&terms("cassandra", level, "QUORUM")).expect("it is known");
            assert!(translation.cluster.contains(&format!("r = {r}\nw = 2\n")), "{level}");
        }
        let error = |terms: &Terms| translate(terms).expect_err("it is unknown");
        assert!(error(&terms("cassandra", "MOST", "")).contains("unknown level `most` of reads"));
        assert!(error(&terms("cassandra", "QUORUM", "SERIAL")).contains("SERIAL for reads"));
        let mixed = translate(&terms("cassandra", "SERIAL", "QUORUM")).expect("it is known");
        assert!(mixed.cluster.contains("plain_writes = true"), "{}", mixed.cluster);
        assert!(error(&terms("etcd", "stale", "")).contains("linearizable, serializable"));
        assert!(error(&terms("etcd", "", "quorum")).contains("no setting `write`"));
        assert!(error(&terms("excel", "", "")).contains("expected one of cassandra"));
    }
}
