//! The figures behind the plots.

use std::collections::BTreeMap;

use quorate_checker::Outcome;
use rand::seq::index;

use super::{POINTS_MAX, Series};
use crate::judge::quantile;
use crate::report::trace::{Operation, Trace};
use crate::rng::Seed;
use crate::time::SECOND;

/// A run is cut into so many pieces of time.
const BUCKET_COUNT: i64 = 120;

const OUTCOMES: [Outcome; 3] = [Outcome::Ok, Outcome::Info, Outcome::Fail];

/// Equal pieces of time from the first invocation to the last event.
pub(super) struct Buckets {
    from: i64,
    width: i64,
}

impl Buckets {
    pub(super) fn new(trace: &Trace) -> Self {
        let from = trace.operations.first().map_or(0, |operation| operation.from);
        let width = (trace.end.saturating_sub(from) / BUCKET_COUNT).saturating_add(1);
        Self { from, width }
    }

    fn place(&self, time: i64) -> usize {
        (time.saturating_sub(self.from) / self.width).clamp(0, BUCKET_COUNT - 1) as usize
    }

    /// The middle of a bucket.
    fn middle(&self, place: usize) -> i64 {
        let offset = self.width.saturating_mul(place as i64).saturating_add(self.width / 2);
        self.from.saturating_add(offset)
    }

    /// A line with a value, or none, for each bucket.
    fn line(
        &self,
        name: String,
        outcome: Option<Outcome>,
        value: impl Fn(usize) -> Option<f64>,
    ) -> Series {
        let places = 0..BUCKET_COUNT as usize;
        let points = places.map(|place| (self.middle(place), value(place))).collect();
        Series { name, outcome, is_line: true, stands_out: false, points }
    }

    /// How many operations ended in each bucket with this outcome.
    fn ended(&self, trace: &Trace, outcome: Outcome) -> Vec<u64> {
        let mut counts = vec![0; BUCKET_COUNT as usize];
        let ended = trace.operations.iter().filter(|operation| operation.outcome == outcome);
        for to in ended.filter_map(|operation| operation.to) {
            counts[self.place(to)] += 1;
        }
        counts
    }

    /// Operations a second by outcome, at the time they ended.
    pub(super) fn throughput(&self, trace: &Trace) -> Vec<Series> {
        let seconds = self.width as f64 / SECOND as f64;
        let line = |outcome| {
            let counts = self.ended(trace, outcome);
            let is_there = counts.iter().any(|count| *count > 0);
            let value = |place: usize| Some(counts[place] as f64 / seconds);
            is_there.then(|| self.line(outcome.name().to_owned(), Some(outcome), value))
        };
        OUTCOMES.into_iter().filter_map(line).collect()
    }

    /// The share of operations that were ok, of those that ended in each bucket.
    pub(super) fn availability(&self, trace: &Trace) -> Series {
        let counts = OUTCOMES.map(|outcome| self.ended(trace, outcome));
        self.line("share of ok".to_owned(), Some(Outcome::Ok), |place| {
            let all: u64 = counts.iter().map(|counts| counts[place]).sum();
            (all > 0).then(|| counts[0][place] as f64 / all as f64)
        })
    }
}

/// How long operations took, those that ended: a sample of them all by outcome, and for each function
/// and outcome the median and, where they were ok, the 99th percentile.
pub(super) fn latencies(trace: &Trace, buckets: &Buckets) -> (Vec<Series>, Vec<Series>) {
    let mut by_outcome: BTreeMap<usize, Vec<(i64, i64)>> = BTreeMap::new();
    let mut by_kind: BTreeMap<(u32, usize), Vec<Vec<i64>>> = BTreeMap::new();
    for operation in &trace.operations {
        let Some(latency) = latency(operation) else { continue };
        let outcome =
            OUTCOMES.iter().position(|outcome| *outcome == operation.outcome).unwrap_or(0);
        by_outcome.entry(outcome).or_default().push((operation.from, latency));
        let kind = by_kind.entry((operation.function, outcome)).or_default();
        kind.resize(BUCKET_COUNT as usize, Vec::new());
        kind[buckets.place(operation.from)].push(latency);
    }
    let points = by_outcome.into_iter().map(|(outcome, all)| sampled(OUTCOMES[outcome], &all));
    let points = points.collect();
    let mut quantiles = Vec::new();
    for ((function, outcome), mut latencies) in by_kind {
        for latencies in &mut latencies {
            latencies.sort_unstable();
        }
        let outcome = OUTCOMES[outcome];
        let kind = format!("{} {}", trace.functions[function as usize], outcome.name());
        let shares: &[(f64, &str)] = match outcome {
            Outcome::Ok => &[(0.5, "p50"), (0.99, "p99")],
            Outcome::Fail | Outcome::Info => &[(0.5, "p50")],
        };
        quantiles.extend(shares.iter().map(|(share, name)| {
            let value = |place: usize| quantile(&latencies[place], *share).map(|ns| ns as f64);
            buckets.line(format!("{kind}, {name}"), Some(outcome), value)
        }));
    }
    (points, quantiles)
}

/// At least a nanosecond, for scales on which there is no zero.
fn latency(operation: &Operation) -> Option<i64> {
    Some(operation.to?.saturating_sub(operation.from).max(1))
}

/// Points for all latencies, or for as many as can be told apart, drawn by a fixed seed.
fn sampled(outcome: Outcome, all: &[(i64, i64)]) -> Series {
    let mut rng = Seed(0).fork("latencies");
    let mut drawn = index::sample(&mut rng, all.len(), all.len().min(POINTS_MAX)).into_vec();
    drawn.sort_unstable();
    let point = |number: usize| (all[number].0, Some(all[number].1 as f64));
    let points = drawn.into_iter().map(point).collect();
    Series {
        name: outcome.name().to_owned(),
        outcome: Some(outcome),
        is_line: false,
        stands_out: false,
        points,
    }
}

/// The most operations that were under way at once in each bucket.
pub(super) fn concurrency(trace: &Trace, buckets: &Buckets) -> Series {
    // At the same time, what ends comes before what begins.
    let mut changes: Vec<(i64, i64)> = Vec::with_capacity(2 * trace.operations.len());
    for operation in &trace.operations {
        changes.push((operation.from, 1));
        changes.extend(operation.to.map(|to| (to, -1)));
    }
    changes.sort_unstable();
    let mut most = vec![0; BUCKET_COUNT as usize];
    let (mut now, mut last) = (0, 0);
    for (time, change) in changes {
        let place = buckets.place(time);
        for between in &mut most[last..=place.max(last)] {
            *between = now.max(*between);
        }
        now += change;
        most[place] = now.max(most[place]);
        last = place;
    }
    buckets.line("most at once".to_owned(), None, |place| Some(most[place] as f64))
}

/// How far the clock of each node was off that ever was.
pub(super) fn clocks(trace: &Trace) -> Vec<Series> {
    let from = trace.operations.first().map_or(0, |operation| operation.from);
    let line = |(node, steps): (&str, Vec<(i64, i64)>)| Series {
        name: node.to_owned(),
        outcome: None,
        is_line: true,
        stands_out: false,
        points: steps.into_iter().map(|(time, offset)| (time, Some(offset as f64))).collect(),
    };
    trace.clocks.steps(from, trace.end).into_iter().map(line).collect()
}
