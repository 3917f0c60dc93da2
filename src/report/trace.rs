//! A history as pictures show it: the operations of any object with their times and their values as
//! text, and what was broken meanwhile. Verdicts are not made here.

use std::collections::{BTreeMap, VecDeque};

use quorate_checker::{Datum, Event, EventKind, Outcome, Process, ReadError, Value};
use rustc_hash::FxHashMap;

use super::clocks::Clocks;
use super::faults::{FaultSpan, Faults};

/// No text, or no value.
pub(super) const NONE: u32 = u32::MAX;
/// Longer texts are cut, and say so.
const TEXT_CHARS_MAX: usize = 160;
/// The same for texts of several lines.
const LINES_CHARS_MAX: usize = 4000;

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Position of its invocation among all events, counting from 1.
    pub call: u32,
    /// Who asked, as a number among [`Trace::processes`].
    pub process: u32,
    /// Which function, as a number among [`Trace::functions`].
    pub function: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// The key, as a number among the texts; `NONE` where there is none.
    pub key: u32,
    /// The argument.
    pub asked: u32,
    /// The result where it says more than the argument, or the error.
    pub answered: u32,
    /// What a register holds once it has taken effect; `NONE` if that is what it held before.
    pub leaves: u32,
    /// When it was invoked, by the clock of the trace.
    pub from: i64,
    /// When its client knew more or gave up; `None` if never.
    pub to: Option<i64>,
}

/// A history as pictures show it.
#[derive(Debug, Default)]
pub struct Trace {
    /// In the order of their invocations.
    pub operations: Vec<Operation>,
    /// What was broken when.
    pub faults: Vec<FaultSpan>,
    /// How far the clocks of nodes were off.
    pub(super) clocks: Clocks,
    /// Whether the clock is in nanoseconds; if not, it counts events.
    pub has_times: bool,
    /// The time of the last event.
    pub end: i64,
    /// Every process and its lane: the lane of a process that an info retired goes to a new one.
    pub processes: Vec<(u32, u32)>,
    /// The names of functions.
    pub functions: Vec<String>,
    /// Keys and values, made fit to be shown.
    pub texts: Vec<String>,
}

impl Trace {
    /// Reads all events of a history. In one of registers a list of two is a key with a value, where one
    /// value is expected.
    pub fn read(
        events: impl Iterator<Item = Result<Event, ReadError>>,
        is_register: bool,
    ) -> Result<Self, ReadError> {
        let mut builder = Builder {
            is_register,
            trace: Self { has_times: true, ..Self::default() },
            ..Builder::default()
        };
        for event in events {
            builder.push(&event?);
        }
        Ok(builder.finish())
    }

    /// The operation that was invoked by the event in this position.
    pub fn find(&self, call: u32) -> Option<usize> {
        self.operations.binary_search_by_key(&call, |operation| operation.call).ok()
    }
}

/// Both clocks of an event, until it is known whether all events have times.
#[derive(Debug, Clone, Copy)]
struct Moment {
    position: u32,
    time: i64,
}

#[derive(Default)]
struct Builder {
    is_register: bool,
    trace: Trace,
    position: u32,
    /// When operations ended, by position; `None` if never.
    ends: Vec<Option<u32>>,
    open: BTreeMap<u32, usize>,
    process_numbers: FxHashMap<u32, u32>,
    lane_count: u32,
    /// Lanes of processes that will not act again, the one free for longest first.
    free_lanes: VecDeque<u32>,
    text_numbers: FxHashMap<String, u32>,
    faults: Faults,
}

impl Builder {
    fn push(&mut self, event: &Event) {
        self.position += 1;
        self.trace.has_times &= event.time.is_some();
        let time = event.time.unwrap_or(0);
        self.trace.end = self.trace.end.max(time);
        let now = Moment { position: self.position, time };
        match (event.process, event.kind) {
            (Process::Nemesis, _) => {
                self.faults.push(event, now.position, now.time);
                self.trace.clocks.push(event, now.time);
            }
            (Process::Client(process), EventKind::Invoke) => self.invoke(process, event, now),
            (Process::Client(process), EventKind::Ok) => self.end(process, event, Outcome::Ok, now),
            (Process::Client(process), EventKind::Fail) => {
                self.end(process, event, Outcome::Fail, now);
            }
            (Process::Client(process), EventKind::Info) => {
                self.end(process, event, Outcome::Info, now);
            }
        }
    }

    fn invoke(&mut self, process: u32, event: &Event, now: Moment) {
        let (key, argument) = self.split(event);
        let key = key.map_or(NONE, |key| self.text(&shown(key)));
        let asked = match argument {
            Datum::Nil => NONE,
            argument => self.text(&shown(argument)),
        };
        let leaves = match (&*event.f, argument.as_pair()) {
            ("write", _) => asked,
            ("cas", Some((_, new))) => self.text(&shown(new)),
            _ => NONE,
        };
        self.open.insert(process, self.trace.operations.len());
        self.ends.push(None);
        let operation = Operation {
            call: now.position,
            process: self.process(process),
            function: self.function(&event.f),
            outcome: Outcome::Info,
            key,
            asked,
            answered: NONE,
            leaves,
            from: now.time,
            to: None,
        };
        self.trace.operations.push(operation);
    }

