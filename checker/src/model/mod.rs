//! Objects other than registers: a sequential specification each, and one search for all of them.
//!
//! Nothing is assumed of a [`Model`] but that its operations are deterministic, so only what holds of
//! every object is used: operations are linearized as late as possible, equal ones are
//! interchangeable, and those that never change the state are linearized as soon as they fit.
//!
//! A model that names the [elements](Model::elements) of its operations, such as the members of a set,
//! is checked element by element where they do not depend on each other, and its counterexamples look
//! at few of them.

mod append_list;
mod calls;
mod counter;
mod events;
mod growing;
mod kv;
mod multi_register;
mod mutex;
mod part;
mod queue;
mod sequence;
mod set;
mod system;
mod total_queue;
mod versioned_register;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::ops::Range;

pub use append_list::AppendList;
pub use calls::{Call, CallBuilder, CallHistory, KeyCalls};
pub use counter::Counter;
pub(crate) use growing::{Breach, Growing, Standing, ladder};
pub use kv::Kv;
pub use multi_register::{Micro, MultiRegister};
pub use mutex::Mutex;
use part::Minimiser;
pub(crate) use part::rest;
pub use queue::{Queue, QueueOf, QueueOp, Storage, UnorderedQueue};
pub use sequence::{Bag, List};
pub use set::Set;
pub(crate) use total_queue::{Lost, Total};
pub use versioned_register::VersionedRegister;

use crate::anomaly::Anomaly;
use crate::datum::Datum;
use crate::error::ReadError;
use crate::event::Event;
use crate::history::Outcome;
use crate::search::Search;
use crate::value::Value;
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

    /// The operation in a few words that may follow "a client's": "read of 7".
    fn describe(&self, op: &Self::Op) -> String;

    /// The elements that the operation names: members of a set, values in a queue, registers. None
    /// where the object is no collection.
    fn elements(&self, _op: &Self::Op) -> Vec<Value> {
        Vec::new()
    }

    /// What is left of the operation where only these elements are looked at; `None` if nothing is.
    ///
    /// Whatever the elements, what is left of a legal sequence of operations must be legal, too, if
    /// need be without some of those whose outcome is unknown; and restricted in two steps must be
    /// the same as restricted to what is in both. So a history of which the rest cannot be
    /// explained cannot be explained: this makes counterexamples small.
    fn restrict(&self, op: &Self::Op, _elements: &BTreeSet<Value>) -> Option<Self::Op> {
        Some(op.clone())
    }

    /// What the whole of a history tells beforehand about when its operations took effect. By default,
    /// nothing.
    fn hints(&self, calls: &[Call<Self::Op>]) -> Hints {
        Hints { seen: vec![Some(0); calls.len()], in_order: false }
    }

    /// What the versions that operations name tell about the order of all of them, without a search. By
    /// default, nothing.
    fn version_order(&self, _calls: &[Call<Self::Op>]) -> Option<VersionOrder> {
        None
    }

    /// What it is called that nothing explains this history.
    fn anomaly(&self, _calls: &[Call<Self::Op>]) -> Anomaly {
        Anomaly::Contradiction
    }

    /// About how many bytes a state takes that it does not share with others.
    fn bytes(&self, _state: &Self::State) -> usize {
        200
    }

    /// Whether the elements do not depend on each other: a sequence of operations is legal if what is
    /// left of it is, for each element alone. Then a [`CallBuilder`] keeps them apart as far as no
    /// operation acts on several at once.
    fn is_local(&self) -> bool {
        false
    }
}

/// When operations seem to have taken effect: a search that tries them in this order finds a
/// linearization sooner, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hints {
    /// For each operation, a place by which it has been seen to have taken effect, on any scale.
    /// `None` if it never was, and a linearization stays one without it: if its outcome is unknown,
    /// too, then no search needs it.
    pub seen: Vec<Option<u32>>,
    /// Whether operations must take effect in the order in which they are seen, as appends to a list.
    pub in_order: bool,
}

/// What the versions of an object tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionOrder {
    /// The operations in an order that explains them all.
    Linearization(Vec<u32>),
    /// What is left of the history where only these elements are looked at cannot be explained.
    Contradiction(BTreeSet<Value>),
}

/// The proof of a verdict on a part of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallProof {
    /// Valid: the operations in an order that explains them all.
    Linearization(Vec<u32>),
    /// Invalid.
    Counterexample(CallCounterexample),
    /// Unknown.
    GaveUp(GaveUp),
}

/// The shortest beginning of a history that nothing explains, where only some elements are looked at.
///
/// All operations are there that may change something about these elements, since any of them may
/// matter; and of those that only observe, as few as possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallCounterexample {
    /// The operations, in the order of their calls.
    pub ops: Vec<u32>,
    /// The elements to look at; `None` for the object as a whole.
    pub elements: Option<BTreeSet<Value>>,
    /// Where the beginning ends: the return of one of them. Those that return later are still open.
    pub until: u32,
    /// Whether the rest can be explained without any one of the elements, and without any one of the
    /// operations that only observe.
    pub minimal: bool,
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
        let found = part::search(model, calls, budget);
        let proof = match found.search {
            Search::Valid(order) => CallProof::Linearization(order),
            Search::GaveUp(gave_up) => CallProof::GaveUp(gave_up),
            Search::Invalid(op) => {
                let minimiser = Minimiser::new(model, calls, calls[op as usize].ret, budget);
                CallProof::Counterexample(minimiser.minimise(found.elements))
            }
        };
        CallReport { key: key.clone(), op_count: calls.len(), engine: found.engine, proof }
    })
}
