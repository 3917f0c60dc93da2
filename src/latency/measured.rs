//! Latencies as people have measured them: a table of round-trip times, as CSV.

use std::collections::BTreeMap;

use csv::{ReaderBuilder, StringRecord};

use super::Latency;
use crate::time::Nanos;

/// Half a round trip counts as the way of a message.
const WAYS: f64 = 2.0;
/// A round trip that takes longer is no round trip.
const LONGEST: f64 = 3.6e12;

/// Measured latencies, one way, between nodes or zones.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measured {
    /// Of links that have no times of their own.
    all: Vec<Nanos>,
    /// By the names of both ends.
    links: BTreeMap<(String, String), Vec<Nanos>>,
}

/// What is wrong with a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct MeasuredError {
    line: u64,
    problem: String,
}

const FORMS: &str = "expected a header `rtt_ms` (times of any link), `from,to,rtt_ms` (times of links), or \
                     `rtt_ms,ZONE,ZONE,…` (a row of times for each zone); _us, _ns and _s likewise";

/// What a header says of the lines below.
enum Form {
    /// One time a line.
    Times,
    /// Both ends and a time.
    Links,
    /// A name, and a time to each of these.
    Matrix(Vec<String>),
}

impl Measured {
    /// Reads a table. A time of a link counts for the way back, too, unless that has times of its own.
    ///
    /// # Errors
    /// With the line, what is there, and what would be right.
    pub fn read(text: &str) -> Result<Self, MeasuredError> {
        let mut reader =
            ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| broken(&error))?.clone();
        let (form, unit) = form(&header)
            .ok_or_else(|| wrong(1, format!("found `{}`; {FORMS}", joined(&header))))?;
        let mut measured = Self::default();
        for record in reader.records() {
            let record = record.map_err(|error| broken(&error))?;
            let line = record.position().map_or(0, csv::Position::line);
            measured.take(&form, unit, &record).map_err(|problem| wrong(line, problem))?;
        }
        if measured.all.is_empty() && measured.links.is_empty() {
            return Err(wrong(2, "no times; expected one at least".to_owned()));
        }
        Ok(measured)
    }

    fn take(&mut self, form: &Form, unit: f64, record: &StringRecord) -> Result<(), String> {
        let fields: Vec<&str> = record.iter().collect();
        match (form, fields.as_slice()) {
            (Form::Times, [time]) => self.all.push(one_way(time, unit)?),
            (Form::Links, [from, to, time]) => self.add(from, to, one_way(time, unit)?),
            (Form::Matrix(names), [from, times @ ..]) if times.len() == names.len() => {
                for (to, time) in names.iter().zip(times) {
                    self.add(from, to, one_way(time, unit)?);
                }
            }
            (Form::Times, _) => return Err(count(fields.len(), 1)),
            (Form::Links, _) => return Err(count(fields.len(), 3)),
            (Form::Matrix(names), _) => return Err(count(fields.len(), names.len() + 1)),
        }
        Ok(())
    }

    fn add(&mut self, from: &str, to: &str, time: Nanos) {
        self.links.entry((from.to_owned(), to.to_owned())).or_default().push(time);
    }

    /// Names of nodes or zones in the order of the alphabet.
    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.links.keys().flat_map(|(from, to)| [from.as_str(), to]).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The latency of every link that has one, by the places of its ends. Where the names of the table are not
    /// those of the nodes, they are zones, and the nodes are spread over them in turn.
    ///
    /// # Errors
    /// With the names of both if the table has some of the nodes, but not all.
    pub fn links(&self, nodes: &[String]) -> Result<Vec<(usize, usize, Latency)>, String> {
        let names = self.names();
        let known = nodes.iter().filter(|node| names.contains(&node.as_str())).count();
        if known > 0 && known < nodes.len() {
            let (nodes, names) = (nodes.join(", "), names.join(", "));
            return Err(format!("the times are of {names}; expected all of {nodes}, or zones"));
        }
        let at = |place: usize| match (known, names.as_slice()) {
            (0, []) => "",
            (0, zones) => zones[place % zones.len()],
            _ => nodes[place].as_str(),
        };
        let mut links = Vec::new();
        for from in 0..nodes.len() {
            for to in (0..nodes.len()).filter(|to| *to != from) {
                let times = self.between(at(from), at(to));
                links.extend(times.map(|times| (from, to, Latency::of_times(times))));
            }
        }
        Ok(links)
    }

    fn between(&self, from: &str, to: &str) -> Option<&[Nanos]> {
        let times = |from: &str, to: &str| self.links.get(&(from.to_owned(), to.to_owned()));
        let own = times(from, to).or_else(|| times(to, from)).map(Vec::as_slice);
        own.or((!self.all.is_empty()).then_some(&self.all))
    }
}

