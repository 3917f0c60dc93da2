//! A workload as its file says it: every field may be left out, and every field knows where it came
//! from.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use toml::Spanned;

use super::vocabulary::{Terms, Translation, translate};
use crate::latency::Latency;
use crate::time::{Nanos, parse_duration};

/// A workload file, parsed but not yet resolved.
#[derive(Debug, Clone, Default)]
pub struct File {
    pub(super) source: Source,
    pub(super) raw: RawWorkload,
}

/// The text of a workload, to find lines in.
#[derive(Debug, Clone, Default)]
pub(super) struct Source {
    path: PathBuf,
    text: String,
}

/// What is wrong with a workload: where, which field, and what would be right.
#[derive(Debug, thiserror::Error)]
#[error("{place}{problem}")]
pub struct WorkloadError {
    place: String,
    problem: String,
}

impl File {
    /// Parses the text of the file at `path`, which is only named in errors.
    pub fn parse(path: &Path, text: &str) -> Result<Self, WorkloadError> {
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        let raw = toml::from_str(text).map_err(|error| {
            let place = source.place(error.span());
            let problem = error.message().replace('\n', " ");
            // The types of this code are no words of a workload.
            let problem = problem
                .replace("expected i64", "expected a whole number")
                .replace("expected f64", "expected a number");
            WorkloadError { place, problem }
        })?;
        Ok(Self { source, raw })
    }

    /// Replaces the cluster by what settings of another system mean. Returns what people get wrong about
    /// those.
    pub fn like(&mut self, terms: &Terms) -> Result<Vec<&'static str>, WorkloadError> {
        let Translation { cluster, remarks } =
            translate(terms).map_err(|problem| WorkloadError { place: String::new(), problem })?;
        let path = format!("as {}", terms.system);
        let meant = Self::parse(Path::new(&path), &format!("[cluster]\n{cluster}"))?;
        meant.resolve()?;
        self.raw.cluster = meant.raw.cluster;
        Ok(remarks)
    }

    /// The same, for nodes that speak TLS.
    #[must_use]
    pub fn with_tls(mut self) -> Self {
        let place = self.raw.network.tls.as_ref().map(|field| field.place.clone());
        let place = place.unwrap_or_default();
        self.raw.network.tls = Some(Field { value: true, place });
        self
    }

    /// Whether it asks for an installed system.
    pub fn has_system(&self) -> bool {
        self.raw.system.name.is_some()
    }

    /// Overrules what the file says.
    pub fn overrule(&mut self, overrides: Overrides) {
        let cluster = &mut self.raw.cluster;
        // A number of nodes replaces a list of names, and the other way round.
        set(&mut cluster.nodes, overrides.n.map(Nodes::Count), "--n");
        set(&mut cluster.r, overrides.r, "--r");
        set(&mut cluster.w, overrides.w, "--w");
        set(&mut cluster.protocol, overrides.protocol, "--protocol");
        let clients = &mut self.raw.clients;
        set(&mut clients.count, overrides.clients, "--clients");
        set(&mut clients.keys, overrides.keys, "--keys");
        set(&mut clients.ops, overrides.ops, "--ops");
        set(&mut clients.rate, overrides.rate, "--rate");
        let time_limit = overrides.time_limit.map(Duration);
        set(&mut clients.time_limit, time_limit, "--time-limit");
        let system = &mut self.raw.system;
        set(&mut system.name, overrides.system, "--system");
        set(&mut system.read, overrides.read, "--read");
        set(&mut system.write, overrides.write, "--write");
        set(&mut self.raw.maelstrom.start, overrides.maelstrom, "--maelstrom");
        set(&mut self.raw.expect, overrides.expect, "--expect");
        if let Some(faults) = overrides.nemesis {
            let disturbance = |fault: String| {
                let fault = Field { value: fault, place: Place::Option("--nemesis") };
                RawDisturbance { fault, ..RawDisturbance::default() }
            };
            self.raw.nemesis = faults.into_iter().map(disturbance).collect();
        }
    }
}

