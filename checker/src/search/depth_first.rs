//! Depth-first search: finds a linearization fast where there is one, in a few configurations per
//! operation; remembers every configuration it has left, so it explores none twice.

use rustc_hash::FxHashSet;

use super::layout::Event;
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

struct Walk<'s, T> {
    system: &'s mut T,
    /// The next event.
    at: u32,
    path: Vec<Step>,
    /// The furthest event at which a decision was due.
    furthest: u32,
}

/// Searches until a linearization is found, there is none, or the meter runs out.
pub(super) fn search<S: Slots, T: System<S>>(system: &mut T, meter: &mut Meter) -> Ended {
    let entry_bytes = 2 * size_of::<(u32, Config<S>)>() + 2 * size_of::<Frame<S>>();
    let mut config = Config::initial(system.initial());
    let mut walk = Walk { system, at: 0, path: Vec::new(), furthest: 0 };
    let mut visited: FxHashSet<(u32, Config<S>)> = FxHashSet::default();
    let mut stack: Vec<Frame<S>> = Vec::new();
    loop {
        let Some((stuck, goal)) = walk.advance(config) else {
            return Ended::Linearizable(walk.path);
        };
        let event = walk.at;
        if visited.insert((event, stuck.clone())) {
            let moves = walk.system.moves(&stuck, event, goal);
            stack.push(Frame { event, config: stuck, moves, path_length: walk.path.len() });
        }
        config = loop {
            let Some(frame) = stack.last_mut() else {
                return Ended::Stuck { event: walk.furthest };
            };
            walk.rewind(frame.event);
            walk.path.truncate(frame.path_length);
            match frame.moves.pop() {
                Some(step) => {
                    break walk.system.apply(&frame.config, step, frame.event, &mut walk.path);
                }
                None => drop(stack.pop()),
            }
        };
        let bytes = walk.system.bytes() + (visited.len() * entry_bytes) as u64;
        if !meter.step() || !meter.holds(bytes) {
            return Ended::GaveUp { event: walk.furthest };
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
                        self.furthest = self.furthest.max(self.at);
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
