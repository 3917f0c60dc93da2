//! Every attempt to order a few operations, and where it ends.

use std::collections::HashSet;
use std::hash::Hash;

/// Operations in order, by number, and what they lead to.
pub(super) struct Attempt<S> {
    pub(super) order: Vec<usize>,
    pub(super) state: S,
}

impl<S> Attempt<S> {
    /// "after A, B", or "at first".
    pub(super) fn after<'n>(&self, name: impl Fn(usize) -> &'n String) -> String {
        if self.order.is_empty() {
            return "at first".to_owned();
        }
        let names: Vec<&str> = self.order.iter().map(|i| name(*i).as_str()).collect();
        format!("after {}", names.join(", "))
    }
}

/// Tells where the attempts end, the longest first. `next` says which operations can follow an order,
/// and what they lead to.
pub(super) fn attempts<S: Clone + Eq + Hash>(
    initial: S,
    next: impl Fn(&[usize], &S) -> Vec<(usize, S)>,
    tell: impl Fn(&Attempt<S>) -> String,
) -> Vec<String> {
    const STATES_MAX: usize = 20_000;
    const SHOWN_MAX: usize = 4;
    let mut seen = HashSet::new();
    let mut ends: Vec<Attempt<S>> = Vec::new();
    let mut work = vec![Attempt { order: Vec::new(), state: initial }];
    while let Some(attempt) = work.pop() {
        let mut placed = attempt.order.clone();
        placed.sort_unstable();
        if !seen.insert((placed, attempt.state.clone())) || seen.len() > STATES_MAX {
            continue;
        }
        let next = next(&attempt.order, &attempt.state);
        if next.is_empty() {
            ends.push(attempt);
            continue;
        }
        for (i, state) in next {
            let order = attempt.order.iter().copied().chain([i]).collect();
            work.push(Attempt { order, state });
        }
    }
    ends.sort_by_key(|end| std::cmp::Reverse(end.order.len()));
    let shown = SHOWN_MAX.min(ends.len());
    let mut story = vec!["Then every attempt to order them ends:".to_owned()];
    story.extend(ends[..shown].iter().map(tell));
    if ends.len() > shown {
        story.push(format!("and {} shorter attempts likewise.", ends.len() - shown));
    }
    story.push("However, they all returned what they returned. A contradiction.".to_owned());
    story
}
