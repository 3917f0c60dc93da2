//! What breaks a condition, for people.

use super::{Bar, Explanation, Span, span, timeline};
use crate::datum::{Datum, brief};
use crate::history::OPEN;
use crate::ladder::Rung;
use crate::model::{Breach, Call, Growing};

/// Explains why an object does not stand on a rung.
pub(crate) fn explain_growing<M: Growing>(
    model: &M,
    key: Option<&Datum>,
    calls: &[Call<M::Op>],
    rung: Rung,
    breach: &Breach,
) -> Explanation {
    let cited: Vec<u32> = match breach {
        Breach::Misses { read, adds } => adds.iter().copied().chain([*read]).collect(),
        Breach::FromNowhere { read } => vec![*read],
        Breach::Differ { first, then } => vec![*first, *then],
    };
    let deed = |number: u32| brief(&model.describe(&calls[number as usize].op));
    let mut story = Vec::new();
    for (place, number) in cited.iter().enumerate() {
        let Call { process, call, ret, call_time, ret_time, .. } = calls[*number as usize];
        let lead = if place == 0 { "Let " } else { "and " };
        let end = if place + 1 == cited.len() { '.' } else { ',' };
        let when = span(Span { call, ret, call_time, ret_time });
        let name = name(place);
        story.push(format!("{lead}{name} be process {process}'s {}, {when}{end}", deed(*number)));
    }
    story.push(however(rung, breach));
    let bars: Vec<Bar> = (cited.iter().enumerate())
        .map(|(place, number)| {
            let call = &calls[*number as usize];
            Bar {
                lane: format!("process {}", call.process),
                label: format!("{} {}", name(place), deed(*number)),
                call: call.call,
                ret: (call.ret != OPEN).then_some(call.ret),
            }
        })
        .collect();
    let of_key = key.map(|key| format!(" on key {}", key.brief())).unwrap_or_default();
    let lacks = if rung < Rung::ReadYourWrites { "not" } else { "no" };
    Explanation { title: format!("{lacks} {rung}{of_key}"), story, timeline: timeline(&bars) }
}

fn name(place: usize) -> char {
    char::from(b'A' + (place % 26) as u8)
}

fn however(rung: Rung, breach: &Breach) -> String {
    match (breach, rung) {
        (Breach::Misses { .. }, Rung::ReadYourWrites) => {
            "The process had completed A itself before it read, and B does not show all that it had \
             added."
        }
        (Breach::Misses { .. }, Rung::Convergence) => {
            "A was acknowledged, and B began when nobody added any more, and does not show all that was \
             acknowledged."
        }
        (Breach::Misses { .. }, _) => {
            "A was complete before B began, and B does not show all that was complete."
        }
        (Breach::FromNowhere { .. }, _) => {
            "No choice of the adds that it may show, with all that it must, comes to that."
        }
        (Breach::Differ { .. }, Rung::Convergence) => {
            "Both began when nobody added any more, and every add had been answered."
        }
        (Breach::Differ { .. }, _) => {
            "The same process read both, one after the other, and the later one shows less."
        }
    }
    .to_owned()
}
