//! Generators against a world in which every operation takes exactly ten milliseconds.

use super::*;
use crate::client::Action;
use crate::protocol::Object;
use crate::rng::Seed;
use crate::time::MILLISECOND;

const WORKERS: u32 = 3;

/// Which worker began which operation when.
fn simulate(mut generator: Generator, op_count_max: usize) -> Vec<(Nanos, u32, Operation)> {
    let mut rng = Seed(1).fork("generator");
    let mut free: Vec<u32> = (0..WORKERS).collect();
    let mut busy: Vec<(Nanos, u32)> = Vec::new();
    let (mut now, mut begun) = (0, Vec::new());
    while begun.len() < op_count_max {
        let next = generator.next(&Context { now, free: &free, workers: WORKERS }, &mut rng);
        let until = match next {
            Next::Op(worker, operation) => {
                assert!(free.contains(&worker), "worker {worker} is busy");
                free.retain(|free| *free != worker);
                busy.push((now + 10 * MILLISECOND, worker));
                begun.push((now, worker, operation));
                continue;
            }
            Next::At(at) => {
                assert!(at > now, "asks for the past");
                at
            }
            Next::Wait => {
                assert!(!busy.is_empty(), "waits for nothing");
                Nanos::MAX
            }
            Next::Done => return begun,
        };
        match busy.first().copied() {
            Some((at, worker)) if at <= until => {
                now = at;
                busy.remove(0);
                free.push(worker);
            }
            _ => now = until,
        }
    }
    begun
}

fn registers(values: Values) -> Generator {
    Generator::Registers(Registers::new(RegisterSettings {
        object: Object::Register,
        mix: Mix { read: 1, write: 1, cas: 1 },
        keys: 2,
        ops_per_key: None,
        values,
        writers: Writers::All,
    }))
}

fn reads(key: u32) -> Operation {
    Operation { key, action: Action::Read }
}

#[test]
fn limits_hold() {
    assert_eq!(simulate(registers(Values::Unique).limit(7), 100).len(), 7);
    let begun = simulate(registers(Values::Unique).time_limit(25 * MILLISECOND), 100);
    assert_eq!(begun.len(), 9);
    assert!(begun.iter().all(|(at, ..)| *at < 25 * MILLISECOND));
}

#[test]
fn a_fixed_pace_is_kept() {
    let begun = simulate(registers(Values::Unique).stagger(Pace::Fixed(4 * MILLISECOND)), 50);
    for (i, (at, ..)) in begun.iter().enumerate() {
        assert_eq!(*at, (i as u64 + 1) * 4 * MILLISECOND);
    }
}

#[test]
fn a_pace_faster_than_the_workers_does_not_run_away() {
    let begun = simulate(registers(Values::Unique).stagger(Pace::Fixed(MILLISECOND)), 30);
    // Three workers, ten milliseconds each: three operations every ten milliseconds.
    assert_eq!(begun[29].0 / MILLISECOND, 93);
}

#[test]
fn a_poisson_pace_has_its_mean() {
    let begun = simulate(registers(Values::Unique).stagger(Pace::Poisson(20 * MILLISECOND)), 5000);
    let mean = begun[4999].0 / 5000;
    assert!((19 * MILLISECOND..21 * MILLISECOND).contains(&mean), "{mean}");
}

#[test]
fn phases_wait_for_each_other() {
    let begun = simulate(
        Generator::phases([
            registers(Values::Unique).limit(4),
            Generator::sleep(5 * MILLISECOND),
            Generator::each_worker(vec![reads(0), reads(1)]),
        ]),
        100,
    );
    assert_eq!(begun.len(), 4 + 2 * WORKERS as usize);
    assert!(begun[3].0 + 15 * MILLISECOND <= begun[4].0);
    for worker in 0..WORKERS {
        let own = begun[4..].iter().filter(|(_, w, _)| *w == worker);
        assert_eq!(own.map(|(.., op)| op.key).collect::<Vec<_>>(), [0, 1]);
    }
}

#[test]
fn a_mix_goes_by_weight_until_a_part_is_done() {
    let part = |key| Generator::each_worker(vec![reads(key); 100]);
    let begun = simulate(Generator::Mix(vec![(1, part(1)), (9, part(2))]), 1000);
    assert_eq!(begun.len(), 2 * 100 * WORKERS as usize);
    let first = begun[..100].iter().filter(|(.., op)| op.key == 1).count();
    assert!((2..25).contains(&first), "{first} of 100 at a weight of one in ten");
}

#[test]
fn unique_values_are_unique_per_register_and_domains_small() {
    let mut seen = std::collections::HashSet::new();
    for (.., op) in simulate(registers(Values::Unique), 2000) {
        if let Action::Write(value) | Action::Cas { new: value, .. } = op.action {
            assert!(seen.insert((op.key, value)), "{value} twice");
        }
    }
    for (.., op) in simulate(registers(Values::Domain(3)), 500) {
        if let Action::Write(value) | Action::Cas { new: value, .. } = op.action {
            assert!((1..=3).contains(&value));
        }
    }
}

#[test]
fn a_register_with_one_writer_is_written_by_one_worker() {
    let generator = Generator::Registers(Registers::new(RegisterSettings {
        object: Object::Register,
        mix: Mix { read: 1, write: 3, cas: 1 },
        keys: 5,
        ops_per_key: None,
        values: Values::Unique,
        writers: Writers::One,
    }));
    let mut writers = std::collections::BTreeMap::new();
    for (_, worker, op) in simulate(generator, 1000) {
        if op.action != Action::Read {
            assert_eq!(*writers.entry(op.key).or_insert(worker), worker);
        }
    }
    assert_eq!(writers.len(), 5);
}

#[test]
fn registers_are_given_up_after_their_share() {
    let generator = Generator::Registers(Registers::new(RegisterSettings {
        object: Object::Register,
        mix: Mix { read: 1, write: 1, cas: 0 },
        keys: 2,
        ops_per_key: Some(10),
        values: Values::Unique,
        writers: Writers::All,
    }));
    let mut counts = std::collections::BTreeMap::new();
    for (.., op) in simulate(generator, 1000) {
        *counts.entry(op.key).or_insert(0) += 1;
    }
    assert!(counts.len() >= 100);
    assert!(counts.values().all(|count| *count <= 10));
}
