//! Nodes on other hosts: each a network namespace with an SSH server in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use quorate::world::live::netns::Netns;

use super::left::is_possible;
use super::shell::{Called, Shell, project};

const PATIENCE: Duration = Duration::from_secs(60);

/// Three hosts with SSH servers, which end with this.
struct Hosts {
    shell: Shell,
    servers: Vec<Child>,
    net: Netns,
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for server in &mut self.servers {
            server.kill().expect("it runs");
            server.wait().expect("it ends");
        }
    }
}

fn there_is(program: &str) -> bool {
    let found = Path::new(program).exists();
    if !found {
        eprintln!("skipped: needs {program} (Debian package openssh-server)");
    }
    found
}

fn done(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {output:?}");
    output
}

impl Hosts {
    /// `None`, which is said, where there can be none.
    fn start() -> Option<Self> {
        if !is_possible() || !there_is("/usr/sbin/sshd") || !there_is("/usr/bin/ssh") {
            return None;
        }
        let shell = Shell::new();
        // A directory for the unprivileged part of the server.
        fs::create_dir_all("/run/sshd").expect("we are root");
        for key in ["host", "user"] {
            let mut command = Command::new("ssh-keygen");
            done(command.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(shell.path(key)));
        }
        let net = Netns::start(3, 0.0).expect("namespaces are possible");
        let key = shell.path("user");
        shell.write(
            "ssh_config",
            format!(
                "Host *\nUser root\nIdentityFile {}\nStrictHostKeyChecking no\n\
                 UserKnownHostsFile /dev/null\nLogLevel ERROR\n",
                key.display()
            ),
        );
        let servers = (0..3).map(|id| serve(&shell, &net, id)).collect();
        let hosts = Self { shell, servers, net };
        hosts.wait_for("all servers", || (0..3).all(|id| hosts.listens(id)));
        Some(hosts)
    }

    /// The command on the machine of the harness.
    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.net.clients(), env!("CARGO_BIN_EXE_quorate")]);
        command.args(arguments.split_whitespace()).current_dir(self.shell.path(""));
        command.args(["--world", "remote", "--hosts", &self.addresses()]);
        command.arg("--ssh-config").arg(self.shell.path("ssh_config"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn quorate(&self, arguments: &str) -> Called {
        let output = self.command(arguments).output().expect("it starts");
        let text = |bytes| String::from_utf8(bytes).expect("it prints text");
        Called { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn addresses(&self) -> String {
        let all: Vec<String> = (0..3).map(|id| self.net.address(id).to_string()).collect();
        all.join(",")
    }

    fn on_host(&self, id: u16, command: &[&str]) -> String {
        let mut whole = Command::new("ip");
        whole.args(["netns", "exec", &self.net.node(id)]).args(command);
        String::from_utf8(done(&mut whole).stdout).expect("text")
    }

    fn listens(&self, id: u16) -> bool {
        self.on_host(id, &["ss", "-Hltn", "sport = :22"]).contains(":22")
    }

    /// The command lines of what runs on a host besides the server itself.
    fn running(&self, id: u16) -> Vec<String> {
        let line = |process: u32| {
            let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).replace('\0', " ")
        };
        let all = self.net.processes(id).expect("there is a /proc").into_iter().map(line);
        all.filter(|line| !line.is_empty() && !line.contains("sshd")).collect()
    }

    /// The directories on the hosts, which share one disk.
    fn dirs(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.shell.path("hosts")).expect("it was made");
        entries.map(|entry| entry.expect("it is readable").path()).collect()
    }

    #[track_caller]
    fn wait_for(&self, what: &str, is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(Instant::now() < deadline, "{what}: {:?} {:?}", self.dirs(), self.running(0));
            sleep(Duration::from_millis(5));
        }
    }

    #[track_caller]
    fn assert_clean(&self) {
        let is_clean = |id| {
            let filter = self.on_host(id, &["nft", "list", "ruleset"]);
            self.running(id).is_empty() && !filter.contains("quorate")
        };
        self.wait_for("clean hosts", || (0..3).all(is_clean) && self.dirs().is_empty());
    }
}

