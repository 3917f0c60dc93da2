//! `quorate certificates`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::{Exit, print};
use crate::node::tls::issue;

const EXAMPLES: &str = "Examples:
  quorate certificates three.toml certificates
      for nodes that are started by hand with `--certificates certificates`

Of these files a node needs authority.pem, and its own node-NAME.pem and
node-NAME.key.";

/// What `quorate certificates` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CertificatesArgs {
    /// The workload file whose nodes they are for.
    workload: PathBuf,
    /// The directory for them. Files that are there already stay as they are, and are an error.
    dir: PathBuf,
}

/// Makes certificates for the nodes of a cluster, and for its clients.
pub(super) fn certificates(args: &CertificatesArgs) -> Result<Exit> {
    let workload = super::run::load(&args.workload)?.with_tls().resolve()?;
    let names = &workload.node_names;
    issue(&args.dir, names)?;
    print(&format!("{}: for {}, and clients\n", args.dir.display(), names.join(", ")))?;
    Ok(Exit::AsExpected)
}
