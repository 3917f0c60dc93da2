//! `quorate explain`.

use expect_test::{Expect, expect};
use serde_json::json;

use super::Shell;

#[track_caller]
fn check(arguments: &str, expected: &Expect) {
    let called = Shell::new().quorate(&format!("explain {arguments}")).ends(0);
    let wide: Vec<&str> = called.out.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "wider than eighty columns: {wide:#?}");
    expected.assert_eq(&called.out);
}

#[track_caller]
fn check_refused(arguments: &str, expected: &Expect) {
    let called = Shell::new().quorate(&format!("explain {arguments}")).ends(254);
    assert_eq!(called.out, "");
    expected.assert_eq(&called.err);
}

#[test]
fn quorums_that_miss_each_other() {
    check(
        "--n 5 --r 2 --w 2 --fail 0.01",
        &expect![[r#"
            N = 5, R = 2, W = 2

                                       reads                   writes
            minimal quorums            10                      10
            nodes in the smallest      2                       2
            failures survived          3                       3
            available                  99.99999504 %           99.99999504 %
            waits, in mean latencies   0.45                    0.45

            meet         NOT every read quorum meets every write quorum: {n1, n2} misses
                         {n3, n4}
                         NOT every two write quorums meet: {n1, n2} misses {n3, n4}
            stale        a read misses the last write with probability 30.00 %, and all of
                         the last three with 2.70 %, if quorums are random and nothing
                         spreads further

            load         0.4 of the busiest node, at 50 % reads
            capacity     2.5 operations, where one node alone does 1
            asks         2.00 nodes an operation
            strategy     reads 10 quorums equally often
                         writes 10 quorums equally often

            to know
              - A read from {n1, n2} misses a completed write to {n3, n4}: stale reads,
                whatever the protocol.
              - Writes to {n1, n2} and to {n3, n4} share no node. A writer that asks a write
                quorum for the latest version can choose one that is too low, and a later
                write is lost; there must be one writer.
        "#]],
    );
}

#[test]
fn the_rows_of_a_grid() {
    check(
        "--reads a*b*c+d*e*f --read-fraction 0.9 --latency a=1ms,b=2ms,c=3ms,d=4ms,e=5ms,f=6ms",
        &expect![[r#"
            nodes        6: {a, b, c, d, e, f}
            reads        a*b*c + d*e*f
            writes       (a + b + c)*(d + e + f)

                                       reads                   writes
            minimal quorums            2                       9
            nodes in the smallest      3                       2
            failures survived          1                       2
            waits, if all are asked    3ms                     4ms

            meet         every read quorum meets every write quorum, in 1 node at least
                         NOT every two write quorums meet: {a, d} misses {b, e}

            load         0.4833 of the busiest node, at 90 % reads
            capacity     2.069 operations, where one node alone does 1
            asks         2.90 nodes an operation; 4.55ms on average
            strategy     reads {a, b, c} 50.0 %, {d, e, f} 50.0 %
                         writes 9 quorums equally often

            to know
              - Writes to {a, d} and to {b, e} share no node. A writer that asks a write
                quorum for the latest version can choose one that is too low, and a later
                write is lost; it must ask a read quorum, or there must be one writer.
              - Perhaps only one node of a read quorum of 3 has the last write: a read must
                take the highest version. One that waits until all answers agree, or most
                do, returns old values or never ends.
              - That quorums meet does not make reads linearizable: while a write is under
                way, one read may return its value and a later one the value before. A read
                must write back what it returns, to a write quorum, before it returns it.
              - Nor does it order writes: versions that are readings of clocks lose
                acknowledged writes as soon as clocks differ. A writer must ask for the
                highest version first.
              - Nodes that stand in for others (sloppy quorums, hinted handoff) are not of
                the quorum, and do not count.
        "#]],
    );
}

#[test]
fn the_best_system_of_five_nodes() {
    // The case study of Whittaker et al. 2021, whose best system has a capacity of 5005.
    check(
        "--search a,b,c,d,e --resilience 1 \
         --capacity a=4000/2000,b=2000/1000,c=4000/2000,d=2000/1000,e=4000/2000 \
         --read-fraction 0.9:10,0.8:20,0.7:100,0.6:100,0.5:100,0.4:60,0.3:30,0.2:30,0.1:20",
        &expect![[r#"
            the best of 181 systems: all there are
            nodes        5: {a, b, c, d, e}
            reads        (a + c)*(b*d + e)
            writes       a*c + (b + d)*e

                                       reads                   writes
            minimal quorums            4                       3
            nodes in the smallest      2                       2
            failures survived          1                       1
            waits, in mean latencies   0.87                    0.78

            meet         every read quorum meets every write quorum, in 1 node at least
                         NOT every two write quorums meet: {a, c} misses {b, e}

            load         0.0002016 of the busiest node, at 52.34 % reads on average, of 9
                         read fractions
            capacity     5005 operations
            asks         2.17 nodes an operation
            strategy     reads {a, e} 50.0 %, {c, e} 16.7 %, {b, c, d} 33.3 %
                         writes {a, c} 54.2 %, {b, e} 22.9 %, {d, e} 22.9 %

            to know
              - Writes to {a, c} and to {b, e} share no node. A writer that asks a write
                quorum for the latest version can choose one that is too low, and a later
                write is lost; it must ask a read quorum, or there must be one writer.
              - Perhaps only one node of a read quorum of 2 has the last write: a read must
                take the highest version. One that waits until all answers agree, or most
                do, returns old values or never ends.
              - That quorums meet does not make reads linearizable: while a write is under
                way, one read may return its value and a later one the value before. A read
                must write back what it returns, to a write quorum, before it returns it.
              - Nor does it order writes: versions that are readings of clocks lose
                acknowledged writes as soon as clocks differ. A writer must ask for the
                highest version first.
              - Nodes that stand in for others (sloppy quorums, hinted handoff) are not of
                the quorum, and do not count.
        "#]],
    );
}

#[test]
fn a_program_reads_the_same() {
    let shell = Shell::new();
    let json = shell.quorate("explain --n 4 --r 2 --w 2 --json").ends(0).json();
    assert_eq!(json["reads"]["quorums"].as_array().map(Vec::len), Some(6));
    assert_eq!(json["reads_meet_writes"]["always"], false);
    assert_eq!(json["reads_meet_writes"]["second"], json!(["n3", "n4"]));
    assert_eq!(json["resilience"], 2);
    assert_eq!(json["best"]["load"], 0.5);
    let names = json["warnings"].as_array().expect("a list").iter().map(|warning| &warning["name"]);
    assert_eq!(names.collect::<Vec<_>>(), ["reads-miss-writes", "writes-miss-writes"]);
}

#[test]
fn warnings_are_about_the_system_at_hand() {
    let shell = Shell::new();
    for (arguments, expected) in [
        ("--n 2 --r 2 --w 2", "two-nodes"),
        ("--n 4 --r 3 --w 3", "even-nodes"),
        ("--n 3 --r 3 --w 1", "single-copy"),
        ("--n 3 --r 3 --w 1", "no-failure-survived"),
        ("--n 3 --r 2 --w 2", "not-linearizable"),
        ("--n 3 --r 2 --w 2", "same-value"),
        ("--n 4 --f 0.5", "failures-share-or-count"),
        ("--n 6 --r 4 --w 3 --zone east=n1,n2,n3", "one-zone"),
        ("--n 6 --r 4 --w 3 --zone east=n1,n2,n3", "zone-stops"),
        ("--reads a+b --writes a*b*c", "idle-nodes"),
    ] {
        let json = shell.quorate(&format!("explain {arguments} --json")).ends(0).json();
        let warnings = json["warnings"].as_array().expect("a list");
        assert!(
            warnings.iter().any(|warning| warning["name"] == expected),
            "{arguments}: {json:#}"
        );
    }
    let json = shell.quorate("explain --n 5 --f 2 --zone a=n1,n2 --json").ends(0).json();
    let text = json["warnings"].to_string();
    for absent in ["two-nodes", "even-nodes", "single-copy", "share", "zone", "idle", "miss-writes"]
    {
        assert!(!text.contains(&format!("\"name\":\"{absent}")), "{absent}: {text}");
    }
}

#[test]
fn the_picture_shows_every_quorum_and_the_pair_that_misses() {
    let shell = Shell::new();
    shell.quorate("explain --n 4 --r 1 --w 2 --svg miss.svg").ends(0);
    let svg = std::fs::read_to_string(shell.path("miss.svg")).expect("it is there");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert_eq!(svg.matches("class=\"bar read\"").count(), 4);
    assert_eq!(svg.matches("class=\"bar write\"").count(), 6);
    assert_eq!(svg.matches("class=\"pair\"").count(), 3, "the pair, and its two rows");
    assert!(svg.contains("A read can miss a completed write"));
    assert!(svg.contains("prefers-color-scheme: dark"));
}

#[test]
fn impossible_systems_are_refused() {
    check_refused(
        "",
        &expect![[r#"
            quorate: which quorums? expected --n with --r and --w or --f, --reads, --system or --search; see --help
        "#]],
    );
    check_refused(
        "--system grid:3",
        &expect![[r#"
        quorate: `grid:3` is no quorum system; expected majority:N, thresholds:N,R,W, flexible:N,ELECTION,REPLICATION, grid:ROWSxCOLUMNS, tree:LEVELSxCHILDREN, hierarchical:AxBx…, wall:WIDTHS, each-zone:SIZES, local-zone:SIZES, zone-majority:SIZES, witnesses:N,WITNESSES, dissemination:N,F, masking:N,F or probabilistic:N,L
    "#]],
    );
    check_refused(
        "--system masking:4,1",
        &expect![[r#"
        quorate: N = 4 < 4f + 1 = 5; expected N >= 5 for f = 1 liars
    "#]],
    );
    check_refused(
        "--n 3 --r 4 --w 1",
        &expect![[r#"
        quorate: R = 4 > N = 3; expected 1 to N = 3
    "#]],
    );
    check_refused(
        "--n 3 --r 2",
        &expect![[r#"
        quorate: W is not given; expected --w, or --f
    "#]],
    );
    check_refused(
        "--n 0 --r 1 --w 1",
        &expect![[r#"
            quorate: N = 0; expected 1 or more
        "#]],
    );
    check_refused(
        "--n 4 --f 2",
        &expect![[r#"
        quorate: f = 2 failures take N >= 2f + 1 = 5 nodes, and N = 4
    "#]],
    );
    check_refused(
        "--n 5 --r N*f+1 --w N*f+1 --f 2",
        &expect![[r#"
        quorate: R = N*f+1 asks for 11 of 5 nodes: there f is the share of nodes that may fail, and f = 2 is a count. As a count it is R = N - f = 3; as a share, f = 0.4 or f = 0.5 for the majority
    "#]],
    );
    check_refused(
        "--n 5 --f 7/5",
        &expect![[r#"
        quorate: --f: `7/5` is no number of failures; expected a count such as 1, or a share such as 0.5 or 1/2
    "#]],
    );
}

#[test]
fn what_is_said_about_nodes_must_be_about_nodes() {
    check_refused(
        "--reads a*b+",
        &expect![[r#"
        quorate: --reads: column 5: found the end; expected a node, `(`, `majority(…)`, `choose K of (…)` or `weighted K of (…)`
    "#]],
    );
    check_refused(
        "--reads a*b --writes a*z --nodes a,b",
        &expect![[r#"
        quorate: --writes: column 3: no node `z`; expected one of a, b
    "#]],
    );
    check_refused(
        "--reads a --nodes a,b,a",
        &expect![[r#"
        quorate: --nodes: node `a` stands twice; expected different names
    "#]],
    );
    check_refused(
        "--reads a*b --capacity c=1",
        &expect![[r#"
        quorate: --capacity: no node `c`; expected one of a, b
    "#]],
    );
    check_refused(
        "--reads a*b --capacity a=0",
        &expect![[r#"
        quorate: --capacity a=0: `0` is no capacity; expected a number above 0
    "#]],
    );
    check_refused(
        "--reads a*b --fail 2",
        &expect![[r#"
        quorate: --fail 2: `2` is no probability; expected 0 to 1
    "#]],
    );
    check_refused(
        "--reads a*b --latency a=3",
        &expect![[r#"
        quorate: --latency a=3: `3` is no duration; expected a number with a unit, such as 20ms, 1.5s or 2m
    "#]],
    );
    check_refused(
        "--reads a*b --read-fraction 1.5",
        &expect![[r#"
        quorate: --read-fraction: 1.5 is no share of operations; expected 0 to 1
    "#]],
    );
    check_refused(
        "--reads a*b --zone east",
        &expect![[r#"
        quorate: --zone east: expected a name and its nodes, such as east=a,b,c
    "#]],
    );
    check_refused(
        "--search a,b --resilience 2",
        &expect![[r#"
        quorate: none of the 2 systems that were tried keeps these limits
    "#]],
    );
}
