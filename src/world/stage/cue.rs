//! One line of a script: what it says, and how it is written.

use super::script::{Names, Words};
use crate::client::Action;
use crate::protocol::{NodeId, Timer, Value};
use crate::time::{exact_duration, parse_duration};

/// What one line of a script lets happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cue {
    /// `clients w1 w2 r`: in this order they are numbered. Those it does not name follow as they appear.
    Clients(Vec<String>),
    /// `w: write 1 at A`: a client asks a node.
    Begin {
        /// Who.
        client: String,
        /// For what.
        action: Action,
        /// Whom.
        node: NodeId,
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
    /// `sync A B`: what nodes have written reaches their disks.
    Sync(Vec<NodeId>),
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
                let mut clients = vec![words.next("the name of a client")?.to_owned()];
                while words.peek().is_some() {
                    clients.push(words.next("the name of a client")?.to_owned());
                }
                Ok(Self::Clients(clients))
            }
            "sync" => Ok(Self::Sync(names.some(words)?)),
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
            "restart" => Ok(Self::Restart(names.some(words)?)),
            "clock" => {
                let node = names.node(words)?;
                Ok(Self::SetClock { node, offset: offset(words)? })
            }
            "settle" => Ok(Self::Settle(names.some(words)?)),
            "give" => {
                words.expect("up")?;
                Ok(Self::GiveUp { client: words.next("the name of a client")?.to_owned() })
            }
            other => Err(format!(
                "found \"{other}\"; expected the name of a client and a colon, or clients, deliver, \
                 drop, duplicate, sync, timer, crash, restart, clock, settle or give up"
            )),
        }
    }

    fn begin(client: &str, words: &mut Words<'_>, names: Names<'_>) -> Result<Self, String> {
        let action = match words.next("read, write or cas")? {
            "read" => Action::Read,
            "write" => Action::Write(value(words)?),
            "cas" => {
                let expected = if words.take("nothing") { None } else { Some(value(words)?) };
                words.expect("->")?;
                Action::Cas { expected, new: value(words)? }
            }
            other => return Err(format!("found \"{other}\"; expected read, write or cas")),
        };
        words.expect("at")?;
        Ok(Self::Begin { client: client.to_owned(), action, node: names.node(words)? })
    }

    fn carry(fate: Fate, words: &mut Words<'_>, names: Names<'_>) -> Result<Self, String> {
        let number = match words.peek() {
            Some("all") => {
                words.expect("all")?;
                None
            }
            Some(word) if ordinal(word).is_some() => {
                let number = ordinal(word);
                words.next("a number")?;
                number
            }
            _ => Some(1),
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

    /// The line.
    pub(super) fn show(&self, names: Names<'_>) -> String {
        match self {
            Self::Clients(clients) => format!("clients {}", clients.join(" ")),
            Self::Begin { client, action, node } => {
                let action = match action {
                    Action::Read => "read".to_owned(),
                    Action::Write(value) => format!("write {value}"),
                    Action::Cas { expected: None, new } => format!("cas nothing -> {new}"),
                    Action::Cas { expected: Some(expected), new } => {
                        format!("cas {expected} -> {new}")
                    }
                };
                format!("{client}: {action} at {}", names.show(*node))
            }
            Self::Carry { fate, which, from, to } => {
                let to: Vec<String> = to.iter().map(|node| names.show(*node)).collect();
                let (fate, from) = (fate.name(), names.show(*from));
                format!("{fate} {}{from} -> {}", which.show(), to.join(", "))
            }
            Self::Sync(nodes) => format!("sync {}", names.list(nodes)),
            Self::Timer { node, timer } => match timer {
                None => format!("timer {}", names.show(*node)),
                Some(Timer { kind, number }) => {
                    format!("timer {} {kind}:{number}", names.show(*node))
                }
            },
            Self::Crash { nodes, lose_unsynced } => {
                let losing = if *lose_unsynced { " losing unsynced" } else { "" };
                format!("crash {}{losing}", names.list(nodes))
            }
            Self::Restart(nodes) => format!("restart {}", names.list(nodes)),
            Self::SetClock { node, offset } => {
                let sign = if *offset < 0 { '-' } else { '+' };
                let ahead = exact_duration(offset.unsigned_abs());
                format!("clock {} {sign}{ahead}", names.show(*node))
            }
            Self::Settle(nodes) => format!("settle {}", names.list(nodes)),
            Self::GiveUp { client } => format!("give up {client}"),
        }
    }
}

impl Which {
    fn show(&self) -> String {
        let number = match self.number {
            None => "all ".to_owned(),
            Some(1) => String::new(),
            Some(number) => {
                let ending = match (number % 10, number % 100) {
                    (1, tens) if tens != 11 => "st",
                    (2, tens) if tens != 12 => "nd",
                    (3, tens) if tens != 13 => "rd",
                    _ => "th",
                };
                format!("{number}{ending} ")
            }
        };
        let kind = self.kind.as_ref().map(|kind| format!("{kind} ")).unwrap_or_default();
        number + &kind
    }
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
