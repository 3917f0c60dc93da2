//! A counterexample for people: let…, then…, however…, a contradiction; and a picture in plain text.

mod attempts;
mod breach;
mod calls;
mod growing;
mod stopped;
mod timeline;
mod total_queue;
mod transactions;

use crate::anomaly::{Anomaly, CycleKind};
use crate::datum::brief;
use crate::event::NO_TIME;
use crate::function::Function;
use crate::history::{KeyHistory, OPEN, Op, Outcome};
use crate::linear::{Action, Item, Lens, Rules, failed_writer, stale};
use crate::value::{ValueId, Values};
use crate::verdict::Counterexample;

use attempts::{Attempt, attempts};
pub use breach::explain_breach;
pub(crate) use calls::explain_calls;
pub(crate) use growing::explain_growing;
pub(crate) use stopped::{Called, explain_stop};
pub use timeline::{Bar, timeline};
pub(crate) use total_queue::{explain_left, explain_total};
pub(crate) use transactions::{also, explain_evidence};

/// A counterexample in words and as a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What it is about, in one line.
    pub title: String,
    /// The argument, a sentence or two a line.
    pub story: Vec<String>,
    /// The operations over time.
    pub timeline: String,
}

/// Explains why these operations of a register are impossible.
pub fn explain(
    key: &KeyHistory,
    values: &Values,
    rules: &Rules,
    counterexample: &Counterexample,
) -> Explanation {
    let lens = Lens::new(rules, values);
    let cited: Vec<Citation> = (counterexample.ops.iter().enumerate())
        .filter_map(|(i, cited)| {
            let item = lens.cited(&key.ops, *cited, counterexample.until)?;
            Some(Citation { name: name(i), op: key.ops[cited.op as usize], item })
        })
        .collect();
    let teller = Teller { key, values, lens, cited };
    let story = teller.story(counterexample.anomaly);
    let bars: Vec<Bar> = teller.cited.iter().map(|cited| teller.bar(cited)).collect();
    let of_key = key.key.as_ref().map(|key| format!(" on key {key}")).unwrap_or_default();
    let title = format!("{}{of_key}: {}", counterexample.anomaly, meaning(counterexample.anomaly));
    Explanation { title, story, timeline: timeline(&bars) }
}

/// The anomaly in one clause.
fn meaning(anomaly: Anomaly) -> &'static str {
    match anomaly {
        Anomaly::PhantomValue => "a read returned a value that nobody wrote",
        Anomaly::DirtyRead => "a read returned a value whose write had failed",
        Anomaly::FutureRead => "a read returned a value before anybody began to write it",
        Anomaly::LostCas => "two compare-and-sets replaced the same value, written once",
        Anomaly::LostWrite => "an acknowledged write vanished, and nothing had replaced it",
        Anomaly::LostElement => "what was acknowledged never came out of a queue that was emptied",
        Anomaly::StaleRead => "a read missed a write that had completed before it began",
        Anomaly::NewOldInversion => "an old value was read again after a newer one was in place",
        Anomaly::VersionOrder => {
            "no order of these operations explains their versions, though one explains the values"
        }
        Anomaly::Contradiction => "no order of these operations explains what they returned",
        Anomaly::IntermediateRead => "a transaction read what its writer replaced before the end",
        Anomaly::InternalRead => "a transaction contradicts itself",
        Anomaly::UnrepeatableRead => "a transaction read one key twice and found two versions",
        Anomaly::IncompatibleOrder => "two reads show one list in two orders",
        Anomaly::DuplicateElement => "an element stands in a list twice",
        Anomaly::LostUpdate => "two transactions replaced the same version",
        Anomaly::LongFork => "two transactions saw two writes in opposite orders",
        Anomaly::Cycle(kind, _) => match kind {
            CycleKind::G0 => "transactions overwrote each other in a circle",
            CycleKind::G1c => "transactions saw or overwrote each other in a circle",
            CycleKind::GSingle => {
                "a transaction saw a part of what came before it, and missed a part"
            }
            CycleKind::GNonadjacent => {
                "transactions missed each other's writes, though some saw others"
            }
            CycleKind::G2Item => "transactions missed each other's writes in a circle",
        },
    }
}

