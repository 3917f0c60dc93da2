//! The diagram of space and time behind a counterexample: clients and replicas as lanes, messages as
//! arrows, and which replica held which value when. Of a run with thousands of messages it shows those
//! that the few operations caused, and what else changed the register meanwhile.

mod behind;
mod draw;
mod layout;
mod line;
mod scene;

pub use behind::{behind, script_picture};

use crate::client::{Action, Response};
use crate::protocol::Key;
use crate::time::{Nanos, show_duration};
use crate::world::trace::{Asked, SpaceTime};
use scene::Scene;

/// What pictures look like that are files of their own.
const STYLE: &str = concat!(include_str!("../style/theme.css"), include_str!("picture.css"));

/// What a diagram is about.
#[derive(Debug, Clone, Copy)]
pub struct Story<'a> {
    /// Everything that happened.
    pub drawn: &'a SpaceTime,
    /// The names of the nodes.
    pub names: &'a [String],
    /// The register.
    pub key: Key,
    /// The operations, by their places in what happened, in the order of their letters.
    pub cited: &'a [usize],
}

impl Story<'_> {
    /// The diagram as an SVG element for a page that has the style.
    pub fn element(&self) -> String {
        draw::element(&Scene::new(self))
    }

    /// The diagram as a file of its own, in the reader's choice of dark or light, under two lines of text.
    pub fn file(&self, title: &str, about: &str) -> String {
        draw::file(&Scene::new(self), STYLE, title, about)
    }
}

/// What was asked, and what came of it.
fn told(asked: &Asked) -> String {
    let value = |value: Option<i64>| value.map_or("null".to_owned(), |value| value.to_string());
    let call = match asked.operation.action {
        Action::Read => "read".to_owned(),
        Action::Write(new) => format!("write {new}"),
        Action::Cas { expected, new } => format!("cas [{}, {new}]", value(expected)),
        Action::Add(new) | Action::Insert(new) => format!("add {new}"),
        Action::Enqueue(new) => format!("enqueue {new}"),
        Action::Dequeue => "dequeue".to_owned(),
    };
    let came = match asked.ended.map(|(_, response)| response) {
        Some(Response::Value(read) | Response::ValueAt(read, _)) => value(read),
        Some(Response::Written | Response::WrittenAt(_)) => return call,
        Some(Response::Differs(met)) => format!("met {}", value(met)),
        Some(Response::Unavailable) => "unavailable".to_owned(),
        Some(Response::Refused) => "refused".to_owned(),
        Some(Response::ConnectionLost) => "connection lost".to_owned(),
        Some(Response::TimedOut) => "timeout".to_owned(),
        Some(Response::Error(error)) => error.name.to_owned(),
        None => "?".to_owned(),
    };
    format!("{call} → {came}")
}

/// A duration as pages write it.
fn duration(time: Nanos) -> String {
    show_duration(time).replace("us", "µs")
}

/// A, B, …, and after Z with a number.
fn letter(place: usize) -> String {
    let letter = char::from(b'A' + (place % 26) as u8);
    if place < 26 { letter.to_string() } else { format!("{letter}{}", place / 26) }
}

#[cfg(test)]
mod tests;
