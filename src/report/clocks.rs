//! How far the clocks of nodes were off, by what the nemesis says in a history of ours.

use std::collections::BTreeMap;

use quorate_checker::{Datum, Event};

use super::trace::fit;

/// Clocks that were set, by the names of their nodes.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    /// When each was set, and how much ahead, in nanoseconds.
    nodes: BTreeMap<String, Vec<(i64, i64)>>,
}

impl Clocks {
    /// Takes an event of the nemesis.
    pub(super) fn push(&mut self, event: &Event, time: i64) {
        let Datum::Map(entries) = &event.value else { return };
        let under = |name: &str| {
            entries.iter().find(|(key, _)| key.as_name() == Some(name)).map(|(_, value)| value)
        };
        match (&*event.f, under("offsets-ns"), under("nodes")) {
            ("skew-clocks", Some(Datum::Map(offsets)), _) => {
                for (node, offset) in offsets {
                    if let (Some(node), Datum::Int(offset)) = (node.as_name(), offset) {
                        self.set(node, time, *offset);
                    }
                }
            }
            ("reset-clocks", _, Some(Datum::List(nodes))) => {
                nodes.iter().filter_map(Datum::as_name).for_each(|node| self.set(node, time, 0));
            }
            _ => {}
        }
    }

    fn set(&mut self, node: &str, time: i64, offset: i64) {
        self.nodes.entry(fit(node)).or_default().push((time, offset));
    }

    /// The offset of each clock that was ever set: from the beginning to the end, with two points for each
    /// step.
    pub(super) fn steps(&self, from: i64, end: i64) -> Vec<(&str, Vec<(i64, i64)>)> {
        let steps = |set: &Vec<(i64, i64)>| {
            let mut steps = vec![(from, 0)];
            let mut last = 0;
            for (time, offset) in set {
                steps.extend([(*time, last), (*time, *offset)]);
                last = *offset;
            }
            steps.push((end, last));
            steps
        };
        self.nodes.iter().map(|(node, set)| (node.as_str(), steps(set))).collect()
    }
}

#[cfg(test)]
mod tests {
    use quorate_checker::{Format, Reader};

    use super::*;

    #[test]
    fn clocks_go_off_and_are_right_again() {
        let line = |time: i64, f: &str, value: &str| {
            format!(
                r#"{{"time":{time},"process":"nemesis","type":"info","f":"{f}","value":{value}}}"#
            )
        };
        let lines = [
            line(5, "skew-clocks", r#"{"offsets-ns":{"n1":7,"n2":-9}}"#),
            line(6, "crash", r#"{"nodes":["n1"]}"#),
            line(8, "reset-clocks", r#"{"nodes":["n1"]}"#),
        ];
        let mut clocks = Clocks::default();
        let lines = lines.join("\n");
        for event in Reader::new(lines.as_bytes(), Some(Format::Jsonl)).unwrap() {
            let event = event.unwrap();
            clocks.push(&event, event.time.unwrap());
        }
        assert_eq!(
            clocks.steps(1, 10),
            [
                ("n1", vec![(1, 0), (5, 0), (5, 7), (8, 7), (8, 0), (10, 0)]),
                ("n2", vec![(1, 0), (5, 0), (5, -9), (10, -9)]),
            ]
        );
    }
}
