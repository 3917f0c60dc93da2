//! How stale reads are, in plain text.

use std::fmt::Write;

use quorate_checker::{Atomicity, Visibility};

use super::text::counted;
use crate::judge::{OverallStaleness, quantile};
use crate::time::{Nanos, show_duration};

/// How many reads were stale, and how much, in one sentence.
pub(super) fn stale_reads(staleness: &OverallStaleness) -> String {
    let mut out = format!(
        "{} returned what had been replaced",
        share(staleness.stale(), staleness.reads, " reads")
    );
    if let Some(times) = &staleness.times {
        out += &format!(", {}", spread(&times.ages, show_duration));
    }
    out + &format!("; {}", versions(staleness))
}

/// So many of so many things, and the share.
fn share(part: u64, whole: u64, things: &str) -> String {
    let percent = 100.0 * part as f64 / whole.max(1) as f64;
    format!("{part} of {whole}{things} ({percent:.2} %)")
}

/// Median, 99th percentile and maximum.
fn spread<T: Copy>(rising: &[T], show: impl Fn(T) -> String) -> String {
    let at = |share| quantile(rising, share).map(&show).unwrap_or_default();
    format!("{} at the median, {} at p99, {} at most", at(0.5), at(0.99), at(1.0))
}

fn versions(staleness: &OverallStaleness) -> String {
    let most = staleness.behind.last().copied().unwrap_or(0);
    let most = counted(u64::from(most), "version");
    match staleness.atomicity {
        None => format!("{most} behind at most"),
        Some(k) => format!("{most} behind at most ({}-atomic)", bounds(k)),
    }
}

fn bounds(k: Atomicity) -> String {
    match k.exact() {
        Some(k) => k.to_string(),
        None => format!("{} to {}", k.least, k.most),
    }
}

/// How many reads saw the latest acknowledged write, by the time since then, in one sentence;
/// `None` if all did.
pub(super) fn seen_in_short(staleness: &OverallStaleness) -> Option<String> {
    let visibility = staleness.times.as_ref()?.visibility;
    if visibility.is_perfect() {
        return None;
    }
    let shares = visibility
        .buckets()
        .map(|(from, to, bucket)| format!("{} {:.2} %", span(from, to), 100.0 * bucket.share()));
    let shares: Vec<String> = shares.collect();
    let shares = shares.join(", ");
    Some(format!("reads that saw the latest acknowledged write, by time since: {shares}"))
}

fn span(from: Nanos, to: Option<Nanos>) -> String {
    match to {
        Some(to) => format!("{} to {}", show_duration(from), show_duration(to)),
        None => format!("{} on", show_duration(from)),
    }
}

/// The same with intervals, a line for each time; none if all reads saw it.
fn seen(visibility: &Visibility) -> Vec<String> {
    if visibility.is_perfect() {
        return Vec::new();
    }
    let mut lines = vec!["the latest acknowledged write was seen by reads that began".to_owned()];
    lines.extend(visibility.buckets().map(|(from, to, bucket)| {
        let span = span(from, to);
        let (low, high) = bucket.interval();
        let [share, low, high] = [bucket.share(), low, high].map(|share| 100.0 * share);
        let of = counted(bucket.reads, "read");
        format!("{span} later: {share:.2} % ({low:.2} to {high:.2} %) of {of}")
    }));
    lines
}

/// What k-atomicity says.
fn last_values(k: Option<Atomicity>) -> String {
    match k {
        None => "for no k: a read returned before its write began".to_owned(),
        Some(k) => {
            let so_many = bounds(k);
            format!("k = {so_many}: each read returned one of the last {so_many} values")
        }
    }
}

/// How stale reads are, figure by figure.
pub fn staleness(staleness: &OverallStaleness) -> String {
    let mut out = "\nstaleness\n".to_owned();
    let mut figure = |name: &str, text: String| {
        let _ = writeln!(out, "  {name:17}{text}");
    };
    if staleness.open > 0 {
        let keys = counted(staleness.open, "key");
        figure("not measured", format!("{keys}: {}", staleness.why.unwrap_or_default()));
    }
    if staleness.reads > 0 {
        figure("stale reads", share(staleness.stale(), staleness.reads, ""));
    }
    if staleness.stale() > 0 {
        let behind = spread(&staleness.behind, |versions| versions.to_string());
        figure("versions behind", behind);
    }
    if staleness.atomicity != Some(Atomicity::ATOMIC) {
        figure("k-atomic", last_values(staleness.atomicity));
    }
    let Some(times) = &staleness.times else { return out };
    if staleness.stale() > 0 {
        figure("age", spread(&times.ages, show_duration));
    }
    for (number, line) in seen(&times.visibility).into_iter().enumerate() {
        figure(if number == 0 { "t-visibility" } else { "" }, line);
    }
    if times.delta != Some(0) || times.gamma != 0 {
        let delta = times.delta.map_or("no time is enough".to_owned(), show_duration);
        figure("delta", format!("{delta}: had reads begun so much earlier, all would be atomic"));
        let gamma = show_duration(times.gamma);
        figure(
            "gamma",
            format!("{gamma}: had operations taken so much longer, all would be atomic"),
        );
    }
    out
}
