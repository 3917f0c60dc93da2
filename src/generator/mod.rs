//! What clients do next, as values: a [`Generator`] says which operation comes when, and is composed
//! of smaller ones. It knows no world; it is asked with what can be known anywhere, the time and
//! which workers are free.
//!
//! A *worker* is one thread of clients. Its process changes its number after an operation of unknown
//! outcome; the worker goes on.

mod registers;

pub use registers::{Mix, RegisterSettings, Registers, SET_SIZE, Values, Writers};

use rand::RngExt as _;

use crate::client::Operation;
use crate::rng::Rng;
use crate::time::{Nanos, SECOND};

/// What is known when the generator is asked.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The time.
    pub now: Nanos,
    /// Workers without an operation under way, those that have been free for longest first.
    pub free: &'a [u32],
    /// How many workers there are.
    pub workers: u32,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// This worker begins this operation now.
    Op(u32, Operation),
    /// Nothing before this time.
    At(Nanos),
    /// Nothing before some operation completes.
    Wait,
    /// Nothing any more.
    Done,
}

/// The pace at which operations begin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// One each time this has passed.
    Fixed(Nanos),
    /// At random, this long apart on average: a Poisson process.
    Poisson(Nanos),
}

impl Pace {
    /// The time from one operation to the next.
    fn draw(self, rng: &mut Rng) -> Nanos {
        match self {
            Self::Fixed(interval) => interval,
            Self::Poisson(mean) => {
                let share: f64 = rng.random();
                (-libm::log1p(-share) * mean as f64) as Nanos
            }
        }
    }
}

/// Which operations come when.
#[derive(Debug, Clone)]
pub enum Generator {
    /// Operations on registers, or other objects, without end.
    Registers(Registers),
    /// Each time one of these, by weight; those that are done are left out.
    Mix(Vec<(u32, Generator)>),
    /// At most this many.
    Limit(u64, Box<Generator>),
    /// Until this long after the first time it is asked.
    TimeLimit {
        /// How long.
        limit: Nanos,
        /// When it ends, once that is known.
        until: Option<Nanos>,
        /// What.
        inner: Box<Generator>,
    },
    /// Not faster than this. An operation that no worker was free for begins late, and the following
    /// ones keep their times.
    Stagger {
        /// How fast.
        pace: Pace,
        /// When the next one is due, once that is known.
        due: Option<Nanos>,
        /// When the last one was.
        was_due: Option<Nanos>,
        /// What.
        inner: Box<Generator>,
    },
    /// Nothing for this long.
    Sleep {
        /// How long.
        time: Nanos,
        /// When it ends, once that is known.
        until: Option<Nanos>,
    },
    /// One after the other, each when all operations of the one before have completed. Last first.
    Phases(Vec<Generator>),
    /// Every worker does all of these, in their order.
    EachWorker {
        /// What.
        operations: Vec<Operation>,
        /// How many each worker has done.
        done: Vec<usize>,
    },
}

impl Generator {
    /// One after the other.
    pub fn phases(phases: impl IntoIterator<Item = Self>) -> Self {
        let mut phases: Vec<Self> = phases.into_iter().collect();
        phases.reverse();
        Self::Phases(phases)
    }

    /// At most `count` operations.
    #[must_use]
    pub fn limit(self, count: u64) -> Self {
        Self::Limit(count, Box::new(self))
    }

    /// For at most this long.
    #[must_use]
    pub fn time_limit(self, limit: Nanos) -> Self {
        Self::TimeLimit { limit, until: None, inner: Box::new(self) }
    }

    /// Not faster than `pace`.
    #[must_use]
    pub fn stagger(self, pace: Pace) -> Self {
        Self::Stagger { pace, due: None, was_due: None, inner: Box::new(self) }
    }

    /// Nothing for this long.
    pub fn sleep(time: Nanos) -> Self {
        Self::Sleep { time, until: None }
    }

    /// Every worker does all of these.
    pub fn each_worker(operations: Vec<Operation>) -> Self {
        Self::EachWorker { operations, done: Vec::new() }
    }