/// A, B, …, Z, A1, B1, ….
fn name(index: usize) -> String {
    let letter = char::from(b'A' + (index % 26) as u8);
    match index / 26 {
        0 => letter.to_string(),
        round => format!("{letter}{round}"),
    }
}

struct Citation {
    name: String,
    op: Op,
    item: Item,
}

struct Teller<'a> {
    key: &'a KeyHistory,
    values: &'a Values,
    lens: Lens,
    cited: Vec<Citation>,
}

impl Teller<'_> {
    fn story(&self, anomaly: Anomaly) -> Vec<String> {
        let mut story = self.introductions();
        story.extend(match anomaly {
            Anomaly::PhantomValue | Anomaly::DirtyRead | Anomaly::FutureRead => self.sourceless(),
            Anomaly::LostCas => self.lost_cas(),
            Anomaly::StaleRead | Anomaly::LostWrite => self.stale(anomaly),
            _ => self.mutual_precedence().unwrap_or_else(|| self.dead_ends()),
        });
        story
    }

    /// Let A be…, and B be….
    fn introductions(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.cited.iter().map(|cited| self.introduce(cited)).collect();
        let last = lines.len().saturating_sub(1);
        for (i, line) in lines.iter_mut().enumerate() {
            line.push(if i == last { '.' } else { ',' });
        }
        lines
    }

    fn value(&self, value: ValueId) -> String {
        if value.index() >= self.values.len() {
            return "its initial value".to_owned();
        }
        brief(&self.values.get(value).to_string())
    }

    fn introduce(&self, cited: &Citation) -> String {
        let lead = if cited.name == "A" { "Let " } else { "and " };
        let note = match (cited.op.outcome(), cited.item.action, cited.op.function()) {
            (Outcome::Info, ..) => ", whose outcome is unknown",
            _ if cited.item.is_optional() => ", still open when the others had ended",
            (_, Action::Write(_), Function::Cas) => " (only what it wrote matters here)",
            _ => "",
        };
        format!(
            "{lead}{} be process {}'s {}{note}, {}",
            cited.name,
            cited.op.process(),
            self.deed(&cited.op),
            span(Span::of(&cited.op))
        )
    }

    /// The operation and its result in a few words.
    fn deed(&self, op: &Op) -> String {
        match (op.function(), op.outcome()) {
            (Function::Read, Outcome::Ok) => format!("read of {}", self.value(op.a)),
            (Function::Read, _) => "read".to_owned(),
            (Function::Write, _) => format!("write of {}", self.value(op.a)),
            (Function::Cas, outcome) => {
                let change = format!("cas from {} to {}", self.value(op.a), self.value(op.b));
                match outcome {
                    Outcome::Fail if op.observed != ValueId::NONE => {
                        format!("{change}, which failed on {}", self.value(op.observed))
                    }
                    Outcome::Fail => format!("{change}, which found another value"),
                    Outcome::Ok | Outcome::Info => change,
                }
            }
        }
    }

    fn bar(&self, cited: &Citation) -> Bar {
        let op = &cited.op;
        let label = match op.function() {
            Function::Read if op.outcome() == Outcome::Ok => format!("read {}", self.value(op.a)),
            Function::Read => "read".to_owned(),
            Function::Write => format!("write {}", self.value(op.a)),
            Function::Cas => {
                let met = match op.outcome() {
                    Outcome::Fail if op.observed != ValueId::NONE => {
                        format!(" met {}", self.value(op.observed))
                    }
                    Outcome::Fail => " differed".to_owned(),
                    Outcome::Ok | Outcome::Info => String::new(),
                };
                format!("cas {} {}{met}", self.value(op.a), self.value(op.b))
            }
        };
        Bar {
            lane: format!("process {}", op.process()),
            label: format!("{} {label}", cited.name),
            call: op.call,
            ret: (op.ret != OPEN).then_some(op.ret),
        }
    }

    /// The first operation cited that observes something, and what.
    fn observer(&self) -> Option<(&Citation, ValueId)> {
        self.cited.iter().find_map(|cited| Some((cited, cited.item.action.observes()?)))
    }

    fn sourceless(&self) -> Vec<String> {
        let Some((reader, value)) = self.observer() else { return Vec::new() };
        let (name, shown) = (&reader.name, self.value(value));
        let writer = self.lens.items(&self.key.ops).find(|i| i.action.leaves() == Some(value));
        let however = if let Some(writer) = writer {
            let op = &self.key.ops[writer.op as usize];
            format!(
                "However, {shown} was first written by process {}, {}: after {name} had ended.",
                op.process(),
                span(Span::of(op))
            )
        } else if let Some(failed) = failed_writer(&self.key.ops, value) {
            let op = &self.key.ops[failed];
            format!(
                "However, the only write of {shown}, by process {}, {}, had failed for certain.",
                op.process(),
                span(Span::of(op))
            )
        } else {
            format!("However, nobody ever wrote {shown}, and it is not the initial value.")
        };
        vec![however, format!("So {name} cannot have found it: a contradiction.")]
    }

    fn lost_cas(&self) -> Vec<String> {
        let cas = |cited: &&Citation| matches!(cited.item.action, Action::Cas(..));
        let mut both = self.cited.iter().filter(cas);
        let (Some(first), Some(second)) = (both.next(), both.next()) else { return Vec::new() };
        let Some(value) = first.item.action.observes() else { return Vec::new() };
        let value = self.value(value);
        vec![
            format!("Then {} and {} both found {value} and replaced it.", first.name, second.name),
            format!(
                "However, {value} was there only once: whichever took effect second cannot have \
                 found it. A contradiction."
            ),
        ]
    }

    fn stale(&self, anomaly: Anomaly) -> Vec<String> {
        let items = self.cited.iter().map(|cited| cited.item);
        let stale = items.clone().find_map(|item| stale::is_stale(items.clone(), &item));
        let Some(stale) = stale else { return self.dead_ends() };
        let find = |op: u32| self.cited.iter().find(|cited| cited.item.op == op);
        let (Some(read), Some(missed)) = (find(stale.read), find(stale.missed)) else {
            return self.dead_ends();
        };
        let (Some(old), Some(new)) = (read.item.action.observes(), missed.item.action.leaves())
        else {
            return self.dead_ends();
        };
        let (r, m, old_shown, new) = (&read.name, &missed.name, self.value(old), self.value(new));
        let mut story = vec![format!(
            "Then {m} had returned before {r} began, so {r} must find {new} or newer."
        )];
        let writer = self.cited.iter().find(|cited| cited.item.action.leaves() == Some(old));
        story.push(match writer {
            Some(writer) => format!(
                "However, {r} found {old_shown}, and {}, which wrote {old_shown}, had returned \
                 before {m} began. A contradiction.",
                writer.name
            ),
            None if old == self.lens.initial => format!(
                "However, {r} found {old_shown}, the value from before the first write. \
                 A contradiction."
            ),
            None => format!(
                "However, {r} found {old_shown}, and every write of {old_shown} that had begun by \
                 then had returned before {m} began. A contradiction."
            ),
        });
        if anomaly == Anomaly::LostWrite {
            story.push(format!(
                "Nothing else was written meanwhile, and no later read returned {new}: {m} is lost."
            ));
        }
        story
    }

    /// Two values of which each must have come before the other.
    fn mutual_precedence(&self) -> Option<Vec<String>> {
        if self.cited.iter().any(|c| matches!(c.item.action, Action::Cas(..) | Action::Differs(_)))
        {
            return None;
        }
        let value = |c: &Citation| c.item.action.observes().or(c.item.action.leaves());
        let precedes = |x: ValueId, y: ValueId| {
            let pairs = self.cited.iter().filter(move |c| value(c) == Some(x));
            pairs
                .flat_map(|f| self.cited.iter().map(move |s| (f, s)))
                .find(|(f, s)| value(s) == Some(y) && f.item.ret < s.item.call)
        };
        let values: Vec<ValueId> = self.cited.iter().filter_map(value).collect();
        let written_once = values.iter().all(|v| {
            let writes = self.lens.items(&self.key.ops).filter(|i| i.action.leaves() == Some(*v));
            writes.count() + usize::from(*v == self.lens.initial) == 1
        });
        if !written_once {
            return None;
        }
        let initial = self.lens.initial;
        let pairs = values.iter().flat_map(|x| values.iter().map(move |y| (*x, *y)));
        for (x, y) in pairs.filter(|(x, y)| x != y && *y != initial) {
            let Some((f2, s2)) = precedes(y, x) else { continue };
            let (shown_x, shown_y) = (self.value(x), self.value(y));
            let first = if x == initial {
                format!("Then {shown_x} came before {shown_y}: it is the initial value.")
            } else if let Some((f1, s1)) = precedes(x, y) {
                format!(
                    "Then {} ended before {} began, so {shown_x} came before {shown_y}: each was \
                     written once, so all operations on it stand together.",
                    f1.name, s1.name
                )
            } else {
                continue;
            };
            return Some(vec![
                first,
                format!(
                    "However, {} ended before {} began, so {shown_y} came before {shown_x}. \
                     A contradiction.",
                    f2.name, s2.name
                ),
            ]);
        }
        None
    }

    /// Where every attempt to order the operations ends.
    fn dead_ends(&self) -> Vec<String> {
        let next = |order: &[usize], holds: &ValueId| {
            let leaves = |i: usize| self.cited[i].item.action.leaves().unwrap_or(*holds);
            self.possible_next(order, *holds).into_iter().map(|i| (i, leaves(i))).collect()
        };
        attempts(self.lens.initial, next, |end| self.dead_end(end))
    }

    fn possible_next(&self, order: &[usize], holds: ValueId) -> Vec<usize> {
        let waiting = |i: &usize| !order.contains(i);
        let rest = || (0..self.cited.len()).filter(waiting);
        let first_return = rest().map(|i| self.cited[i].item.ret).min().unwrap_or(OPEN);
        let fits = |i: &usize| {
            let item = &self.cited[*i].item;
            item.call < first_return
                && match item.action {
                    Action::Read(value) | Action::Cas(value, _) => value == holds,
                    Action::Write(_) => true,
                    Action::Differs(value) => value != holds,
                }
        };
        rest().filter(fits).collect()
    }

    fn dead_end(&self, end: &Attempt<ValueId>) -> String {
        let due = (0..self.cited.len())
            .filter(|i| !end.order.contains(i) && !self.cited[*i].item.is_optional())
            .min_by_key(|i| self.cited[*i].item.ret);
        let needs = due.map_or(String::new(), |i| {
            let cited = &self.cited[i];
            match cited.item.action {
                Action::Read(v) | Action::Cas(v, _) => {
                    format!(", but {} is due and found {}", cited.name, self.value(v))
                }
                Action::Differs(v) => {
                    format!(", but {} is due and did not find {}", cited.name, self.value(v))
                }
                Action::Write(_) => String::new(),
            }
        });
        let after = end.after(|i| &self.cited[i].name);
        format!("  {after} the register holds {}{needs};", self.value(end.state))
    }
}

