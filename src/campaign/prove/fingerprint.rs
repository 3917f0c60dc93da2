//! A state as 64 bits, the same whatever its nodes are called.

use std::hash::{Hash, Hasher};

use super::state::State;
use crate::protocol::NodeId;
use crate::world::stage::Envelope;

/// What stands for the number of a node in a hash. In the state of nodes a `u16` is always the number of
/// one, and 128 bits are always a set of them.
trait Naming {
    fn node(&self, node: u16) -> u64;
    fn set(&self, nodes: u64) -> u64;
}

/// Each node under another number.
struct Renamed<'a>(&'a [NodeId]);

/// One node as itself, and all others alike.
struct SeenFrom(NodeId);

impl Naming for Renamed<'_> {
    fn node(&self, node: u16) -> u64 {
        self.0.get(usize::from(node)).copied().unwrap_or(node).into()
    }

    fn set(&self, nodes: u64) -> u64 {
        let name = |(old, new): (usize, &NodeId)| (nodes >> old & 1) << *new;
        self.0.iter().enumerate().map(name).sum()
    }
}

impl Naming for SeenFrom {
    fn node(&self, node: u16) -> u64 {
        u64::from(node == self.0)
    }

    fn set(&self, nodes: u64) -> u64 {
        u64::from(nodes.count_ones()) << 1 | (nodes >> self.0 & 1)
    }
}

/// A hasher in which nodes have other names. Its mixing step is the folded multiplication of wyhash.
struct Namer<'n, N> {
    naming: &'n N,
    state: u64,
}

impl<'n, N: Naming> Namer<'n, N> {
    fn hash(naming: &'n N, value: &impl Hash) -> u64 {
        let mut hasher = Self { naming, state: 0x243f_6a88_85a3_08d3 };
        value.hash(&mut hasher);
        hasher.finish()
    }
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// Mixes a number into a hash.
fn mix(hash: u64, number: u64) -> u64 {
    fold(hash ^ number ^ 0x9e37_79b9_7f4a_7c15, 0xd6e8_feb8_6659_fd93 ^ hash.rotate_left(32))
}

impl<N: Naming> Hasher for Namer<'_, N> {
    fn finish(&self) -> u64 {
        mix(self.state, 0x1319_8a2e_0370_7344)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
        self.write_u64(bytes.len() as u64);
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(number.into());
    }

    fn write_u16(&mut self, node: u16) {
        self.write_u64(self.naming.node(node));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.state = mix(self.state, number);
    }

    fn write_u128(&mut self, nodes: u128) {
        self.write_u64(self.naming.set(nodes as u64));
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

/// The fingerprint of a state; the same for states that differ in the names of nodes only, if these are
/// `alike`.
pub(super) fn fingerprint(state: &State, n: u16, alike: bool) -> u64 {
    let mut order: Vec<NodeId> = (0..n).collect();
    if !alike {
        return named(state, &order);
    }
    // A colour is the same whatever nodes are called. In the order of their colours the state is the same,
    // too, but where some have the same colour any order among them may be the one.
    let colours: Vec<u64> = order.iter().map(|node| colour(state, *node)).collect();
    order.sort_by_key(|node| colours[usize::from(*node)]);
    let mut least = u64::MAX;
    each_order(&mut order, 0, &colours, &mut |order| {
        let mut names = vec![0; order.len()];
        for (name, node) in (0..).zip(order) {
            names[usize::from(*node)] = name;
        }
        least = least.min(named(state, &names));
    });
    least
}

/// Calls `see` with every order of the nodes from `from` on that swaps only nodes of one colour.
fn each_order(order: &mut [NodeId], from: usize, colours: &[u64], see: &mut impl FnMut(&[NodeId])) {
    if from == order.len() {
        return see(order);
    }
    let colour = colours[usize::from(order[from])];
    for other in from..order.len() {
        if colours[usize::from(order[other])] == colour {
            order.swap(from, other);
            each_order(order, from + 1, colours, see);
            order.swap(from, other);
        }
    }
}

/// What there is to see of a node without the names of the others.
fn colour(state: &State, node: NodeId) -> u64 {
    let naming = &SeenFrom(node);
    let messages = envelopes(state, naming);
    mix(Namer::hash(naming, &state.stage.machine(node)), messages)
}

/// The fingerprint under these names.
fn named(state: &State, names: &[NodeId]) -> u64 {
    let naming = &Renamed(names);
    let machine = |node: usize| Namer::hash(naming, &state.stage.machine(node as NodeId));
    let machines = (0..names.len()).map(machine).fold(0, u64::wrapping_add);
    let waiting = state.stage.waiting().map(|waiting| Namer::hash(naming, &waiting));
    let waiting = waiting.fold(0, u64::wrapping_add);
    let rest = Namer::hash(naming, &(&state.story, &state.left, state.stage.timers()));
    mix(mix(mix(machines, envelopes(state, naming)), waiting), rest)
}

/// All that is on its way, in no order.
fn envelopes(state: &State, naming: &impl Naming) -> u64 {
    let each = |(envelope, earlier): (&Envelope, &Vec<_>)| {
        let answers = earlier.iter().map(|answer| Namer::hash(naming, answer));
        mix(Namer::hash(naming, envelope), answers.fold(0, u64::wrapping_add))
    };
    state.stage.wire().iter().zip(&state.earlier).map(each).fold(0, u64::wrapping_add)
}
