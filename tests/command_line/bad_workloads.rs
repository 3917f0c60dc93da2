//! Workloads that are refused before anything starts, each with the place and what would be right.

use expect_test::{Expect, expect};

use super::Shell;

/// Expects that a workload file is refused, and that nothing was started.
fn refused(text: &str, expected: &Expect) {
    let shell = Shell::new();
    shell.write("bad.toml", text);
    let called = shell.quorate("run bad.toml").ends(254);
    expected.assert_eq(called.err.trim_end());
    assert!(!shell.path("store").exists(), "{text}: a run was begun");
}

/// Expects that options are refused.
fn refused_options(options: &str, expected: &Expect) {
    let shell = Shell::new();
    let called = shell.quorate(&format!("run {options}")).ends(254);
    expected.assert_eq(called.err.trim_end());
    assert!(!shell.path("store").exists(), "{options}: a run was begun");
}

#[test]
fn impossible_quorums() {
    refused(
        "[cluster]\nnodes = 3\nr = 4\n",
        &expect![
            "quorate: bad.toml:3: field `cluster.r`: R = 4 > N = 3: no read can ever complete; expected 1 to 3"
        ],
    );
    refused(
        "[cluster]\nnodes = 3\nw = 4\n",
        &expect![
            "quorate: bad.toml:3: field `cluster.w`: W = 4 > N = 3: no write can ever complete; expected 1 to 3"
        ],
    );
    refused(
        "[cluster]\nr = 0\n",
        &expect![
            "quorate: bad.toml:2: field `cluster.r`: R = 0 < 1: a read that waits for nobody learns nothing; expected 1 to 3"
        ],
    );
    refused(
        "[cluster]\nw = -1\n",
        &expect!["quorate: bad.toml:2: field `cluster.w`: -1; expected 1 to 3"],
    );
    refused(
        "[cluster]\nnodes = 0\n",
        &expect!["quorate: bad.toml:2: field `cluster.nodes`: 0; expected 1 to 64"],
    );
    refused(
        "[cluster]\nnodes = 65\n",
        &expect!["quorate: bad.toml:2: field `cluster.nodes`: 65; expected 1 to 64"],
    );
    refused(
        "[cluster]\nnodes = [\"a\", \"b\", \"a\"]\n",
        &expect![[
            r#"quorate: bad.toml:2: field `cluster.nodes`: node "a" stands twice; expected different names"#
        ]],
    );
    refused(
        "[cluster]\nnodes = \"three\"\n",
        &expect![
            "quorate: bad.toml:2: found string; expected how many nodes, or a list of their names"
        ],
    );
    refused_options(
        "--r 4",
        &expect!["quorate: --r: R = 4 > N = 3: no read can ever complete; expected 1 to 3"],
    );
    refused_options(
        "--n 5 --w 6",
        &expect!["quorate: --w: W = 6 > N = 5: no write can ever complete; expected 1 to 5"],
    );
    refused_options(
        "--w 0",
        &expect![
            "quorate: --w: W = 0 < 1: a write that waits for nobody learns nothing; expected 1 to 3"
        ],
    );
    refused_options("--n -3", &expect!["quorate: --n: -3; expected 1 to 64"]);
}

