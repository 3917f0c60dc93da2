//! Quorums that miss each other, by the numbers: probabilistically bounded staleness and random quorums.

use super::minimal::binomial;

/// The probability that a read of R random nodes of N misses a write that W random nodes have:
/// C(N - W, R) / C(N, R). Nothing spreads further than the W (Bailis et al. 2012).
pub fn miss_probability(n: u32, r: u32, w: u32) -> f64 {
    binomial(n - w, r) / binomial(n, r)
}

/// The probability that a read misses all of the last `k` writes.
pub fn miss_last(n: u32, r: u32, w: u32, k: i32) -> f64 {
    miss_probability(n, r, w).powi(k)
}

/// What two random quorums of `size` of `n` nodes miss each other with at most: e to the minus l squared,
/// where the size is l times the square root of N (Malkhi, Reiter and Wright 1997).
pub fn miss_bound(n: u32, size: u32) -> f64 {
    (-(f64::from(size).powi(2)) / f64::from(n)).exp()
}

/// How long it takes on average until `k` of `n` have answered, where answers take independent times with
/// an exponential distribution, in units of their mean: 1/n + 1/(n-1) + ... + 1/(n-k+1).
pub fn exponential_order_statistic(n: u32, k: u32) -> f64 {
    (0..k).map(|answered| 1.0 / f64::from(n - answered)).sum()
}

/// How long it takes on average until the answers are enough, in the same units, where the first `k`
/// answers are enough with the probability `enough[k]`.
pub fn exponential_latency(enough: &[f64]) -> f64 {
    let n = enough.len() as u32 - 1;
    (1..=n)
        .map(|k| {
            let now = enough[k as usize] - enough[k as usize - 1];
            now * exponential_order_statistic(n, k)
        })
        .sum()
}