/// What the command line says instead of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// How many nodes.
    pub n: Option<i64>,
    /// The read quorum.
    pub r: Option<i64>,
    /// The write quorum.
    pub w: Option<i64>,
    /// The protocol.
    pub protocol: Option<String>,
    /// The installed system.
    pub system: Option<String>,
    /// How clients of that read.
    pub read: Option<String>,
    /// How they write.
    pub write: Option<String>,
    /// The program that speaks Maelstrom's protocol.
    pub maelstrom: Option<String>,
    /// How many clients.
    pub clients: Option<i64>,
    /// How many registers.
    pub keys: Option<i64>,
    /// How many operations.
    pub ops: Option<i64>,
    /// How long at most.
    pub time_limit: Option<Nanos>,
    /// How many operations a second.
    pub rate: Option<f64>,
    /// Which faults, each with its defaults; none for an empty list.
    pub nemesis: Option<Vec<String>>,
    /// What must come of it.
    pub expect: Option<String>,
}

fn set<T>(field: &mut Option<Field<T>>, value: Option<T>, option: &'static str) {
    if let Some(value) = value {
        *field = Some(Field { value, place: Place::Option(option) });
    }
}

/// A value and where it came from.
#[derive(Debug, Clone, Default)]
pub(super) struct Field<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

#[derive(Debug, Clone, Default)]
pub(super) enum Place {
    #[default]
    Default,
    File(Range<usize>),
    Option(&'static str),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<T>::deserialize(deserializer)?;
        let place = Place::File(spanned.span());
        Ok(Self { value: spanned.into_inner(), place })
    }
}

impl Source {
    fn place(&self, span: Option<Range<usize>>) -> String {
        let path = self.path.display();
        match span {
            Some(span) => {
                let line = self.text[..span.start.min(self.text.len())].matches('\n').count() + 1;
                format!("{path}:{line}: ")
            }
            None => format!("{path}: "),
        }
    }

    /// An error in a line of a text that is the value of the field `name`, counted from 0.
    pub(super) fn error_in_text(
        &self,
        place: &Place,
        name: &str,
        line: usize,
        problem: impl fmt::Display,
    ) -> WorkloadError {
        let Place::File(span) = place else { return self.error(place, name, problem) };
        let opening = self.text[span.clone()].lines().next().unwrap_or_default();
        // A newline right after three quotes does not count.
        let skipped = usize::from(matches!(opening, "\"\"\"" | "'''"));
        let lines = self.text[span.start..].split_inclusive('\n').take(line + skipped);
        let start = span.start + lines.map(str::len).sum::<usize>();
        self.error(&Place::File(start..span.end.max(start)), name, problem)
    }

