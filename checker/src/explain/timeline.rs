//! Operations over time in plain text: a lane for each process, a bar for each operation.

/// One bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Whose lane.
    pub lane: String,
    /// What stands inside.
    pub label: String,
    /// When it begins; any rising number.
    pub call: u32,
    /// When it ends, if ever.
    pub ret: Option<u32>,
}

/// Draws the bars. The order of all beginnings and ends is true to the history, distances are not.
pub fn timeline(bars: &[Bar]) -> String {
    let mut instants: Vec<u32> =
        bars.iter().flat_map(|b| [Some(b.call), b.ret]).flatten().collect();
    instants.sort_unstable();
    instants.dedup();
    let columns = columns(bars, &instants);
    let end = columns.iter().copied().max().unwrap_or(0) + 2;
    let column = |instant: u32| columns[instants.partition_point(|i| *i < instant)];
    let mut lanes: Vec<(&str, String)> = Vec::new();
    let mut sorted: Vec<&Bar> = bars.iter().collect();
    sorted.sort_by_key(|bar| bar.call);
    for bar in sorted {
        let from = column(bar.call);
        let place = lanes.iter().position(|(lane, _)| *lane == bar.lane).unwrap_or_else(|| {
            lanes.push((&bar.lane, String::new()));
            lanes.len() - 1
        });
        let lane = &mut lanes[place].1;
        let blank = from.saturating_sub(lane.chars().count());
        lane.push_str(&" ".repeat(blank));
        let to = bar.ret.map_or(end.max(from + label_width(bar)), column);
        let inside = to - from - 1;
        let (label, last) =
            (format!("- {} ", bar.label), if bar.ret.is_some() { '|' } else { '?' });
        let dashes = inside.saturating_sub(label.chars().count());
        lane.push('|');
        lane.push_str(&label);
        lane.push_str(&"-".repeat(dashes));
        lane.push(last);
    }
    let width = lanes.iter().map(|(lane, _)| lane.chars().count()).max().unwrap_or(0);
    let lines = lanes.iter().map(|(lane, bars)| format!("{lane:width$}  {bars}\n"));
    lines.collect::<Vec<_>>().concat()
}

/// How many columns a bar needs from its call to its return.
fn label_width(bar: &Bar) -> usize {
    bar.label.chars().count() + 5
}

/// A column for each instant: rising, and far enough apart for the labels.
fn columns(bars: &[Bar], instants: &[u32]) -> Vec<usize> {
    let mut columns: Vec<usize> = Vec::with_capacity(instants.len());
    for instant in instants {
        let after_last = columns.last().map_or(0, |last| last + 2);
        let for_labels = bars
            .iter()
            .filter(|bar| bar.ret == Some(*instant))
            .map(|bar| columns[instants.partition_point(|i| *i < bar.call)] + label_width(bar));
        columns.push(for_labels.max().unwrap_or(0).max(after_last));
    }
    columns
}
