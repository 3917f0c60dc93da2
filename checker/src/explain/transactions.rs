//! Why transactions have no order, for people.

use super::{Bar, Explanation, Span, explain, explain_calls, meaning, span, timeline};
use crate::anomaly::Anomaly;
use crate::history::{OPEN, Outcome};
use crate::transactions::{
    Act, Evidence, Link, Oddity, Reason, Refuted, Single, Step, TransactionHistory, Why,
};
use crate::value::{Value, ValueId};

/// Longer lists are shown by their beginnings and ends.
const SHOWN_MAX: usize = 8;

/// Explains what is wrong with a history of transactions.
pub(crate) fn explain_evidence(history: &TransactionHistory, evidence: &Evidence) -> Explanation {
    let story = |teller: &Teller<'_>| match &evidence.reason {
        Reason::Oddity(oddity) => teller.oddity(*oddity),
        Reason::Cycle(links) => teller.cycle(links),
        Reason::Single(_) => Vec::new(),
    };
    match &evidence.reason {
        Reason::Single(Single { refuted: Refuted::Key { key, rules, found }, .. }) => {
            return explain(key, &history.values, rules, found);
        }
        Reason::Single(Single { refuted: Refuted::All { model, calls, found }, .. }) => {
            return explain_calls(model, None, calls, (evidence.anomaly, found));
        }
        Reason::Oddity(_) | Reason::Cycle(_) => {}
    }
    let mut named = evidence.transactions();
    named.sort_unstable();
    let teller = Teller { history, named };
    let mut lines = teller.introductions();
    lines.extend(story(&teller));
    let bars: Vec<Bar> = teller.named.iter().map(|number| teller.bar(*number)).collect();
    let title = format!("{}: {}", evidence.anomaly, meaning(evidence.anomaly));
    Explanation { title, story: lines, timeline: timeline(&bars) }
}

struct Teller<'a> {
    history: &'a TransactionHistory,
    /// The transactions shown, in the order of their calls.
    named: Vec<u32>,
}

