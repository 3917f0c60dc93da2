//! The result of a run in plain text, within eighty columns as far as the contents allow.

use std::collections::BTreeMap;
use std::fmt::Write;

use quorate_checker::{Anomaly, Explanation, Footing, Isolation, Verdict};

use super::staleness::{seen_in_short, stale_reads};
use crate::client::Action;
use crate::judge::{Evidence, FaultEvidence, Judged, Judgement, Ladder, Outcomes};
use crate::protocol::{Configuration, Object, Setting};
use crate::rng::Seed;
use crate::run::Recovery;
use crate::time::{Nanos, show_duration};
use crate::workload::Workload;
use crate::world::Traffic;

const WIDTH: usize = 80;
const MARGIN: usize = 13;

/// The result of a run.
pub fn judged(
    workload: &Workload,
    seed: Seed,
    duration: Nanos,
    traffic: Traffic,
    result: &Judged,
) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}: {}; seed {seed}\n", workload.name, subject(workload));
    entry(&mut out, "verdict", &verdict(result));
    let promise = &result.promise;
    entry(&mut out, "promised", &format!("{}: {}.", promise.condition.name(), promise.because));
    entry(&mut out, "", &promise.reason);
    entry(&mut out, "judgement", judgement(result));
    if !promise.remedy.is_empty() {
        entry(&mut out, "remedy", &promise.remedy);
    }
    let expected = match result.as_expected {
        Some(true) => "as expected",
        Some(false) => "NOT as expected",
        None => "nobody can tell",
    };
    entry(&mut out, "expected", &format!("{}: {expected}", workload.expect));
    if let Some(recovery) = &result.recovery {
        entry(&mut out, "recovered", &recovered(recovery));
    }
    if result.verdict != Verdict::Valid {
        for (name, verdict) in
            [("holds", Verdict::Valid), ("breaks", Verdict::Invalid), ("open", Verdict::Unknown)]
        {
            let rungs = rungs(&result.ladder, verdict);
            if !rungs.is_empty() {
                entry(&mut out, name, &rungs);
            }
        }
    }
    if result.staleness.stale() > 0 {
        entry(&mut out, "staleness", &stale_reads(&result.staleness));
        if let Some(seen) = seen_in_short(&result.staleness) {
            entry(&mut out, "", &seen);
        }
    }
    let symptoms: Vec<String> = (result.symptoms.iter())
        .map(|(symptom, times)| format!("{} {times}", symptom.name()))
        .collect();
    if !symptoms.is_empty() {
        entry(&mut out, "symptoms", &symptoms.join(", "));
    }
    evidence(&mut out, result, duration, traffic);
    if let Some(violation) = result.violations.first() {
        let _ = write!(out, "\n{}", explanation(&violation.explanation));
        let others: Vec<(String, Anomaly)> = result.violations[1..]
            .iter()
            .map(|violation| (violation.key.clone(), violation.anomaly))
            .collect();
        out += &not_linearizable_either(&others);
    }
    out
}

fn recovered(recovery: &Recovery) -> String {
    match recovery.took {
        Some(took) => {
            format!("every client got through {} after all was mended", show_duration(took))
        }
        None => format!(
            "NO: within {} some client got nothing through {}",
            show_duration(recovery.within),
            recovery.stuck.join(", ")
        ),
    }
}

/// What runs in a few words.
fn subject(workload: &Workload) -> String {
    match (&workload.system, &workload.program) {
        (None, None) => configuration(&workload.config),
        (None, Some(program)) => format!("{program} with N = {}", workload.config.n),
        (Some(system), _) => format!("{system} with N = {}", workload.config.n),
    }
}

/// A configuration in a few words.
pub fn configuration(config: &Configuration) -> String {
    let mut name = config.protocol.name().to_owned();
    if let Some(mutant) = config.mutant {
        name += &format!(", broken on purpose ({}),", mutant.name());
    }
    let has = |setting| config.protocol.facts().settings.contains(&setting);
    match &config.system {
        None if has(Setting::Members) => {
            let (before, after) = (config.members.len(), config.new_members.len());
            format!("{name} with N = {before}, later {after}, change = {}", config.change.name())
        }
        None if !has(Setting::R) => {
            format!("{name} with N = {}, reads = {}", config.n, config.reads.name())
        }
        None => format!("{name} with N = {}, R = {}, W = {}", config.n, config.r, config.w),
        Some(system) => format!("{name} with {system}"),
    }
}

