//! When something was broken, by what the nemesis says in a history: ours, and Jepsen's
//! `start-…` and `stop-…`.

use quorate_checker::{Datum, Event, EventKind};

use super::trace::{fit, shown};

/// A time during which something was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultSpan {
    /// What, in one word.
    pub kind: String,
    /// Whom it hit, and how.
    pub what: String,
    /// When it broke, by the clock of the trace.
    pub from: i64,
    /// When it was mended.
    pub to: i64,
}

/// Words that mend, and what they mend.
const MENDS: [(&str, &str); 8] = [
    ("heal", "partition"),
    ("restart", "crash"),
    ("replace", "wipe"),
    ("resume", "pause"),
    ("restore-links", "slow-links"),
    ("restore-disks", "slow-disks"),
    ("free-disks", "fill-disks"),
    ("reset-clocks", "skew-clocks"),
];

/// A fault that is on.
#[derive(Debug)]
struct On {
    kind: String,
    /// Whom it hits, as its mending names them.
    hit: String,
    what: String,
    position: u32,
    time: i64,
}

/// Faults as they come.
#[derive(Debug, Default)]
pub struct Faults {
    on: Vec<On>,
    /// Those that were mended: in which position, and at which time.
    over: Vec<(On, u32, i64)>,
}

impl Faults {
    /// Takes an event of the nemesis.
    pub fn push(&mut self, event: &Event, position: u32, time: i64) {
        let changed = event.extra.iter().find(|(name, _)| **name == *"changed");
        // That all is mended and quiet breaks nothing.
        let is_quiet = event.f == "settled";
        if is_quiet || changed.is_some_and(|(_, changed)| *changed == Datum::Bool(false)) {
            return;
        }
        match deed(&event.f) {
            Deed::Break(kind) => {
                // Jepsen says it twice: when it begins to break, and when it has.
                let again =
                    self.on.iter().any(|on| on.kind == kind && event.f.starts_with("start"));
                if event.kind == EventKind::Info && !again {
                    let (hit, what) = (hit(&event.value), shown(&event.value));
                    self.on.push(On { kind, hit, what, position, time });
                }
            }
            Deed::Mend(kind) => {
                let hit = hit(&event.value);
                let same = |on: &On| on.kind == kind && on.hit == hit;
                let place = self.on.iter().position(same);
                let place = place.or_else(|| self.on.iter().position(|on| on.kind == kind));
                if let Some(place) = place {
                    self.over.push((self.on.remove(place), position, time));
                }
            }
            Deed::Other => {}
        }
    }

    /// What is on now: its kind, and whom it hits and how.
    pub fn on(&self) -> impl Iterator<Item = (&str, &str)> {
        self.on.iter().map(|on| (on.kind.as_str(), on.what.as_str()))
    }

    /// All of them in the order in which they came; what is still on lasts to the end.
    pub(super) fn finish(mut self, has_times: bool, end: i64) -> Vec<FaultSpan> {
        let pick = |position: u32, time: i64| if has_times { time } else { position.into() };
        let rest = self.on.drain(..).map(|on| (on, None));
        let over = self.over.drain(..).map(|(on, position, time)| (on, Some((position, time))));
        let mut spans: Vec<FaultSpan> = over
            .chain(rest)
            .map(|(on, mended)| FaultSpan {
                from: pick(on.position, on.time),
                to: mended.map_or(end, |(position, time)| pick(position, time)),
                kind: on.kind,
                what: on.what,
            })
            .collect();
        spans.sort_by_key(|span| span.from);
        spans
    }
}

enum Deed {
    Break(String),
    Mend(String),
    /// Something else, such as a look at the logs.
    Other,
}

fn deed(f: &str) -> Deed {
    if let Some((_, kind)) = MENDS.iter().find(|(mend, _)| *mend == f) {
        return Deed::Mend((*kind).to_owned());
    }
    if MENDS.iter().any(|(_, kind)| *kind == f) {
        return Deed::Break(f.to_owned());
    }
    let named = |rest: &str| match fit(rest.trim_start_matches('-')) {
        empty if empty.is_empty() => "fault".to_owned(),
        kind => kind,
    };
    match (f.strip_prefix("start"), f.strip_prefix("stop")) {
        (Some(kind), _) => Deed::Break(named(kind)),
        (_, Some(kind)) => Deed::Mend(named(kind)),
        (None, None) => Deed::Other,
    }
}

/// Whom a fault hits: what stands under the name by which breaking and mending call it.
fn hit(value: &Datum) -> String {
    let Datum::Map(entries) = value else { return String::new() };
    let under = |name: &str| {
        entries.iter().find(|(key, _)| key.as_name() == Some(name)).map(|(_, value)| value)
    };
    let hit = ["cuts", "links", "nodes", "offsets-ns"].into_iter().find_map(under);
    match hit {
        Some(Datum::Map(offsets)) => {
            Datum::List(offsets.iter().map(|(node, _)| node.clone()).collect()).to_string()
        }
        hit => hit.map(ToString::to_string).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use quorate_checker::{Format, Reader};

    use super::*;

    fn spans(lines: &str) -> Vec<(String, i64, i64)> {
        let mut faults = Faults::default();
        let reader = Reader::new(lines.as_bytes(), Some(Format::Jsonl)).unwrap();
        for (event, position) in reader.zip(1..) {
            let event = event.unwrap();
            faults.push(&event, position, event.time.unwrap());
        }
        let spans = faults.finish(true, 100).into_iter();
        spans.map(|span| (span.kind, span.from, span.to)).collect()
    }

    fn line(time: i64, f: &str, value: &str) -> String {
        format!(
            "{{\"time\":{time},\"process\":\"nemesis\",\"type\":\"info\",\"f\":\"{f}\",{value}}}\n"
        )
    }

    #[test]
    fn each_fault_ends_with_its_own_mending() {
        let lines = line(1, "crash", r#""value":{"nodes":["n1"],"lose-unsynced":true}"#)
            + &line(2, "crash", r#""value":{"nodes":["n2"],"lose-unsynced":true}"#)
            + &line(3, "restart", r#""value":{"nodes":["n2"]}"#)
            + &line(4, "crash", r#""value":{"nodes":["n1"]},"changed":false"#)
            + &line(5, "restart", r#""value":{"nodes":["n1"]}"#)
            + &line(6, "skew-clocks", r#""value":{"offsets-ns":{"n1":5,"n2":-7}}"#)
            + &line(7, "reset-clocks", r#""value":{"nodes":["n1","n2"]}"#)
            + &line(8, "pause", r#""value":{"nodes":["n3"]}"#);
        let expected = [("crash", 1, 5), ("crash", 2, 3), ("skew-clocks", 6, 7), ("pause", 8, 100)];
        assert_eq!(spans(&lines), expected.map(|(kind, from, to)| (kind.to_owned(), from, to)));
    }

    #[test]
    fn jepsen_says_everything_twice() {
        let lines = line(1, "start-partition", "\"value\":null")
            + &line(2, "start-partition", "\"value\":[\"isolated\"]")
            + &line(5, "stop-partition", "\"value\":null")
            + &line(6, "stop-partition", "\"value\":\"healed\"")
            + &line(7, "start", "\"value\":null")
            + &line(8, "check-offsets", "\"value\":null")
            + &line(9, "stop", "\"value\":null");
        let expected = [("partition", 1, 5), ("fault", 7, 9)];
        assert_eq!(spans(&lines), expected.map(|(kind, from, to)| (kind.to_owned(), from, to)));
    }
}
