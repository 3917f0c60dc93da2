//! Times of a run: whole nanoseconds since it began, simulated or real.

use std::time::Duration;

/// Nanoseconds. A time counts from the beginning of the run.
pub type Nanos = u64;

/// A millisecond.
pub const MILLISECOND: Nanos = 1_000_000;
/// A second.
pub const SECOND: Nanos = 1_000_000_000;

/// A time as people write it: `1.5s`, `20ms`, `2m 30s`.
pub fn parse_duration(text: &str) -> Result<Nanos, String> {
    let text = text.trim();
    // humantime takes whole numbers only; a decimal fraction is worth having.
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.'));
    if let (Some(split), true) = (split, text.contains('.')) {
        let (number, unit) = text.split_at(split);
        let number: f64 = number.parse().map_err(|_| format!("`{text}` is no duration"))?;
        let unit = parse_duration(&format!("1{}", unit.trim()))?;
        return Ok((number * unit as f64).round() as Nanos);
    }
    let duration: Duration = humantime::parse_duration(text).map_err(|_| {
        format!("`{text}` is no duration; expected a number with a unit, such as 20ms, 1.5s or 2m")
    })?;
    Nanos::try_from(duration.as_nanos()).map_err(|_| format!("`{text}` is too long"))
}

/// A duration to the nanosecond, in the largest unit that shows it whole.
pub fn exact_duration(nanos: Nanos) -> String {
    let units = [(SECOND, "s"), (MILLISECOND, "ms"), (1_000, "us")];
    match units.into_iter().find(|(unit, _)| nanos > 0 && nanos.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("{}{name}", nanos / unit),
        None => format!("{nanos}ns"),
    }
}

/// A duration as people read it: at most three units.
pub fn show_duration(nanos: Nanos) -> String {
    let unit = match nanos {
        0..1_000 => 1,
        1_000..MILLISECOND => 10,
        MILLISECOND..SECOND => 10_000,
        _ => 10 * MILLISECOND,
    };
    let rounded = nanos / unit * unit;
    match rounded {
        0..1_000 => format!("{rounded}ns"),
        1_000..MILLISECOND => format!("{}us", decimal(rounded, 1_000)),
        MILLISECOND..SECOND => format!("{}ms", decimal(rounded, MILLISECOND)),
        _ if rounded < 60 * SECOND => format!("{}s", decimal(rounded, SECOND)),
        _ => humantime::format_duration(Duration::from_secs(rounded / SECOND)).to_string(),
    }
}

/// `number` over `unit`, with at most two decimals and no zeros at the end.
fn decimal(number: Nanos, unit: Nanos) -> String {
    let hundredths = number * 100 / unit;
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_they_are_written() {
        for text in ["0ns", "1ns", "250us", "20ms", "1.5s", "59.99s", "2m 30s", "1h"] {
            let nanos = parse_duration(text).unwrap();
            assert_eq!(show_duration(nanos), text);
            assert_eq!(parse_duration(&exact_duration(nanos)), Ok(nanos));
        }
        assert_eq!(parse_duration("0.25ms"), Ok(250_000));
        assert_eq!(show_duration(1_234_567), "1.23ms");
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "5", "ms", "1.2.3s", "-1s", "1 lightyear", "99999999999999h", "."] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
