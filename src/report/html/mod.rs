//! `report.html`: one page that needs nothing else, and nobody else's network.
//!
//! Everything it shows is one JSON document inside it, which also serves programs. A history is
//! hostile text: in the document nothing can end the element that holds it, the script puts text on the
//! page as text alone, and the page's own policy forbids every script but that one.

mod column;
mod proofs;
mod sample;
mod texts;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quorate_checker::{Certificate, Datum, KeyCertificate, Object, Value};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::faults::FaultSpan;
use super::plots::plots;
use super::trace::{Operation, Trace, fit, fit_lines};
use crate::world::Ledger;
use column::column;
use proofs::{Proofs, cited};
use sample::{OPERATIONS_MAX, Sample};
use texts::Texts;

/// The version of the document in the page.
const VERSION: u32 = 1;
/// So many counterexamples are told at most.
const VIOLATIONS_MAX: usize = 100;

const STYLE: &str = concat!(
    include_str!("../style/theme.css"),
    include_str!("../style/base.css"),
    include_str!("page.css"),
    include_str!("../spacetime/picture.css"),
);
/// The script, in the order in which it reads.
const SCRIPT: &str = concat!(
    "\"use strict\";\n(() => {\n",
    include_str!("script/document.js"),
    include_str!("script/elements.js"),
    include_str!("script/verdict.js"),
    include_str!("script/counterexample.js"),
    include_str!("script/spacetime.js"),
    include_str!("script/lanes.js"),
    include_str!("script/timeline.js"),
    include_str!("script/search.js"),
    include_str!("script/stepper.js"),
    include_str!("script/plots.js"),
    include_str!("script/main.js"),
    "})();\n",
);

/// What a page is about.
pub struct Subject<'a> {
    /// What it is called.
    pub title: &'a str,
    /// What made it, and what repeats it: a name and a text each.
    pub origin: &'a [(&'static str, String)],
    /// The verdict and what belongs to it, as `verdict.json` has it.
    pub result: &'a Json,
    /// The proofs.
    pub certificate: &'a Certificate,
    /// The history.
    pub trace: &'a Trace,
    /// What nodes sent meanwhile, if it is known.
    pub ledger: Option<&'a Ledger>,
    /// What happened between clients and nodes, if it is known.
    pub spacetimes: &'a [SpaceTimePicture],
}

/// The messages behind one counterexample.
#[derive(Debug)]
pub struct SpaceTimePicture {
    /// The place of its key in the certificate.
    pub proof: usize,
    /// An SVG element, as [`Story::element`](super::Story::element) makes it.
    pub svg: String,
}

/// The whole page.
pub fn page(subject: &Subject<'_>) -> String {
    let document = inside_script(&document(subject, OPERATIONS_MAX).to_string());
    let mut page = String::with_capacity(document.len() + SCRIPT.len() + STYLE.len() + 4096);
    let _ = write!(
        page,
        include_str!("page.html"),
        policy = policy(),
        style = STYLE,
        pictures = pictures(subject.spacetimes),
        document = document,
        script = SCRIPT,
    );
    page
}

/// Each picture in a template, from which the script takes it when it is looked at.
fn pictures(spacetimes: &[SpaceTimePicture]) -> String {
    let template = |picture: &SpaceTimePicture| {
        format!("<template id=\"spacetime-{}\">{}</template>\n", picture.proof, picture.svg)
    };
    spacetimes.iter().map(template).collect()
}

/// JSON that stays inside its element whatever it holds, and that older scripts read, too. Outside of
/// strings JSON has none of these characters.
fn inside_script(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(safe, "\\u{:04x}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    safe
}

/// The content security policy of every page that this program makes: its own script, its own style, and no
/// network.
pub fn policy() -> String {
    format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; img-src data:; base-uri 'none'; \
         form-action 'none'",
        fingerprint(SCRIPT),
        fingerprint(STYLE)
    )
}

