//! A set: add, remove and contains of one element, and read of all.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use super::events::{element, elements, happened, listed, unknown_function, wrong_value};
use super::growing::{Fit, Growing, Kind, anomaly};
use super::sequence::{BYTES, Bag};
use super::{Call, Hints, Model};
use crate::anomaly::Anomaly;
use crate::datum::Datum;
use crate::error::ReadError;
use crate::event::Event;
use crate::history::Outcome;
use crate::value::Value;

/// A set, empty at first.
///
/// | function | argument | result | what it does |
/// |---|---|---|---|
/// | `add` | element | nothing, the element again, or whether the set changed | puts the element in |
/// | `remove` | element | the same | takes the element out |
/// | `contains` | element | boolean | whether the element is in |
/// | `read` | | list of elements | all elements, in any order |
///
/// Each element is in the set or not, whatever the others are. Without `read`, elements are checked
/// apart; with it, the set is one, but a counterexample looks at few elements: a read of the set says
/// of these only which are in it.
#[derive(Debug, Clone, Copy)]
pub struct Set;

/// What is asked of a set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SetOp {
    /// Put the element in; it was not there, or was, if that is known.
    Add(Value, Option<bool>),
    /// Take the element out; it was there, or was not, if that is known.
    Remove(Value, Option<bool>),
    /// Whether the element was in.
    Contains(Value, bool),
    /// All elements, sorted.
    Read(Vec<Value>),
}

impl SetOp {
    /// The element, if it is about one.
    fn element(&self) -> Option<&Value> {
        match self {
            Self::Add(element, _) | Self::Remove(element, _) | Self::Contains(element, _) => {
                Some(element)
            }
            Self::Read(_) => None,
        }
    }

    /// Whether it found the element in the set, if it is about one and that is known.
    fn found(&self) -> Option<bool> {
        match self {
            Self::Add(_, changed) => changed.map(|changed| !changed),
            Self::Remove(_, changed) => *changed,
            Self::Contains(_, found) => Some(*found),
            Self::Read(_) => None,
        }
    }
}

/// Whether the set changed, where the result says so.
fn changed(invocation: &Event, completion: Option<&Event>) -> Option<bool> {
    match (&invocation.value, &completion?.value) {
        // The argument again.
        (Datum::Bool(_), _) => None,
        (_, Datum::Bool(changed)) => Some(*changed),
        _ => None,
    }
}

impl Model for Set {
    type Op = SetOp;
    type State = Bag;

    fn initial(&self) -> Bag {
        Bag::default()
    }

    fn op(
        &self,
        invocation: &Event,
        completion: Option<&Event>,
        outcome: Outcome,
    ) -> Result<Option<SetOp>, ReadError> {
        let completion = happened(completion, outcome);
        let op = match (&*invocation.f, completion) {
            ("add", _) => SetOp::Add(element(invocation)?, changed(invocation, completion)),
            ("remove", _) => SetOp::Remove(element(invocation)?, changed(invocation, completion)),
            ("contains", Some(Event { value: Datum::Bool(found), .. })) => {
                SetOp::Contains(element(invocation)?, *found)
            }
            ("contains", Some(completion)) => {
                return Err(wrong_value(completion, &completion.value, "true or false"));
            }
            ("read", Some(completion)) => {
                let mut found = elements(completion)?;
                found.sort();
                SetOp::Read(found)
            }
            ("read" | "contains", None) => return Ok(None),
            _ => return Err(unknown_function(invocation, "add, remove, contains or read")),
        };
        Ok((outcome != Outcome::Fail).then_some(op))
    }

    fn step(&self, state: &Bag, op: &SetOp) -> Result<Bag, String> {
        let is_in = |element: &Value| {
            let not = if state.contains(element) { "" } else { "not " };
            Err(format!("{element} is {not}in the set"))
        };
        let mut next = state.clone();
        match op {
            SetOp::Add(element, Some(changed)) if *changed == state.contains(element) => {
                return is_in(element);
            }
            SetOp::Remove(element, Some(changed)) if *changed != state.contains(element) => {
                return is_in(element);
            }
            SetOp::Contains(element, found) if *found != state.contains(element) => {
                return is_in(element);
            }
            SetOp::Read(found) if !state.iter().eq(found) => {
                return Err(format!("the set is {{{}}}", listed(state.iter())));
            }
            SetOp::Add(element, _) if !state.contains(element) => next.insert(element.clone()),
            SetOp::Remove(element, _) => next.remove(element),
            SetOp::Add(..) | SetOp::Contains(..) | SetOp::Read(_) => {}
        }
        Ok(next)
    }

    fn is_read_only(&self, op: &SetOp) -> bool {
        match op {
            SetOp::Contains(..) | SetOp::Read(_) => true,
            SetOp::Add(_, changed) | SetOp::Remove(_, changed) => *changed == Some(false),
        }
    }

