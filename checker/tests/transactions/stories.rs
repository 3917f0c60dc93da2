//! Classic anomalies as Jepsen writes them down: their names, the levels they leave, and their stories.

use expect_test::{Expect, expect};
use quorate_checker::{Finding, Footing, Isolation, Reader, Reading, Recorded};

use crate::{check, verified};

/// Transactions of one step after another: process, type and steps, in EDN.
fn recorded(lines: &[(u32, &str, &str)]) -> Recorded {
    let line = |(process, kind, steps): &(u32, &str, &str)| {
        format!("{{:process {process}, :type :{kind}, :f :txn, :value {steps}}}\n")
    };
    let text: String = lines.iter().map(line).collect();
    let reader = Reader::new(text.as_bytes(), None).expect("it is EDN");
    Recorded::read(reader, &Reading::default()).expect("it is well-formed")
}

/// What is found, how it is told, and the strongest levels that hold.
fn told(lines: &[(u32, &str, &str)], expected: &Expect) {
    let recorded = recorded(lines);
    let result = check(&recorded);
    verified(&recorded, &result);
    let mut out = String::new();
    if let Finding::Invalid { explanation, .. } = &result.finding {
        out += &format!("{}\n", explanation.title);
        for line in &explanation.story {
            out += &format!("  {line}\n");
        }
        out += &format!("\n{}\n", explanation.timeline);
    }
    for (level, footing) in recorded.isolation() {
        let standing = match footing {
            Footing::Holds => "holds",
            Footing::Breaks(_) => "breaks",
            Footing::Open(why) => why,
        };
        out += &format!("{level}: {standing}\n");
    }
    expected.assert_eq(&out);
}

/// The anomaly and the strongest level that holds, without the story.
fn named(lines: &[(u32, &str, &str)]) -> (String, Option<Isolation>) {
    let recorded = recorded(lines);
    let result = check(&recorded);
    verified(&recorded, &result);
    let name = match &result.finding {
        Finding::Invalid { anomaly, .. } => anomaly.name().to_owned(),
        Finding::Valid { .. } => "valid".to_owned(),
        Finding::Unknown { .. } => "unknown".to_owned(),
    };
    let levels = recorded.isolation();
    let holds = levels.iter().find(|(_, footing)| matches!(footing, Footing::Holds));
    (name, holds.map(|(level, _)| *level))
}

