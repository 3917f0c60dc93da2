//! Which operations are open, as a search moves along the events in both directions.

use std::hash::Hash;

use super::layout::{Layout, Planned};
use super::{CLASS, Config, Move, Slots, Step};

/// The open operations of a layout: what every [`System`](super::System) keeps track of.
pub(crate) struct Open<'p, A> {
    layout: &'p Layout<A>,
    /// The operation in each slot.
    in_slot: Vec<u32>,
    /// How many operations of each class have been called.
    called: Vec<u32>,
}

/// An open operation that returns before all open ones that do the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct First<A> {
    pub(crate) act: A,
    pub(crate) ret: u32,
    pub(crate) slot: u16,
}

impl<'p, A: Copy + Eq + Hash> Open<'p, A> {
    pub(crate) fn new(layout: &'p Layout<A>) -> Self {
        let (slots, classes) = (layout.slot_count, layout.classes.len());
        Self { layout, in_slot: vec![0; slots], called: vec![0; classes] }
    }

    /// An operation begins (`open`) or ceases to be open. What it does and its slot, if its outcome is
    /// known.
    pub(crate) fn set(&mut self, number: u32, open: bool) -> Option<(A, u16)> {
        let op = &self.layout.ops[number as usize];
        if op.is_info() {
            let called = &mut self.called[op.place as usize];
            *called = if open { *called + 1 } else { *called - 1 };
            return None;
        }
        self.in_slot[op.place as usize] = number;
        Some((op.act, op.place as u16))
    }

    /// The number of the operation in a slot.
    pub(crate) fn number(&self, slot: u16) -> u32 {
        self.in_slot[usize::from(slot)]
    }

    /// The operation in a slot.
    pub(crate) fn op(&self, slot: u16) -> &Planned<A> {
        &self.layout.ops[self.number(slot) as usize]
    }

    /// Of the operations in these slots that do the same, the one that returns first.
    pub(crate) fn first_of_each<S: Slots>(&self, slots: S) -> Vec<First<A>> {
        let mut firsts: Vec<First<A>> = Vec::new();
        for slot in slots.slots() {
            let Planned { act, ret, .. } = *self.op(slot);
            match firsts.iter_mut().find(|first| first.act == act) {
                Some(first) if first.ret <= ret => {}
                Some(first) => *first = First { act, ret, slot },
                None => firsts.push(First { act, ret, slot }),
            }
        }
        firsts
    }

    /// The classes of which an operation has been called that has not taken effect, with what they do.
    pub(crate) fn classes_left<S: Slots>(
        &self,
        config: &Config<S>,
    ) -> impl Iterator<Item = (u32, A)> {
        let classes = (0..).zip(&self.layout.classes);
        classes
            .filter(|(class, _)| self.called[*class as usize] > config.used_of(*class))
            .map(|(class, members)| (class, members.act))
    }

    /// Marks in `next` that an operation takes effect. What it does, and how a path names it.
    pub(crate) fn take<S: Slots>(&self, next: &mut Config<S>, step: Move) -> (A, Step) {
        match step {
            Move::Slot(slot) => {
                next.changed = next.changed.or(S::one(slot));
                (self.op(slot).act, self.number(slot))
            }
            Move::Class(class) => {
                next.use_one(class);
                (self.layout.classes[class as usize].act, CLASS | class)
            }
        }
    }
}
