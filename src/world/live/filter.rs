//! Cuts and losses by the kernel's packet filter: rules for each node, which drop what comes from others.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use crate::protocol::NodeId;

/// What a node is not to hear.
#[derive(Debug)]
pub(super) struct Filter {
    addresses: Vec<Ipv4Addr>,
    /// Only what comes from this port, or goes to it; everything if `None`.
    port: Option<u16>,
    /// The share of packets between nodes that are lost, in thousandths.
    loss: u32,
    /// From, to.
    cuts: BTreeSet<(NodeId, NodeId)>,
}

impl Filter {
    /// Nothing is cut between nodes at these addresses, and a share of what they send each other is lost.
    pub(super) fn new(addresses: Vec<Ipv4Addr>, port: Option<u16>, loss: f64) -> Self {
        let loss = (loss * 1000.0).round() as u32;
        Self { addresses, port, loss, cuts: BTreeSet::new() }
    }

    /// Where a node is.
    pub(super) fn address(&self, id: NodeId) -> Ipv4Addr {
        self.addresses[usize::from(id)]
    }

    /// How many nodes there are.
    pub(super) fn n(&self) -> u16 {
        self.addresses.len() as u16
    }

    /// Cuts links, or mends them. Returns the nodes whose rules change.
    pub(super) fn change(&mut self, links: &[(NodeId, NodeId)], cut: bool) -> BTreeSet<NodeId> {
        let mut change = |link: &&(NodeId, NodeId)| {
            if cut { self.cuts.insert(**link) } else { self.cuts.remove(*link) }
        };
        links.iter().filter(&mut change).map(|(_, to)| *to).collect()
    }

    /// All rules of a node, in the place of those before: one change, which no packet sees half of.
    pub(super) fn rules(&self, id: NodeId) -> String {
        let cut = self.cuts.iter().filter(|(_, to)| *to == id).map(|(from, _)| self.address(*from));
        let cut: Vec<String> = cut.map(|address| address.to_string()).collect();
        let peers: Vec<String> = self.addresses.iter().map(Ipv4Addr::to_string).collect();
        let ways = match self.port {
            None => vec![String::new()],
            Some(port) => vec![format!("tcp sport {port} "), format!("tcp dport {port} ")],
        };
        let mut rules = "table inet quorate\ndelete table inet quorate\ntable inet quorate {\n\
                         chain input {\ntype filter hook input priority 0\n"
            .to_owned();
        for way in ways {
            if !cut.is_empty() {
                rules += &format!("ip saddr {{ {} }} {way}drop\n", cut.join(", "));
            }
            if self.loss > 0 {
                let from = format!("ip saddr {{ {} }}", peers.join(", "));
                rules += &format!("{from} {way}numgen random mod 1000 < {} drop\n", self.loss);
            }
        }
        rules + "}\n}\n"
    }
}
