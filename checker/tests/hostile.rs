//! Files made to overflow the stack, to be read for ever or to fill the screen: each is refused, or read
//! like any other. What fails here fails by abort, or by not ending.

use std::thread;

use expect_test::{Expect, expect};
use quorate_checker::{Reader, Reading, Recorded};

/// About as long as an event may be.
const LENGTH: usize = (4 << 20) - 4096;
/// The stack of a thread that nobody has given more.
const STACK: usize = 2 << 20;

fn many(text: &str) -> String {
    text.repeat(LENGTH / text.len())
}

fn edn(value: &str) -> String {
    format!("{{:process 0, :type :invoke, :f :write, :value {value}}}\n")
}

fn json(value: &str) -> String {
    format!("{{\"process\":0,\"type\":\"invoke\",\"f\":\"write\",\"value\":{value}}}\n")
}

fn log(value: &str) -> String {
    format!("INFO  jepsen.util - 0\t:invoke\t:write\t{value}\n")
}

/// Reads a file on a small stack. The number of its events, or the error.
fn read(text: String) -> Result<u32, String> {
    let work = move || {
        let mut reader = Reader::new(text.as_bytes(), None).map_err(|error| error.to_string())?;
        Recorded::read(&mut reader, &Reading::default())
            .map(|recorded| recorded.event_count)
            .map_err(|error| error.to_string())
    };
    let thread = thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread starts");
    thread.join().expect("reading does not panic")
}

#[track_caller]
fn error(text: String, expected: &Expect) {
    expected.assert_eq(&read(text).expect_err("read without an error"));
}

#[test]
fn nesting_without_brackets_is_nesting() {
    let deep = expect!["line 1: nested deeper than 64; expected an event: a flat map"];
    for value in [
        many("#a ") + "1",
        many("#_") + "1",
        "#_".repeat(LENGTH / 4) + &"1 ".repeat(LENGTH / 4),
        // A discard between two tags takes neither away.
        many("#a #_1 ") + "1",
        // What ends a token: any blank of Unicode.
        many("#a \u{3000}") + "1",
        // A backslash begins a character only where a token begins.
        "a\\[".repeat(LENGTH / 6) + "1" + &"]".repeat(LENGTH / 6),
        // A carriage return ends a comment.
        ";\r[".repeat(LENGTH / 6) + "1" + &"]".repeat(LENGTH / 6),
        // Whoever closes a map would look through all that is open.
        format!("{}[{}]", "#a ".repeat(LENGTH / 6), "{}".repeat(LENGTH / 4)),
    ] {
        error(edn(&value), &deep);
    }
    error(many("#a ") + &edn("1"), &deep);
    let deep = expect!["line 1: nested too deeply; expected a register's value"];
    error(log(&(many("#a ") + "1")), &deep);
    error(log(&many("#_1 #a ")), &deep);
}

#[test]
fn what_does_not_nest_may_be_as_long_as_an_event() {
    let chains = ["'", "^m", "@", "#_1 ", ";\n", "a", ","].map(|link| edn(&(many(link) + " 1")));
    let texts = ["\\\"", "\\\\", "x", "\u{3000}"].map(|text| edn(&format!("\"{}\"", many(text))));
    for file in chains.into_iter().chain(texts) {
        let begins: String = file.chars().skip(40).take(20).collect();
        match read(file) {
            // `'''' 1` is a symbol and a number, so that the map has an odd one.
            Err(error) => assert!(error.contains("a key without a value"), "{begins}: {error}"),
            Ok(count) => assert_eq!(count, 1, "{begins}"),
        }
    }
    let number = many("1");
    error(
        edn(&number),
        &expect![
            "line 1: column 47: a number that is no 64-bit integer; expected EDN, as Jepsen writes it"
        ],
    );
    error(
        json(&number),
        &expect![[
            r#"line 1: column 4190257: number out of range; expected one JSON object a line, such as {"process":3,"type":"invoke","f":"write","key":"x","value":7}"#
        ]],
    );
    let keys: Vec<String> = (0..200_000).map(|key| format!("{key} 1")).collect();
    error(
        edn(&format!("{{{}}}", keys.join(" "))),
        &expect![
            "line 1: field `value`: found a map, {0: 1, 1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1, 8: 1, 9: 1,…; expected a register's value: null, a 64-bit integer, a string, a boolean or a keyword"
        ],
    );
}

#[test]
fn an_event_longer_than_that_is_refused() {
    let long = many("a") + &"a".repeat(4096);
    let expected = expect![
        "line 1: an event longer than 4 MiB; expected one event a line (history.jsonl) or a map (EDN)"
    ];
    error(edn(&format!("\"{long}\"")), &expected);
    error(edn(&long), &expected);
    error(json(&format!("\"{long}\"")), &expected);
    error(log(&long), &expected);
}

#[test]
fn millions_of_blank_lines_and_comments_stand_before_a_history() {
    for blank in ["\n", " \n", ";\n", "; {\"\n", ",\n"] {
        let blank = many(blank);
        assert_eq!(read(blank.clone() + &edn("1")), Ok(1));
        assert_eq!(read(format!("[{blank}{}]", edn("1"))), Ok(1));
        assert_eq!(read(format!("[{}{blank}]", edn("1"))), Ok(1));
    }
    assert_eq!(read(many("\n") + &json("1")), Ok(1));
    assert_eq!(read(many("\n") + &log("1")), Ok(1));
}

#[test]
fn messages_do_not_repeat_a_long_value() {
    let long = format!("\"{}\"", many("é"));
    let completion = |text: &str| text.replace("invoke", "ok");
    for file in [
        json("1") + &long + "\n",
        json(&long) + &completion(&json("\"short\"")),
        edn(&long) + &completion(&edn("\"short\"")),
        json("1").replace("\"write\"", &long),
        json("1").replace("\"process\"", &format!("\"key\":{long},\"process\""))
            + &completion(&json("1").replace("\"process\"", "\"key\":1,\"process\"")),
        log(&format!("1 {long}")),
        "x".repeat(LENGTH),
    ] {
        let error = read(file).expect_err("read without an error");
        assert!(error.chars().count() < 1000, "{} characters", error.chars().count());
    }
}
