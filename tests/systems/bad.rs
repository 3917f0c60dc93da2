//! Programs that are not there, are not what they should be, or do not live: the run ends with what they
//! said, and leaves its record and nothing else.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use super::left::{assert_nothing_runs_in, is_possible};
use super::shell::{Called, Shell};

/// What worlds of namespaces call.
const NEEDED: [&str; 8] = ["true", "ip", "nft", "setpriv", "unshare", "sh", "hostname", "mount"];
/// What the version of a program is asked for with, and what follows.
const VERSION: &str =
    "#!/bin/sh\n[ \"$1\" = --version ] && { echo \"etcd Version: 3.4.23\"; exit; }\n";

/// Runs etcd on a machine on which it is this script, or is not there.
fn with(script: Option<&str>) -> (Shell, Called) {
    let shell = Shell::new();
    let bin = shell.path("bin");
    fs::create_dir(&bin).expect("it is writable");
    for program in NEEDED {
        let dirs = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(Path::new);
        let found = dirs.iter().map(|dir| dir.join(program)).find(|path| path.exists());
        symlink(found.expect("it is there"), bin.join(program)).expect("it is writable");
    }
    if let Some(script) = script {
        shell.write("bin/etcd", script);
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(bin.join("etcd"), executable).expect("it is ours");
    }
    let run = "run --system etcd --nodes 3 --ops 100 --time-limit 10s --nemesis none --seed 1";
    let output = shell.command(run).env("PATH", bin).output().expect("it starts");
    let called = Called {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("it prints text"),
        err: String::from_utf8(output.stderr).expect("it prints text"),
    };
    (shell, called)
}

#[test]
fn what_is_not_installed_is_named_with_the_command_that_installs_it() {
    if !is_possible() {
        return;
    }
    let (shell, called) = with(None);
    let err = called.ends(254).err;
    assert!(err.contains("etcd is not installed: there is no etcd"), "{err}");
    assert!(err.contains("apt-get install --no-install-recommends etcd-server"), "{err}");
    assert!(!shell.path("store").exists(), "something was begun");
    for (says, problem) in [
        ("echo no idea", "`etcd --version` says no version, but: no idea"),
        ("echo etcd Version: 2.1.0", "etcd 2.1.0 is too old: expected 3.4 or newer"),
    ] {
        let (shell, called) = with(Some(&format!("#!/bin/sh\n{says}\n")));
        let err = called.ends(254).err;
        assert!(err.contains(problem), "{err}");
        assert!(!shell.path("store").exists(), "something was begun");
    }
}

#[test]
fn a_program_that_dies_at_start_has_the_last_word() {
    if !is_possible() {
        return;
    }
    let dies = format!(
        "{VERSION}echo starting >&2\necho \"fatal: the disk is made of cheese\" >&2\nexit 3\n"
    );
    let (shell, called) = with(Some(&dies));
    let err = called.ends(254).err;
    assert!(err.contains("has ended by itself (exit status: 3)"), "{err}");
    assert!(err.contains("fatal: the disk is made of cheese"), "{err}");
    assert!(err.contains("what was recorded until then is in store/"), "{err}");
    let run = shell.only_run();
    assert!(shell.path(&format!("{run}/log/n1.log")).exists());
    assert!(!shell.path(&format!("{run}/disks")).exists(), "disks are left");
    assert_nothing_runs_in(&shell.path(""));
}

#[test]
fn a_program_that_is_never_ready_has_the_last_word() {
    if !is_possible() {
        return;
    }
    let idles =
        format!("{VERSION}echo \"still counting to infinity\"\nwhile :; do /bin/sleep 1; done\n");
    let (shell, called) = with(Some(&idles));
    let err = called.ends(254).err;
    assert!(err.contains("node n1 is not ready after 20s: the connection is refused"), "{err}");
    assert!(err.contains("still counting to infinity"), "{err}");
    assert!(shell.json(&format!("{}/run.json", shell.only_run()))["status"] == "running");
    assert_nothing_runs_in(&shell.path(""));
}

#[test]
fn what_a_system_does_not_have_is_refused() {
    let shell = Shell::new();
    for (text, problem) in [
        (
            "[system]\nname = \"excel\"",
            "w.toml:2: field `system.name`: found \"excel\"; expected one of etcd",
        ),
        (
            "[system]\nread = \"dirty\"",
            "field `system.read`: it is a word of a system; expected a field `name`",
        ),
        (
            "[system]\nname = \"etcd\"\nread = \"dirty\"",
            "found \"dirty\"; etcd has linearizable, serializable",
        ),
        (
            "[system]\nname = \"etcd\"\n[cluster]\nr = 2",
            "w.toml:4: field `cluster.r`: etcd has nodes of its own",
        ),
        (
            "[system]\nname = \"etcd\"\n[[nemesis]]\nfault = \"clock-skew\"",
            "w.toml:4: field `nemesis.fault`: \"clock-skew\" cannot be done to etcd: Go programs ask",
        ),
        (
            "[system]\nname = \"etcd\"\n[[nemesis]]\nfault = \"wipe\"\ntargets = [\"majority\"]",
            "w.toml:5: field `nemesis.targets`: found \"majority\", of which none would be left",
        ),
        (
            "[[nemesis]]\nfault = \"pause\"\ntargets = [\"leader\"]",
            "found \"leader\"; expected one, minority",
        ),
    ] {
        shell.write("w.toml", text);
        let err = shell.quorate("run w.toml").ends(254).err;
        assert!(err.contains(problem), "{err}");
    }
    shell.write("w.toml", "[system]\nname = \"etcd\"");
    let err = shell.quorate("torture w.toml --runs 1").ends(254).err;
    assert!(err.contains("a real system can be run, not simulated"), "{err}");
}

#[test]
fn the_systems_are_listed() {
    let shell = Shell::new();
    let out = shell.quorate("systems").ends(0).out;
    assert!(out.contains("promises     read serializable: eventual consistency"), "{out}");
    let listed = shell.quorate("systems etcd --json").ends(0).json();
    assert_eq!(listed[0]["install"], "apt-get install --no-install-recommends etcd-server");
    let out = shell.quorate("systems etcd --errors").ends(0).out;
    assert!(out.contains("fail         proposal-dropped: the node knew of no leader"), "{out}");
    let err = shell.quorate("systems excel").ends(254).err;
    assert!(err.contains("no system `excel`; expected one of etcd"), "{err}");
}
