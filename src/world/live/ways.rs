//! How nodes reach each other and how clients reach them: through proxies of ours, in networks of the
//! kernel's, or between hosts.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use super::links::{Cut, Links};
use super::netns::Netns;
use super::remote::{Host, Remote};
use crate::protocol::NodeId;

/// Where nodes with an address of their own listen.
pub(super) const PORT: u16 = 7001;

/// The network of a cluster.
#[derive(Debug)]
pub(super) enum Ways {
    /// All on one network, with a proxy for each link.
    Proxies(Links, Cut),
    /// A namespace for each, with filters between them.
    Namespaces(Netns),
    /// A host for each, with filters between them.
    Hosts(Remote),
}

impl Ways {
    /// The command that is this program where a node lives. It dies with us.
    pub(super) fn command(&self, program: &Path, node: NodeId, arguments: &[String]) -> Command {
        let mut command = match self {
            Self::Proxies(..) => Command::new(program),
            Self::Namespaces(netns) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", &netns.node(node)]).arg(program);
                command
            }
            Self::Hosts(remote) => return remote.host(node).command(arguments),
        };
        command.args(arguments).args(["--parent", &std::process::id().to_string()]);
        command
    }

    /// The host of a node, if it is not this one.
    pub(super) fn host(&self, node: NodeId) -> Option<Arc<Host>> {
        match self {
            Self::Proxies(..) | Self::Namespaces(_) => None,
            Self::Hosts(remote) => Some(remote.host(node)),
        }
    }

    /// Where a node is to listen.
    pub(super) fn listen(&self, node: NodeId) -> SocketAddr {
        match self {
            Self::Proxies(..) => (Ipv4Addr::LOCALHOST, 0).into(),
            Self::Namespaces(netns) => (netns.address(node), PORT).into(),
            Self::Hosts(remote) => (remote.address(node), PORT).into(),
        }
    }

    /// Where `from` reaches `to`; `None` if they are the same.
    pub(super) fn address(&self, from: NodeId, to: NodeId) -> Option<SocketAddr> {
        match self {
            Self::Proxies(links, _) => links.address(from, to),
            Self::Namespaces(_) | Self::Hosts(_) => (from != to).then(|| self.listen(to)),
        }
    }

    /// The namespace of the clients, if there are any.
    pub(super) fn of_clients(&self) -> Option<String> {
        match self {
            Self::Proxies(..) | Self::Hosts(_) => None,
            Self::Namespaces(netns) => Some(netns.clients()),
        }
    }

    /// Cuts links, or mends them. False if all of them were so already.
    pub(super) fn set_cuts(
        &mut self,
        links: &[(NodeId, NodeId)],
        is_cut: bool,
    ) -> io::Result<bool> {
        match self {
            Self::Proxies(proxies, cut) => {
                let cut = is_cut.then_some(*cut);
                Ok(each(links, |from, to| proxies.set_cut(from, to, cut)))
            }
            Self::Namespaces(netns) => netns.set_cuts(links, is_cut),
            Self::Hosts(remote) => remote.set_cuts(links, is_cut),
        }
    }

    /// Makes links slow, or as they were. False if all of them were so already, or nobody can.
    pub(super) fn set_slowness(&mut self, links: &[(NodeId, NodeId)], slowness: u32) -> bool {
        match self {
            Self::Proxies(proxies, _) => {
                each(links, |from, to| proxies.set_slowness(from, to, slowness))
            }
            Self::Namespaces(_) | Self::Hosts(_) => false,
        }
    }
}

/// Changes every link. Whether that made any difference.
fn each(links: &[(NodeId, NodeId)], change: impl Fn(NodeId, NodeId) -> bool) -> bool {
    links.iter().fold(false, |any, (from, to)| change(*from, *to) | any)
}
