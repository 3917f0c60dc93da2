//! How long things take: distributions as tables of quantiles.
//!
//! A draw is an index into the table and a line between two entries, whatever the distribution: a few
//! nanoseconds, and the same on every machine, since the tables are made by `libm` and not by the
//! platform's own mathematics.

mod measured;

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use rand::Rng as _;

pub use measured::{Measured, MeasuredError};

use crate::rng::Rng;
use crate::time::{Nanos, exact_duration, parse_duration};

/// A distribution of times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Latency {
    /// Always the same.
    Constant(Nanos),
    /// Anything between two bounds, equally likely.
    Uniform(Nanos, Nanos),
    /// Exponential, with this mean.
    Exponential(Nanos),
    /// Log-normal, with this median and this standard deviation of the logarithm.
    LogNormal(Nanos, f64),
    /// Pareto, with this minimum and this exponent: a heavy tail.
    Pareto(Nanos, f64),
    /// As it was measured: the times below which the shares [`QUANTILES`] lie, on lines between them.
    Quantiles([Nanos; QUANTILES.len()]),
}

/// Of which shares measured distributions say the quantiles.
pub const QUANTILES: [f64; 9] = [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0];

impl Latency {
    /// The time below which half of all draws lie.
    pub fn middle(self) -> Nanos {
        self.quantile(0.5) as Nanos
    }

    /// No draw takes longer.
    pub fn longest(self) -> Nanos {
        self.quantile(TAIL) as Nanos
    }

    /// The distribution of times that were measured, of which there is one at least.
    pub fn of_times(times: &[Nanos]) -> Self {
        let mut times = times.to_vec();
        times.sort_unstable();
        let last = times.len().saturating_sub(1) as f64;
        let at = |share: f64| {
            let place = share * last;
            let time = |place: f64| times.get(place as usize).map_or(0.0, |time| *time as f64);
            let (low, high) = (time(place.floor()), time(place.ceil()));
            (low + (high - low) * place.fract()) as Nanos
        };
        let quantiles = QUANTILES.map(at);
        if quantiles[0] == quantiles[QUANTILES.len() - 1] {
            return Self::Constant(quantiles[0]);
        }
        Self::Quantiles(quantiles)
    }

    /// The same, but everything takes so many times as long.
    #[must_use]
    pub fn times(self, factor: u64) -> Self {
        match self {
            Self::Constant(time) => Self::Constant(time * factor),
            Self::Uniform(from, to) => Self::Uniform(from * factor, to * factor),
            Self::Exponential(mean) => Self::Exponential(mean * factor),
            Self::LogNormal(median, sigma) => Self::LogNormal(median * factor, sigma),
            Self::Pareto(minimum, alpha) => Self::Pareto(minimum * factor, alpha),
            Self::Quantiles(times) => Self::Quantiles(times.map(|time| time * factor)),
        }
    }

    /// The time below which a share `p` of all draws lies.
    fn quantile(self, p: f64) -> f64 {
        match self {
            Self::Constant(time) => time as f64,
            Self::Uniform(from, to) => from as f64 + (to - from) as f64 * p,
            Self::Exponential(mean) => -(mean as f64) * libm::log1p(-p),
            Self::LogNormal(median, sigma) => median as f64 * libm::exp(sigma * normal_quantile(p)),
            Self::Pareto(minimum, alpha) => minimum as f64 * libm::pow(1.0 - p, -1.0 / alpha),
            Self::Quantiles(times) => {
                let above = QUANTILES.partition_point(|share| *share < p).max(1);
                let [low, high] = [above - 1, above].map(|place| times[place] as f64);
                let [from, to] = [above - 1, above].map(|place| QUANTILES[place]);
                low + (high - low) * (p - from) / (to - from)
            }
        }
    }
}

/// The quantile of the standard normal distribution, by bisection of `erfc`: made once for a table,
/// so it may be slow and exact.
fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-10.0, 10.0);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if 0.5 * libm::erfc(-middle / std::f64::consts::SQRT_2) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

impl FromStr for Latency {
    type Err = String;

