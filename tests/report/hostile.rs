//! Histories that would rather be pages.

use serde_json::{Value, json};

use super::{Reports, in_browser};

/// Values that mean something to browsers, terminals and readers, but not here.
const VALUES: [&str; 8] = [
    "</script><script>window.ran = 1</script>",
    "<!--<script>window.ran = 2",
    "<img src=x onerror=\"window.ran = 3\">",
    "\u{2028}\u{2029}';window.ran = 4;//",
    "\0\u{1}\u{1b}[31m\u{7f}\u{9b}",
    "\u{202e}gnp.exe",
    "]]></svg><svg onload='window.ran=5'>",
    "${window.ran = 6}{{constructor.constructor('window.ran=7')()}}&lt;b&gt;&amp;",
];

fn event(process: usize, kind: &str, f: &str, key: &str, value: &Value, time: usize) -> String {
    let event = json!({
        "process": process, "type": kind, "f": f, "key": key, "value": value, "time": time * 1000
    });
    format!("{event}\n")
}

/// Every value is written and read back, on keys that are as bad; in the end one is lost.
fn history(values: &[String]) -> String {
    let mut history = String::new();
    let mut time = 0;
    let mut call = |process, f, key: &str, asked: Value, answered: Value| {
        history += &event(process, "invoke", f, key, &asked, time);
        history += &event(process, "ok", f, key, &answered, time + 1);
        time += 2;
    };
    for value in values {
        for key in [VALUES[0], VALUES[2]] {
            call(0, "write", key, json!(value), json!(value));
            call(1, "read", key, Value::Null, json!(value));
        }
    }
    for key in [VALUES[0], VALUES[2]] {
        call(2, "read", key, Value::Null, json!(values[0]));
    }
    let nemesis = json!({
        "process": "nemesis", "type": "info", "f": "start-</script><b>", "value": VALUES[0],
        "time": 0
    });
    format!("{nemesis}\n{history}")
}

#[test]
fn hostile_histories_are_text_everywhere() {
    let mut values: Vec<String> = VALUES.iter().map(|value| (*value).to_owned()).collect();
    values.push("x".repeat(1 << 20));
    in_browser(async |browser| {
        let reports = Reports::new();
        let page = reports.of_history("hostile", &history(&values));
        let size = std::fs::metadata(&page).expect("it is there").len();
        assert!(size < 200_000, "{size} bytes, with a value of a megabyte that is cut");
        browser.open(&page).await;
        assert!(browser.text("h1").await.contains("Not linearizable"));
        let text = browser.text("#counterexample").await;
        assert!(text.contains("</script><script>window.ran = 1</script>"), "{text}");

        // Every operation is told once, and what it says is there as text.
        let mut told = String::new();
        browser.select("#search-field", "process").await;
        for number in ["0", "1", "2"] {
            browser.type_anew("#search-text", number).await;
            browser
                .until("document.querySelector('#search-status').value.startsWith('1 of ')")
                .await;
            for _ in 0..2 * values.len() {
                told += &browser.text("#detail").await;
                browser.click("#search-next").await;
            }
        }
        for shown in [
            "</script><script>window.ran = 1</script>",
            "<!--<script>window.ran = 2",
            "<img src=x onerror=\\\"window.ran = 3\\\">",
            "\\u{2028}\\u{2029}",
            "\\0\\u{1}\\u{1b}[31m\\u{7f}\\u{9b}",
            "\\u{202e}gnp.exe",
            "]]></svg><svg onload='window.ran=5'>",
            "${window.ran = 6}{{constructor.constructor('window.ran=7')()}}&lt;b&gt;&amp;",
            "… (1048578 bytes)",
        ] {
            assert!(told.contains(shown), "{shown} is not in\n{told}");
        }
        assert_eq!(browser.value("window.ran === undefined").await, json!(true), "a script ran");
        assert_eq!(browser.value("document.scripts.length").await, json!(2));
        assert_eq!(browser.value("document.images.length").await, json!(0));
    });
}
