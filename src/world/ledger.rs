//! What each node sent over time, in memory that does not grow with the run.

use serde::{Deserialize, Serialize};

use crate::protocol::NodeId;
use crate::time::Nanos;

/// Time is cut into so many pieces at most. When there are more, two become one.
const PIECES_MAX: usize = 256;
const VERSION: u32 = 1;

/// What was sent together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// Messages to other nodes, as [`Traffic`](super::Traffic) counts them.
    pub messages: u64,
    /// What they take on the wire; 0 where nobody weighs them.
    pub bytes: u64,
    /// Of the messages, those that mend what replicas hold, and for which no operation waits.
    pub repairs: u64,
    /// What those take on the wire.
    pub repair_bytes: u64,
}

impl Sent {
    /// One message.
    pub fn one(bytes: u64, is_repair: bool) -> Self {
        let repairs = u64::from(is_repair);
        Self { messages: 1, bytes, repairs, repair_bytes: repairs * bytes }
    }
}

/// What each node sent over time: `traffic.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    version: u32,
    /// How long a piece of time is. The first begins with the run, the last may be cut short by its end.
    pub width_ns: Nanos,
    /// By node.
    pub nodes: Vec<Account>,
}

/// What one node sent in each piece of time, up to the last in which it sent any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Which node.
    pub name: String,
    /// Messages to other nodes.
    pub messages: Vec<u64>,
    /// What they took on the wire; all zero where nobody weighs them.
    pub bytes: Vec<u64>,
    /// Of the messages, those that mend.
    pub repairs: Vec<u64>,
    /// What those took on the wire.
    pub repair_bytes: Vec<u64>,
}

impl Account {
    fn columns(&mut self) -> [&mut Vec<u64>; 4] {
        [&mut self.messages, &mut self.bytes, &mut self.repairs, &mut self.repair_bytes]
    }
}

impl Ledger {
    /// One of `n` nodes without names that have sent nothing yet. Pieces of time are `width` long at first.
    pub fn new(n: u16, width: Nanos) -> Self {
        let nodes = vec![Account::default(); usize::from(n)];
        Self { version: VERSION, width_ns: width, nodes }
    }

    /// The same with these names.
    #[must_use]
    pub fn named(mut self, names: &[String]) -> Self {
        for (node, name) in self.nodes.iter_mut().zip(names) {
            node.name.clone_from(name);
        }
        self
    }

    /// A node sends something.
    pub fn add(&mut self, now: Nanos, node: NodeId, sent: Sent) {
        while now / self.width_ns >= PIECES_MAX as u64 {
            self.halve();
        }
        let place = (now / self.width_ns) as usize;
        let Sent { messages, bytes, repairs, repair_bytes } = sent;
        let columns = self.nodes[usize::from(node)].columns();
        for (column, number) in columns.into_iter().zip([messages, bytes, repairs, repair_bytes]) {
            if column.len() <= place {
                column.resize(place + 1, 0);
            }
            column[place] += number;
        }
    }

    /// Makes pieces of time twice as long.
    fn halve(&mut self) {
        self.width_ns *= 2;
        for column in self.nodes.iter_mut().flat_map(Account::columns) {
            *column = column.chunks(2).map(|pair| pair.iter().sum()).collect();
        }
    }

    /// What is wrong with one that was read from a file, if anything is.
    pub fn fault(&self) -> Option<String> {
        let Self { version, width_ns, nodes } = self;
        let mut columns = nodes.iter().flat_map(|node| {
            [&node.messages, &node.bytes, &node.repairs, &node.repair_bytes].map(Vec::len)
        });
        if *version != VERSION {
            Some(format!("version {version}; this program reads version {VERSION}"))
        } else if *width_ns == 0 {
            Some("width_ns = 0; expected at least 1".to_owned())
        } else {
            let longest = columns.find(|length| *length > PIECES_MAX)?;
            Some(format!("{longest} pieces of time; expected at most {PIECES_MAX}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Sent = Sent { messages: 1, bytes: 10, repairs: 0, repair_bytes: 0 };

    #[test]
    fn what_was_sent_stands_at_its_time() {
        let mut ledger = Ledger::new(2, 100);
        ledger.add(0, 0, ONE);
        ledger.add(99, 0, ONE);
        ledger.add(350, 0, Sent::one(10, true));
        ledger.add(100, 1, ONE);
        assert_eq!(ledger.nodes[0].messages, [2, 0, 0, 1]);
        assert_eq!(ledger.nodes[0].bytes, [20, 0, 0, 10]);
        assert_eq!(ledger.nodes[0].repairs, [0, 0, 0, 1]);
        assert_eq!(ledger.nodes[1].messages, [0, 1]);
    }

    #[test]
    fn it_does_not_grow_and_loses_nothing() {
        let mut ledger = Ledger::new(1, 1);
        for now in 0..100_000 {
            ledger.add(now, 0, ONE);
        }
        let messages = &ledger.nodes[0].messages;
        assert!((PIECES_MAX / 2..=PIECES_MAX).contains(&messages.len()), "{}", messages.len());
        assert_eq!(messages.iter().sum::<u64>(), 100_000);
        let whole = &messages[..messages.len() - 1];
        assert!(whole.iter().all(|count| *count == ledger.width_ns), "{whole:?}");
    }

    #[test]
    fn what_is_no_ledger_says_why() {
        let good = Ledger::new(2, 100);
        assert_eq!(good.fault(), None);
        let bad = Ledger { width_ns: 0, ..good.clone() };
        assert_eq!(bad.fault().as_deref(), Some("width_ns = 0; expected at least 1"));
        let mut long = good;
        long.nodes[1].bytes = vec![0; 1000];
        assert_eq!(long.fault().as_deref(), Some("1000 pieces of time; expected at most 256"));
    }
}
