//! Fills in defaults and refuses what is impossible, naming the line or the option to blame.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;

use super::disturbance::disturbance;
use super::file::{Field, File, Nodes, Place, RawAcks, RawCluster, RawValues, Source};
use super::{
    Clients, Expectation, Workload, WorkloadError, membership, objects, program, quorums, system,
    tls,
};
use crate::client::Action;
use crate::generator::{Pace, RegisterSettings, Values, Writers, interval_of_rate};
use crate::latency::Latency;
use crate::program::{Contract, Program};
use crate::promise::{self, Impossible};
use crate::protocol::{
    Acks, Asks, Configuration, Durability, Election, Lies, MissingValue, Mutant, NODE_COUNT_MAX,
    NodeId, Object, Protocol, Reads, Setting,
};
use crate::quorum::{ReadWriteSystem, Rule};
use crate::systems::{Choice, System};
use crate::time::{MILLISECOND, Nanos, SECOND};
use crate::world::Bandwidth;
use crate::world::live::{Cut, LiveSettings};
use crate::world::sim::{NetworkSettings, SimSettings};
use crate::world::stage::{Mistake, Script};

pub(super) type Resolved<T> = Result<T, WorkloadError>;

/// What a workload leaves out, whatever runs.
mod default {
    pub(super) const NODES: i64 = 3;
    pub(super) const CLIENTS: i64 = 10;
    pub(super) const KEYS: i64 = 5;
    pub(super) const OPS_PER_COUNTER: u32 = 200;
}

/// What runs, as far as clients and faults depend on it.
pub(super) struct Subject {
    /// What it is called in errors.
    pub(super) name: String,
    pub(super) has_cas: bool,
    /// What clients can operate on, the usual first.
    pub(super) objects: &'static [Object],
    single_writer: bool,
    pub(super) kind: Kind,
    /// Why its clocks cannot be set off, if they cannot.
    pub(super) right_clocks: Option<&'static str>,
    ops: i64,
    time_limit: Nanos,
    timeout: Nanos,
    pub(super) interval: Nanos,
    pub(super) duration: Nanos,
}

/// Whose nodes they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Ours.
    Own,
    /// Those of a system that is installed here.
    Installed,
    /// Programs of others that are talked to like this.
    Program(Contract),
}

impl Subject {
    /// Nodes of ours.
    fn own(protocol: Protocol) -> Self {
        let facts = protocol.facts();
        Self {
            name: format!("protocol {}", protocol.name()),
            has_cas: facts.has_cas,
            objects: facts.objects,
            single_writer: facts.single_writer,
            kind: Kind::Own,
            right_clocks: None,
            ops: 10_000,
            time_limit: 60 * SECOND,
            timeout: 100 * MILLISECOND,
            interval: 300 * MILLISECOND,
            duration: 200 * MILLISECOND,
        }
    }

    /// Nodes of a system, which take seconds to notice what is wrong, and to mend it.
    fn installed(system: &dyn System) -> Self {
        let facts = system.facts();
        Self {
            name: facts.name.to_owned(),
            has_cas: facts.has_cas,
            objects: facts.objects,
            single_writer: false,
            kind: Kind::Installed,
            right_clocks: system.right_clocks(),
            ops: 1_000_000,
            time_limit: 30 * SECOND,
            timeout: SECOND,
            interval: 4 * SECOND,
            duration: 4 * SECOND,
        }
    }

    /// Programs of others, of which as little is known as of a system.
    fn program(program: &Program) -> Self {
        Self {
            name: program.to_string(),
            has_cas: true,
            objects: &[Object::Register],
            single_writer: false,
            kind: Kind::Program(program.contract),
            right_clocks: Some("nobody knows how it reads them"),
            ops: 1_000_000,
            time_limit: 30 * SECOND,
            timeout: SECOND,
            interval: 4 * SECOND,
            duration: 4 * SECOND,
        }
    }
}

impl File {
    /// Fills in what was left out, and checks all of it. An installed system, or a program of others, cannot
    /// be simulated, and is refused.
    pub fn resolve(&self) -> Resolved<Workload> {
        system::refuse(self)?;
        program::refuse(self)?;
        self.resolve_to_run()
    }

