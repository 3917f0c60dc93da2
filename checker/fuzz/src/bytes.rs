//! Events made of arbitrary bytes.

use quorate_checker::{Datum, Event, EventKind, Process};

/// Bytes taken one by one; nothing but zeros once they have run out.
pub struct Bytes<'a>(pub &'a [u8]);

impl Bytes<'_> {
    /// Whether there is more.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u8) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first % limit
    }

    fn number(&mut self) -> u64 {
        let length = self.below(9);
        (0..length).fold(0, |number, _| number << 8 | u64::from(self.below(255)))
    }

    fn text(&mut self) -> String {
        let length = usize::from(self.below(8)).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    /// A value that a file can hold: no keyword where `keywords` is off, since JSON has none, and maps in
    /// the order of their keys, since in EDN they have no other.
    fn datum(&mut self, keywords: bool, depth: u8) -> Datum {
        let kinds = if depth < 4 { 8 } else { 6 };
        match self.below(kinds) {
            0 => Datum::Nil,
            1 => Datum::Bool(self.below(2) == 1),
            2 => Datum::Int(self.number().cast_signed()),
            3 => Datum::Float(
                Some(f64::from_bits(self.number())).filter(|f| f.is_finite()).unwrap_or(0.5),
            ),
            4 if keywords => Datum::Keyword(format!("k{}", self.below(100)).into()),
            4 | 5 => Datum::text(&self.text()),
            6 => Datum::List((0..self.below(5)).map(|_| self.datum(keywords, depth + 1)).collect()),
            _ => {
                let mut entries: Vec<(Datum, Datum)> = (0..self.below(5))
                    .map(|_| (Datum::text(&self.text()), self.datum(keywords, depth + 1)))
                    .collect();
                entries.sort_by(|(a, _), (b, _)| a.as_name().cmp(&b.as_name()));
                entries.dedup_by(|(a, _), (b, _)| a == b);
                Datum::Map(entries)
            }
        }
    }

    fn optional<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 1).then(|| make(self))
    }

    /// Any event at all, as EDN (with keywords, its key in a tuple) or JSON has it.
    pub fn event(&mut self, index: Option<u64>, edn: bool) -> Event {
        let kinds = [EventKind::Invoke, EventKind::Ok, EventKind::Fail, EventKind::Info];
        let fs = ["read", "write", "cas", "txn", "start"];
        let mut extra: Vec<(Box<str>, Datum)> = (0..self.below(3))
            .map(|_| (format!("x{}", self.text()).into(), self.datum(edn, 0)))
            .collect();
        extra.sort_by(|(a, _), (b, _)| a.cmp(b));
        extra.dedup_by(|(a, _), (b, _)| a == b);
        Event {
            line: 0,
            index,
            time: self.optional(|bytes| bytes.number().cast_signed()),
            process: match self.below(6) {
                0 => Process::Nemesis,
                number => Process::Client(u32::from(number)),
            },
            kind: kinds[usize::from(self.below(4))],
            f: match self.below(6) {
                5 => self.text().into(),
                known => fs[usize::from(known)].into(),
            },
            key: self.optional(|bytes| bytes.datum(edn, 0)).filter(|_| !edn),
            value: self.datum(edn, 0),
            observed: self.optional(|bytes| bytes.datum(edn, 0)),
            extra,
        }
    }
}
