//! Random small histories of transactions, by a store that sometimes reads old snapshots, sometimes
//! overwrites what it did not see, and sometimes lies about outcomes.

use quorate_checker::{Datum, Event, EventKind, Process};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

/// What keys hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Lists,
    Registers,
}

/// One step: the key, and the value written; `None` reads.
pub(crate) type Asked = (usize, Option<i64>);

/// Lists of both keys; a register holds the last element.
pub(crate) type State = [Vec<i64>; KEYS];

pub(crate) const KEYS: usize = 2;

/// One transaction as the oracle sees it.
#[derive(Debug, Clone)]
pub(crate) struct Txn {
    pub(crate) process: u32,
    pub(crate) call: usize,
    /// `None` unless it completed.
    pub(crate) ret: Option<usize>,
    pub(crate) failed: bool,
    pub(crate) steps: Vec<Asked>,
    /// What each read found, if it completed.
    pub(crate) found: Vec<Vec<i64>>,
}

/// What the reads of these steps find in this state, which the steps change.
pub(crate) fn execute(kind: Kind, state: &mut State, steps: &[Asked]) -> Vec<Vec<i64>> {
    let mut found = Vec::new();
    for (key, written) in steps {
        match written {
            Some(value) if kind == Kind::Registers => state[*key] = vec![*value],
            Some(value) => state[*key].push(*value),
            None => found.push(state[*key].clone()),
        }
    }
    found
}

/// How wild the store is, in percent.
struct Store {
    kind: Kind,
    committed: Vec<State>,
    old_snapshots: u32,
    lost_updates: u32,
}

impl Store {
    fn run(&mut self, rng: &mut ChaCha8Rng, steps: &[Asked]) -> Option<Vec<Vec<i64>>> {
        let latest = self.committed.len() - 1;
        let old = rng.random_range(0..100) < self.old_snapshots;
        let snapshot = if old { rng.random_range(0..=latest) } else { latest };
        let mut seen = self.committed[snapshot].clone();
        let found = execute(self.kind, &mut seen, steps);
        let overwrites = steps.iter().any(|(key, written)| {
            written.is_some() && self.committed[snapshot][*key] != self.committed[latest][*key]
        });
        if overwrites && rng.random_range(0..100) >= self.lost_updates {
            return None;
        }
        let mut next = self.committed[latest].clone();
        let writes: Vec<Asked> = steps.iter().copied().filter(|step| step.1.is_some()).collect();
        execute(self.kind, &mut next, &writes);
        self.committed.push(next);
        Some(found)
    }
}

struct Open {
    process: u32,
    txn: usize,
    ran: Ran,
}

/// Whether a transaction took effect yet, and what its reads found.
enum Ran {
    NotYet,
    Refused,
    Done(Vec<Vec<i64>>),
}

