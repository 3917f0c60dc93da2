//! Repeated values told apart: which of the writes of a value a read may have seen.
//!
//! A write is a *candidate* of a read that ends after the write begins, unless an acknowledged write
//! begins after it has ended and ends before the read begins. In any linearization a read sees one of
//! its candidates, and nothing else. So writes of the same value that no read can mistake for each
//! other may as well have written different values: the history with these values has the same
//! linearizations. Where every read has one candidate, all values become distinct, and zones decide
//! (Gibbons and Korach, "Testing Shared Memories", SIAM J. Comput. 26(4), 1997: with a known
//! reads-from mapping it is no search). Where not, a search has fewer writes to choose among, and a
//! value is over sooner.

use petgraph::unionfind::UnionFind;
use rustc_hash::FxHashMap;

use super::item::{Action, Item};
use crate::history::OPEN;
use crate::value::ValueId;

/// What came of telling values apart.
pub(super) enum Apart {
    /// This operation observed a value that no write can have left.
    Sourceless(u32),
    /// Writes leave the same value only if some read may have seen either.
    Renamed(Renamed),
}

/// Operations with other values.
pub(super) struct Renamed {
    pub(super) items: Vec<Item>,
    pub(super) initial: ValueId,
    /// All values are below.
    pub(super) value_count: usize,
}

/// Tells apart the values of operations in the order of their calls. Near-linear after a sort, but
/// for the writes that a read overlaps.
pub(super) fn tell_apart(items: &[Item], initial: ValueId) -> Apart {
    let mut sources = Sources::new(items, initial);
    let deadlines = Deadlines::new(items);
    let mut acknowledged = Acknowledged::new(items);
    // Whom each observer may have seen, or one of them.
    let mut seen: Vec<Option<u32>> = vec![None; items.len()];
    for (number, item) in items.iter().enumerate() {
        let Some(value) = item.action.observes() else { continue };
        let Some(until) = deadlines.of(item) else { continue };
        let overwritten = acknowledged.latest_before(item.call);
        seen[number] = sources.observe(value, overwritten, until);
        if seen[number].is_none() && !item.is_optional() {
            return Apart::Sourceless(item.op);
        }
    }
    for item in items {
        if let Action::Differs(value) = item.action {
            sources.join_all(value);
        }
    }
    Apart::Renamed(sources.rename(items, &seen))
}

/// Acknowledged writes in the order of their returns, as far as they have returned.
struct Acknowledged {
    /// Return and call.
    writes: Vec<(u32, u32)>,
    passed: usize,
    latest_call: u32,
}

impl Acknowledged {
    fn new(items: &[Item]) -> Self {
        let is_acknowledged = |item: &&Item| item.action.leaves().is_some() && !item.is_optional();
        let mut writes: Vec<_> =
            items.iter().filter(is_acknowledged).map(|item| (item.ret, item.call)).collect();
        writes.sort_unstable();
        Self { writes, passed: 0, latest_call: 0 }
    }

    /// The latest call among those that returned before `call`, which never decreases; 0 if there are
    /// none.
    fn latest_before(&mut self, call: u32) -> u32 {
        while let Some((_, write_call)) =
            self.writes.get(self.passed).filter(|(ret, _)| *ret < call)
        {
            self.latest_call = self.latest_call.max(*write_call);
            self.passed += 1;
        }
        self.latest_call
    }
}

/// Until when an operation can have observed something that matters.
struct Deadlines {
    /// The last return of an observer of each value; [`OPEN`] where nobody can tell.
    last_return: FxHashMap<ValueId, u32>,
    /// Whether an operation observes a difference: then everything matters.
    differs: bool,
}

impl Deadlines {
    fn new(items: &[Item]) -> Self {
        let mut last_return: FxHashMap<ValueId, u32> = FxHashMap::default();
        for item in items {
            if let Some(value) = item.action.observes() {
                let last = last_return.entry(value).or_default();
                *last = (*last).max(item.ret);
            }
        }
        let differs = items.iter().any(|item| matches!(item.action, Action::Differs(_)));
        Self { last_return, differs }
    }

    /// A compare-and-set of unknown outcome matters as long as somebody may observe what it left; not
    /// at all if nobody does.
    fn of(&self, item: &Item) -> Option<u32> {
        match item.action.leaves() {
            Some(value) if item.is_optional() && !self.differs => {
                self.last_return.get(&value).copied()
            }
            _ => Some(item.ret),
        }
    }
}