    /// `constant 1ms`, `uniform 1ms 5ms`, `exponential 2ms`, `lognormal 2ms 0.5`, `pareto 1ms 1.5`.
    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let shape = |word: &str| {
            let number: Option<f64> = word.parse().ok();
            number.filter(|number| (0.05..=20.0).contains(number)).ok_or_else(|| {
                format!("`{word}` is no shape of a distribution; expected a number from 0.05 to 20")
            })
        };
        match words.as_slice() {
            ["constant", time] => Ok(Self::Constant(parse_duration(time)?)),
            ["uniform", from, to] => {
                let (from, to) = (parse_duration(from)?, parse_duration(to)?);
                if from > to {
                    return Err(format!("in `{text}` the lower bound is above the upper one"));
                }
                Ok(Self::Uniform(from, to))
            }
            ["exponential", mean] => Ok(Self::Exponential(parse_duration(mean)?)),
            ["lognormal", median, sigma] => {
                Ok(Self::LogNormal(parse_duration(median)?, shape(sigma)?))
            }
            ["pareto", minimum, alpha] => Ok(Self::Pareto(parse_duration(minimum)?, shape(alpha)?)),
            ["quantiles", times @ ..] if times.len() == QUANTILES.len() => {
                let mut quantiles = [0; QUANTILES.len()];
                for (quantile, time) in quantiles.iter_mut().zip(times) {
                    *quantile = parse_duration(time)?;
                }
                if !quantiles.is_sorted() {
                    return Err(format!("in `{text}` a greater share takes less time"));
                }
                Ok(Self::Quantiles(quantiles))
            }
            _ => Err(format!(
                "`{text}` is no distribution; expected `constant 1ms`, `uniform 1ms 5ms`, \
                 `exponential 2ms` (mean), `lognormal 2ms 0.5` (median, sigma), `pareto 1ms 1.5` \
                 (minimum, exponent), or `quantiles` and nine times (of 0, 10, 25, 50, 75, 90, 99, 99.9 and \
                 100 %)"
            )),
        }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(time) => write!(f, "constant {}", exact_duration(*time)),
            Self::Uniform(from, to) => {
                write!(f, "uniform {} {}", exact_duration(*from), exact_duration(*to))
            }
            Self::Exponential(mean) => write!(f, "exponential {}", exact_duration(*mean)),
            Self::LogNormal(median, sigma) => {
                write!(f, "lognormal {} {sigma}", exact_duration(*median))
            }
            Self::Pareto(minimum, alpha) => {
                write!(f, "pareto {} {alpha}", exact_duration(*minimum))
            }
            Self::Quantiles(times) => {
                write!(f, "quantiles")?;
                times.iter().try_for_each(|time| write!(f, " {}", exact_duration(*time)))
            }
        }
    }
}

const CELL_BITS: u32 = 10;
const CELL_COUNT: usize = 1 << CELL_BITS;
/// The tail ends here: one draw in a thousand lies in the last cell, on the line to this quantile.
const TAIL: f64 = 1.0 - 1.0 / 65_536.0;

/// A distribution ready to draw from.
#[derive(Debug, Clone)]
pub struct Sampler {
    /// Quantiles at equal steps, and the end of the tail.
    quantiles: Box<[Nanos]>,
}

/// The share of all draws below the beginning of a cell.
fn share(cell: usize) -> f64 {
    if cell == CELL_COUNT { TAIL } else { cell as f64 / CELL_COUNT as f64 }
}

/// The quantiles of the standard normal distribution at the beginnings of all cells: slow to make, and the
/// same for every log-normal distribution.
fn normal_quantiles() -> &'static [f64] {
    static QUANTILES: OnceLock<Vec<f64>> = OnceLock::new();
    QUANTILES.get_or_init(|| (0..=CELL_COUNT).map(|cell| normal_quantile(share(cell))).collect())
}

impl Sampler {
    /// The table of a distribution.
    pub fn new(latency: Latency) -> Self {
        let at = |cell: usize| match latency {
            Latency::LogNormal(median, sigma) => {
                median as f64 * libm::exp(sigma * normal_quantiles()[cell])
            }
            _ => latency.quantile(share(cell)),
        };
        Self { quantiles: (0..=CELL_COUNT).map(|cell| at(cell) as Nanos).collect() }
    }

    /// Draws a time.
    pub fn draw(&self, rng: &mut Rng) -> Nanos {
        let draw = rng.next_u32();
        let cell = (draw >> (32 - CELL_BITS)) as usize;
        let within = u64::from(draw << CELL_BITS);
        let (low, high) = (self.quantiles[cell], self.quantiles[cell + 1]);
        // Half a minute and more would overflow a product in 64 bits.
        low + ((u128::from(high - low) * u128::from(within)) >> 32) as Nanos
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;
    use crate::time::MILLISECOND;

    #[test]
    fn draws_have_the_mean_of_their_distribution() {
        let mean = |latency: Latency| {
            let sampler = Sampler::new(latency);
            let mut rng = Seed(1).fork("test");
            (0..200_000).map(|_| sampler.draw(&mut rng) as f64).sum::<f64>() / 200_000.0
        };
        let ms = MILLISECOND as f64;
        for (latency, expected) in [
            (Latency::Constant(MILLISECOND), ms),
            (Latency::Uniform(MILLISECOND, 3 * MILLISECOND), 2.0 * ms),
            (Latency::Exponential(2 * MILLISECOND), 2.0 * ms),
            (Latency::LogNormal(MILLISECOND, 0.5), 1.133 * ms),
            (Latency::Pareto(MILLISECOND, 3.0), 1.5 * ms),
            (Latency::of_times(&[0, MILLISECOND, 2 * MILLISECOND]), ms),
        ] {
            let found = mean(latency);
            assert!((found / expected - 1.0).abs() < 0.02, "{latency}: {found} for {expected}");
        }
    }

    #[test]
    fn distributions_read_as_they_are_written() {
        for text in [
            "constant 1ms",
            "uniform 1ms 5ms",
            "exponential 2ms",
            "lognormal 2ms 0.5",
            "pareto 1ms 1.5",
            "quantiles 1ms 1ms 2ms 3ms 4ms 5ms 6ms 7ms 8ms",
        ] {
            assert_eq!(text.parse::<Latency>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "normal 1ms",
            "uniform 5ms 1ms",
            "exponential",
            "lognormal 1ms x",
            "pareto 1ms 0",
            "lognormal 1ms 1e300",
            "quantiles 1ms",
            "quantiles 1ms 1ms 2ms 3ms 2ms 5ms 6ms 7ms 8ms",
        ] {
            assert!(text.parse::<Latency>().is_err(), "{text}");
        }
    }
}