    fn end(&mut self, process: u32, event: &Event, outcome: Outcome, now: Moment) {
        let Some(number) = self.open.remove(&process) else { return };
        let answered = self.answer(event, outcome);
        let operation = &mut self.trace.operations[number];
        operation.outcome = outcome;
        operation.to = Some(now.time);
        if answered != operation.asked {
            operation.answered = answered;
        }
        self.ends[number] = Some(now.position);
        if outcome == Outcome::Info {
            let lane = self.trace.processes[self.process_numbers[&process] as usize].1;
            self.free_lanes.push_back(lane);
        }
    }

    /// What the completion says: the result, what made a compare-and-set fail, or the error.
    fn answer(&mut self, event: &Event, outcome: Outcome) -> u32 {
        if let Some(observed) = &event.observed {
            return self.text(&format!("met {}", shown(observed)));
        }
        let (_, value) = self.split(event);
        match (outcome, value) {
            (Outcome::Ok, Datum::Nil) if !matches!(&*event.f, "read" | "get") => NONE,
            (Outcome::Ok, value) => self.text(&shown(value)),
            (Outcome::Fail | Outcome::Info, _) => {
                let error = event.extra.iter().find(|(name, _)| **name == *"error");
                error.map_or(NONE, |(_, error)| {
                    self.text(&error.as_name().map_or_else(|| shown(error), fit))
                })
            }
        }
    }

    /// Key and value: a register never holds a list, so there a list of two is a key with a value
    /// wherever one value is expected.
    fn split<'e>(&self, event: &'e Event) -> (Option<&'e Datum>, &'e Datum) {
        if let Some(key) = &event.key {
            return (Some(key), &event.value);
        }
        match (self.is_register, &*event.f, event.value.as_pair()) {
            (true, "read" | "write", Some((key, value))) => (Some(key), value),
            (true, "cas", Some((key, pair @ Datum::List(_)))) => (Some(key), pair),
            _ => (None, &event.value),
        }
    }

    fn process(&mut self, process: u32) -> u32 {
        let next = self.trace.processes.len() as u32;
        let number = *self.process_numbers.entry(process).or_insert(next);
        if number == next {
            let lane = self.free_lanes.pop_front().unwrap_or_else(|| {
                self.lane_count += 1;
                self.lane_count - 1
            });
            self.trace.processes.push((process, lane));
        }
        number
    }

    fn function(&mut self, name: &str) -> u32 {
        let name = fit(name);
        let functions = &mut self.trace.functions;
        let place = functions.iter().position(|known| *known == name).unwrap_or_else(|| {
            functions.push(name);
            functions.len() - 1
        });
        place as u32
    }

    fn text(&mut self, text: &str) -> u32 {
        if let Some(number) = self.text_numbers.get(text) {
            return *number;
        }
        let number = self.trace.texts.len() as u32;
        self.text_numbers.insert(text.to_owned(), number);
        self.trace.texts.push(text.to_owned());
        number
    }

    fn finish(self) -> Trace {
        let mut trace = self.trace;
        if !trace.has_times {
            trace.end = i64::from(self.position);
            for (operation, end) in trace.operations.iter_mut().zip(self.ends) {
                operation.from = i64::from(operation.call);
                operation.to = end.map(i64::from);
            }
        }
        trace.faults = self.faults.finish(trace.has_times, trace.end);
        trace
    }
}

/// A value as text that is fit to be shown.
pub(super) fn shown(datum: &Datum) -> String {
    fit(&datum.to_string())
}

/// What registers hold at first.
pub(super) fn shown_value(value: &Value) -> String {
    fit(&value.to_string())
}

/// A text as people can look at it: what has no shape or turns the writing round is spelled out, and
/// what is long is cut and says so.
pub fn fit(text: &str) -> String {
    fit_to(text, TEXT_CHARS_MAX, has_no_shape)
}

/// The same for sentences and pictures, which are longer and have lines.
pub(super) fn fit_lines(text: &str) -> String {
    fit_to(text, LINES_CHARS_MAX, |c| c != '\n' && has_no_shape(c))
}

fn fit_to(text: &str, chars_max: usize, is_spelled_out: impl Fn(char) -> bool) -> String {
    let mut fit = String::new();
    for (length, c) in text.chars().enumerate() {
        if length == chars_max {
            fit.push_str(&format!("… ({} bytes)", text.len()));
            break;
        }
        if is_spelled_out(c) {
            fit.extend(c.escape_unicode());
        } else {
            fit.push(c);
        }
    }
    fit
}

/// Control characters, and those of Unicode's general category Cf that people are fooled with.
fn has_no_shape(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_fit_to_be_looked_at() {
        assert_eq!(fit("plain ü 世 <b>"), "plain ü 世 <b>");
        assert_eq!(fit("a\0b\n\u{202e}c"), "a\\u{0}b\\u{a}\\u{202e}c");
        let long = "é".repeat(1 << 20);
        let cut = fit(&long);
        assert_eq!(cut, format!("{}… (2097152 bytes)", "é".repeat(TEXT_CHARS_MAX)));
        assert_eq!(fit(&long[..2 * TEXT_CHARS_MAX]), long[..2 * TEXT_CHARS_MAX]);
    }
}
