//! `quorate serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::Exit;
use super::telling::Telling;
use crate::serve::Serving;

const EXAMPLES: &str = "Examples:
  quorate serve
      the runs in store/ as pages: lists, comparisons, reports, and runs in
      progress
  quorate serve --store nightly --listen 127.0.0.1:0
      another store, at any port that is free
  quorate serve --listen 0.0.0.0:8017
      for everybody who reaches this machine, all of whom may read the whole
      store";

/// What `quorate serve` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ServeArgs {
    /// Where run directories are.
    #[arg(long, value_name = "DIR", default_value = "store")]
    store: PathBuf,
    /// Where to listen: an address and a port, 0 for any that is free.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8017")]
    listen: SocketAddr,
    #[command(flatten)]
    telling: Telling,
}

/// Shows a store until Ctrl-C.
pub(super) fn serve(args: &ServeArgs) -> Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let serving = Serving::new(&args.store, args.listen).await?;
        let address = serving.address()?;
        let store = args.store.display();
        let whom = if address.ip().is_loopback() {
            ""
        } else {
            ", for everybody who reaches this machine"
        };
        args.telling.tell(
            || json!({ "address": format!("http://{address}/"), "store": args.store }),
            || format!("{store} at http://{address}/{whom}; Ctrl-C ends it\n"),
        )?;
        serving.run(async { drop(tokio::signal::ctrl_c().await) }).await?;
        Ok(Exit::AsExpected)
    })
}
