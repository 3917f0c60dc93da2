//! The search every checker begins with, as a baseline: Wing and Gong (1993) pick an operation that
//! no other precedes, apply it, and go on; Lowe (2017) remembers which configurations were tried. A
//! configuration is the set of all operations linearized so far, and the value.

use std::collections::HashSet;

use quorate_checker::{Function, Op, Outcome, ValueId};

/// Calls and returns in a doubly linked list; operations are lifted out as they are linearized.
struct Entries {
    /// Operation, and whether this is its call.
    list: Vec<(usize, bool)>,
    next: Vec<usize>,
    previous: Vec<usize>,
    call_of: Vec<usize>,
    return_of: Vec<usize>,
}

impl Entries {
    fn new(ops: &[&Op]) -> Self {
        let mut timed: Vec<(u32, usize, bool)> = Vec::new();
        for (i, op) in ops.iter().enumerate() {
            timed.extend([(op.call, i, true), (op.ret, i, false)]);
        }
        timed.sort_unstable();
        let (mut call_of, mut return_of) = (vec![0; ops.len()], vec![0; ops.len()]);
        // Entry 0 is the head of the list.
        let mut list = vec![(usize::MAX, false)];
        for (_, op, is_call) in timed {
            let place = if is_call { &mut call_of[op] } else { &mut return_of[op] };
            *place = list.len();
            list.push((op, is_call));
        }
        let count = list.len();
        let next = (1..=count).collect();
        let previous = (0..count).map(|i: usize| i.saturating_sub(1)).collect();
        Self { list, next, previous, call_of, return_of }
    }

    fn unlink(&mut self, entry: usize) {
        let (before, after) = (self.previous[entry], self.next[entry]);
        self.next[before] = after;
        if after < self.list.len() {
            self.previous[after] = before;
        }
    }

    fn link(&mut self, entry: usize) {
        let (before, after) = (self.previous[entry], self.next[entry]);
        self.next[before] = entry;
        if after < self.list.len() {
            self.previous[after] = entry;
        }
    }

    fn lift(&mut self, op: usize) {
        self.unlink(self.call_of[op]);
        self.unlink(self.return_of[op]);
    }

    fn unlift(&mut self, op: usize) {
        self.link(self.return_of[op]);
        self.link(self.call_of[op]);
    }
}

/// Whether the operations of one register, all of known outcome, are linearizable.
pub(crate) fn is_linearizable(ops: &[Op], initial: ValueId) -> bool {
    let ops: Vec<&Op> = ops.iter().filter(|op| op.outcome() == Outcome::Ok).collect();
    let mut entries = Entries::new(&ops);
    let mut linearized = vec![0_u64; ops.len().div_ceil(64)];
    let mut tried: HashSet<(Vec<u64>, ValueId)> = HashSet::new();
    let mut path: Vec<(usize, ValueId)> = Vec::new();
    let (mut holds, mut at) = (initial, entries.next[0]);
    while entries.next[0] < entries.list.len() {
        let (op, is_call) = entries.list[at];
        if is_call {
            if let Some(next) = step(ops[op], holds) {
                linearized[op / 64] |= 1 << (op % 64);
                if tried.insert((linearized.clone(), next)) {
                    path.push((op, holds));
                    holds = next;
                    entries.lift(op);
                    at = entries.next[0];
                    continue;
                }
                linearized[op / 64] &= !(1 << (op % 64));
            }
            at = entries.next[at];
            continue;
        }
        // Somebody returns who is not linearized: the last choice was wrong.
        let Some((op, before)) = path.pop() else { return false };
        holds = before;
        linearized[op / 64] &= !(1 << (op % 64));
        entries.unlift(op);
        at = entries.next[entries.call_of[op]];
    }
    true
}

/// The value after the operation; `None` if it is impossible.
fn step(op: &Op, holds: ValueId) -> Option<ValueId> {
    match op.function() {
        Function::Read => (holds == op.a).then_some(holds),
        Function::Write => Some(op.a),
        Function::Cas => (holds == op.a).then_some(op.b),
    }
}
