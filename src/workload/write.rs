//! A resolved workload as a file again: nothing left out, so that it runs the same in a version with
//! other defaults.

use std::fmt::{self, Display, Write};

use super::program::word;
use super::{Workload, objects};
use crate::generator::{Pace, Values};
use crate::nemesis::{Disturbance, DisturbanceKind, Shape, Targets};
use crate::protocol::{Acks, NodeSet, Object, Setting};
use crate::systems::Choice;
use crate::time::{Nanos, SECOND, exact_duration};
use crate::world::Bandwidth;

impl Workload {
    /// The text of a workload file that resolves to this.
    ///
    /// # Panics
    /// Never: memory takes any text.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("writing to memory");
        text
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "about = {}", quoted(&self.about))?;
        writeln!(out, "expect = \"{}\"", self.expect)?;
        if let Some(script) = &self.script {
            writeln!(out, "script = {}", several_lines(script.text()))?;
        }
        if let Some(Choice { system, modes }) = &self.system {
            let name = system.facts().name;
            writeln!(out, "\n[system]\nname = \"{name}\"")?;
            writeln!(out, "read = \"{}\"\nwrite = \"{}\"", modes.read, modes.write)?;
            writeln!(out, "\n[cluster]\nnodes = {}", texts(&self.node_names))?;
            self.write_clients(out)?;
            writeln!(out, "\n[network]\nloss = {:?}", self.sim.network.loss)?;
            return self.nemesis.iter().try_for_each(|one| write_disturbance(out, one));
        }
        if let Some(program) = &self.program {
            writeln!(out, "\n[{}]", program.contract.name())?;
            writeln!(out, "start = {}", quoted(&program.start))?;
            for (name, command) in [("stop", &program.stop), ("kill", &program.kill)] {
                if let Some(command) = command {
                    writeln!(out, "{name} = {}", quoted(command))?;
                }
            }
            writeln!(out, "promise = \"{}\"", word(program.promised))?;
            writeln!(out, "\n[cluster]\nnodes = {}", texts(&self.node_names))?;
            self.write_clients(out)?;
            self.write_network(out)?;
            return self.nemesis.iter().try_for_each(|one| write_disturbance(out, one));
        }
        let config = &self.config;
        writeln!(out, "\n[cluster]")?;
        writeln!(out, "protocol = \"{}\"", config.protocol.name())?;
        writeln!(out, "nodes = {}", texts(&self.node_names))?;
        for setting in config.protocol.facts().settings {
            self.write_setting(out, *setting)?;
        }
        writeln!(out, "durability = \"{}\"", config.durability.name())?;
        if let Some(mutant) = config.mutant {
            writeln!(out, "mutant = \"{}\"", mutant.name())?;
        }
        if self.script.is_some() {
            return Ok(());
        }
        self.write_clients(out)?;
        self.write_network(out)?;
        writeln!(out, "\n[disk]\nsync = \"{}\"", self.sim.sync_latency)?;
        writeln!(out, "fsync = {}", self.live.fsync)?;
        self.nemesis.iter().try_for_each(|disturbance| write_disturbance(out, disturbance))
    }

    fn write_network(&self, out: &mut String) -> fmt::Result {
        let network = &self.sim.network;
        writeln!(out, "\n[network]\nlatency = \"{}\"", network.latency)?;
        writeln!(out, "loss = {:?}\nduplication = {:?}", network.loss, network.duplication)?;
        writeln!(out, "reordering = {}\ncut = \"{}\"", network.reordering, self.live.cut.name())?;
        if let Some(Bandwidth(bytes)) = network.bandwidth {
            writeln!(out, "bandwidth = {bytes}")?;
        }
        if self.live.tls {
            writeln!(out, "tls = true")?;
        }
        for (from, to, latency) in &network.links {
            let name = |node: &u16| quoted(&self.node_names[usize::from(*node)]);
            writeln!(out, "\n[[network.links]]")?;
            writeln!(out, "from = {}\nto = {}", name(from), name(to))?;
            writeln!(out, "latency = \"{latency}\"")?;
        }
        Ok(())
    }

    fn write_clients(&self, out: &mut String) -> fmt::Result {
        let clients = &self.clients;
        let registers = &clients.registers;
        writeln!(out, "\n[clients]\nobject = \"{}\"", registers.object.name())?;
        writeln!(out, "count = {}\nkeys = {}", clients.count, registers.keys)?;
        if let Some(most) = registers.ops_per_key {
            writeln!(out, "ops_per_key = {most}")?;
        }
        let weights: Vec<String> = objects::weights(registers.object, registers.mix)
            .map(|(name, weight)| format!("{name} = {weight}"))
            .collect();
        writeln!(out, "mix = {{ {} }}", weights.join(", "))?;
        if registers.object == Object::Register {
            writeln!(out, "writers = \"{}\"", registers.writers.name())?;
        }
        match (registers.values, registers.object) {
            (Values::Unique, Object::Register) => writeln!(out, "values = \"unique\"")?,
            (Values::Unique, _) => {}
            (Values::Domain(size), _) => writeln!(out, "values = {size}")?,
        }
        writeln!(out, "ops = {}", clients.ops)?;
        writeln!(out, "time_limit = {}", time(clients.time_limit))?;
        if let Some(pace) = clients.pace {
            let (name, interval) = match pace {
                Pace::Poisson(interval) => ("poisson", interval),
                Pace::Fixed(interval) => ("fixed", interval),
            };
            let rate = SECOND as f64 / interval as f64;
            writeln!(out, "rate = {rate:?}\npace = \"{name}\"")?;
        }
        writeln!(out, "timeout = {}", time(self.sim.timeout))?;
        writeln!(out, "latency = \"{}\"", self.sim.client_latency)?;
        writeln!(out, "final_reads = {}\nsettle = {}", clients.final_reads, time(clients.settle))?;
        match clients.recovery {
            None => Ok(()),
            Some(recovery) => writeln!(out, "recovery = {}", time(recovery)),
        }
    }

    /// A setting, where it says anything.
    fn write_setting(&self, out: &mut String, setting: Setting) -> fmt::Result {
        let (config, name) = (&self.config, setting.name());
        let members =
            |set: NodeSet| texts(set.iter().map(|node| &self.node_names[usize::from(node)]));
        match setting {
            Setting::R | Setting::W if config.system.is_some() => Ok(()),
            Setting::MinInsync if config.acks != Acks::Insync => Ok(()),
            Setting::System => config.system.as_ref().map_or(Ok(()), |system| {
                let [reads, writes] = [&system.reads, &system.writes]
                    .map(|rule| quoted(&rule.show(&system.names).to_string()));
                writeln!(out, "read_quorums = {reads}\nwrite_quorums = {writes}")
            }),
            Setting::R => writeln!(out, "{name} = {}", config.r),
            Setting::W => writeln!(out, "{name} = {}", config.w),
            Setting::WriteBack => writeln!(out, "{name} = {}", config.write_back),
            Setting::ReadRepair => writeln!(out, "{name} = {}", config.read_repair),
            Setting::Replicas => writeln!(out, "{name} = {}", config.replicas),
            Setting::Pr => writeln!(out, "{name} = {}", config.pr),
            Setting::Pw => writeln!(out, "{name} = {}", config.pw),
            Setting::Liars => writeln!(out, "{name} = {}", config.liars),
            Setting::Lies => writeln!(out, "{name} = \"{}\"", config.lies.name()),
            Setting::Reads => writeln!(out, "{name} = \"{}\"", config.reads.name()),
            Setting::Acks => match config.acks {
                Acks::Count(backups) => writeln!(out, "{name} = {backups}"),
                Acks::Insync => writeln!(out, "{name} = \"insync\""),
            },
            Setting::MinInsync => writeln!(out, "{name} = {}", config.min_insync),
            Setting::Election => writeln!(out, "{name} = \"{}\"", config.election.name()),
            Setting::PlainWrites => writeln!(out, "{name} = {}", config.plain_writes),
            Setting::AntiEntropy => writeln!(out, "{name} = {}", config.anti_entropy),
            Setting::Witnesses => writeln!(out, "{name} = {}", config.witnesses),
            Setting::MissingValue => writeln!(out, "{name} = \"{}\"", config.missing_value.name()),
            Setting::Asks => writeln!(out, "{name} = \"{}\"", config.asks.name()),
            Setting::Digests => writeln!(out, "{name} = {}", config.digests),
            Setting::Members => writeln!(out, "{name} = {}", members(config.members)),
            Setting::NewMembers => writeln!(out, "{name} = {}", members(config.new_members)),
            Setting::Change => writeln!(out, "{name} = \"{}\"", config.change.name()),
            Setting::ChangeAfter => writeln!(out, "{name} = {}", time(config.change_after)),
        }
    }
}

