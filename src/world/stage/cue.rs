//! One line of a script: what it says, and how it is written.

use super::script::{Names, Words};
use crate::client::{Action, Operation};
use crate::protocol::{Key, NodeId, Timer, Value};
use crate::time::{Nanos, parse_duration};

/// What one line of a script lets happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cue {
    /// `clients w1 w2 r`: in this order they are numbered. Those it does not name follow as they appear.
    Clients(Vec<String>),
    /// `w: write 1 at A`, or `w: write 1 to x2 at A` for another register than the first: a client asks a
    /// node.
    Begin {
        /// Who.
        client: String,
        /// For what.
        operation: Operation,
        /// Whom.
        node: NodeId,
        /// `later`: whether request and answer are on their way until other lines let them arrive.
        later: bool,
    },
    /// `arrive w`, or `arrive 2nd w`: what a client asked for later reaches its node.
    Arrive {
        /// Whose request.
        client: String,
        /// The first, second, … of those on their way, from 1.
        number: usize,
    },
    /// `answer w`: the answer to what a client asked for later reaches it.
    Answer {
        /// Whom.
        client: String,
    },
    /// `disconnect w`: a client learns that the node that it asked has crashed.
    Disconnect {
        /// Who.
        client: String,
    },
    /// `deliver query A -> B, C`, and the same with `drop` and `duplicate`.
    Carry {
        /// What becomes of the messages.
        fate: Fate,
        /// Which messages of each link.
        which: Which,
        /// Who sent them.
        from: NodeId,
        /// To whom.
        to: Vec<NodeId>,
    },
    /// `sync A B`: what nodes have written reaches their disks; of each the oldest record with `once`.
    Sync {
        /// Whose.
        nodes: Vec<NodeId>,
        /// Whether only the oldest record.
        once: bool,
    },
    /// `timer A`, or `timer A 2:7`: a timer goes off.
    Timer {
        /// Whose.
        node: NodeId,
        /// Which; needed if there are several.
        timer: Option<Timer>,
    },
    /// `crash A B losing unsynced`.
    Crash {
        /// Which nodes.
        nodes: Vec<NodeId>,
        /// Whether what was not synced is lost.
        lose_unsynced: bool,
    },
    /// `wipe A B`: they crash, and come back with nothing.
    Wipe(Vec<NodeId>),
    /// `restart A B`.
    Restart(Vec<NodeId>),
    /// `clock A -5ms`: from now on it is so much ahead.
    SetClock {
        /// Whose.
        node: NodeId,
        /// By how many nanoseconds.
        offset: i64,
    },
    /// `settle A B`: these nodes sync, and talk among themselves, until nothing is left to say.
    Settle(Vec<NodeId>),
    /// `give up w`: the client stops waiting.
    GiveUp {
        /// Who.
        client: String,
    },
    /// `wait 20ms`: nothing happens for this long.
    Wait(Nanos),
    /// `pace 0ns`: from now on each step takes this long.
    Pace(Nanos),
    /// `patience 200ms`: nodes forget an operation after this time. It counts from the beginning,
    /// wherever it stands.
    Patience(Nanos),
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Deliver,
    /// It is lost.
    Drop,
    /// Another one like it is sent.
    Duplicate,
}

impl Fate {
    const ALL: [Self; 3] = [Self::Deliver, Self::Drop, Self::Duplicate];

    /// The word of scripts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::Drop => "drop",
            Self::Duplicate => "duplicate",
        }
    }
}

/// Which messages of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Which {
    /// Of this kind; where there is only one kind, it need not be named.
    pub kind: Option<String>,
    /// The first, second, … of them in the order in which they were sent, from 1; all if `None`.
    pub number: Option<usize>,
}

impl Cue {
    /// Whether something breaks or is mended beside the network, or a message is lost or doubled.
    pub fn is_fault(&self) -> bool {
        match self {
            Self::Crash { .. } | Self::Restart(_) | Self::SetClock { .. } => true,
            Self::Carry { fate, .. } => *fate != Fate::Deliver,
            _ => false,
        }
    }

    /// Reads a line, which has at least one word.
    pub(super) fn parse(words: &mut Words<'_>, names: Names<'_>) -> Result<Self, String> {
        let first = words.next("a step")?;
        if let Some(client) = first.strip_suffix(':') {
            return Self::begin(client, words, names);
        }
        if let Some(fate) = Fate::ALL.into_iter().find(|fate| fate.name() == first) {
            return Self::carry(fate, words, names);
        }
        match first {
            "clients" => {
                let mut clients = vec![client(words)?];
                while words.peek().is_some() {
                    clients.push(client(words)?);
                }
                Ok(Self::Clients(clients))
            }
            "arrive" => {
                let number = take_ordinal(words)?.unwrap_or(1);
                Ok(Self::Arrive { client: client(words)?, number })
            }
            "answer" => Ok(Self::Answer { client: client(words)? }),
            "disconnect" => Ok(Self::Disconnect { client: client(words)? }),
            "sync" => Ok(Self::Sync { nodes: names.some(words)?, once: words.take("once") }),
            "wait" => Ok(Self::Wait(duration(words)?)),
            "pace" => Ok(Self::Pace(duration(words)?)),
            "patience" => Ok(Self::Patience(duration(words)?)),
            "timer" => {
                let node = names.node(words)?;
                let timer = words.peek().map(|_| timer(words)).transpose()?;
                Ok(Self::Timer { node, timer })
            }
            "crash" => {
                let nodes = names.some(words)?;
                let lose_unsynced = words.take("losing");
                if lose_unsynced {
                    words.expect("unsynced")?;
                }
                Ok(Self::Crash { nodes, lose_unsynced })
            }
            "wipe" => Ok(Self::Wipe(names.some(words)?)),
            "restart" => Ok(Self::Restart(names.some(words)?)),
            "clock" => {
                let node = names.node(words)?;
                Ok(Self::SetClock { node, offset: offset(words)? })
            }
            "settle" => Ok(Self::Settle(names.some(words)?)),
            "give" => {
                words.expect("up")?;
                Ok(Self::GiveUp { client: client(words)? })
            }
            other => Err(format!(
                "found \"{other}\"; expected the name of a client and a colon, or clients, arrive, answer, \
                 disconnect, deliver, drop, duplicate, sync, timer, crash, wipe, restart, clock, settle, give \
                 up, wait, pace or patience"
            )),
        }
    }

