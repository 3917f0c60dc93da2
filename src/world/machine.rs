//! What this machine can do: probed, never assumed.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Resource, geteuid, getrlimit};
use serde::Serialize;

/// Something that a machine may have or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Feature {
    /// What.
    pub name: &'static str,
    /// What for.
    pub serves: &'static str,
    /// Whether it is there.
    pub is_there: bool,
    /// More about it; where it is not there, how to get it.
    pub about: String,
}

/// A program, how it is asked for its version, and the Debian package that has it.
type Program = (&'static str, &'static str, &'static str, &'static str);

const PROGRAMS: [Program; 4] = [
    ("ip", "-V", "iproute2", "networks of their own for nodes"),
    ("nft", "--version", "nftables", "cuts and loss by the kernel"),
    ("ssh", "-V", "openssh-client", "nodes on other machines"),
    ("faketime", "--version", "faketime", "wrong clocks for programs of others"),
];

/// Everything that matters to worlds and systems.
pub fn features() -> Vec<Feature> {
    let mut features = vec![root(), files(), fuse(), namespaces("user namespaces", "-Ur")];
    let flags = if geteuid().is_root() { "-n" } else { "-Urn" };
    features.push(namespaces("network namespaces", flags));
    features.extend(PROGRAMS.map(program));
    features
}

/// What the world of namespaces needs and this machine does not have, each with how to get it.
pub fn missing_for_namespaces() -> Vec<String> {
    let needed = ["root", "network namespaces", "ip", "nft"];
    let missing = features().into_iter().filter(|f| needed.contains(&f.name) && !f.is_there);
    missing.map(|feature| format!("{} ({})", feature.name, feature.about)).collect()
}

fn root() -> Feature {
    let is_there = geteuid().is_root();
    let about = if is_there { "uid 0" } else { "run as root, or as root of a container" };
    Feature { name: "root", serves: "namespaces and mounts", is_there, about: about.to_owned() }
}

fn files() -> Feature {
    const ENOUGH: u64 = 1024;
    let most = getrlimit(Resource::Nofile).current;
    let is_there = most.is_none_or(|most| most >= ENOUGH);
    let about = most.map_or_else(|| "no limit".to_owned(), |most| format!("at most {most}"));
    let about = if is_there { about } else { format!("{about}; raise it by `ulimit -n {ENOUGH}`") };
    Feature { name: "open files", serves: "connections of clients", is_there, about }
}

fn fuse() -> Feature {
    let is_there = File::options().read(true).write(true).open("/dev/fuse").is_ok();
    let about =
        if is_there { "/dev/fuse" } else { "load the module fuse, and let /dev/fuse be used" };
    Feature {
        name: "fuse",
        serves: "bad disks for programs of others",
        is_there,
        about: about.to_owned(),
    }
}

fn namespaces(name: &'static str, flags: &str) -> Feature {
    let tried = run("unshare", &[flags, "true"]);
    let about = match &tried {
        Ok(_) => format!("unshare {flags}"),
        Err(error) => error.to_string(),
    };
    Feature { name, serves: "networks of their own for nodes", is_there: tried.is_ok(), about }
}

fn program((name, version, package, serves): Program) -> Feature {
    let said = run(name, &[version]);
    let about = match &said {
        Ok(said) => said.lines().next().unwrap_or_default().to_owned(),
        Err(_) => format!("apt-get install {package}"),
    };
    Feature { name, serves, is_there: said.is_ok(), about }
}

/// Runs a program to its end. Returns what it says; an error with that, if it fails.
fn run(program: &str, arguments: &[&str]) -> io::Result<String> {
    let mut command = Command::new(program);
    let output = command.args(arguments).stdin(Stdio::null()).output()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    if output.status.success() { Ok(said) } else { Err(io::Error::other(said)) }
}

/// How often a second the disk under a directory syncs a small write, tried for a moment.
pub fn syncs_per_second(dir: &Path) -> io::Result<u64> {
    const MOMENT: Duration = Duration::from_millis(200);
    let path = dir.join(format!("quorate-{}.sync", std::process::id()));
    let began = Instant::now();
    let mut count = 0;
    let tried = File::create(&path).and_then(|mut file| {
        while began.elapsed() < MOMENT {
            file.write_all(&[0; 512])?;
            file.sync_data()?;
            count += 1;
        }
        Ok(())
    });
    std::fs::remove_file(&path)?;
    tried?;
    Ok((f64::from(count) / began.elapsed().as_secs_f64()) as u64)
}