    /// As [`File::resolve`], for a run, which may be one of an installed system.
    pub fn resolve_to_run(&self) -> Resolved<Workload> {
        let (source, raw) = (&self.source, &self.raw);
        let system = system::choice(self)?;
        let (config, node_names) = cluster(self)?;
        let program = program::program(self)?;
        let subject = match (&system, &program) {
            (Some(choice), _) => Subject::installed(choice.system),
            (None, Some(program)) => Subject::program(program),
            (None, None) => Subject::own(config.protocol),
        };
        let object = objects::object(self, &subject)?;
        let expect = match &raw.expect {
            None if object == Object::Register => Expectation::Linearizable,
            None => Expectation::Promise,
            Some(field) => one_of(source, field, "expect", Expectation::all(), Expectation::name)?,
        };
        let timeout =
            duration(source, raw.clients.timeout.as_ref(), "clients.timeout", subject.timeout)?;
        let script = script(self, &config, &node_names)?;
        Ok(Workload {
            name: name(source, system, program.as_ref()),
            about: raw.about.clone().unwrap_or_default(),
            expect,
            clients: clients(self, &subject, object, timeout)?,
            system,
            program,
            config,
            sim: SimSettings {
                network: network(self, &node_names)?,
                client_latency: raw.clients.latency.unwrap_or(Latency::Constant(MILLISECOND / 5)),
                sync_latency: raw.disk.sync.unwrap_or(Latency::Exponential(MILLISECOND / 2)),
                timeout,
            },
            live: LiveSettings { tls: tls::tls(self, &subject, &node_names)?, ..live(self)? },
            node_names,
            nemesis: raw
                .nemesis
                .iter()
                .map(|raw| disturbance(source, raw, &subject))
                .collect::<Resolved<_>>()?,
            script,
        })
    }
}

fn cluster(file: &File) -> Resolved<(Configuration, Vec<String>)> {
    let (source, raw) = (&file.source, &file.raw.cluster);
    let named = node_names(file)?;
    let system = quorums::system(file, named.as_deref())?;
    let names = match (named, &system) {
        (Some(names), _) => names,
        (None, Some(system)) => system.names.iter().map(str::to_owned).collect(),
        (None, None) => numbered(default::NODES),
    };
    let protocol = match &raw.protocol {
        None => Protocol::Abd,
        Some(field) => one_of(
            source,
            field,
            "cluster.protocol",
            Protocol::ALL.iter().copied(),
            Protocol::name,
        )?,
    };
    refuse_unused(source, raw, protocol)?;
    let n = names.len() as u16;
    let (r, w) = quorum_sizes(file, n, system.as_ref());
    let size = |field: &Field<i64>, name| match u16::try_from(field.value) {
        Ok(size) => Ok(size),
        Err(_) => within(source, &field.place, name, field.value, 1, n.into()).map(|_| 0),
    };
    let mut config =
        Configuration::new(protocol, n, size(&r, "cluster.r")?, size(&w, "cluster.w")?);
    config.system = system.map(Arc::new);
    choose(source, raw, &mut config)?;
    membership::choose(source, raw, &names, &mut config)?;
    promise::check(&config).map_err(|Impossible { field, problem }| {
        let place = match field {
            "protocol" => raw.protocol.as_ref().map(|field| &field.place),
            "w" => Some(&w.place),
            "system" => [&raw.system, &raw.read_quorums]
                .into_iter()
                .find_map(|field| field.as_ref().map(|field| &field.place)),
            "replicas" => raw.replicas.as_ref().map(|field| &field.place),
            "pr" => raw.pr.as_ref().map(|field| &field.place),
            "pw" => raw.pw.as_ref().map(|field| &field.place),
            "asks" => raw.asks.as_ref().map(|field| &field.place),
            "liars" => raw.liars.as_ref().map(|field| &field.place),
            "witnesses" => raw.witnesses.as_ref().map(|field| &field.place),
            _ => Some(&r.place),
        };
        source.error(place.unwrap_or(&Place::Default), &format!("cluster.{field}"), problem)
    })?;
    Ok((config, names))
}

/// R and W: as they are said, or those of the smallest quorums, or majorities.
fn quorum_sizes(file: &File, n: u16, system: Option<&ReadWriteSystem>) -> (Field<i64>, Field<i64>) {
    let raw = &file.raw.cluster;
    let size = |said: &Option<Field<i64>>, rule: Option<&Rule>| {
        let smallest = rule.and_then(|rule| rule.smallest().ok()).map(i64::from);
        let otherwise = smallest.unwrap_or(i64::from(n / 2 + 1));
        said.clone().unwrap_or(Field { value: otherwise, place: Place::Default })
    };
    (size(&raw.r, system.map(|system| &system.reads)), size(&raw.w, system.map(|s| &s.writes)))
}

