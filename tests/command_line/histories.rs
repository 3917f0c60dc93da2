//! `quorate check` and `quorate verify` of histories from elsewhere.

use expect_test::{Expect, expect};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use serde_json::{Value, json};

use super::{Shell, project};

const VALID: &str = r#"{"process":0,"type":"invoke","f":"write","key":"x","value":1}
{"process":0,"type":"ok","f":"write","key":"x","value":1}
{"process":1,"type":"invoke","f":"read","key":"x","value":null}
{"process":1,"type":"ok","f":"read","key":"x","value":1}
"#;

pub(super) const STALE: &str = r"[{:process 0, :type :invoke, :f :write, :value 1}
 {:process 0, :type :ok, :f :write, :value 1}
 {:process 1, :type :invoke, :f :read, :value nil}
 {:process 1, :type :ok, :f :read, :value 0}]
";

#[test]
fn histories_are_told_apart_by_their_exit_codes() {
    let shell = Shell::new();
    shell.write("valid.jsonl", VALID);
    shell.write("stale.edn", STALE);
    shell.write("bad.jsonl", "{\"process\":0}\n");
    shell.quorate("check valid.jsonl").ends(0);
    shell.quorate("check stale.edn --initial 0").ends(1);
    shell.quorate("check bad.jsonl").ends(254);
    shell.quorate("check valid.jsonl bad.jsonl").ends(254);
    // The worst decides; and each file is told of.
    let called = shell.quorate("check valid.jsonl bad.jsonl stale.edn --initial 0").ends(1);
    assert!(called.out.contains("valid.jsonl: valid (2 operations on 1 key in 4 events, jsonl)"));
    assert!(called.out.contains("stale.edn: invalid (2 operations on 1 key in 4 events, edn)"));
    assert!(called.err.starts_with("quorate: bad.jsonl: line 1"), "{}", called.err);
    let json = shell.quorate("check valid.jsonl stale.edn --initial 0 --json").ends(1).json();
    assert_eq!((&json[0]["verdict"], &json[1]["verdict"]), (&"valid".into(), &"invalid".into()));
}

