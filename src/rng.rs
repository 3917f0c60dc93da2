//! All randomness of a run: one seed, and a generator for each purpose, forked from it by name.
//!
//! A fork depends on the seed and its name alone, so a new draw in one place moves nothing elsewhere.
//! ChaCha8 gives the same numbers on every machine and in every version of `rand`; a test pins the
//! first of them.

use std::fmt;
use std::str::FromStr;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A generator of random numbers that is the same everywhere.
pub type Rng = ChaCha8Rng;

/// What decides everything random in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// The generator for one purpose.
    pub fn fork(self, name: &str) -> Rng {
        let mut hash = Sha256::new();
        hash.update(self.0.to_le_bytes());
        hash.update(name.as_bytes());
        Rng::from_seed(hash.finalize().into())
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Seed {
    type Err = String;

    /// A decimal number, a hexadecimal one after `0x`, or a git commit of 40 digits.
    fn from_str(text: &str) -> Result<Self, String> {
        let commit = || (text.len() == 40).then(|| text.get(..16)).flatten();
        let number = match text.strip_prefix("0x").or_else(commit) {
            Some(hex) => u64::from_str_radix(hex, 16),
            None => text.parse(),
        };
        number.map(Self).map_err(|_| {
            format!("`{text}` is no seed; expected a number below 2^64, 0x…, or a git commit of 40 hexadecimal digits")
        })
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng as _;

    use super::*;

    #[test]
    fn first_numbers_never_change() {
        let draw = |seed: u64, name: &str| Seed(seed).fork(name).next_u64();
        let drawn = [draw(0, "network"), draw(0, "disk"), draw(1, "network")];
        assert_eq!(
            drawn,
            [1_409_058_707_152_468_655, 8_944_736_553_162_820_878, 869_863_065_523_277_563]
        );
    }

    #[test]
    fn seeds_are_read_in_three_ways() {
        assert_eq!("42".parse(), Ok(Seed(42)));
        assert_eq!("0x2a".parse(), Ok(Seed(42)));
        let commit = "00000000000000ff1234567890123456789012345";
        assert!(commit.parse::<Seed>().is_err());
        assert_eq!(commit[1..].parse(), Ok(Seed(0xff1)));
        assert!("".parse::<Seed>().is_err());
        assert!("forty-two".parse::<Seed>().is_err());
        assert!("ééééééééééééééééééééé".parse::<Seed>().is_err());
    }
}
