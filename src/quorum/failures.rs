//! How many failures to survive, and the size of quorums that takes: as a count of nodes or as a share of
//! them, which people mix up.

use std::fmt;

use super::system::SystemError;

/// How many nodes may fail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Failures {
    /// So many.
    Count(u32),
    /// This share of the nodes, below 1.
    Share(f64),
}

impl Failures {
    /// A whole number is a count, anything with a point or a slash a share: `2`, `0.5`, `1/2`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no number of failures; expected a count such as 1, or a share such as 0.5 or 1/2"
            )
        };
        if let Ok(count) = text.parse() {
            return Ok(Self::Count(count));
        }
        let share = match text.split_once('/') {
            Some((above, below)) => {
                let [above, below] = [above, below].map(|part| part.trim().parse::<f64>());
                above.map_err(|_| wrong())? / below.map_err(|_| wrong())?
            }
            None => text.parse().map_err(|_| wrong())?,
        };
        if (0.0..1.0).contains(&share) { Ok(Self::Share(share)) } else { Err(wrong()) }
    }

    /// The size of quorums of which any two meet and one is alive after these failures: N - f for a
    /// count, floor(N f) + 1 for a share, which at one half is the majority.
    pub fn quorum(self, n: u32) -> Result<u32, SystemError> {
        match self {
            Self::Count(f) if u64::from(n) < 2 * u64::from(f) + 1 => {
                let least = 2 * u64::from(f) + 1;
                Err(SystemError::Impossible(format!(
                    "f = {f} failures take N >= 2f + 1 = {least} nodes, and N = {n}"
                )))
            }
            Self::Count(f) => Ok(n - f),
            Self::Share(share) => Ok((f64::from(n) * share).floor() as u32 + 1),
        }
    }

    fn value(self) -> f64 {
        match self {
            Self::Count(count) => f64::from(count),
            Self::Share(share) => share,
        }
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value())
    }
}

/// The size of a quorum as a number or a formula in `N` and `f`: `3`, `N/2+1`, `N-f`, `N*f+1`. What is
/// not whole is rounded down.
pub fn quorum_size(
    what: &str,
    formula: &str,
    n: u32,
    failures: Option<Failures>,
) -> Result<u32, SystemError> {
    let impossible = |problem| Err(SystemError::Impossible(problem));
    let size = match evaluate(formula, n, failures) {
        Ok(size) => size.floor(),
        Err(problem) => return impossible(format!("{what} = `{formula}`: {problem}")),
    };
    if size >= 1.0 && size <= f64::from(n) {
        return Ok(size as u32);
    }
    let of_count = matches!(failures, Some(Failures::Count(_)));
    let squeezed: String = formula.chars().filter(|c| !c.is_whitespace()).collect();
    if of_count && (squeezed.contains("N*f") || squeezed.contains("f*N")) {
        let f = failures.map_or(0.0, Failures::value);
        let share = f / f64::from(n);
        return impossible(format!(
            "{what} = {formula} asks for {size} of {n} nodes: there f is the share of nodes that may \
             fail, and f = {f} is a count. As a count it is {what} = N - f = {}; as a share, f = {share} \
             or f = 0.5 for the majority",
            f64::from(n) - f
        ));
    }
    let is = if formula.trim() == size.to_string() { String::new() } else { format!(" = {size}") };
    let bound = if size < 1.0 { String::new() } else { format!(" > N = {n}") };
    impossible(format!("{what} = {formula}{is}{bound}; expected 1 to N = {n}"))
}

/// Sums of products of numbers, `N` and `f`.
fn evaluate(formula: &str, n: u32, failures: Option<Failures>) -> Result<f64, String> {
    let mut sum = 0.0;
    let mut rest = formula;
    let mut sign = 1.0;
    loop {
        let end = rest.find(['+', '-']).unwrap_or(rest.len());
        sum += sign * product(&rest[..end], n, failures)?;
        let Some(operator) = rest[end..].chars().next() else { return Ok(sum) };
        sign = if operator == '+' { 1.0 } else { -1.0 };
        rest = &rest[end + 1..];
    }
}

fn product(text: &str, n: u32, failures: Option<Failures>) -> Result<f64, String> {
    let mut product = 1.0;
    let mut rest = text;
    let mut divides = false;
    loop {
        let end = rest.find(['*', '/']).unwrap_or(rest.len());
        let factor = atom(rest[..end].trim(), n, failures)?;
        product = if divides { product / factor } else { product * factor };
        let Some(operator) = rest[end..].chars().next() else { return Ok(product) };
        divides = operator == '/';
        rest = &rest[end + 1..];
    }
}

fn atom(text: &str, n: u32, failures: Option<Failures>) -> Result<f64, String> {
    match (text, failures) {
        ("N" | "n", _) => Ok(f64::from(n)),
        ("f", Some(failures)) => Ok(failures.value()),
        ("f", None) => Err("f is not given".to_owned()),
        _ => text.parse::<u32>().map(f64::from).map_err(|_| {
            format!("`{text}` is no number; expected a number, or a formula such as N/2+1 or N-f")
        }),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_count_is_not_a_share() {
        let f = |text| Failures::parse(text).unwrap();
        let size = |formula, f| quorum_size("R", formula, 5, f).map_err(|error| error.to_string());
        assert_eq!(size("N*f+1", Some(f("0.5"))), Ok(3));
        assert_eq!(size("N*f+1", Some(f("1/2"))), Ok(3));
        assert_eq!(size("N - f", Some(f("2"))), Ok(3));
        assert_eq!(size("N/2 + 1", None), Ok(3));
        assert_eq!(size("4", None), Ok(4));
        let error = size("N*f+1", Some(f("2"))).unwrap_err();
        expect!["R = N*f+1 asks for 11 of 5 nodes: there f is the share of nodes that may fail, and f = 2 is a count. As a count it is R = N - f = 3; as a share, f = 0.4 or f = 0.5 for the majority"].assert_eq(&error);
        expect!["R = 6 > N = 5; expected 1 to N = 5"].assert_eq(&size("6", None).unwrap_err());
        expect!["R = 0; expected 1 to N = 5"].assert_eq(&size("0", None).unwrap_err());
        expect!["R = N+1 = 6 > N = 5; expected 1 to N = 5"]
            .assert_eq(&size("N+1", None).unwrap_err());
        expect!["R = `N-f`: f is not given"].assert_eq(&size("N-f", None).unwrap_err());
        expect![
            "R = `most`: `most` is no number; expected a number, or a formula such as N/2+1 or N-f"
        ]
        .assert_eq(&size("most", None).unwrap_err());
        assert_eq!(f("2").quorum(5).unwrap(), 3);
        assert_eq!(f("0.5").quorum(4).unwrap(), 3);
        expect!["f = 2 failures take N >= 2f + 1 = 5 nodes, and N = 4"]
            .assert_eq(&f("2").quorum(4).unwrap_err().to_string());
        assert!(Failures::parse("1.5").is_err() && Failures::parse("-1").is_err());
        assert!(Failures::parse("1/0").is_err());
    }
}
