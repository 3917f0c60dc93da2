//! `quorate check` of objects that are no registers.

use expect_test::{Expect, expect};

use super::Shell;

/// A history a line an event: process, type, function, value.
fn events(lines: &[&str]) -> String {
    let event = |line: &&str| {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        format!(
            "{{\"process\":{},\"type\":\"{}\",\"f\":\"{}\",\"value\":{}}}\n",
            words[0], words[1], words[2], words[3]
        )
    };
    lines.iter().map(event).collect()
}

#[test]
fn an_object_is_found_by_its_functions_or_asked_for() {
    let shell = Shell::new();
    let model = |lines: &[&str]| {
        shell.write("history.jsonl", events(lines));
        shell.quorate("check history.jsonl --json").ends(0).json()[0]["model"].clone()
    };
    assert_eq!(model(&["0 invoke read null", "1 invoke write 1"]), "register");
    assert_eq!(model(&["0 invoke read null", "1 invoke add 1", "0 ok read []"]), "set");
    assert_eq!(model(&["0 invoke read null", "1 invoke add 1", "0 ok read 0"]), "counter");
    assert_eq!(model(&["0 invoke add 1", "1 invoke contains 1"]), "set");
    assert_eq!(model(&["0 invoke increment null"]), "counter");
    assert_eq!(model(&["0 invoke append 1"]), "append-list");
    assert_eq!(model(&["0 invoke append \"a\"", "1 invoke read null"]), "append-list");
    assert_eq!(model(&["0 invoke append \"a\"", "1 invoke get null"]), "kv");
    assert_eq!(model(&["0 invoke append \"a\""]), "kv");
    let asked = |lines: &[&str], expected: &Expect| {
        shell.write("history.jsonl", events(lines));
        expected.assert_eq(&shell.quorate("check history.jsonl").ends(254).err);
    };
    asked(
        &["0 invoke add 1", "0 ok add 1"],
        &expect![[r#"
        quorate: history.jsonl: line 1: field `f`: the functions are those of set and counter; expected --model set or --model counter
    "#]],
    );
    asked(
        &["0 invoke enqueue 1", "0 ok enqueue 1"],
        &expect![[r#"
        quorate: history.jsonl: line 1: field `f`: the functions are those of queue and unordered-queue; expected --model queue or --model unordered-queue
    "#]],
    );
    asked(
        &["0 invoke add 1", "0 ok add 1", "0 invoke write 1"],
        &expect![[r#"
        quorate: history.jsonl: line 3: field `f`: unknown function `write`; expected a function of a known model: add, remove, contains, read (set); add, increment, decrement, add-and-get, get-and-add, read (counter)
    "#]],
    );
}

#[test]
fn a_queue_is_checked_as_asked() {
    let shell = Shell::new();
    let enqueued = ["0 invoke enqueue 1", "0 ok enqueue 1", "0 invoke enqueue 2", "0 ok enqueue 2"];
    let dequeued = ["1 invoke dequeue null", "1 ok dequeue 2"];
    shell.write("queue.jsonl", events(&[&enqueued[..], &dequeued[..]].concat()));
    shell.quorate("check --model unordered-queue queue.jsonl").ends(0);
    let called = shell.quorate("check --model queue queue.jsonl --certificate proof.json").ends(1);
    expect![[r#"
        queue.jsonl: invalid (3 operations on 1 key in 6 events, jsonl)
          1 by depth-first, since the object is no register

        contradiction: no order of these operations explains what they returned
          Let A be process 0's enqueue of 1, from event 1 to event 2,
          and B be process 0's enqueue of 2, from event 3 to event 4,
          and C be process 1's dequeue of 2, from event 5 to event 6.
          Then every attempt to order them ends:
            after A, B: C is due, but the first in the queue is 1;
          However, they all returned what they returned. A contradiction.

          process 0  |- A enqueue of 1 -| |- B enqueue of 2 -|
          process 1                                            |- C dequeue of 2 -|
    "#]]
    .assert_eq(&called.out);
    shell.quorate("verify queue.jsonl proof.json").ends(0);
    // Of the value that was overtaken, nothing is left where it is not looked at.
    let mut proof = shell.json("proof.json");
    proof["keys"][0]["proof"]["elements"] = serde_json::json!([2]);
    shell.write("proof.json", proof.to_string());
    let rejected = shell.quorate("verify queue.jsonl proof.json").ends(1);
    expect![[r#"
        rejected: key null: operation 0 has no effect and no result
    "#]]
    .assert_eq(&rejected.out);
}

/// What a history that cannot be read is refused with.
fn refused(model: &str, lines: &[&str], expected: &Expect) {
    let shell = Shell::new();
    shell.write("history", events(lines));
    let called = shell.quorate(&format!("check --model {model} history")).ends(254);
    expected.assert_eq(&called.err);
}

#[test]
fn every_bad_operation_of_sets_and_counters_has_its_reason() {
    refused(
        "set",
        &["0 invoke add [1]", "0 ok add [1]"],
        &expect![[r#"
        quorate: history: line 1: field `value`: found a list, [1]; expected an element: a 64-bit integer, a string, a boolean or a keyword
    "#]],
    );
    refused(
        "set",
        &["0 invoke read null", "0 ok read 7"],
        &expect![[r#"
        quorate: history: line 2: field `value`: found an integer, 7; expected a list of all elements, such as [1, 2, 3]
    "#]],
    );
    refused(
        "set",
        &["0 invoke contains 1", "0 ok contains 1"],
        &expect![[r#"
        quorate: history: line 2: field `value`: found an integer, 1; expected true or false
    "#]],
    );
    refused(
        "set",
        &["0 invoke pop null", "0 ok pop 1"],
        &expect![[r#"
        quorate: history: line 1: field `f`: unknown function `pop`; expected add, remove, contains or read
    "#]],
    );
    refused(
        "set --initial 1",
        &["0 invoke read null", "0 ok read [1]"],
        &expect![[r#"
        quorate: history: the initial value 1 is an integer; expected none: model set always starts the same
    "#]],
    );
    refused(
        "counter",
        &["0 invoke add null", "0 ok add null"],
        &expect![[r#"
        quorate: history: line 1: field `value`: found null; expected a 64-bit integer
    "#]],
    );
    refused(
        "counter",
        &["0 invoke add 1", "0 ok add 7"],
        &expect![[r#"
        quorate: history: line 2: field `value`: found an integer, 7; expected 1 as invoked, or null; if it is the new count, the function is add-and-get
    "#]],
    );
    refused(
        "counter",
        &["0 invoke read null", "0 ok read \"7\""],
        &expect![[r#"
        quorate: history: line 2: field `value`: found a string, "7"; expected a 64-bit integer
    "#]],
    );
    refused(
        "counter --initial []",
        &["0 invoke read null", "0 ok read 1"],
        &expect![[r#"
        quorate: history: the initial value [] is a list; expected a 64-bit integer
    "#]],
    );
}

#[test]
fn every_bad_operation_of_queues_lists_and_versions_has_its_reason() {
    refused(
        "queue",
        &["0 invoke enqueue null", "0 ok enqueue null"],
        &expect![[r#"
        quorate: history: line 1: field `value`: found null; expected an element: a 64-bit integer, a string, a boolean or a keyword
    "#]],
    );
    refused(
        "queue",
        &["0 invoke dequeue null", "0 ok dequeue [1]"],
        &expect![[r#"
        quorate: history: line 2: field `value`: found a list, [1]; expected null, a 64-bit integer, a string, a boolean or a keyword
    "#]],
    );
    refused(
        "append-list",
        &["0 invoke read null", "0 ok read null"],
        &expect![[r#"
        quorate: history: line 2: field `value`: found null; expected a list of all elements, such as [1, 2, 3]
    "#]],
    );
    refused(
        "versioned-register",
        &["0 invoke write 1", "0 ok write 1"],
        &expect![[r#"
        quorate: history: line 1: field `value`: found an integer, 1; expected [expected version, or null, value], such as [null, "a"]
    "#]],
    );
    refused(
        "versioned-register",
        &["0 invoke read null", "0 ok read [null, 1]"],
        &expect![[r#"
        quorate: history: line 2: field `value`: found a list, [null, 1]; expected [version, value], such as [3, "a"]
    "#]],
    );
    refused(
        "revisioned-register",
        &["0 invoke write 1", "0 ok write 1"],
        &expect![[r#"
        quorate: history: line 2: field `value`: found an integer, 1; expected a field `version` beside the value, or [version, value], such as [3, "a"]
    "#]],
    );
    refused(
        "versioned-register",
        &["0 invoke write [null, 1]", "0 ok write [1, 2]"],
        &expect![[r#"
            quorate: history: line 2: field `value`: found a list, [1, 2]; expected [version, 1], as it was to be written
        "#]],
    );
}

#[test]
fn a_queue_may_only_not_lose_anything() {
    let shell = Shell::new();
    let put = ["0 invoke enqueue 1", "0 ok enqueue 1", "0 invoke enqueue 2", "0 ok enqueue 2"];
    let taken =
        ["1 invoke dequeue null", "1 ok dequeue 2", "2 invoke dequeue null", "2 ok dequeue 2"];
    let empty = ["1 invoke dequeue null", "1 ok dequeue null"];
    let check = |parts: &[&[&str]], exit| {
        shell.write("queue.jsonl", events(&parts.concat()));
        let checked = "check --model total-queue queue.jsonl --certificate proof.json";
        let out = shell.quorate(checked).ends(exit).out;
        // A verdict of either kind is proved; what nobody knows is not.
        shell.quorate("verify queue.jsonl proof.json").ends(if exit == 2 { 2 } else { 0 });
        out
    };
    expect![[r#"
        queue.jsonl: invalid (5 operations on 1 key in 10 events, jsonl)
          1 by counting, since only what is lost or comes from nowhere matters

        lost-element: what was acknowledged never came out, though the queue was emptied
          Acknowledged: process 0's enqueue of 1, from event 1 to event 2.
          No dequeue returned it, and in the end process 1's dequeue of nothing, from
            event 9 to event 10 found the queue empty.

          process 0  |- enqueue of 1 -|
          process 1                     |- dequeue of nothing -|
    "#]]
    .assert_eq(&check(&[&put, &taken, &empty], 1));
    expect![[r#"
        queue.jsonl: unknown (4 operations on 1 key in 8 events, jsonl)
          1 by counting, since only what is lost or comes from nowhere matters

          unknown: 1 value did not come out, but nobody emptied the queue since: it may still be in it.
          The first is of process 0's enqueue of 1, from event 1 to event 2.
          What helps: dequeues until nothing is left.
    "#]].assert_eq(&check(&[&put, &taken], 2));
    // Whoever never heard what it got may have got it.
    let doubtful = ["3 invoke dequeue null", "3 info dequeue null"];
    expect![[r#"
        queue.jsonl: valid (6 operations on 1 key in 12 events, jsonl)
          1 by counting, since only what is lost or comes from nowhere matters
    "#]]
    .assert_eq(&check(&[&put, &taken, &doubtful, &empty], 0));
    let phantom = ["1 invoke dequeue null", "1 ok dequeue 7"];
    expect![[r#"
        queue.jsonl: invalid (3 operations on 1 key in 6 events, jsonl)
          1 by counting, since only what is lost or comes from nowhere matters

        phantom-value: something came out of the queue that nobody had put in
          Let A be process 1's dequeue of 7, from event 5 to event 6.
          Nobody ever tried to put that in, or whoever did failed for certain.

          process 1  |- dequeue of 7 -|
    "#]]
    .assert_eq(&check(&[&put, &phantom], 1));
}

const SET: &str = "expect = \"promise\"\n[cluster]\nprotocol = \"crdt\"\nanti_entropy = true\n\
                   [clients]\nobject = \"set\"\nops = 300\n[[nemesis]]\nfault = \"partition\"\n";

#[test]
fn a_run_of_sets_is_told_in_the_words_of_sets() {
    let shell = Shell::new();
    shell.write("set.toml", SET);
    let told = shell.quorate("run set.toml --seed 1").ends(0).out;
    let told: Vec<&str> = told.lines().take_while(|line| !line.starts_with("run ")).collect();
    expect![[r#"
        set: crdt with N = 3, R = 2, W = 2; seed 1

        verdict      invalid: 1 of 5 sets is not linearizable
        promised     strong eventual convergence and weak regularity: R + W = 2 + 2 = 4
                     > N = 3, and replicas compare what they hold.
                     What replicas hold only grows, so a read shows whatever had been
                     completed before it. Two reads may each show what the other does
                     not: nobody orders anything.
        judgement    weaker by design: linearizability was never promised, and what was
                     promised held
        expected     promise: as expected
        holds        weakly regular, read your writes, monotonic reads, convergence
        breaks       linearizable
        evidence     350 operations on 5 sets in 265.58ms: 350 ok, 0 fail, 0 info; 4.0
                     messages an operation
                     131 of 212 ok reads overlapped an add to their set

        contradiction on key 2: no order of these operations explains what they returned
          Look at 1 and 2 alone, whatever else there is.
          Let A be process 4's read of {1}, from 0.000 ms to 2.466 ms,
          and B be process 6's add of 1, from 0.000 ms to 1.081 ms,
          and C be process 7's add of 2, from 0.000 ms to 2.375 ms,
          and D be process 8's read of {2}, from 0.000 ms to 1.056 ms.
          Then every attempt to order them ends:
            after C, D, B: A is due, but the set is {1, 2};
            after B, A, C: D is due, but the set is {1, 2};
            after C, B: D is due, but the set is {1, 2};
          However, they all returned what they returned. A contradiction.

          process 4  |- A read of {1} -------------|
          process 6    |- B add of 1 ----------|
          process 7      |- C add of 2 ----------|
          process 8        |- D read of {2} -|
    "#]]
    .assert_eq(&told.join("\n"));
    let run = shell.quorate("run set.toml --seed 1 --json").ends(0).json();
    assert_eq!(run["object"], "set");
    assert!(run["staleness"].is_null());
    // None of the conditions is one that only registers have.
    let conditions = run["conditions"].as_array().expect("there are some");
    assert!(conditions.iter().all(|row| row["why"] != "the object is no register"), "{run}");
    shell.quorate("torture set.toml --runs 4 --ops 100 --store campaign").ends(0);
}

#[test]
fn what_is_for_registers_refuses_others() {
    let shell = Shell::new();
    shell.write("set.toml", SET);
    let words = "is for registers, and this workload is of a set; expected object = \"register\"";
    let shrunk = shell.quorate("shrink set.toml --seed 1").ends(1);
    assert!(shrunk.out.contains(&format!("shrinking {words}")), "{}", shrunk.out);
    for (command, what) in [
        ("compare set.toml", "quorate compare"),
        ("prove set.toml", "quorate prove"),
        ("run set.toml --until-violation", "--until-violation"),
    ] {
        let refused = shell.quorate(command).ends(254);
        assert!(refused.err.contains(&format!("{what} {words}")), "{}", refused.err);
    }
}
