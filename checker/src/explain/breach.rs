//! What breaks a rung of the ladder, for people.

use super::{Bar, Citation, Explanation, Teller, name, timeline};
use crate::anomaly::Anomaly;
use crate::history::KeyHistory;
use crate::ladder::{Breach, Link, Rung};
use crate::linear::{Action, Lens, Rules};
use crate::value::Values;

/// Explains why a register does not stand on a rung.
pub fn explain_breach(
    key: &KeyHistory,
    values: &Values,
    rules: &Rules,
    rung: Rung,
    breach: &Breach,
) -> Explanation {
    let lens = Lens::new(rules, values);
    let cited: Vec<Citation> = cited(key, lens, breach)
        .into_iter()
        .enumerate()
        .filter_map(|(i, number)| {
            let op = key.ops[number as usize];
            Some(Citation { name: name(i), op, item: lens.item(number as usize, &op)? })
        })
        .collect();
    let teller = Teller { key, values, lens, cited };
    let mut story = teller.introductions();
    story.extend(match breach {
        Breach::Sourceless { .. } => teller.sourceless(),
        Breach::Stale { .. } => teller.stale(Anomaly::StaleRead),
        Breach::BeforeOwnWrite { read, write } => teller.before_own_write(*read, *write),
        Breach::Circle(links) => teller.circle(links, rung),
        Breach::Diverged { first, second } => teller.diverged(*first, *second),
    });
    let bars: Vec<Bar> = teller.cited.iter().map(|cited| teller.bar(cited)).collect();
    let of_key = key.key.as_ref().map(|key| format!(" on key {key}")).unwrap_or_default();
    // Sessions and convergence are things that a register has, or has not.
    let lacks = if Rung::ReadYourWrites <= rung { "no" } else { "not" };
    Explanation { title: format!("{lacks} {rung}{of_key}"), story, timeline: timeline(&bars) }
}

/// The operations to be shown, in the order of their calls.
fn cited(key: &KeyHistory, lens: Lens, breach: &Breach) -> Vec<u32> {
    let mut ops = match breach {
        Breach::Sourceless { read } => vec![*read],
        Breach::Stale { read, missed } => {
            // Whoever wrote the old value belongs to the story.
            let old = lens.item(*read as usize, &key.ops[*read as usize]);
            let old = old.and_then(|item| item.action.observes());
            let writer = lens.items(&key.ops).find(|item| item.action.leaves() == old);
            let writer = writer.map(|item| item.op);
            [*read, *missed].into_iter().chain(writer).collect()
        }
        Breach::BeforeOwnWrite { read, write } => vec![*read, *write],
        Breach::Circle(links) => {
            links.iter().flat_map(|link| [link.first, link.then]).flatten().collect()
        }
        Breach::Diverged { first, second } => vec![*first, *second],
    };
    ops.sort_unstable();
    ops.dedup();
    ops
}

impl Teller<'_> {
    fn named(&self, op: u32) -> &str {
        self.cited.iter().find(|cited| cited.item.op == op).map_or("it", |cited| &cited.name)
    }

    fn before_own_write(&self, read: u32, write: u32) -> Vec<String> {
        let (read, write) = (self.named(read), self.named(write));
        vec![format!(
            "However, nobody else wrote that value, and the process began {write} only after {read} \
             had returned. A contradiction."
        )]
    }

    fn circle(&self, links: &[Link], rung: Rung) -> Vec<String> {
        let mut story: Vec<String> = links.iter().map(|link| self.link(link, rung)).collect();
        if let Some(last) = story.last_mut() {
            last.replace_range(..4, "However");
            last.insert(7, ',');
            last.push_str(" A contradiction.");
        }
        story
    }

    /// A line that begins with "Then".
    fn link(&self, link: &Link, rung: Rung) -> String {
        let (from, to) = (self.value(link.from), self.value(link.to));
        let for_whom = if self.is_for_one(link, rung) { " for that process" } else { "" };
        let came = format!("so {from} came before {to}{for_whom}.");
        match (link.first, link.then) {
            (Some(first), Some(then)) if rung == Rung::Regular => {
                format!(
                    "Then {} returned before {} began, {came}",
                    self.named(first),
                    self.named(then)
                )
            }
            (Some(first), Some(then)) => format!(
                "Then {} came before {} in the same process, {came}",
                self.named(first),
                self.named(then)
            ),
            _ => format!("Then {from} is the initial value, {came}"),
        }
    }

    /// Whether other processes may see the values of this link in another order.
    fn is_for_one(&self, link: &Link, rung: Rung) -> bool {
        let is_read = |op: Option<u32>| {
            let cited = self.cited.iter().find(|cited| Some(cited.item.op) == op);
            cited.is_some_and(|cited| matches!(cited.item.action, Action::Read(_)))
        };
        match rung {
            Rung::Causal | Rung::WeaklyCausal => is_read(link.then),
            Rung::Pram => is_read(link.first) || is_read(link.then),
            _ => false,
        }
    }

    fn diverged(&self, first: u32, second: u32) -> Vec<String> {
        vec![format!(
            "However, nobody wrote any more when {} and {} began, and each is the last read of its \
             process: they should have found the same.",
            self.named(first),
            self.named(second)
        )]
    }
}