/// What a content security policy calls a script or a style sheet by.
pub fn fingerprint(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

fn document(subject: &Subject<'_>, limit: usize) -> Json {
    let Subject { title, origin, result, certificate, trace, ledger, .. } = *subject;
    let sample = Sample::new(trace.operations.len(), &cited(trace, certificate), limit);
    let mut texts = Texts::new(trace);
    let columns = columns(trace, &sample, &mut texts);
    let initial = initial(certificate);
    let mut proofs =
        Proofs { trace, sample: &sample, texts: &mut texts, initial: initial.as_ref() };
    let proofs: Vec<Json> = certificate.keys.iter().map(|key| proofs.json(key)).collect();
    let mut result = result.clone();
    link(&mut result, certificate);
    cut(&mut result);
    json!({
        "version": VERSION,
        "title": fit(title),
        "origin": origin.iter().map(|(name, text)| json!([name, fit(text)])).collect::<Vec<_>>(),
        "result": result,
        "object": certificate.reading.model,
        "clock": if trace.has_times { "ns" } else { "events" },
        "end": trace.end.saturating_sub(epoch(trace)),
        "operations": {
            "total": trace.operations.len(),
            "shown": sample.kept.len(),
            "processes": trace.processes,
            "functions": trace.functions,
            "texts": texts.met,
            "columns": columns,
        },
        "proofs": proofs,
        "faults": trace.faults.iter().map(|span| fault(span, epoch(trace))).collect::<Vec<_>>(),
        "plots": plots(trace, ledger).iter().map(|plot| plot.json(epoch(trace))).collect::<Vec<_>>(),
    })
}

/// The initial value of registers; `None` for other objects.
fn initial(certificate: &Certificate) -> Option<Value> {
    let reading = &certificate.reading;
    (reading.model == Object::Register).then(|| Value::from_datum(&reading.initial)).flatten()
}

/// From when on the page counts: 0, or where numbers are too large for scripts, the first invocation.
fn epoch(trace: &Trace) -> i64 {
    const EXACT_MAX: i64 = 1 << 53;
    if trace.end < EXACT_MAX { 0 } else { trace.operations.first().map_or(0, |first| first.from) }
}

/// The operations as columns, in the order of their invocations. A client that never knew more has no
/// duration.
fn columns(trace: &Trace, sample: &Sample, texts: &mut Texts<'_>) -> Json {
    let kept = || sample.kept.iter().map(|number| &trace.operations[*number as usize]);
    let numbers = |number: &dyn Fn(&Operation) -> i64| {
        column(kept().map(|operation| Some(number(operation))))
    };
    let mut named =
        |text: fn(&Operation) -> u32| column(kept().map(|operation| texts.number(text(operation))));
    let lasted = |op: &Operation| Some(op.to?.saturating_sub(op.from).max(0));
    json!({
        "call": numbers(&|op| op.call.into()),
        "process": numbers(&|op| op.process.into()),
        "function": numbers(&|op| op.function.into()),
        "outcome": numbers(&|op| op.outcome as i64),
        "key": named(|op| op.key),
        "asked": named(|op| op.asked),
        "answered": named(|op| op.answered),
        "from": numbers(&|op| op.from.saturating_sub(epoch(trace))),
        "duration": column(kept().map(lasted)),
    })
}

fn fault(span: &FaultSpan, epoch: i64) -> Json {
    json!({
        "kind": span.kind,
        "what": span.what,
        "from": span.from.saturating_sub(epoch),
        "to": span.to.saturating_sub(epoch),
    })
}

/// Keeps the first violations, and says of each which proof is its own.
fn link(result: &mut Json, certificate: &Certificate) {
    let Some(violations) = result["violations"].as_array_mut() else { return };
    let count = violations.len();
    violations.truncate(VIOLATIONS_MAX);
    for violation in violations {
        let place = violation["key"].as_str().and_then(|key| place_of_key(certificate, key));
        violation["proof"] = json!(place);
    }
    result["violation_count"] = json!(count);
}

/// The place in a certificate of the key that a result calls so.
pub(super) fn place_of_key(certificate: &Certificate, name: &str) -> Option<usize> {
    let is_it = |key: &KeyCertificate| match &key.key {
        Datum::Nil => name.is_empty(),
        key => key.to_string() == name,
    };
    certificate.keys.iter().position(is_it)
}

/// Cuts every text in a document that is not fit to be shown.
fn cut(document: &mut Json) {
    match document {
        Json::String(text) => *text = fit_lines(text),
        Json::Array(items) => items.iter_mut().for_each(cut),
        Json::Object(entries) => entries.values_mut().for_each(cut),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
