//! `quorate node`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::Exit;
use crate::latency::Latency;
use crate::node::{self, DiskSettings, NodeSettings};
use crate::process::die_with;
use crate::protocol::NodeId;
use crate::rng::Seed;

const EXAMPLES: &str = "Examples:
  quorate node three.toml --node n1 --listen 127.0.0.1:7001 --data data/n1 \\
      --peer n2=127.0.0.1:7002 --peer n3=127.0.0.1:7003
      the first of three nodes; what it puts on disk goes to data/n1, its log to
      standard error

It prints `listening ADDRESS` when it is ready, and stops on SIGTERM or Ctrl-C.";

const USAGE: &str = "quorate node [OPTIONS] --node <NAME> --listen <ADDRESS>
                    --data <DIR> <WORKLOAD>";

/// What `quorate node` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES, override_usage = USAGE)]
pub(super) struct NodeArgs {
    /// The workload file whose [cluster] this is a node of; of the rest only [network] tls plays a part.
    workload: PathBuf,
    /// The name of the node.
    #[arg(long, value_name = "NAME")]
    node: String,
    /// Where to listen for peers and clients; with port 0, at any port that is free.
    #[arg(long, value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Where another node can be reached; once for each.
    #[arg(long, value_name = "NAME=ADDRESS", value_parser = named_address)]
    peer: Vec<(String, SocketAddr)>,
    /// The directory for its disk.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The directory of its certificate, its key and that of the authority, as `quorate certificates` makes
    /// them: it then speaks TLS with those that have one, and with nobody else.
    #[arg(long, value_name = "DIR")]
    certificates: Option<PathBuf>,
    /// Undo first what was written and not synced when it stopped, as if the power had failed.
    #[arg(long)]
    lose_unsynced: bool,
    /// Do not wait for the device when syncing: fast, and safe from nothing.
    #[arg(long)]
    no_fsync: bool,
    /// How long a sync takes at least, as a distribution: `constant 20ms`, `exponential 5ms`, …
    #[arg(long, value_name = "TIME", default_value = "constant 0ns")]
    sync: Latency,
    /// What decides the chance in its timers.
    #[arg(long, default_value_t = Seed(0))]
    seed: Seed,
    /// How many nanoseconds its clock is ahead.
    #[arg(long, value_name = "NANOSECONDS", default_value_t = 0, allow_negative_numbers = true)]
    clock_offset: i64,
    /// Die with the process of this number, take orders from standard input, and stop when that ends.
    #[arg(long, value_name = "PROCESS")]
    parent: Option<u32>,
}

/// `n2=127.0.0.1:7002`.
fn named_address(text: &str) -> Result<(String, SocketAddr), String> {
    let wrong = || format!("found `{text}`; expected NAME=ADDRESS, such as n2=127.0.0.1:7002");
    let (name, address) = text.rsplit_once('=').ok_or_else(wrong)?;
    Ok((name.to_owned(), address.parse().map_err(|_| wrong())?))
}

impl NodeArgs {
    fn settings(&self) -> Result<NodeSettings> {
        let workload = super::run::load(&self.workload)?.resolve()?;
        if workload.live.tls && self.certificates.is_none() {
            bail!("network.tls = true, but no certificates; expected --certificates DIR");
        }
        let names = &workload.node_names;
        let number = |option: &str, name: &str| match names.iter().position(|n| n == name) {
            Some(place) => Ok(place as NodeId),
            None => {
                bail!("{option}: no node \"{name}\"; expected one of {}", names.join(", "))
            }
        };
        let mut peers = BTreeMap::new();
        for (name, address) in &self.peer {
            peers.insert(number("--peer", name)?, *address);
        }
        Ok(NodeSettings {
            id: number("--node", &self.node)?,
            config: Arc::new(workload.config),
            certificates: self.certificates.clone(),
            names: names.clone(),
            listen: self.listen,
            peers,
            disk: DiskSettings {
                dir: self.data.clone(),
                fsync: !self.no_fsync,
                sync: self.sync,
                lose_unsynced: self.lose_unsynced,
            },
            // As in the simulated world.
            patience: 2 * workload.sim.timeout,
            seed: self.seed,
            clock_offset: self.clock_offset,
            is_supervised: self.parent.is_some(),
        })
    }
}

/// Is a node until it is stopped.
pub(super) fn node(args: &NodeArgs) -> Result<Exit> {
    if let Some(parent) = args.parent {
        die_with(parent)?;
    }
    let settings = args.settings()?;
    node::run(&settings).with_context(|| format!("node {}", args.node))?;
    Ok(Exit::AsExpected)
}
