//! Which operations a page holds: all of them, or a sample where they are too many for a browser.

use rand::seq::index;

use crate::report::trace::NONE;
use crate::rng::Seed;

/// A page holds at most so many operations.
pub(super) const OPERATIONS_MAX: usize = 110_000;

/// The operations on a page, by their numbers in the trace.
pub(super) struct Sample {
    /// Rising.
    pub(super) kept: Vec<u32>,
    /// The place on the page of every operation of the trace; [`NONE`] if it has none.
    places: Vec<u32>,
}

impl Sample {
    /// All operations where there are at most `limit`; else those that must be there and, drawn
    /// uniformly by a fixed seed, as many others as there is room for.
    pub(super) fn new(count: usize, must: &[u32], limit: usize) -> Self {
        let kept =
            if count <= limit { (0..count as u32).collect() } else { draw(count, must, limit) };
        let mut places = vec![NONE; count];
        for (place, number) in (0..).zip(&kept) {
            places[*number as usize] = place;
        }
        Self { kept, places }
    }

    /// Where an operation of the trace stands on the page.
    pub(super) fn place(&self, number: usize) -> Option<u32> {
        self.places.get(number).copied().filter(|place| *place != NONE)
    }
}

fn draw(count: usize, must: &[u32], limit: usize) -> Vec<u32> {
    let mut drawn = index::sample(&mut Seed(0).fork("report"), count, limit).into_vec();
    let mut kept: Vec<u32> = must.to_vec();
    kept.sort_unstable();
    kept.dedup();
    // In the order in which they were drawn, the first are a uniform sample, too.
    drawn.retain(|number| kept.binary_search(&(*number as u32)).is_err());
    drawn.truncate(limit.saturating_sub(kept.len()));
    kept.extend(drawn.into_iter().map(|number| number as u32));
    kept.sort_unstable();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_all_kept() {
        let sample = Sample::new(5, &[3], 5);
        assert_eq!(sample.kept, [0, 1, 2, 3, 4]);
        assert_eq!(sample.place(3), Some(3));
        assert_eq!(sample.place(5), None);
    }

    #[test]
    fn of_many_those_stay_that_must() {
        let sample = Sample::new(10_000, &[9_999, 17, 17], 100);
        assert_eq!(sample.kept.len(), 100);
        assert!(sample.kept.is_sorted_by(|a, b| a < b));
        let places = [sample.place(17), sample.place(9_999)];
        assert_eq!(
            places.map(|place| place.map(|place| sample.kept[place as usize])),
            [Some(17), Some(9_999)]
        );
        assert_eq!(sample.kept, Sample::new(10_000, &[17, 9_999], 100).kept, "the seed is fixed");
        // All parts of the history have their share.
        let late = sample.kept.iter().filter(|number| **number >= 5_000).count();
        assert!((30..70).contains(&late), "{late} of 100");
    }
}
