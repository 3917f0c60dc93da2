//! An experiment: what runs, what breaks, what must come of it.
//!
//! A workload is a small TOML file; everything left out has a default, and everything in it can be
//! overruled from the command line ([`Overrides`]). What is wrong in it is refused before anything
//! starts, with the line or the option that is to blame.

mod disturbance;
mod file;
mod membership;
mod objects;
mod program;
mod quorums;
mod resolve;
mod symptom;
mod system;
mod tls;
mod vocabulary;
mod write;

use std::fmt;

pub use file::{File, Overrides, WorkloadError};
pub use symptom::{Symptom, Symptoms};
pub use vocabulary::{SYSTEMS, System, Terms, Translation, translate};

use quorate_checker::{Anomaly, Verdict};

use crate::generator::{Pace, RegisterSettings, Writers};
use crate::nemesis::{Disturbance, DisturbanceKind};
use crate::program::Program;
use crate::promise::{Hazards, Promise, promise};
use crate::protocol::{Configuration, Object};
use crate::systems::Choice;
use crate::time::Nanos;
use crate::world::live::LiveSettings;
use crate::world::sim::SimSettings;
use crate::world::stage::{Cue, Script};

/// A workload with everything resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// What it is called: the name of its file.
    pub name: String,
    /// What it shows, in a sentence or two.
    pub about: String,
    /// What must come of it.
    pub expect: Expectation,
    /// The installed system that runs; nodes of our own if `None`.
    pub system: Option<Choice>,
    /// The program of somebody else's that is a node; nodes of our own, or of a system, if `None`.
    pub program: Option<Program>,
    /// The cluster. Of one of an installed system or a program only the number of nodes counts.
    pub config: Configuration,
    /// The names of its nodes.
    pub node_names: Vec<String>,
    /// What clients do.
    pub clients: Clients,
    /// The world it runs in.
    pub sim: SimSettings,
    /// What else there is to choose where processes and disks are real.
    pub live: LiveSettings,
    /// What breaks.
    pub nemesis: Vec<Disturbance>,
    /// What happens, step by step. Then nothing else does: clients, world and nemesis play no part.
    pub script: Option<Script>,
}

/// What clients do, and how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Clients {
    /// How many there are.
    pub count: u32,
    /// What they ask, and what of.
    pub registers: RegisterSettings,
    /// How fast they begin operations, all together; as fast as they get answers if `None`.
    pub pace: Option<Pace>,
    /// How many operations they begin, the final reads left out.
    pub ops: u64,
    /// How long they go on at most.
    pub time_limit: Nanos,
    /// Whether, after everything has been mended, each client reads every object once. Queues are emptied in
    /// any case.
    pub final_reads: bool,
    /// How long it is quiet after everything has been mended, before the final reads, or before queues are
    /// emptied.
    pub settle: Nanos,
    /// After everything has been mended, within which time every client must get a read and a write
    /// (or a dequeue and an enqueue) through; nobody looks if `None`.
    pub recovery: Option<Nanos>,
}

/// What must come of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// Every register is linearizable; or another object is, or a queue loses nothing.
    Linearizable,
    /// Whatever theory promises holds, be it less than linearizability.
    Promise,
    /// Some register is not, in whatever way.
    Violation,
    /// Some register is not, in this way.
    Anomaly(Anomaly),
    /// Clients see this, whether or not a register is linearizable.
    Symptom(Symptom),
}

impl Expectation {
    /// All that can be expected, by name.
    pub fn all() -> impl Iterator<Item = Self> {
        let anomalies = Anomaly::REGISTER.into_iter().chain([Anomaly::LostElement]);
        let anomalies = anomalies.map(Self::Anomaly);
        let is_new = |symptom: &Symptom| {
            Anomaly::REGISTER.iter().all(|anomaly| anomaly.name() != symptom.name())
        };
        let symptoms = Symptom::ALL.into_iter().filter(is_new).map(Self::Symptom);
        let general = [Self::Linearizable, Self::Promise, Self::Violation];
        general.into_iter().chain(anomalies).chain(symptoms)
    }

