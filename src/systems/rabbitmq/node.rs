//! How a node of RabbitMQ is set up and started.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::json;

use super::{CLIENTS, MIRRORED, QUEUES};
use crate::protocol::NodeId;
use crate::systems::{Cluster, Member, Start};

/// What is started. The script of the same name on the path would become another user.
pub(super) const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/// The runtime: one scheduler, and none of them spins while there is nothing to do.
const ERLANG: &str = "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none";
/// What nodes that know each other know.
const COOKIE: &str = "quorate";

/// Starts a node that has lost its disk. First any of the others takes it out of the cluster, and with it its
/// part in quorum queues; once it is in again, it gets a part in all of them.
const REJOIN: &str = r#"
own=$1; shift
bin=/usr/lib/rabbitmq/bin
forget() {
    out=$("$bin/rabbitmqctl" -n "$1" forget_cluster_node "$own" 2>&1) && return
    echo "$out"
    case $out in *not_a_cluster_node*) return 0 ;; *) return 1 ;; esac
}
until for other; do forget "$other" && break; done; do sleep 0.2; done
"$bin/rabbitmq-server" &
"$bin/rabbitmqctl" await_startup && "$bin/rabbitmq-queues" grow "$own" all
wait
"#;

/// The command that starts a node. What it needs is in its directory.
pub(super) fn command(cluster: &Cluster, node: NodeId, start: Start) -> io::Result<Command> {
    let own = cluster.node(node);
    secret(own)?;
    let config = own.write("rabbitmq.conf", &settings(cluster, node, start)?)?;
    let mut command = Command::new(if start == Start::Wiped { "sh" } else { SERVER });
    if start == Start::Wiped {
        command.args(["-c", REJOIN, "sh", &name(own)]).args(others(cluster, node).map(name));
    }
    command.env("HOME", &own.dir).env("LANG", "C.UTF-8");
    // Where others ask for its port; the daemon that knows it is in the node's namespace, and ends with that.
    command.env("ERL_EPMD_ADDRESS", own.ip.to_string()).env("ERL_CRASH_DUMP_BYTES", "0");
    command.env("RABBITMQ_NODENAME", name(own));
    command.env("RABBITMQ_CONFIG_FILE", config).env("RABBITMQ_CONF_ENV_FILE", "/dev/null");
    command.env("RABBITMQ_ENABLED_PLUGINS_FILE", own.write("plugins", "[].\n")?);
    command.env("RABBITMQ_MNESIA_BASE", own.file("mnesia"));
    command.env("RABBITMQ_GENERATED_CONFIG_DIR", own.file("generated"));
    command.env("RABBITMQ_LOG_BASE", own.file("log")).env("RABBITMQ_LOGS", "-");
    command.env("RABBITMQ_PID_FILE", own.file("pid"));
    // Without a shell between it and us.
    command.env("RABBITMQ_ALLOW_INPUT", "1");
    command.env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", format!("{ERLANG} -noinput"));
    Ok(command)
}

fn others(cluster: &Cluster, node: NodeId) -> impl Iterator<Item = &Member> {
    cluster.ids().filter(move |id| *id != node).map(|id| cluster.node(id))
}

/// What a node is called by others.
fn name(node: &Member) -> String {
    format!("rabbit@{}", node.name)
}

/// Writes what nodes know each other by, which nobody else may read.
fn secret(own: &Member) -> io::Result<()> {
    const NAME: &str = ".erlang.cookie";
    if own.file(NAME).exists() {
        return Ok(());
    }
    let path = own.write(NAME, COOKIE)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o400))
}

fn settings(cluster: &Cluster, node: NodeId, start: Start) -> io::Result<String> {
    let own = cluster.node(node);
    // Sides of a cut of which no majority is left stop, except where mirrors are to go on.
    let handling = if cluster.modes.write == MIRRORED { "autoheal" } else { "pause_minority" };
    let mut text = format!(
        "listeners.tcp.1 = {ip}:{CLIENTS}\nloopback_users = none\nnet_ticktime = 6\n\
         cluster_partition_handling = {handling}\nlog.console = true\nlog.console.level = info\n\
         log.file = false\ncluster_formation.discovery_retry_limit = 400\n\
         cluster_formation.discovery_retry_interval = 200\n",
        ip = own.ip,
    );
    // At first one looks for nobody, and all others look for that: had it to take the lock that they take while
    // they look, they would wait for each other.
    let begins = node == 0 && start == Start::First;
    let peers: Vec<&Member> = match start {
        _ if begins => Vec::new(),
        Start::Wiped => others(cluster, node).chain([own]).collect(),
        Start::First | Start::Again => vec![cluster.node(0), own],
    };
    for (number, peer) in (1..).zip(peers) {
        text += &format!("cluster_formation.classic_config.nodes.{number} = {}\n", name(peer));
    }
    if cluster.modes.write == MIRRORED && begins {
        let path = own.write("definitions.json", &mirrors().to_string())?;
        text += &format!("load_definitions = {}\n", path.display());
    }
    Ok(text)
}

/// What makes all nodes keep a copy of every queue, and what a node begins with otherwise.
fn mirrors() -> serde_json::Value {
    let copies = json!({ "ha-mode": "all", "ha-sync-mode": "automatic" });
    json!({
        "vhosts": [{ "name": "/" }],
        "users": [{ "name": "guest", "password": "guest", "tags": "administrator" }],
        "permissions": [
            { "user": "guest", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*" },
        ],
        "policies": [{
            "vhost": "/",
            "name": "mirrors",
            "pattern": format!("^{QUEUES}"),
            "apply-to": "queues",
            "definition": copies,
            "priority": 0,
        }],
    })
}
