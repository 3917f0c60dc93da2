//! What a quorum system is worth, as text within eighty columns and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use super::text::{counted, entry, wrap};
use crate::quorum::{
    Best, Choice, Explanation, Meeting, Names, NoStrategy, NodeSet, ReadWriteSystem, Rule, Side,
    TooMany, warnings,
};
use crate::time::show_duration;

/// How many quorums of a kind are listed.
const LISTED_MAX: usize = 12;

/// How many that are asked equally often are listed.
const EACH_MAX: usize = 4;

/// All of it in plain text.
pub fn explained(explanation: &Explanation<'_>) -> String {
    let system = &explanation.subject.system;
    let mut out = heading(system);
    table(&mut out, explanation);
    out.push('\n');
    let names = &system.names;
    let every = "every read quorum meets every write quorum";
    entry(&mut out, "meet", &meeting(every, explanation.reads_meet_writes, names));
    let two = "every two write quorums meet";
    entry(&mut out, "", &meeting(two, explanation.writes_meet_writes, names));
    if let Ok(miss) = explanation.miss_probability
        && miss > 0.0
    {
        entry(&mut out, "stale", &staleness(miss));
    }
    if let Ok((signed, plain)) = explanation.liars()
        && signed > 0
    {
        let text = format!("{signed} are tolerated if data is signed, {plain} if it can be forged");
        entry(&mut out, "liars", &text);
    }
    out.push('\n');
    best(&mut out, explanation);
    let warnings = warnings(explanation);
    if !warnings.is_empty() {
        out += "\nto know\n";
    }
    for warning in warnings {
        let text = wrap(&warning.text, 4, 4);
        let _ = write!(out, "  - {}", &text[4..]);
    }
    out
}

/// Which system it is.
fn heading(system: &ReadWriteSystem) -> String {
    if system.as_thresholds().is_some() {
        return format!("{system}\n\n");
    }
    let mut out = String::new();
    entry(
        &mut out,
        "nodes",
        &format!("{}: {}", system.n(), system.names.show(system.names.nodes())),
    );
    entry(&mut out, "reads", &system.reads.show(&system.names).to_string());
    entry(&mut out, "writes", &system.writes.show(&system.names).to_string());
    out + "\n"
}

/// The two sides beside each other.
fn table(out: &mut String, explanation: &Explanation<'_>) {
    let figures = explanation.subject.wanted.figures;
    let sides = [&explanation.reads, &explanation.writes];
    let mut row = |name: &str, [read, write]: [String; 2]| {
        let _ = writeln!(out, "{name:27}{read:24}{write}");
    };
    row("", ["reads", "writes"].map(str::to_owned));
    let counts = sides.map(|side| side.quorums.as_ref().map(Vec::len).map_err(|many| *many));
    row("minimal quorums", counts.map(or_many));
    row("nodes in the smallest", sides.map(|side| or_many(side.smallest)));
    row("failures survived", sides.map(|side| or_many(side.resilience)));
    if figures.failure.iter().any(|failure| *failure > 0.0) {
        row("available", sides.map(|side| or_many(side.unavailable.map(availability))));
    }
    if figures.latency.iter().any(|latency| *latency > 0) {
        row("waits, if all are asked", sides.map(|side| show_duration(side.latency)));
    } else {
        let means =
            |side: &Side| or_many(side.exponential_latency.map(|means| format!("{means:.2}")));
        row("waits, in mean latencies", sides.map(means));
    }
}

fn or_many(number: Result<impl ToString, TooMany>) -> String {
    number.map_or_else(|TooMany| "too many quorums".to_owned(), |number| number.to_string())
}

/// A probability that is close to one, with as many digits as it takes to see how close.
fn availability(unavailable: f64) -> String {
    let digits =
        if unavailable > 0.0 { (-unavailable.log10()).ceil().max(0.0) as usize } else { 0 };
    let digits = digits.clamp(2, 14);
    format!("{:.*} %", digits, 100.0 * (1.0 - unavailable))
}

/// Whether it is so, and in how many nodes, or which two quorums show that it is not.
fn meeting(claim: &str, found: Result<Meeting, TooMany>, names: &Names) -> String {
    match found {
        Err(many) => format!("whether {claim}: {many}"),
        Ok(found) if found.always() => {
            format!("{claim}, in {} at least", counted(u64::from(found.nodes), "node"))
        }
        Ok(found) => {
            let (one, other) = (names.show(found.first), names.show(found.second));
            format!("NOT {claim}: {one} misses {other}")
        }
    }
}

fn staleness(miss: f64) -> String {
    format!(
        "a read misses the last write with probability {}, and all of the last three with {}, if quorums \
         are random and nothing spreads further",
        percent(miss),
        percent(miss.powi(3))
    )
}

/// A probability to three digits.
fn percent(probability: f64) -> String {
    let digits = if probability >= 0.001 { 2 } else { 6 };
    format!("{:.*} %", digits, 100.0 * probability)
}

