//! The register as a [`System`] to search, with the reductions that only a register allows:
//! - an operation that only observes is linearized as soon as the value satisfies it;
//! - of open operations that do the same, the one that returns first goes first, those of unknown
//!   outcome last;
//! - a value that nobody observes any more is as good as any other such value; and an open write of
//!   such a value hides just before the next write, unless an operation that observes a difference
//!   may need it in between;
//! - an operation of unknown outcome whose value nobody observes never happened, under the same
//!   condition.
//!
//! Each is exact by an exchange argument: any run can be rearranged into one that obeys it.

use std::cmp::Reverse;

use rustc_hash::{FxHashMap, FxHashSet};

use super::item::{Action, Item};
use crate::search::{Config, Layout, Move, Open, Search, Slots, Step, System, run};
use crate::value::ValueId;
use crate::verdict::{Budget, Engine};

/// A value's number within the search, dense from 0. The initial value is 0.
type Local = u32;
/// Stands for every value that no later operation observes.
const DEAD: Local = u32::MAX;

/// What an operation does, in local values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Act {
    Read(Local),
    Write(Local),
    Cas(Local, Local),
    Differs(Local),
}

impl Act {
    fn leaves(self) -> Local {
        match self {
            Self::Write(value) | Self::Cas(_, value) => value,
            Self::Read(_) | Self::Differs(_) => unreachable!("observers are linearized eagerly"),
        }
    }
}

/// Decides the operations of one register within the budget. Answers in operations of the register.
pub(crate) fn check(items: &[Item], initial: ValueId, budget: Budget) -> (Search, Engine) {
    let kept = keep_observable(items);
    let plan = Plan::new(&kept, initial);
    let (search, engine) = if plan.layout.slot_count <= <u64 as Slots>::CAPACITY {
        run::<u64, _>(|| Register::new(&plan), budget)
    } else {
        run::<[u64; 8], _>(|| Register::new(&plan), budget)
    };
    let op = |number: u32| kept[number as usize].op;
    let search = match search {
        Search::Valid(order) => Search::Valid(order.into_iter().map(op).collect()),
        Search::Invalid(number) => Search::Invalid(op(number)),
        Search::GaveUp(mut gave_up) => {
            gave_up.op = op(gave_up.op);
            gave_up.since = op(gave_up.since);
            Search::GaveUp(gave_up)
        }
    };
    (search, engine)
}

/// Drops operations of unknown outcome whose value nobody observes: they may as well never have
/// happened. With operations that observe a difference, every write may matter.
fn keep_observable(items: &[Item]) -> Vec<Item> {
    let mut kept = items.to_vec();
    if items.iter().any(|item| matches!(item.action, Action::Differs(_))) {
        return kept;
    }
    loop {
        let before = kept.len();
        let observed: FxHashSet<ValueId> =
            kept.iter().filter_map(|item| item.action.observes()).collect();
        kept.retain(|item| {
            !item.is_optional() || item.action.leaves().is_some_and(|v| observed.contains(&v))
        });
        if kept.len() == before {
            return kept;
        }
    }
}

/// What does not change during a search.
struct Plan {
    layout: Layout<Act>,
    value_count: usize,
    /// The last event at which each value is still observed by somebody.
    observed_until: Vec<u32>,
    /// The return of the last operation that observes a difference.
    differs_until: Option<u32>,
}

impl Plan {
    fn new(items: &[Item], initial: ValueId) -> Self {
        let mut local = FxHashMap::default();
        local.insert(initial, 0);
        let mut number = |value: ValueId| {
            let next = local.len() as Local;
            *local.entry(value).or_insert(next)
        };
        let layout = Layout::new(items.iter().map(|item| {
            let act = match item.action {
                Action::Read(value) => Act::Read(number(value)),
                Action::Write(value) => Act::Write(number(value)),
                Action::Cas(expected, new) => Act::Cas(number(expected), number(new)),
                Action::Differs(value) => Act::Differs(number(value)),
            };
            (act, item.call, (!item.is_optional()).then_some(item.ret))
        }));
        let value_count = local.len();
        let mut observed_until = vec![0; value_count];
        let mut differs_until = None;
        for op in &layout.ops {
            let (Act::Read(value) | Act::Cas(value, _) | Act::Differs(value)) = op.act else {
                continue;
            };
            let until: &mut u32 = &mut observed_until[value as usize];
            *until = (*until).max(op.ret);
            if matches!(op.act, Act::Differs(_)) {
                differs_until = differs_until.max(Some(op.ret));
            }
        }
        Self { layout, value_count, observed_until, differs_until }
    }

    /// Whether no operation that is still to return at `event`, or later, observes `value`.
    fn is_dead(&self, value: Local, event: u32) -> bool {
        value == DEAD || self.observed_until[value as usize] < event
    }

    /// Whether an operation that observes a difference is still to return.
    fn differs_after(&self, event: u32) -> bool {
        self.differs_until.is_some_and(|until| until >= event)
    }
}

