//! What a run has made nodes do, as numbers that are the same in every run: which steps, and which step
//! after which. Values, versions and counters do not count, or every run would be new.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashSet, FxHasher};

use crate::protocol::{ClientReply, Effect, Input, NodeId, Request};

/// What nodes did.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    /// A kind of input, and the kinds of effects that it had.
    pub steps: FxHashSet<u64>,
    /// Two steps of one node, one after the other.
    pub pairs: FxHashSet<u64>,
    /// The last step of each node.
    last: Vec<u64>,
}

impl Coverage {
    /// The number of an input by its kind.
    pub(super) fn input(input: &Input) -> u64 {
        match input {
            Input::Request(request) => number(match request.request {
                Request::Read => "read",
                Request::Write(_) => "write",
                Request::Cas { .. } => "cas",
                Request::Add(_) | Request::Insert(_) => "add",
                Request::Enqueue(_) => "enqueue",
                Request::Dequeue => "dequeue",
            }),
            Input::Message { message, .. } => number(message.kind()),
            Input::Persisted { slot, .. } => number(("persisted", slot.room)),
            Input::Timer(timer) => number(("timer", timer.kind)),
        }
    }

    /// A node has handled an input of this number.
    pub(super) fn add(&mut self, node: NodeId, input: u64, effects: &[Effect]) {
        let mut hasher = FxHasher::default();
        input.hash(&mut hasher);
        let mut before = 0;
        for effect in effects {
            let kind = kind(effect);
            // What is said to all is said once.
            if kind != before {
                kind.hash(&mut hasher);
            }
            before = kind;
        }
        let step = hasher.finish();
        self.last.resize(self.last.len().max(usize::from(node) + 1), 0);
        let last = std::mem::replace(&mut self.last[usize::from(node)], step);
        self.steps.insert(step);
        self.pairs.insert(number((last, step)));
    }
}

fn kind(effect: &Effect) -> u64 {
    match effect {
        Effect::Send { message, .. } => number(("send", message.kind())),
        Effect::Persist { slot, .. } => number(("persist", slot.room)),
        Effect::Reply { reply, .. } => number(match reply {
            ClientReply::Value(None) => "nothing",
            ClientReply::Value(Some(_)) => "value",
            ClientReply::Written => "written",
            ClientReply::Differs(_) => "differs",
            ClientReply::Unavailable => "unavailable",
        }),
        Effect::SetTimer { timer, .. } => number(("set", timer.kind)),
    }
}

/// A number for something, the same on every machine.
pub fn number(what: impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    what.hash(&mut hasher);
    hasher.finish()
}
