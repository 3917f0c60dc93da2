//! After everything has been mended, every client must get through again.

use quorate_checker::EventKind;

use super::{RunError, Runner};
use crate::client::{Action, Operation};
use crate::generator::SET_SIZE;
use crate::generator::Writers;
use crate::protocol::{Key, Object, Value};
use crate::time::Nanos;
use crate::world::World;

/// Values that are written to see whether writes get through are from here on: clients write none that are
/// as great.
const VALUE_LEAST: Value = 1_000_000_000;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Recovery {
    /// How long there was, in nanoseconds.
    #[serde(rename = "within_ns")]
    pub within: Nanos,
    /// How long it took until every client had got a read and a write through; null if some did not.
    #[serde(rename = "took_ns")]
    pub took: Option<Nanos>,
    /// Nodes through which some client did not get a read or a write through.
    pub stuck: Vec<String>,
}

/// What a client is still to get through, last first.
struct Task {
    left: Vec<Operation>,
    is_under_way: bool,
}

impl<W: World> Runner<'_, '_, W> {
    /// Lets every client read and write, again and again until both have succeeded, at most for so long.
    pub(super) fn recover(&mut self, within: Nanos) -> Result<Recovery, RunError> {
        let begun = self.world.now();
        let until = begun.saturating_add(within);
        let mut tasks = self.tasks();
        let mut attempts = 0;
        while tasks.iter().any(|task| !task.left.is_empty())
            && self.world.now() < until
            && !self.is_flooded()
        {
            self.wake();
            let able = |worker: &u32| !tasks[*worker as usize].left.is_empty();
            if let Some(worker) = self.free.iter().copied().find(able) {
                let task = &mut tasks[worker as usize];
                let mut operation = task.left[task.left.len() - 1];
                if let Action::Write(value) | Action::Enqueue(value) = &mut operation.action {
                    attempts += 1;
                    *value += attempts;
                }
                task.is_under_way = true;
                self.begin(worker, operation)?;
                continue;
            }
            self.pulse(self.world.now())?;
            if let Some((happening, kind)) = self.wait(until.min(self.rested_at()))? {
                let worker = happening.process as usize % self.workers.len();
                let task = &mut tasks[worker];
                if std::mem::take(&mut task.is_under_way) && kind == EventKind::Ok {
                    task.left.pop();
                }
            }
        }
        let stuck = self.stuck(&tasks);
        let took = stuck.is_empty().then(|| self.world.now() - begun);
        Ok(Recovery { within, took, stuck })
    }

    fn tasks(&self) -> Vec<Task> {
        let registers = self.workload.clients.registers;
        let keys: Vec<Key> = self.final_reads().iter().map(|read| read.key).collect();
        let count = self.workers.len() as u32;
        let look = Action::look(registers.object);
        let change = Action::change(
            registers.object,
            match registers.object {
                Object::Register | Object::Queue => VALUE_LEAST,
                Object::Counter => 1,
                // An element that nobody else adds; who adds it again changes nothing.
                Object::Set => SET_SIZE,
            },
        );
        let task = |worker: u32| {
            let key = match registers.writers {
                Writers::All => keys.get(worker as usize % keys.len().max(1)).copied().unwrap_or(0),
                // Others may write registers that only they write.
                Writers::One => worker,
            };
            let operation = |action| Operation { key, action };
            let left = vec![operation(look), operation(change)];
            Task { left, is_under_way: false }
        };
        (0..count).map(task).collect()
    }

    /// The nodes that some client is bound to that has not got through.
    fn stuck(&self, tasks: &[Task]) -> Vec<String> {
        let names = &self.workload.node_names;
        let behind = tasks.iter().enumerate().filter(|(_, task)| !task.left.is_empty());
        let mut nodes: Vec<usize> = behind.map(|(worker, _)| worker % names.len()).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes.into_iter().map(|node| names[node].clone()).collect()
    }
}