    fn begin(client: &str, words: &mut Words<'_>, names: Names<'_>) -> Result<Self, String> {
        let (action, preposition) = match words.next("read, write or cas")? {
            "read" => (Action::Read, None),
            "write" => (Action::Write(value(words)?), Some("to")),
            "cas" => {
                let expected = if words.take("nothing") { None } else { Some(value(words)?) };
                words.expect("->")?;
                (Action::Cas { expected, new: value(words)? }, Some("on"))
            }
            other => return Err(format!("found \"{other}\"; expected read, write or cas")),
        };
        let names_key = preposition.map_or(words.peek() != Some("at"), |word| words.take(word));
        let key = if names_key { key(words)? } else { 0 };
        words.expect("at")?;
        let (operation, node) = (Operation { key, action }, names.node(words)?);
        let later = words.take("later");
        Ok(Self::Begin { client: client.to_owned(), operation, node, later })
    }

    fn carry(fate: Fate, words: &mut Words<'_>, names: Names<'_>) -> Result<Self, String> {
        let number = match words.peek() {
            Some("all") => {
                words.expect("all")?;
                None
            }
            _ => Some(take_ordinal(words)?.unwrap_or(1)),
        };
        // A word that stands before a node is a kind of message.
        let kind = match words.peek_second() {
            Some("->") | None => None,
            Some(_) => Some(words.next("a kind of message")?.to_owned()),
        };
        let from = names.node(words)?;
        words.expect("->")?;
        let mut to = vec![names.node(words)?];
        while words.take(",") {
            to.push(names.node(words)?);
        }
        Ok(Self::Carry { fate, which: Which { kind, number }, from, to })
    }
}

/// The next word, if it is `2nd` or the like.
fn take_ordinal(words: &mut Words<'_>) -> Result<Option<usize>, String> {
    let number = words.peek().and_then(ordinal);
    if number.is_some() {
        words.next("a number")?;
    }
    Ok(number)
}

/// `2nd` and the like.
fn ordinal(word: &str) -> Option<usize> {
    let number = ["st", "nd", "rd", "th"].iter().find_map(|ending| word.strip_suffix(ending))?;
    number.parse().ok().filter(|number| *number > 0)
}

fn value(words: &mut Words<'_>) -> Result<Value, String> {
    let word = words.next("a whole number")?;
    word.parse().map_err(|_| format!("found \"{word}\"; expected a whole number"))
}

fn client(words: &mut Words<'_>) -> Result<String, String> {
    words.next("the name of a client").map(str::to_owned)
}

/// A register: `x2` for the one with the number 2.
fn key(words: &mut Words<'_>) -> Result<Key, String> {
    const EXPECTED: &str = "a register, such as x2";
    let word = words.next(EXPECTED)?;
    let number = word.strip_prefix('x').and_then(|number| number.parse().ok());
    number.ok_or_else(|| format!("found \"{word}\"; expected {EXPECTED}, or at"))
}

fn duration(words: &mut Words<'_>) -> Result<Nanos, String> {
    parse_duration(words.next("a time, such as 20ms")?)
}

fn timer(words: &mut Words<'_>) -> Result<Timer, String> {
    let word = words.next("a timer")?;
    let timer = word.split_once(':').and_then(|(kind, number)| {
        Some(Timer { kind: kind.parse().ok()?, number: number.parse().ok()? })
    });
    timer.ok_or_else(|| format!("found \"{word}\"; expected kind:number of a timer, such as 0:1"))
}

fn offset(words: &mut Words<'_>) -> Result<i64, String> {
    const EXPECTED: &str = "a time with a sign, such as -5ms or +1s";
    let word = words.next(EXPECTED)?;
    let (sign, time) = match (word.strip_prefix('-'), word.strip_prefix('+')) {
        (Some(time), _) => (-1, time),
        (None, Some(time)) => (1, time),
        (None, None) => return Err(format!("found \"{word}\"; expected {EXPECTED}")),
    };
    let offset =
        i64::try_from(parse_duration(time)?).map_err(|_| format!("`{time}` is too long"))?;
    Ok(sign * offset)
}
