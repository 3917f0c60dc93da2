//! How stale reads are, over all registers of a history.

use quorate_checker::{Atomicity, Staleness, Visibility};

use crate::time::Nanos;

/// Staleness over all registers that can be measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverallStaleness {
    /// How many reads there are.
    pub reads: u64,
    /// Of stale reads, how many newer values had been in place; rising.
    pub behind: Vec<u32>,
    /// How many of the last values reads may return; `None` if on some register no number is enough.
    pub atomicity: Option<Atomicity>,
    /// The same in time; `None` if some register has no times.
    pub times: Option<OverallTimes>,
    /// How many registers could not be measured, and why the first of them.
    pub open: u64,
    /// Why not.
    pub why: Option<&'static str>,
}

/// Staleness in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverallTimes {
    /// Of stale reads, how long the first newer value had been in place; rising.
    pub ages: Vec<Nanos>,
    /// The least time by which reads would have to begin earlier; `None` if none is enough.
    pub delta: Option<Nanos>,
    /// The least time by which operations would have to be longer.
    pub gamma: Nanos,
    /// How soon acknowledged writes were seen.
    pub visibility: Visibility,
}

impl Default for OverallStaleness {
    /// No register yet.
    fn default() -> Self {
        let visibility = Visibility::default();
        let times = OverallTimes { ages: Vec::new(), delta: Some(0), gamma: 0, visibility };
        Self {
            reads: 0,
            behind: Vec::new(),
            atomicity: Some(Atomicity::ATOMIC),
            times: Some(times),
            open: 0,
            why: None,
        }
    }
}

impl OverallStaleness {
    /// Counts a register in. Each must be atomic by itself, so the worst one decides.
    pub fn add(&mut self, key: Result<Staleness, &'static str>) {
        let key = match key {
            Ok(key) => key,
            Err(why) => {
                self.open += 1;
                self.why.get_or_insert(why);
                return;
            }
        };
        self.reads += key.reads;
        self.behind.extend(key.behind);
        self.atomicity = self.atomicity.zip(key.atomicity).map(|(one, other)| Atomicity {
            least: one.least.max(other.least),
            most: one.most.max(other.most),
        });
        self.times = self.times.take().zip(key.times).map(|(mut times, key)| {
            times.ages.extend(key.ages);
            times.delta = times.delta.zip(key.delta).map(|(one, other)| one.max(other));
            times.gamma = times.gamma.max(key.gamma);
            times.visibility.add(&key.visibility);
            times
        });
    }

    /// With its figures in order, once all registers are counted.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.behind.sort_unstable();
        if let Some(times) = &mut self.times {
            times.ages.sort_unstable();
        }
        self
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
            let visibility = Visibility::default();
            let times = quorate_checker::Times { ages: vec![age], delta, gamma, visibility };
            let atomicity = delta.map(|_| Atomicity { least: 2, most: age as u32 });
            Ok(Staleness { reads: 10, behind: vec![1], atomicity, times: Some(times) })
        };
        let all = |keys: Vec<Result<Staleness, &'static str>>| {
            let mut all = OverallStaleness::default();
            for key in keys {
                all.add(key);
            }
            all.sorted()
        };
        let both = all(vec![key(5, Some(5), 3), key(2, Some(9), 1)]);
        assert_eq!((both.reads, both.stale()), (20, 2));
        assert_eq!(both.atomicity, Some(Atomicity { least: 2, most: 5 }));
        let visibility = Visibility::default();
        let times = OverallTimes { ages: vec![2, 5], delta: Some(9), gamma: 3, visibility };
        assert_eq!(both.times, Some(times));
        let three = all(vec![key(5, None, 3), Err("no"), key(2, Some(9), 1)]);
        assert_eq!(three.atomicity, None);
        assert_eq!((three.open, three.why), (1, Some("no")));
        assert_eq!(three.times.and_then(|times| times.delta), None);
    }
}
