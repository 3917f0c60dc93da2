//! The same story said more simply.

use std::collections::BTreeMap;

use super::moves::{Deed, End, Id, Move};
use crate::client::Action;
use crate::protocol::{Key, Value};

type Test<'t> = dyn FnMut(&[Move]) -> Option<Vec<Move>> + 't;

/// Only the operations of one register, if one is enough.
pub(super) fn to_one_key(moves: Vec<Move>, test: &mut Test<'_>) -> Vec<Move> {
    let mut keys: Vec<Key> = moves.iter().filter_map(Move::key).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let others = |way: &&Move| way.key().is_none_or(|other| other == key);
        let only: Vec<Move> = moves.iter().filter(others).cloned().collect();
        if let Some(left) = test(&only) {
            return left;
        }
    }
    moves
}

/// Clients next to their nodes: what they ask arrives at once, and so does the answer.
pub(super) fn connect(moves: Vec<Move>, test: &mut Test<'_>) -> Vec<Move> {
    let asks = |moves: &[Move]| -> Vec<Id> {
        let far = |way: &&Move| matches!(way.deed, Deed::Ask { direct: false, .. });
        moves.iter().filter(far).map(|way| way.id).collect()
    };
    let all = asks(&moves);
    for when_it_arrives in [true, false] {
        let near =
            all.iter().fold(moves.clone(), |moves, ask| direct(&moves, *ask, when_it_arrives));
        if let Some(left) = test(&near) {
            return left;
        }
    }
    let mut moves = moves;
    for ask in all {
        for when_it_arrives in [true, false] {
            if let Some(left) = test(&direct(&moves, ask, when_it_arrives)) {
                moves = left;
                break;
            }
        }
    }
    moves
}

/// One operation without way, at the time when it began or arrived. What it caused was caused by the arrival
/// of its request, so it takes the name of that.
fn direct(moves: &[Move], ask: Id, when_it_arrives: bool) -> Vec<Move> {
    let arrival = moves.iter().position(|way| way.deed == Deed::Arrive { ask });
    let asked = moves.iter().position(|way| way.id == ask);
    let (Some(arrival), Some(asked)) = (arrival, asked) else { return moves.to_vec() };
    let place = if when_it_arrives { arrival } else { asked };
    let mut near =
        Move { id: moves[arrival].id, at: moves[place].at, deed: moves[asked].deed.clone() };
    if let Deed::Ask { direct, .. } = &mut near.deed {
        *direct = true;
    }
    let mut made = Vec::with_capacity(moves.len());
    for (number, way) in moves.iter().enumerate() {
        match &way.deed {
            _ if number == place => made.push(near.clone()),
            _ if number == arrival || number == asked => {}
            Deed::End { ask: other, how: End::GiveUp } if *other == ask => {
                let deed = Deed::End { ask: near.id, how: End::GiveUp };
                made.push(Move { deed, ..way.clone() });
            }
            Deed::End { ask: other, .. } if *other == ask => {}
            _ => made.push(way.clone()),
        }
    }
    made
}

/// Registers from 0 on, values from 1 on, and as few clients as will do.
pub(super) fn rename(mut moves: Vec<Move>, test: &mut Test<'_>) -> Vec<Move> {
    for change in [small_keys, small_values, few_clients, dense_clients] {
        if let Some(left) = test(&change(&moves)) {
            moves = left;
        }
    }
    moves
}

fn small_keys(moves: &[Move]) -> Vec<Move> {
    let mut names: BTreeMap<Key, Key> = BTreeMap::new();
    let mut moves = moves.to_vec();
    for way in &mut moves {
        if let Deed::Ask { operation, .. } = &mut way.deed {
            let next = names.len() as Key;
            operation.key = *names.entry(operation.key).or_insert(next);
        }
    }
    moves
}

fn small_values(moves: &[Move]) -> Vec<Move> {
    let mut names: BTreeMap<Value, Value> = BTreeMap::new();
    let mut small = |value: &mut Value| {
        let next = names.len() as Value + 1;
        *value = *names.entry(*value).or_insert(next);
    };
    let mut moves = moves.to_vec();
    for way in &mut moves {
        let Deed::Ask { operation, .. } = &mut way.deed else { continue };
        match &mut operation.action {
            Action::Write(value) => small(value),
            Action::Cas { expected, new } => {
                expected.iter_mut().for_each(&mut small);
                small(new);
            }
            _ => {}
        }
    }
    moves
}

/// Each operation by the first client that is free.
fn few_clients(moves: &[Move]) -> Vec<Move> {
    let mut busy: Vec<Option<Id>> = Vec::new();
    let mut moves = moves.to_vec();
    // An operation that is direct ends nobody knows when; until its client asks again it has ended.
    let mut of_client: BTreeMap<u32, Id> = BTreeMap::new();
    for way in &mut moves {
        match &mut way.deed {
            Deed::Ask { client, .. } => {
                if let Some(before) = of_client.insert(*client, way.id) {
                    release(&mut busy, before);
                }
                let free = busy.iter().position(Option::is_none).unwrap_or_else(|| {
                    busy.push(None);
                    busy.len() - 1
                });
                busy[free] = Some(way.id);
                *client = free as u32;
            }
            Deed::End { ask, .. } => release(&mut busy, *ask),
            _ => {}
        }
    }
    moves
}

fn release(busy: &mut [Option<Id>], ask: Id) {
    for slot in busy.iter_mut().filter(|slot| **slot == Some(ask)) {
        *slot = None;
    }
}

fn dense_clients(moves: &[Move]) -> Vec<Move> {
    let mut names: BTreeMap<u32, u32> = BTreeMap::new();
    let mut moves = moves.to_vec();
    for way in &mut moves {
        if let Deed::Ask { client, .. } = &mut way.deed {
            let next = names.len() as u32;
            *client = *names.entry(*client).or_insert(next);
        }
    }
    moves
}

impl Move {
    fn key(&self) -> Option<Key> {
        match &self.deed {
            Deed::Ask { operation, .. } => Some(operation.key),
            _ => None,
        }
    }
}