#[test]
fn a_violation_is_told_as_a_story_and_a_picture() {
    let shell = Shell::new();
    shell.write("stale.edn", STALE);
    let called = shell.quorate("check stale.edn --initial 0").ends(1);
    expect![[r#"
        stale.edn: invalid (2 operations on 1 key in 4 events, edn)
          1 by zones, since no value is written twice

        stale-read: a read missed a write that had completed before it began
          Let A be process 0's write of 1, from event 1 to event 2,
          and B be process 1's read of 0, from event 3 to event 4.
          Then A had returned before B began, so B must find 1 or newer.
          However, B found 0, the value from before the first write. A contradiction.

          process 0  |- A write 1 -|
          process 1                  |- B read 0 -|
    "#]]
    .assert_eq(&called.out);
}

/// A history of twelve megabytes, one write after another: too large to be read in one piece.
fn large() -> Vec<String> {
    let line = |index: usize| {
        let (kind, value) = (["invoke", "ok"][index % 2], index / 2);
        format!(
            "{{\"index\":{index},\"process\":0,\"type\":\"{kind}\",\"f\":\"write\",\"value\":{value}}}\n"
        )
    };
    (0..200_000).map(line).collect()
}

#[test]
fn large_histories_are_read_like_small_ones() {
    let shell = Shell::new();
    let lines = large();
    shell.write("large.jsonl", lines.concat());
    let called = shell.quorate("check large.jsonl").ends(0);
    let expected = "large.jsonl: valid (100000 operations on 1 key in 200000 events, jsonl)\n";
    assert!(called.out.starts_with(expected), "{}", called.out);

    let cut = lines.concat();
    shell.write("cut.jsonl", &cut[..cut.len() - 5]);
    let called = shell.quorate("check cut.jsonl").ends(0);
    let expected = "the file ends in the middle of line 200000: checked up to there";
    assert!(called.out.contains(expected), "{}", called.out);

    let damaged = |line: usize, text: &str| {
        let mut lines = large();
        lines[line - 1] = format!("{text}\n");
        shell.write("damaged.jsonl", lines.concat());
        shell.quorate("check damaged.jsonl").ends(254).err
    };
    assert_eq!(
        damaged(150_000, "{\"index\":7}"),
        "quorate: damaged.jsonl: line 150000: field `process`: missing; expected a number or \
         \"nemesis\"\n"
    );
    // The index is wrong only beside what stands in other blocks.
    let last = lines[199_999].replace("\"index\":199999", "\"index\":3");
    assert_eq!(
        damaged(200_000, last.trim_end()),
        "quorate: damaged.jsonl: line 200000: field `index`: index 3 follows index 199998; expected \
         rising indexes: the order of the events is their real-time order\n"
    );
    // The first of two errors is told.
    let mut lines = large();
    lines[20_000] = "first\n".to_owned();
    lines[190_000] = "second\n".to_owned();
    shell.write("twice.jsonl", lines.concat());
    let called = shell.quorate("check twice.jsonl").ends(254);
    assert!(called.err.starts_with("quorate: twice.jsonl: line 20001: "), "{}", called.err);
    let streamed = shell.quorate("check twice.jsonl --stream").ends(254);
    assert_eq!(streamed.err, called.err);
    let called = shell.quorate("check cut.jsonl --stream").ends(0);
    assert!(called.out.contains(expected), "{}", called.out);
}

#[test]
fn many_violations_are_counted_after_the_first_few() {
    let shell = Shell::new();
    let stale =
        VALID.replace("\"f\":\"read\",\"key\":\"x\",\"value\":1", "\"f\":\"read\",\"key\":\"x\"");
    let keys: Vec<String> = (0..20).map(|key| stale.replace("\"x\"", &key.to_string())).collect();
    shell.write("many.jsonl", keys.concat());
    let called = shell.quorate("check many.jsonl").ends(1);
    assert_eq!(called.out.matches("A contradiction.").count(), 3, "{}", called.out);
    assert!(called.out.ends_with("  key 12: stale-read\n  and 7 keys more: 7 stale-read\n"));
}

#[test]
fn proofs_are_accepted_for_their_own_history_only() {
    let shell = Shell::new();
    let history = project("histories/register/not-linearizable/stale-read.jsonl");
    let other = project("histories/register/not-linearizable/new-old-inversion.jsonl");
    shell.quorate(&format!("check {history} --certificate proof.json")).ends(1);
    let accepted = shell.quorate(&format!("verify {history} proof.json")).ends(0);
    assert_eq!(
        accepted.out,
        "accepted: the history is invalid (0 keys valid, 2 invalid, 0 left open)\n"
    );
    let rejected = shell.quorate(&format!("verify {other} proof.json")).ends(1);
    assert_eq!(
        rejected.out,
        "rejected: the certificate is of a history of 420 events, this one has 820\n"
    );
    // Without one of its operations, nothing is wrong any more.
    let mut proof = shell.json("proof.json");
    let operations = proof["keys"][0]["proof"]["operations"].as_array_mut().expect("operations");
    operations.pop();
    shell.write("tampered.json", proof.to_string());
    let rejected = shell.quorate(&format!("verify {history} tampered.json")).ends(1);
    assert!(rejected.out.starts_with("rejected: key "), "{}", rejected.out);
    shell.write("proof.json", "{}");
    let called = shell.quorate(&format!("verify {history} proof.json")).ends(254);
    assert!(called.err.starts_with("quorate: proof.json: not a certificate: "), "{}", called.err);
    shell.quorate(&format!("check {history} {other} --certificate two.json")).ends(254);
}

#[test]
fn a_valid_order_is_rejected_once_it_is_changed() {
    let shell = Shell::new();
    shell.write("valid.jsonl", VALID);
    shell.quorate("check valid.jsonl --certificate proof.json").ends(0);
    shell.quorate("verify valid.jsonl proof.json").ends(0);
    let mut proof = shell.json("proof.json");
    proof["keys"][0]["proof"]["order"].as_array_mut().expect("an order").reverse();
    shell.write("proof.json", proof.to_string());
    shell.quorate("verify valid.jsonl proof.json").ends(1);
}

#[test]
fn a_budget_that_runs_out_is_said_with_what_helps() {
    let shell = Shell::new();
    let history = project("histories/register/linearizable/abd-repeated-values.jsonl");
    shell.quorate(&format!("check {history}")).ends(0);
    let called = shell.quorate(&format!("check {history} --budget 10 --certificate open.json"));
    let called = called.ends(2);
    assert!(called.out.contains("unknown: out of steps after "), "{}", called.out);
    for part in ["Everything before event ", " open; the last time that none was open is at event "]
    {
        assert!(called.out.contains(part), "{}", called.out);
    }
    let helps = "What helps: a larger --budget, fewer operations open at once than ";
    assert!(called.out.contains(helps), "{}", called.out);
    assert!(called.out.contains(", distinct values."), "{}", called.out);
    let verified = shell.quorate(&format!("verify {history} open.json")).ends(2);
    assert!(verified.out.contains("2 left open"), "{}", verified.out);
}

#[test]
fn a_truncated_history_is_checked_up_to_its_end() {
    let shell = Shell::new();
    shell.write("truncated.jsonl", &VALID[..VALID.len() - 20]);
    let called = shell.quorate("check truncated.jsonl").ends(0);
    expect![[r#"
        truncated.jsonl: valid (2 operations on 1 key in 3 events, jsonl)
          the file ends in the middle of line 4: checked up to there
          1 by zones, since no value is written twice
    "#]]
    .assert_eq(&called.out);
}

#[test]
fn every_bad_history_has_its_reason() {
    let refused = |text: &str, expected: &Expect| {
        let shell = Shell::new();
        shell.write("history", text);
        expected.assert_eq(&shell.quorate("check history").ends(254).err);
    };
    refused(
        "",
        &expect![[r#"
        quorate: history: the file is empty; expected at least one event
    "#]],
    );
    refused(
        &VALID[VALID.find('\n').expect("lines") + 1..],
        &expect![[r#"
        quorate: history: line 1: field `type`: `ok` of process 0 completes nothing: it has no open operation; expected an invoke of the same process before
    "#]],
    );
    refused(
        &VALID.replacen("\"write\"", "\"wriet\"", 1),
        &expect![[r#"
            quorate: history: line 1: field `f`: unknown function `wriet`; expected a function of a known model: read, write, cas (register); txn (list-append); txn (multi-register); acquire, release (mutex); get, put, append (kv); add, remove, contains, read (set); add, increment, decrement, add-and-get, get-and-add, read (counter); enqueue, dequeue (queue); enqueue, dequeue (unordered-queue); append, read (append-list)
        "#]],
    );
    refused(
        &VALID.replacen("\"value\":1", "\"value\":[1,2,3]", 1),
        &expect![[r#"
        quorate: history: line 1: field `value`: found a list, [1, 2, 3]; expected a register's value: null, a 64-bit integer, a string, a boolean or a keyword
    "#]],
    );
    let shell = Shell::new();
    let called = shell.quorate("check missing.jsonl .").ends(254);
    assert!(called.err.contains("quorate: cannot open missing.jsonl: "), "{}", called.err);
    assert!(called.err.contains("quorate: .: line 1: reading failed: "), "{}", called.err);
}

#[test]
fn a_stream_tells_the_same_as_the_whole() {
    let shell = Shell::new();
    let mut count = 0;
    for folder in ["linearizable", "not-linearizable"] {
        let folder = project(&format!("histories/register/{folder}"));
        for file in std::fs::read_dir(folder).expect("the folder is there") {
            let file = file.expect("it is readable").path().display().to_string();
            let (whole, stream) = (
                shell.quorate(&format!("check {file}")),
                shell.quorate(&format!("check {file} --stream")),
            );
            assert_eq!((stream.code, &stream.err), (whole.code, &whole.err));
            let told = |out: &str| {
                let engine = |line: &&str| !line.contains(" by ");
                out.lines().filter(engine).map(str::to_owned).collect::<Vec<_>>()
            };
            let (whole, stream) = (told(&whole.out), told(&stream.out));
            // Of many keys it tells the first few and counts the others.
            assert_eq!(stream[..whole.len().min(20)], whole[..whole.len().min(20)], "{file}");
            count += 1;
        }
    }
    assert!(count >= 8, "only {count} histories");
    shell.write("stale.edn", STALE);
    let error =
        |arguments: &str| shell.quorate(&format!("check stale.edn {arguments}")).ends(254).err;
    assert!(error("--stream --condition all").contains("--stream checks linearizability"));
    assert!(error("--stream --model mutex").contains("--stream checks registers"));
    assert!(error("--stream --certificate proof.json").contains("cannot be used with"));
}

#[test]
fn a_history_can_be_written_in_other_formats() {
    let shell = Shell::new();
    let from = project("histories/register/not-linearizable/stale-read.jsonl");
    shell.quorate(&format!("convert {from} history.bin")).ends(0);
    shell.quorate("convert history.bin history.edn").ends(0);
    shell.quorate("convert history.edn again.jsonl").ends(0);
    shell.quorate("convert history.bin back.jsonl").ends(0);
    let read = |path: &str| std::fs::read_to_string(shell.path(path)).expect("it was written");
    assert_eq!(read("back.jsonl"), std::fs::read_to_string(&from).expect("it is there"));
    let told = |path: &str| {
        let out = shell.quorate(&format!("check {path}")).ends(1).out;
        out.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(told("history.bin"), told(&from));
    assert_eq!(told("history.edn"), told(&from));
    let refused = |arguments: &str| shell.quorate(&format!("convert {arguments}")).ends(254).err;
    assert!(refused(&format!("{from} history.bin")).contains("cannot make history.bin"));
    assert!(
        refused(&format!("{from} history.txt")).contains("ends in .jsonl, .edn, .bin, .parquet or")
    );
    shell.write("bad.jsonl", VALID.replace(":1}", ":}"));
    assert!(refused("bad.jsonl bad.bin").contains("bad.jsonl: line 1"));
    assert!(!shell.path("bad.bin").exists(), "half a history is left");
}

/// Operations of all kinds: one that never ends, one that is given up, a compare-and-set that meets another
/// value, and a name.
const MIXED: &str = r#"{"index":0,"time":10,"process":0,"type":"invoke","f":"write","key":"x","value":7}
{"index":1,"time":20,"process":1,"type":"invoke","f":"cas","key":"x","value":[7,8]}
{"index":2,"time":30,"process":0,"type":"ok","f":"write","key":"x","value":7}
{"index":3,"time":35,"process":"nemesis","type":"info","f":"pause","value":{"nodes":["n1"]}}
{"index":4,"time":40,"process":1,"type":"fail","f":"cas","key":"x","value":[7,8],"observed":"seven"}
{"index":5,"time":50,"process":1,"type":"invoke","f":"read","key":"x","value":null}
{"index":6,"time":60,"process":2,"type":"invoke","f":"write","key":"y","value":9}
{"index":7,"time":70,"process":1,"type":"ok","f":"read","key":"x","value":7}
{"index":8,"time":75,"process":"nemesis","type":"info","f":"resume","value":{"nodes":["n1"]}}
{"index":9,"time":80,"process":0,"type":"invoke","f":"write","key":"x","value":10}
{"index":10,"time":90,"process":0,"type":"info","f":"write","key":"x","value":10,"error":"timeout"}
"#;

#[test]
fn operations_can_be_written_as_a_table() {
    let shell = Shell::new();
    shell.write("mixed.jsonl", MIXED);
    let out = shell.quorate("convert mixed.jsonl mixed.parquet").ends(0).out;
    assert_eq!(out, "mixed.parquet: 5 operations\n");
    let file = std::fs::File::open(shell.path("mixed.parquet")).expect("it was written");
    let reader = SerializedFileReader::new(file).expect("it is Parquet");
    let rows = reader.get_row_iter(None).expect("it has rows");
    let rows: Vec<String> = rows.map(|row| row.expect("a row").to_string()).collect();
    expect![[r#"
        {process: 0, f: "write", key: "x", value: "7", expected: null, observed: null, outcome: "ok", error: null, call_index: 0, return_index: 2, call_ns: 10, return_ns: 30}
        {process: 1, f: "cas", key: "x", value: "8", expected: "7", observed: "seven", outcome: "fail", error: null, call_index: 1, return_index: 4, call_ns: 20, return_ns: 40}
        {process: 1, f: "read", key: "x", value: "7", expected: null, observed: null, outcome: "ok", error: null, call_index: 5, return_index: 7, call_ns: 50, return_ns: 70}
        {process: 0, f: "write", key: "x", value: "10", expected: null, observed: null, outcome: "info", error: "timeout", call_index: 9, return_index: 10, call_ns: 80, return_ns: 90}
        {process: 2, f: "write", key: "y", value: "9", expected: null, observed: null, outcome: "info", error: null, call_index: 6, return_index: null, call_ns: 60, return_ns: null}"#]].assert_eq(&rows.join("\n"));
    let refused = |arguments: &str| shell.quorate(&format!("convert {arguments}")).ends(254).err;
    let begins = MIXED.replacen(r#""process":1"#, r#""process":0"#, 1);
    shell.write("begins.jsonl", begins);
    let error = refused("begins.jsonl begins.parquet");
    assert!(
        error.contains("begins.jsonl: line 2: process 0 begins an operation before"),
        "{error}"
    );
    let ends = MIXED.split_once('\n').expect("there are lines").1;
    shell.write("ends.jsonl", ends);
    let error = refused("ends.jsonl ends.parquet");
    assert!(
        error.contains("ends.jsonl: line 2: process 0 ends an operation, and has none"),
        "{error}"
    );
    assert!(!shell.path("ends.parquet").exists(), "half a table is left");
}

#[test]
fn a_history_can_be_written_as_trace_events() {
    let shell = Shell::new();
    shell.write("mixed.jsonl", MIXED);
    let out = shell.quorate("convert mixed.jsonl mixed.trace.json").ends(0).out;
    assert_eq!(out, "mixed.trace.json: 5 operations\n");
    let trace = shell.json("mixed.trace.json");
    let events = trace["traceEvents"].as_array().expect("there are events");
    let of = |phase: &str| -> Vec<&Value> {
        events.iter().filter(|event| event["ph"] == phase).collect()
    };
    let told: Vec<String> = (of("X").iter())
        .map(|slice| {
            let [name, outcome, lane, from, lasts] =
                ["name", "cat", "tid", "ts", "dur"].map(|field| &slice[field]);
            format!("{name} {outcome} on {lane} from {from} for {lasts}")
        })
        .collect();
    expect![[r#"
        "write 7" "ok" on 0 from 0.01 for 0.02
        "cas [7, 8]" "fail" on 1 from 0.02 for 0.02
        "read 7" "ok" on 1 from 0.05 for 0.02
        "write 9" "info" on 2 from 0.06 for 0.03
        "write 10" "info" on 0 from 0.08 for 0.01"#]]
    .assert_eq(&told.join("\n"));
    let [broken, mended] = [of("b"), of("e")].map(|events| events[0].clone());
    assert_eq!(
        (&broken["name"], &broken["ts"], &mended["ts"]),
        (&json!("pause"), &json!(0.035), &json!(0.075))
    );
    assert_eq!(broken["id"], mended["id"]);
    let names: Vec<&Value> = of("M").iter().map(|event| &event["args"]["name"]).collect();
    assert_eq!(names, ["clients", "nemesis", "process 0", "process 1", "process 2"]);
}