impl Teller<'_> {
    fn name(&self, number: u32) -> String {
        let place = self.named.iter().position(|named| *named == number);
        place.map_or_else(|| "another".to_owned(), |place| format!("T{}", place + 1))
    }

    fn introductions(&self) -> Vec<String> {
        let last = self.named.len().saturating_sub(1);
        let line = |(place, number): (usize, &u32)| {
            let transaction = self.history.of(*number);
            let note = match transaction.outcome {
                Outcome::Ok => "",
                Outcome::Fail => ", which failed",
                Outcome::Info => ", whose outcome is unknown",
            };
            format!(
                "{}{} be process {}'s {}{note}, {}{}",
                if place == 0 { "Let " } else { "and " },
                self.name(*number),
                transaction.process,
                self.deeds(*number),
                span(Span {
                    call: transaction.call,
                    ret: transaction.ret,
                    call_time: transaction.call_time,
                    ret_time: transaction.ret_time,
                }),
                if place == last { '.' } else { ',' },
            )
        };
        self.named.iter().enumerate().map(line).collect()
    }

    fn key(&self, key: u32) -> String {
        format!("key {}", self.history.keys.get(ValueId(key)))
    }

    fn value(&self, value: ValueId) -> &Value {
        self.history.values.get(value)
    }

    fn deeds(&self, number: u32) -> String {
        let deeds = self.history.steps(number).iter().map(|step| self.deed(step));
        deeds.collect::<Vec<_>>().join(", ")
    }

    fn deed(&self, step: &Step) -> String {
        let key = self.key(step.key);
        match step.act {
            Act::Append(element) => format!("append of {} to {key}", self.value(element)),
            Act::Write(value) => format!("write of {} to {key}", self.value(value)),
            Act::Read(value) => format!("read of {} in {key}", self.value(value)),
            Act::List { from, len } => {
                format!("read of {} in {key}", self.list(self.history.list(from, len)))
            }
            Act::Unknown => format!("read of {key}"),
        }
    }

    fn list(&self, list: &[ValueId]) -> String {
        let show = |part: &[ValueId]| {
            part.iter().map(|value| self.value(*value).to_string()).collect::<Vec<_>>().join(" ")
        };
        if list.len() <= SHOWN_MAX {
            return format!("[{}]", show(list));
        }
        let (begin, end) = (&list[..2], &list[list.len() - 4..]);
        format!("[{} … {}], {} elements", show(begin), show(end), list.len())
    }

    fn bar(&self, number: u32) -> Bar {
        let transaction = self.history.of(number);
        Bar {
            lane: format!("process {}", transaction.process),
            label: self.name(number),
            call: transaction.call,
            ret: (transaction.ret != OPEN).then_some(transaction.ret),
        }
    }

    fn cycle(&self, links: &[Link]) -> Vec<String> {
        let last = links.len() - 1;
        let tell = |(place, link): (usize, &Link)| {
            let (lead, end) =
                if place == last { ("However,", " A contradiction.") } else { ("Then", "") };
            let (from, to) = (self.name(link.from), self.name(link.to));
            format!("{lead} {from} came before {to}: {}.{end}", self.why(link))
        };
        links.iter().enumerate().map(tell).collect()
    }

    fn why(&self, link: &Link) -> String {
        let (from, to) = (self.name(link.from), self.name(link.to));
        match link.why {
            Why::Overwrote { key, before, after } => format!(
                "{} stands before {} in {}",
                self.value(before),
                self.value(after),
                self.key(key)
            ),
            Why::Read { key, value } => {
                format!("{to} found {} in {}, which {from} wrote", self.value(value), self.key(key))
            }
            Why::Missed { key, missed, .. } => {
                format!("{from} did not find {} in {}", self.value(missed), self.key(key))
            }
            Why::Process => "the same process ran one after the other".to_owned(),
            Why::RealTime | Why::Onward => format!("{from} had completed before {to} was invoked"),
        }
    }

    fn oddity(&self, oddity: Oddity) -> Vec<String> {
        let line = match oddity {
            Oddity::Phantom { reader, key, value } => format!(
                "However, {} found {} in {}, which nobody ever wrote there.",
                self.name(reader),
                self.value(value),
                self.key(key)
            ),
            Oddity::Dirty { reader, writer, key, value } => format!(
                "However, {} found {} in {}, which {} wrote; and {2} failed for certain.",
                self.name(reader),
                self.value(value),
                self.name(writer),
                self.key(key)
            ),
            Oddity::Intermediate { reader, writer, key, value } => format!(
                "However, {} found {} in {}, and {} wrote once more to {2} after it.",
                self.name(reader),
                self.value(value),
                self.key(key),
                self.name(writer)
            ),
            Oddity::Internal { reader, key } => format!(
                "However, {} did not find in {} what it had written itself until then, or found what \
                 it was yet to write.",
                self.name(reader),
                self.key(key)
            ),
            Oddity::Unrepeatable { reader, key } => format!(
                "However, {} read {} twice and found two versions.",
                self.name(reader),
                self.key(key)
            ),
            Oddity::Incompatible { first, second, key } => format!(
                "However, of what {} and {} found in {}, neither begins with the other, and elements \
                 are only ever appended.",
                self.name(first),
                self.name(second),
                self.key(key)
            ),
            Oddity::Reordered { reader, writer, key, value } => format!(
                "However, {} found {} in {}, and not before it what {} had appended first.",
                self.name(reader),
                self.value(value),
                self.key(key),
                self.name(writer)
            ),
            Oddity::Duplicate { reader, key, value } => format!(
                "However, {} found {} in {} more than once, and it was appended once.",
                self.name(reader),
                self.value(value),
                self.key(key)
            ),
            Oddity::LostUpdate { first, second, key } => format!(
                "However, {} and {} found the same version of {}, and both wrote the next one: neither \
                 can have come first.",
                self.name(first),
                self.name(second),
                self.key(key)
            ),
        };
        vec![line]
    }
}

/// What else is wrong, in one line; nothing if there is nothing else.
pub(crate) fn also(evidence: &[Evidence]) -> Option<String> {
    let others: Vec<&str> =
        evidence.iter().skip(1).map(|evidence| Anomaly::name(evidence.anomaly)).collect();
    (!others.is_empty()).then(|| format!("Also found: {}.", others.join(", ")))
}
