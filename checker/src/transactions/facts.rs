//! What a history of transactions tells by itself: who depends on whom, and what is wrong already.

use super::history::TransactionHistory;
use crate::anomaly::Anomaly;
use crate::history::{OPEN, Outcome};
use crate::value::ValueId;

/// Why one transaction comes before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// The second overwrote what the first had written.
    Overwrote { key: u32, before: ValueId, after: ValueId },
    /// The second read what the first had written.
    Read { key: u32, value: ValueId },
    /// The first did not see what the second wrote: it read an older value, or nothing at all.
    Missed { key: u32, found: Option<ValueId>, missed: ValueId },
    /// The same process ran one after the other.
    Process,
    /// The first had completed before the second was invoked.
    RealTime,
    /// An edge from one helper node on: the same reason as that of the edge to the helper.
    Onward,
}

/// One transaction comes before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) why: Why,
}

/// Something that no isolation level explains as a cycle does: it is wrong by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oddity {
    /// Nobody wrote the value that was read.
    Phantom { reader: u32, key: u32, value: ValueId },
    /// The transaction that wrote it had failed.
    Dirty { reader: u32, writer: u32, key: u32, value: ValueId },
    /// The transaction that wrote it wrote another one to the same key afterwards.
    Intermediate { reader: u32, writer: u32, key: u32, value: ValueId },
    /// A transaction did not find what it had written itself, or what it was to write only later.
    Internal { reader: u32, key: u32 },
    /// A transaction read a key twice, and found another version.
    Unrepeatable { reader: u32, key: u32 },
    /// Of two lists that were read of one key, neither begins with the other.
    Incompatible { first: u32, second: u32, key: u32 },
    /// A list shows an element, and not before it what the same transaction had appended first.
    Reordered { reader: u32, writer: u32, key: u32, value: ValueId },
    /// An element stands twice in a list that was read.
    Duplicate { reader: u32, key: u32, value: ValueId },
    /// Two transactions read the same version of a key, and both wrote the next one.
    LostUpdate { first: u32, second: u32, key: u32 },
}

impl Oddity {
    /// What it is called.
    pub(crate) fn anomaly(self) -> Anomaly {
        match self {
            Self::Phantom { .. } => Anomaly::PhantomValue,
            Self::Dirty { .. } => Anomaly::DirtyRead,
            Self::Intermediate { .. } => Anomaly::IntermediateRead,
            Self::Internal { .. } => Anomaly::InternalRead,
            Self::Unrepeatable { .. } => Anomaly::UnrepeatableRead,
            Self::Incompatible { .. } | Self::Reordered { .. } => Anomaly::IncompatibleOrder,
            Self::Duplicate { .. } => Anomaly::DuplicateElement,
            Self::LostUpdate { .. } => Anomaly::LostUpdate,
        }
    }

    /// The transactions that show it.
    pub(crate) fn transactions(self) -> Vec<u32> {
        match self {
            Self::Phantom { reader, .. }
            | Self::Internal { reader, .. }
            | Self::Unrepeatable { reader, .. }
            | Self::Duplicate { reader, .. } => vec![reader],
            Self::Dirty { reader, writer, .. }
            | Self::Intermediate { reader, writer, .. }
            | Self::Reordered { reader, writer, .. } => vec![writer, reader],
            Self::Incompatible { first, second, .. } | Self::LostUpdate { first, second, .. } => {
                vec![first, second]
            }
        }
    }
}

/// What a history tells.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Whether each transaction took effect: it completed, or something it wrote was read.
    pub(crate) effective: Vec<bool>,
    pub(crate) oddities: Vec<Oddity>,
    /// Dependencies by data. Numbers from the number of transactions up are helper nodes.
    pub(crate) links: Vec<Link>,
    pub(crate) helpers: u32,
}

impl Facts {
    /// At first, what completed took effect.
    pub(crate) fn new(history: &TransactionHistory) -> Self {
        let effective = history.transactions.iter().map(|t| t.outcome == Outcome::Ok).collect();
        Self { effective, ..Self::default() }
    }

    pub(crate) fn link(&mut self, from: u32, to: u32, why: Why) {
        if from != to {
            self.links.push(Link { from, to, why });
        }
    }

    /// All of `readers` found nothing of what any of `writers` wrote to the key, though each must come
    /// before all of those writers but itself. Two helper nodes make that linear: readers that do not
    /// write lead through the first, to all; those that do through the second, to writers that do not
    /// read. (Two that do both are a lost update.)
    pub(crate) fn all_missed(
        &mut self,
        history: &TransactionHistory,
        (readers, writers): (&[(u32, Why)], &[u32]),
    ) {
        if readers.is_empty() || writers.is_empty() {
            return;
        }
        let first = history.transactions.len() as u32 + self.helpers;
        let second = first + 1;
        self.helpers += 2;
        let writes = |transaction: u32| writers.binary_search(&transaction).is_ok();
        let mut both = Vec::new();
        for (reader, why) in readers {
            if writes(*reader) {
                both.push(*reader);
                self.link(*reader, second, *why);
            } else {
                self.link(*reader, first, *why);
            }
        }
        both.sort_unstable();
        self.link(first, second, Why::Onward);
        for writer in writers {
            let from = if both.binary_search(writer).is_ok() { first } else { second };
            self.link(from, *writer, Why::Onward);
        }
    }
}

/// Links that are not told by data: the order of each process, and real time.
pub(crate) struct Order {
    pub(crate) links: Vec<Link>,
    pub(crate) helpers: u32,
}

/// The order of each process's own transactions, and real time, which leads from each completion to a
/// helper node, from there to the next, and to all transactions invoked before the next completion.
pub(crate) fn order(history: &TransactionHistory, facts: &Facts) -> Order {
    let mut order = Order { links: Vec::new(), helpers: 0 };
    let first = history.transactions.len() as u32 + facts.helpers;
    let mut events: Vec<(u32, u32)> = Vec::new();
    let mut last_of = rustc_hash::FxHashMap::default();
    for number in history.numbers().filter(|number| facts.effective[*number as usize]) {
        let transaction = history.of(number);
        events.push((transaction.call, number));
        if transaction.ret != OPEN {
            events.push((transaction.ret, number));
        }
        if let Some(before) = last_of.insert(transaction.process, number) {
            order.links.push(Link { from: before, to: number, why: Why::Process });
        }
    }
    events.sort_unstable();
    let (mut now, mut called_since) = (None, false);
    for (position, number) in events {
        let mut link = |from, to, why| order.links.push(Link { from, to, why });
        if history.of(number).call == position {
            if let Some(now) = now {
                link(now, number, Why::Onward);
            }
            called_since = true;
            continue;
        }
        if called_since || now.is_none() {
            let next = first + order.helpers;
            order.helpers += 1;
            if let Some(before) = now {
                link(before, next, Why::Onward);
            }
            (now, called_since) = (Some(next), false);
        }
        if let Some(now) = now {
            link(number, now, Why::RealTime);
        }
    }
    order
}
