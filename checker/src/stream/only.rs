//! A history reduced to some of its registers.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::error::ReadError;
use crate::event::{Event, EventKind, Process};
use crate::function::Function;
use crate::shape::Shapes;
use crate::value::Value;

/// Keeps the events of some registers. The others remain as events of the nemesis, so that positions
/// stay what they are.
#[derive(Debug)]
pub struct Only {
    keys: FxHashSet<Option<Value>>,
    shapes: Shapes,
    /// Processes with an open operation, and whether it is on one of the registers.
    open: FxHashMap<u32, bool>,
}

impl Only {
    /// Keeps these registers; `None` is the one that a history does not name.
    pub fn new(keys: impl IntoIterator<Item = Option<Value>>) -> Self {
        let keys = keys.into_iter().collect();
        Self { keys, shapes: Shapes::default(), open: FxHashMap::default() }
    }

    /// The event, or one of the nemesis in its place.
    ///
    /// # Errors
    /// For an invocation that does not name its register as those before it.
    pub fn keep(&mut self, mut event: Event) -> Result<Event, ReadError> {
        let Process::Client(process) = event.process else { return Ok(event) };
        let is_kept = match (event.kind, Function::from_name(&event.f)) {
            (EventKind::Invoke, Some(function)) => {
                let (key, _) = self.shapes.asked(function, &event)?;
                let is_kept = self.keys.contains(&key);
                self.open.insert(process, is_kept);
                is_kept
            }
            // What belongs to no invocation is for the reader of the rest to refuse.
            _ => self.open.remove(&process).unwrap_or(true),
        };
        if !is_kept {
            event.process = Process::Nemesis;
        }
        Ok(event)
    }
}
