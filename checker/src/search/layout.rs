//! Operations laid out for a search: their calls and returns in order, a slot for each that is open,
//! and classes for those of unknown outcome.

use std::hash::Hash;

use rustc_hash::FxHashMap;

/// The return event of an operation that need not have happened.
pub(crate) const NEVER: u32 = u32::MAX;

/// One operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned<A> {
    pub(crate) act: A,
    /// The event of its return; [`NEVER`] if it is of unknown outcome.
    pub(crate) ret: u32,
    /// Its slot if its outcome is known, the number of its class otherwise.
    pub(crate) place: u32,
}

impl<A> Planned<A> {
    pub(crate) fn is_info(&self) -> bool {
        self.ret == NEVER
    }
}

/// An operation, by its number, is called, or returns.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event {
    Call(u32),
    Return(u32),
}

/// Operations of unknown outcome that do the same: nobody can tell them apart, so a configuration
/// only counts how many have taken effect.
#[derive(Debug)]
pub(crate) struct Class<A> {
    pub(crate) act: A,
    /// Its members, in the order of their calls.
    pub(crate) members: Vec<u32>,
}

/// All operations, laid out.
#[derive(Debug)]
pub(crate) struct Layout<A> {
    pub(crate) ops: Vec<Planned<A>>,
    pub(crate) events: Vec<Event>,
    pub(crate) classes: Vec<Class<A>>,
    /// Events before which no operation of known outcome is open; the first is one.
    cuts: Vec<u32>,
    /// The most operations of known outcome that are open at once.
    pub(crate) slot_count: usize,
}

impl<A: Copy + Eq + Hash> Layout<A> {
    /// Lays out operations given as what they do, when they are called, and when they return if they
    /// certainly took effect. Positions are distinct but for operations that do the same.
    pub(crate) fn new(ops: impl IntoIterator<Item = (A, u32, Option<u32>)>) -> Self {
        let mut layout = Self {
            ops: Vec::new(),
            events: Vec::new(),
            classes: Vec::new(),
            cuts: vec![0],
            slot_count: 0,
        };
        let mut timed: Vec<(u32, Event)> = Vec::new();
        for (number, (act, call, ret)) in ops.into_iter().enumerate() {
            timed.push((call, Event::Call(number as u32)));
            timed.extend(ret.map(|ret| (ret, Event::Return(number as u32))));
            // Marks known outcomes until the events are in order.
            let ret = ret.map_or(NEVER, |_| 0);
            layout.ops.push(Planned { act, ret, place: 0 });
        }
        timed.sort_unstable_by_key(|(position, _)| *position);
        layout.events = timed.into_iter().map(|(_, event)| event).collect();
        layout.place();
        layout
    }

    /// The last event, not after this one, before which nothing of known outcome is open.
    pub(super) fn cut_before(&self, event: u32) -> u32 {
        let cuts = self.cuts.partition_point(|cut| *cut <= event);
        self.cuts[cuts - 1]
    }

    fn place(&mut self) {
        let mut class_of = FxHashMap::default();
        let mut free: Vec<u32> = Vec::new();
        for (index, event) in self.events.iter().enumerate() {
            match *event {
                Event::Call(number) if self.ops[number as usize].is_info() => {
                    let op = &mut self.ops[number as usize];
                    let next = self.classes.len() as u32;
                    op.place = *class_of.entry(op.act).or_insert(next);
                    if op.place == next {
                        self.classes.push(Class { act: op.act, members: Vec::new() });
                    }
                    self.classes[op.place as usize].members.push(number);
                }
                Event::Call(number) => {
                    self.ops[number as usize].place = free.pop().unwrap_or_else(|| {
                        self.slot_count += 1;
                        self.slot_count as u32 - 1
                    });
                }
                Event::Return(number) => {
                    let op = &mut self.ops[number as usize];
                    op.ret = index as u32;
                    free.push(op.place);
                    if free.len() == self.slot_count {
                        self.cuts.push(index as u32 + 1);
                    }
                }
            }
        }
    }
}
