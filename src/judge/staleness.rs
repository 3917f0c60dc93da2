//! How stale reads are, over all registers of a history.

use quorate_checker::Staleness;

use crate::time::Nanos;

/// Staleness over all registers that can be measured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OverallStaleness {
    /// How many reads there are.
    pub reads: u64,
    /// Of stale reads, how many newer values had been in place; rising.
    pub behind: Vec<u32>,
    /// The same in time; `None` if some register has no times.
    pub times: Option<OverallTimes>,
    /// How many registers could not be measured, and why the first of them.
    pub open: u64,
    /// Why not.
    pub why: Option<&'static str>,
}

/// Staleness in time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OverallTimes {
    /// Of stale reads, how long the first newer value had been in place; rising.
    pub ages: Vec<Nanos>,
    /// The least time by which reads would have to begin earlier; `None` if none is enough.
    pub delta: Option<Nanos>,
    /// The least time by which operations would have to be longer.
    pub gamma: Nanos,
}

impl OverallStaleness {
    /// All registers together. Each must be atomic by itself, so the worst one decides.
    pub fn of(keys: impl Iterator<Item = Result<Staleness, &'static str>>) -> Self {
        let times = OverallTimes { delta: Some(0), ..OverallTimes::default() };
        let mut all = Self { times: Some(times), ..Self::default() };
        for key in keys {
            let key = match key {
                Ok(key) => key,
                Err(why) => {
                    all.open += 1;
                    all.why.get_or_insert(why);
                    continue;
                }
            };
            all.reads += key.reads;
            all.behind.extend(key.behind);
            all.times = all.times.zip(key.times).map(|(mut times, key)| {
                times.ages.extend(key.ages);
                times.delta = times.delta.zip(key.delta).map(|(one, other)| one.max(other));
                times.gamma = times.gamma.max(key.gamma);
                times
            });
        }
        all.behind.sort_unstable();
        if let Some(times) = &mut all.times {
            times.ages.sort_unstable();
        }
        all
    }

    /// How many reads are stale.
    pub fn stale(&self) -> u64 {
        self.behind.len() as u64
    }
}

/// The value below which a share of rising values lies; `None` if there are none.
pub fn quantile<T: Copy>(rising: &[T], share: f64) -> Option<T> {
    let last = rising.len().checked_sub(1)?;
    Some(rising[((rising.len() as f64 * share) as usize).min(last)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_occur() {
        let rising: Vec<u32> = (1..=100).collect();
        assert_eq!(quantile(&rising, 0.5), Some(51));
        assert_eq!(quantile(&rising, 0.99), Some(100));
        assert_eq!(quantile(&rising, 1.0), Some(100));
        assert_eq!(quantile(&[7], 0.5), Some(7));
        assert_eq!(quantile::<u32>(&[], 0.5), None);
    }

    #[test]
    fn the_worst_register_decides() {
        let key = |age, delta, gamma| {
            let times = quorate_checker::Times { ages: vec![age], delta, gamma };
            Ok(Staleness { reads: 10, behind: vec![1], times: Some(times) })
        };
        let all = OverallStaleness::of([key(5, Some(5), 3), key(2, Some(9), 1)].into_iter());
        assert_eq!((all.reads, all.stale()), (20, 2));
        let times = OverallTimes { ages: vec![2, 5], delta: Some(9), gamma: 3 };
        assert_eq!(all.times, Some(times));
        let all =
            OverallStaleness::of([key(5, None, 3), Err("no"), key(2, Some(9), 1)].into_iter());
        assert_eq!((all.open, all.why), (1, Some("no")));
        assert_eq!(all.times.and_then(|times| times.delta), None);
    }
}
