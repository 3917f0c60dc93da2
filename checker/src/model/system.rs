//! Any [`Model`] as a [`System`] to search.

use rustc_hash::FxHashMap;

use super::{Call, Model};
use crate::history::OPEN;
use crate::search::{CLASS, Config, Layout, Move, Search, Slots, Step, System, run};
use crate::verdict::{Budget, Engine};

/// The number of a distinct operation.
type Act = u32;

/// Decides the operations of one object within the budget.
pub(super) fn check<M: Model>(
    model: &M,
    calls: &[Call<M::Op>],
    budget: Budget,
) -> (Search, Engine) {
    let mut acts: FxHashMap<&M::Op, Act> = FxHashMap::default();
    let mut ops: Vec<&M::Op> = Vec::new();
    let layout = Layout::new(calls.iter().map(|call| {
        let act = *acts.entry(&call.op).or_insert_with(|| {
            ops.push(&call.op);
            ops.len() as Act - 1
        });
        (act, call.call, (call.ret != OPEN).then_some(call.ret))
    }));
    let read_only: Vec<bool> = ops.iter().map(|op| model.is_read_only(op)).collect();
    let plan = Plan { model, layout, ops, read_only };
    if plan.layout.slot_count <= <u64 as Slots>::CAPACITY {
        run::<u64, _>(|| Object::new(&plan), budget)
    } else {
        run::<[u64; 8], _>(|| Object::new(&plan), budget)
    }
}

/// What does not change during a search.
struct Plan<'a, M: Model> {
    model: &'a M,
    layout: Layout<Act>,
    ops: Vec<&'a M::Op>,
    read_only: Vec<bool>,
}

/// The plan, which operations are open, and all states met so far.
struct Object<'a, M: Model, S> {
    plan: &'a Plan<'a, M>,
    /// The operation in each slot.
    slot_op: Vec<u32>,
    /// Open operations that only observe.
    observers: S,
    /// Open operations that may change the state.
    changers: S,
    /// How many operations of each class have been called.
    called: Vec<u32>,
    states: Vec<M::State>,
    numbers: FxHashMap<M::State, u32>,
    /// The state after an act in a state, as far as it was asked; `None` if it is impossible.
    steps: FxHashMap<(u32, Act), Option<u32>>,
}

impl<'a, M: Model, S: Slots> Object<'a, M, S> {
    fn new(plan: &'a Plan<'a, M>) -> Self {
        let initial = plan.model.initial();
        Self {
            plan,
            slot_op: vec![0; plan.layout.slot_count],
            observers: S::NONE,
            changers: S::NONE,
            called: vec![0; plan.layout.classes.len()],
            numbers: FxHashMap::from_iter([(initial.clone(), 0)]),
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
        let op = &self.plan.layout.ops[number as usize];
        if op.is_info() {
            let called = &mut self.called[op.place as usize];
            *called = if open { *called + 1 } else { *called - 1 };
            return;
        }
        self.slot_op[op.place as usize] = number;
        let bit = S::one(op.place as u16);
        let read_only = self.plan.read_only[op.act as usize];
        let slots = if read_only { &mut self.observers } else { &mut self.changers };
        *slots = if open { slots.or(bit) } else { slots.without(bit) };
    }

    fn observe(&mut self, config: &mut Config<S>, path: &mut Vec<Step>) {
        for slot in self.observers.without(config.observed).slots() {
            let number = self.slot_op[usize::from(slot)];
            let act = self.plan.layout.ops[number as usize].act;
            if self.step(config.state, act).is_some() {
                config.observed = config.observed.or(S::one(slot));
                path.push(number);
            }
        }
    }

    fn moves(&mut self, config: &Config<S>, _: u32, goal: u32) -> Vec<Move> {
        // Of open operations that do the same, the one that returns first.
        let mut known: Vec<(Act, u32, u16)> = Vec::new();
        for slot in self.changers.without(config.changed).slots() {
            let op = &self.plan.layout.ops[self.slot_op[usize::from(slot)] as usize];
            match known.iter_mut().find(|(act, ..)| *act == op.act) {
                Some(same) if same.1 <= op.ret => {}
                Some(same) => *same = (op.act, op.ret, slot),
                None => known.push((op.act, op.ret, slot)),
            }
        }
        let goal = self.plan.layout.ops[goal as usize].act;
        let mut moves = Vec::with_capacity(known.len());
        for (number, class) in self.plan.layout.classes.iter().enumerate() {
            if self.called[number] > config.used_of(number as u32)
                && !known.iter().any(|(act, ..)| *act == class.act)
                && !self.plan.read_only[class.act as usize]
                && self.step(config.state, class.act).is_some()
            {
                moves.push(Move::Class(number as u32));
            }
        }
        // The goal last, since the last is tried first; before it, whoever returns earlier.
        known.sort_by_key(|(act, ret, _)| (*act == goal, std::cmp::Reverse(*ret)));
        for (act, _, slot) in known {
            if self.step(config.state, act).is_some() {
                moves.push(Move::Slot(slot));
            }
        }
        moves
    }

    fn apply(&mut self, config: &Config<S>, step: Move, _: u32, path: &mut Vec<Step>) -> Config<S> {
        let mut next = config.clone();
        let (act, written) = match step {
            Move::Slot(slot) => {
                next.changed = next.changed.or(S::one(slot));
                let number = self.slot_op[usize::from(slot)];
                (self.plan.layout.ops[number as usize].act, number)
            }
            Move::Class(class) => {
                next.use_one(class);
                (self.plan.layout.classes[class as usize].act, CLASS | class)
            }
        };
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
        // States are of any size; a hundred bytes is a fair guess for strings and small maps.
        (self.states.len() * 200 + self.steps.len() * 32 + self.plan.layout.ops.len() * 64) as u64
    }
}