/// The conditions with this verdict.
fn rungs(ladder: &Ladder, verdict: Verdict) -> String {
    let rows = ladder.rows.iter().filter(|row| row.verdict() == verdict);
    let names: Vec<&str> = rows.map(|row| row.rung.name()).collect();
    names.join(", ")
}

/// Every rung of the ladder, and what breaks those below linearizability.
pub fn ladder(ladder: &Ladder) -> String {
    let mut out = "\nconditions\n".to_owned();
    for row in &ladder.rows {
        let keys = row.holds + row.broken + row.open;
        let standing = match row.verdict() {
            Verdict::Valid => "holds".to_owned(),
            Verdict::Invalid => format!("breaks on {} of {}", row.broken, counted(keys, "key")),
            Verdict::Unknown => format!("open: {}", row.why.unwrap_or_default()),
        };
        let _ = writeln!(out, "  {:21}{standing}", row.rung.name());
    }
    // What breaks linearizability has been told before; and the same operations need no second story.
    let mut told: Vec<&Explanation> = ladder.rows[0].example.iter().collect();
    for story in ladder.rows[1..].iter().filter_map(|row| row.example.as_ref()) {
        if told.iter().all(|before| before.timeline != story.timeline) {
            out += &format!("\n{}", explanation(story));
            told.push(story);
        }
    }
    out
}

/// Every isolation level, and what breaks those below the strongest.
pub fn isolation(levels: &[(Isolation, Footing)]) -> String {
    let mut out = "\nisolation\n".to_owned();
    for (level, footing) in levels {
        let standing = match footing {
            Footing::Holds => "holds".to_owned(),
            Footing::Breaks(example) => {
                format!("breaks: {}", example.title.split(':').next().unwrap_or_default())
            }
            Footing::Open(why) => format!("open: {why}"),
        };
        out += &wrap(&format!("{:36}{standing}", level.name()), 2, 38);
    }
    let stories = levels.iter().filter_map(|(_, footing)| match footing {
        Footing::Breaks(story) => Some(story),
        Footing::Holds | Footing::Open(_) => None,
    });
    out + &stories_once(stories)
}

/// Each story that the first has not told yet.
fn stories_once<'a>(stories: impl Iterator<Item = &'a Explanation>) -> String {
    let (mut out, mut told): (String, Vec<&Explanation>) = Default::default();
    for story in stories {
        if told.iter().all(|before| before.title != story.title) {
            if !told.is_empty() {
                out += &format!("\n{}", explanation(story));
            }
            told.push(story);
        }
    }
    out
}

/// A counterexample: the story and the picture.
pub fn explanation(explanation: &Explanation) -> String {
    let mut out = wrap(&explanation.title, 0, 0);
    for line in &explanation.story {
        out += &wrap(line, 2, 4);
    }
    out.push('\n');
    for line in explanation.timeline.lines() {
        let _ = writeln!(out, "  {line}");
    }
    out
}

/// Registers that are not linearizable, beside those whose story was told.
pub fn not_linearizable_either(others: &[(String, Anomaly)]) -> String {
    const LISTED_MAX: usize = 10;
    if others.is_empty() {
        return String::new();
    }
    let mut out = "\nNot linearizable either:\n".to_owned();
    let (listed, rest) = others.split_at(others.len().min(LISTED_MAX));
    for (key, anomaly) in listed {
        let _ = writeln!(out, "  key {key}: {anomaly}");
    }
    if !rest.is_empty() {
        let mut counts: BTreeMap<Anomaly, u64> = BTreeMap::new();
        for (_, anomaly) in rest {
            *counts.entry(*anomaly).or_default() += 1;
        }
        let counts: Vec<String> =
            counts.iter().map(|(anomaly, count)| format!("{count} {anomaly}")).collect();
        let more = format!("and {} more: {}", counted(rest.len() as u64, "key"), counts.join(", "));
        out += &wrap(&more, 2, 4);
    }
    out
}

