//! How long operations took, from when they were to begin.
//!
//! Where operations have a pace, one that could not begin in time, since all clients still waited, has
//! taken longer than its client knows. Leaving that out would make a store that stands still look as fast
//! as ever ("coordinated omission").

use std::collections::BTreeMap;
use std::fmt::Write;

use hdrhistogram::Histogram;
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use crate::client::Action;
use crate::time::{Nanos, show_duration};

/// Two digits of every time are right.
const DIGITS: u8 = 2;

/// The times of all operations that were ok, by function.
#[derive(Debug, Clone, Default)]
pub struct Timing {
    functions: BTreeMap<&'static str, Histogram<u64>>,
}

/// What half, nine tenths, and so on of all operations have kept below, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Quantiles {
    /// How many operations.
    pub count: u64,
    /// Half of them.
    pub p50: Nanos,
    /// Nine tenths.
    pub p90: Nanos,
    /// All but one in a hundred.
    pub p99: Nanos,
    /// All but one in a thousand.
    pub p999: Nanos,
    /// All.
    pub max: Nanos,
}

impl Timing {
    /// An operation was ok after this time.
    ///
    /// # Panics
    /// Never: two digits are possible, and it grows.
    pub fn add(&mut self, action: Action, time: Nanos) {
        let new = || Histogram::new(DIGITS).expect("two digits are possible");
        let histogram = self.functions.entry(action.name()).or_insert_with(new);
        // It grows to whatever there is to count.
        histogram.auto(true);
        histogram.record(time).expect("it grows");
    }

    /// The quantiles of every function that was used.
    pub fn quantiles(&self) -> impl Iterator<Item = (&'static str, Quantiles)> {
        self.functions.iter().map(|(name, histogram)| {
            let quantiles = Quantiles {
                count: histogram.len(),
                p50: histogram.value_at_quantile(0.5),
                p90: histogram.value_at_quantile(0.9),
                p99: histogram.value_at_quantile(0.99),
                p999: histogram.value_at_quantile(0.999),
                max: histogram.max(),
            };
            (*name, quantiles)
        })
    }

    /// The same for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, quantiles) in self.quantiles() {
            let Quantiles { p50, p99, p999, max, .. } = quantiles;
            let [p50, p99, p999, max] = [p50, p99, p999, max].map(show_duration);
            let between = if text.is_empty() { "" } else { "; " };
            let _ = write!(
                text,
                "{between}{name} {p50} at the median, {p99} at p99, {p999} at p99.9, {max} at most"
            );
        }
        text
    }
}

/// As an object with the quantiles of each function.
impl Serialize for Timing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, quantiles) in self.quantiles() {
            map.serialize_entry(name, &quantiles)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MILLISECOND;

    #[test]
    fn quantiles_are_right_to_two_digits() {
        let mut timing = Timing::default();
        for time in 1..=1000 {
            timing.add(Action::Read, time * MILLISECOND);
        }
        timing.add(Action::Write(1), 3 * MILLISECOND);
        let (name, read) = timing.quantiles().next().expect("there are reads");
        assert_eq!((name, read.count), ("read", 1000));
        for (found, expected) in [(read.p50, 500), (read.p99, 990), (read.max, 1000)] {
            let share = found as f64 / (expected * MILLISECOND) as f64;
            assert!((0.99..1.01).contains(&share), "{found} for {expected} ms");
        }
        assert!(timing.text().starts_with("read "), "{}", timing.text());
        assert!(timing.text().contains("; write 3"), "{}", timing.text());
    }
}