    /// The word of workloads and of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linearizable => "linearizable",
            Self::Promise => "promise",
            Self::Violation => "violation",
            Self::Anomaly(anomaly) => anomaly.name(),
            Self::Symptom(symptom) => symptom.name(),
        }
    }

    /// Whether some run must show it, rather than none.
    pub fn is_found(self) -> bool {
        match self {
            Self::Linearizable | Self::Promise => false,
            Self::Violation | Self::Anomaly(_) | Self::Symptom(_) => true,
        }
    }

    /// Whether a verdict with these anomalies and symptoms is what was expected, and whether the promise
    /// was `kept`. `None` if nobody can tell.
    pub fn is_met(
        self,
        verdict: Verdict,
        anomalies: &[Anomaly],
        symptoms: &Symptoms,
        kept: Option<bool>,
    ) -> Option<bool> {
        match (self, verdict) {
            (Self::Promise, _) => kept,
            (Self::Linearizable, Verdict::Valid) => Some(true),
            (Self::Linearizable, Verdict::Invalid) => Some(false),
            (Self::Violation, Verdict::Invalid) => Some(true),
            // A lost write is a stale read that stays.
            (Self::Anomaly(Anomaly::StaleRead), _) if anomalies.contains(&Anomaly::LostWrite) => {
                Some(true)
            }
            (Self::Anomaly(expected), _) if anomalies.contains(&expected) => Some(true),
            (Self::Anomaly(_), _) if symptoms.has(self.name()) => Some(true),
            (Self::Symptom(_), _) => Some(symptoms.has(self.name())),
            (_, Verdict::Unknown) => None,
            (Self::Violation | Self::Anomaly(_), _) => Some(false),
        }
    }
}

impl Expectation {
    /// Whether a violation of this name is one that must come of it.
    pub fn is_shown_by(self, finding: &str) -> bool {
        match self {
            Self::Linearizable | Self::Promise => false,
            Self::Violation => true,
            Self::Anomaly(Anomaly::StaleRead) if finding == Anomaly::LostWrite.name() => true,
            Self::Anomaly(_) | Self::Symptom(_) => self.name() == finding,
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something works on registers only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} is for registers, and this workload is of a {object}; expected object = \"register\""
)]
pub struct NeedsRegisters {
    what: String,
    object: &'static str,
}

impl Workload {
    /// What theory guarantees, or the makers of the system, or whoever runs the program.
    pub fn promise(&self) -> Promise {
        match (&self.system, &self.program) {
            (Some(system), _) => system.promise(),
            (None, Some(program)) => program.promise(),
            (None, None) => promise(&self.config, self.hazards()),
        }
    }

    /// Refuses what only works on registers.
    ///
    /// # Errors
    /// If clients operate on something else.
    pub fn need_registers(&self, what: &str) -> Result<(), NeedsRegisters> {
        match self.clients.registers.object {
            Object::Register => Ok(()),
            object => Err(NeedsRegisters { what: what.to_owned(), object: object.name() }),
        }
    }

    /// What may go wrong in it that theory must know of.
    pub fn hazards(&self) -> Hazards {
        let many_writers = self.clients.registers.writers == Writers::All;
        let object = self.clients.registers.object;
        let mut hazards = Hazards { many_writers, object, ..Hazards::default() };
        for cue in self.script.iter().flat_map(Script::cues) {
            match cue {
                Cue::Crash { lose_unsynced, .. } => hazards.lost_unsynced |= lose_unsynced,
                Cue::Wipe(_) => hazards.wiped = true,
                Cue::SetClock { .. } => hazards.clock_skew = true,
                _ => {}
            }
        }
        for disturbance in &self.nemesis {
            match disturbance.kind {
                DisturbanceKind::Crash { lose_unsynced, .. } => {
                    hazards.lost_unsynced |= lose_unsynced;
                }
                DisturbanceKind::Wipe(_) => hazards.wiped = true,
                DisturbanceKind::ClockSkew { .. } => hazards.clock_skew = true,
                DisturbanceKind::Partition(_)
                | DisturbanceKind::Pause(_)
                | DisturbanceKind::SlowLinks { .. }
                | DisturbanceKind::SlowDisks { .. }
                | DisturbanceKind::FullDisks(_) => {}
            }
        }
        hazards
    }
}