/// The names of the nodes, if the workload says anything of them.
fn node_names(file: &File) -> Resolved<Option<Vec<String>>> {
    let (source, raw) = (&file.source, &file.raw.cluster);
    Ok(Some(match &raw.nodes {
        None => return Ok(None),
        Some(Field { value: Nodes::Count(count), place }) => {
            let count = within(source, place, "cluster.nodes", *count, 1, NODE_COUNT_MAX as i64)?;
            numbered(count)
        }
        Some(Field { value: Nodes::Names(names), place }) => {
            let mut seen = BTreeSet::new();
            if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
                let problem = format!("node \"{twice}\" stands twice; expected different names");
                return Err(source.error(place, "cluster.nodes", problem));
            }
            let count = names.len() as i64;
            within(source, place, "cluster.nodes", count, 1, NODE_COUNT_MAX as i64)?;
            names.clone()
        }
    }))
}

/// What a cluster leaves to choose besides its quorums.
fn choose(source: &Source, raw: &RawCluster, config: &mut Configuration) -> Resolved<()> {
    let (protocol, n) = (config.protocol, i64::from(config.n));
    if let Some(field) = &raw.write_back {
        config.write_back = field.value;
    }
    if let Some(field) = &raw.read_repair {
        config.read_repair = field.value;
    }
    let count = |field: &Option<Field<i64>>, name: &str, otherwise: u16, least: i64| match field {
        None => Ok(otherwise),
        Some(Field { value, place }) => {
            let name = format!("cluster.{name}");
            within(source, place, &name, *value, least, n).map(|count| count as u16)
        }
    };
    config.replicas = count(&raw.replicas, "replicas", config.n, 1)?;
    config.pr = count(&raw.pr, "pr", 0, 0)?;
    config.pw = count(&raw.pw, "pw", 0, 0)?;
    config.liars = count(&raw.liars, "liars", 0, 0)?;
    config.witnesses = count(&raw.witnesses, "witnesses", 0, 0)?;
    if let Some(field) = &raw.asks {
        config.asks = one_of(source, field, "cluster.asks", Asks::ALL, Asks::name)?;
    }
    if let Some(field) = &raw.missing_value {
        let all = MissingValue::ALL;
        let name = "cluster.missing_value";
        config.missing_value = one_of(source, field, name, all, MissingValue::name)?;
    }
    for (field, setting) in [
        (&raw.plain_writes, &mut config.plain_writes),
        (&raw.anti_entropy, &mut config.anti_entropy),
        (&raw.digests, &mut config.digests),
    ] {
        *setting = field.as_ref().is_some_and(|field| field.value);
    }
    if let Some(field) = &raw.lies {
        config.lies = one_of(source, field, "cluster.lies", Lies::ALL, Lies::name)?;
    }
    if let Some(field) = &raw.durability {
        let all = Durability::ALL;
        config.durability = one_of(source, field, "cluster.durability", all, Durability::name)?;
    }
    if let Some(field) = &raw.reads {
        let all = protocol.facts().reads.iter().copied();
        config.reads = one_of(source, field, "cluster.reads", all, Reads::name)?;
    }
    if let Some(field) = &raw.acks {
        config.acks = acks(source, field, n)?;
    }
    if let Some(Field { value, place }) = &raw.min_insync {
        config.min_insync = within(source, place, "cluster.min_insync", *value, 1, n)? as u16;
        if config.acks != Acks::Insync {
            let problem =
                "nobody keeps account of who is in sync; expected acks = \"insync\" beside it";
            return Err(source.error(place, "cluster.min_insync", problem));
        }
    }
    if let Some(field) = &raw.mutant {
        let all = Mutant::ALL.iter().copied();
        let all = all.filter(|mutant| mutant.protocols().contains(&protocol));
        config.mutant = Some(one_of(source, field, "cluster.mutant", all, Mutant::name)?);
    }
    if let Some(field) = &raw.election {
        let all = Election::ALL;
        config.election = one_of(source, field, "cluster.election", all, Election::name)?;
    }
    Ok(())
}

