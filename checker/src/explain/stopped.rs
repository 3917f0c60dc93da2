//! How far a search got before it gave up, and what would help it, for people.

use crate::history::OPEN;
use crate::verdict::GaveUp;

/// The most open operations that are told one by one.
const TOLD_MAX: usize = 3;

/// An operation of the key that was given up.
pub(crate) struct Called {
    pub(crate) process: u32,
    pub(crate) call: u32,
    pub(crate) ret: u32,
}

/// Where a search stopped, in a few sentences; and what would help it but for a larger budget.
/// `gave_up` is in positions; `says` tells an operation by its number.
pub(crate) fn explain_stop(
    gave_up: &GaveUp,
    calls: &[Called],
    says: impl Fn(usize) -> String,
) -> (Vec<String>, Vec<String>) {
    let GaveUp { op: at, since, open_max, memory, steps } = *gave_up;
    let of = if memory { "memory" } else { "steps" };
    let mut story = vec![format!("out of {of} after {steps} configurations, at event {at}.")];
    let mut open: Vec<usize> = Vec::new();
    let mut unknown = 0;
    for (number, call) in calls.iter().enumerate().filter(|(_, call)| call.call < at) {
        if call.ret == OPEN {
            unknown += 1;
        } else if call.ret >= at {
            open.push(number);
        }
    }
    if steps > 0 {
        let before = format!("Everything before event {at} can be explained.");
        let may_yet = match unknown {
            0 => String::new(),
            count => format!(", and {count} of unknown outcome may yet take effect"),
        };
        story.push(format!(
            "{before} There, {} open{may_yet}; the last time that none was open is at event \
             {since}.",
            match open.len() {
                1 => "1 operation is".to_owned(),
                count => format!("{count} operations are"),
            }
        ));
    }
    open.sort_by_key(|number| std::cmp::Reverse(calls[*number].ret));
    for number in open.iter().take(TOLD_MAX) {
        let Called { process, call, ret } = calls[*number];
        let says = says(*number);
        story.push(format!(
            "Open until event {ret}: process {process}'s {says}, called at event {call}."
        ));
    }
    let mut helps = Vec::new();
    if open_max > 1 {
        helps.push(format!("fewer operations open at once than {open_max}"));
    }
    if unknown > 0 {
        helps.push(format!("fewer of unknown outcome than {unknown}"));
    }
    (story, helps)
}
