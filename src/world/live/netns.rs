//! A network for each node: namespaces of the kernel on a bridge, and cuts by its packet filter.
//!
//! ```text
//! n1 ──┐
//! n2 ──┼── bridge in a namespace of its own (hub)
//! n3 ──┘   └── clients
//! ```
//!
//! Nothing in there can be reached from outside. A cut drops packets where they arrive: whatever a node is
//! and speaks, it hears nothing from those it is cut off from. All names begin with `quorate-` and the
//! number of our process, so that the next one finds what a killed one has left.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use super::filter::Filter;
use crate::process::{Signal, signal};
use crate::protocol::NodeId;

/// Where `ip netns` keeps its namespaces.
pub(super) const NAMESPACES: &str = "/run/netns";
/// What all names begin with.
const PREFIX: &str = "quorate-";

/// The namespaces of a run. They go with this.
#[derive(Debug)]
pub struct Netns {
    /// What its names begin with.
    prefix: String,
    filter: Filter,
}

impl Netns {
    /// A network of `n` nodes that loses a share of all packets between them. What runs that were killed have
    /// left goes first.
    pub fn start(n: u16, loss: f64) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        remove_left_behind()?;
        let filter = Filter::new((1..=n).map(address).collect(), None, loss);
        let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let prefix = format!("{PREFIX}{process}-{count}-");
        let net = Self { prefix, filter };
        let hub = net.name("hub");
        ip(&["netns", "add", &hub])?;
        let mut plugs = "link add bridge type bridge\nlink set bridge up\n".to_owned();
        let all = (0..n).map(|id| net.node(id)).chain([net.clients()]);
        let all: Vec<(u16, String)> = (1..).zip(all).collect();
        for (number, name) in &all {
            ip(&["netns", "add", name])?;
            plugs += &format!("link add p{number} type veth peer name eth0 netns {name}\n");
            plugs += &format!("link set p{number} master bridge up\n");
        }
        ip_batch(&hub, &plugs)?;
        for (number, name) in &all {
            let address = address(*number);
            let own = format!("addr add {address}/16 dev eth0\nlink set eth0 up\nlink set lo up\n");
            ip_batch(name, &own)?;
        }
        net.put_in_force((0..n).collect())?;
        Ok(net)
    }

    /// The namespace of a node.
    pub fn node(&self, id: NodeId) -> String {
        self.name(&format!("n{}", id + 1))
    }

    /// The namespace of the clients, which no cut reaches.
    pub fn clients(&self) -> String {
        self.name("clients")
    }

    /// The address of a node.
    pub fn address(&self, id: NodeId) -> Ipv4Addr {
        self.filter.address(id)
    }

    /// The beginning of a command that runs a program where a node lives: in its network, as its only
    /// programs, on a host of this name that finds others in the file `hosts`. Whatever the program starts
    /// ends with it, and it ends with us.
    pub fn inside(&self, id: NodeId, host: &str, hosts: &Path) -> Command {
        const ENTER: &str =
            "hostname \"$1\" && mount --bind \"$2\" /etc/hosts && shift 2 && exec \"$@\"";
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "ip", "netns", "exec", &self.node(id)]);
        command.args(["unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        command.args(["sh", "-c", ENTER, "sh", host]).arg(hosts);
        command
    }

    /// The processes in the network of a node.
    pub fn processes(&self, id: NodeId) -> io::Result<Vec<u32>> {
        processes_in(&self.node(id))
    }

    /// Cuts links, or mends them: one change of the filter for each node at which anything changes. False if
    /// all of them were so already.
    pub fn set_cuts(&mut self, links: &[(NodeId, NodeId)], cut: bool) -> io::Result<bool> {
        let changed = self.filter.change(links, cut);
        let any = !changed.is_empty();
        self.put_in_force(changed)?;
        Ok(any)
    }

    fn name(&self, of: &str) -> String {
        format!("{}{of}", self.prefix)
    }

    /// Puts the filters of some nodes in force, all at the same time.
    fn put_in_force(&self, nodes: BTreeSet<NodeId>) -> io::Result<()> {
        thread::scope(|scope| {
            let filters = nodes.into_iter().map(|id| {
                let (name, rules) = (self.node(id), self.filter.rules(id));
                scope.spawn(move || {
                    feed(
                        Command::new("ip").args(["netns", "exec", &name, "nft", "-f", "-"]),
                        &rules,
                    )
                })
            });
            let filters: Vec<_> = filters.collect();
            filters.into_iter().try_for_each(|filter| match filter.join() {
                Ok(filtered) => filtered,
                Err(panic) => std::panic::resume_unwind(panic),
            })
        })
    }
}

impl Drop for Netns {
    fn drop(&mut self) {
        let all =
            (0..self.filter.n()).map(|id| self.node(id)).chain([self.clients(), self.name("hub")]);
        for name in all {
            // What is not there need not go.
            let _ = ip(&["netns", "delete", &name]);
        }
    }
}

/// The address of a number from 1 on.
fn address(number: u16) -> Ipv4Addr {
    let [high, low] = number.to_be_bytes();
    Ipv4Addr::new(10, 77, high, low)
}

/// The processes in a network namespace.
fn processes_in(namespace: &str) -> io::Result<Vec<u32>> {
    let inode = fs::metadata(Path::new(NAMESPACES).join(namespace))?.ino();
    let link = format!("net:[{inode}]");
    let is_in = |id: &u32| {
        let of = fs::read_link(format!("/proc/{id}/ns/net"));
        of.is_ok_and(|of| of.as_os_str() == link.as_str())
    };
    let names = fs::read_dir("/proc")?.flatten().map(|entry| entry.file_name());
    Ok(names.filter_map(|name| name.to_str()?.parse().ok()).filter(is_in).collect())
}

/// Removes the namespaces that processes have left that are no more. Returns their names.
pub fn remove_left_behind() -> io::Result<Vec<String>> {
    let listed = match ip(&["netns", "list"]) {
        Ok(listed) => listed,
        // Without the program there is nothing that it has made.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut removed = Vec::new();
    for name in listed.lines().filter_map(|line| line.split_whitespace().next()) {
        let process =
            name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()?.parse().ok());
        if process.is_some_and(|process| !crate::process::exists(process)) {
            // What runs in them ends with its harness; should anything be left, it must not stay.
            for process in processes_in(name).unwrap_or_default() {
                signal(process, Signal::KILL);
            }
            match ip(&["netns", "delete", name]) {
                // Somebody else may have removed it meanwhile.
                Err(error) if Path::new(NAMESPACES).join(name).exists() => return Err(error),
                Err(_) | Ok(_) => {}
            }
            removed.push(name.to_owned());
        }
    }
    Ok(removed)
}

/// Changes in one namespace, a line each.
fn ip_batch(namespace: &str, lines: &str) -> io::Result<()> {
    feed(Command::new("ip").args(["-n", namespace, "-batch", "-"]), lines)
}

fn ip(arguments: &[&str]) -> io::Result<String> {
    done(&Command::new("ip").args(arguments).stdin(Stdio::null()).output()?, &arguments.join(" "))
}

/// Runs a program with this on its standard input.
fn feed(command: &mut Command, text: &str) -> io::Result<()> {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let input = child.stdin.take();
    input.map_or(Ok(()), |mut input| input.write_all(text.as_bytes()))?;
    done(&child.wait_with_output()?, &text.replace('\n', "; ")).map(|_| ())
}

/// What a program says; an error with that and what it was asked, if it fails.
fn done(output: &Output, asked: &str) -> io::Result<String> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(io::Error::other(format!("{said} (asked to {asked})")))
}