/// A history, as events and as the oracle sees it.
pub(crate) fn history(
    rng: &mut ChaCha8Rng,
    kind: Kind,
    count_max: usize,
) -> (Vec<Event>, Vec<Txn>) {
    let wild = [0, 0, 30, 60][rng.random_range(0..4)];
    let (lost_updates, lies) = ([0, 0, 50, 100][rng.random_range(0..4)], rng.random_range(0..12));
    let empty: State = Default::default();
    let mut store = Store { kind, committed: vec![empty], old_snapshots: wild, lost_updates };
    let count = rng.random_range(1..=count_max);
    let clients = rng.random_range(1..=3_u32);
    let (mut events, mut txns): (Vec<Event>, Vec<Txn>) = Default::default();
    let (mut next_process, mut next_value) = (clients, 1);
    let mut processes: Vec<u32> = (0..clients).collect();
    let mut open: Vec<Option<Open>> = (0..clients).map(|_| None).collect();
    let mut idle_rounds = 0;
    while idle_rounds < 50 {
        let client = rng.random_range(0..clients as usize);
        match &mut open[client] {
            None if txns.len() < count => {
                let steps: Vec<Asked> = (0..rng.random_range(1..=3))
                    .map(|_| {
                        let write = rng.random_range(0..5) < 2;
                        next_value += i64::from(write);
                        (rng.random_range(0..KEYS), write.then_some(next_value - 1))
                    })
                    .collect();
                let process = processes[client];
                events.push(event(kind, EventKind::Invoke, process, &steps, None));
                open[client] = Some(Open { process, txn: txns.len(), ran: Ran::NotYet });
                let call = events.len();
                txns.push(Txn {
                    process,
                    call,
                    ret: None,
                    failed: false,
                    steps,
                    found: Vec::new(),
                });
            }
            None => idle_rounds += 1,
            Some(Open { txn, ran: ran @ Ran::NotYet, .. }) => {
                *ran = store.run(rng, &txns[*txn].steps).map_or(Ran::Refused, Ran::Done);
            }
            Some(Open { process, txn, ran }) => {
                let ran = match std::mem::replace(ran, Ran::Refused) {
                    Ran::Done(found) => Some(found),
                    Ran::NotYet | Ran::Refused => None,
                };
                let (process, txn) = (*process, *txn);
                open[client] = None;
                let lie = rng.random_range(0..60) < lies;
                let outcome = match (rng.random_range(0..8), &ran) {
                    (0, _) => EventKind::Info,
                    (_, Some(_)) if lie => EventKind::Fail,
                    (_, None) if !lie => EventKind::Fail,
                    _ => EventKind::Ok,
                };
                let mut found = ran.unwrap_or_else(|| {
                    execute(kind, &mut store.committed[0].clone(), &txns[txn].steps)
                });
                if rng.random_range(0..80) < lies {
                    damage(rng, &mut found);
                }
                let steps = txns[txn].steps.clone();
                let shown = (outcome == EventKind::Ok).then_some(found.as_slice());
                events.push(event(kind, outcome, process, &steps, shown));
                match outcome {
                    EventKind::Ok => (txns[txn].ret, txns[txn].found) = (Some(events.len()), found),
                    EventKind::Fail => txns[txn].failed = true,
                    _ => {
                        processes[client] = next_process;
                        next_process += 1;
                    }
                }
            }
        }
    }
    (events, txns)
}

fn damage(rng: &mut ChaCha8Rng, found: &mut [Vec<i64>]) {
    let Some(list) = found.iter_mut().find(|list| !list.is_empty()) else { return };
    let place = rng.random_range(0..list.len());
    match rng.random_range(0..4) {
        0 => drop(list.remove(place)),
        1 => list[place] = 999,
        2 => list.reverse(),
        _ => list.truncate(place),
    }
}

fn event(
    kind: Kind,
    event: EventKind,
    process: u32,
    steps: &[Asked],
    found: Option<&[Vec<i64>]>,
) -> Event {
    let mut found = found.into_iter().flatten();
    let step = |(key, written): &Asked| {
        let (f, value) = match (written, kind) {
            (Some(value), Kind::Lists) => ("append", Datum::Int(*value)),
            (Some(value), Kind::Registers) => ("w", Datum::Int(*value)),
            (None, kind) => {
                let value = found.next().map_or(Datum::Nil, |list| match (kind, list.last()) {
                    (Kind::Lists, _) => Datum::List(list.iter().map(|v| Datum::Int(*v)).collect()),
                    (Kind::Registers, last) => last.map_or(Datum::Nil, |last| Datum::Int(*last)),
                });
                ("r", value)
            }
        };
        Datum::List(vec![Datum::text(f), Datum::Int(*key as i64), value])
    };
    Event {
        line: 0,
        index: None,
        time: None,
        process: Process::Client(process),
        kind: event,
        f: "txn".into(),
        key: None,
        value: Datum::List(steps.iter().map(step).collect()),
        observed: None,
        extra: Vec::new(),
    }
}
