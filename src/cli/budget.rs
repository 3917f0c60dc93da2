//! `--budget`, for every command that checks.

use quorate_checker::Budget;

/// How much the check of one register may cost.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct BudgetArgs {
    /// How much a search may cost for each register: steps, or steps and bytes, such as 200M or
    /// 200M,4GiB. Registers whose written values are distinct need none.
    #[arg(long, value_name = "STEPS[,BYTES]", default_value = "50M,2GiB")]
    pub(super) budget: Budget,
}
