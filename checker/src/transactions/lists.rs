//! Lists by key: every read tells the whole history of its key, so the order of all versions that were
//! ever read is known (Kingsbury and Alvaro, "Elle: inferring isolation anomalies from experimental
//! observations", VLDB 2020). What nobody read comes after all that somebody did, which Elle does not
//! use; so a history without a cycle has an order that explains it, and the verdict is exact.

use rustc_hash::{FxHashMap, FxHashSet};

use super::facts::{Facts, Oddity, Why};
use super::history::{Act, Step, TransactionHistory};
use crate::history::Outcome;
use crate::value::ValueId;

/// Who appended an element, and what the same transaction appended to the key just before and after.
#[derive(Debug, Clone, Copy)]
struct Appended {
    by: u32,
    before: Option<ValueId>,
    next: Option<ValueId>,
}

/// A list that was read: by whom, and where its elements are.
#[derive(Debug, Clone, Copy)]
struct Longest {
    reader: u32,
    from: u32,
    len: u32,
}

/// What a transaction found in a key when it began: so many elements, before any of its own.
#[derive(Debug, Clone, Copy)]
struct Found {
    reader: u32,
    len: u32,
}

/// One key.
#[derive(Debug, Default)]
struct Key {
    longest: Option<Longest>,
    found: Vec<Found>,
    appenders: Vec<u32>,
    /// Whether its reads contradict each other.
    disputed: bool,
}

/// A key in the course of a transaction: what it found there at first, if it read it, and what it has
/// appended so far.
type Seen<'h> = (u32, Option<&'h [ValueId]>, Vec<ValueId>);

struct Lists<'h> {
    history: &'h TransactionHistory,
    facts: Facts,
    appended: FxHashMap<(u32, ValueId), Appended>,
    /// Where each element stands in its key's longest list.
    places: FxHashMap<(u32, ValueId), u32>,
    keys: Vec<Key>,
}

/// Dependencies and oddities of a history of lists. O(elements read). Says why if elements are not
/// distinct.
pub(super) fn facts(history: &TransactionHistory) -> Result<Facts, &'static str> {
    let mut keys = Vec::new();
    keys.resize_with(history.keys.len(), Key::default);
    let mut lists = Lists {
        history,
        facts: Facts::new(history),
        appended: FxHashMap::default(),
        places: FxHashMap::default(),
        keys,
    };
    lists.find_appends()?;
    lists.find_longest();
    lists.follow_longest();
    for number in history.numbers().filter(|n| history.of(*n).outcome == Outcome::Ok) {
        lists.read(number);
    }
    for key in 0..lists.keys.len() as u32 {
        lists.link(key);
    }
    Ok(lists.facts)
}

