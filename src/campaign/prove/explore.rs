//! The exploration, breadth first.

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::mem::size_of;
use std::sync::{Arc, Mutex, PoisonError};

use quorate_checker::{Anomaly, Budget, Proof as Checked, Rules, check};
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, IntoParallelRefMutIterator};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::counterexample::Counterexample;
use super::fingerprint::fingerprint;
use super::state::{Move, Setting, State};
use super::story::Story;
use super::{End, Progress, Proof, Question};
use crate::workload::Expectation;

/// Sets of fingerprints and of histories are split by their first bits, so that each part is worked on by
/// one core.
const PART_BITS: u32 = 6;
/// So many states are expanded before their successors are compared with what is known.
const BATCH: usize = 1 << 14;
/// What a state takes beside what it shares: about one changed machine.
const STATE_BYTES: usize = size_of::<Node>() + 1_000;

/// Explores everything within the bounds. `watch` is told now and then how far it is, and stops it by
/// returning false.
pub fn prove(question: &Question, watch: &mut dyn FnMut(Progress) -> bool) -> Proof {
    Exploration::new(question).run(watch)
}

/// The way to a state, backwards.
#[derive(Debug)]
struct Way {
    last: Move,
    before: Option<Arc<Self>>,
}

/// A state that is to be expanded.
struct Node {
    state: State,
    way: Option<Arc<Way>>,
}

/// A state that was reached, perhaps not for the first time.
struct Reached {
    node: Node,
    fingerprint: u64,
    anomaly: Option<Anomaly>,
}

struct Exploration<'q> {
    setting: Setting<'q>,
    known: Vec<FxHashSet<u64>>,
    verdicts: Verdicts,
    proof: Proof,
    /// The first violation of another kind than the expected one.
    other: Option<Box<Counterexample>>,
}

impl<'q> Exploration<'q> {
    fn new(question: &'q Question) -> Self {
        Self {
            setting: Setting::new(question),
            known: vec![FxHashSet::default(); 1 << PART_BITS],
            verdicts: Verdicts::default(),
            proof: Proof {
                end: End::Exhausted(None),
                states: 0,
                transitions: 0,
                depth: 0,
                histories: BTreeSet::new(),
            },
            other: None,
        }
    }

    fn run(mut self, watch: &mut dyn FnMut(Progress) -> bool) -> Proof {
        self.proof.end = self.explore(watch);
        self.proof.histories = self.verdicts.histories();
        self.proof
    }

    fn explore(&mut self, watch: &mut dyn FnMut(Progress) -> bool) -> End {
        let state = State::first(&self.setting);
        let fingerprint = self.fingerprint(&state);
        let first = Reached { node: Node { state, way: None }, fingerprint, anomaly: None };
        let mut level = self.remember(vec![first]);
        while !level.is_empty() {
            if self.setting.question.bounds.depth.is_some_and(|most| self.proof.depth >= most) {
                return End::OutOf("depth");
            }
            let mut next = Vec::new();
            for batch in level.chunks(BATCH) {
                let reached = self.expand(batch);
                if let Some(found) = self.violation(&reached) {
                    self.proof.depth += 1;
                    return End::Found(found);
                }
                next.extend(self.remember(reached));
                let open = (level.len() + next.len()) as u64;
                let (states, depth) = (self.proof.states, self.proof.depth);
                if let Some(bound) = self.bound_met(level.len() + next.len()) {
                    return End::OutOf(bound);
                }
                if !watch(Progress { states, open, depth }) {
                    return End::Stopped;
                }
            }
            self.proof.depth += u32::from(!next.is_empty());
            level = next;
        }
        End::Exhausted(self.other.take())
    }

    /// Everything that is one move away. The order depends on that of the states alone.
    fn expand(&self, batch: &[Node]) -> Vec<Reached> {
        let expanded: Vec<Vec<Reached>> =
            batch.par_iter().map(|node| self.successors(node)).collect();
        expanded.into_iter().flatten().collect()
    }

    fn successors(&self, node: &Node) -> Vec<Reached> {
        let reach = |way: Move| {
            let (state, has_returned) = node.state.after(way, &self.setting, &mut |_| {});
            let fingerprint = self.fingerprint(&state);
            let anomaly = if has_returned { self.verdict(&state.story) } else { None };
            let way = Arc::new(Way { last: way, before: node.way.clone() });
            Reached { node: Node { state, way: Some(way) }, fingerprint, anomaly }
        };
        node.state.moves(&self.setting).into_iter().map(reach).collect()
    }

