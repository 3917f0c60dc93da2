//! Convergence: once nobody writes any more, everybody reads the same in the end.

use std::collections::BTreeMap;

use super::{Breach, Standing};
use crate::event::NO_TIME;
use crate::function::Function;
use crate::history::{Op, Outcome};
use crate::linear::{Action, Lens};

/// Looks at the last read of each process among those that began after every write had ended, or its
/// client had given up.
pub(super) fn check(ops: &[Op], lens: Lens) -> Standing {
    let writes =
        || ops.iter().filter(|op| op.function() != Function::Read && op.outcome() != Outcome::Fail);
    let timed = ops.iter().all(|op| op.call_time != NO_TIME);
    if !timed && writes().any(|op| op.outcome() == Outcome::Info) {
        return Standing::Open("a write of unknown outcome may still be going on");
    }
    let quiet_from = writes().map(|op| if timed { op.ret_time } else { i64::from(op.ret) }).max();
    let began = |op: &Op| if timed { op.call_time } else { i64::from(op.call) };
    let mut last = BTreeMap::new();
    for item in lens.items(ops) {
        let op = &ops[item.op as usize];
        if let Action::Read(value) = item.action
            && quiet_from.is_none_or(|from| began(op) > from)
        {
            last.insert(op.process(), (item.op, value));
        }
    }
    let Some((first, value)) = last.values().next().copied() else {
        return Standing::Open("nobody read after the last write");
    };
    if last.len() < 2 {
        return Standing::Open("only one process read after the last write");
    }
    let Some((second, other)) = last.values().find(|(_, other)| *other != value).copied() else {
        return Standing::Holds;
    };
    let unknown = |op: &&Op| op.outcome() == Outcome::Info && (op.a == value || op.a == other);
    if writes().find(unknown).is_some() {
        return Standing::Open("a write of unknown outcome took effect in between");
    }
    Standing::Breaks(Breach::Diverged { first, second })
}
