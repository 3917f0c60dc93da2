//! A list that only grows: append and read.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::events::{element, elements, happened, listed, unknown_function};
use super::sequence::{BYTES, List};
use super::{Call, Hints, Model};
use crate::error::ReadError;
use crate::event::Event;
use crate::history::Outcome;
use crate::value::Value;

/// A list for each key, empty at first.
///
/// | function | argument | result | what it does |
/// |---|---|---|---|
/// | `append` | element | nothing, or the element again | puts the element at the end |
/// | `read` | | list of elements | all elements in their order |
///
/// Elements keep their order when others are looked away from, so a counterexample looks at few; they
/// depend on each other by their order.
#[derive(Debug, Clone, Copy)]
pub struct AppendList;

/// What is asked of a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AppendListOp {
    /// Put the element at the end.
    Append(Value),
    /// Return all elements.
    Read(Vec<Value>),
}

impl Model for AppendList {
    type Op = AppendListOp;
    type State = List;

    fn initial(&self) -> List {
        List::default()
    }

    fn op(
        &self,
        invocation: &Event,
        completion: Option<&Event>,
        outcome: Outcome,
    ) -> Result<Option<AppendListOp>, ReadError> {
        let op = match (&*invocation.f, happened(completion, outcome)) {
            ("append", _) => AppendListOp::Append(element(invocation)?),
            ("read", Some(completion)) => AppendListOp::Read(elements(completion)?),
            ("read", None) => return Ok(None),
            _ => return Err(unknown_function(invocation, "append or read")),
        };
        Ok((outcome != Outcome::Fail).then_some(op))
    }

    fn step(&self, state: &List, op: &AppendListOp) -> Result<List, String> {
        match op {
            AppendListOp::Append(element) => {
                let mut next = state.clone();
                next.push_back(element.clone());
                Ok(next)
            }
            AppendListOp::Read(found) if state.iter().eq(found) => Ok(state.clone()),
            AppendListOp::Read(_) => Err(format!("the list is [{}]", listed(state.iter()))),
        }
    }

    fn is_read_only(&self, op: &AppendListOp) -> bool {
        matches!(op, AppendListOp::Read(_))
    }

    fn describe(&self, op: &AppendListOp) -> String {
        match op {
            AppendListOp::Append(element) => format!("append of {element}"),
            AppendListOp::Read(found) => format!("read of [{}]", listed(found)),
        }
    }

    fn elements(&self, op: &AppendListOp) -> Vec<Value> {
        match op {
            AppendListOp::Append(element) => vec![element.clone()],
            AppendListOp::Read(found) => found.clone(),
        }
    }

    fn restrict(&self, op: &AppendListOp, among: &BTreeSet<Value>) -> Option<AppendListOp> {
        match op {
            AppendListOp::Append(element) => among.contains(element).then(|| op.clone()),
            AppendListOp::Read(found) => {
                let found = found.iter().filter(|element| among.contains(element));
                Some(AppendListOp::Read(found.cloned().collect()))
            }
        }
    }

    fn hints(&self, calls: &[Call<AppendListOp>]) -> Hints {
        let mut place: FxHashMap<&Value, u32> = FxHashMap::default();
        let mut reads: Vec<&Vec<Value>> = Vec::new();
        reads.extend(calls.iter().filter_map(|call| match &call.op {
            AppendListOp::Read(found) => Some(found),
            AppendListOp::Append(_) => None,
        }));
        reads.sort_by_key(|found| Reverse(found.len()));
        for found in reads {
            for (at, element) in (0..).zip(found) {
                place.entry(element).or_insert(at);
            }
        }
        let seen = |call: &Call<AppendListOp>| match &call.op {
            AppendListOp::Append(element) => place.get(element).copied(),
            AppendListOp::Read(_) => Some(0),
        };
        Hints { seen: calls.iter().map(seen).collect(), in_order: true }
    }

    fn bytes(&self, _: &List) -> usize {
        BYTES
    }
}
