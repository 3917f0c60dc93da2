//! Parts of a history: elements that can be checked apart, and the few that a counterexample needs.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::unionfind::UnionFind;
use rustc_hash::FxHashMap;

use super::calls::KeyCalls;
use super::{Call, CallCounterexample, Model, VersionOrder, system};
use crate::datum::Datum;
use crate::history::OPEN;
use crate::search::Search;
use crate::value::Value;
use crate::verdict::{Budget, Engine};

/// The operations of one key, apart by elements where they do not depend on each other.
///
/// Elements that one operation names belong together; an operation of which something is left
/// without any element, such as a read of everything, keeps all together. Each part is an object of
/// its own, on which its operations act alone, and a history is linearizable if and only if it is so
/// object by object (Herlihy and Wing, "Linearizability", TOPLAS 12(3), 1990, theorem 1).
pub(super) fn apart<M: Model>(
    model: &M,
    key: Option<Datum>,
    calls: Vec<Call<M::Op>>,
) -> Vec<KeyCalls<M::Op>> {
    let none = BTreeSet::new();
    let whole = |call: &Call<M::Op>| model.restrict(&call.op, &none).is_some();
    if !model.is_local() || calls.iter().any(whole) {
        return vec![(key, calls)];
    }
    let mut numbers: FxHashMap<Value, usize> = FxHashMap::default();
    let mut together: UnionFind<usize> = UnionFind::new_empty();
    let mut first_of = Vec::with_capacity(calls.len());
    for call in &calls {
        let named = model.elements(&call.op).into_iter();
        let mut named =
            named.map(|name| *numbers.entry(name).or_insert_with(|| together.new_set()));
        let first = named.next();
        let others: Vec<usize> = named.collect();
        for (first, other) in first.into_iter().flat_map(|f| others.iter().map(move |o| (f, *o))) {
            together.union(first, other);
        }
        first_of.push(first);
    }
    let mut names: Vec<(usize, Value)> = numbers.into_iter().map(|(v, n)| (n, v)).collect();
    names.sort_unstable();
    let mut place_of: FxHashMap<Option<usize>, usize> = FxHashMap::default();
    let mut parts: Vec<KeyCalls<M::Op>> = Vec::new();
    for (call, first) in calls.into_iter().zip(first_of) {
        let place = *place_of.entry(first.map(|first| together.find(first))).or_insert_with(|| {
            // Called after the element that was named first.
            let name = first.map_or(Datum::Nil, |first| names[first].1.to_datum());
            let name = key.as_ref().map_or(name.clone(), |k| Datum::List(vec![k.clone(), name]));
            parts.push((Some(name), Vec::new()));
            parts.len() - 1
        });
        parts[place].1.push(call);
    }
    if let [(name, _)] = &mut parts[..] {
        *name = key;
    }
    parts
}

/// What is left of these operations, by their numbers, where only some elements are looked at and
/// the history ends at `until`.
pub(crate) fn rest<M: Model>(
    model: &M,
    calls: &[Call<M::Op>],
    ops: impl IntoIterator<Item = u32>,
    elements: Option<&BTreeSet<Value>>,
    until: u32,
) -> Vec<(u32, Call<M::Op>)> {
    let left = |number: u32| {
        let call = &calls[number as usize];
        let op = match elements {
            Some(elements) => model.restrict(&call.op, elements)?,
            None => call.op.clone(),
        };
        let ret = if call.ret > until { OPEN } else { call.ret };
        Some((number, Call { op, ret, ..call.clone() }))
    };
    ops.into_iter().filter(|op| calls[*op as usize].call < until).filter_map(left).collect()
}

/// What a search came to, where only some elements were looked at.
pub(super) struct Found {
    pub(super) search: Search,
    pub(super) engine: Engine,
    pub(super) elements: BTreeSet<Value>,
}

/// Steps for an operation of the first search, and of those for few elements.
const STEPS_PER_OP: u64 = 50;
/// Elements are looked at in pairs with so many that were seen next.
const NEIGHBOURS: usize = 4;
/// Operations that are looked at element by element, in all.
const LOOKED_AT_MAX: usize = 20_000_000;