#[test]
fn write_skew() {
    told(
        &[
            (0, "invoke", "[[:r :x nil] [:append :y 1]]"),
            (1, "invoke", "[[:r :y nil] [:append :x 1]]"),
            (0, "ok", "[[:r :x []] [:append :y 1]]"),
            (1, "ok", "[[:r :y []] [:append :x 1]]"),
            (2, "invoke", "[[:r :x nil] [:r :y nil]]"),
            (2, "ok", "[[:r :x [1]] [:r :y [1]]]"),
        ],
        &expect![[r#"
            G2-item: transactions missed each other's writes in a circle
              Let T1 be process 0's read of [] in key :x, append of 1 to key :y, from event 1 to event 3,
              and T2 be process 1's read of [] in key :y, append of 1 to key :x, from event 2 to event 4.
              Then T2 came before T1: T2 did not find 1 in key :y.
              However, T1 came before T2: T1 did not find 1 in key :x. A contradiction.

            process 0  |- T1 -|
            process 1    |- T2 -|

            strict serializable: breaks
            strong session serializable: breaks
            serializable: breaks
            strong snapshot isolation: holds
            strong session snapshot isolation: holds
            snapshot isolation: holds
            consistent view: holds
            read committed: holds
            read uncommitted: holds
        "#]],
    );
}

#[test]
fn long_fork() {
    told(
        &[
            (0, "invoke", "[[:append :x 1]]"),
            (1, "invoke", "[[:append :y 1]]"),
            (2, "invoke", "[[:r :x nil] [:r :y nil]]"),
            (3, "invoke", "[[:r :x nil] [:r :y nil]]"),
            (0, "ok", "[[:append :x 1]]"),
            (1, "ok", "[[:append :y 1]]"),
            (2, "ok", "[[:r :x [1]] [:r :y nil]]"),
            (3, "ok", "[[:r :x nil] [:r :y [1]]]"),
        ],
        &expect![[r#"
            long-fork: two transactions saw two writes in opposite orders
              Let T1 be process 0's append of 1 to key :x, from event 1 to event 5,
              and T2 be process 1's append of 1 to key :y, from event 2 to event 6,
              and T3 be process 2's read of [1] in key :x, read of [] in key :y, from event 3 to event 7,
              and T4 be process 3's read of [] in key :x, read of [1] in key :y, from event 4 to event 8.
              Then T2 came before T4: T4 found 1 in key :y, which T2 wrote.
              Then T4 came before T1: T4 did not find 1 in key :x.
              Then T1 came before T3: T3 found 1 in key :x, which T1 wrote.
              However, T3 came before T2: T3 did not find 1 in key :y. A contradiction.

            process 0  |- T1 --|
            process 1    |- T2 --|
            process 2      |- T3 --|
            process 3        |- T4 --|

            strict serializable: breaks
            strong session serializable: breaks
            serializable: breaks
            strong snapshot isolation: breaks
            strong session snapshot isolation: breaks
            snapshot isolation: breaks
            consistent view: holds
            read committed: holds
            read uncommitted: holds
        "#]],
    );
}

#[test]
fn lost_update() {
    told(
        &[
            (0, "invoke", "[[:r :x nil] [:append :x 1]]"),
            (1, "invoke", "[[:r :x nil] [:append :x 2]]"),
            (0, "ok", "[[:r :x []] [:append :x 1]]"),
            (1, "ok", "[[:r :x []] [:append :x 2]]"),
        ],
        &expect![[r#"
            lost-update: two transactions replaced the same version
              Let T1 be process 0's read of [] in key :x, append of 1 to key :x, from event 1 to event 3,
              and T2 be process 1's read of [] in key :x, append of 2 to key :x, from event 2 to event 4.
              However, T1 and T2 found the same version of key :x, and both wrote the next one: neither can have come first.

            process 0  |- T1 -|
            process 1    |- T2 -|

            strict serializable: breaks
            strong session serializable: breaks
            serializable: breaks
            strong snapshot isolation: breaks
            strong session snapshot isolation: breaks
            snapshot isolation: breaks
            consistent view: breaks
            read committed: holds
            read uncommitted: holds
        "#]],
    );
}

#[test]
fn stale_read() {
    told(
        &[
            (0, "invoke", "[[:w :x 1] [:w :y 1]]"),
            (0, "ok", "[[:w :x 1] [:w :y 1]]"),
            (1, "invoke", "[[:r :x nil]]"),
            (1, "ok", "[[:r :x nil]]"),
        ],
        &expect![[r#"
            G-single-realtime: a transaction saw a part of what came before it, and missed a part
              Let T1 be process 0's write of 1 to key :x, write of 1 to key :y, from event 1 to event 2,
              and T2 be process 1's read of null in key :x, from event 3 to event 4.
              Then T1 came before T2: T1 had completed before T2 was invoked.
              However, T2 came before T1: T2 did not find 1 in key :x. A contradiction.

            process 0  |- T1 -|
            process 1           |- T2 -|

            strict serializable: breaks
            strong session serializable: nothing breaks it, but the order of some versions is not known
            serializable: nothing breaks it, but the order of some versions is not known
            strong snapshot isolation: breaks
            strong session snapshot isolation: nothing breaks it, but the order of some versions is not known
            snapshot isolation: nothing breaks it, but the order of some versions is not known
            consistent view: nothing breaks it, but the order of some versions is not known
            read committed: nothing breaks it, but the order of some versions is not known
            read uncommitted: nothing breaks it, but the order of some versions is not known
        "#]],
    );
}

#[test]
fn a_torn_read() {
    told(
        &[
            (0, "invoke", "[[:append :x 1] [:append :y 1]]"),
            (1, "invoke", "[[:r :x nil] [:r :y nil]]"),
            (0, "ok", "[[:append :x 1] [:append :y 1]]"),
            (1, "ok", "[[:r :x [1]] [:r :y []]]"),
        ],
        &expect![[r#"
            G-single: a transaction saw a part of what came before it, and missed a part
              Let T1 be process 0's append of 1 to key :x, append of 1 to key :y, from event 1 to event 3,
              and T2 be process 1's read of [1] in key :x, read of [] in key :y, from event 2 to event 4.
              Then T1 came before T2: T2 found 1 in key :x, which T1 wrote.
              However, T2 came before T1: T2 did not find 1 in key :y. A contradiction.

            process 0  |- T1 -|
            process 1    |- T2 -|

            strict serializable: breaks
            strong session serializable: breaks
            serializable: breaks
            strong snapshot isolation: breaks
            strong session snapshot isolation: breaks
            snapshot isolation: breaks
            consistent view: breaks
            read committed: holds
            read uncommitted: holds
        "#]],
    );
}

#[test]
fn what_completes_in_time_is_strictly_serializable() {
    let lines = [
        (0, "invoke", "[[:append :x 1]]"),
        (0, "info", "[[:append :x 1]]"),
        (1, "invoke", "[[:r :x nil] [:append :x 2]]"),
        (1, "ok", "[[:r :x [1]] [:append :x 2]]"),
    ];
    assert_eq!(named(&lines), ("valid".to_owned(), Some(Isolation::StrictSerializable)));
}

#[test]
fn cycles_have_their_names() {
    let overwritten = [
        (0, "invoke", "[[:append :x 1] [:append :y 1]]"),
        (1, "invoke", "[[:append :x 2] [:append :y 2]]"),
        (0, "ok", "[[:append :x 1] [:append :y 1]]"),
        (1, "ok", "[[:append :x 2] [:append :y 2]]"),
        (0, "invoke", "[[:r :x nil] [:r :y nil]]"),
        (0, "ok", "[[:r :x [1 2]] [:r :y [2 1]]]"),
    ];
    assert_eq!(named(&overwritten), ("G0".to_owned(), None));
    let circular = [
        (0, "invoke", "[[:append :x 1] [:r :y nil]]"),
        (1, "invoke", "[[:append :y 1] [:r :x nil]]"),
        (0, "ok", "[[:append :x 1] [:r :y [1]]]"),
        (1, "ok", "[[:append :y 1] [:r :x [1]]]"),
    ];
    assert_eq!(named(&circular), ("G1c".to_owned(), Some(Isolation::ReadUncommitted)));
    let aborted = [
        (0, "invoke", "[[:append :x 1]]"),
        (0, "fail", "[[:append :x 1]]"),
        (1, "invoke", "[[:r :x nil]]"),
        (1, "ok", "[[:r :x [1]]]"),
    ];
    assert_eq!(named(&aborted), ("dirty-read".to_owned(), Some(Isolation::ReadUncommitted)));
    let intermediate = [
        (0, "invoke", "[[:append :x 1] [:append :x 2]]"),
        (1, "invoke", "[[:r :x nil]]"),
        (0, "ok", "[[:append :x 1] [:append :x 2]]"),
        (1, "ok", "[[:r :x [1]]]"),
    ];
    let expected = ("intermediate-read".to_owned(), Some(Isolation::ReadUncommitted));
    assert_eq!(named(&intermediate), expected);
    let sessions = [
        (0, "invoke", "[[:append :x 1]]"),
        (0, "ok", "[[:append :x 1]]"),
        (0, "invoke", "[[:r :x nil]]"),
        (0, "ok", "[[:r :x nil]]"),
    ];
    let expected = ("G-single-process".to_owned(), Some(Isolation::Serializable));
    assert_eq!(named(&sessions), expected);
}
