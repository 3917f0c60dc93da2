//! What a calibration came to.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::text::{configuration, counted, entry};
use crate::campaign::calibrate::{Caught, Power};
use crate::protocol::Mutant;
use crate::workload::Workload;

/// A calibration in plain text: for each workload how likely a run catches each mutant.
pub fn calibrated(workloads: &[Workload], all: &[Caught]) -> String {
    let mut out = String::new();
    for (place, workload) in workloads.iter().enumerate() {
        out += &format!("{}: {}\n\n", workload.name, configuration(&workload.config));
        out += &format!(
            "{:<25}{:>7}  {:<17}{:>9}  shows as\n",
            "mutant", "caught", "95 % interval", "for 99 %"
        );
        for caught in all.iter().filter(|caught| caught.place == place) {
            out += &row(caught);
        }
        out.push('\n');
    }
    let survivors = survivors(all);
    if survivors.is_empty() {
        entry(&mut out, "survivors", "none: some workload catches every mutant");
    }
    for name in survivors {
        let mutant = Mutant::ALL.iter().find(|mutant| mutant.name() == name);
        let about = mutant.map_or("", |mutant| mutant.about());
        entry(&mut out, "survivor", &format!("{name}: {about}"));
    }
    for caught in false_alarms(all) {
        let Caught { workload, caught, runs, .. } = caught;
        entry(
            &mut out,
            "FALSE ALARM",
            &format!("{workload} without a bug, in {caught} of {runs} runs"),
        );
    }
    out
}

fn row(caught: &Caught) -> String {
    let Caught { mutant, runs, probability, runs_for_99_percent, shows_as, .. } = caught;
    let name = mutant.unwrap_or("(none)");
    let interval = format!("{:.4} - {:.4}", probability.low, probability.high);
    let needed = runs_for_99_percent.map_or(format!("> {runs}"), |runs| runs.to_string());
    let needed = if mutant.is_some() { needed } else { "-".to_owned() };
    let most = shows_as.iter().max_by_key(|(_, count)| **count);
    let shows = most.map_or(String::new(), |(name, _)| name.clone());
    let line = format!("{name:<25}{:>7.4}  {interval:<17}{needed:>9}  {shows}", probability.value);
    line.trim_end().to_owned() + "\n"
}

/// The mutants that no workload has caught.
pub fn survivors(all: &[Caught]) -> Vec<&'static str> {
    let of = |is_caught: bool| -> BTreeSet<&'static str> {
        let those = all.iter().filter(|caught| (caught.caught > 0) == is_caught);
        those.filter_map(|caught| caught.mutant).collect()
    };
    of(false).difference(&of(true)).copied().collect()
}

/// Workloads that fail without a bug.
pub fn false_alarms(all: &[Caught]) -> impl Iterator<Item = &Caught> {
    all.iter().filter(|caught| caught.mutant.is_none() && caught.caught > 0)
}

/// A calibration as JSON.
pub fn calibrated_json(all: &[Caught], power: &Power) -> Json {
    json!({
        "version": 1,
        "ops": power.ops,
        "mutants": all.iter().filter(|caught| caught.mutant.is_some()).collect::<Vec<_>>(),
        "without": all.iter().filter(|caught| caught.mutant.is_none()).collect::<Vec<_>>(),
        "survivors": survivors(all),
    })
}

/// What the runs of a campaign would have shown, as far as it was calibrated: a line for each workload and
/// each class of bugs.
pub fn quoted(power: &Power, workload: &str, ops: u64, runs: u64) -> Vec<String> {
    let Some(classes) = power.after(workload, ops, runs) else {
        let ops = counted(ops, "operation");
        return vec![format!("{workload} was not calibrated with {ops} a run")];
    };
    let line = |(class, value, low): (&str, f64, f64)| {
        format!(
            "{workload}: a bug of class {class} would have been caught with probability {value:.3}, at \
             least {low:.3}"
        )
    };
    classes.into_iter().map(line).collect()
}
