//! Which object a history is of, by its functions.

use crate::datum::{Datum, brief};
use crate::error::ReadError;
use crate::event::{Event, EventKind, Process};
use crate::plain::Entry;
use crate::reading::Object;

/// Client events after which it is too late to find out.
const EVENTS_MAX: usize = 10_000;

/// The objects that the events so far may be of.
pub(super) struct Sniffer {
    left: Vec<Object>,
    seen: usize,
}

impl Sniffer {
    /// Anything, but for registers with versions: a plain register may hold versions in keys of
    /// tuples, so they cannot be told apart; and for queues that only may not lose anything, which are
    /// operated like others.
    pub(super) fn new() -> Self {
        let named_only =
            [Object::VersionedRegister, Object::RevisionedRegister, Object::TotalQueue];
        let left = Object::ALL.into_iter().filter(|object| !named_only.contains(object)).collect();
        Self { left, seen: 0 }
    }

    /// The object, if one of these events tells it.
    pub(super) fn see_each(&mut self, entries: &[Entry]) -> Result<Option<Object>, ReadError> {
        for entry in entries {
            if let Some(object) = self.see(&entry.whole())? {
                return Ok(Some(object));
            }
        }
        Ok(None)
    }

    /// The object, as soon as an event tells it.
    fn see(&mut self, event: &Event) -> Result<Option<Object>, ReadError> {
        if event.process == Process::Nemesis {
            return Ok(None);
        }
        self.seen += 1;
        let before = self.left.clone();
        self.left.retain(|object| may_be(*object, event));
        match self.left[..] {
            [] => Err(unknown(event, &before)),
            [object] => Ok(Some(object)),
            _ if self.seen >= EVENTS_MAX => self.settle(event.line).map(Some),
            _ => Ok(None),
        }
    }

    /// The object at the end of what can be seen: the commonest that it may be.
    pub(super) fn settle(&self, line: u64) -> Result<Object, ReadError> {
        // Transactions that read nothing but null are as good as registers nobody wrote.
        let commonest = [Object::Register, Object::Kv, Object::MultiRegister];
        if let Some(object) = commonest.into_iter().find(|object| self.left.contains(object)) {
            return Ok(object);
        }
        let models: Vec<&str> = self.left.iter().map(|object| object.name()).collect();
        Err(ReadError::field(
            line,
            "f",
            format!("the functions are those of {}", models.join(" and ")),
            format!("--model {}", models.join(" or --model ")),
        ))
    }
}

/// Whether the object has such a function; where several have it, whether it returns such results.
fn may_be(object: Object, event: &Event) -> bool {
    let read = event.kind == EventKind::Ok && event.f == "read";
    object.functions().contains(&&*event.f)
        && match object {
            Object::Set | Object::AppendList if read => matches!(event.value, Datum::List(_)),
            Object::Counter if read => matches!(event.value, Datum::Int(_)),
            Object::ListAppend | Object::MultiRegister => {
                works_on(&event.value).is_none_or(|works_on| works_on == object)
            }
            Object::Kv if event.f == "append" => matches!(event.value, Datum::Text(_)),
            _ => true,
        }
}

/// What a transaction works on: appends and reads of lists tell lists, writes and reads of single values
/// registers.
fn works_on(steps: &Datum) -> Option<Object> {
    let Datum::List(steps) = steps else { return Some(Object::MultiRegister) };
    steps.iter().find_map(|step| {
        let Datum::List(parts) = step else { return Some(Object::MultiRegister) };
        match (parts.first().and_then(Datum::as_name), parts.get(2)) {
            (Some("append" | "a"), _) | (_, Some(Datum::List(_))) => Some(Object::ListAppend),
            (Some("r" | "read"), Some(Datum::Nil) | None) => None,
            _ => Some(Object::MultiRegister),
        }
    })
}

fn unknown(event: &Event, before: &[Object]) -> ReadError {
    let functions =
        |object: &Object| format!("{} ({})", object.functions().join(", "), object.name());
    let known: Vec<String> = before.iter().map(functions).collect();
    ReadError::field(
        event.line,
        "f",
        format!("unknown function `{}`", brief(&event.f)),
        format!("a function of a known model: {}", known.join("; ")),
    )
}
