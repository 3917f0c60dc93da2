//! What a queue has lost, for people.

use super::timeline::{Bar, timeline};
use super::{Explanation, Span, span};
use crate::datum::{Datum, brief};
use crate::history::OPEN;
use crate::model::{Call, Lost, Model as _, QueueOp, Total, UnorderedQueue};

/// The most operations of a kind that are told one by one.
const TOLD_MAX: usize = 4;

/// Explains a fault of a queue; `None` if there is none.
pub(crate) fn explain_total(
    key: Option<&Datum>,
    calls: &[Call<QueueOp>],
    total: &Total,
) -> Option<Explanation> {
    let anomaly = total.anomaly()?;
    let teller = Teller { calls };
    let (meaning, story, shown) = match total {
        Total::Phantom { dequeue, enqueue } => teller.phantom(*dequeue, *enqueue),
        Total::Lost(lost) => teller.lost(lost),
        Total::Kept(_) | Total::Left(_) => return None,
    };
    let of_key = key.map(|key| format!(" on key {}", key.brief())).unwrap_or_default();
    let bars: Vec<Bar> = shown.into_iter().map(|number| teller.bar(number)).collect();
    let title = format!("{anomaly}{of_key}: {meaning}");
    Some(Explanation { title, story, timeline: timeline(&bars) })
}

/// What was left in a queue that nobody emptied, for people.
pub(crate) fn explain_left(calls: &[Call<QueueOp>], left: &[u32]) -> Vec<String> {
    let teller = Teller { calls };
    let (what, they) = if left.len() == 1 { ("value", "it") } else { ("values", "they") };
    vec![
        format!(
            "{} {what} did not come out, but nobody emptied the queue since: {they} may still be in it.",
            left.len()
        ),
        format!("The first is of {}.", teller.told(left[0])),
    ]
}

struct Teller<'a> {
    calls: &'a [Call<QueueOp>],
}

impl Teller<'_> {
    fn call(&self, number: u32) -> &Call<QueueOp> {
        &self.calls[number as usize]
    }

    fn deed(&self, number: u32) -> String {
        brief(&UnorderedQueue::default().describe(&self.call(number).op))
    }

    fn told(&self, number: u32) -> String {
        let Call { process, call, ret, call_time, ret_time, .. } = *self.call(number);
        let when = span(Span { call, ret, call_time, ret_time });
        format!("process {process}'s {}, {when}", self.deed(number))
    }

    fn bar(&self, number: u32) -> Bar {
        let Call { process, call, ret, .. } = *self.call(number);
        let ret = (ret != OPEN).then_some(ret);
        Bar { lane: format!("process {process}"), label: self.deed(number), call, ret }
    }

    fn phantom(&self, dequeue: u32, enqueue: Option<u32>) -> (&'static str, Vec<String>, Vec<u32>) {
        let mut story = vec![format!("Let A be {}.", self.told(dequeue))];
        match enqueue {
            None => story.push(
                "Nobody ever tried to put that in, or whoever did failed for certain.".to_owned(),
            ),
            Some(enqueue) => {
                story.push(format!("It was put in only later, by {}.", self.told(enqueue)));
            }
        }
        let meaning = match enqueue {
            None => "something came out of the queue that nobody had put in",
            Some(_) => "something came out of the queue before anybody began to put it in",
        };
        (meaning, story, [dequeue].into_iter().chain(enqueue).collect())
    }

    fn lost(&self, lost: &Lost) -> (&'static str, Vec<String>, Vec<u32>) {
        let Lost { enqueues, takes, empty } = lost;
        let told: Vec<u32> = enqueues.iter().copied().take(TOLD_MAX).collect();
        let mut story: Vec<String> =
            (told.iter()).map(|number| format!("Acknowledged: {}.", self.told(*number))).collect();
        if enqueues.len() > told.len() {
            story.push(format!("And {} more like these.", enqueues.len() - told.len()));
        }
        story.push(format!(
            "No dequeue returned {}, and in the end {} found the queue empty.",
            if enqueues.len() == 1 { "it" } else { "them" },
            self.told(*empty),
        ));
        if !takes.is_empty() {
            story.push(format!(
                "Dequeues of unknown outcome may have taken one value each, but {} of those cannot have taken \
                 {} values.",
                takes.len(),
                enqueues.len()
            ));
        }
        let takes = takes.iter().copied().take(TOLD_MAX);
        let shown = told.into_iter().chain(takes).chain([*empty]).collect();
        ("what was acknowledged never came out, though the queue was emptied", story, shown)
    }
}