fn form(header: &StringRecord) -> Option<(Form, f64)> {
    let fields: Vec<&str> = header.iter().collect();
    match fields.as_slice() {
        [time] => Some((Form::Times, unit(time)?)),
        ["from", "to", time] => Some((Form::Links, unit(time)?)),
        [time, names @ ..] => {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            Some((Form::Matrix(names), unit(time)?))
        }
        [] => None,
    }
}

/// How many nanoseconds are one of the unit in the name of a column.
fn unit(column: &str) -> Option<f64> {
    match column.strip_prefix("rtt_")? {
        "s" => Some(1e9),
        "ms" => Some(1e6),
        "us" => Some(1e3),
        "ns" => Some(1.0),
        _ => None,
    }
}

fn one_way(time: &str, unit: f64) -> Result<Nanos, String> {
    let nanos = time.parse::<f64>().ok().map(|time| time * unit);
    nanos
        .filter(|nanos| (0.0..=LONGEST).contains(nanos))
        .map(|nanos| (nanos / WAYS) as Nanos)
        .ok_or_else(|| format!("found `{time}`; expected a time from 0 to an hour, such as 1.25"))
}

fn count(found: usize, expected: usize) -> String {
    format!("found {found} fields; expected {expected}, as in the header")
}

fn joined(header: &StringRecord) -> String {
    let fields: Vec<&str> = header.iter().collect();
    fields.join(",").chars().take(60).collect()
}

fn wrong(line: u64, problem: String) -> MeasuredError {
    MeasuredError { line, problem }
}

fn broken(error: &csv::Error) -> MeasuredError {
    wrong(error.position().map_or(1, csv::Position::line), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_table_is_of_all_links_of_some_or_of_zones() {
        let all = Measured::read("rtt_us\n10\n10\n").unwrap();
        let links = all.links(&nodes(&["n1", "n2"])).unwrap();
        assert_eq!(links, [(0, 1, Latency::Constant(5_000)), (1, 0, Latency::Constant(5_000))]);

        let some = Measured::read("from,to,rtt_ms\na,b,2\nb,a,4\na,c,6\n").unwrap();
        let links = some.links(&nodes(&["a", "b", "c"])).unwrap();
        let ms = |time: u64| Latency::Constant(time * 1_000_000);
        let expected = [(0, 1, ms(1)), (0, 2, ms(3)), (1, 0, ms(2)), (2, 0, ms(3))];
        assert_eq!(links, expected, "b and c have none");
        assert!(some.links(&nodes(&["a", "x"])).unwrap_err().contains("expected all of a, x"));

        let zones = Measured::read("rtt_ms,eu,us\neu,1,80\nus,80,1\n").unwrap();
        let links = zones.links(&nodes(&["n1", "n2", "n3"])).unwrap();
        let half = Latency::Constant(500_000);
        assert_eq!(links[..2], [(0, 1, ms(40)), (0, 2, half)], "n1 and n3 are in eu");
    }

    #[test]
    fn what_is_wrong_has_its_line() {
        for (text, expected) in [
            ("", "line 1: found ``; expected a header"),
            ("rtt\n1\n", "line 1: found `rtt`; expected a header"),
            ("rtt_ms\n", "line 2: no times"),
            ("rtt_ms\n1\nfast\n", "line 3: found `fast`; expected a time"),
            ("rtt_ms\n-1\n", "line 2: found `-1`"),
            ("rtt_ms\nNaN\n", "line 2: found `NaN`"),
            ("rtt_s\n1e9\n", "line 2: found `1e9`"),
            ("from,to,rtt_ms\na,b\n", "line 2: found 2 fields; expected 3"),
            ("rtt_ms,a,b\na,1\n", "line 2: found 2 fields; expected 3"),
        ] {
            let error = Measured::read(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text:?}: {error}");
        }
    }
}
