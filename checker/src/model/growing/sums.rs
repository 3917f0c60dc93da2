//! Which sums some amounts can come to.

use super::Fit;

/// So many sums are tried at most, all amounts together.
const TRIED_MAX: u128 = 20_000_000;

/// Whether `seen` is the sum of all required amounts and of some of the optional ones.
pub(crate) fn fit(seen: i128, required: &[i128], optional: &[i128]) -> Fit {
    let base: i128 = required.iter().sum();
    let wanted = seen - base;
    let below: i128 = optional.iter().filter(|amount| **amount < 0).sum();
    let above: i128 = optional.iter().filter(|amount| **amount > 0).sum();
    if wanted < below && !required.is_empty() {
        // The last one is as good as any.
        return Fit::Misses(required.len() - 1);
    }
    if wanted < below || wanted > above {
        return Fit::Differs;
    }
    let mut sizes: Vec<u128> =
        optional.iter().map(|amount| amount.unsigned_abs()).filter(|size| *size > 0).collect();
    sizes.sort_unstable();
    // Counted from the lowest sum on, taking away what is negative is adding, too.
    let wanted = (wanted - below).unsigned_abs();
    if is_complete(&sizes) || wanted == 0 {
        return Fit::Fits;
    }
    let Some(tried) = (wanted + 1).checked_mul(sizes.len() as u128).filter(|n| *n <= TRIED_MAX)
    else {
        return Fit::Unclear;
    };
    debug_assert!(tried <= TRIED_MAX, "it was filtered");
    if comes_to(&sizes, wanted as usize) { Fit::Fits } else { Fit::Differs }
}

/// Whether these, in rising order, come to every sum from nothing to all of them: each is at most one more than
/// all before it together.
fn is_complete(rising: &[u128]) -> bool {
    let mut reach = 0;
    rising.iter().all(|size| {
        let is_next = *size <= reach + 1;
        reach += size;
        is_next
    })
}

/// Whether some of these come to `wanted`.
fn comes_to(sizes: &[u128], wanted: usize) -> bool {
    let mut reached = vec![false; wanted + 1];
    reached[0] = true;
    for size in sizes.iter().filter(|size| **size <= wanted as u128) {
        let size = *size as usize;
        for sum in (size..=wanted).rev() {
            reached[sum] |= reached[sum - size];
        }
    }
    reached[wanted]
}
