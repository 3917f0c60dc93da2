//! What breaks, how often, and for how long.

use super::file::{Field, Place, RawDisturbance, Source};
use super::resolve::{Kind, Resolved, Subject, duration, list, many_of, one_of, within};
use crate::nemesis::{Disturbance, DisturbanceKind, FaultKind, Shape, Targets};
use crate::time::{MILLISECOND, Nanos};

/// What a workload leaves out.
mod default {
    use super::{MILLISECOND, Nanos};

    pub(super) const SLOWNESS: u32 = 20;
    pub(super) const SKEW: Nanos = 200 * MILLISECOND;
}

/// A disturbance, if that can happen to what runs.
pub(super) fn disturbance(
    source: &Source,
    raw: &RawDisturbance,
    subject: &Subject,
) -> Resolved<Disturbance> {
    let kind = fault_kind(source, &raw.fault)?;
    refuse_foreign(source, raw, kind)?;
    refuse_impossible(source, raw, kind, subject)?;
    let has_leader = subject.kind == Kind::Installed;
    let targets = |otherwise: &[Targets]| match &raw.targets {
        None => Ok(otherwise.to_vec()),
        Some(field) => {
            let all: Vec<Targets> = with(&Targets::ALL, Targets::Leader, has_leader);
            many_of(source, field, "nemesis.targets", &all, Targets::name)
        }
    };
    let factor = || match &raw.factor {
        None => Ok(default::SLOWNESS),
        Some(Field { value, place }) => {
            let factor = within(source, place, "nemesis.factor", *value, 2, 1_000_000)?;
            Ok(factor as u32)
        }
    };
    let kind = match kind {
        FaultKind::Partition => DisturbanceKind::Partition(match &raw.shapes {
            None => Shape::ALL.to_vec(),
            Some(field) => {
                let all: Vec<Shape> = with(&Shape::ALL, Shape::Leader, has_leader);
                many_of(source, field, "nemesis.shapes", &all, Shape::name)?
            }
        }),
        FaultKind::Crash => DisturbanceKind::Crash {
            targets: targets(&Targets::ALL)?,
            lose_unsynced: raw
                .lose_unsynced
                .as_ref()
                .map_or(subject.kind == Kind::Own, |field| field.value),
        },
        FaultKind::Wipe => {
            let chosen = targets(&[Targets::One])?;
            refuse_wiped_majority(source, raw, subject.kind, &chosen)?;
            DisturbanceKind::Wipe(chosen)
        }
        FaultKind::Pause => {
            DisturbanceKind::Pause(targets(&[Targets::One, Targets::Minority, Targets::Majority])?)
        }
        FaultKind::SlowLinks => DisturbanceKind::SlowLinks {
            targets: targets(&[Targets::One, Targets::Minority])?,
            factor: factor()?,
        },
        FaultKind::ClockSkew => DisturbanceKind::ClockSkew {
            targets: targets(&[Targets::One, Targets::Minority, Targets::Majority])?,
            magnitude: duration(
                source,
                raw.magnitude.as_ref(),
                "nemesis.magnitude",
                default::SKEW,
            )?,
        },
        FaultKind::SlowDisks => DisturbanceKind::SlowDisks {
            targets: targets(&[Targets::One, Targets::Minority])?,
            factor: factor()?,
        },
        FaultKind::FullDisks => {
            DisturbanceKind::FullDisks(targets(&[Targets::One, Targets::Minority])?)
        }
    };
    let interval = duration(source, raw.interval.as_ref(), "nemesis.interval", subject.interval)?;
    let duration = duration(source, raw.duration.as_ref(), "nemesis.duration", subject.duration)?;
    Ok(Disturbance { kind, interval, duration })
}

