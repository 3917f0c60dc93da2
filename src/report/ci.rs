//! A result for continuous integration: one line, JUnit XML, and Markdown for the summary of a job. All
//! are made of the document that is `verdict.json`.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::Value as Json;

use super::text::counted;
use super::trace::{fit, fit_lines};

/// A summary tells at most so many counterexamples.
const STORIES_MAX: usize = 3;

/// The verdict, and the judgement where there is one, in one short line.
pub fn one_line(result: &Json) -> String {
    let verdict = result["verdict"].as_str().unwrap_or("unknown");
    let operations: u64 = outcomes(result).map(|(_, counts)| counts.iter().sum::<u64>()).sum();
    let keys = result["evidence"]["keys"].as_u64().unwrap_or(0);
    let judgement = match result["judgement"].as_str() {
        Some(judgement) => format!(", {}", judgement.replace('-', " ")),
        None => String::new(),
    };
    format!(
        "{verdict}{judgement}: {} on {}",
        counted(operations, "operation"),
        counted(keys, "key")
    )
}

/// Of every function, how many operations were ok, failed and are of unknown outcome.
fn outcomes(result: &Json) -> impl Iterator<Item = (&String, [u64; 3])> {
    let functions = result["evidence"]["outcomes"].as_object().into_iter().flatten();
    functions.map(|(function, counts)| {
        (function, ["ok", "fail", "info"].map(|outcome| counts[outcome].as_u64().unwrap_or(0)))
    })
}

/// The result as JUnit XML. Of a run, one test is whether it came out as expected and one whether what
/// was promised held; of a history, the only test is whether it is linearizable.
///
/// # Errors
/// If the library cannot write it.
pub fn junit(title: &str, result: &Json) -> Result<String, quick_junit::SerializeError> {
    let mut suite = TestSuite::new(fit(title));
    let story = stories(result).next().map(|story| story.text()).unwrap_or_default();
    let mut test = |name: String, passed: Option<bool>| {
        let mut status = match passed {
            Some(true) => TestCaseStatus::success(),
            Some(false) => TestCaseStatus::non_success(NonSuccessKind::Failure),
            None => TestCaseStatus::non_success(NonSuccessKind::Error),
        };
        if passed != Some(true) {
            status.set_message(one_line(result)).set_description(story.clone());
        }
        suite.add_test_case(TestCase::new(name, status));
    };
    if let Some(expected) = result["expected"].as_str() {
        test(format!("expected {expected}"), result["as_expected"].as_bool());
        let promise = result["promise"]["condition"].as_str().unwrap_or_default();
        test(format!("promised {promise}"), kept(result));
    } else {
        test("linearizable".to_owned(), linearizable(result));
    }
    let mut report = Report::new("quorate");
    report.add_test_suite(suite);
    report.to_string()
}

/// Whether what was promised held; `None` if nobody can tell.
fn kept(result: &Json) -> Option<bool> {
    match result["judgement"].as_str() {
        Some("broken") => Some(false),
        Some("undecided") | None => None,
        Some(_) => Some(true),
    }
}

fn linearizable(result: &Json) -> Option<bool> {
    match result["verdict"].as_str() {
        Some("valid") => Some(true),
        Some("invalid") => Some(false),
        _ => None,
    }
}

/// The result in Markdown. What comes from a history stands in blocks of code, where it means nothing.
pub fn markdown(title: &str, result: &Json) -> String {
    let sign = match linearizable(result) {
        Some(true) => "✓",
        Some(false) => "✗",
        None => "?",
    };
    let mut out = format!("### {sign} {}\n\n{}", one_line(result), block(&fit(title)));
    if let Some(promise) = result["promise"].as_object() {
        let text = |name: &str| promise.get(name).and_then(Json::as_str).unwrap_or_default();
        let promise =
            format!("promised {}: {}\n{}", text("condition"), text("because"), text("reason"));
        out += &block(&promise);
    }
    out += "| function | ok | fail | info |\n|---|---|---|---|\n";
    for (function, [ok, fail, info]) in outcomes(result) {
        let name: String =
            function.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        out += &format!("| {name} | {ok} | {fail} | {info} |\n");
    }
    for story in stories(result).take(STORIES_MAX) {
        out += &format!("\n{}", block(&story.text()));
    }
    out
}

/// A block of code whose fence is longer than any in it.
fn block(text: &str) -> String {
    let text = fit_lines(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n\n", text.trim_end())
}

/// A counterexample as it stands in the document.
struct Story<'a>(&'a Json);

impl Story<'_> {
    fn text(&self) -> String {
        let text = |name: &str| self.0[name].as_str().unwrap_or_default();
        let story = self.0["story"].as_array().into_iter().flatten().filter_map(Json::as_str);
        let lines: Vec<&str> = [text("title")].into_iter().chain(story).collect();
        fit_lines(&format!("{}\n\n{}", lines.join("\n"), text("timeline")))
    }
}

fn stories(result: &Json) -> impl Iterator<Item = Story<'_>> {
    result["violations"].as_array().into_iter().flatten().map(Story)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn result(verdict: &str, judgement: &str, as_expected: Option<bool>) -> Json {
        json!({
            "verdict": verdict,
            "judgement": judgement,
            "expected": "linearizable",
            "as_expected": as_expected,
            "promise": { "condition": "linearizable", "because": "R + W > N", "reason": "So." },
            "evidence": { "keys": 2, "outcomes": { "read": { "ok": 3, "fail": 1, "info": 0 } } },
            "violations": [{ "title": "a `b` ```c``` <d>", "story": ["\u{1b}[31m."], "timeline": "|-|" }],
        })
    }

    #[test]
    fn a_line_says_it_all() {
        let line = one_line(&result("invalid", "weaker-by-design", Some(false)));
        assert_eq!(line, "invalid, weaker by design: 4 operations on 2 keys");
    }

    #[test]
    fn junit_tells_failures_from_what_nobody_knows() {
        let xml = |result: &Json| junit("a & b", result).unwrap();
        let failed = xml(&result("invalid", "broken", Some(false)));
        assert_eq!(failed.matches("<failure").count(), 2, "{failed}");
        assert!(failed.contains("name=\"a &amp; b\"") && failed.contains("&lt;d&gt;"), "{failed}");
        assert!(!failed.contains('\u{1b}'), "{failed}");
        let open = xml(&result("unknown", "undecided", None));
        assert_eq!((open.matches("<error").count(), open.matches("<failure").count()), (2, 0));
        let passed = xml(&result("valid", "kept", Some(true)));
        assert!(!passed.contains("<failure") && !passed.contains("<error"), "{passed}");
        let history = json!({ "verdict": "valid", "evidence": { "keys": 0, "outcomes": {} } });
        assert!(xml(&history).contains("<testcase name=\"linearizable\""), "{}", xml(&history));
    }

    #[test]
    fn markdown_keeps_foreign_text_in_blocks() {
        let text = markdown("title", &result("invalid", "weaker-by-design", Some(true)));
        assert!(text.starts_with("### ✗ invalid, weaker by design: 4 operations on 2 keys\n"));
        assert!(text.contains("| read | 3 | 1 | 0 |"), "{text}");
        assert!(text.contains("````text\na `b` ```c``` <d>\n\\u{1b}[31m."), "{text}");
    }
}
