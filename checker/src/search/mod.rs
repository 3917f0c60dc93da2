//! The search for a linearization where no cheaper method decides: just-in-time linearization (Lowe,
//! "Testing for linearizability", Concurrency and Computation 29(4), 2017), depth first and breadth
//! first over the same transitions.
//!
//! Deciding is NP-complete in general (Gibbons and Korach, 1997), but exponential only in how many
//! operations are open at once: an operation is linearized when it is about to return and has not
//! been, so a configuration ([`Config`]) only speaks of open operations, and costs the same at the
//! end of a long history as at its beginning.

mod config;
mod depth_first;
mod frontier;
mod layout;
mod learned;
mod open;
mod slots;

use std::hash::Hash;

pub(crate) use config::Config;
use layout::Event;
pub(crate) use layout::Layout;
use learned::Learned;
pub(crate) use open::Open;
pub(crate) use slots::Slots;

use crate::verdict::{Budget, Engine, GaveUp};

/// An object under search: its operations, and what they do to its states.
///
/// It keeps track of which operations are open, and moves with the search in both directions.
pub(crate) trait System<S: Slots> {
    /// What an operation does; equal acts are interchangeable.
    type Act: Copy + Eq + Hash;

    /// The operations.
    fn layout(&self) -> &Layout<Self::Act>;
    /// The state before the first operation.
    fn initial(&self) -> u32;
    /// An operation begins (`open`) or ceases to be open.
    fn set_open(&mut self, number: u32, open: bool);
    /// Linearizes every open operation that only observes and is satisfied by the state. Exact:
    /// doing so earlier changes nothing for the others.
    fn observe(&mut self, config: &mut Config<S>, path: &mut Vec<Step>);
    /// The moves possible from `config`, the most promising last. `goal` is the operation that is
    /// about to return at `event`.
    fn moves(&mut self, config: &Config<S>, event: u32, goal: u32) -> Vec<Move>;
    /// Lets one operation take effect, and writes down what did.
    fn apply(
        &mut self,
        config: &Config<S>,
        step: Move,
        event: u32,
        path: &mut Vec<Step>,
    ) -> Config<S>;
    /// The state, or one that nobody can tell from it at `event` and later.
    fn settle(&self, state: u32, event: u32) -> u32;
    /// Whether operations of this class can explain nothing at `event` and later.
    fn is_useless(&self, class: u32, event: u32) -> bool;
    /// How much memory it holds, about.
    fn bytes(&self) -> u64;
}

/// One operation takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    /// The open operation in this slot.
    Slot(u16),
    /// Some operation of this class.
    Class(u32),
}

/// What a search writes down of its path: the number of an operation, or of a class of which one
/// more took effect.
pub(crate) type Step = u32;
/// Marks a [`Step`] as the number of a class.
pub(crate) const CLASS: Step = 1 << 31;

/// What a search came to, in numbers of operations.
#[derive(Debug)]
pub(crate) enum Search {
    /// Linearizable, in this order.
    Valid(Vec<u32>),
    /// Not linearizable: at the return of this operation nothing explains the history any more.
    Invalid(u32),
    /// The budget ran out.
    GaveUp(GaveUp),
}

/// What one of the two searches came to.
enum Ended {
    Linearizable(Vec<Step>),
    Stuck { event: u32 },
    GaveUp { event: u32 },
}

/// Counts steps and bytes against a budget.
struct Meter {
    steps_left: u64,
    steps: u64,
    bytes_max: u64,
    bytes: u64,
}

impl Meter {
    /// Counts one step. False if there was none left.
    fn step(&mut self) -> bool {
        self.steps += 1;
        self.steps_left = self.steps_left.saturating_sub(1);
        self.steps_left > 0
    }

    /// Sets what is held now. False if it is too much.
    fn holds(&mut self, bytes: u64) -> bool {
        self.bytes = bytes;
        bytes <= self.bytes_max
    }
}

/// Steps of depth-first search per operation before the frontier takes over: five to fifty times
/// what histories need that have a linearization.
const DEPTH_FIRST_STEPS_PER_OP: u64 = 50;

/// One in so many bytes of the budget may go into what one search hands on to the next.
const LEARNED_SHARE: u64 = 4;

/// Searches within the budget: depth first, which finds linearizations fast, then breadth first,
/// which refutes, and begins with what the first has learned.
pub(crate) fn run<S: Slots, T: System<S>>(
    mut start: impl FnMut() -> T,
    budget: Budget,
) -> (Search, Engine) {
    let steps_first = DEPTH_FIRST_STEPS_PER_OP * start().layout().ops.len() as u64 + 1000;
    run_in_turn(start, steps_first, budget)
}

/// Depth first for so many steps, then breadth first.
pub(crate) fn run_in_turn<S: Slots, T: System<S>>(
    mut start: impl FnMut() -> T,
    steps_first: u64,
    budget: Budget,
) -> (Search, Engine) {
    let mut system = start();
    let first = Budget { steps: steps_first.min(budget.steps), ..budget };
    let mut learned = Learned::nothing();
    let search = run_engine(&mut system, first, Engine::DepthFirst, &mut learned);
    if !matches!(search, Search::GaveUp(_)) || budget.steps <= steps_first {
        return (search, Engine::DepthFirst);
    }
    // What was learned must not take the memory that the second needs.
    if learned.bytes() > budget.bytes / LEARNED_SHARE {
        learned = Learned::nothing();
    }
    let rest = Budget { steps: budget.steps - steps_first, ..budget };
    (run_engine(&mut start(), rest, Engine::Frontier, &mut learned), Engine::Frontier)
}

/// One of the two searches by itself, knowing nothing beforehand.
#[cfg(test)]
pub(crate) fn run_alone<S: Slots, T: System<S>>(
    system: &mut T,
    budget: Budget,
    engine: Engine,
) -> Search {
    run_engine(system, budget, engine, &mut Learned::nothing())
}

fn run_engine<S: Slots, T: System<S>>(
    system: &mut T,
    budget: Budget,
    engine: Engine,
    learned: &mut Learned<S>,
) -> Search {
    let open_max = system.layout().slot_count;
    if open_max > S::CAPACITY {
        return Search::GaveUp(GaveUp { open_max, memory: true, ..GaveUp::NOTHING });
    }
    let mut meter = Meter { steps_left: budget.steps, steps: 0, bytes_max: budget.bytes, bytes: 0 };
    let ended = match engine {
        Engine::Frontier => frontier::search(system, &mut meter, learned),
        _ => depth_first::search(system, &mut meter, learned),
    };
    let layout = system.layout();
    let op_at = |event: u32| {
        let (Event::Call(number) | Event::Return(number)) = layout.events[event as usize];
        number
    };
    match ended {
        Ended::Linearizable(path) => Search::Valid(resolve(layout, &path)),
        Ended::Stuck { event } => Search::Invalid(op_at(event)),
        Ended::GaveUp { event } => Search::GaveUp(GaveUp {
            op: op_at(event),
            since: op_at(layout.cut_before(event)),
            open_max,
            memory: meter.bytes > meter.bytes_max,
            steps: meter.steps,
        }),
    }
}

/// Turns a path into operations. The k-th operation of a class to take effect is the k-th that was
/// called: by then at least k had been called.
fn resolve<A>(layout: &Layout<A>, path: &[Step]) -> Vec<u32> {
    let mut used = vec![0; layout.classes.len()];
    let number = |step: &Step| {
        if step & CLASS == 0 {
            return *step;
        }
        let class = (step & !CLASS) as usize;
        used[class] += 1;
        layout.classes[class].members[used[class] - 1]
    };
    path.iter().map(number).collect()
}