/// When an operation ran.
struct Span {
    call: u32,
    ret: u32,
    call_time: i64,
    ret_time: i64,
}

impl Span {
    fn of(op: &Op) -> Self {
        Self { call: op.call, ret: op.ret, call_time: op.call_time, ret_time: op.ret_time }
    }
}

/// When an operation ran, in the words of the history: times, or event numbers without them.
fn span(Span { call, ret, call_time, ret_time }: Span) -> String {
    if call_time == NO_TIME {
        return match ret {
            OPEN => format!("called at event {call} and never returned"),
            ret => format!("from event {call} to event {ret}"),
        };
    }
    match (ret, ret_time) {
        (OPEN, _) => format!("called at {} and never returned", Millis(call_time)),
        (_, NO_TIME) => format!("from {}", Millis(call_time)),
        (_, ret) => format!("from {} to {}", Millis(call_time), Millis(ret)),
    }
}

/// Nanoseconds, shown as milliseconds.
struct Millis(i64);

impl std::fmt::Display for Millis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (sign, nanos) =
            if self.0 < 0 { ("-", self.0.unsigned_abs()) } else { ("", self.0 as u64) };
        write!(f, "{sign}{}.{:03} ms", nanos / 1_000_000, nanos / 1000 % 1000)
    }
}
