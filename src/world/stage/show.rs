//! Lines of scripts as text.

use super::cue::{Cue, Which};
use super::script::Names;
use crate::client::{Action, Operation};
use crate::protocol::Timer;
use crate::time::exact_duration;

impl Cue {
    /// The line.
    pub(super) fn show(&self, names: Names<'_>) -> String {
        match self {
            Self::Clients(clients) => format!("clients {}", clients.join(" ")),
            Self::Begin { client, operation, node, later } => {
                let later = if *later { " later" } else { "" };
                format!("{client}: {} at {}{later}", show_operation(operation), names.show(*node))
            }
            Self::Arrive { client, number } => format!("arrive {}{client}", show_ordinal(*number)),
            Self::Answer { client } => format!("answer {client}"),
            Self::Disconnect { client } => format!("disconnect {client}"),
            Self::Carry { fate, which, from, to } => {
                let to: Vec<String> = to.iter().map(|node| names.show(*node)).collect();
                let (fate, from) = (fate.name(), names.show(*from));
                format!("{fate} {}{from} -> {}", which.show(), to.join(", "))
            }
            Self::Sync { nodes, once } => {
                let once = if *once { " once" } else { "" };
                format!("sync {}{once}", names.list(nodes))
            }
            Self::Timer { node, timer } => match timer {
                None => format!("timer {}", names.show(*node)),
                Some(Timer { kind, number }) => {
                    format!("timer {} {kind}:{number}", names.show(*node))
                }
            },
            Self::Crash { nodes, lose_unsynced } => {
                let losing = if *lose_unsynced { " losing unsynced" } else { "" };
                format!("crash {}{losing}", names.list(nodes))
            }
            Self::Wipe(nodes) => format!("wipe {}", names.list(nodes)),
            Self::Restart(nodes) => format!("restart {}", names.list(nodes)),
            Self::SetClock { node, offset } => {
                let sign = if *offset < 0 { '-' } else { '+' };
                let ahead = exact_duration(offset.unsigned_abs());
                format!("clock {} {sign}{ahead}", names.show(*node))
            }
            Self::Settle(nodes) => format!("settle {}", names.list(nodes)),
            Self::GiveUp { client } => format!("give up {client}"),
            Self::Wait(time) => format!("wait {}", exact_duration(*time)),
            Self::Pace(time) => format!("pace {}", exact_duration(*time)),
            Self::Patience(time) => format!("patience {}", exact_duration(*time)),
        }
    }
}

impl Which {
    fn show(&self) -> String {
        let number = self.number.map_or("all ".to_owned(), show_ordinal);
        let kind = self.kind.as_ref().map(|kind| format!("{kind} ")).unwrap_or_default();
        number + &kind
    }
}

/// What is asked for, without whom. The first register need not be named.
fn show_operation(operation: &Operation) -> String {
    let key = |preposition: &str| match operation.key {
        0 => String::new(),
        key => format!("{preposition} x{key}"),
    };
    match operation.action {
        Action::Read => format!("read{}", key("")),
        Action::Write(value) => format!("write {value}{}", key(" to")),
        Action::Cas { expected: None, new } => format!("cas nothing -> {new}{}", key(" on")),
        Action::Cas { expected: Some(expected), new } => {
            format!("cas {expected} -> {new}{}", key(" on"))
        }
        Action::Add(value) | Action::Insert(value) => format!("add {value}{}", key(" to")),
        Action::Enqueue(value) => format!("enqueue {value}{}", key(" to")),
        Action::Dequeue => format!("dequeue{}", key(" from")),
    }
}

/// `2nd ` and the like; nothing for the first.
fn show_ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        _ if number == 1 => return String::new(),
        (1, tens) if tens != 11 => "st",
        (2, tens) if tens != 12 => "nd",
        (3, tens) if tens != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending} ")
}
