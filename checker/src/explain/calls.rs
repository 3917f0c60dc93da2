//! Counterexamples of objects that are no registers.

use super::attempts::{Attempt, attempts};
use super::timeline::{Bar, timeline};
use super::{Explanation, Span, meaning, name, span};
use crate::anomaly::Anomaly;
use crate::datum::Datum;
use crate::history::OPEN;
use crate::model::{Call, CallCounterexample, Model, rest};

/// The most operations that are told one by one.
const TOLD_MAX: usize = 8;
/// The most operations in a picture.
const SHOWN_MAX: usize = 12;

/// Explains why the history of some object cannot be explained.
pub(crate) fn explain_calls<M: Model>(
    model: &M,
    key: Option<&Datum>,
    calls: &[Call<M::Op>],
    (anomaly, counterexample): (Anomaly, &CallCounterexample),
) -> Explanation {
    let CallCounterexample { ops, elements, until, .. } = counterexample;
    let rest = rest(model, calls, ops.iter().copied(), elements.as_ref(), *until);
    let part = (rest.into_iter().enumerate())
        .map(|(i, (number, call))| {
            let ret = calls[number as usize].ret;
            Cited { name: name(i), says: model.describe(&call.op), ret, call }
        })
        .collect();
    let teller = Teller { model, part, until: *until };
    let mut story = Vec::new();
    if let Some(elements) = elements
        && calls.iter().any(|call| {
            call.call < *until && model.restrict(&call.op, elements).as_ref() != Some(&call.op)
        })
    {
        let names: Vec<String> = elements.iter().map(ToString::to_string).collect();
        story.push(format!("Look at {} alone, whatever else there is.", names.join(" and ")));
    }
    story.extend(if teller.part.len() > TOLD_MAX { teller.in_short() } else { teller.in_full() });
    let of_key = key.map(|key| format!(" on key {}", key.brief())).unwrap_or_default();
    let title = format!("{anomaly}{of_key}: {}", meaning(anomaly));
    Explanation { title, story, timeline: timeline(&teller.bars()) }
}

struct Cited<O> {
    name: String,
    says: String,
    /// When it really returned.
    ret: u32,
    /// As it stands in the counterexample.
    call: Call<O>,
}

impl<O> Cited<O> {
    fn is_open(&self) -> bool {
        self.call.ret == OPEN
    }
}

struct Teller<'a, M: Model> {
    model: &'a M,
    part: Vec<Cited<M::Op>>,
    until: u32,
}

impl<M: Model> Teller<'_, M> {
    /// Every operation, and every attempt to order them.
    fn in_full(&self) -> Vec<String> {
        let last = self.part.len().saturating_sub(1);
        let introduce = |(i, cited): (usize, &Cited<M::Op>)| {
            let Call { process, call, call_time, ret_time, .. } = cited.call;
            let ret = cited.ret;
            let note = match (ret == OPEN, cited.is_open()) {
                (true, _) => ", whose outcome is unknown",
                (false, true) => ", still open when the others had ended",
                (false, false) => "",
            };
            format!(
                "{}{} be process {process}'s {}{note}, {}{}",
                if i == 0 { "Let " } else { "and " },
                cited.name,
                cited.says,
                span(Span { call, ret, call_time, ret_time }),
                if i == last { '.' } else { ',' },
            )
        };
        let mut story: Vec<String> = self.part.iter().enumerate().map(introduce).collect();
        let next = |order: &[usize], state: &M::State| self.next(order, state);
        story.extend(attempts(self.model.initial(), next, |end| self.dead_end(end)));
        story
    }

    fn waiting(&self, order: &[usize]) -> impl Iterator<Item = usize> {
        (0..self.part.len()).filter(|i| !order.contains(i))
    }

    /// The operation that returns next.
    fn due(&self, order: &[usize]) -> Option<usize> {
        let certain = self.waiting(order).filter(|i| !self.part[*i].is_open());
        certain.min_by_key(|i| self.part[*i].call.ret)
    }

    fn next(&self, order: &[usize], state: &M::State) -> Vec<(usize, M::State)> {
        let Some(due) = self.due(order) else { return Vec::new() };
        let called = |i: &usize| self.part[*i].call.call < self.part[due].call.ret;
        let after = |i: usize| Some((i, self.model.step(state, &self.part[i].call.op).ok()?));
        self.waiting(order).filter(called).filter_map(after).collect()
    }

    fn dead_end(&self, end: &Attempt<M::State>) -> String {
        let after = end.after(|i| &self.part[i].name);
        let due = self.due(&end.order).map(|i| &self.part[i]);
        let why = due.and_then(|due| self.model.step(&end.state, &due.call.op).err());
        let due = due.map_or("", |due| &due.name);
        format!("  {after}: {due} is due, but {};", why.unwrap_or_default())
    }

    /// Where it broke.
    fn in_short(&self) -> Vec<String> {
        let mut story = vec![format!("Every event before event {} can be explained.", self.until)];
        if let Some(last) = self.part.iter().find(|cited| cited.call.ret == self.until) {
            story.push(format!(
                "However, when process {}'s {}, called at event {}, returned at event {}, no order \
                 of the operations explained it any more.",
                last.call.process, last.says, last.call.call, self.until,
            ));
        }
        story.push(match self.part.len() {
            count if count > SHOWN_MAX => format!(
                "{count} operations may matter for that; the picture shows the last {SHOWN_MAX} to \
                 end."
            ),
            count => format!("{count} operations may matter for that."),
        });
        story
    }

    /// The operations about the moment at which it broke.
    fn bars(&self) -> Vec<Bar> {
        let mut about: Vec<&Cited<M::Op>> = self.part.iter().collect();
        about.sort_by_key(|cited| std::cmp::Reverse(cited.call.ret.min(self.until)));
        about.truncate(SHOWN_MAX);
        let told = self.part.len() <= TOLD_MAX;
        let bar = |cited: &&Cited<M::Op>| Bar {
            lane: format!("process {}", cited.call.process),
            label: if told { format!("{} {}", cited.name, cited.says) } else { cited.says.clone() },
            call: cited.call.call,
            ret: (!cited.is_open()).then_some(cited.call.ret),
        };
        about.iter().map(bar).collect()
    }
}
