//! What each process did to a register, one operation after another.

use std::collections::BTreeMap;

use super::{Breach, Link};
use crate::clusters::Clusters;
use crate::history::Op;
use crate::linear::Action;

/// One operation of a process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) op: u32,
    pub(super) cluster: u32,
    pub(super) is_write: bool,
}

/// Where a step stands: in which session, and how many steps of it come before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) session: u32,
    pub(super) before: u32,
}

/// The steps of every process.
#[derive(Debug)]
pub(super) struct Sessions<'c> {
    pub(super) clusters: &'c Clusters,
    pub(super) all: Vec<Vec<Step>>,
    /// Where each value is written; `None` for the initial one.
    pub(super) written: Vec<Option<Place>>,
}

impl<'c> Sessions<'c> {
    pub(super) fn new(ops: &[Op], clusters: &'c Clusters) -> Self {
        let mut number: BTreeMap<u32, u32> = BTreeMap::new();
        let mut all: Vec<Vec<Step>> = Vec::new();
        let mut written = vec![None; clusters.all.len()];
        for (item, cluster) in &clusters.ops {
            let next = all.len() as u32;
            let session = *number.entry(ops[item.op as usize].process()).or_insert(next);
            if session == next {
                all.push(Vec::new());
            }
            let steps = &mut all[session as usize];
            let is_write = matches!(item.action, Action::Write(_));
            if is_write {
                written[*cluster as usize] = Some(Place { session, before: steps.len() as u32 });
            }
            steps.push(Step { op: item.op, cluster: *cluster, is_write });
        }
        Self { clusters, all, written }
    }

    pub(super) fn step(&self, place: Place) -> Step {
        self.all[place.session as usize][place.before as usize]
    }

    /// A process that read a value before it wrote it itself.
    pub(super) fn before_own_write(&self) -> Option<Breach> {
        (0_u32..).zip(&self.all).find_map(|(session, steps)| {
            let early = (0_u32..).zip(steps).find(|(place, step)| {
                let written = self.written[step.cluster as usize];
                written.is_some_and(|own| own.session == session && own.before > *place)
            });
            let (_, read) = early?;
            let write = self.clusters.all[read.cluster as usize].writer?;
            Some(Breach::BeforeOwnWrite { read: read.op, write })
        })
    }

    /// The value of the first step comes before that of the second.
    pub(super) fn link(&self, first: Step, then: Step) -> Link {
        Link {
            first: Some(first.op),
            then: Some(then.op),
            ..self.between(first.cluster, then.cluster)
        }
    }

    /// The initial value comes before the one of this step, but this step before one on the initial
    /// value.
    pub(super) fn initial_again(&self, step: Step, initial: Step) -> Breach {
        let first = self.between(0, step.cluster);
        Breach::Circle(vec![first, self.link(step, initial)])
    }

    fn between(&self, from: u32, to: u32) -> Link {
        let value = |cluster: u32| self.clusters.all[cluster as usize].value;
        Link { from: value(from), to: value(to), first: None, then: None }
    }
}
