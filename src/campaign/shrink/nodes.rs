//! The same on fewer nodes.

use quorate_checker::Anomaly;

use super::replay::shows;
use crate::promise::promise;
use crate::protocol::{Acks, Configuration, NodeSet, Protocol};
use crate::rng::Seed;
use crate::run::simulate;
use crate::workload::Workload;

/// So many seeds are tried for each smaller cluster: with fewer nodes a run goes otherwise from its first
/// message on.
const SEEDS: u64 = 20;
/// With so many operations at most.
const OPS_MOST: u64 = 2_000;

/// The workload on the smallest cluster that shows the anomaly, with a seed that does: one of which theory
/// promises the same, and whose quorums meet, or may miss each other, as those of the whole one.
pub(super) fn on_fewest_nodes(
    workload: &Workload,
    seed: Seed,
    anomaly: Anomaly,
) -> (Workload, Seed) {
    let mut sizes = vec![vec![workload.config.clone()]];
    while let Some(last) = sizes.last().filter(|last| !last.is_empty()) {
        let hazards = workload.hazards();
        let promised = promise(&workload.config, hazards).condition;
        let mut next: Vec<Configuration> = last.iter().flat_map(smaller).collect();
        next.retain(|config| promise(config, hazards).condition == promised);
        next.dedup();
        sizes.push(next);
    }
    let smaller = sizes.into_iter().skip(1).rev().flatten();
    let tries = smaller.flat_map(|config| {
        let workload = with_nodes(workload, config);
        (0..SEEDS).map(move |more| (workload.clone(), Seed(seed.0.wrapping_add(more))))
    });
    let mut shown = tries.filter(|(workload, seed)| {
        let run = simulate(workload, *seed, None, &mut |_| true);
        run.is_ok_and(|run| shows(&run.history, anomaly))
    });
    shown.next().unwrap_or_else(|| (workload.clone(), seed))
}

fn with_nodes(workload: &Workload, config: Configuration) -> Workload {
    let mut fewer = workload.clone();
    let n = config.n;
    fewer.config = config;
    fewer.node_names.truncate(usize::from(n));
    fewer.sim.network.links.retain(|(from, to, _)| *from < n && *to < n);
    fewer.clients.ops = fewer.clients.ops.min(OPS_MOST);
    fewer
}

/// Configurations with one node less and quorums that meet like those of this; none where nodes have parts of
/// their own to play.
fn smaller(config: &Configuration) -> impl Iterator<Item = Configuration> + '_ {
    let n = config.n.saturating_sub(1);
    let any_will_do = n > 0
        && config.system.is_none()
        && config.liars == 0
        && config.witnesses == 0
        && config.replicas == config.n
        && config.protocol != Protocol::Members;
    let meet = |n: u16, r: u16, w: u16| (r + w > n, 2 * w > n, r <= n / 2);
    let wanted = meet(config.n, config.r, config.w);
    let sizes = [(1, 1), (1, 0), (0, 1), (0, 0)].into_iter().filter(move |_| any_will_do);
    let quorums = sizes.map(|(less_r, less_w)| (config.r - less_r, config.w - less_w));
    let alike = quorums.filter(move |(r, w)| {
        (1..=n).contains(r) && (1..=n).contains(w) && meet(n, *r, *w) == wanted
    });
    alike.map(move |(r, w)| Configuration {
        n,
        r,
        w,
        replicas: n,
        acks: match config.acks {
            Acks::Count(count) => Acks::Count(count.min(n - 1)),
            Acks::Insync => Acks::Insync,
        },
        min_insync: config.min_insync.min(n),
        members: NodeSet::first(n),
        new_members: NodeSet::first(n),
        ..config.clone()
    })
}