/// The best strategy, and what it comes to.
fn best(out: &mut String, explanation: &Explanation<'_>) {
    let wanted = &explanation.subject.wanted;
    let names = &explanation.subject.system.names;
    let mean = significant(100.0 * wanted.reads.mean());
    let workload = match wanted.reads.shares().len() {
        1 => format!("{mean} % reads"),
        shares => format!("{mean} % reads on average, of {shares} read fractions"),
    };
    let best = match &explanation.best {
        Ok(best) => best,
        Err(error) => return entry(out, "strategy", &format!("{workload}: {error}")),
    };
    let Best { strategy, load, capacity, network_load, latency } = best;
    entry(out, "load", &format!("{} of the busiest node, at {workload}", significant(*load)));
    let unit =
        if wanted.figures.have_unit_capacity() { ", where one node alone does 1" } else { "" };
    entry(out, "capacity", &format!("{} operations{unit}", significant(*capacity)));
    let mut asks = format!("{network_load:.2} nodes an operation");
    if wanted.figures.latency.iter().any(|latency| *latency > 0) {
        asks += &format!("; {} on average", show_duration(latency.round() as u64));
    }
    entry(out, "asks", &asks);
    entry(out, "strategy", &format!("reads {}", choice(&strategy.reads, names)));
    entry(out, "", &format!("writes {}", choice(&strategy.writes, names)));
}

/// Four digits that count.
fn significant(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return number.to_string();
    }
    let digits = (3 - number.abs().log10().floor() as i32).max(0) as usize;
    let text = format!("{number:.digits$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn choice(choice: &Choice, names: &Names) -> String {
    let alike = |(_, probability): &(NodeSet, f64)| (probability - choice[0].1).abs() < 1e-9;
    if choice.len() > EACH_MAX && choice.iter().all(alike) {
        return format!("{} quorums equally often", choice.len());
    }
    let show = |(quorum, probability): &(NodeSet, f64)| {
        let quorum = names.show(*quorum);
        if choice.len() == 1 { quorum } else { format!("{quorum} {:.1} %", 100.0 * probability) }
    };
    let mut shown: Vec<String> = choice.iter().take(LISTED_MAX).map(show).collect();
    if choice.len() > LISTED_MAX {
        shown.push(format!("and {} more", choice.len() - LISTED_MAX));
    }
    shown.join(", ")
}

/// All of it for programs. What would take too long to list is null.
pub fn explained_json(explanation: &Explanation<'_>) -> Value {
    let system = &explanation.subject.system;
    let names = &system.names;
    let warnings = warnings(explanation);
    json!({
        "nodes": names.iter().collect::<Vec<_>>(),
        "r": system.as_thresholds().map(|(r, _)| r),
        "w": system.as_thresholds().map(|(_, w)| w),
        "reads": side_json(&explanation.reads, &system.reads, names),
        "writes": side_json(&explanation.writes, &system.writes, names),
        "reads_meet_writes": explanation.reads_meet_writes.ok().map(|m| meeting_json(&m, names)),
        "writes_meet_writes": explanation.writes_meet_writes.ok().map(|m| meeting_json(&m, names)),
        "resilience": explanation.resilience().ok(),
        "liars": explanation.liars().ok().map(|(signed, plain)| json!({
            "signed": signed,
            "unsigned": plain,
        })),
        "miss_probability": explanation.miss_probability.ok(),
        "read_fraction": explanation.subject.wanted.reads.mean(),
        "best": best_json(&explanation.best, names),
        "warnings": warnings.iter().map(|warning| json!({
            "name": warning.name,
            "text": warning.text,
        })).collect::<Vec<_>>(),
    })
}

fn set_json(set: NodeSet, names: &Names) -> Value {
    set.iter().map(|node| &names[node]).collect()
}

fn side_json(side: &Side, rule: &Rule, names: &Names) -> Value {
    let quorums = side.quorums.as_ref().ok();
    let listed = quorums.map(|quorums| -> Vec<Value> {
        quorums.iter().map(|quorum| set_json(*quorum, names)).collect()
    });
    json!({
        "expression": rule.show(names).to_string(),
        "quorums": listed,
        "smallest": side.smallest.ok(),
        "resilience": side.resilience.ok(),
        "unavailable": side.unavailable.ok(),
        "exponential_latency": side.exponential_latency.ok(),
    })
}

fn meeting_json(meeting: &Meeting, names: &Names) -> Value {
    json!({
        "always": meeting.always(),
        "nodes": meeting.nodes,
        "first": set_json(meeting.first, names),
        "second": set_json(meeting.second, names),
    })
}

fn best_json(best: &Result<Best, NoStrategy>, names: &Names) -> Value {
    let choice = |choice: &Choice| -> Vec<Value> {
        let asked = choice.iter().map(|(quorum, probability)| {
            json!({ "quorum": set_json(*quorum, names), "probability": probability })
        });
        asked.collect()
    };
    match best {
        Err(error) => json!({ "none": error.to_string() }),
        Ok(best) => json!({
            "load": best.load,
            "capacity": best.capacity,
            "network_load": best.network_load,
            "latency_ns": best.latency,
            "reads": choice(&best.strategy.reads),
            "writes": choice(&best.strategy.writes),
        }),
    }
}