/// Decides by versions, if the model has some. Otherwise searches for a linearization of the whole, then for one or two elements that have none by
/// themselves, then for all there is to find: the first two are quick where they succeed.
pub(super) fn search<M: Model>(model: &M, calls: &[Call<M::Op>], budget: Budget) -> Found {
    let quick = |count: usize| {
        let steps = STEPS_PER_OP * count as u64 + 1000;
        Budget { steps: steps.min(budget.steps), ..budget }
    };
    let versions = model.version_order(calls);
    if let Some(VersionOrder::Linearization(order)) = versions {
        let (search, elements) = (Search::Valid(order), BTreeSet::new());
        return Found { search, engine: Engine::VersionOrder, elements };
    }
    let index = Index::new(model, calls);
    let look_at = |elements: BTreeSet<Value>| {
        let part = rest(model, calls, index.numbers(&elements), Some(&elements), OPEN);
        let (numbers, part): (Vec<u32>, Vec<_>) = part.into_iter().unzip();
        match system::check(model, &part, quick(part.len())) {
            (Search::Invalid(op), engine) => {
                let search = Search::Invalid(numbers[op as usize]);
                Some(Found { search, engine, elements })
            }
            _ => None,
        }
    };
    if let Some(VersionOrder::Contradiction(elements)) = versions
        && let Some(found) = look_at(elements)
    {
        return Found { engine: Engine::VersionOrder, ..found };
    }
    if index.calls_of.len() > 1 {
        let (search, engine) = system::check(model, calls, quick(calls.len()));
        if !matches!(search, Search::GaveUp(_)) {
            let elements = index.calls_of.into_keys().collect();
            return Found { search, engine, elements };
        }
        let mut looked_at = 0;
        for elements in index.few(&model.hints(calls).seen) {
            looked_at += index.numbers(&elements).len() + 10;
            if looked_at > LOOKED_AT_MAX {
                break;
            }
            if let Some(found) = look_at(elements) {
                return found;
            }
        }
    }
    let (search, engine) = system::check(model, calls, budget);
    Found { search, engine, elements: index.calls_of.into_keys().collect() }
}

/// Which operations are about which elements.
struct Index {
    calls_of: BTreeMap<Value, Vec<u32>>,
    /// Those of which something is left whatever the elements.
    of_all: Vec<u32>,
}

impl Index {
    fn new<M: Model>(model: &M, calls: &[Call<M::Op>]) -> Self {
        let mut index = Self { calls_of: BTreeMap::new(), of_all: Vec::new() };
        let none = BTreeSet::new();
        for (number, call) in (0..).zip(calls) {
            let of_all = model.restrict(&call.op, &none).is_some();
            index.of_all.extend(of_all.then_some(number));
            for element in model.elements(&call.op) {
                let calls_of = index.calls_of.entry(element).or_default();
                calls_of.extend((!of_all).then_some(number));
            }
        }
        index
    }

    /// Each element alone, then in pairs those that were seen one soon after the other.
    fn few(&self, seen: &[Option<u32>]) -> impl Iterator<Item = BTreeSet<Value>> {
        let first_seen = |calls: &Vec<u32>| calls.iter().filter_map(|c| seen[*c as usize]).min();
        let mut elements: Vec<(Option<u32>, &Value)> =
            self.calls_of.iter().map(|(element, calls)| (first_seen(calls), element)).collect();
        elements.sort_unstable();
        let alone_count = elements.len();
        let alone: Vec<_> = elements.iter().map(|(_, e)| BTreeSet::from([(*e).clone()])).collect();
        let pair = move |i: usize, j: usize| {
            Some(BTreeSet::from([elements.get(i)?.1.clone(), elements.get(j)?.1.clone()]))
        };
        let pairs = (1..=NEIGHBOURS)
            .flat_map(move |apart| (0..alone_count).map(move |i| (i, i + apart)))
            .filter_map(move |(i, j)| pair(i, j));
        alone.into_iter().chain(pairs)
    }

