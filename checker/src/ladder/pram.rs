//! PRAM: each process sees all writes in an order of its own, in which the writes of each process
//! stand as they were issued.

use rustc_hash::FxHashMap;

use super::Breach;
use super::steps::{Sessions, Step};

/// What breaks it, if anything does. O(n).
///
/// The operations of a process visit one value after another. Its order exists exactly if the initial
/// value is the first, no value is read before the process writes it itself or visited again once it
/// was left, and the values of each writer are visited as they were written: then these constraints
/// have no circle, for the values that are not visited only have the order of their writers.
pub(super) fn breach(sessions: &Sessions) -> Option<Breach> {
    let of_each = || sessions.all.iter().find_map(|steps| View::default().walk(sessions, steps));
    sessions.before_own_write().or_else(of_each)
}

/// What a process has seen.
#[derive(Default)]
struct View {
    /// The last step on each value.
    seen: FxHashMap<u32, Step>,
    /// Of each writer's session, the latest write that was seen, and by which step.
    latest: FxHashMap<u32, (u32, Step)>,
}

impl View {
    fn walk(&mut self, sessions: &Sessions, steps: &[Step]) -> Option<Breach> {
        let mut last = None;
        steps.iter().find_map(|step| {
            let breach = self.breach(sessions, last.replace(*step), *step);
            self.seen.insert(step.cluster, *step);
            breach
        })
    }

    fn breach(&mut self, sessions: &Sessions, last: Option<Step>, step: Step) -> Option<Breach> {
        let Some(last) = last.filter(|last| last.cluster != step.cluster) else {
            return self.note(sessions, step);
        };
        if step.cluster == 0 {
            return Some(sessions.initial_again(last, step));
        }
        if let Some(left) = self.seen.get(&step.cluster) {
            let links = [(*left, last), (last, step)];
            return Some(Breach::Circle(links.map(|(a, b)| sessions.link(a, b)).to_vec()));
        }
        self.note(sessions, step)
    }

    /// Notes the write that this step is or sees, unless a later one of the same writer was seen.
    fn note(&mut self, sessions: &Sessions, step: Step) -> Option<Breach> {
        let written = sessions.written[step.cluster as usize]?;
        let (before, newer) = self.latest.insert(written.session, (written.before, step))?;
        if before <= written.before {
            return None;
        }
        let newer_written = sessions.written[newer.cluster as usize]?;
        let writes = sessions.link(sessions.step(written), sessions.step(newer_written));
        Some(Breach::Circle(vec![writes, sessions.link(newer, step)]))
    }
}
