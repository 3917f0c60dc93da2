//! A register's operations by the value they are on: the write, and the reads that returned it.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::history::{OPEN, Op};
use crate::linear::{Action, Item, Lens};
use crate::value::ValueId;

/// All operations on one value, written once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cluster {
    pub(crate) value: ValueId,
    /// The write; `None` for the initial value.
    pub(crate) writer: Option<u32>,
    /// When the write was called; 0 for the initial value, and events count from 1.
    pub(crate) write_call: u32,
    /// When the write returned; [`OPEN`] if nobody knows.
    pub(crate) write_ret: u32,
    /// The first return of any of its operations, and whose.
    pub(crate) first_return: (u32, Option<u32>),
    /// The last call of any of its operations, and whose.
    pub(crate) last_call: (u32, Option<u32>),
}

/// The values of a register; the initial one first.
#[derive(Debug)]
pub(crate) struct Clusters {
    pub(crate) all: Vec<Cluster>,
    /// Reads and writes that count, in the order of their calls, with their clusters.
    pub(crate) ops: Vec<(Item, u32)>,
}

/// Why there are none.
#[derive(Debug)]
pub(crate) enum Unclear {
    /// Which write a read saw cannot be told, or the conditions do not speak of such operations.
    Open(&'static str),
    /// A read returned what nobody wrote.
    Sourceless(u32),
}

impl Clusters {
    pub(crate) fn new(ops: &[Op], lens: Lens) -> Result<Self, Unclear> {
        let initial = Cluster {
            value: lens.initial,
            writer: None,
            write_call: 0,
            write_ret: 0,
            first_return: (0, None),
            last_call: (0, None),
        };
        let mut clusters = Self { all: vec![initial], ops: Vec::new() };
        let mut number: FxHashMap<ValueId, u32> = FxHashMap::from_iter([(lens.initial, 0)]);
        let read: FxHashSet<ValueId> =
            lens.items(ops).filter_map(|item| item.action.observes()).collect();
        // A write of unknown outcome that nobody read may as well never have happened.
        let counts = |item: &Item| match item.action {
            Action::Write(value) => !item.is_optional() || read.contains(&value),
            _ => true,
        };
        let items = || lens.items(ops).filter(counts);
        for item in items() {
            match item.action {
                Action::Write(value) => {
                    if number.insert(value, clusters.all.len() as u32).is_some() {
                        return Err(Unclear::Open("a value is written twice"));
                    }
                    clusters.all.push(Cluster::written(value, &item));
                }
                Action::Read(_) => {}
                Action::Cas(..) | Action::Differs(_) => {
                    return Err(Unclear::Open("it speaks of reads and writes, and here is a cas"));
                }
            }
        }
        for item in items() {
            let Some(value) = item.action.observes().or(item.action.leaves()) else { continue };
            match number.get(&value) {
                Some(number) => clusters.add(*number, item),
                None => return Err(Unclear::Sourceless(item.op)),
            }
        }
        Ok(clusters)
    }

    fn add(&mut self, number: u32, item: Item) {
        let cluster = &mut self.all[number as usize];
        if item.ret < cluster.first_return.0 {
            cluster.first_return = (item.ret, Some(item.op));
        }
        if item.call > cluster.last_call.0 {
            cluster.last_call = (item.call, Some(item.op));
        }
        self.ops.push((item, number));
    }
}

impl Cluster {
    fn written(value: ValueId, write: &Item) -> Self {
        Self {
            value,
            writer: Some(write.op),
            write_call: write.call,
            write_ret: write.ret,
            first_return: (OPEN, None),
            last_call: (0, None),
        }
    }
}