/// A write, or the initial value.
#[derive(Clone, Copy)]
struct Source {
    number: u32,
    call: u32,
    ret: u32,
}

/// The number of the initial value as a source; an operation's is one above its place.
const INITIAL: u32 = 0;

/// The sources of one value, as observers come by in the order of their calls.
#[derive(Default)]
struct OfValue {
    /// In the order of their calls.
    all: Vec<Source>,
    /// How many were called before the latest acknowledged write; all others are candidates as soon
    /// as they are called.
    passed: usize,
    /// Of those passed, the ones that have not ended before that write began.
    late: Vec<Source>,
    /// Sources from the passed ones up to here are joined, each with the next.
    joined: usize,
}

impl OfValue {
    /// Moves on to a later acknowledged write, called at `overwritten`.
    fn pass(&mut self, overwritten: u32) {
        let passed = self.all[self.passed..].iter().take_while(|source| source.call < overwritten);
        let passed = self.passed + passed.count();
        self.late.extend_from_slice(&self.all[self.passed..passed]);
        self.passed = passed;
        self.late.retain(|source| source.ret >= overwritten);
    }

    /// Those passed of unknown outcome stay candidates for ever: once joined, one speaks for all.
    fn collapse(&mut self) {
        let mut has_open = false;
        self.late.retain(|source| source.ret != OPEN || !std::mem::replace(&mut has_open, true));
    }
}

/// All sources, and which of them some observer may mistake for each other.
struct Sources {
    of: FxHashMap<ValueId, OfValue>,
    together: UnionFind<u32>,
}

impl Sources {
    fn new(items: &[Item], initial: ValueId) -> Self {
        let mut of: FxHashMap<ValueId, OfValue> = FxHashMap::default();
        let first = Source { number: INITIAL, call: 0, ret: 0 };
        of.entry(initial).or_default().all.push(first);
        for (number, item) in (1..).zip(items) {
            if let Some(value) = item.action.leaves() {
                let source = Source { number, call: item.call, ret: item.ret };
                of.entry(value).or_default().all.push(source);
            }
        }
        Self { of, together: UnionFind::new(items.len() + 1) }
    }

    /// Joins the candidates of an observer that ends at `until`, and names one of them.
    fn observe(&mut self, value: ValueId, overwritten: u32, until: u32) -> Option<u32> {
        let of = self.of.get_mut(&value)?;
        of.pass(overwritten);
        let end = of.passed + of.all[of.passed..].partition_point(|source| source.call < until);
        for i in of.joined.max(of.passed + 1)..end {
            self.together.union(of.all[i - 1].number, of.all[i].number);
        }
        of.joined = of.joined.max(end);
        let mut candidates = of.late.iter().chain(of.all[of.passed..end].first());
        let first = candidates.next()?.number;
        for other in candidates {
            self.together.union(first, other.number);
        }
        of.collapse();
        Some(first)
    }

    /// Does not tell a value apart.
    fn join_all(&mut self, value: ValueId) {
        let Some(of) = self.of.get(&value) else { return };
        for pair in of.all.windows(2) {
            self.together.union(pair[0].number, pair[1].number);
        }
    }

    /// The operations, with a value for each set of sources. `seen` names a source for each observer.
    fn rename(&self, items: &[Item], seen: &[Option<u32>]) -> Renamed {
        let mut names: FxHashMap<u32, ValueId> = FxHashMap::default();
        let mut name = |source: u32| {
            let next = ValueId(names.len() as u32);
            *names.entry(self.together.find(source)).or_insert(next)
        };
        let initial = name(INITIAL);
        // A value that nobody leaves, numbered above all that somebody does.
        let never = ValueId(items.len() as u32 + 1);
        let mut renamed = Vec::with_capacity(items.len());
        for ((number, item), seen) in (1..).zip(items).zip(seen) {
            let observed = seen.map_or(never, &mut name);
            let action = match item.action {
                Action::Read(_) => Action::Read(observed),
                Action::Write(_) => Action::Write(name(number)),
                Action::Cas(..) => Action::Cas(observed, name(number)),
                Action::Differs(value) => {
                    let first = self.of.get(&value).and_then(|of| of.all.first());
                    Action::Differs(first.map_or(never, |first| name(first.number)))
                }
            };
            renamed.push(Item { action, ..*item });
        }
        Renamed { items: renamed, initial, value_count: never.index() + 1 }
    }
}