fn verdict(result: &Judged) -> String {
    let broken = result.violations.len();
    let all = counted(result.evidence.keys, result.object.name());
    match (result.verdict, result.object) {
        (Verdict::Valid, Object::Queue) => {
            "valid: whatever was acknowledged came out of its queue, and nothing else did"
                .to_owned()
        }
        (Verdict::Valid, object) => format!("valid: every {} is linearizable", object.name()),
        (Verdict::Invalid, Object::Queue) => {
            format!("invalid: {broken} of {all} lost something, or gave what nobody had put in")
        }
        (Verdict::Invalid, _) => format!(
            "invalid: {broken} of {all} {} not linearizable",
            if broken == 1 { "is" } else { "are" }
        ),
        (Verdict::Unknown, Object::Queue) => {
            "unknown: some queue was not emptied in the end, so nobody knows what it lost"
                .to_owned()
        }
        (Verdict::Unknown, _) => "unknown: the budget ran out (see --budget)".to_owned(),
    }
}

fn judgement(result: &Judged) -> &'static str {
    match result.judgement {
        Judgement::Kept if !result.evidence.vacuous.is_empty() => {
            "kept, but nothing could have gone wrong"
        }
        Judgement::Kept => "kept: the promise held",
        Judgement::Broken => "BROKEN: what was promised did not hold; this is a bug",
        Judgement::WeakerByDesign if result.object == Object::Queue => {
            "weaker by design: that nothing is lost was never promised"
        }
        Judgement::NotShown if result.object == Object::Queue => {
            "not shown: that nothing is lost is not promised, but nothing was lost this time"
        }
        Judgement::WeakerByDesign => {
            "weaker by design: linearizability was never promised, and what was promised held"
        }
        Judgement::NotShown => {
            "not shown: linearizability is not promised, but nothing broke it this time"
        }
        Judgement::Undecided => "undecided",
    }
}

fn evidence(out: &mut String, result: &Judged, duration: Nanos, traffic: Traffic) {
    let Judged { evidence, object, .. } = result;
    let total = |count: fn(&Outcomes) -> u64| evidence.outcomes.values().map(count).sum::<u64>();
    let (ok, fail, info) = (total(|o| o.ok), total(|o| o.fail), total(|o| o.info));
    let ops = ok + fail + info;
    // Nobody counts what programs of others send.
    let messages = match traffic.messages {
        0 => String::new(),
        sent => format!("; {:.1} messages an operation", sent as f64 / ops.max(1) as f64),
    };
    let first = format!(
        "{} on {} in {}: {ok} ok, {fail} fail, {info} info{messages}",
        counted(ops, "operation"),
        counted(evidence.keys, object.name()),
        show_duration(duration),
    );
    entry(out, "evidence", &first);
    entry(out, "", &contended(*object, evidence));
    for (kind, fault) in &evidence.faults {
        let FaultEvidence { times, overlapping, ops } = *fault;
        let which = if overlapping == times { String::new() } else { format!("{overlapping} of ") };
        let (faults, ops) = (counted(times, "fault"), counted(ops, "operation"));
        entry(out, "", &format!("{kind}: {faults}, {which}which met {ops}"));
    }
    if !evidence.vacuous.is_empty() {
        entry(out, "vacuous", &format!("nothing could have gone wrong: {}", evidence.vacuous));
    }
}

/// How much went on at the same time.
fn contended(object: Object, evidence: &Evidence) -> String {
    let look = Action::look(object).name();
    let looks = evidence.outcomes.get(look).map_or(0, |outcomes| outcomes.ok);
    let met = match object {
        Object::Register => "a write of their register",
        Object::Counter => "an add to their counter",
        Object::Set => "an add to their set",
        Object::Queue => "an enqueue to their queue",
    };
    format!("{} of {looks} ok {look}s overlapped {met}", evidence.contended_reads)
}

/// Adds a text under a name in the margin.
pub fn entry(out: &mut String, name: &str, text: &str) {
    entry_at(out, MARGIN, name, text);
}

/// The same with a margin as wide as this.
pub fn entry_at(out: &mut String, margin: usize, name: &str, text: &str) {
    let text = wrap(text, margin, margin);
    let _ = write!(out, "{name:margin$}{}", &text[margin.min(text.len())..]);
}

/// A number of things, in the plural unless it is one.
pub fn counted(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// Breaks a text into lines, the first indented by `first` and the others by `rest`.
pub fn wrap(text: &str, first: usize, rest: usize) -> String {
    let mut out = " ".repeat(first);
    let mut column = first;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column + length > WIDTH && column > rest {
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
            out.push_str(&" ".repeat(rest));
            column = rest;
        }
        out.push_str(word);
        out.push(' ');
        column += length + 1;
    }
    out.truncate(out.trim_end_matches(' ').len().max(first));
    out.push('\n');
    out
}
