//! Checking while it happens: a history of registers is checked event by event, in memory that does not
//! grow with it.
//!
//! Exact where no value is written to a register while an earlier write of it still matters; after
//! every response the standing of its register is that of the history so far, operations still open
//! counting as such. What is remembered are the operations open at a time and what they may still
//! observe; and writes of unknown outcome, which may show up at any later time.
//!
//! [`Stream`] is all of it. Where there are several cores, a [`Router`] goes through the events, and
//! [`Registers`] elsewhere take what it finds out.

mod act;
mod only;
mod register;
mod route;

use crate::error::ReadError;
use crate::event::Event;
use crate::linear::Rules;
use crate::plain::Entry;
use crate::value::Value;
use crate::verdict::Verdict;

pub use act::Act;
pub use only::Only;
use register::Register;
pub use register::Standing;
pub use route::Router;

/// A history of registers, checked as its events come.
pub struct Stream {
    router: Router,
    registers: Registers,
    worst: Verdict,
}

/// The registers of a stream, or each `step`th of them.
///
/// Registers do not depend on each other. Those of one share stand near each other in memory, so many
/// acts at a time for each of many shares are several times as fast as the same acts in turn.
pub struct Registers {
    initial: Value,
    step: u32,
    each: Vec<Register>,
}

/// Where one register of a stream stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamKey {
    /// The register; `None` where the history has just one and does not name it.
    pub key: Option<Value>,
    /// Where it stands.
    pub standing: Standing,
}

impl Standing {
    /// As a verdict.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Valid => Verdict::Valid,
            Self::Invalid(_) => Verdict::Invalid,
            Self::Open(..) => Verdict::Unknown,
        }
    }
}

impl Registers {
    /// A share, yet empty: with `step` 1 all registers, otherwise those whose numbers leave the same
    /// remainder when divided by it.
    pub fn new(rules: &Rules, step: u32) -> Self {
        Self { initial: rules.initial.clone(), step: step.max(1), each: Vec::new() }
    }

    /// Lets something happen to its register, which is one of this share. Returns where that now stands.
    pub fn take(&mut self, act: &Act) -> Standing {
        let place = (act.key / self.step) as usize;
        while self.each.len() <= place {
            self.each.push(Register::new(self.initial.clone()));
        }
        let register = &mut self.each[place];
        register.take(act);
        register.standing
    }

    /// Where each register stands, in the order of their numbers.
    pub fn standings(&self) -> impl Iterator<Item = Standing> + '_ {
        self.each.iter().map(|register| register.standing)
    }
}

impl Act {
    /// The number of its register, in the order of the first invocations.
    pub fn key(&self) -> u32 {
        self.key
    }
}

impl Stream {
    /// A history without any event yet.
    pub fn new(rules: Rules) -> Self {
        let registers = Registers::new(&rules, 1);
        Self { router: Router::new(rules), registers, worst: Verdict::Valid }
    }

    /// Takes the next event as a reader hands it out.
    ///
    /// # Errors
    /// As [`Stream::push`].
    pub fn push_entry(&mut self, entry: &Entry) -> Result<(), ReadError> {
        let act = self.router.push_entry(entry)?;
        self.take(act.as_ref());
        Ok(())
    }

    /// Takes the next event. Events of the nemesis only count.
    ///
    /// # Errors
    /// For an event that does not fit those before it, as [`Builder::push`](crate::Builder::push); but
    /// a process that acts again after an info is not noticed.
    pub fn push(&mut self, event: &Event) -> Result<(), ReadError> {
        let act = self.router.push(event)?;
        self.take(act.as_ref());
        Ok(())
    }

    /// How many events were taken.
    pub fn event_count(&self) -> u32 {
        self.router.event_count()
    }

    /// How many operations were begun.
    pub fn op_count(&self) -> u64 {
        self.router.op_count()
    }

    /// Where each register stands, in the order of their first invocations.
    pub fn keys(&self) -> impl Iterator<Item = StreamKey> + '_ {
        let standings = (0..).zip(self.registers.standings());
        standings.map(|(number, standing)| StreamKey {
            key: self.router.name(number).cloned(),
            standing,
        })
    }

    /// The verdict on the whole so far: that on its worst register.
    pub fn verdict(&self) -> Verdict {
        self.worst
    }

    fn take(&mut self, act: Option<&Act>) {
        if let Some(act) = act {
            self.worst = self.worst.max(self.registers.take(act).verdict());
        }
    }
}
