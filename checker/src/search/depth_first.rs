//! Depth-first search: finds a linearization fast where there is one, in a few configurations per
//! operation; remembers every configuration that led nowhere, so it tries none twice.
//!
//! A *cut* is a moment at which no operation of known outcome is open. What led nowhere before it is
//! of no use once the search is past it, so it is forgotten there; should the search come back, it
//! remembers what it finds this time. So nothing is tried more than twice.

use super::layout::Event;
use super::learned::Learned;
use super::slots::Slots;
use super::{Config, Ended, Meter, Move, Step, System};

/// A decision: an operation is about to return and has not been linearized.
struct Frame<S> {
    event: u32,
    config: Config<S>,
    /// Moves not yet tried, the best last.
    moves: Vec<Move>,
    /// How long the path was here.
    path_length: usize,
}

impl<S> Frame<S> {
    /// About how much memory one holds, its moves included.
    const BYTES: usize = size_of::<Self>() + 4 * size_of::<Move>();
}

struct Walk<'s, T> {
    system: &'s mut T,
    /// The next event.
    at: u32,
    path: Vec<Step>,
}

/// Searches until a linearization is found, there is none, or the meter runs out.
pub(super) fn search<S: Slots, T: System<S>>(
    system: &mut T,
    meter: &mut Meter,
    learned: &mut Learned<S>,
) -> Ended {
    let mut config = Config::initial(system.initial());
    let mut walk = Walk { system, at: 0, path: Vec::new() };
    let mut stack: Vec<Frame<S>> = Vec::new();
    // The last cut that the search has passed.
    let mut cut = 0;
    loop {
        let Some((stuck, goal)) = walk.advance(config) else {
            return Ended::Linearizable(walk.path);
        };
        let event = walk.at;
        learned.furthest = learned.furthest.max(event);
        if !learned.is_dead(event, &stuck) {
            let moves = walk.system.moves(&stuck, event, goal);
            stack.push(Frame { event, config: stuck, moves, path_length: walk.path.len() });
        }
        let passed = walk.system.layout().cut_before(event);
        if passed > cut {
            learned.forget(cut, passed);
            cut = passed;
        }
        config = loop {
            let Some(frame) = stack.last_mut() else {
                return Ended::Stuck { event: learned.furthest };
            };
            walk.rewind(frame.event);
            walk.path.truncate(frame.path_length);
            match frame.moves.pop() {
                Some(step) => {
                    break walk.system.apply(&frame.config, step, frame.event, &mut walk.path);
                }
                None => stack
                    .pop()
                    .into_iter()
                    .for_each(|frame| learned.bury(frame.event, frame.config)),
            }
        };
        let held = stack.len() * Frame::<S>::BYTES + walk.path.len() * size_of::<Step>();
        let bytes = walk.system.bytes() + learned.bytes() + held as u64;
        if !meter.step() || !meter.holds(bytes) {
            return Ended::GaveUp { event: learned.furthest };
        }
    }
}

impl<T> Walk<'_, T> {
    /// Goes on until an operation is about to return that is not linearized, and names it. `None` at
    /// the end of the history.
    fn advance<S: Slots>(&mut self, mut config: Config<S>) -> Option<(Config<S>, u32)>
    where
        T: System<S>,
    {
        while let Some(event) = self.system.layout().events.get(self.at as usize).copied() {
            match event {
                Event::Call(number) => {
                    self.system.set_open(number, true);
                    self.system.observe(&mut config, &mut self.path);
                }
                Event::Return(number) => {
                    let slot = self.system.layout().ops[number as usize].place as u16;
                    let Some(next) = config.returned(slot) else {
                        config.forget(|class| self.system.is_useless(class, self.at));
                        return Some((config, number));
                    };
                    config = next;
                    config.state = self.system.settle(config.state, self.at + 1);
                    self.system.set_open(number, false);
                }
            }
            self.at += 1;
        }
        None
    }

    fn rewind<S: Slots>(&mut self, event: u32)
    where
        T: System<S>,
    {
        while self.at > event {
            self.at -= 1;
            match self.system.layout().events[self.at as usize] {
                Event::Call(number) => self.system.set_open(number, false),
                Event::Return(number) => self.system.set_open(number, true),
            }
        }
    }
}