fn acks(source: &Source, field: &Field<RawAcks>, n: i64) -> Resolved<Acks> {
    match &field.value {
        RawAcks::Count(count) => {
            let count = within(source, &field.place, "cluster.acks", *count, 0, n - 1)?;
            Ok(Acks::Count(count as u16))
        }
        RawAcks::Word(word) if word == "insync" => Ok(Acks::Insync),
        RawAcks::Word(word) => {
            let problem = format!(
                "found \"{word}\"; expected \"insync\", or how many backups a write waits for"
            );
            Err(source.error(&field.place, "cluster.acks", problem))
        }
    }
}

/// A setting that means nothing to the protocol is a mistake, not something to pass over.
fn refuse_unused(source: &Source, raw: &RawCluster, protocol: Protocol) -> Resolved<()> {
    fn place<T>(field: Option<&Field<T>>) -> Option<&Place> {
        field.map(|field| &field.place)
    }
    let given = [
        (Setting::R, place(raw.r.as_ref())),
        (Setting::W, place(raw.w.as_ref())),
        (Setting::System, place(raw.system.as_ref())),
        (Setting::System, place(raw.read_quorums.as_ref())),
        (Setting::System, place(raw.write_quorums.as_ref())),
        (Setting::WriteBack, place(raw.write_back.as_ref())),
        (Setting::ReadRepair, place(raw.read_repair.as_ref())),
        (Setting::Replicas, place(raw.replicas.as_ref())),
        (Setting::Pr, place(raw.pr.as_ref())),
        (Setting::Pw, place(raw.pw.as_ref())),
        (Setting::Liars, place(raw.liars.as_ref())),
        (Setting::Lies, place(raw.lies.as_ref())),
        (Setting::Reads, place(raw.reads.as_ref())),
        (Setting::Acks, place(raw.acks.as_ref())),
        (Setting::MinInsync, place(raw.min_insync.as_ref())),
        (Setting::Election, place(raw.election.as_ref())),
        (Setting::PlainWrites, place(raw.plain_writes.as_ref())),
        (Setting::AntiEntropy, place(raw.anti_entropy.as_ref())),
        (Setting::Witnesses, place(raw.witnesses.as_ref())),
        (Setting::MissingValue, place(raw.missing_value.as_ref())),
        (Setting::Asks, place(raw.asks.as_ref())),
        (Setting::Digests, place(raw.digests.as_ref())),
        (Setting::Members, place(raw.members.as_ref())),
        (Setting::NewMembers, place(raw.new_members.as_ref())),
        (Setting::Change, place(raw.change.as_ref())),
        (Setting::ChangeAfter, place(raw.change_after.as_ref())),
    ];
    let uses = |protocol: &Protocol, setting| protocol.facts().settings.contains(&setting);
    for (setting, place) in given {
        let Some(place) = place.filter(|_| !uses(&protocol, setting)) else { continue };
        let users = Protocol::ALL.iter().copied().filter(|protocol| uses(protocol, setting));
        let users: Vec<&str> = users.map(Protocol::name).collect();
        let problem = format!(
            "means nothing to protocol {}; expected protocol {}",
            protocol.name(),
            list(&users)
        );
        return Err(source.error(place, &format!("cluster.{}", setting.name()), problem));
    }
    Ok(())
}

/// The script, if there is one. It is tried out: every step must be possible when its turn comes.
fn script(file: &File, config: &Configuration, names: &[String]) -> Resolved<Option<Script>> {
    let source = &file.source;
    let Some(Field { value: text, place }) = &file.raw.script else { return Ok(None) };
    if let Some((place, name)) = file.raw.besides_a_script() {
        let problem = "a script says all that happens; expected it to go, or the script";
        return Err(source.error(&place, name, problem));
    }
    let mistake = |Mistake { line, problem }| source.error_in_text(place, "script", line, problem);
    let script = Script::parse(text, names).map_err(mistake)?;
    if script.cues().next().is_none() {
        return Err(source.error(place, "script", "it has no steps; expected at least one"));
    }
    for (line, action) in script.actions() {
        if matches!(action, Action::Cas { .. }) && !config.protocol.facts().has_cas {
            let problem = format!("protocol {} has no compare-and-set", config.protocol.name());
            return Err(mistake(Mistake { line, problem }));
        }
    }
    script.perform(&Arc::new(config.clone())).map_err(mistake)?;
    Ok(Some(script))
}

