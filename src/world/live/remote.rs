//! Nodes on other hosts, over SSH: the program of the system, with whatever its configuration says of ports,
//! keys and users.
//!
//! A shell on each host does what is to be done there, for as long as its standard input is open: when the
//! harness ends, however it ends, the shell kills the node, removes its filter and its directory, and is gone.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::filter::Filter;
use super::{LiveError, Place};
use crate::process::Process;
use crate::protocol::NodeId;

/// The shell has cleaned up by then.
const GONE: Duration = Duration::from_secs(5);
/// A directory of its own, and what becomes of it in the end.
const GREETING: &str = "\
dir=$(mktemp -d \"${TMPDIR:-/tmp}/quorate-XXXXXX\") || exit 1
clean_up() { kill -9 $(cat \"$dir/pid\"); nft delete table inet quorate; rm -rf \"$dir\"; }
trap 'clean_up > /dev/null 2>&1' EXIT
nft list tables || exit 1
echo \"@0 $dir\"
";

/// Where nodes live that are not here.
#[derive(Debug, Clone, Default)]
pub struct RemoteSettings {
    /// A destination of `ssh` for each node: a host, with a user before it if it has to be, or a name of
    /// its configuration.
    pub hosts: Vec<String>,
    /// The configuration of `ssh`; that of the user if `None`.
    pub config: Option<PathBuf>,
}

/// The hosts of a cluster.
#[derive(Debug)]
pub(super) struct Remote {
    hosts: Vec<Arc<Host>>,
    filter: Filter,
}

/// One host, with a shell there.
#[derive(Debug)]
pub(super) struct Host {
    ssh: Ssh,
    /// The directory of the node.
    dir: String,
    shell: Mutex<Shell>,
}

#[derive(Debug)]
struct Shell {
    process: Process,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// How a host is reached.
#[derive(Debug, Clone)]
struct Ssh {
    destination: String,
    config: Option<PathBuf>,
}

impl Remote {
    /// Logs in everywhere, and takes the program, the workload and the certificates of the node there.
    pub(super) fn start(
        place: &Place,
        port: u16,
        loss: f64,
        certificates: impl Fn(NodeId) -> Vec<PathBuf> + Sync,
    ) -> Result<Self, LiveError> {
        let settings = place.remote.clone().unwrap_or_default();
        let one = |id: NodeId, destination: &String| {
            let ssh = Ssh { destination: destination.clone(), config: settings.config.clone() };
            let address = ssh.address()?;
            let log = place.logs().join(format!("ssh-{address}.log"));
            let host = Host::log_in(ssh, &log)?;
            host.put(&place.program, "quorate", "755")?;
            host.put(&place.workload, "workload.toml", "644")?;
            for file in certificates(id) {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                // Nobody else on that host is to have the key.
                host.put(&file, &name, "600")?;
            }
            Ok((Arc::new(host), address))
        };
        let all: Result<Vec<_>, LiveError> = thread::scope(|scope| {
            let one = &one;
            let logins: Vec<_> = (0..)
                .zip(&settings.hosts)
                .map(|(id, destination)| (destination, scope.spawn(move || one(id, destination))))
                .collect();
            let logins = logins.into_iter().map(|(destination, login)| {
                let host = destination.clone();
                joined(login).map_err(|error| LiveError::Host { host, error })
            });
            logins.collect()
        });
        let (hosts, addresses): (Vec<_>, Vec<Ipv4Addr>) = all?.into_iter().unzip();
        let remote = Self { hosts, filter: Filter::new(addresses, Some(port), loss) };
        let no_filter = |error| LiveError::SetUp { what: "the filters of the hosts", error };
        remote.put_in_force((0..remote.filter.n()).collect()).map_err(no_filter)?;
        Ok(remote)
    }

    /// The host of a node.
    pub(super) fn host(&self, id: NodeId) -> Arc<Host> {
        Arc::clone(&self.hosts[usize::from(id)])
    }

    /// The address of a node.
    pub(super) fn address(&self, id: NodeId) -> Ipv4Addr {
        self.filter.address(id)
    }

    /// Cuts links, or mends them. False if all of them were so already.
    pub(super) fn set_cuts(
        &mut self,
        links: &[(NodeId, NodeId)],
        is_cut: bool,
    ) -> io::Result<bool> {
        let changed = self.filter.change(links, is_cut);
        let any = !changed.is_empty();
        self.put_in_force(changed)?;
        Ok(any)
    }

    /// Puts the filters of some nodes in force, all at the same time.
    fn put_in_force(&self, nodes: BTreeSet<NodeId>) -> io::Result<()> {
        thread::scope(|scope| {
            let filters = nodes.into_iter().map(|id| {
                let (host, rules) = (self.host(id), self.filter.rules(id));
                scope.spawn(move || host.ask(&format!("nft -f - << 'END'\n{rules}END")))
            });
            let filters: Vec<_> = filters.collect();
            filters.into_iter().try_for_each(|filter| joined(filter).map(|_| ()))
        })
    }
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, io::Result<T>>) -> io::Result<T> {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

impl Host {
    fn log_in(ssh: Ssh, log: &Path) -> io::Result<Self> {
        let mut command = ssh.command("exec sh", true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start(command, log)?;
        let child = process.child();
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let output = BufReader::new(output.expect("the command makes a pipe"));
        let mut shell = Shell { process, input, output };
        let (_, dir) = shell.ask(GREETING)?;
        Ok(Self { ssh, dir, shell: Mutex::new(shell) })
    }

    /// Copies a file into the directory, with this mode.
    fn put(&self, file: &Path, name: &str, mode: &str) -> io::Result<()> {
        let to = quoted(&self.path(name));
        let mut command =
            self.ssh.command(&format!("umask 077; cat > {to} && chmod {mode} {to}"), false);
        let output = command.stdin(File::open(file)?).stdout(Stdio::null()).output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
    }

    /// The name of a file in the directory.
    pub(super) fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.dir)
    }

    /// The command that is the program there, as a child of what ends with the connection.
    pub(super) fn command(&self, arguments: &[String]) -> Command {
        let arguments: Vec<String> = arguments.iter().map(|argument| quoted(argument)).collect();
        let (pid, program) = (quoted(&self.path("pid")), quoted(&self.path("quorate")));
        let script =
            format!("echo $$ > {pid}; exec {program} {} --parent $PPID", arguments.join(" "));
        self.ssh.command(&format!("exec sh -c {}", quoted(&script)), false)
    }

    /// Sends the node there a signal, such as `KILL`. One that is gone hears nothing.
    pub(super) fn signal(&self, name: &str) {
        let pid = quoted(&self.path("pid"));
        if let Err(error) = self.ask(&format!("kill -{name} $(cat {pid})")) {
            tracing::debug!(host = self.ssh.destination, name, %error, "no signal");
        }
    }

    /// Removes a directory in that of the node.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        self.ask(&format!("rm -rf {}", quoted(&self.path(name)))).map(drop)
    }

    /// Lets the shell do something. Returns what it says; an error with that, if it fails.
    fn ask(&self, script: &str) -> io::Result<String> {
        let mut shell = self.shell.lock().map_err(|_| io::Error::other("a thread has panicked"))?;
        shell.ask(&format!("{{ {script}\n}} 2>&1; echo \"@$?\"\n")).map(|(said, _)| said)
    }
}

impl Shell {
    /// Does what ends with a line `@STATUS REST`. Returns what comes before it, and the rest.
    fn ask(&mut self, script: &str) -> io::Result<(String, String)> {
        let input = self.input.as_mut().ok_or_else(|| io::Error::other("the shell is gone"))?;
        // A shell that is gone says why.
        let _ = input.write_all(script.as_bytes()).and_then(|()| input.flush());
        let mut said = String::new();
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line)? == 0 {
                self.process.wait(GONE);
                return Err(io::Error::other(format!("{said}{}", self.process.last_lines())));
            }
            let Some(end) = line.strip_prefix('@') else {
                said += &line;
                continue;
            };
            let (status, rest) = end.trim_end().split_once(' ').unwrap_or((end.trim_end(), ""));
            return match status {
                "0" => Ok((said, rest.to_owned())),
                _ => Err(io::Error::other(said.trim_end().to_owned())),
            };
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.input = None;
        self.process.wait(GONE);
    }
}

impl Ssh {
    fn base(&self) -> Command {
        let mut command = Command::new("ssh");
        if let Some(config) = &self.config {
            command.arg("-F").arg(config);
        }
        // Nobody is there to be asked for a password, and a host that is gone must be noticed.
        for option in ["BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=5"] {
            command.args(["-o", option]);
        }
        command.stdin(Stdio::null());
        command
    }

    /// The command that runs a script there: the first one to connect, or over the connection of that one,
    /// which saves the others the login.
    fn command(&self, script: &str, is_first: bool) -> Command {
        let mut command = self.base();
        let socket = std::env::temp_dir().join(format!("quorate-{}-%C", std::process::id()));
        command.arg("-o").arg(format!("ControlPath={}", socket.display()));
        command.args(["-o", if is_first { "ControlMaster=yes" } else { "ControlMaster=no" }]);
        command.args(["-T", "--", &self.destination, script]);
        command
    }

    /// The address behind the destination, by the configuration.
    fn address(&self) -> io::Result<Ipv4Addr> {
        let output = self.base().args(["-G", "--", &self.destination]).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let name = text.lines().find_map(|line| line.strip_prefix("hostname "));
        let name = name.ok_or_else(|| {
            io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        })?;
        let found = (name, 0).to_socket_addrs()?.find_map(|address| match address.ip() {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        });
        found.ok_or_else(|| io::Error::other(format!("{name} has no IPv4 address")))
    }
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
