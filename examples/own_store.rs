//! Tests a store of one's own: two copies of a few registers, of which the second follows the first.
//!
//! `cargo run --example own_store` tests it twice: once every read asks the first copy, and once, which is the
//! bug, the copy that is nearest.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use quorate::client::{Action, Client, Question, Response};
use quorate::judge::{Judged, judge};
use quorate::nemesis::Fault;
use quorate::protocol::{Key, Value};
use quorate::record::Recorder;
use quorate::rng::Seed;
use quorate::run::run_in;
use quorate::workload::File;
use quorate::world::live::Elsewhere;
use quorate_checker::Budget;

/// What clients do, and what breaks meanwhile.
const WORKLOAD: &str = r#"
cluster = { nodes = 2 }
clients = { count = 4, ops = 20_000, rate = 10_000.0 }
[[nemesis]]
fault = "partition"
interval = "100ms"
duration = "100ms"
"#;

/// The store.
#[derive(Debug, Default)]
struct Store {
    copies: [BTreeMap<Key, Value>; 2],
    is_cut: bool,
    reads_nearest: bool,
}

impl Store {
    fn write(&mut self, key: Key, value: Value) {
        self.copies[0].insert(key, value);
        if !self.is_cut {
            self.copies[1].insert(key, value);
        }
    }

    fn read(&self, key: Key, nearest: usize) -> Option<Value> {
        self.copies[if self.reads_nearest { nearest } else { 0 }].get(&key).copied()
    }

    /// The nemesis breaks it, or mends it. Says whether that changed anything.
    fn breaks(&mut self, fault: &Fault) -> bool {
        let was_cut = self.is_cut;
        self.is_cut = matches!(fault, Fault::Partition { .. });
        self.copies[1] = self.copies[0].clone();
        was_cut != self.is_cut
    }
}

/// A client of it.
struct OwnClient(Arc<Mutex<Store>>);

impl Client for OwnClient {
    async fn ask(&mut self, Question { node, operation, .. }: Question) -> Response {
        let mut store = self.0.lock().expect("nobody panics");
        match operation.action {
            Action::Read => Response::Value(store.read(operation.key, node.into())),
            Action::Write(value) => {
                store.write(operation.key, value);
                Response::Written
            }
            // It has registers without compare-and-set, and nothing else.
            _ => Response::Unavailable,
        }
    }
}

/// Lets the clients and the nemesis loose on a store, and judges what the clients saw.
pub(crate) fn test(reads_nearest: bool) -> anyhow::Result<Judged> {
    let workload = File::parse(Path::new("own_store.toml"), WORKLOAD)?.resolve()?;
    let store = Arc::new(Mutex::new(Store { reads_nearest, ..Store::default() }));
    let clients = (0..workload.clients.count).map(|_| OwnClient(Arc::clone(&store)));
    let breaks = |fault: &Fault| store.lock().expect("nobody panics").breaks(fault);
    let mut world = Elsewhere::new(clients, workload.sim.timeout, breaks)?;
    let run = run_in(&mut world, Recorder::new(None), &workload, Seed(1), &mut |_| true)?;
    Ok(judge(&workload, run, Budget::GENEROUS, || {}))
}

pub(crate) fn main() -> anyhow::Result<()> {
    for (name, reads_nearest) in [("first copy", false), ("nearest copy", true)] {
        let judged = test(reads_nearest)?;
        println!("reads from the {name}: {}, {}", judged.verdict, judged.judgement.name());
        if let Some(violation) = judged.violations.first() {
            println!("\n{}\n{}", violation.explanation.title, violation.explanation.timeline);
        }
    }
    Ok(())
}
