//! What one run says of a configuration, and what many say together.

use std::collections::BTreeSet;

use hdrhistogram::Histogram;
use quorate_checker::{Anomaly, Budget, Function, Outcome, Rules, staleness};

use crate::campaign::statistics::Estimate;
use crate::judge::{Judgement, glance};
use crate::run::Run;
use crate::time::{Nanos, SECOND};
use crate::workload::Workload;

/// Times are kept to three digits.
const DIGITS: u8 = 3;
/// An estimate is tight if the half of its interval is no wider than this share of it.
const TIGHT_SHARE: f64 = 0.05;
/// Likewise for what is a share itself.
const TIGHT: f64 = 0.01;

/// Times of operations.
#[derive(Debug, Clone)]
pub struct Times {
    histogram: Histogram<u64>,
    /// The quantiles of single runs.
    medians: Vec<f64>,
    p99s: Vec<f64>,
}

impl Default for Times {
    fn default() -> Self {
        let histogram = Histogram::new(DIGITS).expect("three digits are possible");
        Self { histogram, medians: Vec::new(), p99s: Vec::new() }
    }
}

impl Times {
    /// Counts the times of one run in.
    fn add(&mut self, mut times: Vec<Nanos>) {
        times.sort_unstable();
        for time in &times {
            self.histogram.record(*time).expect("the histogram grows as it needs");
        }
        let at = |share| crate::judge::quantile(&times, share).map(|time| time as f64);
        self.medians.extend(at(0.5));
        self.p99s.extend(at(0.99));
    }

    /// The time below which a share lies, over all runs; `None` if there are none.
    pub fn quantile(&self, share: f64) -> Option<Nanos> {
        (!self.histogram.is_empty()).then(|| self.histogram.value_at_quantile(share))
    }

    /// The mean over all runs; `None` if there are none.
    pub fn mean(&self) -> Option<f64> {
        (!self.histogram.is_empty()).then(|| self.histogram.mean())
    }

    /// The median of a run, over all runs.
    pub fn median(&self) -> Option<Estimate> {
        Estimate::mean(&self.medians)
    }

    /// The 99th percentile of a run, over all runs.
    pub fn p99(&self) -> Option<Estimate> {
        Estimate::mean(&self.p99s)
    }
}

/// What all runs of one configuration under one condition say together.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Operations a second that were ok, of each run.
    throughput: Vec<f64>,
    /// The share of operations that were ok, of each run.
    availability: Vec<f64>,
    /// The share of reads that were stale, of each run.
    stale: Vec<f64>,
    /// Messages an operation, of each run.
    messages: Vec<f64>,
    /// Bytes an operation, of each run.
    bytes: Vec<f64>,
    /// Of ok reads.
    pub reads: Times,
    /// Of ok writes.
    pub writes: Times,
    /// Of stale reads, how long the first newer value had been in place.
    pub ages: Times,
    /// Of how many of the last values the most stale read was one: 1 if none was stale.
    pub versions: u32,
    /// Verdict against promise, the worst of all runs.
    pub judgement: Option<Judgement>,
    /// What was found.
    pub anomalies: BTreeSet<Anomaly>,
}

impl Measured {
    /// How many runs there were.
    pub fn runs(&self) -> usize {
        self.throughput.len()
    }

    /// Operations a second that were ok.
    pub fn throughput(&self) -> Option<Estimate> {
        Estimate::mean(&self.throughput)
    }

    /// The share of operations that were ok.
    pub fn availability(&self) -> Option<Estimate> {
        Estimate::mean(&self.availability)
    }

    /// The share of reads that were stale.
    pub fn stale(&self) -> Option<Estimate> {
        Estimate::mean(&self.stale)
    }

    /// Messages between nodes for each operation.
    pub fn messages(&self) -> Option<Estimate> {
        Estimate::mean(&self.messages)
    }

    /// What these messages take, in bytes an operation.
    pub fn bytes(&self) -> Option<Estimate> {
        Estimate::mean(&self.bytes)
    }

    /// Whether more runs would tell little.
    pub fn is_tight(&self) -> bool {
        let narrow = |estimate: Option<Estimate>, most: f64| {
            estimate.is_some_and(|estimate| estimate.half_width() <= most)
        };
        let relative = |estimate: Option<Estimate>| {
            estimate.is_none_or(|one| one.half_width() <= TIGHT_SHARE * one.value.abs())
        };
        relative(self.throughput())
            && relative(self.reads.median())
            && relative(self.writes.median())
            && narrow(self.availability(), TIGHT)
            && narrow(self.stale(), TIGHT)
    }

    /// Counts a run in.
    pub(super) fn add(&mut self, sample: Sample) {
        self.throughput.push(sample.throughput);
        self.availability.push(sample.availability);
        self.stale.push(sample.stale);
        self.messages.push(sample.messages);
        self.bytes.push(sample.bytes);
        self.reads.add(sample.reads);
        self.writes.add(sample.writes);
        self.ages.add(sample.ages);
        self.versions = self.versions.max(sample.versions);
        let worst =
            self.judgement.map_or(sample.judgement, |before| worse(before, sample.judgement));
        self.judgement = Some(worst);
        self.anomalies.extend(sample.anomalies);
    }
}

/// A broken promise is worst; an anomaly that was seen tells more than none.
fn worse(one: Judgement, other: Judgement) -> Judgement {
    let order = [
        Judgement::Broken,
        Judgement::Undecided,
        Judgement::WeakerByDesign,
        Judgement::NotShown,
        Judgement::Kept,
    ];
    order.into_iter().find(|judgement| [one, other].contains(judgement)).unwrap_or(one)
}

/// What one run says.
pub(super) struct Sample {
    throughput: f64,
    availability: f64,
    stale: f64,
    messages: f64,
    bytes: f64,
    reads: Vec<Nanos>,
    writes: Vec<Nanos>,
    ages: Vec<Nanos>,
    versions: u32,
    judgement: Judgement,
    anomalies: Vec<Anomaly>,
}

/// What a run of a workload says.
pub(super) fn sample(workload: &Workload, run: Run) -> Sample {
    let (mut reads, mut writes, mut count) = (Vec::new(), Vec::new(), 0);
    for op in run.history.keys.iter().flat_map(|key| &key.ops) {
        count += 1;
        if op.outcome() == Outcome::Ok {
            let time = (op.ret_time - op.call_time) as Nanos;
            if op.function() == Function::Read { reads.push(time) } else { writes.push(time) }
        }
    }
    let ok = (reads.len() + writes.len()) as f64;
    let of_each = |sum: f64| sum / f64::from(count.max(1));
    let (mut seen, mut behind, mut ages) = (0, Vec::new(), Vec::new());
    for key in &run.history.keys {
        let Ok(key) = staleness(key, &run.history.values, &Rules::default()) else { continue };
        seen += key.reads;
        behind.extend(key.behind);
        ages.extend(key.times.into_iter().flat_map(|times| times.ages));
    }
    let throughput = ok / (run.duration as f64 / SECOND as f64);
    let messages = of_each(run.traffic.messages as f64);
    let bytes = of_each(run.traffic.bytes as f64);
    let glance = glance(workload, run, Budget::GENEROUS);
    Sample {
        throughput,
        availability: of_each(ok),
        stale: behind.len() as f64 / (seen as f64).max(1.0),
        messages,
        bytes,
        reads,
        writes,
        ages,
        versions: behind.iter().max().copied().unwrap_or(0) + 1,
        judgement: glance.judgement,
        anomalies: glance.anomalies,
    }
}