fn write_disturbance(out: &mut String, disturbance: &Disturbance) -> fmt::Result {
    let kind = &disturbance.kind;
    writeln!(out, "\n[[nemesis]]\nfault = \"{}\"", kind.fault_kind().name())?;
    let targets = |list: &[Targets]| texts(list.iter().map(|targets| targets.name()));
    match kind {
        DisturbanceKind::Partition(shapes) => {
            writeln!(out, "shapes = {}", texts(shapes.iter().copied().map(Shape::name)))?;
        }
        DisturbanceKind::Crash { targets: list, lose_unsynced } => {
            writeln!(out, "targets = {}\nlose_unsynced = {lose_unsynced}", targets(list))?;
        }
        DisturbanceKind::Wipe(list)
        | DisturbanceKind::Pause(list)
        | DisturbanceKind::FullDisks(list) => {
            writeln!(out, "targets = {}", targets(list))?;
        }
        DisturbanceKind::SlowLinks { targets: list, factor }
        | DisturbanceKind::SlowDisks { targets: list, factor } => {
            writeln!(out, "targets = {}\nfactor = {factor}", targets(list))?;
        }
        DisturbanceKind::ClockSkew { targets: list, magnitude } => {
            writeln!(out, "targets = {}\nmagnitude = {}", targets(list), time(*magnitude))?;
        }
    }
    let Disturbance { interval, duration, .. } = disturbance;
    writeln!(out, "interval = {}\nduration = {}", time(*interval), time(*duration))
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A text of several lines, each on its own.
fn several_lines(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"");
    format!("\"\"\"\n{text}\n\"\"\"")
}

fn texts(items: impl IntoIterator<Item = impl Display>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| quoted(&item.to_string())).collect();
    format!("[{}]", items.join(", "))
}

fn time(nanos: Nanos) -> String {
    format!("\"{}\"", exact_duration(nanos))
}
