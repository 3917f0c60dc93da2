//! What nodes sent each other over time.

use super::Series;
use crate::time::{Nanos, SECOND};
use crate::world::{Account, Ledger};

/// Of more nodes than this, not each has a line.
const LINES_MAX: usize = 6;

/// A column of each node's account.
type Column = fn(&Account) -> &[u64];

/// What was sent each second, up to `end`: `all` of each node, and `repairs` of all nodes together. Nothing,
/// where nothing was sent.
pub(super) fn sent(ledger: &Ledger, end: i64, all: Column, repairs: Column) -> Vec<Series> {
    let pace = Pace::new(ledger, end.max(0) as Nanos);
    let totals: Vec<&[u64]> = ledger.nodes.iter().map(all).collect();
    if totals.iter().all(|column| column.iter().all(|count| *count == 0)) {
        return Vec::new();
    }
    let mut series: Vec<Series> = if totals.len() <= LINES_MAX {
        let lines = ledger.nodes.iter().zip(&totals);
        lines.map(|(node, column)| pace.line(&node.name, |piece| at(column, piece))).collect()
    } else {
        let ranked = |piece| {
            let mut counts: Vec<u64> = totals.iter().map(|column| at(column, piece)).collect();
            counts.sort_unstable();
            counts
        };
        let last = totals.len() - 1;
        let ranks = [("most of any node", last), ("median", last / 2), ("least of any node", 0)];
        ranks.map(|(name, rank)| pace.line(name, |piece| ranked(piece)[rank])).into()
    };
    let mended = |piece| ledger.nodes.iter().map(|node| at(repairs(node), piece)).sum();
    if (0..pace.pieces).any(|piece| mended(piece) > 0) {
        let line = pace.line("repair, all nodes", mended);
        series.push(Series { stands_out: true, ..line });
    }
    series
}

fn at(column: &[u64], piece: usize) -> u64 {
    column.get(piece).copied().unwrap_or(0)
}

/// From counts to what they come to in a second.
struct Pace {
    width: Nanos,
    end: Nanos,
    pieces: usize,
}

impl Pace {
    fn new(ledger: &Ledger, end: Nanos) -> Self {
        let width = ledger.width_ns;
        let lengths = ledger.nodes.iter().map(|node| node.messages.len());
        // Of the last piece there may be too little to say how much that is in a second.
        let whole = ((end + width / 2) / width) as usize;
        Self { width, end, pieces: lengths.max().unwrap_or(0).min(whole.max(1)) }
    }

    fn line(&self, name: &str, count: impl Fn(usize) -> u64) -> Series {
        let point = |piece: usize| {
            let from = piece as u64 * self.width;
            let to = (from + self.width).min(self.end).max(from + 1);
            let seconds = (to - from) as f64 / SECOND as f64;
            ((from + (to - from) / 2) as i64, Some(count(piece) as f64 / seconds))
        };
        let points = (0..self.pieces).map(point).collect();
        let name = name.to_owned();
        Series { name, outcome: None, is_line: true, stands_out: false, points }
    }
}
