//! Every key of a history looked at, on all cores: keys do not depend on each other.

use std::sync::mpsc::channel;
use std::thread;

use quorate_checker::{Budget, Footing, KeyResult, Recorded, Rung, Staleness};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// Pieces of work for each core, so that a hard key does not keep the others waiting.
const PIECES: usize = 16;

/// What is found out about one key.
#[derive(Debug, Clone)]
pub struct Examined {
    /// Whether it is linearizable.
    pub result: KeyResult,
    /// What else there is to know, if it was asked for.
    pub more: Option<More>,
}

/// What there is to know of a key besides linearizability.
#[derive(Debug, Clone)]
pub struct More {
    /// Where it stands on the ladder.
    pub rungs: Vec<(Rung, Footing)>,
    /// How stale its reads are, or why that cannot be told.
    pub staleness: Result<Staleness, &'static str>,
}

/// Checks every key, each within the budget; with `more`, also on the ladder and for staleness. The
/// results stand in the order of the keys; `on_key` is told of each one, in whatever order.
pub fn examine(
    recorded: &Recorded,
    budget: Budget,
    more: bool,
    mut on_key: impl FnMut(),
) -> Vec<Examined> {
    let count = recorded.key_count;
    let piece = count.div_ceil(PIECES * rayon::current_num_threads()).max(1);
    let examine_piece = |from: usize| -> Vec<Examined> {
        let results = recorded.check_keys(from..(from + piece).min(count), budget);
        let with_more = |(number, result)| {
            let more = more.then(|| More {
                rungs: recorded.ladder(number, &result),
                staleness: recorded.staleness(number),
            });
            Examined { result, more }
        };
        (from..).zip(results).map(with_more).collect()
    };
    let starts: Vec<usize> = (0..count).step_by(piece).collect();
    let (sender, receiver) = channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            starts.into_par_iter().for_each_with(sender, |sender, from| {
                // The receiver lives as long as this.
                let _ = sender.send((from, examine_piece(from)));
            });
        });
        let mut pieces: Vec<(usize, Vec<Examined>)> = Vec::new();
        for (from, examined) in receiver {
            for _ in &examined {
                on_key();
            }
            pieces.push((from, examined));
        }
        pieces.sort_unstable_by_key(|(from, _)| *from);
        pieces.into_iter().flat_map(|(_, examined)| examined).collect()
    })
}