impl Lists<'_> {
    fn find_appends(&mut self) -> Result<(), &'static str> {
        for number in self.history.numbers() {
            let steps = self.history.steps(number);
            for (place, step) in steps.iter().enumerate() {
                let Act::Append(element) = step.act else { continue };
                let appends = |steps: &[Step], last: bool| {
                    let mut of_key = steps.iter().filter(|other| other.key == step.key);
                    let leaves = |other: &Step| other.act.leaves();
                    if last { of_key.rev().find_map(leaves) } else { of_key.find_map(leaves) }
                };
                let before = appends(&steps[..place], true);
                let next = appends(&steps[place + 1..], false);
                let appended = Appended { by: number, before, next };
                if self.appended.insert((step.key, element), appended).is_some() {
                    return Err("an element is appended twice to one list");
                }
                let appenders = &mut self.keys[step.key as usize].appenders;
                if appenders.last() != Some(&number) {
                    appenders.push(number);
                }
            }
        }
        Ok(())
    }

    /// The lists that completed transactions read: reader, key and elements.
    fn lists_read(&self) -> impl Iterator<Item = (u32, u32, u32, u32)> + use<'_> {
        let history = self.history;
        let ok = history.numbers().filter(|number| history.of(*number).outcome == Outcome::Ok);
        ok.flat_map(|number| {
            history.steps(number).iter().filter_map(move |step| match step.act {
                Act::List { from, len } => Some((number, step.key, from, len)),
                _ => None,
            })
        })
    }

    fn find_longest(&mut self) {
        let history = self.history;
        let mut longest: Vec<Option<Longest>> = vec![None; self.keys.len()];
        for (reader, key, from, len) in self.lists_read() {
            let known = &mut longest[key as usize];
            if len > 0 && known.is_none_or(|known| known.len < len) {
                *known = Some(Longest { reader, from, len });
            }
        }
        let mut disputed = FxHashSet::default();
        let mut incompatible = Vec::new();
        for (second, key, from, len) in self.lists_read() {
            let Some(known) = longest[key as usize] else { continue };
            let begins = &history.list(known.from, known.len)[..len as usize];
            if history.list(from, len) != begins && disputed.insert(key) {
                incompatible.push(Oddity::Incompatible { first: known.reader, second, key });
            }
        }
        self.facts.oddities.extend(incompatible);
        for (number, longest) in longest.into_iter().enumerate() {
            let disputed = disputed.contains(&(number as u32));
            self.keys[number] = Key { longest, disputed, ..std::mem::take(&mut self.keys[number]) };
        }
    }

    /// Who appended the elements of the longest lists: they took effect.
    fn follow_longest(&mut self) {
        for key in 0..self.keys.len() as u32 {
            let Some(Longest { reader, from, len }) = self.keys[key as usize].longest else {
                continue;
            };
            let history = self.history;
            for (place, element) in history.list(from, len).iter().enumerate() {
                let value = *element;
                if self.places.insert((key, value), place as u32).is_some() {
                    self.facts.oddities.push(Oddity::Duplicate { reader, key, value });
                }
                let appended = self.appended.get(&(key, value)).copied();
                match appended {
                    None => self.facts.oddities.push(Oddity::Phantom { reader, key, value }),
                    Some(Appended { by: writer, .. })
                        if history.of(writer).outcome == Outcome::Fail =>
                    {
                        self.facts.oddities.push(Oddity::Dirty { reader, writer, key, value });
                    }
                    Some(Appended { by: writer, before, .. }) => {
                        self.facts.effective[writer as usize] = true;
                        if before.is_some_and(|before| !self.places.contains_key(&(key, before))) {
                            self.facts.oddities.push(Oddity::Reordered {
                                reader,
                                writer,
                                key,
                                value,
                            });
                        }
                    }
                }
            }
        }
    }

    /// Follows the steps of a transaction that completed: what it found in each key, and whether its
    /// reads agree with each other and with its own appends.
    fn read(&mut self, reader: u32) {
        let history = self.history;
        let mut seen: Vec<Seen<'_>> = Vec::new();
        for step in history.steps(reader) {
            let place = seen.iter().position(|(key, ..)| *key == step.key).unwrap_or_else(|| {
                seen.push((step.key, None, Vec::new()));
                seen.len() - 1
            });
            let (key, found, own) = &mut seen[place];
            let (key, reader) = (*key, reader);
            let list = match step.act {
                Act::Append(element) => {
                    own.push(element);
                    continue;
                }
                Act::List { from, len } => history.list(from, len),
                _ => continue,
            };
            let Some(before) = list.strip_suffix(own.as_slice()) else {
                self.facts.oddities.push(Oddity::Internal { reader, key });
                continue;
            };
            match found {
                Some(found) if *found != before => {
                    self.facts.oddities.push(Oddity::Unrepeatable { reader, key });
                }
                Some(_) => {}
                None => *found = Some(before),
            }
        }
        for (key, found, own) in seen {
            let Some(found) = found else { continue };
            let len = found.len() as u32;
            let Key { longest, found: all_found, disputed, .. } = &mut self.keys[key as usize];
            let is_beginning =
                |longest: Longest| history.list(longest.from, longest.len).starts_with(found);
            // A list that contradicts others tells nothing about their order.
            if !*disputed || longest.is_none_or(is_beginning) {
                all_found.push(Found { reader, len });
            }
            let early = |element: &ValueId| {
                let place = self.places.get(&(key, *element));
                place.is_some_and(|place| found.get(*place as usize) == Some(element))
            };
            if own.iter().any(early) {
                self.facts.oddities.push(Oddity::Internal { reader, key });
            }
        }
    }

    /// The dependencies that one key tells.
    fn link(&mut self, key: u32) {
        let Key { longest, mut found, appenders, .. } =
            std::mem::take(&mut self.keys[key as usize]);
        let versions: &[ValueId] =
            longest.map_or(&[], |longest| self.history.list(longest.from, longest.len));
        let by = |value: ValueId| self.appended.get(&(key, value)).copied();
        for pair in versions.windows(2) {
            let (before, after) = (pair[0], pair[1]);
            if let (Some(first), Some(then)) = (by(before), by(after)) {
                let why = Why::Overwrote { key, before, after };
                self.facts.link(first.by, then.by, why);
            }
        }
        let mut at_end: Vec<(u32, Why)> = Vec::new();
        for Found { reader, len } in &found {
            let value = len.checked_sub(1).and_then(|last| versions.get(last as usize)).copied();
            if let Some(value) = value
                && let Some(Appended { by: writer, next, .. }) = by(value)
            {
                self.facts.link(writer, *reader, Why::Read { key, value });
                if next.is_some() && writer != *reader {
                    let reader = *reader;
                    self.facts.oddities.push(Oddity::Intermediate { reader, writer, key, value });
                }
            }
            let missed = versions.get(*len as usize).copied();
            let why = |missed| Why::Missed { key, found: value, missed };
            match missed {
                Some(missed) => {
                    if let Some(writer) = by(missed) {
                        self.facts.link(*reader, writer.by, why(missed));
                    }
                }
                None => at_end.push((*reader, why(ValueId::NONE))),
            }
        }
        if let Some(last) = versions.last()
            && let Some(writer) = by(*last)
        {
            let why = Why::Overwrote { key, before: *last, after: ValueId::NONE };
            at_end.push((writer.by, why));
        }
        let unread = |appender: &u32| {
            self.facts.effective[*appender as usize]
                && self.history.steps(*appender).iter().any(|step| {
                    step.key == key
                        && matches!(step.act, Act::Append(element)
                            if !self.places.contains_key(&(key, element)))
                })
        };
        let unread: Vec<u32> = appenders.iter().copied().filter(unread).collect();
        self.facts.all_missed(self.history, (&at_end, &unread));
        found.retain(|found| appenders.binary_search(&found.reader).is_ok());
        self.find_lost_updates(key, found);
    }

    /// Of the transactions that read a key and appended to it, two found the same.
    fn find_lost_updates(&mut self, key: u32, mut found: Vec<Found>) {
        found.sort_unstable_by_key(|found| (found.len, found.reader));
        for pair in found.windows(2).filter(|pair| pair[0].len == pair[1].len) {
            let (first, second) = (pair[0].reader, pair[1].reader);
            self.facts.oddities.push(Oddity::LostUpdate { first, second, key });
        }
    }
}
