//! Objects other than registers: a sequential specification each, and one search for all of them.
//!
//! Nothing is assumed of a [`Model`] but that its operations are deterministic, so only what holds of
//! every object is used: operations are linearized as late as possible, equal ones are
//! interchangeable, and those that never change the state are linearized as soon as they fit.

mod calls;
mod kv;
mod multi_register;
mod mutex;
mod system;

use std::fmt::Debug;
use std::hash::Hash;
use std::ops::Range;

pub use calls::{Call, CallBuilder, CallHistory};
pub use kv::Kv;
pub use multi_register::{Micro, MultiRegister};
pub use mutex::Mutex;
pub(crate) use system::check as search_calls;

use crate::datum::Datum;
use crate::error::ReadError;
use crate::event::Event;
use crate::history::{OPEN, Outcome};
use crate::search::Search;
use crate::verdict::{Budget, Engine, GaveUp, Verdict};

/// A sequential object: what its operations do to its state, one after another.
pub trait Model {
    /// What an operation asks for, and returned.
    type Op: Clone + Eq + Hash + Debug;
    /// The state of the object.
    type State: Clone + Eq + Hash + Debug;

    /// The state before the first operation.
    fn initial(&self) -> Self::State;

    /// The operation of an invocation and what became of it. `None` if that says nothing about the
    /// object, such as a failed operation.
    fn op(
        &self,
        invocation: &Event,
        completion: Option<&Event>,
        outcome: Outcome,
    ) -> Result<Option<Self::Op>, ReadError>;

    /// The state after the operation, or why it is impossible in this state.
    fn step(&self, state: &Self::State, op: &Self::Op) -> Result<Self::State, String>;

    /// Whether the operation leaves every state as it is.
    fn is_read_only(&self, op: &Self::Op) -> bool;

    /// About how many bytes a state takes: what the memory of a search is reckoned by.
    fn state_bytes(&self, _: &Self::State) -> usize {
        100
    }

    /// The operation in a few words.
    fn describe(&self, op: &Self::Op) -> String;
}

/// The proof of a verdict on a part of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallProof {
    /// Valid: the operations in an order that explains them all.
    Linearization(Vec<u32>),
    /// Invalid: the shortest beginning of the history that nothing explains, without the operations
    /// that only observe and are not needed.
    Counterexample(CallCounterexample),
    /// Unknown.
    GaveUp(GaveUp),
}

/// A beginning of a history that nothing explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallCounterexample {
    /// The operations, in the order of their calls.
    pub ops: Vec<u32>,
    /// Where the beginning ends: the return of one of them. Those that return later are still open.
    pub until: u32,
}

/// The result for one key.
#[derive(Debug, Clone)]
pub struct CallReport {
    /// The key; `None` where the history has none.
    pub key: Option<Datum>,
    /// How many operations it has.
    pub op_count: usize,
    /// What decided.
    pub engine: Engine,
    /// The proof.
    pub proof: CallProof,
}

impl CallReport {
    /// The verdict on this key.
    pub fn verdict(&self) -> Verdict {
        match &self.proof {
            CallProof::Linearization(_) => Verdict::Valid,
            CallProof::Counterexample(_) => Verdict::Invalid,
            CallProof::GaveUp(_) => Verdict::Unknown,
        }
    }
}

/// Checks some keys of a history of `model` objects, by their places in it, as the iterator is asked.
///
/// Exponential in the number of operations open at once, within the budget for each key.
pub fn check_calls<'h, M: Model>(
    model: &'h M,
    history: &'h CallHistory<M::Op>,
    keys: Range<usize>,
    budget: Budget,
) -> impl Iterator<Item = CallReport> + 'h {
    history.keys[keys].iter().map(move |(key, calls)| {
        let (search, engine) = system::check(model, calls, budget);
        let proof = match search {
            Search::Valid(order) => CallProof::Linearization(order),
            Search::GaveUp(gave_up) => CallProof::GaveUp(gave_up),
            Search::Invalid(op) => {
                CallProof::Counterexample(minimise(model, calls, calls[op as usize].ret, budget))
            }
        };
        CallReport { key: key.clone(), op_count: calls.len(), engine, proof }
    })
}

/// The operations as they stand when the history ends at `until`.
pub(crate) fn cut<O: Clone>(calls: &[Call<O>], ops: &[u32], until: u32) -> Vec<Call<O>> {
    let mut part: Vec<Call<O>> = ops.iter().map(|op| calls[*op as usize].clone()).collect();
    for call in &mut part {
        if call.ret > until {
            call.ret = OPEN;
        }
    }
    part
}

/// Nothing explains the history any more at `until`; leaves out what only observes and is not
/// needed for that. What changes the state stays: without knowing the object, any of it may matter.
fn minimise<M: Model>(
    model: &M,
    calls: &[Call<M::Op>],
    until: u32,
    budget: Budget,
) -> CallCounterexample {
    let observes = |op: u32| model.is_read_only(&calls[op as usize].op);
    let mut ops: Vec<u32> = (0..calls.len() as u32)
        .filter(|op| calls[*op as usize].call < until)
        .filter(|op| !observes(*op) || calls[*op as usize].ret <= until)
        .collect();
    let mut size = ops.len().div_ceil(2);
    while size > 0 {
        let candidates: Vec<u32> = ops.iter().copied().filter(|op| observes(*op)).collect();
        for chunk in candidates.chunks(size) {
            let rest: Vec<u32> = ops.iter().copied().filter(|op| !chunk.contains(op)).collect();
            let (search, _) = system::check(model, &cut(calls, &rest, until), budget);
            if matches!(search, Search::Invalid(_)) {
                ops = rest;
            }
        }
        size /= 2;
    }
    CallCounterexample { ops, until }
}