    fn describe(&self, op: &SetOp) -> String {
        match op {
            SetOp::Add(element, Some(true)) => format!("add of {element}, which was new"),
            SetOp::Add(element, Some(false)) => format!("add of {element}, which was there"),
            SetOp::Add(element, None) => format!("add of {element}"),
            SetOp::Remove(element, Some(true)) => format!("remove of {element}, which was there"),
            SetOp::Remove(element, Some(false)) => format!("remove of {element}, which was gone"),
            SetOp::Remove(element, None) => format!("remove of {element}"),
            SetOp::Contains(element, true) => format!("look for {element}, which was there"),
            SetOp::Contains(element, false) => format!("look for {element}, which was not there"),
            SetOp::Read(found) => format!("read of {{{}}}", listed(found)),
        }
    }

    fn elements(&self, op: &SetOp) -> Vec<Value> {
        match op {
            SetOp::Read(found) => found.clone(),
            _ => op.element().cloned().into_iter().collect(),
        }
    }

    fn restrict(&self, op: &SetOp, among: &BTreeSet<Value>) -> Option<SetOp> {
        match op {
            SetOp::Read(found) => {
                let found = found.iter().filter(|element| among.contains(element));
                Some(SetOp::Read(found.cloned().collect()))
            }
            _ => op.element().is_some_and(|element| among.contains(element)).then(|| op.clone()),
        }
    }

    fn hints(&self, calls: &[Call<SetOp>]) -> Hints {
        let mut there: FxHashMap<&Value, Vec<u32>> = FxHashMap::default();
        let mut gone: FxHashMap<&Value, Vec<u32>> = FxHashMap::default();
        let mut reads: Vec<(u32, &Vec<Value>)> = Vec::new();
        for Call { op, ret, .. } in calls {
            match op {
                SetOp::Read(found) => {
                    reads.push((*ret, found));
                    for element in found {
                        there.entry(element).or_default().push(*ret);
                    }
                }
                _ => {
                    let found = op.element().zip(op.found());
                    if let Some((element, found)) = found {
                        let seen = if found { &mut there } else { &mut gone };
                        seen.entry(element).or_default().push(*ret);
                    }
                }
            }
        }
        reads.sort_unstable();
        let first_after = |places: Option<&Vec<u32>>, call: u32| {
            places.into_iter().flatten().copied().filter(|place| *place > call).min()
        };
        let seen = |call: &Call<SetOp>| match &call.op {
            SetOp::Add(element, _) => match there.get(element) {
                None => None,
                places => Some(first_after(places, call.call).unwrap_or(u32::MAX)),
            },
            SetOp::Remove(element, _) => {
                let later = reads.iter().skip_while(|(ret, _)| *ret < call.call);
                let without = later.filter(|(_, found)| found.binary_search(element).is_err());
                let read = without.map(|(ret, _)| *ret).next().unwrap_or(u32::MAX);
                let other = first_after(gone.get(element), call.call).unwrap_or(u32::MAX);
                Some(read.min(other))
            }
            SetOp::Contains(..) | SetOp::Read(_) => Some(0),
        };
        Hints { seen: calls.iter().map(seen).collect(), in_order: false }
    }

    fn anomaly(&self, calls: &[Call<SetOp>]) -> Anomaly {
        anomaly(self, calls)
    }

    fn bytes(&self, _: &Bag) -> usize {
        BYTES
    }

    fn is_local(&self) -> bool {
        true
    }
}

impl Growing for Set {
    fn kind(&self, op: &SetOp) -> Kind {
        match op {
            SetOp::Add(_, None) => Kind::Adds,
            SetOp::Read(_) => Kind::Shows,
            SetOp::Add(_, Some(_)) | SetOp::Remove(..) | SetOp::Contains(..) => Kind::Neither,
        }
    }

    fn fit(&self, read: &SetOp, required: &[&SetOp], optional: &[&SetOp]) -> Fit {
        let SetOp::Read(found) = read else { return Fit::Fits };
        let is_shown = |op: &&SetOp| op.element().is_some_and(|e| found.binary_search(e).is_ok());
        if let Some(missed) = required.iter().position(|op| !is_shown(op)) {
            return Fit::Misses(missed);
        }
        let added = required.iter().chain(optional).filter_map(|op| op.element());
        let added: FxHashSet<&Value> = added.collect();
        if found.iter().all(|element| added.contains(element)) { Fit::Fits } else { Fit::Differs }
    }

    fn shows_all_of(&self, later: &SetOp, earlier: &SetOp) -> bool {
        match (later, earlier) {
            (SetOp::Read(later), SetOp::Read(earlier)) => {
                earlier.iter().all(|element| later.binary_search(element).is_ok())
            }
            _ => true,
        }
    }

    fn takes_away(&self, _: &SetOp) -> bool {
        false
    }
}
