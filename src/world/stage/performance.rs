//! A script carried out, step by step.

use std::sync::Arc;

use super::cue::{Fate, Which};
use super::script::{Mistake, Script};
use super::{Cue, Envelope, Impossible, Stage, Step};
use crate::client::{Action, Operation, classify};
use crate::protocol::{Configuration, NodeId, RequestId, Timer};
use crate::time::Nanos;
use crate::world::{Happening, Traffic, asker};
use quorate_checker::EventKind;

/// Each step takes a microsecond, unless the script says otherwise.
const STEP: Nanos = 1_000;

/// What came of a script.
#[derive(Debug, Clone, PartialEq)]
pub struct Performance {
    /// Every step, in order. At last, whoever still waits gives up.
    pub played: Vec<Played>,
    /// How many clients there are.
    pub client_count: u32,
    /// After which time nodes forgot an operation.
    pub patience: Nanos,
    /// What went through the network.
    pub traffic: Traffic,
    /// How long it took.
    pub duration: Nanos,
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// When.
    pub at: Nanos,
    /// What.
    pub step: Step,
    /// What clients learned by it.
    pub happenings: Vec<Happening>,
}

impl Script {
    /// Lets everything happen that it says, on a new stage. The result depends on nothing else.
    pub fn perform(&self, config: &Arc<Configuration>) -> Result<Performance, Mistake> {
        let mut director = Director::new(self, config);
        for (line, cue) in &self.cues {
            let done = director.follow(cue);
            done.map_err(|problem| Mistake { line: *line, problem })?;
        }
        director.close();
        Ok(Performance {
            client_count: director.clients.len() as u32,
            patience: self.patience(),
            traffic: director.stage.traffic(),
            duration: director.stage.now(),
            played: director.played,
        })
    }

    /// After which time nodes forget an operation: never, unless it says so.
    fn patience(&self) -> Nanos {
        let said = self.cues().find_map(|cue| match cue {
            Cue::Patience(patience) => Some(*patience),
            _ => None,
        });
        said.unwrap_or(Nanos::MAX)
    }
}

/// A client of a script, under the number of its present process.
struct Client<'s> {
    name: &'s str,
    process: u32,
    operation: Operation,
}

struct Director<'s> {
    stage: Stage,
    /// How long each step takes.
    pace: Nanos,
    clients: Vec<Client<'s>>,
    played: Vec<Played>,
}

impl<'s> Director<'s> {
    /// Clients are numbered in the order in which they appear.
    fn new(script: &'s Script, config: &Arc<Configuration>) -> Self {
        let named = script.cues().flat_map(|cue| match cue {
            Cue::Clients(names) => names.as_slice(),
            _ => &[],
        });
        let appearing = script.cues().filter_map(|cue| match cue {
            Cue::Begin { client, .. } => Some(client),
            _ => None,
        });
        let mut clients: Vec<Client<'s>> = Vec::new();
        for name in named.chain(appearing) {
            if !clients.iter().any(|client| client.name == name) {
                let process = clients.len() as u32;
                let operation = Operation { key: 0, action: Action::Read };
                clients.push(Client { name, process, operation });
            }
        }
        let stage = Stage::with_patience(config, script.patience());
        Self { stage, pace: STEP, clients, played: Vec::new() }
    }

    fn follow(&mut self, cue: &Cue) -> Result<(), String> {
        match cue {
            Cue::Clients(_) | Cue::Patience(_) => Ok(()),
            Cue::Begin { client, operation, node, later } => {
                let client = self.client(client)?;
                self.clients[client].operation = *operation;
                let (process, node, operation) = (self.clients[client].process, *node, *operation);
                self.take(match later {
                    false => Step::Begin { process, node, operation },
                    true => Step::Ask { process, node, operation },
                })
            }
            Cue::Arrive { client, number } => {
                let request = self.request(client, *number)?;
                self.take(Step::Arrive { request })
            }
            Cue::Answer { client } => {
                let process = self.clients[self.client(client)?].process;
                self.take(Step::Answer { process })
            }
            Cue::Disconnect { client } => {
                let process = self.clients[self.client(client)?].process;
                self.take(Step::Disconnect { process })
            }
            Cue::Carry { fate, which, from, to } => {
                to.iter().try_for_each(|to| self.carry(*fate, which, *from, *to))
            }
            Cue::Sync { nodes, once: false } => {
                nodes.iter().try_for_each(|node| self.sync_all(*node))
            }
            Cue::Sync { nodes, once: true } => {
                nodes.iter().try_for_each(|node| self.take(Step::Sync { node: *node }))
            }
            Cue::Timer { node, timer } => {
                let timer = self.timer(*node, *timer)?;
                self.take(Step::Timer { node: *node, timer })
            }
            Cue::Crash { nodes, lose_unsynced } => nodes.iter().try_for_each(|node| {
                self.take(Step::Crash { node: *node, lose_unsynced: *lose_unsynced })
            }),
            Cue::Wipe(nodes) => {
                nodes.iter().try_for_each(|node| self.take(Step::Wipe { node: *node }))
            }
            Cue::Restart(nodes) => {
                nodes.iter().try_for_each(|node| self.take(Step::Restart { node: *node }))
            }
            Cue::SetClock { node, offset } => {
                self.take(Step::SetClock { node: *node, offset: *offset })
            }
            Cue::Settle(nodes) => self.settle(nodes),
            Cue::GiveUp { client } => {
                let process = self.clients[self.client(client)?].process;
                self.take(Step::GiveUp { process })
            }
            Cue::Wait(time) => {
                self.stage.pass(*time);
                Ok(())
            }
            Cue::Pace(time) => {
                self.pace = *time;
                Ok(())
            }
        }
    }