    fn fingerprint(&self, state: &State) -> u64 {
        fingerprint(state, self.setting.config.n, self.setting.alike)
    }

    fn verdict(&self, story: &Story) -> Option<Anomaly> {
        self.verdicts.of(story, || {
            let history = story.history(&self.setting.asks);
            let report = check(&history, &Rules::default(), Budget::GENEROUS);
            report.keys.into_iter().find_map(|key| match key.proof {
                Checked::Counterexample(counterexample) => Some(counterexample.anomaly),
                Checked::Linearization(_) => None,
                Checked::GaveUp(_) => unreachable!("so few operations are decided in no time"),
            })
        })
    }

    /// Keeps the states that are new. Those with a violation end there.
    fn remember(&mut self, reached: Vec<Reached>) -> Vec<Node> {
        self.proof.transitions += reached.len() as u64;
        let mut parts: Vec<Vec<Reached>> = (0..1 << PART_BITS).map(|_| Vec::new()).collect();
        for reached in reached {
            parts[part(reached.fingerprint)].push(reached);
        }
        let parts: Vec<(u64, Vec<Node>)> = (parts.into_par_iter())
            .zip(self.known.par_iter_mut())
            .map(|(part, known)| {
                let before = known.len();
                let is_new = |reached: &Reached| known.insert(reached.fingerprint);
                let new = part.into_iter().filter(is_new).filter(|new| new.anomaly.is_none());
                let new: Vec<Node> = new.map(|reached| reached.node).collect();
                ((known.len() - before) as u64, new)
            })
            .collect();
        self.proof.states += parts.iter().map(|(count, _)| count).sum::<u64>();
        parts.into_iter().flat_map(|(_, new)| new).collect()
    }

    /// The first violation that is what was asked for. One of another kind is kept for the end.
    fn violation(&mut self, reached: &[Reached]) -> Option<Box<Counterexample>> {
        let promised = self.setting.question.promise().condition;
        for Reached { node, anomaly, .. } in reached {
            let Some(anomaly) = *anomaly else { continue };
            let is_asked_for = match self.setting.question.workload.expect {
                Expectation::Linearizable | Expectation::Violation | Expectation::Symptom(_) => {
                    true
                }
                Expectation::Promise => promised.forbids(anomaly),
                Expectation::Anomaly(expected) => anomaly == expected,
            };
            if is_asked_for || self.other.is_none() {
                let found = Counterexample::new(&self.setting, &moves(node), anomaly);
                let found = Box::new(found);
                if is_asked_for {
                    return Some(found);
                }
                self.other = Some(found);
            }
        }
        None
    }

    fn bound_met(&self, open: usize) -> Option<&'static str> {
        let bounds = &self.setting.question.bounds;
        // A hash set has up to twice the room that it needs, and a byte beside each place.
        let known: usize = self.known.iter().map(|part| part.capacity() * 9).sum();
        if self.proof.states > bounds.states {
            Some("states")
        } else if (known + open * STATE_BYTES) as u64 > bounds.memory {
            Some("memory")
        } else {
            None
        }
    }
}

fn part(fingerprint: u64) -> usize {
    (fingerprint >> (64 - PART_BITS)) as usize
}

/// The moves to a state, in order.
fn moves(node: &Node) -> Vec<Move> {
    let mut moves = Vec::new();
    let mut way = node.way.as_ref();
    while let Some(here) = way {
        moves.push(here.last);
        way = here.before.as_ref();
    }
    moves.reverse();
    moves
}

/// Histories that were checked before.
struct Verdicts(Vec<Mutex<FxHashMap<Story, Option<Anomaly>>>>);

impl Default for Verdicts {
    fn default() -> Self {
        Self((0..1 << PART_BITS).map(|_| Mutex::default()).collect())
    }
}

impl Verdicts {
    fn of(&self, story: &Story, check: impl FnOnce() -> Option<Anomaly>) -> Option<Anomaly> {
        let part = &self.0[part(FxBuildHasher.hash_one(story))];
        let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
        *part.entry(story.clone()).or_insert_with(check)
    }

    fn histories(&self) -> BTreeSet<String> {
        let mut histories = BTreeSet::new();
        for part in &self.0 {
            let part = part.lock().unwrap_or_else(PoisonError::into_inner);
            // Their order is that of the set, whatever that of the map.
            histories.extend(part.keys().map(Story::to_string));
        }
        histories
    }
}