    /// The operations of which something may be left, in the order of their calls.
    fn numbers(&self, elements: &BTreeSet<Value>) -> Vec<u32> {
        let of_elements =
            elements.iter().filter_map(|element| self.calls_of.get(element)).flatten();
        let mut numbers: Vec<u32> = of_elements.chain(&self.of_all).copied().collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

/// Steps of a single search while a counterexample is made smaller.
const STEPS_MAX: u64 = 200_000;
/// Operations searched, and searches given up, before it is left as large as it is.
const EFFORT_MAX: usize = 40_000_000;
const GAVE_UP_MAX: u32 = 8;

/// Makes counterexamples small.
pub(super) struct Minimiser<'a, M: Model> {
    model: &'a M,
    calls: &'a [Call<M::Op>],
    until: u32,
    budget: Budget,
    effort: usize,
    gave_up: u32,
}

impl<'a, M: Model> Minimiser<'a, M> {
    /// Nothing explains these operations any more at `until`.
    pub(super) fn new(model: &'a M, calls: &'a [Call<M::Op>], until: u32, budget: Budget) -> Self {
        let budget = Budget { steps: budget.steps.min(STEPS_MAX), ..budget };
        Self { model, calls, until, budget, effort: 0, gave_up: 0 }
    }

    /// Leaves out first elements, then operations that only observe, as long as nothing explains the
    /// rest. More left out never makes a legal rest illegal, so each has to be tried but once.
    pub(super) fn minimise(mut self, mut elements: BTreeSet<Value>) -> CallCounterexample {
        let all = || 0..self.calls.len() as u32;
        // Restricted even to all elements, some objects promise less than as a whole.
        let by_elements = !elements.is_empty() && self.is_illegal(all(), Some(&elements));
        if by_elements {
            let kept = thin(elements.into_iter().collect(), |rest| {
                let rest = rest.iter().cloned().collect();
                self.is_illegal(all(), Some(&rest))
            });
            elements = kept.into_iter().collect();
        }
        let elements = by_elements.then_some(elements);
        let (model, calls, until) = (self.model, self.calls, self.until);
        let rest = rest(model, calls, all(), elements.as_ref(), until);
        let (observers, changers): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|(_, call)| model.is_read_only(&call.op));
        let numbers = |part: Vec<(u32, _)>| part.into_iter().map(|(op, _)| op).collect::<Vec<_>>();
        let (observers, changers) = (numbers(observers), numbers(changers));
        let with = |observers: &[u32]| {
            let mut ops = [&changers[..], observers].concat();
            ops.sort_unstable();
            ops
        };
        let observers = thin(observers, |rest| self.is_illegal(with(rest), elements.as_ref()));
        let minimal = self.gave_up == 0 && self.effort < EFFORT_MAX;
        CallCounterexample { ops: with(&observers), elements, until, minimal }
    }

    fn is_illegal(
        &mut self,
        ops: impl IntoIterator<Item = u32>,
        elements: Option<&BTreeSet<Value>>,
    ) -> bool {
        if self.effort >= EFFORT_MAX || self.gave_up >= GAVE_UP_MAX {
            return false;
        }
        let part: Vec<Call<M::Op>> = rest(self.model, self.calls, ops, elements, self.until)
            .into_iter()
            .map(|(_, call)| call)
            .collect();
        self.effort += part.len() + 10;
        let (search, _) = system::check(self.model, &part, self.budget);
        self.gave_up += u32::from(matches!(search, Search::GaveUp(_)));
        matches!(search, Search::Invalid(_))
    }
}

/// What is left when everything has been left out without which the rest is still `enough`.
fn thin<T: Clone>(mut kept: Vec<T>, mut enough: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut size = kept.len().div_ceil(2);
    while size > 0 {
        let mut from = 0;
        while from < kept.len() {
            let to = (from + size).min(kept.len());
            let rest = [&kept[..from], &kept[to..]].concat();
            if enough(&rest) {
                kept = rest;
            } else {
                from = to;
            }
        }
        size /= 2;
    }
    kept
}
