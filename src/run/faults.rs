//! What was broken when.

use crate::nemesis::{Fault, FaultKind};
use crate::protocol::NodeSet;
use crate::time::Nanos;

/// A time during which something was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultWindow {
    /// What was broken.
    pub kind: FaultKind,
    /// When it broke.
    pub from: Nanos,
    /// When it was mended.
    pub to: Nanos,
    /// The nodes that were down meanwhile, or may have been: none, unless it was a crash, a wipe or a full disk.
    pub down: NodeSet,
}

impl FaultWindow {
    /// Something that was on from then until it was, or will be, undone.
    fn of(undo: &Fault, from: Nanos, to: Nanos) -> Self {
        let down = match undo {
            Fault::Restart { nodes } | Fault::Replace { nodes } | Fault::FreeDisks { nodes } => {
                nodes.iter().copied().collect()
            }
            _ => NodeSet::EMPTY,
        };
        Self { kind: undo.kind(), from, to, down }
    }
}

/// What was broken and mended so far.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Faults that are on: what mends each, and since when.
    on: Vec<(Fault, Nanos)>,
    over: Vec<FaultWindow>,
}

impl Faults {
    /// Something breaks, or is mended.
    pub(super) fn change(&mut self, fault: &Fault, now: Nanos) {
        if let Some(undo) = fault.undo() {
            self.on.push((undo, now));
        } else if let Some(place) = self.on.iter().position(|(undo, _)| undo == fault) {
            let (undo, from) = self.on.remove(place);
            self.over.push(FaultWindow::of(&undo, from, now));
        }
    }

    /// What mends what is on: a wiped node that starts is replaced.
    pub(super) fn mend(&self, fault: Fault) -> Fault {
        match fault {
            Fault::Restart { nodes } => {
                let replaced = Fault::Replace { nodes: nodes.clone() };
                let is_wiped = self.on.iter().any(|(undo, _)| *undo == replaced);
                if is_wiped { replaced } else { Fault::Restart { nodes } }
            }
            other => other,
        }
    }

    /// How many of each kind are on.
    pub(super) fn now(&self) -> [usize; FaultKind::ALL.len()] {
        FaultKind::ALL.map(|kind| self.on.iter().filter(|(undo, _)| undo.kind() == kind).count())
    }

    /// All of them. What is still on ends with the run.
    pub(super) fn windows(self, end: Nanos) -> Vec<FaultWindow> {
        let mut windows = self.over;
        windows.extend(self.on.iter().map(|(undo, from)| FaultWindow::of(undo, *from, end)));
        windows
    }
}
