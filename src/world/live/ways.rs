//! How nodes reach each other and how clients reach them: through proxies of ours, or in networks of the
//! kernel's.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use super::links::{Cut, Links};
use super::netns::Netns;
use crate::protocol::NodeId;

/// Where nodes in namespaces listen.
const PORT: u16 = 7001;

/// The network of a cluster.
#[derive(Debug)]
pub(super) enum Ways {
    /// All on one network, with a proxy for each link.
    Proxies(Links, Cut),
    /// A namespace for each, with filters between them.
    Namespaces(Netns),
}

impl Ways {
    /// The command that is this program where a node lives.
    pub(super) fn command(&self, program: &Path, node: NodeId) -> Command {
        match self {
            Self::Proxies(..) => Command::new(program),
            Self::Namespaces(netns) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", &netns.node(node)]).arg(program);
                command
            }
        }
    }

    /// Where a node is to listen.
    pub(super) fn listen(&self, node: NodeId) -> SocketAddr {
        match self {
            Self::Proxies(..) => (Ipv4Addr::LOCALHOST, 0).into(),
            Self::Namespaces(netns) => (netns.address(node), PORT).into(),
        }
    }

    /// Where `from` reaches `to`; `None` if they are the same.
    pub(super) fn address(&self, from: NodeId, to: NodeId) -> Option<SocketAddr> {
        match self {
            Self::Proxies(links, _) => links.address(from, to),
            Self::Namespaces(netns) => (from != to).then(|| (netns.address(to), PORT).into()),
        }
    }

    /// The namespace of the clients, if there are any.
    pub(super) fn of_clients(&self) -> Option<String> {
        match self {
            Self::Proxies(..) => None,
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
        }
    }

    /// Makes links slow, or as they were. False if all of them were so already, or nobody can.
    pub(super) fn set_slowness(&mut self, links: &[(NodeId, NodeId)], slowness: u32) -> bool {
        match self {
            Self::Proxies(proxies, _) => {
                each(links, |from, to| proxies.set_slowness(from, to, slowness))
            }
            Self::Namespaces(_) => false,
        }
    }
}

/// Changes every link. Whether that made any difference.
fn each(links: &[(NodeId, NodeId)], change: impl Fn(NodeId, NodeId) -> bool) -> bool {
    links.iter().fold(false, |any, (from, to)| change(*from, *to) | any)
}
