//! How soon an acknowledged write is seen: t-visibility.

use crate::clusters::{Cluster, Clusters};
use crate::history::{OPEN, Op};

/// How many reads returned the latest acknowledged write or a newer one, by the time from its
/// acknowledgement to the beginning of the read (t-visibility of Bailis et al., "Probabilistically
/// bounded staleness for practical partial quorums", 2012).
///
/// The latest is the one that was called last among those that had returned before the read began.
/// What is not certainly older than it counts as newer, so a read that misses it is stale.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Visibility {
    /// Below a microsecond, then one for each power of ten, and one from a second on.
    buckets: [Visible; BUCKETS],
}

const BUCKETS: usize = 8;
/// The end of the first bucket is this power of ten, in nanoseconds.
const FIRST_END: u32 = 3;

/// The reads of one bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Visible {
    /// How many there are.
    pub reads: u64,
    /// How many of them returned the latest acknowledged write or a newer one.
    pub seen: u64,
}

impl Visible {
    /// The share of reads that saw it; not a number if there are none.
    pub fn share(self) -> f64 {
        self.seen as f64 / self.reads as f64
    }

    /// Where the probability lies with 95 % confidence (Wilson, "Probable inference", 1927), taking
    /// reads as independent of each other.
    pub fn interval(self) -> (f64, f64) {
        const Z: f64 = 1.959_964;
        if self.reads == 0 {
            return (0.0, 1.0);
        }
        let (n, p) = (self.reads as f64, self.share());
        let scale = 1.0 + Z * Z / n;
        let middle = (p + Z * Z / (2.0 * n)) / scale;
        let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt() / scale;
        ((middle - half).max(0.0), (middle + half).min(1.0))
    }
}

impl Visibility {
    /// Adds the reads of another register.
    pub fn add(&mut self, other: &Self) {
        for (bucket, other) in self.buckets.iter_mut().zip(&other.buckets) {
            bucket.reads += other.reads;
            bucket.seen += other.seen;
        }
    }

    /// Whether every read saw the latest acknowledged write.
    pub fn is_perfect(&self) -> bool {
        self.buckets.iter().all(|bucket| bucket.seen == bucket.reads)
    }

    /// The buckets that have reads: from when on, up to when (`None` for ever), in nanoseconds.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, Option<u64>, Visible)> {
        let end = |place: u32| 10_u64.pow(FIRST_END + place);
        let buckets = (0_u32..).zip(self.buckets).map(move |(place, bucket)| {
            let from = if place == 0 { 0 } else { end(place - 1) };
            (from, (place as usize + 1 < BUCKETS).then(|| end(place)), bucket)
        });
        buckets.filter(|(.., bucket)| bucket.reads > 0)
    }

    fn count(&mut self, time: u64, is_seen: bool) {
        let place = time.checked_ilog10().map_or(0, |log| (log + 1).saturating_sub(FIRST_END));
        let bucket = &mut self.buckets[(place as usize).min(BUCKETS - 1)];
        bucket.reads += 1;
        bucket.seen += u64::from(is_seen);
    }
}

/// Measures these reads, given as operations and values. O(n log n).
pub(super) fn visibility(
    ops: &[Op],
    clusters: &Clusters,
    reads: impl Iterator<Item = (u32, u32)>,
) -> Visibility {
    let is_acknowledged = |cluster: &&Cluster| cluster.write_ret != OPEN;
    let mut writes: Vec<(u32, u32, u32)> = (clusters.all.iter().filter(is_acknowledged))
        .filter_map(|cluster| Some((cluster.write_ret, cluster.write_call, cluster.writer?)))
        .collect();
    writes.sort_unstable();
    // The latest of all writes that have returned by then.
    let mut latest = (0, 0);
    for (_, call, writer) in &mut writes {
        latest = latest.max((*call, *writer));
        (*call, *writer) = latest;
    }
    let mut visibility = Visibility::default();
    for (read, number) in reads {
        let read = &ops[read as usize];
        let returned = writes.partition_point(|(ret, ..)| *ret < read.call);
        let Some((_, call, writer)) = returned.checked_sub(1).map(|last| writes[last]) else {
            continue;
        };
        let time = read.call_time.saturating_sub(ops[writer as usize].ret_time).max(0) as u64;
        visibility.count(time, clusters.all[number as usize].first_return.0 >= call);
    }
    visibility
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_powers_of_ten() {
        let mut visibility = Visibility::default();
        for (time, is_seen) in [
            (0, false),
            (999, true),
            (1_000, true),
            (9_999, true),
            (10_000, false),
            (999_999_999, true),
            (1_000_000_000, true),
            (u64::MAX, true),
        ] {
            visibility.count(time, is_seen);
        }
        let bucket = |reads, seen| Visible { reads, seen };
        assert_eq!(
            visibility.buckets().collect::<Vec<_>>(),
            [
                (0, Some(1_000), bucket(2, 1)),
                (1_000, Some(10_000), bucket(2, 2)),
                (10_000, Some(100_000), bucket(1, 0)),
                (100_000_000, Some(1_000_000_000), bucket(1, 1)),
                (1_000_000_000, None, bucket(2, 2)),
            ]
        );
    }

    #[test]
    fn intervals_are_those_of_the_textbook() {
        let close = |(low, high): (f64, f64), (a, b): (f64, f64)| {
            (low - a).abs() < 5e-4 && (high - b).abs() < 5e-4
        };
        assert!(close(Visible { reads: 10, seen: 8 }.interval(), (0.4902, 0.9433)));
        assert!(close(Visible { reads: 100, seen: 100 }.interval(), (0.9630, 1.0)));
        assert!(close(Visible { reads: 50, seen: 0 }.interval(), (0.0, 0.0714)));
        assert!(close(Visible { reads: 0, seen: 0 }.interval(), (0.0, 1.0)));
    }
}