fn serve(shell: &Shell, net: &Netns, id: u16) -> Child {
    let hosts = shell.path("hosts");
    fs::create_dir_all(&hosts).expect("it is writable");
    let file = |name: &str| shell.path(name).display().to_string();
    let config = format!("sshd_config_{id}");
    shell.write(
        &config,
        format!(
            "ListenAddress {}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\n\
             UsePAM no\nPermitRootLogin yes\nSetEnv TMPDIR={}\n",
            net.address(id),
            file("host"),
            file("user.pub"),
            hosts.display()
        ),
    );
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "ip", "netns", "exec", &net.node(id)]);
    command.args(["/usr/sbin/sshd", "-D", "-e", "-f", &file(&config)]);
    let log = fs::File::create(shell.path(&format!("sshd_{id}.log"))).expect("it is writable");
    command.stdin(Stdio::null()).stderr(log).spawn().expect("it starts")
}

#[test]
fn majority_quorums_hold_on_other_hosts_and_weak_ones_do_not() {
    let Some(hosts) = Hosts::start() else { return };
    for (workload, judgement) in [
        ("first-steps/majority-abd", "kept"),
        ("live/tls", "kept"),
        ("first-steps/lost-write-clock-skew", "weaker by design"),
    ] {
        let workload = project(&format!("workloads/{workload}.toml"));
        let called = hosts.quorate(&format!("run {workload} --ops 2000 --time-limit 20s --seed 1"));
        let called = called.ends(0);
        assert!(called.out.contains(&format!("judgement    {judgement}")), "{}", called.out);
        assert!(called.out.contains(&format!("--hosts {}", hosts.addresses())), "{}", called.out);
        hosts.assert_clean();
    }
}

#[test]
fn a_harness_that_is_killed_leaves_nothing_on_its_hosts() {
    let Some(hosts) = Hosts::start() else { return };
    let workload = project("workloads/first-steps/majority-abd.toml");
    let run = format!("run {workload} --nemesis partition --ops 1000000 --time-limit 1h --seed 1");
    let mut child = hosts.command(&run).spawn().expect("it starts");
    let runs = |id| hosts.running(id).iter().any(|line| line.contains("quorate node"));
    hosts.wait_for("three nodes", || (0..3).all(runs));
    // A node is cut off by its own kernel.
    let is_cut = |id| hosts.on_host(id, &["nft", "list", "ruleset"]).contains("port 7001 drop");
    hosts.wait_for("a cut", || (0..3).any(is_cut));
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    hosts.assert_clean();
    let run = hosts.shell.only_run();
    let checked = hosts.shell.quorate(&format!("check {run}/history.jsonl"));
    checked.ends(0);
}

#[test]
fn hosts_that_cannot_be_used_are_named() {
    let shell = Shell::new();
    let few = shell.quorate("run --world remote --hosts a,b --seed 1").ends(254);
    assert!(few.err.contains("--hosts: 2 for 3 nodes; expected a host for each of"), "{}", few.err);
    let none = shell.quorate("run --hosts a,b,c --seed 1").ends(254);
    assert!(none.err.contains("--hosts, but --world sim; expected --world remote"), "{}", none.err);
    if !there_is("/usr/bin/ssh") {
        return;
    }
    // Nothing listens at port 1.
    shell.write("config", "Host *\nPort 1\n");
    let hosts = "--hosts 127.0.0.1,127.0.0.2,127.0.0.3 --ssh-config config";
    let deaf = shell.quorate(&format!("run --world remote {hosts} --seed 1")).ends(254);
    assert!(deaf.err.contains("host 127.0.0.1: "), "{}", deaf.err);
    assert!(deaf.err.contains("Connection refused"), "{}", deaf.err);
    assert!(deaf.err.contains("logs in to without a password"), "{}", deaf.err);
}
