//! Swarm testing (Groce et al., "Swarm testing", ISSTA 2012): each seed draws which faults exist at all, how
//! wild they are, how many clients there are, and how long everything takes. A bug that one feature hides
//! shows where that feature happens to be left out.
//!
//! The workload that is drawn depends on the one it is drawn from and on the seed, and on nothing else. The
//! cluster stays as it is, and so does what theory promises for it.

use rand::RngExt as _;

use crate::generator::{Mix, Pace, Values};
use crate::latency::Latency;
use crate::nemesis::{Disturbance, DisturbanceKind, FaultKind, Shape, Targets};
use crate::promise::promise;
use crate::rng::{Rng, Seed};
use crate::time::{MILLISECOND, Nanos, SECOND};
use crate::workload::Workload;

/// Clients must get through again within so many of their timeouts after the last message that was on its
/// way has arrived.
const RECOVERY_TIMEOUTS: u64 = 40;
/// A run goes on for so many timeouts at most.
const TIME_LIMIT_TIMEOUTS: u64 = 100;
/// How long nothing breaks, and how long something is broken: a run is short, so quickly one after the other.
const FAULTS: Nanos = 60 * MILLISECOND;
/// Slow links take at most so many times as long.
const SLOWNESS_MOST: u32 = 10;

/// Draws a workload of `ops` operations.
pub fn draw(workload: &Workload, seed: Seed, ops: u64) -> Workload {
    if workload.script.is_some() {
        return workload.clone();
    }
    let mut rng = seed.fork("swarm");
    let mut drawn = workload.clone();
    drawn.name = format!("{}-{seed}", workload.name);
    draw_clients(&mut drawn, ops, &mut rng);
    draw_world(&mut drawn, &mut rng);
    drawn.nemesis = draw_nemesis(workload, &mut rng);
    let late = u64::from(SLOWNESS_MOST) * drawn.sim.network.latency.longest();
    let recovery = RECOVERY_TIMEOUTS * drawn.sim.timeout + late;
    drawn.clients.recovery.get_or_insert(recovery);
    drawn
}

fn draw_clients(workload: &mut Workload, ops: u64, rng: &mut Rng) {
    let has_cas = workload.config.protocol.facts().has_cas;
    let clients = &mut workload.clients;
    clients.ops = ops;
    clients.count = rng.random_range(2..=2 * clients.count.max(2));
    let registers = &mut clients.registers;
    registers.keys = rng.random_range(1..=2 * registers.keys);
    let mut weight = |base: u32| base * rng.random_range(1..=4);
    let Mix { read, write, cas } = registers.mix;
    registers.mix = Mix { read: weight(read), write: weight(write), cas: weight(cas) };
    if let Values::Domain(size) = registers.values {
        registers.values = Values::Domain(rng.random_range(1..=2 * size));
    } else if has_cas && rng.random_ratio(1, 4) {
        registers.values = Values::Domain(rng.random_range(2..=5));
    }
    if rng.random_ratio(1, 4) {
        clients.pace = Some(Pace::Poisson(rng.random_range(MILLISECOND / 10..=4 * MILLISECOND)));
    }
    let timeout = scale(workload.sim.timeout, 4, rng);
    workload.sim.timeout = timeout;
    clients.settle = 2 * timeout;
    clients.time_limit = clients.time_limit.min(TIME_LIMIT_TIMEOUTS * timeout);
}

fn draw_world(workload: &mut Workload, rng: &mut Rng) {
    let limit = workload.sim.timeout / 8;
    let sim = &mut workload.sim;
    sim.client_latency = draw_latency(sim.client_latency, limit, rng);
    sim.sync_latency = draw_latency(sim.sync_latency, limit, rng);
    let network = &mut sim.network;
    network.latency = draw_latency(network.latency, limit, rng);
    // Where nothing overtakes, each message is as slow as the slowest before it: with a long tail, slower than
    // clients wait.
    let has_tail = !matches!(network.latency, Latency::Constant(_) | Latency::Uniform(..));
    network.reordering = rng.random_ratio(3, 4) || has_tail;
    let mut share = |base: f64| match rng.random_range(0..4_u32) {
        0 => rng.random_range(1..=100_u32).into(),
        1 => 0.0,
        _ => base * 1000.0,
    };
    network.loss = share(network.loss) / 1000.0;
    network.duplication = share(network.duplication) / 1000.0;
}

/// A latency of some shape, around what it is, far enough below `limit`.
fn draw_latency(base: Latency, limit: Nanos, rng: &mut Rng) -> Latency {
    let middle = scale(base.middle().max(MILLISECOND / 100), 8, rng).min(limit);
    match rng.random_range(0..5_u32) {
        0 => Latency::Constant(middle),
        1 => Latency::Uniform(middle / 2, middle * 3 / 2),
        2 => Latency::LogNormal(middle, 1.0),
        3 => Latency::Pareto(middle / 2, 3.0),
        _ => Latency::Exponential(middle),
    }
}

