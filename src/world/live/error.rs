//! Why a live world cannot go on.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::systems::NotFound;

/// Why a live world cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// No directory, no sockets, no thread.
    #[error("cannot prepare {}: {error}", dir.display())]
    Dir {
        /// Which directory.
        dir: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The links or the clients cannot be set up.
    #[error("cannot set up {what}: {error}")]
    SetUp {
        /// What.
        what: &'static str,
        /// Why.
        error: io::Error,
    },
    /// A host cannot be reached, or cannot be used.
    #[error(
        "host {host}: {error}; expected a host that `ssh {host}` logs in to without a password, as a user \
             who may use `nft`"
    )]
    Host {
        /// Which.
        host: String,
        /// Why.
        error: io::Error,
    },
    /// The system is not there.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// A node cannot be started.
    #[error("cannot start node {node}: {error}")]
    Start {
        /// Which.
        node: String,
        /// Why.
        error: io::Error,
    },
    /// A node has ended that nobody had killed.
    #[error("node {node} has ended by itself ({how}); the last lines of {}:{last_lines}", log.display())]
    Ended {
        /// Which.
        node: String,
        /// How.
        how: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        last_lines: String,
    },
    /// A node does not become ready.
    #[error("node {node} is not ready after {after:?}: {why}; the last lines of {}:{last_lines}", log.display())]
    NotReady {
        /// Which.
        node: String,
        /// How long it was waited for.
        after: Duration,
        /// What it says instead.
        why: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        last_lines: String,
    },
    /// A node does what no node must do.
    #[error("node {node} {what}; the last lines of {}:{last_lines}", log.display())]
    Wrong {
        /// Which.
        node: String,
        /// What it does, and what would be right.
        what: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        last_lines: String,
    },
    /// The cluster cannot be made ready for clients.
    #[error("{system} is up, but cannot be prepared: {why}")]
    Unprepared {
        /// Which system.
        system: &'static str,
        /// What it says.
        why: String,
    },
}
