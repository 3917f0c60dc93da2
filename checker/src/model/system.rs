//! Any [`Model`] as a [`System`] to search.

use std::cmp::Reverse;

use rustc_hash::FxHashMap;

use super::{Call, Hints, Model};
use crate::history::OPEN;
use crate::search::{Config, Layout, Move, Open, Search, Slots, Step, System, run};
use crate::verdict::{Budget, Engine, GaveUp};

/// The number of a distinct operation.
type Act = u32;

/// Decides the operations of one object within the budget.
pub(super) fn check<M: Model>(
    model: &M,
    calls: &[Call<M::Op>],
    budget: Budget,
) -> (Search, Engine) {
    let Hints { seen, in_order } = model.hints(calls);
    // Nobody needs what nobody saw.
    let needed = |number: &usize| calls[*number].ret != OPEN || seen[*number].is_some();
    let numbers: Vec<usize> = (0..calls.len()).filter(needed).collect();
    let mut acts: FxHashMap<&M::Op, Act> = FxHashMap::default();
    let mut ops: Vec<&M::Op> = Vec::new();
    let layout = Layout::new(numbers.iter().map(|number| {
        let call = &calls[*number];
        let act = *acts.entry(&call.op).or_insert_with(|| {
            ops.push(&call.op);
            ops.len() as Act - 1
        });
        (act, call.call, (call.ret != OPEN).then_some(call.ret))
    }));
    let read_only: Vec<bool> = ops.iter().map(|op| model.is_read_only(op)).collect();
    let seen = numbers.iter().map(|number| seen[*number].unwrap_or(u32::MAX)).collect();
    let plan = Plan { model, layout, ops, read_only, seen, in_order };
    let (search, engine) = if plan.layout.slot_count <= <u64 as Slots>::CAPACITY {
        run::<u64, _>(|| Object::new(&plan), budget)
    } else {
        run::<[u64; 8], _>(|| Object::new(&plan), budget)
    };
    let number = |op: u32| numbers[op as usize] as u32;
    let search = match search {
        Search::Valid(order) => Search::Valid(order.into_iter().map(number).collect()),
        Search::Invalid(op) => Search::Invalid(number(op)),
        Search::GaveUp(gave_up) if numbers.is_empty() => Search::GaveUp(gave_up),
        Search::GaveUp(gave_up) => Search::GaveUp(GaveUp {
            op: number(gave_up.op),
            since: number(gave_up.since),
            ..gave_up
        }),
    };
    (search, engine)
}

/// What does not change during a search.
struct Plan<'a, M: Model> {
    model: &'a M,
    layout: Layout<Act>,
    ops: Vec<&'a M::Op>,
    read_only: Vec<bool>,
    /// Where each operation was seen.
    seen: Vec<u32>,
    in_order: bool,
}

/// The plan, which operations are open, and all states met so far.
struct Object<'a, M: Model, S> {
    plan: &'a Plan<'a, M>,
    open: Open<'a, Act>,
    /// Open operations that only observe.
    observers: S,
    /// Open operations that may change the state.
    changers: S,
    states: Vec<M::State>,
    state_bytes: usize,
    numbers: FxHashMap<M::State, u32>,
    /// The state after an act in a state, as far as it was asked; `None` if it is impossible.
    steps: FxHashMap<(u32, Act), Option<u32>>,
}

impl<'a, M: Model, S: Slots> Object<'a, M, S> {
    fn new(plan: &'a Plan<'a, M>) -> Self {
        let initial = plan.model.initial();
        Self {
            plan,
            open: Open::new(&plan.layout),
            observers: S::NONE,
            changers: S::NONE,
            numbers: FxHashMap::from_iter([(initial.clone(), 0)]),
            state_bytes: plan.model.bytes(&initial),
            states: vec![initial],
            steps: FxHashMap::default(),
        }
    }

    fn step(&mut self, state: u32, act: Act) -> Option<u32> {
        if let Some(known) = self.steps.get(&(state, act)) {
            return *known;
        }
        let next = self.plan.model.step(&self.states[state as usize], self.plan.ops[act as usize]);
        let next = next.ok().map(|next| match self.numbers.get(&next) {
            Some(number) => *number,
            None => {
                let number = self.states.len() as u32;
                self.state_bytes += self.plan.model.bytes(&next);
                self.states.push(next.clone());
                self.numbers.insert(next, number);
                number
            }
        });
        self.steps.insert((state, act), next);
        next
    }
}

impl<M: Model, S: Slots> System<S> for Object<'_, M, S> {
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
        let read_only = self.plan.read_only[act as usize];
        let slots = if read_only { &mut self.observers } else { &mut self.changers };
        *slots = if open { slots.or(bit) } else { slots.without(bit) };
    }

    fn observe(&mut self, config: &mut Config<S>, path: &mut Vec<Step>) {
        for slot in self.observers.without(config.observed).slots() {
            if self.step(config.state, self.open.op(slot).act).is_some() {
                config.observed = config.observed.or(S::one(slot));
                path.push(self.open.number(slot));
            }
        }
    }

    fn moves(&mut self, config: &Config<S>, _: u32, goal: u32) -> Vec<Move> {
        let Plan { layout, seen, in_order, read_only, .. } = self.plan;
        let goal_act = layout.ops[goal as usize].act;
        let firsts = self.open.first_of_each(self.changers.without(config.changed));
        let left: Vec<(u32, Act)> = self.open.classes_left(config).collect();
        let mut moves = Vec::with_capacity(firsts.len());
        for (class, act) in left {
            if !firsts.iter().any(|first| first.act == act)
                && !read_only[act as usize]
                && self.step(config.state, act).is_some()
            {
                let member = layout.classes[class as usize].members[0];
                let rank = (false, Reverse(seen[member as usize]), false, Reverse(u32::MAX));
                moves.push((rank, Move::Class(class)));
            }
        }
        // The last is tried first: the goal, then who was seen earlier, then who returns earlier. Where
        // the order matters, who was seen earlier goes even before the goal.
        for first in firsts {
            if self.step(config.state, first.act).is_some() {
                let is_goal = first.act == goal_act;
                let seen = Reverse(seen[self.open.number(first.slot) as usize]);
                let rank = (is_goal && !in_order, seen, is_goal, Reverse(first.ret));
                moves.push((rank, Move::Slot(first.slot)));
            }
        }
        moves.sort_by_key(|(rank, _)| *rank);
        moves.into_iter().map(|(_, step)| step).collect()
    }

    fn apply(&mut self, config: &Config<S>, step: Move, _: u32, path: &mut Vec<Step>) -> Config<S> {
        let mut next = config.clone();
        let (act, written) = self.open.take(&mut next, step);
        path.push(written);
        next.state = self.step(config.state, act).expect("moves are possible");
        self.observe(&mut next, path);
        next
    }

    fn settle(&self, state: u32, _: u32) -> u32 {
        state
    }

    fn is_useless(&self, _: u32, _: u32) -> bool {
        false
    }

    fn bytes(&self) -> u64 {
        (self.state_bytes + self.steps.len() * 32 + self.plan.layout.ops.len() * 64) as u64
    }
}