    /// The file's name without its ending.
    pub(super) fn name(&self) -> String {
        self.path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// An error of the field `name`.
    pub(super) fn error(
        &self,
        place: &Place,
        name: &str,
        problem: impl fmt::Display,
    ) -> WorkloadError {
        let problem = problem.to_string();
        match place {
            Place::Option(option) => WorkloadError { place: format!("{option}: "), problem },
            Place::File(span) => {
                let place = self.place(Some(span.clone()));
                WorkloadError { place: format!("{place}field `{name}`: "), problem }
            }
            Place::Default => {
                WorkloadError { place: format!("{}field `{name}`: ", self.place(None)), problem }
            }
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWorkload {
    pub(super) about: Option<String>,
    pub(super) expect: Option<Field<String>>,
    pub(super) script: Option<Field<String>>,
    #[serde(default)]
    pub(super) system: RawSystem,
    #[serde(default)]
    pub(super) maelstrom: RawProgram,
    #[serde(default)]
    pub(super) http: RawProgram,
    #[serde(default)]
    pub(super) cluster: RawCluster,
    #[serde(default)]
    pub(super) clients: RawClients,
    #[serde(default)]
    pub(super) network: RawNetwork,
    #[serde(default)]
    pub(super) disk: RawDisk,
    #[serde(default)]
    pub(super) nemesis: Vec<RawDisturbance>,
}

impl RawWorkload {
    /// The first field that says something beside a script, which leaves nothing to say but the cluster.
    pub(super) fn besides_a_script(&self) -> Option<(Place, &'static str)> {
        fn of<T>(field: Option<&Field<T>>, name: &'static str) -> Option<(Place, &'static str)> {
            field.map(|field| (field.place.clone(), name))
        }
        let (clients, network) = (&self.clients, &self.network);
        let faults = self.nemesis.first().map(|disturbance| &disturbance.fault);
        of(self.system.name.as_ref(), "system.name")
            .or_else(|| of(self.maelstrom.start.as_ref(), "maelstrom.start"))
            .or_else(|| of(self.http.start.as_ref(), "http.start"))
            .or_else(|| of(clients.object.as_ref(), "clients.object"))
            .or_else(|| of(clients.count.as_ref(), "clients.count"))
            .or_else(|| of(clients.keys.as_ref(), "clients.keys"))
            .or_else(|| of(clients.ops_per_key.as_ref(), "clients.ops_per_key"))
            .or_else(|| of(clients.mix.as_ref(), "clients.mix"))
            .or_else(|| of(clients.values.as_ref(), "clients.values"))
            .or_else(|| of(clients.ops.as_ref(), "clients.ops"))
            .or_else(|| of(clients.time_limit.as_ref(), "clients.time_limit"))
            .or_else(|| of(clients.rate.as_ref(), "clients.rate"))
            .or_else(|| of(clients.pace.as_ref(), "clients.pace"))
            .or_else(|| of(clients.timeout.as_ref(), "clients.timeout"))
            .or_else(|| of(network.loss.as_ref(), "network.loss"))
            .or_else(|| of(network.duplication.as_ref(), "network.duplication"))
            .or_else(|| of(network.bandwidth.as_ref(), "network.bandwidth"))
            .or_else(|| of(faults, "nemesis.fault"))
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSystem {
    pub(super) name: Option<Field<String>>,
    pub(super) read: Option<Field<String>>,
    pub(super) write: Option<Field<String>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProgram {
    pub(super) start: Option<Field<String>>,
    pub(super) stop: Option<Field<String>>,
    pub(super) kill: Option<Field<String>>,
    pub(super) promise: Option<Field<String>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCluster {
    pub(super) protocol: Option<Field<String>>,
    pub(super) nodes: Option<Field<Nodes>>,
    pub(super) r: Option<Field<i64>>,
    pub(super) w: Option<Field<i64>>,
    pub(super) system: Option<Field<String>>,
    pub(super) read_quorums: Option<Field<String>>,
    pub(super) write_quorums: Option<Field<String>>,
    pub(super) write_back: Option<Field<bool>>,
    pub(super) read_repair: Option<Field<bool>>,
    pub(super) durability: Option<Field<String>>,
    pub(super) replicas: Option<Field<i64>>,
    pub(super) pr: Option<Field<i64>>,
    pub(super) pw: Option<Field<i64>>,
    pub(super) liars: Option<Field<i64>>,
    pub(super) lies: Option<Field<String>>,
    pub(super) reads: Option<Field<String>>,
    pub(super) acks: Option<Field<RawAcks>>,
    pub(super) min_insync: Option<Field<i64>>,
    pub(super) election: Option<Field<String>>,
    pub(super) plain_writes: Option<Field<bool>>,
    pub(super) anti_entropy: Option<Field<bool>>,
    pub(super) witnesses: Option<Field<i64>>,
    pub(super) missing_value: Option<Field<String>>,
    pub(super) asks: Option<Field<String>>,
    pub(super) digests: Option<Field<bool>>,
    pub(super) members: Option<Field<Vec<String>>>,
    pub(super) new_members: Option<Field<Vec<String>>>,
    pub(super) change: Option<Field<String>>,
    pub(super) change_after: Option<Field<Duration>>,
    pub(super) mutant: Option<Field<String>>,
}

/// `"insync"`, or how many backups.
#[derive(Debug, Clone)]
pub(super) enum RawAcks {
    Word(String),
    Count(i64),
}

impl<'de> Deserialize<'de> for RawAcks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::Integer(count) => Ok(Self::Count(count)),
            toml::Value::String(word) => Ok(Self::Word(word)),
            other => Err(D::Error::custom(format!(
                "found {}; expected \"insync\", or how many backups a write waits for",
                other.type_str()
            ))),
        }
    }
}

/// How many nodes, or their names.
#[derive(Debug, Clone)]
pub(super) enum Nodes {
    Count(i64),
    Names(Vec<String>),
}

impl<'de> Deserialize<'de> for Nodes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::Integer(count) => Ok(Self::Count(count)),
            toml::Value::Array(items) => {
                let name = |item: toml::Value| item.as_str().map(str::to_owned);
                let names: Option<Vec<String>> = items.into_iter().map(name).collect();
                names.map(Self::Names).ok_or_else(|| D::Error::custom("a node's name is no string"))
            }
            other => Err(D::Error::custom(format!(
                "found {}; expected how many nodes, or a list of their names",
                other.type_str()
            ))),
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClients {
    pub(super) object: Option<Field<String>>,
    pub(super) count: Option<Field<i64>>,
    pub(super) keys: Option<Field<i64>>,
    pub(super) ops_per_key: Option<Field<i64>>,
    pub(super) mix: Option<Field<RawMix>>,
    pub(super) values: Option<Field<RawValues>>,
    pub(super) writers: Option<Field<String>>,
    pub(super) ops: Option<Field<i64>>,
    pub(super) time_limit: Option<Field<Duration>>,
    pub(super) rate: Option<Field<f64>>,
    pub(super) pace: Option<Field<String>>,
    pub(super) timeout: Option<Field<Duration>>,
    pub(super) latency: Option<Latency>,
    pub(super) final_reads: Option<bool>,
    pub(super) settle: Option<Duration>,
    pub(super) recovery: Option<Field<Duration>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMix {
    #[serde(default)]
    pub(super) read: i64,
    #[serde(default)]
    pub(super) write: i64,
    #[serde(default)]
    pub(super) cas: i64,
    #[serde(default)]
    pub(super) add: i64,
    #[serde(default)]
    pub(super) enqueue: i64,
    #[serde(default)]
    pub(super) dequeue: i64,
}

/// `"unique"`, or how many values there are.
#[derive(Debug, Clone)]
pub(super) enum RawValues {
    Word(String),
    Domain(i64),
}

impl<'de> Deserialize<'de> for RawValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::Integer(size) => Ok(Self::Domain(size)),
            toml::Value::String(word) => Ok(Self::Word(word)),
            other => Err(D::Error::custom(format!(
                "found {}; expected \"unique\", or how many values there are",
                other.type_str()
            ))),
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNetwork {
    pub(super) latency: Option<Latency>,
    pub(super) loss: Option<Field<f64>>,
    pub(super) duplication: Option<Field<f64>>,
    pub(super) reordering: Option<bool>,
    pub(super) bandwidth: Option<Field<i64>>,
    pub(super) cut: Option<Field<String>>,
    pub(super) tls: Option<Field<bool>>,
    #[serde(default)]
    pub(super) links: Vec<RawLink>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLink {
    pub(super) from: Field<String>,
    pub(super) to: Field<String>,
    pub(super) latency: Latency,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDisk {
    pub(super) sync: Option<Latency>,
    pub(super) fsync: Option<bool>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDisturbance {
    pub(super) fault: Field<String>,
    pub(super) interval: Option<Field<Duration>>,
    pub(super) duration: Option<Field<Duration>>,
    pub(super) shapes: Option<Field<Vec<String>>>,
    pub(super) targets: Option<Field<Vec<String>>>,
    pub(super) lose_unsynced: Option<Field<bool>>,
    pub(super) factor: Option<Field<i64>>,
    pub(super) magnitude: Option<Field<Duration>>,
}

/// A duration as text, such as `"20ms"`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Duration(pub(super) Nanos);

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_duration(&text).map(Self).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
