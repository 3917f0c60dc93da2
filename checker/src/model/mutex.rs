//! A lock: acquire and release.

use super::Model;
use super::events::unknown_function;
use crate::error::ReadError;
use crate::event::Event;
use crate::history::Outcome;

/// A lock that does not know who holds it.
#[derive(Debug, Clone, Copy)]
pub struct Mutex;

/// What is asked of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MutexOp {
    /// Take it, when it is free.
    Acquire,
    /// Give it back, when it is held.
    Release,
}

impl Model for Mutex {
    type Op = MutexOp;
    /// Whether it is held.
    type State = bool;

    fn initial(&self) -> bool {
        false
    }

    fn op(
        &self,
        invocation: &Event,
        _: Option<&Event>,
        outcome: Outcome,
    ) -> Result<Option<MutexOp>, ReadError> {
        let op = match &*invocation.f {
            "acquire" => MutexOp::Acquire,
            "release" => MutexOp::Release,
            _ => return Err(unknown_function(invocation, "acquire or release")),
        };
        Ok((outcome != Outcome::Fail).then_some(op))
    }

    fn step(&self, held: &bool, op: &MutexOp) -> Result<bool, String> {
        match (op, held) {
            (MutexOp::Acquire, false) => Ok(true),
            (MutexOp::Release, true) => Ok(false),
            (MutexOp::Acquire, true) => Err("it is held already".to_owned()),
            (MutexOp::Release, false) => Err("it is not held".to_owned()),
        }
    }

    fn is_read_only(&self, _: &MutexOp) -> bool {
        false
    }

    fn describe(&self, op: &MutexOp) -> String {
        match op {
            MutexOp::Acquire => "acquire".to_owned(),
            MutexOp::Release => "release".to_owned(),
        }
    }
}
