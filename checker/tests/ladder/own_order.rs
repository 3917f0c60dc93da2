//! PRAM and the causal conditions by their definitions: tries every order for every process.

use super::every_order::{Act, Seen};

/// One operation: whose, what value, and whether it is a write.
#[derive(Debug, Clone, Copy)]
struct Op {
    process: u32,
    value: i64,
    is_write: bool,
}

/// A history with what comes before what.
pub(crate) struct Views {
    ops: Vec<Op>,
    /// The causal order: `co[a][b]` if a is in the causal past of b. The least one, by processes and
    /// by who reads from whom; a larger one would only ask for more.
    co: Vec<Vec<bool>>,
}

impl Views {
    /// `None` if a read returns what nobody wrote. Every value is written once, and 0 by nobody; a
    /// write of unknown outcome that nobody read does not count.
    pub(crate) fn new(seen: &[Seen]) -> Option<Self> {
        let is_read = |value| seen.iter().any(|op| op.act == Act::Read(value));
        let ops: Vec<Op> = (seen.iter())
            .filter_map(|op| match op.act {
                Act::Write(value) if op.ret.is_some() || is_read(value) => {
                    Some(Op { process: op.process, value, is_write: true })
                }
                Act::Read(value) => Some(Op { process: op.process, value, is_write: false }),
                _ => None,
            })
            .collect();
        let written = |value| ops.iter().any(|op| op.is_write && op.value == value);
        if ops.iter().any(|op| op.value != 0 && !written(op.value)) {
            return None;
        }
        let count = ops.len();
        let mut views = Self { ops, co: vec![vec![false; count]; count] };
        for a in 0..count {
            for b in 0..count {
                views.co[a][b] = views.in_process(a, b) || views.reads_from(a, b);
            }
        }
        for middle in 0..count {
            for a in 0..count {
                for b in 0..count {
                    views.co[a][b] |= views.co[a][middle] && views.co[middle][b];
                }
            }
        }
        Some(views)
    }

    fn in_process(&self, a: usize, b: usize) -> bool {
        a < b && self.ops[a].process == self.ops[b].process
    }

    fn reads_from(&self, a: usize, b: usize) -> bool {
        let (a, b) = (self.ops[a], self.ops[b]);
        a.is_write && !b.is_write && a.value == b.value
    }

    fn all(&self) -> std::ops::Range<usize> {
        0..self.ops.len()
    }

    fn is_circular(&self) -> bool {
        self.all().any(|op| self.co[op][op])
    }

    /// Whether these operations have an order that respects `before` and in which the reads that are
    /// `checked` return the last write.
    fn in_order(
        &self,
        ops: &[usize],
        before: &dyn Fn(usize, usize) -> bool,
        checked: &dyn Fn(usize) -> bool,
    ) -> bool {
        fn go(views: &Views, left: &[usize], holds: i64, ask: &Ask) -> bool {
            left.is_empty()
                || left.iter().any(|next| {
                    let op = views.ops[*next];
                    let is_first = left.iter().all(|other| !(ask.before)(*other, *next));
                    let fits = op.is_write || !(ask.checked)(*next) || op.value == holds;
                    let rest: Vec<usize> = left.iter().filter(|o| *o != next).copied().collect();
                    let holds = if op.is_write { op.value } else { holds };
                    is_first && fits && go(views, &rest, holds, ask)
                })
        }
        struct Ask<'a> {
            before: &'a dyn Fn(usize, usize) -> bool,
            checked: &'a dyn Fn(usize) -> bool,
        }
        go(self, ops, 0, &Ask { before, checked })
    }

    /// For each process, all writes and its own reads, in the order of all processes.
    pub(crate) fn is_pram(&self) -> bool {
        self.ops.iter().all(|whose| {
            let is_seen =
                |op: &usize| self.ops[*op].is_write || self.ops[*op].process == whose.process;
            let ops: Vec<usize> = self.all().filter(is_seen).collect();
            self.in_order(&ops, &|a, b| self.in_process(a, b), &|_| true)
        })
    }

    fn is_causal_by(&self, checked: impl Fn(usize, usize) -> bool) -> bool {
        !self.is_circular()
            && self.all().all(|op| {
                let past: Vec<usize> =
                    self.all().filter(|other| *other == op || self.co[*other][op]).collect();
                self.in_order(&past, &|a, b| self.co[a][b], &|read| checked(read, op))
            })
    }

    /// CC: of the causal past of each operation, only its own value is explained.
    pub(crate) fn is_weakly_causal(&self) -> bool {
        self.is_causal_by(|read, op| read == op)
    }

    /// CM: also all that its process had read by then.
    pub(crate) fn is_causal(&self) -> bool {
        self.is_causal_by(|read, op| read == op || self.in_process(read, op))
    }

    /// CCv: one order of all writes, and each read returns the last of those in its causal past.
    pub(crate) fn is_causally_convergent(&self) -> bool {
        let writes: Vec<usize> = self.all().filter(|op| self.ops[*op].is_write).collect();
        !self.is_circular() && self.some_arbitration(&mut Vec::new(), &writes)
    }

    fn some_arbitration(&self, order: &mut Vec<usize>, left: &[usize]) -> bool {
        if left.is_empty() {
            return self.all().filter(|op| !self.ops[*op].is_write).all(|read| {
                let last = order.iter().rev().find(|write| self.co[**write][read]);
                last.map_or(0, |write| self.ops[*write].value) == self.ops[read].value
            });
        }
        left.iter().any(|next| {
            if left.iter().any(|other| self.co[*other][*next]) {
                return false;
            }
            order.push(*next);
            let rest: Vec<usize> = left.iter().filter(|o| *o != next).copied().collect();
            let fits = self.some_arbitration(order, &rest);
            order.pop();
            fits
        })
    }
}