/// The plan, and which operations are open, indexed for the search.
struct Register<'p, S> {
    plan: &'p Plan,
    open: Open<'p, Act>,
    reads: Vec<S>,
    differs: S,
    differs_of: Vec<S>,
    writes: S,
    cas: Vec<S>,
}

impl<'p, S: Slots> Register<'p, S> {
    fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            open: Open::new(&plan.layout),
            reads: vec![S::NONE; plan.value_count],
            differs: S::NONE,
            differs_of: vec![S::NONE; plan.value_count],
            writes: S::NONE,
            cas: vec![S::NONE; plan.value_count],
        }
    }

    /// The open observers that this value satisfies.
    fn satisfied(&self, value: Local) -> S {
        if value == DEAD {
            return self.differs;
        }
        let value = value as usize;
        self.reads[value].or(self.differs.without(self.differs_of[value]))
    }

    /// Better is greater: reaches the goal, satisfies more observers, returns earlier, is of known
    /// outcome.
    fn rank(&self, config: &Config<S>, act: Act, goal: u32, ret: u32) -> (bool, u32, Reverse<u32>) {
        let left = act.leaves();
        let goal = self.plan.layout.ops[goal as usize].act;
        let reaches = match goal {
            _ if act == goal => true,
            Act::Read(value) | Act::Cas(value, _) => left == value,
            Act::Differs(value) => left != value,
            Act::Write(_) => false,
        };
        let newly = self.satisfied(left).without(config.observed).len();
        (reaches, newly, Reverse(ret))
    }

    /// Open writes of dead values take effect unseen, just before a write that is seen.
    fn hide_dead_writes(&self, next: &mut Config<S>, event: u32, path: &mut Vec<Step>) {
        for slot in self.writes.without(next.changed).slots() {
            if self.plan.is_dead(self.open.op(slot).act.leaves(), event) {
                next.changed = next.changed.or(S::one(slot));
                path.push(self.open.number(slot));
            }
        }
    }
}

impl<S: Slots> System<S> for Register<'_, S> {
    type Act = Act;

    fn layout(&self) -> &Layout<Act> {
        &self.plan.layout
    }

    fn initial(&self) -> u32 {
        0
    }

    fn set_open(&mut self, number: u32, open: bool) {
        let Some((act, slot)) = self.open.set(number, open) else { return };
        let bit = S::one(slot);
        let set = |slots: &mut S| *slots = if open { slots.or(bit) } else { slots.without(bit) };
        match act {
            Act::Read(value) => set(&mut self.reads[value as usize]),
            Act::Write(_) => set(&mut self.writes),
            Act::Cas(expected, _) => set(&mut self.cas[expected as usize]),
            Act::Differs(value) => {
                set(&mut self.differs);
                set(&mut self.differs_of[value as usize]);
            }
        }
    }

    fn observe(&mut self, config: &mut Config<S>, path: &mut Vec<Step>) {
        let new = self.satisfied(config.state).without(config.observed);
        path.extend(new.slots().map(|slot| self.open.number(slot)));
        config.observed = config.observed.or(new);
    }

    fn moves(&mut self, config: &Config<S>, event: u32, goal: u32) -> Vec<Move> {
        let cas = if config.state == DEAD { S::NONE } else { self.cas[config.state as usize] };
        let firsts = self.open.first_of_each(self.writes.or(cas).without(config.changed));
        let mut ranked = Vec::with_capacity(firsts.len());
        for first in &firsts {
            ranked.push((self.rank(config, first.act, goal, first.ret), Move::Slot(first.slot)));
        }
        for (class, act) in self.open.classes_left(config) {
            let applies = match act {
                Act::Cas(expected, _) => expected == config.state,
                _ => true,
            };
            if applies
                && !self.is_useless(class, event)
                && !firsts.iter().any(|first| first.act == act)
            {
                ranked.push((self.rank(config, act, goal, u32::MAX), Move::Class(class)));
            }
        }
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, step)| step).collect()
    }

    fn apply(
        &mut self,
        config: &Config<S>,
        step: Move,
        event: u32,
        path: &mut Vec<Step>,
    ) -> Config<S> {
        let mut next = config.clone();
        let (act, step) = self.open.take(&mut next, step);
        if matches!(act, Act::Write(_)) && !self.plan.differs_after(event) {
            self.hide_dead_writes(&mut next, event, path);
        }
        path.push(step);
        next.state = self.settle(act.leaves(), event);
        self.observe(&mut next, path);
        next
    }

    fn settle(&self, state: u32, event: u32) -> u32 {
        if self.plan.is_dead(state, event) { DEAD } else { state }
    }

    fn is_useless(&self, class: u32, event: u32) -> bool {
        let left = self.plan.layout.classes[class as usize].act.leaves();
        self.plan.is_dead(left, event) && !self.plan.differs_after(event)
    }

    fn bytes(&self) -> u64 {
        let ops = self.plan.layout.ops.len() as u64;
        ops * 64 + (self.plan.value_count * 3 * size_of::<S>()) as u64
    }
}

#[cfg(test)]
mod tests;
