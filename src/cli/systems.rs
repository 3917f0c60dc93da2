//! `quorate systems`.

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::{Exit, print, print_json};
use crate::report::entry;
use crate::systems::{Mode, Modes, SYSTEMS, System};

const EXAMPLES: &str = "Examples:
  quorate systems
      which real systems can be run here, and what each promises
  quorate systems etcd --errors
      also what the errors of one mean: ok, fail or info, and why
  quorate systems --json
      all of it as one JSON document";

/// What `quorate systems` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SystemsArgs {
    /// Only this one.
    system: Option<String>,
    /// Also list what its errors mean.
    #[arg(long)]
    errors: bool,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// Lists the systems that can be run.
pub(super) fn systems(args: &SystemsArgs) -> Result<Exit> {
    let chosen =
        |system: &&dyn System| args.system.as_ref().is_none_or(|name| *name == system.facts().name);
    let chosen: Vec<&dyn System> = SYSTEMS.iter().copied().filter(chosen).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = SYSTEMS.iter().map(|system| system.facts().name).collect();
        let name = args.system.as_deref().unwrap_or_default();
        anyhow::bail!("no system `{name}`; expected one of {}", names.join(", "));
    }
    if args.json {
        let all: Vec<Value> = chosen.into_iter().map(as_json).collect();
        print_json(&all)?;
        return Ok(Exit::AsExpected);
    }
    let texts: Vec<String> =
        chosen.into_iter().map(|system| as_text(system, args.errors)).collect();
    print(&texts.join("\n"))?;
    Ok(Exit::AsExpected)
}

/// Every pair of modes.
fn all_modes(system: &dyn System) -> impl Iterator<Item = (&'static Mode, &'static Mode, Modes)> {
    let facts = system.facts();
    facts.writes.iter().flat_map(|write| {
        let modes = |read: &Mode| Modes { read: read.name, write: write.name };
        facts.reads.iter().map(move |read| (read, write, modes(read)))
    })
}

fn as_text(system: &dyn System, with_errors: bool) -> String {
    let facts = system.facts();
    let mut text = String::new();
    entry(&mut text, facts.name, facts.about);
    let state = facts.find().map_or_else(
        |problem| format!("no: {problem}"),
        |found| format!("{} (tried with {})", found.version, facts.tried),
    );
    entry(&mut text, "installed", &state);
    for (what, modes) in [("read", facts.reads), ("write", facts.writes)] {
        for mode in modes {
            entry(&mut text, what, &format!("{}: {}", mode.name, mode.about));
        }
    }
    for (read, write, modes) in all_modes(system) {
        let promise = system.promise(modes);
        let mut of = Vec::new();
        for (what, all, mode) in [("read", facts.reads, read), ("write", facts.writes, write)] {
            if all.len() > 1 {
                of.push(format!("{what} {}", mode.name));
            }
        }
        let of = if of.is_empty() { String::new() } else { format!("{}: ", of.join(", ")) };
        entry(&mut text, "promises", &format!("{of}{}", promise.condition.name()));
    }
    for error in facts.errors.iter().filter(|_| with_errors) {
        let means = if error.is_definite { "fail" } else { "info" };
        entry(&mut text, means, &format!("{}: {}", error.name, error.because));
    }
    text
}

fn as_json(system: &dyn System) -> Value {
    let facts = system.facts();
    let found = facts.find();
    let mode = |mode: &Mode| json!({ "name": mode.name, "about": mode.about });
    let modes = |modes: &[Mode]| modes.iter().map(mode).collect::<Vec<_>>();
    let promise = |(read, write, modes): (&Mode, &Mode, Modes)| json!({ "read": read.name, "write": write.name, "promise": system.promise(modes) });
    let errors = facts.errors.iter().map(|error| {
        json!({
            "says": error.says,
            "name": error.name,
            "means": if error.is_definite { "fail" } else { "info" },
            "because": error.because,
        })
    });
    json!({
        "name": facts.name,
        "about": facts.about,
        "installed": found.as_ref().ok().map(|found| &found.version),
        "problem": found.as_ref().err().map(ToString::to_string),
        "install": facts.install(),
        "tried": facts.tried,
        "reads": modes(facts.reads),
        "writes": modes(facts.writes),
        "promises": all_modes(system).map(promise).collect::<Vec<_>>(),
        "errors": errors.collect::<Vec<_>>(),
    })
}