    /// When the last operation was due, where operations have a pace; it may have begun later.
    pub fn was_due(&self) -> Option<Nanos> {
        match self {
            Self::Limit(_, inner) | Self::TimeLimit { inner, .. } => inner.was_due(),
            Self::Stagger { was_due, .. } => *was_due,
            Self::Phases(phases) => phases.last()?.was_due(),
            Self::Registers(_) | Self::Mix(_) | Self::Sleep { .. } | Self::EachWorker { .. } => {
                None
            }
        }
    }

    /// What to do next. After `Op` it counts as done.
    pub fn next(&mut self, context: &Context<'_>, rng: &mut Rng) -> Next {
        match self {
            Self::Registers(registers) => match context.free.first() {
                Some(worker) => Next::Op(*worker, registers.draw(*worker, context.workers, rng)),
                None => Next::Wait,
            },
            Self::Mix(parts) => mix(parts, context, rng),
            Self::Limit(0, _) => Next::Done,
            Self::Limit(left, inner) => {
                let next = inner.next(context, rng);
                *left -= u64::from(matches!(next, Next::Op(..)));
                next
            }
            Self::TimeLimit { limit, until, inner } => {
                let until = *until.get_or_insert(context.now.saturating_add(*limit));
                if context.now >= until {
                    return Next::Done;
                }
                match inner.next(context, rng) {
                    Next::At(at) if at >= until => Next::At(until),
                    next => next,
                }
            }
            Self::Stagger { pace, due, was_due, inner } => {
                let at = *due.get_or_insert_with(|| context.now + pace.draw(rng));
                if context.now < at {
                    return Next::At(at);
                }
                let next = inner.next(context, rng);
                if matches!(next, Next::Op(..)) {
                    *was_due = Some(at);
                    *due = Some(at + pace.draw(rng));
                }
                next
            }
            Self::Sleep { time, until } => {
                let until = *until.get_or_insert(context.now + *time);
                if context.now < until { Next::At(until) } else { Next::Done }
            }
            Self::Phases(phases) => loop {
                let Some(phase) = phases.last_mut() else { return Next::Done };
                match phase.next(context, rng) {
                    Next::Done if context.free.len() < context.workers as usize => {
                        return Next::Wait;
                    }
                    Next::Done => drop(phases.pop()),
                    next => return next,
                }
            },
            Self::EachWorker { operations, done } => {
                done.resize(context.workers as usize, 0);
                let left = |worker: &&u32| done[**worker as usize] < operations.len();
                if let Some(worker) = context.free.iter().find(left) {
                    let count = &mut done[*worker as usize];
                    *count += 1;
                    return Next::Op(*worker, operations[*count - 1]);
                }
                let all = done.iter().all(|count| *count >= operations.len());
                if all { Next::Done } else { Next::Wait }
            }
        }
    }
}

/// Draws one of the parts that have something to do now, by weight.
fn mix(parts: &mut Vec<(u32, Generator)>, context: &Context<'_>, rng: &mut Rng) -> Next {
    let mut soonest = Next::Done;
    let mut untried: Vec<usize> = (0..parts.len()).collect();
    let mut finished = Vec::new();
    while !untried.is_empty() {
        let total: u32 = untried.iter().map(|i| parts[*i].0).sum();
        let mut draw = rng.random_range(0..total.max(1));
        let place = untried.iter().position(|i| {
            let weight = parts[*i].0;
            let hit = draw < weight;
            draw = draw.saturating_sub(weight);
            hit
        });
        let part = untried.swap_remove(place.unwrap_or(0));
        match parts[part].1.next(context, rng) {
            next @ Next::Op(..) => {
                soonest = next;
                break;
            }
            Next::Done => finished.push(part),
            Next::At(at) => {
                soonest = match soonest {
                    Next::At(other) => Next::At(at.min(other)),
                    Next::Wait | Next::Done | Next::Op(..) => Next::At(at),
                }
            }
            Next::Wait if soonest == Next::Done => soonest = Next::Wait,
            Next::Wait => {}
        }
    }
    finished.sort_unstable();
    for part in finished.into_iter().rev() {
        parts.remove(part);
    }
    soonest
}

/// A rate in operations per second as the time between two.
pub fn interval_of_rate(per_second: f64) -> Nanos {
    (SECOND as f64 / per_second).round() as Nanos
}

#[cfg(test)]
mod tests;