    /// Whoever still waits gives up.
    fn close(&mut self) {
        for place in 0..self.clients.len() {
            let process = self.clients[place].process;
            if self.stage.asked(process).is_some() {
                self.take(Step::GiveUp { process }).expect("it waits");
            }
        }
    }

    fn take(&mut self, step: Step) -> Result<(), String> {
        self.stage.pass(self.pace);
        let happenings = self.stage.take(&step).map_err(|why: Impossible| why.to_string())?;
        let count = self.clients.len() as u32;
        for Happening { process, response } in &happenings {
            let client = self.clients.iter_mut().find(|client| client.process == *process);
            let client = client.expect("only clients of the script learn something");
            // After an unknown outcome a client goes on under a new number.
            if classify(&client.operation, *response).kind == EventKind::Info {
                client.process += count;
            }
        }
        self.played.push(Played { at: self.stage.now(), step, happenings });
        Ok(())
    }

    fn carry(&mut self, fate: Fate, which: &Which, from: NodeId, to: NodeId) -> Result<(), String> {
        for envelope in choose(self.stage.wire(), which, from, to)? {
            self.take(match fate {
                Fate::Deliver => Step::Deliver(envelope),
                Fate::Drop => Step::Drop(envelope),
                Fate::Duplicate => Step::Duplicate(envelope),
            })?;
        }
        Ok(())
    }

    fn sync_all(&mut self, node: NodeId) -> Result<(), String> {
        // What acknowledgements lead to may be written again: that waits.
        for _ in 0..self.stage.unsynced(node).max(1) {
            self.take(Step::Sync { node })?;
        }
        Ok(())
    }

    fn timer(&self, node: NodeId, timer: Option<Timer>) -> Result<Timer, String> {
        let set = self.stage.timers().iter().filter(|(other, _)| *other == node);
        let set: Vec<Timer> = set.map(|(_, timer)| *timer).collect();
        match (timer, set.as_slice()) {
            (Some(timer), _) => Ok(timer),
            (None, []) => Err(Impossible::NoSuchTimer.to_string()),
            (None, [only]) => Ok(*only),
            (None, [first, ..]) => Err(format!(
                "it has set {} timers; expected which one, such as {}:{}",
                set.len(),
                first.kind,
                first.number
            )),
        }
    }

    fn settle(&mut self, among: &[NodeId]) -> Result<(), String> {
        const STEPS_MAX: usize = 100_000;
        for _ in 0..STEPS_MAX {
            let said = |sent: &&Envelope| among.contains(&sent.from) && among.contains(&sent.to);
            if let Some(node) = among.iter().find(|node| self.stage.unsynced(**node) > 0) {
                self.take(Step::Sync { node: *node })?;
            } else if let Some(sent) = self.stage.wire().iter().find(said).cloned() {
                self.take(Step::Deliver(sent))?;
            } else {
                return Ok(());
            }
        }
        Err(format!("these nodes still talk after {STEPS_MAX} steps"))
    }

    /// A request of a client on its way, whatever number its process had when it asked.
    fn request(&self, client: &str, number: usize) -> Result<RequestId, String> {
        let (client, count) = (self.client(client)?, self.clients.len());
        let own = |request: &RequestId| asker(*request) as usize % count == client;
        let mut requests = self.stage.requests().filter(own);
        requests.nth(number - 1).ok_or_else(|| Impossible::NoSuchRequest.to_string())
    }

    fn client(&self, name: &str) -> Result<usize, String> {
        let place = self.clients.iter().position(|client| client.name == name);
        place.ok_or_else(|| {
            let names: Vec<&str> = self.clients.iter().map(|client| client.name).collect();
            format!("no client \"{name}\" asks for anything; expected {}", names.join(", "))
        })
    }
}

/// The messages that are meant.
fn choose(
    wire: &[Envelope],
    which: &Which,
    from: NodeId,
    to: NodeId,
) -> Result<Vec<Envelope>, String> {
    let of_link: Vec<&Envelope> =
        wire.iter().filter(|sent| (sent.from, sent.to) == (from, to)).collect();
    let mut kinds: Vec<&str> = of_link.iter().map(|sent| sent.message.kind()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let of_kind =
        |sent: &&Envelope| which.kind.as_ref().is_none_or(|kind| sent.message.kind() == kind);
    let meant: Vec<&Envelope> = of_link.into_iter().filter(of_kind).collect();
    let on_its_way = match kinds.as_slice() {
        [] => "nothing is on its way there".to_owned(),
        kinds => format!("on its way there: {}", kinds.join(", ")),
    };
    match (which.number, meant.as_slice()) {
        (_, []) if which.kind.is_none() => Err(on_its_way),
        (_, []) => Err(format!("no such message; {on_its_way}")),
        (None, all) => Ok(all.iter().copied().cloned().collect()),
        (Some(_), _) if which.kind.is_none() && kinds.len() > 1 => {
            Err(format!("several kinds of messages are meant; {on_its_way}"))
        }
        (Some(number), meant) => match meant.get(number - 1) {
            Some(sent) => Ok(vec![(*sent).clone()]),
            None => Err(format!("there are {} of them on their way there", meant.len())),
        },
    }
}