/// A field that this kind of fault does not have is a mistake, not something to pass over.
fn refuse_foreign(source: &Source, raw: &RawDisturbance, kind: FaultKind) -> Resolved<()> {
    let place = |name, place: Option<&Place>| place.map(|place| (name, place.clone()));
    let has = match kind {
        FaultKind::Partition => &["shapes"][..],
        FaultKind::Crash => &["targets", "lose_unsynced"],
        FaultKind::Wipe | FaultKind::Pause | FaultKind::FullDisks => &["targets"],
        FaultKind::SlowLinks | FaultKind::SlowDisks => &["targets", "factor"],
        FaultKind::ClockSkew => &["targets", "magnitude"],
    };
    let given = [
        place("shapes", raw.shapes.as_ref().map(|field| &field.place)),
        place("targets", raw.targets.as_ref().map(|field| &field.place)),
        place("lose_unsynced", raw.lose_unsynced.as_ref().map(|field| &field.place)),
        place("factor", raw.factor.as_ref().map(|field| &field.place)),
        place("magnitude", raw.magnitude.as_ref().map(|field| &field.place)),
    ];
    match given.into_iter().flatten().find(|(name, _)| !has.contains(name)) {
        None => Ok(()),
        Some((name, place)) => {
            let problem = format!("fault \"{}\" has none; it has {}", kind.name(), list(has));
            Err(source.error(&place, &format!("nemesis.{name}"), problem))
        }
    }
}

/// The kind of a fault. A crash is also known by what it does to a process.
fn fault_kind(source: &Source, field: &Field<String>) -> Resolved<FaultKind> {
    if field.value == "kill" {
        return Ok(FaultKind::Crash);
    }
    one_of(source, field, "nemesis.fault", FaultKind::ALL, FaultKind::name)
}

/// All of these, and one more if there is any.
fn with<T: Copy>(all: &[T], one_more: T, there_is: bool) -> Vec<T> {
    all.iter().copied().chain(there_is.then_some(one_more)).collect()
}

/// A system of which no majority is left lets nobody in again.
fn refuse_wiped_majority(
    source: &Source,
    raw: &RawDisturbance,
    kind: Kind,
    chosen: &[Targets],
) -> Resolved<()> {
    let many = |targets: &&Targets| matches!(targets, Targets::Majority | Targets::All);
    match (kind, chosen.iter().find(many), &raw.targets) {
        (Kind::Installed, Some(targets), Some(field)) => {
            let problem = format!(
                "found \"{}\", of which none would be left to let the others in again; expected one, \
                 minority or leader",
                targets.name()
            );
            Err(source.error(&field.place, "nemesis.targets", problem))
        }
        _ => Ok(()),
    }
}

/// What cannot be done to nodes of others.
fn refuse_impossible(
    source: &Source,
    raw: &RawDisturbance,
    fault: FaultKind,
    subject: &Subject,
) -> Resolved<()> {
    let (whom, other_links) = match subject.kind {
        Kind::Own => return Ok(()),
        Kind::Installed => (subject.name.as_str(), Some("its links are the kernel's")),
        Kind::Program(_) => ("a program of others", None),
    };
    let why_not = |kind: FaultKind| match kind {
        FaultKind::Partition | FaultKind::Crash | FaultKind::Wipe | FaultKind::Pause => None,
        FaultKind::SlowLinks => other_links,
        FaultKind::ClockSkew => subject.right_clocks,
        FaultKind::SlowDisks | FaultKind::FullDisks => Some("its disk is the machine's"),
    };
    if let Some(why) = why_not(fault) {
        let able = FaultKind::ALL.into_iter().filter(|kind| why_not(*kind).is_none());
        let able: Vec<&str> = able.map(FaultKind::name).collect();
        let (fault, able) = (fault.name(), list(&able));
        let problem = format!("\"{fault}\" cannot be done to {whom}: {why}; expected {able}");
        return Err(source.error(&raw.fault.place, "nemesis.fault", problem));
    }
    match &raw.lose_unsynced {
        Some(Field { value: true, place }) => {
            let problem =
                format!("the disk of {whom} is the machine's, which loses nothing; expected false");
            Err(source.error(place, "nemesis.lose_unsynced", problem))
        }
        _ => Ok(()),
    }
}
