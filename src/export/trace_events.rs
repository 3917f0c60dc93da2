//! A history as trace events in JSON, which [Perfetto](https://ui.perfetto.dev) and Chromium's
//! `chrome://tracing` show: a track for each lane of clients, and one for each kind of fault.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value as Json, json};

use crate::report::{FaultSpan, Operation, Trace};

/// The numbers of the two processes that the tools show.
const CLIENTS: u32 = 1;
const NEMESIS: u32 = 2;

/// Writes a history whose operations were read into a trace. Operations that never ended last to the end.
pub fn write_trace_events(trace: &Trace, mut out: impl Write) -> io::Result<()> {
    out.write_all(b"{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n")?;
    let names = [(CLIENTS, "clients"), (NEMESIS, "nemesis")].map(|(pid, name)| {
        json!({ "ph": "M", "name": "process_name", "pid": pid, "args": { "name": name } })
    });
    let lanes = lanes(trace);
    let lanes = lanes.iter().map(|(lane, name)| {
        json!({
            "ph": "M", "name": "thread_name", "pid": CLIENTS, "tid": lane, "args": { "name": name },
        })
    });
    let operations = trace.operations.iter().map(|operation| slice(trace, operation));
    let faults = trace.faults.iter().enumerate();
    let faults = faults.flat_map(|(number, span)| fault(trace, number, span));
    let mut separator: &[u8] = b"";
    for event in names.into_iter().chain(lanes).chain(operations).chain(faults) {
        out.write_all(separator)?;
        serde_json::to_writer(&mut out, &event)?;
        separator = b",\n";
    }
    out.write_all(b"\n]}\n")
}

/// Each lane, and the processes that take turns in it.
fn lanes(trace: &Trace) -> BTreeMap<u32, String> {
    let mut lanes: BTreeMap<u32, String> = BTreeMap::new();
    for (process, lane) in &trace.processes {
        let name = lanes.entry(*lane).or_default();
        *name +=
            &if name.is_empty() { format!("process {process}") } else { format!(", {process}") };
    }
    lanes
}

/// Microseconds, in which these tools count; or events.
fn time(trace: &Trace, at: i64) -> f64 {
    if trace.has_times { at as f64 / 1000.0 } else { at as f64 }
}

fn slice(trace: &Trace, operation: &Operation) -> Json {
    let text = |number: u32| trace.texts.get(number as usize);
    let function = &trace.functions[operation.function as usize];
    let (asked, answered) = (text(operation.asked), text(operation.answered));
    let name = match asked.or(answered) {
        Some(text) => format!("{function} {text}"),
        None => function.clone(),
    };
    let (process, lane) = trace.processes[operation.process as usize];
    let lasts = operation.to.unwrap_or(trace.end).saturating_sub(operation.from).max(0);
    json!({
        "ph": "X",
        "name": name,
        "cat": operation.outcome.name(),
        "pid": CLIENTS,
        "tid": lane,
        "ts": time(trace, operation.from),
        "dur": time(trace, lasts),
        "args": {
            "process": process,
            "key": text(operation.key),
            "asked": asked,
            "answered": answered,
            "outcome": operation.outcome.name(),
        },
    })
}

/// Faults of a kind may overlap, so they are no slices of one track, but each has its own beginning and end.
fn fault(trace: &Trace, number: usize, span: &FaultSpan) -> [Json; 2] {
    [("b", span.from), ("e", span.to)].map(|(phase, at)| {
        json!({
            "ph": phase,
            "name": span.kind,
            "cat": "fault",
            "id": number,
            "pid": NEMESIS,
            "tid": 0,
            "ts": time(trace, at),
            "args": { "what": span.what },
        })
    })
}
