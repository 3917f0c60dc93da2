//! Counters and sets on real processes.

use super::left::assert_nothing_runs_in;
use super::shell::Shell;

#[test]
fn counters_and_sets_are_kept_by_nodes_that_are_killed() {
    let shell = Shell::new();
    for object in ["counter", "set"] {
        let workload = format!(
            "expect = \"promise\"\n[cluster]\nprotocol = \"crdt\"\nanti_entropy = true\n\
             [clients]\nobject = \"{object}\"\nops_per_key = 100\nops = 2_000\nrate = 1_000.0\n\
             time_limit = \"20s\"\nrecovery = \"10s\"\nsettle = \"1s\"\n\
             [[nemesis]]\nfault = \"partition\"\n[[nemesis]]\nfault = \"crash\"\n"
        );
        shell.write("objects.toml", workload);
        let run =
            shell.quorate("run objects.toml --world processes --seed 1 --json").ends(0).json();
        assert_eq!(run["object"], object);
        assert_eq!(run["promise"]["condition"], "convergent-regular");
        assert!(run["recovery"]["took_ns"].is_u64(), "{run}");
        assert!(run["staleness"].is_null());
        let conditions = run["conditions"].as_array().expect("there are conditions");
        for condition in ["weakly regular", "convergence"] {
            let row = conditions.iter().find(|row| row["condition"] == condition);
            assert_eq!(row.expect("it is asked for")["verdict"], "valid", "{condition}");
        }
        for outcome in ["read", "add"] {
            assert!(run["evidence"]["outcomes"][outcome]["ok"].as_u64() > Some(100), "{run}");
        }
    }
    assert_nothing_runs_in(&shell.path(""));
}
