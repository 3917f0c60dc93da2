//! Writers: `history.jsonl` and Jepsen EDN.

use std::io::{self, Write};

use serde::Serialize;

use crate::datum::Datum;
use crate::event::{Event, Process};

/// Writes one event as a line of `history.jsonl`.
pub fn write_jsonl(out: &mut impl Write, event: &Event) -> io::Result<()> {
    out.write_all(b"{")?;
    if let Some(index) = event.index {
        write!(out, "\"index\":{index},")?;
    }
    if let Some(time) = event.time {
        write!(out, "\"time\":{time},")?;
    }
    match event.process {
        Process::Client(number) => write!(out, "\"process\":{number},")?,
        Process::Nemesis => out.write_all(b"\"process\":\"nemesis\",")?,
    }
    write!(out, "\"type\":\"{}\",\"f\":", event.kind.name())?;
    json(out, &*event.f)?;
    let fields = [("key", event.key.as_ref()), ("value", Some(&event.value))];
    for (name, datum) in fields.into_iter().chain([("observed", event.observed.as_ref())]) {
        if let Some(datum) = datum {
            write!(out, ",\"{name}\":")?;
            json(out, datum)?;
        }
    }
    for (name, datum) in &event.extra {
        out.write_all(b",")?;
        json(out, name)?;
        out.write_all(b":")?;
        json(out, datum)?;
    }
    out.write_all(b"}\n")
}

/// Writes one event as an EDN map on a line of its own. Jepsen's `independent` tests put the key into
/// the value, as a tuple; so does this.
pub fn write_edn(out: &mut impl Write, event: &Event) -> io::Result<()> {
    out.write_all(b"{")?;
    if let Some(index) = event.index {
        write!(out, ":index {index}, ")?;
    }
    if let Some(time) = event.time {
        write!(out, ":time {time}, ")?;
    }
    match event.process {
        Process::Client(number) => write!(out, ":process {number}, ")?,
        Process::Nemesis => out.write_all(b":process :nemesis, ")?,
    }
    write!(out, ":type :{}, :f ", event.kind.name())?;
    edn_name(out, &event.f)?;
    out.write_all(b", :value ")?;
    match &event.key {
        Some(key) => {
            out.write_all(b"[")?;
            edn(out, key)?;
            out.write_all(b" ")?;
            edn(out, &event.value)?;
            out.write_all(b"]")?;
        }
        None => edn(out, &event.value)?,
    }
    for (name, datum) in event.observed.iter().map(|datum| ("observed", datum)) {
        write!(out, ", :{name} ")?;
        edn(out, datum)?;
    }
    for (name, datum) in &event.extra {
        out.write_all(b", ")?;
        edn_name(out, name)?;
        out.write_all(b" ")?;
        edn(out, datum)?;
    }
    out.write_all(b"}\n")
}

fn json(out: &mut impl Write, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    serde_json::to_writer(out, value).map_err(io::Error::from)
}

fn edn(out: &mut impl Write, datum: &Datum) -> io::Result<()> {
    match datum {
        Datum::Nil => out.write_all(b"nil"),
        Datum::Bool(value) => write!(out, "{value}"),
        Datum::Int(value) => write!(out, "{value}"),
        Datum::Float(value) => write!(out, "{value:?}"),
        Datum::Text(text) => edn_text(out, text),
        Datum::Keyword(name) => edn_name(out, name),
        Datum::List(items) => {
            out.write_all(b"[")?;
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.write_all(b" ")?;
                }
                edn(out, item)?;
            }
            out.write_all(b"]")
        }
        Datum::Map(entries) => {
            out.write_all(b"{")?;
            for (i, (key, value)) in entries.iter().enumerate() {
                if i > 0 {
                    out.write_all(b", ")?;
                }
                edn(out, key)?;
                out.write_all(b" ")?;
                edn(out, value)?;
            }
            out.write_all(b"}")
        }
    }
}

/// A keyword, or a string where the characters allow no keyword.
fn edn_name(out: &mut impl Write, name: &str) -> io::Result<()> {
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.*+!?/<>=".contains(c))
        && !name.ends_with('/');
    if fits { write!(out, ":{name}") } else { edn_text(out, name) }
}

/// The escapes that every EDN reader knows.
fn edn_text(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(b"\"")?;
    for c in text.chars() {
        match c {
            '"' => out.write_all(b"\\\"")?,
            '\\' => out.write_all(b"\\\\")?,
            '\n' => out.write_all(b"\\n")?,
            '\r' => out.write_all(b"\\r")?,
            '\t' => out.write_all(b"\\t")?,
            c => write!(out, "{c}")?,
        }
    }
    out.write_all(b"\"")
}