#[test]
fn impossible_clients() {
    refused(
        "[clients]\ncount = 0\n",
        &expect!["quorate: bad.toml:2: field `clients.count`: 0; expected 1 to 100000"],
    );
    refused(
        "[clients]\nkeys = -5\n",
        &expect!["quorate: bad.toml:2: field `clients.keys`: -5; expected 1 to 10000000"],
    );
    refused(
        "[clients]\nrate = -1.0\n",
        &expect![
            "quorate: bad.toml:2: field `clients.rate`: -1 operations a second; expected 0.001 to 100000000"
        ],
    );
    refused(
        "[clients]\nrate = nan\n",
        &expect![
            "quorate: bad.toml:2: field `clients.rate`: NaN operations a second; expected 0.001 to 100000000"
        ],
    );
    refused(
        "[clients]\npace = \"fixed\"\n",
        &expect![
            "quorate: bad.toml:2: field `clients.pace`: there is no rate to keep; expected a field `rate` beside it"
        ],
    );
    refused(
        "[clients]\nrate = 5.0\npace = \"brisk\"\n",
        &expect![[
            r#"quorate: bad.toml:3: field `clients.pace`: found "brisk"; expected poisson or fixed"#
        ]],
    );
    refused(
        "[clients]\nmix = { read = 0, write = 0 }\n",
        &expect![
            "quorate: bad.toml:2: field `clients.mix`: all weights are 0; expected at least one above"
        ],
    );
    refused(
        "[clients]\nmix = { read = 1, cas = 1 }\n",
        &expect![
            "quorate: bad.toml:2: field `clients.mix`: cas = 1, but protocol abd has no compare-and-set; expected cas = 0"
        ],
    );
    refused(
        "[clients]\nmix = { read = -1 }\n",
        &expect![
            "quorate: bad.toml:2: field `clients.mix`: read = -1; expected a weight from 0 to 1000"
        ],
    );
    refused(
        "[clients]\nvalues = \"different\"\n",
        &expect![[
            r#"quorate: bad.toml:2: field `clients.values`: found "different"; expected "unique", or how many values there are"#
        ]],
    );
    refused(
        "[clients]\nvalues = 0\n",
        &expect!["quorate: bad.toml:2: field `clients.values`: 0; expected 1 to 1000000"],
    );
    refused(
        "[clients]\ntimeout = \"soon\"\n",
        &expect![
            "quorate: bad.toml:2: `soon` is no duration; expected a number with a unit, such as 20ms, 1.5s or 2m"
        ],
    );
    refused(
        "[clients]\ntimeout = \"0s\"\n",
        &expect![
            "quorate: bad.toml:2: field `clients.timeout`: expected a time above zero and of at most 30 days"
        ],
    );
    refused(
        "[clients]\nlatency = \"gaussian 1ms\"\n",
        &expect![
            "quorate: bad.toml:2: `gaussian 1ms` is no distribution; expected `constant 1ms`, `uniform 1ms 5ms`, `exponential 2ms` (mean), `lognormal 2ms 0.5` (median, sigma), `pareto 1ms 1.5` (minimum, exponent), or `quantiles` and nine times (of 0, 10, 25, 50, 75, 90, 99, 99.9 and 100 %)"
        ],
    );
    refused_options(
        "--rate -5",
        &expect!["quorate: --rate: -5 operations a second; expected 0.001 to 100000000"],
    );
    refused_options(
        "--rate NaN",
        &expect!["quorate: --rate: NaN operations a second; expected 0.001 to 100000000"],
    );
    refused_options("--clients 0", &expect!["quorate: --clients: 0; expected 1 to 100000"]);
    refused_options("--ops -1", &expect!["quorate: --ops: -1; expected 1 to 1000000000"]);
}

#[test]
fn impossible_faults() {
    refused(
        "[[nemesis]]\nfault = \"earthquake\"\n",
        &expect![[
            r#"quorate: bad.toml:2: field `nemesis.fault`: found "earthquake"; expected partition, crash, wipe, pause, slow-links, clock-skew, slow-disks or full-disks"#
        ]],
    );
    refused(
        "[[nemesis]]\ninterval = \"1s\"\n",
        &expect!["quorate: bad.toml:1: missing field `fault`"],
    );
    refused(
        "[[nemesis]]\nfault = \"crash\"\ntargets = [\"most\"]\n",
        &expect![[
            r#"quorate: bad.toml:3: field `nemesis.targets`: found "most"; expected one, minority, majority or all"#
        ]],
    );
    refused(
        "[[nemesis]]\nfault = \"crash\"\ntargets = []\n",
        &expect![
            "quorate: bad.toml:3: field `nemesis.targets`: an empty list; expected at least one"
        ],
    );
    refused(
        "[[nemesis]]\nfault = \"crash\"\nshapes = [\"one\"]\n",
        &expect![[
            r#"quorate: bad.toml:3: field `nemesis.shapes`: fault "crash" has none; it has targets or lose_unsynced"#
        ]],
    );
    refused(
        "[[nemesis]]\nfault = \"slow-links\"\nfactor = 1\n",
        &expect!["quorate: bad.toml:3: field `nemesis.factor`: 1; expected 2 to 1000000"],
    );
    refused(
        "[network]\nloss = 1.0\n",
        &expect![
            "quorate: bad.toml:2: field `network.loss`: 1; expected a share from 0 up to, not including, 1"
        ],
    );
    refused(
        "[network]\nbandwidth = 0\n",
        &expect!["quorate: bad.toml:2: field `network.bandwidth`: 0; expected 1 to 1000000000000"],
    );
    refused(
        "[network]\nduplication = -0.1\n",
        &expect![
            "quorate: bad.toml:2: field `network.duplication`: -0.1; expected a share from 0 up to, not including, 1"
        ],
    );
    refused(
        "[[network.links]]\nfrom = \"n1\"\nto = \"n9\"\nlatency = \"constant 1ms\"\n",
        &expect![[
            r#"quorate: bad.toml:3: field `network.links.to`: no node "n9"; expected n1, n2 or n3"#
        ]],
    );
    refused_options(
        "--nemesis earthquake",
        &expect![[
            r#"quorate: --nemesis: found "earthquake"; expected partition, crash, wipe, pause, slow-links, clock-skew, slow-disks or full-disks"#
        ]],
    );
}

