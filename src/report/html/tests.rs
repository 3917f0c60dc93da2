use quorate_checker::{Budget, Format, Reader, Reading, Recorded};

use super::*;

/// A trace and the proofs of a history in lines of JSON.
fn traced(history: &str) -> (Trace, Certificate) {
    let events = || Reader::new(history.as_bytes(), Some(Format::Jsonl)).unwrap();
    let recorded = Recorded::read(events(), &Reading::default()).unwrap();
    let mut certificate = recorded.certificate();
    certificate.keys.extend(recorded.check(Budget::GENEROUS).map(|result| result.certificate()));
    (Trace::read(events(), true).unwrap(), certificate)
}

fn document_of(history: &str, limit: usize) -> Json {
    let (trace, certificate) = traced(history);
    let result = json!({ "violations": [{ "key": "\"x\"", "title": "t".repeat(9999) }] });
    let subject = Subject {
        title: "title",
        origin: &[("history", "here".to_owned())],
        result: &result,
        certificate: &certificate,
        trace: &trace,
        ledger: None,
        spacetimes: &[],
    };
    document(&subject, limit)
}

/// Writes of 1 to `count` to the register "x", one after the other, each read back.
fn in_turn(count: u32) -> String {
    let mut lines = String::new();
    for value in 1..=count {
        for (process, f) in [(0, "write"), (1, "read")] {
            for kind in ["invoke", "ok"] {
                let value = if (f, kind) == ("read", "invoke") { Json::Null } else { json!(value) };
                let event = json!({
                    "process": process, "type": kind, "f": f, "key": "x", "value": value
                });
                lines += &format!("{event}\n");
            }
        }
    }
    lines
}

#[test]
fn a_linearization_says_what_the_register_held() {
    let document = document_of(&in_turn(2), 100);
    assert_eq!(document["clock"], "events");
    assert_eq!(document["end"], 8);
    assert_eq!(document["operations"]["texts"], json!(["\"x\"", "1", "2"]));
    assert_eq!(document["operations"]["functions"], json!(["write", "read"]));
    let proof = &document["proofs"][0];
    assert_eq!(proof["key"], "\"x\"");
    assert_eq!((&proof["steps"], &proof["shown"]), (&json!(4), &json!(4)));
    let column = |numbers: &[Option<i64>]| json!(column(numbers.iter().copied()));
    assert_eq!(proof["order"], column(&[Some(0), Some(1), Some(2), Some(3)]));
    assert_eq!(proof["states"]["initial"], "null");
    assert_eq!(proof["states"]["before"], column(&[None, Some(1), Some(1), Some(2)]));
    assert_eq!(proof["states"]["after"], column(&[Some(1), Some(1), Some(2), Some(2)]));
}

#[test]
fn a_violation_leads_to_its_proof_and_is_cut() {
    let stale = in_turn(2);
    let last = stale.rfind("\"value\":2").unwrap();
    let stale = format!("{}\"value\":1{}", &stale[..last], &stale[last + 9..]);
    let document = document_of(&stale, 100);
    let violation = &document["result"]["violations"][0];
    assert_eq!(
        (&violation["proof"], &document["result"]["violation_count"]),
        (&json!(0), &json!(1))
    );
    assert!(violation["title"].as_str().unwrap().ends_with("t… (9999 bytes)"));
    let proof = &document["proofs"][0];
    assert_eq!(proof["verdict"], "invalid");
    let cited: Vec<u64> =
        proof["cited"].as_array().unwrap().iter().map(|op| op.as_u64().unwrap()).collect();
    assert_eq!(cited, [0, 2, 3]);
    // In a sample they are all there, under other numbers.
    let sampled = document_of(&(in_turn(2) + &stale.replace("\"x\"", "\"y\"")), 3);
    assert_eq!(sampled["operations"]["total"], 8);
    assert_eq!(sampled["operations"]["shown"], 3);
    assert_eq!(sampled["proofs"][1]["cited"], json!([0, 1, 2]));
    assert_eq!(sampled["proofs"][0]["shown"], 0);
}

#[test]
fn nothing_in_a_document_ends_its_element() {
    let hostile = "</script><!--<script>]]>&amp;\u{2028}\u{2029}";
    let safe = inside_script(&json!({ hostile: [hostile] }).to_string());
    for ending in ["<", ">", "&", "\u{2028}", "\u{2029}"] {
        assert!(!safe.contains(ending), "{ending:?} in {safe}");
    }
    assert_eq!(serde_json::from_str::<Json>(&safe).unwrap(), json!({ hostile: [hostile] }));
}

#[test]
fn a_page_names_its_only_script() {
    let (trace, certificate) = traced(&in_turn(1));
    let result = json!({});
    let page = page(&Subject {
        title: "</title><script>",
        origin: &[],
        result: &result,
        certificate: &certificate,
        trace: &trace,
        ledger: None,
        spacetimes: &[],
    });
    assert_eq!(page.matches("<script").count(), 2, "the document and the script");
    assert!(page.contains(&format!("script-src '{}'", fingerprint(SCRIPT))));
    assert!(page.contains("default-src 'none'"));
}
