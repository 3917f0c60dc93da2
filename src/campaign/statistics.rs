//! How much a number that was measured can be relied on.

use quorate_checker::Visible;
use serde::Serialize;

/// Two-sided 95 % quantiles of Student's distribution, by degrees of freedom from 1 on.
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];
/// The same for many degrees of freedom.
const NORMAL: f64 = 1.96;

/// A number with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Estimate {
    /// The mean of independent measurements; `None` if there are none. One alone has no interval.
    pub fn mean(measured: &[f64]) -> Option<Self> {
        let count = measured.len() as f64;
        let value = measured.iter().sum::<f64>() / count;
        let squares: f64 = measured.iter().map(|one| (one - value).powi(2)).sum();
        let half = match measured.len() {
            0 => return None,
            1 => f64::INFINITY,
            more => {
                let student = STUDENT.get(more - 2).copied().unwrap_or(NORMAL);
                student * (squares / (count - 1.0) / count).sqrt()
            }
        };
        Some(Self { value, low: value - half, high: value + half })
    }

    /// A share: so many of so many (Wilson, 1927).
    pub fn share(hits: u64, of: u64) -> Self {
        let (low, high) = Visible { reads: of, seen: hits }.interval();
        let value = if of == 0 { 0.0 } else { hits as f64 / of as f64 };
        Self { value, low, high }
    }

    /// Half the width of the interval.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// After how many trials something that each shows with this probability has been seen with a probability
/// of 99 %; `None` if never.
pub fn trials_for_99_percent(probability: f64) -> Option<u64> {
    match probability {
        p if p <= 0.0 => None,
        p if p >= 0.99 => Some(1),
        p => Some((libm::log(0.01) / libm::log1p(-p)).ceil() as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_textbook() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-3;
        let mean = Estimate::mean(&[4.0, 5.0, 6.0, 7.0, 8.0]).unwrap();
        // 6 ± 2.776 √(2.5 / 5)
        assert!(close(mean.value, 6.0) && close(mean.half_width(), 1.963), "{mean:?}");
        assert_eq!(Estimate::mean(&[]), None);
        assert_eq!(Estimate::mean(&[3.0]).map(|one| one.value), Some(3.0));
        let share = Estimate::share(8, 10);
        assert!(close(share.low, 0.490) && close(share.high, 0.943), "{share:?}");
    }

    #[test]
    fn rare_things_take_many_trials() {
        assert_eq!(trials_for_99_percent(0.0), None);
        assert_eq!(trials_for_99_percent(1.0), Some(1));
        assert_eq!(trials_for_99_percent(0.9), Some(2));
        assert_eq!(trials_for_99_percent(0.5), Some(7));
        assert_eq!(trials_for_99_percent(0.001), Some(4603));
    }
}
