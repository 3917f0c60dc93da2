//! The readers against what people and crashes put into files: every mistake gets one clear error,
//! every truncation is noticed, and nothing panics.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use quorate_checker::{
    Builder, Datum, Event, EventKind, Format, Process, Reader, Reading, Recorded, write_edn,
    write_jsonl,
};

fn read(text: &[u8]) -> Result<(Recorded, Format, Option<u64>), String> {
    let mut reader = Reader::new(text, None).map_err(|error| error.to_string())?;
    let recorded =
        Recorded::read(&mut reader, &Reading::default()).map_err(|error| error.to_string())?;
    Ok((recorded, reader.format(), reader.truncated()))
}

#[track_caller]
fn error(text: impl AsRef<[u8]>, expected: &Expect) {
    match read(text.as_ref()) {
        Ok(_) => panic!("read without an error"),
        Err(error) => expected.assert_eq(&error),
    }
}

#[track_caller]
fn fine(text: impl AsRef<[u8]>) -> (Recorded, Format, Option<u64>) {
    read(text.as_ref()).unwrap_or_else(|error| panic!("{error}"))
}

const INVOKE: &str = r#"{"process":0,"type":"invoke","f":"write","key":"x","value":1}"#;
const OK: &str = r#"{"process":0,"type":"ok","f":"write","key":"x","value":1}"#;

#[test]
fn files_that_are_no_histories() {
    error("", &expect!["the file is empty; expected at least one event"]);
    error(" \n\n ", &expect!["the file is empty; expected at least one event"]);
    error(
        "\x7fELF\x02\x01",
        &expect![
            "line 1: not a history: begins with byte 0x7f; expected history.jsonl (one JSON object a line), Jepsen EDN, or an etcd log of Jepsen"
        ],
    );
    error(
        "time,op,value\n1,read,2\n",
        &expect![
            "line 1: not a history: begins with `time,op,value`; expected history.jsonl (one JSON object a line), Jepsen EDN, or an etcd log of Jepsen"
        ],
    );
    error(
        "# A title\n",
        &expect![
            "line 1: not a history: begins with `# A title`; expected history.jsonl (one JSON object a line), Jepsen EDN, or an etcd log of Jepsen"
        ],
    );
    error(
        format!("[{INVOKE},{OK}]"),
        &expect![
            "line 1: a JSON array (one event a line is read: `jq -c '.[]'` makes it so); expected history.jsonl (one JSON object a line), Jepsen EDN, or an etcd log of Jepsen"
        ],
    );
    error(
        [INVOKE.as_bytes(), b"\n\xff\xfe\n"].concat(),
        &expect!["line 2: not UTF-8 text: byte 0xff; expected a text file"],
    );
}