#[test]
fn files_that_are_no_workloads() {
    refused(
        "expect = \"peace\"\n",
        &expect![[
            r#"quorate: bad.toml:1: field `expect`: found "peace"; expected linearizable, promise, violation, phantom-value, dirty-read, future-read, lost-cas, lost-write, stale-read, new-old-inversion, contradiction, lost-element, resurrected-write, split-brain, fractured-read, regression, stuck-read, duplicate-delivery or missed-own-add"#
        ]],
    );
    refused(
        "[cluster]\nprotocol = \"paxos\"\n",
        &expect![[
            r#"quorate: bad.toml:2: field `cluster.protocol`: found "paxos"; expected abd, abd-single-writer, lww, sloppy, siblings, crdt, voting, gifford, masking, caspaxos, members, raft, primary or chain"#
        ]],
    );
    refused(
        "[cluster]\nquorum = 2\n",
        &expect![
            "quorate: bad.toml:2: unknown field `quorum`, expected one of `protocol`, `nodes`, `r`, `w`, `system`, `read_quorums`, `write_quorums`, `write_back`, `read_repair`, `durability`, `replicas`, `pr`, `pw`, `liars`, `lies`, `reads`, `acks`, `min_insync`, `election`, `plain_writes`, `anti_entropy`, `witnesses`, `missing_value`, `asks`, `digests`, `members`, `new_members`, `change`, `change_after`, `mutant`"
        ],
    );
    refused(
        "[cluster]\nr = \"two\"\n",
        &expect![[r#"quorate: bad.toml:2: invalid type: string "two", expected a whole number"#]],
    );
    refused("[cluster\n", &expect!["quorate: bad.toml:1: unclosed table, expected `]`"]);
    refused(
        "{\"cluster\": {}}\n",
        &expect!["quorate: bad.toml:1: invalid key-value pair, expected key"],
    );
    refused_options(
        "--expect peace",
        &expect![[
            r#"quorate: --expect: found "peace"; expected linearizable, promise, violation, phantom-value, dirty-read, future-read, lost-cas, lost-write, stale-read, new-old-inversion, contradiction, lost-element, resurrected-write, split-brain, fractured-read, regression, stuck-read, duplicate-delivery or missed-own-add"#
        ]],
    );
    refused_options(
        "--protocol paxos",
        &expect![[
            r#"quorate: --protocol: found "paxos"; expected abd, abd-single-writer, lww, sloppy, siblings, crdt, voting, gifford, masking, caspaxos, members, raft, primary or chain"#
        ]],
    );
    refused_options(
        "missing.toml",
        &expect![
            "quorate: cannot read the workload missing.toml: No such file or directory (os error 2)"
        ],
    );
    refused_options(
        ".",
        &expect!["quorate: cannot read the workload .: Is a directory (os error 21)"],
    );
}

#[test]
fn objects_and_their_functions() {
    let of_clients = |fields: &str, expected: &Expect| {
        refused(&format!("[clients]\n{fields}\n"), expected);
    };
    of_clients(
        "object = \"stack\"",
        &expect![[
            r#"quorate: bad.toml:2: field `clients.object`: found "stack"; expected register, counter, set or queue"#
        ]],
    );
    of_clients(
        "object = \"queue\"",
        &expect![
            "quorate: bad.toml:2: field `clients.object`: protocol abd has no queue; expected register"
        ],
    );
    of_clients(
        "mix = { read = 1, enqueue = 1 }",
        &expect![
            "quorate: bad.toml:2: field `clients.mix`: enqueue = 1 means nothing to a register; expected read, write or cas"
        ],
    );
}

#[test]
fn impossible_tls() {
    refused(
        "[http]\nstart = \"./node\"\n[network]\ntls = true\n",
        &expect![[
            r#"quorate: bad.toml:4: field `network.tls`: it is for nodes of ours, not for `./node` (http); expected it to go"#
        ]],
    );
    refused(
        "[system]\nname = \"etcd\"\n[network]\ntls = true\n",
        &expect![[
            r#"quorate: bad.toml:4: field `network.tls`: it is for nodes of ours, not for etcd; expected it to go"#
        ]],
    );
    refused(
        "[cluster]\nnodes = [\"a\", \"b c\"]\n[network]\ntls = true\n",
        &expect![[
            r#"quorate: bad.toml:4: field `network.tls`: a certificate cannot have the name of node "b c"; expected names such as n1"#
        ]],
    );
    refused(
        "[cluster]\nnodes = [\"a\", \"A\"]\n[network]\ntls = true\n",
        &expect![[
            r#"quorate: bad.toml:4: field `network.tls`: another node is called "A" but for capital letters; expected different names"#
        ]],
    );
}
