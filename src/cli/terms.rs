//! Settings in the words of another system, for every command that takes a configuration.

use clap::Args;

use crate::workload::Terms;

/// Settings in the words of another system.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "In the words of another system")]
pub(super) struct TermsArgs {
    /// How many replicas it has.
    #[arg(long, value_name = "N", default_value_t = 3,
          value_parser = clap::value_parser!(u16).range(1..=32))]
    rf: u16,
    /// The level, mode or count of its reads, such as ONE, serializable or 2.
    #[arg(long, value_name = "LEVEL")]
    pub(super) read: Option<String>,
    /// The level, mode or count of its writes, such as QUORUM or all.
    #[arg(long, value_name = "LEVEL")]
    pub(super) write: Option<String>,
    /// How many primaries must answer a read (Riak).
    #[arg(long, value_name = "COUNT")]
    pr: Option<u16>,
    /// How many primaries must acknowledge a write (Riak).
    #[arg(long, value_name = "COUNT")]
    pw: Option<u16>,
    /// How many replicas must be in sync (Kafka) or up (Ceph).
    #[arg(long, value_name = "COUNT")]
    min_insync: Option<u16>,
    /// What else is switched on: blocking-repair, allow-mult, unclean.
    #[arg(long, value_name = "FLAGS", value_delimiter = ',')]
    with: Vec<String>,
}

impl TermsArgs {
    /// The settings of a system.
    pub(super) fn of(&self, system: &str) -> Terms {
        Terms {
            system: system.to_ascii_lowercase(),
            replicas: self.rf,
            read: self.read.clone(),
            write: self.write.clone(),
            pr: self.pr,
            pw: self.pw,
            min_insync: self.min_insync,
            flags: self.with.clone(),
        }
    }

    /// Whether any of them is set.
    pub(super) fn is_any(&self) -> bool {
        let words = [&self.read, &self.write].iter().any(|word| word.is_some());
        let counts = [self.pr, self.pw, self.min_insync].iter().any(Option::is_some);
        words || counts || !self.with.is_empty()
    }
}
