//! Which seeds a campaign tries, and in what order.

use std::fmt;
use std::str::FromStr;

use crate::rng::Seed;
use crate::workload::Workload;

/// A campaign.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is tried, each under a seed of its own in turn.
    pub workloads: Vec<Workload>,
    /// The seed of the first trial; those after it count up.
    pub first: Seed,
    /// How many trials, all shards together; without end if `None`.
    pub trials: Option<u64>,
    /// Which of them are tried here.
    pub shard: Shard,
    /// How many operations each run has.
    pub ops: u64,
}

/// One of several parts of a campaign, each tried by somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 1.
    pub number: u64,
    /// Of how many.
    pub count: u64,
}

impl Shard {
    /// All of it.
    pub const WHOLE: Self = Self { number: 1, count: 1 };
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    /// `2/8`: the second of eight.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let shard = parts.and_then(|(number, count)| {
            Some(Self { number: number.parse().ok()?, count: count.parse().ok()? })
        });
        shard.filter(|shard| (1..=shard.count).contains(&shard.number)).ok_or_else(|| {
            format!("`{text}` is no shard; expected which of how many, such as 1/8 to 8/8")
        })
    }
}

impl Plan {
    /// The trials of this shard, in order.
    pub(super) fn trials(&self) -> impl Iterator<Item = u64> + use<> {
        let Shard { number, count } = self.shard;
        let end = self.trials.unwrap_or(u64::MAX);
        (number - 1..end).step_by(count as usize)
    }

    /// How many there are; `None` if they never end.
    pub fn trial_count(&self) -> Option<u64> {
        let Shard { number, count } = self.shard;
        self.trials.map(|trials| (trials + count - number) / count)
    }

    /// The workload of a trial by its place, and the seed.
    pub(super) fn trial(&self, trial: u64) -> (usize, Seed) {
        let place = (trial % self.workloads.len() as u64) as usize;
        (place, Seed(self.first.0.wrapping_add(trial)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(trials: u64, shard: Shard) -> Plan {
        Plan { workloads: Vec::new(), first: Seed(7), trials: Some(trials), shard, ops: 1 }
    }

    #[test]
    fn shards_share_everything_and_nothing_twice() {
        for trials in 0..20 {
            for count in 1..5 {
                let mut all: Vec<u64> = Vec::new();
                for number in 1..=count {
                    let plan = plan(trials, Shard { number, count });
                    let own: Vec<u64> = plan.trials().collect();
                    assert_eq!(plan.trial_count(), Some(own.len() as u64));
                    all.extend(own);
                }
                all.sort_unstable();
                assert_eq!(all, (0..trials).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn shards_are_read_as_they_are_written() {
        assert_eq!("2/8".parse(), Ok(Shard { number: 2, count: 8 }));
        assert_eq!(Shard { number: 2, count: 8 }.to_string(), "2/8");
        for text in ["", "0/2", "3/2", "1", "1/0", "a/b", "1/2/3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