fn numbered(count: i64) -> Vec<String> {
    (1..=count).map(|number| format!("n{number}")).collect()
}

fn clients(file: &File, subject: &Subject, object: Object, timeout: Nanos) -> Resolved<Clients> {
    let (source, raw) = (&file.source, &file.raw.clients);
    let number = |field: &Option<Field<i64>>, name: &str, otherwise: i64, most: i64| match field {
        None => Ok(otherwise),
        Some(Field { value, place }) => {
            within(source, place, &format!("clients.{name}"), *value, 1, most)
        }
    };
    let count = number(&raw.count, "count", default::CLIENTS, 100_000)? as u32;
    let keys = number(&raw.keys, "keys", default::KEYS, 10_000_000)? as u32;
    let ops_per_key = match &raw.ops_per_key {
        // Whether it is linearizable takes a search.
        None if object == Object::Counter => Some(default::OPS_PER_COUNTER),
        None => None,
        some => Some(number(some, "ops_per_key", 0, i64::from(u32::MAX))? as u32),
    };
    let values = match &raw.values {
        None => Values::Unique,
        Some(Field { value: RawValues::Word(word), .. }) if word == "unique" => Values::Unique,
        Some(Field { value: RawValues::Word(word), place }) => {
            let problem =
                format!("found \"{word}\"; expected \"unique\", or how many values there are");
            return Err(source.error(place, "clients.values", problem));
        }
        Some(Field { value: RawValues::Domain(size), place }) => {
            Values::Domain(within(source, place, "clients.values", *size, 1, 1_000_000)? as u32)
        }
    };
    let writers = match &raw.writers {
        None if subject.single_writer => Writers::One,
        None => Writers::All,
        Some(field) => one_of(source, field, "clients.writers", Writers::ALL, Writers::name)?,
    };
    let time_limit = raw.time_limit.as_ref();
    Ok(Clients {
        count,
        registers: RegisterSettings {
            object,
            mix: objects::mix(file, subject, object)?,
            keys,
            ops_per_key,
            values,
            writers,
        },
        pace: pace(file)?,
        ops: number(&raw.ops, "ops", subject.ops, 1_000_000_000)? as u64,
        time_limit: duration(source, time_limit, "clients.time_limit", subject.time_limit)?,
        final_reads: raw.final_reads.unwrap_or(true),
        settle: raw.settle.map_or(2 * timeout, |settle| settle.0),
        recovery: match &raw.recovery {
            None => None,
            some => Some(duration(source, some.as_ref(), "clients.recovery", 0)?),
        },
    })
}

fn pace(file: &File) -> Resolved<Option<Pace>> {
    let (source, raw) = (&file.source, &file.raw.clients);
    let Some(Field { value: rate, place }) = &raw.rate else {
        return match &raw.pace {
            None => Ok(None),
            Some(field) => {
                let problem = "there is no rate to keep; expected a field `rate` beside it";
                Err(source.error(&field.place, "clients.pace", problem))
            }
        };
    };
    if !(0.001..=100_000_000.0).contains(rate) {
        let problem = format!("{rate} operations a second; expected 0.001 to 100000000");
        return Err(source.error(place, "clients.rate", problem));
    }
    let interval = interval_of_rate(*rate);
    let paces = [Pace::Poisson(interval), Pace::Fixed(interval)];
    let name = |pace| match pace {
        Pace::Poisson(_) => "poisson",
        Pace::Fixed(_) => "fixed",
    };
    Ok(Some(match &raw.pace {
        None => paces[0],
        Some(field) => one_of(source, field, "clients.pace", paces, name)?,
    }))
}