#[test]
fn lines_that_are_no_events() {
    error(
        format!("{INVOKE}\n{{\"process\":0,\n"),
        &expect![
            "line 2: the line ends in the middle of a JSON object; expected one whole JSON object a line"
        ],
    );
    error(
        format!("{INVOKE}\n[1,2]\n"),
        &expect![[
            r#"line 2: column 1: invalid type: sequence, expected an event: a JSON object; expected one JSON object a line, such as {"process":3,"type":"invoke","f":"write","key":"x","value":7}"#
        ]],
    );
    error(
        format!("{INVOKE}\nhello\n"),
        &expect![[
            r#"line 2: column 1: expected value; expected one JSON object a line, such as {"process":3,"type":"invoke","f":"write","key":"x","value":7}"#
        ]],
    );
    error(
        r#"{"type":"invoke","f":"read","value":null}"#,
        &expect![[r#"line 1: field `process`: missing; expected a number or "nemesis""#]],
    );
    error(
        r#"{"process":-4,"type":"invoke","f":"read"}"#,
        &expect![[
            r#"line 1: field `process`: found -4; expected a number from 0 to 268435455, or "nemesis""#
        ]],
    );
    error(
        r#"{"process":0,"type":"begin","f":"read"}"#,
        &expect![[r#"line 1: field `type`: found "begin"; expected invoke, ok, fail or info"#]],
    );
    error(
        r#"{"process":0,"type":"invoke","f":7}"#,
        &expect![[
            r#"line 1: field `f`: found 7; expected the name of a function, such as "read""#
        ]],
    );
    error(
        r#"{"process":0,"process":1,"type":"invoke","f":"read"}"#,
        &expect!["line 1: field `process`: stands twice; expected each field once"],
    );
    error(
        r#"{"process":0,"type":"invoke","f":"read","time":"noon"}"#,
        &expect![[r#"line 1: field `time`: found "noon"; expected a whole number of nanoseconds"#]],
    );
    error(
        "{:process 0, :type :invoke, :f :read, :value nil}\n7",
        &expect![
            "line 2: found `7` where an event begins; expected a map, such as {:process 3, :type :invoke, :f :write, :value 7}"
        ],
    );
    error(
        "[{:process 0, :type :invoke :f}]",
        &expect![
            "line 1: column 30: a key without a value, or a bracket left open; expected EDN, as Jepsen writes it"
        ],
    );
    error(
        "[{:process 0, :process 1}]",
        &expect![
            "line 1: column 24: a key stands twice in one map; expected EDN, as Jepsen writes it"
        ],
    );
    error(
        "[\n{:process 0, :type :invoke, :f :read, :value nil}\n] {}",
        &expect![
            "line 3: text after the end of the history; expected nothing after the bracket that closes it"
        ],
    );
    error(
        "INFO  jepsen.util - 0\t:invoke\t:read\n",
        &expect![
            "line 1: found 3 columns; expected four, with tabs between: process, type, function, value"
        ],
    );
    error(
        "INFO  jepsen.util - 0\t:invoke\t:read\tnil\nsomething else\n",
        &expect![
            "line 2: found `something else`; expected INFO  jepsen.util - 0<TAB>:invoke<TAB>:read<TAB>nil"
        ],
    );
    error(
        "INFO  jepsen.util - 0\t:invoke\t:write\t1 2\n",
        &expect!["line 1: found `1 2` in a column; expected one value a column, such as nil"],
    );
    error(
        "INFO  jepsen.util - 0\t:ok\t:read\t\n",
        &expect!["line 1: found `` in a column; expected one value a column, such as nil"],
    );
}

#[test]
fn events_that_do_not_fit_together() {
    error(
        OK,
        &expect![
            "line 1: field `type`: `ok` of process 0 completes nothing: it has no open operation; expected an invoke of the same process before"
        ],
    );
    error(
        format!("{INVOKE}\n{INVOKE}\n"),
        &expect![
            "line 2: field `process`: process 0 invokes `write` while its `write` of line 1 is still open; expected one open operation a process, and none after an info (a new process number instead)"
        ],
    );
    let info = OK.replace("ok", "info");
    error(
        format!("{INVOKE}\n{info}\n{INVOKE}\n"),
        &expect![
            "line 3: field `process`: process 0 invokes `write` after its info of line 2; expected one open operation a process, and none after an info (a new process number instead)"
        ],
    );
    error(
        format!("{INVOKE}\n{info}\n{OK}\n"),
        &expect![
            "line 3: field `process`: process 0 acts after its info of line 2; expected nothing more of a process after an info"
        ],
    );
    error(
        format!("{INVOKE}\n{}\n", OK.replace("write", "read")),
        &expect!["line 2: field `f`: `read` completes the `write` of line 1; expected `write`"],
    );
    error(
        format!("{INVOKE}\n{}\n", OK.replace(":1}", ":2}")),
        &expect![
            "line 2: field `value`: this ok `write` completes with 2; expected 1, as invoked, or null"
        ],
    );
    error(
        format!("{INVOKE}\n{}\n", OK.replace("\"x\"", "\"y\"")),
        &expect![[
            r#"line 2: field `key`: completes on key "y"; expected key "x", as in the invocation"#
        ]],
    );
    error(
        format!("{}\n{}\n", INVOKE.replace('{', "{\"index\":7,"), OK.replace('{', "{\"index\":7,")),
        &expect![
            "line 2: field `index`: index 7 stands twice; expected each index once, in the order of the events"
        ],
    );
    error(
        format!("{}\n{}\n", INVOKE.replace('{', "{\"index\":7,"), OK.replace('{', "{\"index\":3,")),
        &expect![
            "line 2: field `index`: index 3 follows index 7; expected rising indexes: the order of the events is their real-time order"
        ],
    );
    error(
        format!("{INVOKE}\n{}", r#"{"process":1,"type":"invoke","f":"write","value":2}"#),
        &expect![
            "line 2: field `key`: this operation has no key; expected a field `key`, as in line 1"
        ],
    );
    error(
        "{:process 0, :type :invoke, :f :write, :value [1 2]}\n{:process 1, :type :invoke, :f :cas, :value [3 4]}",
        &expect![
            "line 2: field `value`: this operation has no key; expected a tuple `[key value]`, as in line 1"
        ],
    );
}

#[test]
fn functions_and_values_that_no_register_has() {
    error(
        INVOKE.replace("write", "incerment"),
        &expect![
            "line 1: field `f`: unknown function `incerment`; expected a function of a known model: read, write, cas (register); txn (list-append); txn (multi-register); acquire, release (mutex); get, put, append (kv); add, remove, contains, read (set); add, increment, decrement, add-and-get, get-and-add, read (counter); enqueue, dequeue (queue); enqueue, dequeue (unordered-queue); append, read (append-list)"
        ],
    );
    error(
        format!(
            "{INVOKE}\n{}",
            r#"{"process":1,"type":"invoke","f":"append","key":"x","value":2}"#
        ),
        &expect!["line 2: field `f`: unknown function `append`; expected read, write or cas"],
    );
    error(
        INVOKE.replace(":1}", ":99999999999999999999}"),
        &expect![
            "line 1: field `value`: found a number that is no 64-bit integer, 100000000000000000000; expected a register's value: null, a 64-bit integer, a string, a boolean or a keyword"
        ],
    );
    error(
        INVOKE.replace(":1}", ":1.5}"),
        &expect![
            "line 1: field `value`: found a number that is no 64-bit integer, 1.5; expected a register's value: null, a 64-bit integer, a string, a boolean or a keyword"
        ],
    );
    error(
        INVOKE.replace(":1}", ":{\"a\":1}}"),
        &expect![[
            r#"line 1: field `value`: found a map, {"a": 1}; expected a register's value: null, a 64-bit integer, a string, a boolean or a keyword"#
        ]],
    );
    error(
        INVOKE.replace("write", "cas"),
        &expect!["line 1: field `value`: found an integer, 1; expected [expected, new]"],
    );
    error(
        "{:process 0, :type :invoke, :f :write, :value 99999999999999999999}",
        &expect![
            "line 1: column 47: a number that is no 64-bit integer; expected EDN, as Jepsen writes it"
        ],
    );
    error(
        INVOKE.replace("\"x\"", "[1]"),
        &expect![
            "line 1: field `key`: found a list as the key, [1]; expected a key: an integer, a string, a boolean or a keyword"
        ],
    );
}

#[test]
fn deep_nesting_is_refused_and_not_recursed_into() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    error(
        INVOKE.replace(":1}", &format!(":{deep}}}")),
        &expect![[
            r#"line 1: column 186: recursion limit exceeded; expected one JSON object a line, such as {"process":3,"type":"invoke","f":"write","key":"x","value":7}"#
        ]],
    );
    error(
        format!("{{:process 0, :type :invoke, :f :write, :value {deep}}}"),
        &expect!["line 1: nested deeper than 64; expected an event: a flat map"],
    );
    error(
        format!("INFO  jepsen.util - 0\t:invoke\t:write\t{deep}\n"),
        &expect!["line 1: nested too deeply; expected a register's value"],
    );
}

#[test]
fn truncated_files_are_read_up_to_their_end() {
    let (recorded, format, truncated) = fine(format!("{INVOKE}\n{}", &OK[..20]));
    assert_eq!((recorded.event_count, format, truncated), (1, Format::Jsonl, Some(2)));
    // A last line without its break is whole if its object is.
    let (recorded, _, truncated) = fine(format!("{INVOKE}\n{OK}"));
    assert_eq!((recorded.event_count, truncated), (2, None));
    let edn = "[{:process 0, :type :invoke, :f :read, :value nil}\n {:process 0, :ty";
    let (recorded, format, truncated) = fine(edn);
    assert_eq!((recorded.event_count, format, truncated), (1, Format::Edn, Some(2)));
    let (recorded, _, truncated) = fine("[{:process 0, :type :invoke, :f :read, :value nil}\n");
    assert_eq!((recorded.event_count, truncated), (1, Some(2)));
    let log = "INFO  jepsen.util - 0\t:invoke\t:write\t42\nINFO  jepsen.util - 0\t:ok\t:write\t4";
    let (recorded, format, truncated) = fine(log);
    assert_eq!((recorded.event_count, format, truncated), (1, Format::EtcdLog, Some(2)));
}

#[test]
fn every_way_jepsen_writes_edn_is_read() {
    let map = "{:process 0, :type :invoke, :f :read, :value nil, :time 5, :index 0}";
    let ok = "{:process 0, :type :ok, :f :read, :value 3, :time 6, :index 1}";
    for text in [
        format!("[{map} {ok}]"),
        format!("({map}\n{ok})\n"),
        format!("{map}\n{ok}"),
        format!("; a comment with {{ brackets\n[{map},\n; another ] one\n {ok}]"),
        format!("#jepsen.history.History [#jepsen.history.Op{map} #jepsen.history.Op {ok}]"),
        format!("[{map} #_{{:process 9}} {ok}]"),
        format!("\u{feff}[{map} {ok}]"),
        format!(
            "[{map} {}]",
            ok.replace('}', " :error [:timeout \"brace } in \\\" a string\" \\}]}")
        ),
        format!(
            "[{map} {}]",
            ok.replace('}', " :exception #error {:cause nil, :via [#inst \"2026-11-23\"]}}")
        ),
    ] {
        let (recorded, format, truncated) = fine(&text);
        let found = (recorded.event_count, recorded.op_count, format, truncated);
        assert_eq!(found, (2, 1, Format::Edn, None), "{text}");
    }
    let (recorded, ..) = fine("[]");
    assert_eq!(recorded.op_count, 0);
}

#[test]
fn discards_take_away_what_they_stand_before_and_nothing_else() {
    let map = "{:process 0, :type :invoke, :f :read, :value nil}";
    for text in [
        format!("#_7 {map}"),
        format!("#_7{map}"),
        format!("#_\"{{\"{map}"),
        format!("#_ #_ 7 {{:process 9}} {map}"),
        format!("#_ #tag {{:process 9}} {map}"),
        format!("#_[1 2] [{map}]"),
        format!("#_{{:process 9}}\n({map})"),
        format!("[{map} #_ :a #_b]"),
        format!("[#_ ; a comment }} \r 7 {map}]"),
        format!("; a comment {{\r{map}"),
        format!("#a #b [#c #_ #d 7 #e {map}]"),
    ] {
        let (recorded, format, truncated) = fine(&text);
        assert_eq!((recorded.event_count, format, truncated), (1, Format::Edn, None), "{text}");
    }
    let (recorded, _, truncated) = fine(format!("{map}\n#_ {{:process"));
    assert_eq!((recorded.event_count, truncated), (1, Some(2)));
    error(
        "#_7 8",
        &expect![
            "line 1: found `8` where an event begins; expected a map, such as {:process 3, :type :invoke, :f :write, :value 7}"
        ],
    );
    error("#tag 7\n", &expect!["line 1: found 7; expected an event: a map"]);
    error(
        "#tag ]",
        &expect!["line 1: column 6: `]` closes nothing; expected EDN, as Jepsen writes it"],
    );
    error(
        "#_{} # {}\n",
        &expect![
            "line 1: column 2: `#` without the name of a tag; expected EDN, as Jepsen writes it"
        ],
    );
}

#[test]
fn independent_tuples_are_told_from_values() {
    let events = [
        "{:process 0, :type :invoke, :f :write, :value [7 1]}",
        "{:process 1, :type :invoke, :f :cas, :value [8 [1 2]]}",
        "{:process 2, :type :invoke, :f :read, :value [7 nil]}",
        "{:process 2, :type :ok, :f :read, :value [7 1]}",
        "{:process 0, :type :ok, :f :write, :value [7 1]}",
        "{:process 1, :type :fail, :f :cas, :value [8 [1 2]]}",
        "{:process :nemesis, :type :info, :f :start, :value [:isolated {\"n1\" #{\"n2\"}}]}",
    ];
    let (recorded, ..) = fine(events.join("\n"));
    assert_eq!((recorded.key_count, recorded.op_count, recorded.event_count), (2, 3, 7));
    let (recorded, ..) = fine("{:process 1, :type :invoke, :f :cas, :value [1 2]}");
    assert_eq!(recorded.key_count, 1);
}

/// Any value that a file can hold.
fn any_datum() -> impl Strategy<Value = Datum> {
    let leaf = prop_oneof![
        Just(Datum::Nil),
        any::<bool>().prop_map(Datum::Bool),
        any::<i64>().prop_map(Datum::Int),
        (-1e9..1e9).prop_map(Datum::Float),
        any::<String>().prop_map(|text| Datum::text(&text)),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Datum::List),
            prop::collection::btree_map("[a-z]{1,5}", inner, 0..4).prop_map(|map| {
                Datum::Map(map.into_iter().map(|(k, v)| (Datum::text(&k), v)).collect())
            }),
        ]
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    let process = prop_oneof![(0..5_u32).prop_map(Process::Client), Just(Process::Nemesis)];
    let kind = prop_oneof![
        Just(EventKind::Invoke),
        Just(EventKind::Ok),
        Just(EventKind::Fail),
        Just(EventKind::Info)
    ];
    let f = prop_oneof![Just("read"), Just("write"), Just("cas"), Just("start-partition")];
    let options =
        (any::<Option<i64>>(), prop::option::of(any_datum()), prop::option::of(any_datum()));
    let extra = prop::collection::btree_map("x[a-z]{1,5}", any_datum(), 0..3);
    (process, kind, f, any_datum(), options, extra).prop_map(
        |(process, kind, f, value, (time, key, observed), extra)| Event {
            line: 0,
            index: None,
            time,
            process,
            kind,
            f: f.into(),
            key,
            value,
            observed,
            extra: extra.into_iter().map(|(name, datum)| (name.into(), datum)).collect(),
        },
    )
}

/// A history of some kind, as bytes.
fn some_file() -> impl Strategy<Value = Vec<u8>> {
    (prop::collection::vec(any_event(), 1..8), any::<bool>()).prop_map(|(events, edn)| {
        let mut file = Vec::new();
        for event in &events {
            let written =
                if edn { write_edn(&mut file, event) } else { write_jsonl(&mut file, event) };
            written.expect("writing to memory");
        }
        file
    })
}

/// Everything that can be done with bytes; must not panic, hang or grow without bound.
fn do_everything(bytes: &[u8]) {
    for format in [None, Some(Format::Jsonl), Some(Format::Edn), Some(Format::EtcdLog)] {
        let Ok(mut reader) = Reader::new(bytes, format) else { continue };
        let recorded = Recorded::read(&mut reader, &Reading::default());
        let Ok(recorded) = recorded else { continue };
        assert!(
            recorded.check(quorate_checker::Budget { steps: 1000, bytes: 1 << 20 }).count() <= 100
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        do_everything(&bytes);
    }

    #[test]
    fn any_text_of_brackets_is_survived(text in "[\\[\\](){}#;:,\"\\\\ \n0-9a-z\t_]{0,120}") {
        do_everything(text.as_bytes());
    }

    #[test]
    fn damaged_files_are_survived(
        mut file in some_file(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        for (place, byte) in damage {
            let place = place.index(file.len());
            file[place] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len() + 1));
        }
        do_everything(&file);
    }

    #[test]
    fn jsonl_reads_as_it_was_written(events in prop::collection::vec(any_event(), 1..8)) {
        let mut file = Vec::new();
        for event in &events {
            write_jsonl(&mut file, event).unwrap();
        }
        let read: Vec<Event> = Reader::new(&file[..], Some(Format::Jsonl))
            .unwrap()
            .map(|event| event.map(|event| Event { line: 0, ..event }).unwrap())
            .collect();
        // A null is as good as no field.
        let mut events = events;
        for event in &mut events {
            event.extra.sort_by(|a, b| a.0.cmp(&b.0));
        }
        prop_assert_eq!(read, events);
    }

    #[test]
    fn edn_reads_as_it_was_written(events in prop::collection::vec(any_event(), 1..8)) {
        let mut file = Vec::new();
        for event in &events {
            write_edn(&mut file, event).unwrap();
        }
        let read: Result<Vec<Event>, _> = Reader::new(&file[..], Some(Format::Edn)).unwrap().collect();
        let read = read.unwrap_or_else(|e| panic!("{e}\n{}", String::from_utf8_lossy(&file)));
        prop_assert_eq!(read.len(), events.len());
        for (read, event) in read.iter().zip(&events) {
            prop_assert_eq!((read.process, read.kind, &read.f), (event.process, event.kind, &event.f));
            if event.key.is_none() {
                prop_assert_eq!(read.value.to_string(), sorted(&event.value).to_string());
            }
        }
    }
}

/// EDN maps have no order; the reader sorts them.
fn sorted(datum: &Datum) -> Datum {
    match datum {
        Datum::List(items) => Datum::List(items.iter().map(sorted).collect()),
        Datum::Map(entries) => {
            let mut entries: Vec<_> =
                entries.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            entries.sort_by_key(|(key, _)| key.to_string());
            Datum::Map(entries)
        }
        other => other.clone(),
    }
}

#[test]
fn events_pushed_by_hand_are_checked_like_those_of_a_file() {
    let event = |kind| Event {
        line: 0,
        index: None,
        time: None,
        process: Process::Client(1),
        kind,
        f: "read".into(),
        key: None,
        value: Datum::Nil,
        observed: None,
        extra: Vec::new(),
    };
    let mut builder = Builder::default();
    assert!(builder.push(&event(EventKind::Ok)).is_err());
    assert!(builder.push(&event(EventKind::Invoke)).is_ok());
    assert!(builder.push(&event(EventKind::Ok)).is_ok());
}
