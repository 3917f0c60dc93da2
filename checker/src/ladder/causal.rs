//! Causal consistency: what was known when a write was issued comes before it for everybody.
//!
//! An operation is in the causal past of another if a chain leads from the one to the other, of which
//! each step is from an operation to a later one of the same process, or from a write to a read of its
//! value.

use std::collections::VecDeque;

use super::steps::{Place, Sessions, Step};
use super::{Breach, Link, pram};

/// What breaks weak causal consistency (CC), if anything does: a read of what something else in its
/// causal past had overwritten (`WriteCORead`; of the initial value, `WriteCOInitRead`), or a write that
/// is in its own causal past (`CyclicCO`). Both are an operation on a value that is in the causal past
/// of another that its process had seen before. O(n k) for n operations of k processes.
pub(super) fn weak_breach(sessions: &Sessions) -> Option<Breach> {
    let overwritten = || {
        let mut past = vec![0; sessions.all.len()];
        (0..sessions.all.len() as u32).find_map(|session| {
            past.fill(0);
            Overwritten { sessions, past: &mut past, todo: Vec::new() }.walk(session)
        })
    };
    sessions.before_own_write().or_else(overwritten)
}

/// What breaks causal memory (CM), given what breaks weak causal consistency.
///
/// The order of a process must respect the causal past and the values that the process visits, one
/// after another. These have a circle only if a visited value is in the causal past of one that was
/// visited before it, which is what weak causal consistency forbids, or is visited again after it was
/// left, which PRAM forbids. So on one register causal memory is both together.
pub(super) fn breach(sessions: &Sessions, weak: Option<&Breach>) -> Option<Breach> {
    weak.cloned().or_else(|| pram::breach(sessions))
}

/// Follows one process, with the causal past of all writes that it has seen.
struct Overwritten<'s, 'c> {
    sessions: &'s Sessions<'c>,
    /// How many steps of each session are in that past.
    past: &'s mut [u32],
    todo: Vec<Place>,
}

impl Overwritten<'_, '_> {
    fn walk(&mut self, session: u32) -> Option<Breach> {
        let steps = &self.sessions.all[session as usize];
        let mut known: Option<Step> = None;
        for (place, step) in (0_u32..).zip(steps) {
            let Some(written) = self.sessions.written[step.cluster as usize] else {
                if let Some(known) = known {
                    return Some(self.sessions.initial_again(known, *step));
                }
                continue;
            };
            if self.past[written.session as usize] > written.before {
                let until = Place { session, before: place };
                return Chain::new(self.sessions, *step).back_from(until);
            }
            self.cover(written);
            known = Some(*step);
        }
        None
    }

    /// Adds everything in the past of the write at this place.
    fn cover(&mut self, place: Place) {
        self.todo.push(place);
        while let Some(Place { session, before }) = self.todo.pop() {
            let covered = &mut self.past[session as usize];
            let from = *covered;
            *covered = before.max(from);
            for place in from..before {
                let step = self.sessions.step(Place { session, before: place });
                if let (false, Some(written)) =
                    (step.is_write, self.sessions.written[step.cluster as usize])
                {
                    self.todo.push(Place { before: written.before + 1, ..written });
                }
            }
        }
    }
}

/// Looks back, breadth first, for the shortest chain from the value of an operation to something else
/// that its process had seen before.
struct Chain<'s, 'c> {
    sessions: &'s Sessions<'c>,
    end: Step,
    /// What was looked at: a write, and the step that saw it.
    seen: Vec<(Place, Step, Option<usize>)>,
    queue: VecDeque<usize>,
}

impl<'s, 'c> Chain<'s, 'c> {
    fn new(sessions: &'s Sessions<'c>, end: Step) -> Self {
        Self { sessions, end, seen: Vec::new(), queue: VecDeque::new() }
    }

    /// The circle through the operation, which stands at this place.
    fn back_from(mut self, end: Place) -> Option<Breach> {
        for step in &self.sessions.all[end.session as usize][..end.before as usize] {
            self.look_at(*step, None);
        }
        let mut looked = vec![0; self.sessions.all.len()];
        while let Some(number) = self.queue.pop_front() {
            let Place { session, before } = self.seen[number].0;
            for place in looked[session as usize]..before {
                let step = self.sessions.step(Place { session, before: place });
                if step.cluster == self.end.cluster {
                    return Some(Breach::Circle(self.links(step, number)));
                }
                if !step.is_write {
                    self.look_at(step, Some(number));
                }
            }
            looked[session as usize] = before.max(looked[session as usize]);
        }
        None
    }

    fn look_at(&mut self, step: Step, from: Option<usize>) {
        if let Some(written) = self.sessions.written[step.cluster as usize] {
            self.queue.push_back(self.seen.len());
            self.seen.push((written, step, from));
        }
    }

    /// From a step on the value of the operation to the operation.
    fn links(&self, start: Step, number: usize) -> Vec<Link> {
        let (mut step, mut next, mut links) = (start, Some(number), Vec::new());
        while let Some((write, seen_by, from)) = next.map(|number| self.seen[number]) {
            links.push(self.sessions.link(step, self.sessions.step(write)));
            (step, next) = (seen_by, from);
        }
        links.push(self.sessions.link(step, self.end));
        links
    }
}
