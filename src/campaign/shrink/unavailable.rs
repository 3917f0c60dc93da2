//! Runs after which some client gets nothing through, although everything has been mended. That nothing comes
//! is no step that a script could take, so these stay runs from a seed, of a smaller workload.

use crate::campaign::torture::messages_most;
use crate::generator::Mix;
use crate::rng::Seed;
use crate::run::simulate_covering;
use crate::workload::Workload;

/// The smallest workload found that still leaves some client without an answer in the end, with the same seed:
/// fewer operations, clients and registers, fewer kinds of faults, a kinder network. `None` if this one does
/// not, or does not look. `watch` is shown the smallest so far, and ends the search by returning false.
pub fn shrink_unavailable(
    workload: &Workload,
    seed: Seed,
    watch: &mut dyn FnMut(&Workload) -> bool,
) -> Option<Workload> {
    if workload.script.is_some() || !is_stuck(workload, seed) {
        return None;
    }
    let mut smallest = workload.clone();
    'smaller: while watch(&smallest) {
        for simpler in simpler(&smallest) {
            if is_stuck(&simpler, seed) {
                smallest = simpler;
                continue 'smaller;
            }
        }
        break;
    }
    let about = format!(
        "The smallest part of {} that still leaves a client without an answer: with --seed {seed}.",
        workload.name
    );
    Some(Workload { name: format!("{}-shrunk", workload.name), about, ..smallest })
}

/// Whether some client gets nothing through in the end. A run in which nodes send without end is another
/// finding.
fn is_stuck(workload: &Workload, seed: Seed) -> bool {
    let most = messages_most(workload);
    let run = simulate_covering(workload, seed, most);
    run.is_ok_and(|(run, _)| {
        run.traffic.messages <= most && run.recovery.is_some_and(|recovery| recovery.took.is_none())
    })
}

/// The workload with one thing less of it, the boldest first. Each is smaller, so that this ends.
fn simpler(workload: &Workload) -> Vec<Workload> {
    let mut all = Vec::new();
    let mut propose = |change: &dyn Fn(&mut Workload)| {
        let mut changed = workload.clone();
        change(&mut changed);
        if changed != *workload {
            all.push(changed);
        }
    };
    for place in 0..workload.nemesis.len() {
        propose(&|workload| drop(workload.nemesis.remove(place)));
    }
    for share in [4_u32, 2] {
        propose(&|workload| {
            workload.clients.ops = (workload.clients.ops / u64::from(share)).max(1);
        });
        propose(&|workload| workload.clients.count = (workload.clients.count / share).max(1));
    }
    propose(&|workload| workload.clients.registers.keys = 1);
    propose(&|workload| workload.sim.network.loss = 0.0);
    propose(&|workload| workload.sim.network.duplication = 0.0);
    propose(&|workload| workload.sim.network.reordering = false);
    propose(&|workload| workload.clients.final_reads = false);
    propose(&|workload| {
        let Mix { read, write, cas } = workload.clients.registers.mix;
        workload.clients.registers.mix = Mix { read, write: write + cas, cas: 0 };
    });
    for less in [8, 16, 64] {
        propose(&|workload| workload.clients.ops -= workload.clients.ops / less);
    }
    propose(&|workload| workload.clients.count = (workload.clients.count - 1).max(1));
    propose(&|workload| workload.clients.ops = (workload.clients.ops - 1).max(1));
    all
}
