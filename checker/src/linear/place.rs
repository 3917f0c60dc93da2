//! Failed compare-and-sets that do not say which value they met, put into a linearization of all else.
//!
//! Such an operation only says that at some moment the register did not hold the value it expected.
//! Where values are distinct, two observations of that value with the operation wholly between them
//! refute it, since the value stays in place from the one to the other. And where a linearization of
//! the others has a fitting moment for each, there is one of all. In between, it stays open: another
//! linearization may have the moments that this one lacks.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

use super::item::{Action, Item};
use crate::value::ValueId;

/// What came of it.
pub(super) enum Placed {
    /// A linearization of all operations.
    Order(Vec<u32>),
    /// One lies wholly between two observations of what it did not meet: these operations show it.
    Sandwiched(Vec<u32>),
    /// This linearization of the others does not help.
    Undecided,
}

/// Puts the operations that observe a difference into `order`, a linearization of the others without
/// repeated values. In O(n log n).
pub(super) fn place(items: &[Item], order: &[u32], initial: ValueId) -> Placed {
    if let Some(ops) = sandwiched(items, initial) {
        return Placed::Sandwiched(ops);
    }
    let line = Line::new(items, order, initial);
    let mut placed: Vec<(u32, u32)> = Vec::new();
    // Those that have not returned at the call of the next, by their returns.
    let mut open: BinaryHeap<Reverse<(u32, u32)>> = BinaryHeap::new();
    let mut earliest = 0;
    for item in items {
        let Action::Differs(value) = item.action else { continue };
        while let Some(Reverse((_, gap))) = open.peek().filter(|first| first.0.0 < item.call) {
            earliest = earliest.max(*gap);
            open.pop();
        }
        let Some(gap) = line.gap(item, value, earliest) else { return Placed::Undecided };
        placed.push((gap, item.op));
        open.push(Reverse((item.ret, gap)));
    }
    // Stable: in one gap they stand in the order of their calls.
    placed.sort_by_key(|(gap, _)| *gap);
    Placed::Order(merge(order, &placed))
}

fn merge(order: &[u32], placed: &[(u32, u32)]) -> Vec<u32> {
    let mut merged = Vec::with_capacity(order.len() + placed.len());
    let mut from = 0;
    for (gap, op) in placed {
        merged.extend_from_slice(&order[from..*gap as usize]);
        merged.push(*op);
        from = *gap as usize;
    }
    merged.extend_from_slice(&order[from..]);
    merged
}

/// The moments between the operations of a linearization, each by the number of operations before.
struct Line {
    /// What the register holds in each gap.
    holds: Vec<ValueId>,
    /// The next gap in which it holds something else.
    next_change: Vec<u32>,
    /// The latest call of each operation and those before it.
    latest_call: Vec<u32>,
    /// The earliest return of each operation and those after it.
    earliest_return: Vec<u32>,
}

impl Line {
    fn new(items: &[Item], order: &[u32], initial: ValueId) -> Self {
        let of: FxHashMap<u32, &Item> = items.iter().map(|item| (item.op, item)).collect();
        let mut line = Self {
            holds: vec![initial],
            next_change: vec![order.len() as u32 + 1; order.len() + 1],
            latest_call: Vec::with_capacity(order.len()),
            earliest_return: order.iter().map(|op| of[op].ret).collect(),
        };
        let (mut holds, mut latest) = (initial, 0);
        for op in order {
            latest = latest.max(of[op].call);
            holds = of[op].action.leaves().unwrap_or(holds);
            line.latest_call.push(latest);
            line.holds.push(holds);
        }
        for gap in (0..order.len()).rev() {
            let changes = line.holds[gap] != line.holds[gap + 1];
            line.next_change[gap] =
                if changes { gap as u32 + 1 } else { line.next_change[gap + 1] };
            if let Some(after) = line.earliest_return.get(gap + 1).copied() {
                line.earliest_return[gap] = line.earliest_return[gap].min(after);
            }
        }
        line
    }

    /// The first gap, not before `earliest`, in which the register does not hold `value` and the
    /// operation may stand.
    fn gap(&self, item: &Item, value: ValueId, earliest: u32) -> Option<u32> {
        let after = self.earliest_return.partition_point(|ret| *ret < item.call) as u32;
        let before = self.latest_call.partition_point(|call| *call < item.ret) as u32;
        let first = after.max(earliest);
        let fits = if *self.holds.get(first as usize)? == value {
            self.next_change[first as usize]
        } else {
            first
        };
        (fits <= before).then_some(fits)
    }
}

/// When a value was certainly in place: the first return and the last call of an operation that
/// observed it or left it, and whose.
#[derive(Clone, Copy)]
struct Span {
    first_return: (u32, Option<u32>),
    last_call: (u32, Option<u32>),
}

/// An operation that observes a difference while the value was in place all the time, with the two
/// that show it.
fn sandwiched(items: &[Item], initial: ValueId) -> Option<Vec<u32>> {
    let mut spans: FxHashMap<ValueId, Span> = FxHashMap::default();
    for item in items {
        if let Action::Differs(value) = item.action {
            let first_return = (if value == initial { 0 } else { u32::MAX }, None);
            spans.insert(value, Span { first_return, last_call: (0, None) });
        }
    }
    for item in items.iter().filter(|item| !item.is_optional()) {
        // Whoever replaces a value has observed it, but the value may be gone when it returns.
        let in_place = match item.action {
            Action::Cas(_, value) | Action::Write(value) | Action::Read(value) => Some(value),
            Action::Differs(_) => None,
        };
        if let Some(span) = in_place.and_then(|value| spans.get_mut(&value)) {
            span.first_return = span.first_return.min((item.ret, Some(item.op)));
        }
        if let Some(span) = item.action.observes().and_then(|value| spans.get_mut(&value)) {
            span.last_call = span.last_call.max((item.call, Some(item.op)));
        }
    }
    items.iter().find_map(|item| {
        let Action::Differs(value) = item.action else { return None };
        let span = spans[&value];
        let between = span.first_return.0 < item.call && item.ret < span.last_call.0;
        between.then(|| {
            [span.first_return.1, Some(item.op), span.last_call.1].into_iter().flatten().collect()
        })
    })
}