fn network(file: &File, names: &[String]) -> Resolved<NetworkSettings> {
    let (source, raw) = (&file.source, &file.raw.network);
    let share = |field: &Option<Field<f64>>, name: &str| match field {
        None => Ok(0.0),
        Some(Field { value, .. }) if (0.0..1.0).contains(value) => Ok(*value),
        Some(Field { value, place }) => {
            let problem = format!("{value}; expected a share from 0 up to, not including, 1");
            Err(source.error(place, &format!("network.{name}"), problem))
        }
    };
    let node = |field: &Field<String>, name: &str| {
        let place = names.iter().position(|name| *name == field.value);
        place.map(|place| place as NodeId).ok_or_else(|| {
            let problem = format!("no node \"{}\"; expected {}", field.value, list(names));
            source.error(&field.place, name, problem)
        })
    };
    let mut links = Vec::new();
    for link in &raw.links {
        let from = node(&link.from, "network.links.from")?;
        let to = node(&link.to, "network.links.to")?;
        links.push((from, to, link.latency));
    }
    Ok(NetworkSettings {
        latency: raw.latency.unwrap_or(Latency::Exponential(MILLISECOND)),
        links,
        loss: share(&raw.loss, "loss")?,
        duplication: share(&raw.duplication, "duplication")?,
        reordering: raw.reordering.unwrap_or(true),
        bandwidth: bandwidth(source, raw.bandwidth.as_ref())?,
    })
}

fn bandwidth(source: &Source, field: Option<&Field<i64>>) -> Resolved<Option<Bandwidth>> {
    let Some(Field { value, place }) = field else { return Ok(None) };
    let bytes = within(source, place, "network.bandwidth", *value, 1, 1_000_000_000_000)?;
    Ok(Some(Bandwidth(bytes.cast_unsigned())))
}

/// What is real where the network and the disks are.
fn live(file: &File) -> Resolved<LiveSettings> {
    let LiveSettings { fsync, cut, tls } = LiveSettings::USUAL;
    let raw = &file.raw;
    Ok(LiveSettings {
        tls,
        fsync: raw.disk.fsync.unwrap_or(fsync),
        cut: match &raw.network.cut {
            None => cut,
            Some(field) => one_of(&file.source, field, "network.cut", Cut::ALL, Cut::name)?,
        },
    })
}

/// What a workload is called: as its file, or as the system or the contract where there is none.
fn name(source: &Source, system: Option<Choice>, program: Option<&Program>) -> String {
    match (source.name(), system, program) {
        (name, Some(choice), _) if name.is_empty() => choice.system.facts().name.to_owned(),
        (name, _, Some(program)) if name.is_empty() => program.contract.name().to_owned(),
        (name, ..) => name,
    }
}

pub(super) fn within(
    source: &Source,
    place: &Place,
    name: &str,
    value: i64,
    from: i64,
    to: i64,
) -> Resolved<i64> {
    if (from..=to).contains(&value) {
        return Ok(value);
    }
    Err(source.error(place, name, format!("{value}; expected {from} to {to}")))
}

pub(super) fn duration(
    source: &Source,
    field: Option<&Field<super::file::Duration>>,
    name: &str,
    otherwise: Nanos,
) -> Resolved<Nanos> {
    const LONGEST: Nanos = 30 * 24 * 3600 * SECOND;
    match field {
        None => Ok(otherwise),
        Some(field) if (1..=LONGEST).contains(&field.value.0) => Ok(field.value.0),
        Some(field) => Err(source.error(
            &field.place,
            name,
            "expected a time above zero and of at most 30 days",
        )),
    }
}

pub(super) fn one_of<T: Copy>(
    source: &Source,
    field: &Field<String>,
    name: &str,
    all: impl IntoIterator<Item = T>,
    name_of: impl Fn(T) -> &'static str,
) -> Resolved<T> {
    let all: Vec<T> = all.into_iter().collect();
    all.iter().copied().find(|item| name_of(*item) == field.value).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|item| name_of(*item)).collect();
        let problem = format!("found \"{}\"; expected {}", field.value, list(&names));
        source.error(&field.place, name, problem)
    })
}

pub(super) fn many_of<T: Copy>(
    source: &Source,
    field: &Field<Vec<String>>,
    name: &str,
    all: &[T],
    name_of: impl Fn(T) -> &'static str + Copy,
) -> Resolved<Vec<T>> {
    if field.value.is_empty() {
        return Err(source.error(&field.place, name, "an empty list; expected at least one"));
    }
    let one = |value: &String| {
        let field = Field { value: value.clone(), place: field.place.clone() };
        one_of(source, &field, name, all.iter().copied(), name_of)
    };
    field.value.iter().map(one).collect()
}

/// `a, b or c`.
pub(super) fn list(names: &[impl Display]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [only] => only.to_string(),
        [before @ .., last] => {
            let before: Vec<String> = before.iter().map(ToString::to_string).collect();
            format!("{} or {last}", before.join(", "))
        }
    }
}
