//! `--budget`: steps and bytes with the suffixes people use.

use quorate_checker::Budget;

/// How much the check of one register may cost.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct BudgetArgs {
    /// How much a search may cost for each register: steps, or steps and bytes, such as 200M or
    /// 200M,4GiB. Registers whose written values are distinct need none.
    #[arg(long, value_name = "STEPS[,BYTES]", value_parser = parse, default_value = "50M,2GiB")]
    pub(super) budget: Budget,
}

fn parse(text: &str) -> Result<Budget, String> {
    let (steps, bytes) = text.split_once(',').unwrap_or((text, "2GiB"));
    let steps = number(steps, &[("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000)])?;
    let bytes = number(bytes, &[("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)])?;
    Ok(Budget { steps, bytes })
}

fn number(text: &str, suffixes: &[(&str, u64)]) -> Result<u64, String> {
    let text = text.trim();
    let suffix = suffixes.iter().find(|(suffix, _)| text.ends_with(suffix));
    let (digits, unit) = suffix
        .map_or((text, 1), |(suffix, unit)| (text.strip_suffix(suffix).unwrap_or(text), *unit));
    let number: Option<u64> = digits.parse().ok().filter(|number| *number > 0);
    number.and_then(|number| number.checked_mul(unit)).ok_or_else(|| {
        let names: Vec<&str> = suffixes.iter().map(|(suffix, _)| *suffix).collect();
        format!(
            "`{text}` is no amount; expected a number above 0, with {} or nothing behind it",
            names.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_read_with_their_suffixes() {
        assert_eq!(parse("200M"), Ok(Budget { steps: 200_000_000, bytes: 2 << 30 }));
        assert_eq!(parse("5k,64MiB"), Ok(Budget { steps: 5_000, bytes: 64 << 20 }));
        assert_eq!(parse("7,8"), Ok(Budget { steps: 7, bytes: 8 }));
        for text in ["", "0", "-1", "5X", "M", "1,", "1,2,3", "99999999999G"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
