//! Quorum systems against the literature, against the published examples of quoracle, and against brute
//! force over all sets of nodes.

mod families;
mod golden;
mod properties;

use quorate::quorum::{Figures, NodeSet, ReadFraction, ReadWriteSystem};

fn reads(expression: &str) -> ReadWriteSystem {
    ReadWriteSystem::of_expressions(expression, None).expect("it is an expression")
}

fn fraction(share: f64) -> ReadFraction {
    ReadFraction::fixed(share).expect("it is a share")
}

/// The set of nodes with these names.
fn set(system: &ReadWriteSystem, names: &str) -> NodeSet {
    names.split_whitespace().map(|name| system.names.find(name).expect("a node")).collect()
}

/// Equal but for rounding.
#[track_caller]
fn assert_close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{found}, not {expected}");
}

/// Figures with these capacities for reads and for writes.
fn capacities(read: &[f64], write: &[f64]) -> Figures {
    Figures {
        read_capacity: read.to_vec(),
        write_capacity: write.to_vec(),
        ..Figures::alike(read.len())
    }
}
