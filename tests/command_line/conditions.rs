//! `quorate check --condition`: what holds where linearizability does not.

use expect_test::{Expect, expect};
use serde_json::json;

use super::histories::STALE;
use super::{Shell, project};

#[test]
fn the_ladder_says_what_still_holds() {
    let shell = Shell::new();
    shell.write("stale.edn", STALE);
    let called = shell.quorate("check stale.edn --initial 0 --condition all").ends(1);
    let at = called.out.find("\nconditions\n").expect("there is a ladder");
    let table = called.out[at + 1..].split("\n\n").next();
    expect![[r#"
        conditions
          linearizable         breaks on 1 of 1 key
          regular              breaks on 1 of 1 key
          weakly regular       breaks on 1 of 1 key
          safe                 breaks on 1 of 1 key
          sequential           holds
          causal               holds
          weakly causal        holds
          PRAM                 holds
          read your writes     holds
          monotonic reads      holds
          monotonic writes     holds
          writes follow reads  holds
          convergence          open: only one process read after the last write"#]]
    .assert_eq(table.unwrap_or_default());
    let json = shell.quorate("check stale.edn --initial 0 --condition all --json").ends(1).json();
    assert_eq!(json[0]["conditions"][4]["condition"], "sequential");
    assert_eq!(json[0]["conditions"][4]["verdict"], "valid");
}

/// On each key, process 2 reads what two others wrote, the later first; on the first so many keys, the
/// second writer had read the first value.
fn causes(known: usize, keys: usize) -> String {
    let mut lines = String::new();
    let mut operation = |key: &str, process: u32, f: &str, value: u32| {
        for kind in ["invoke", "ok"] {
            let value = if (kind, f) == ("invoke", "read") { "null" } else { &value.to_string() };
            lines += &format!(
                "{{\"process\":{process},\"type\":\"{kind}\",\"f\":\"{f}\",\"key\":\"{key}\",\
                 \"value\":{value}}}\n"
            );
        }
    };
    for number in 0..keys {
        let key = format!("k{number}");
        operation(&key, 0, "write", 1);
        if number < known {
            operation(&key, 1, "read", 1);
        }
        operation(&key, 1, "write", 2);
        operation(&key, 2, "read", 2);
        operation(&key, 2, "read", 1);
    }
    lines
}

#[track_caller]
fn check_causes(condition: &str, code: i32, expected: &Expect) {
    let shell = Shell::new();
    shell.write("causes.jsonl", causes(1, 3));
    let called = shell.quorate(&format!("check causes.jsonl --condition {condition}")).ends(code);
    expected.assert_eq(&called.out);
}

#[test]
fn one_condition_decides() {
    check_causes(
        "causal",
        1,
        &expect![[r#"
            causes.jsonl: invalid: causal breaks on 1 of 3 keys (13 operations on 3 keys in 26 events, jsonl)

            not causal on key "k0"
              Let A be process 1's read of 1, from event 3 to event 4,
              and B be process 1's write of 2, from event 5 to event 6,
              and C be process 2's read of 2, from event 7 to event 8,
              and D be process 2's read of 1, from event 9 to event 10.
              Then A came before B in the same process, so 1 came before 2.
              However, C came before D in the same process, so 2 came before 1 for that
                process. A contradiction.

              process 1  |- A read 1 -| |- B write 2 -|
              process 2                                 |- C read 2 -| |- D read 1 -|
        "#]],
    );
    check_causes(
        "pram",
        0,
        &expect![[r#"
            causes.jsonl: valid: PRAM holds (13 operations on 3 keys in 26 events, jsonl)
        "#]],
    );
    check_causes(
        "convergence",
        2,
        &expect![[r#"
            causes.jsonl: unknown: convergence is open (13 operations on 3 keys in 26 events, jsonl)
              key "k0": only one process read after the last write
              key "k1": only one process read after the last write
              key "k2": only one process read after the last write
        "#]],
    );
}

#[test]
fn of_many_keys_some_are_told_and_some_are_named() {
    let shell = Shell::new();
    shell.write("causes.jsonl", causes(15, 20));
    let out = shell.quorate("check causes.jsonl --condition causal").ends(1).out;
    assert!(out.contains("causes.jsonl: invalid: causal breaks on 15 of 20 keys ("), "{out}");
    assert_eq!(out.matches("not causal on key").count(), 3);
    let rest = out.split("\nBreaks on these, too:\n").nth(1).expect("there are more");
    assert!(rest.starts_with("  key \"k3\"\n"), "{rest}");
    assert!(rest.ends_with("  key \"k12\"\n  and 2 keys more\n"), "{rest}");
}

#[test]
fn one_condition_for_programs() {
    let shell = Shell::new();
    shell.write("causes.jsonl", causes(1, 3));
    let called = shell.quorate("check causes.jsonl --condition weakly-causal --json").ends(1);
    let json = &called.json()[0];
    assert_eq!(
        (&json["condition"], &json["verdict"]),
        (&"weakly causal".into(), &"invalid".into())
    );
    let verdicts: Vec<_> = (0..3).map(|key| &json["keys"][key]["verdict"]).collect();
    assert_eq!(verdicts, ["invalid", "valid", "valid"]);
    assert_eq!(json["keys"][0]["key"], "k0");
    assert!(json["keys"][0]["story"].is_array());
    assert_eq!(json["operations"], 13);
}

#[test]
fn conditions_below_linearizable_speak_of_registers() {
    let shell = Shell::new();
    let lock = "{\"process\":0,\"type\":\"invoke\",\"f\":\"acquire\",\"value\":null}\n\
                {\"process\":0,\"type\":\"ok\",\"f\":\"acquire\",\"value\":null}\n";
    shell.write("lock.jsonl", lock);
    shell.quorate("check lock.jsonl").ends(0);
    let called = shell.quorate("check lock.jsonl --condition sequential").ends(2);
    expect![[r#"
        lock.jsonl: unknown: sequential is open (1 operation on 1 key in 2 events, jsonl)
          the object is no register
    "#]]
    .assert_eq(&called.out);
}

#[test]
fn nothing_proves_a_weaker_condition() {
    let shell = Shell::new();
    shell.write("stale.edn", STALE);
    let called =
        shell.quorate("check stale.edn --condition safe --certificate proof.json").ends(254);
    assert_eq!(
        called.err,
        "quorate: --certificate proves linearizability or its absence; nothing proves other \
         conditions\n"
    );
    assert!(!shell.path("proof.json").exists());
}

#[test]
fn every_condition_is_listed() {
    let help = Shell::new().quorate("check --help").ends(0).out;
    for condition in ["linearizable", "weakly-regular", "pram", "monotonic-reads", "all"] {
        assert!(help.contains(&format!("- {condition}:")), "{help}");
    }
    let called = Shell::new().quorate("check x --condition atomic").ends(254);
    assert!(called.err.contains("read-your-writes"), "{}", called.err);
}

#[test]
fn one_isolation_level_can_decide() {
    let shell = Shell::new();
    let skew = project("histories/list-append/not-linearizable/write-skew.jsonl");
    let called = shell.quorate(&format!("check {skew} --condition snapshot-isolation")).ends(0);
    assert!(called.out.contains("valid: snapshot isolation holds"), "{}", called.out);
    let called = shell.quorate(&format!("check {skew} --condition serializable")).ends(1);
    assert!(called.out.contains("invalid: serializable breaks"), "{}", called.out);
    assert!(called.out.contains("G2-item: transactions missed"), "{}", called.out);
    let register = project("histories/register/linearizable/abd-majority.jsonl");
    let called = shell.quorate(&format!("check {register} --condition serializable")).ends(254);
    assert!(called.err.contains("serializable is for transactions; this is of a register"));
    let called = shell.quorate(&format!("check {skew} --condition causal")).ends(2);
    assert!(called.out.contains("the object is no register"), "{}", called.out);
}

#[test]
fn staleness_is_told_in_versions_and_in_time() {
    let shell = Shell::new();
    let history = project("histories/register/not-linearizable/stale-read.jsonl");
    let out = shell.quorate(&format!("check {history} --condition all")).ends(1).out;
    let at = out.find("\nstaleness\n").expect("there are figures");
    expect![[r#"
        staleness
          stale reads      4 of 115 (3.48 %)
          versions behind  1 at the median, 2 at p99, 2 at most
          k-atomic         k = 3: each read returned one of the last 3 values
          age              714.54us at the median, 1.13ms at p99, 1.13ms at most
          t-visibility     the latest acknowledged write was seen by reads that began
                           0ns to 1us later: 100.00 % (86.20 to 100.00 %) of 24 reads
                           10us to 100us later: 100.00 % (60.97 to 100.00 %) of 6 reads
                           100us to 1ms later: 92.98 % (83.30 to 97.24 %) of 57 reads
                           1ms to 10ms later: 100.00 % (75.75 to 100.00 %) of 12 reads
                           100ms to 1s later: 100.00 % (72.25 to 100.00 %) of 10 reads
          delta            1.13ms: had reads begun so much earlier, all would be atomic
          gamma            1.13ms: had operations taken so much longer, all would be atomic
    "#]]
    .assert_eq(&out[at + 1..]);
    let json = shell.quorate(&format!("check {history} --condition all --json")).ends(1).json();
    let staleness = &json[0]["staleness"];
    assert_eq!(staleness["k_atomicity"], json!({ "least": 3, "most": 3 }));
    let bucket = &staleness["t_visibility"][2];
    assert_eq!((&bucket["from_ns"], &bucket["to_ns"]), (&100_000.into(), &1_000_000.into()));
    assert_eq!((&bucket["reads"], &bucket["seen"]), (&57.into(), &53.into()));
}