/// So many times as much or as little, no less likely one way than the other.
fn scale(base: Nanos, most: u32, rng: &mut Rng) -> Nanos {
    let exponent = f64::from(rng.random_range(-100..=100_i32)) / 100.0;
    let factor = libm::pow(f64::from(most), exponent);
    ((base as f64 * factor) as Nanos).max(1)
}

/// Some of the faults that there may be.
fn draw_nemesis(workload: &Workload, rng: &mut Rng) -> Vec<Disturbance> {
    let mut drawn = Vec::new();
    for disturbance in possible(workload) {
        if rng.random_ratio(1, 2) {
            drawn.push(Disturbance {
                kind: draw_kind(&disturbance.kind, rng),
                interval: scale(disturbance.interval.min(FAULTS), 8, rng),
                duration: scale(disturbance.duration.min(FAULTS), 8, rng),
            });
        }
    }
    drawn
}

/// The faults of the workload, and all others that leave its promise as it is.
fn possible(workload: &Workload) -> Vec<Disturbance> {
    let mut possible = workload.nemesis.clone();
    let promised = |nemesis: Vec<Disturbance>| {
        let workload = Workload { nemesis, ..workload.clone() };
        promise(&workload.config, workload.hazards()).condition
    };
    for kind in everything() {
        let is_there = possible.iter().any(|other| other.kind.fault_kind() == kind.fault_kind());
        let more = Disturbance { kind, interval: FAULTS, duration: FAULTS };
        let with_it = workload.nemesis.iter().chain([&more]).cloned().collect();
        if !is_there && promised(with_it) == promised(workload.nemesis.clone()) {
            possible.push(more);
        }
    }
    possible
}

/// Disks are wiped only where a workload says so: nodes that forget keep no promise. How slow they are is drawn
/// with the latencies, and a full one stops its node, which a crash does, too.
fn everything() -> impl Iterator<Item = DisturbanceKind> {
    let targets = Targets::ALL.to_vec();
    let is_left_out =
        |kind| matches!(kind, FaultKind::Wipe | FaultKind::SlowDisks | FaultKind::FullDisks);
    let kinds = FaultKind::ALL.into_iter().filter(move |kind| !is_left_out(*kind));
    kinds.map(move |kind| match kind {
        FaultKind::Partition => DisturbanceKind::Partition(Shape::ALL.to_vec()),
        FaultKind::Crash => {
            DisturbanceKind::Crash { targets: targets.clone(), lose_unsynced: true }
        }
        FaultKind::Wipe => DisturbanceKind::Wipe(vec![Targets::One]),
        FaultKind::Pause => DisturbanceKind::Pause(targets.clone()),
        FaultKind::SlowLinks => DisturbanceKind::SlowLinks { targets: targets.clone(), factor: 20 },
        FaultKind::ClockSkew => {
            DisturbanceKind::ClockSkew { targets: targets.clone(), magnitude: SECOND / 5 }
        }
        FaultKind::SlowDisks => DisturbanceKind::SlowDisks { targets: targets.clone(), factor: 20 },
        FaultKind::FullDisks => DisturbanceKind::FullDisks(targets.clone()),
    })
}

fn draw_kind(kind: &DisturbanceKind, rng: &mut Rng) -> DisturbanceKind {
    match kind {
        DisturbanceKind::Partition(shapes) => DisturbanceKind::Partition(some(shapes, rng)),
        DisturbanceKind::Crash { targets, lose_unsynced } => DisturbanceKind::Crash {
            targets: some(targets, rng),
            lose_unsynced: *lose_unsynced && rng.random_ratio(3, 4),
        },
        DisturbanceKind::Wipe(targets) => DisturbanceKind::Wipe(some(targets, rng)),
        DisturbanceKind::Pause(targets) => DisturbanceKind::Pause(some(targets, rng)),
        DisturbanceKind::SlowLinks { targets, .. } => DisturbanceKind::SlowLinks {
            targets: some(targets, rng),
            factor: rng.random_range(2..=SLOWNESS_MOST),
        },
        DisturbanceKind::ClockSkew { targets, magnitude } => DisturbanceKind::ClockSkew {
            targets: some(targets, rng),
            magnitude: scale(*magnitude, 8, rng),
        },
        DisturbanceKind::SlowDisks { targets, .. } => DisturbanceKind::SlowDisks {
            targets: some(targets, rng),
            factor: rng.random_range(2..=SLOWNESS_MOST),
        },
        DisturbanceKind::FullDisks(targets) => DisturbanceKind::FullDisks(some(targets, rng)),
    }
}

/// At least one of them.
fn some<T: Copy>(all: &[T], rng: &mut Rng) -> Vec<T> {
    let certain = rng.random_range(0..all.len());
    let chosen =
        |(place, item): (usize, &T)| (place == certain || rng.random_ratio(1, 2)).then_some(*item);
    all.iter().enumerate().filter_map(chosen).collect()
}
