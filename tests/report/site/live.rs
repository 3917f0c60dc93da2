//! Runs in progress.

use std::fs::{self, File};
use std::io::Write;

use serde_json::{Value, json};

use super::super::in_browser;
use super::{Reports, Site, runs};

/// The directory of a run that this process is said to be at, and the history of a real one to write into it.
struct Growing {
    reports: Reports,
    history: File,
    lines: Vec<String>,
    verdict: Vec<u8>,
}

const RUN: &str = "20260101T000000-majority-abd-1";

impl Growing {
    fn new() -> Self {
        let reports = Reports::new();
        reports.of_run("made", "--seed 1 --ops 400");
        let made = format!("made/{}", runs(&reports, "made").remove(0));
        let read = |name: &str| {
            fs::read_to_string(reports.path(&format!("{made}/{name}"))).expect("it is readable")
        };
        let mut info: Value = serde_json::from_str(&read("run.json")).expect("it is JSON");
        info["status"] = json!("running");
        info["process"] = json!(std::process::id());
        fs::create_dir_all(reports.path(&format!("store/{RUN}"))).expect("it can be made");
        let write = |name: &str, text: &str| {
            fs::write(reports.path(&format!("store/{RUN}/{name}")), text).expect("it is writable");
        };
        write("run.json", &info.to_string());
        write("workload.toml", &read("workload.toml"));
        let history = File::create(reports.path(&format!("store/{RUN}/history.jsonl")));
        let lines = read("history.jsonl").lines().map(|line| format!("{line}\n")).collect();
        let verdict = read("verdict.json").into_bytes();
        Self { history: history.expect("it can be made"), lines, verdict, reports }
    }

    /// Writes so many lines more. The first has been written in part before, and the next one is in part now.
    fn grow(&mut self, count: usize) {
        let rest: Vec<String> = self.lines.drain(..count).collect();
        self.history.write_all(rest.concat().as_bytes()).expect("it takes more");
        let next = self.lines[0].split_off(10);
        self.history.write_all(self.lines[0].as_bytes()).expect("it takes more");
        self.lines[0] = next;
    }

    fn judge(&self) {
        let verdict = self.reports.path(&format!("store/{RUN}/verdict.json"));
        fs::write(verdict, &self.verdict).expect("it is writable");
    }
}

#[test]
fn a_run_in_progress_is_told_as_far_as_it_is_written() {
    let mut growing = Growing::new();
    let site = Site::of(&growing.reports, "store");
    let told = || -> Value {
        let answer = site.get(&format!("/runs/{RUN}/live"));
        serde_json::from_slice(&answer.body).expect("it is JSON")
    };
    assert_eq!((&told()["begun"], &told()["standing"]), (&json!(0), &json!("running")));
    growing.grow(300);
    let first = told();
    let begun = first["begun"].as_u64().expect("a number");
    assert!((100..=200).contains(&begun), "{first}");
    assert_eq!(first["permille"].as_u64(), Some(begun * 1000 / 400), "{first}");
    assert_eq!((&first["verdict"], &first["problem"]), (&json!("valid"), &Value::Null), "{first}");
    growing.grow(200);
    assert!(told()["begun"].as_u64() > Some(begun), "{}", told());
    assert!(site.get("/").text().contains("running"));
    growing.judge();
    assert_eq!(told(), json!({ "standing": "valid", "live": false }));
}

#[test]
fn a_run_whose_process_is_gone_is_left_behind() {
    let growing = Growing::new();
    let file = growing.reports.path(&format!("store/{RUN}/run.json"));
    let text = fs::read_to_string(&file).expect("it is readable");
    // No process has this number: it is more than the kernel gives out.
    let mine = format!("\"process\":{}", std::process::id());
    fs::write(&file, text.replace(&mine, "\"process\":4194305")).expect("it is writable");
    let site = Site::of(&growing.reports, "store");
    let page = site.get(&format!("/runs/{RUN}")).text();
    assert!(page.contains("left behind") && page.contains("quorate check "), "{page}");
    assert!(!page.contains("In progress"), "{page}");
}

#[test]
fn a_browser_watches_a_run_until_its_end() {
    in_browser(async |browser| {
        let mut growing = Growing::new();
        let site = Site::of(&growing.reports, "store");
        browser.visit(&site.url(&format!("/runs/{RUN}"))).await;
        let live = |name: &str| format!("document.querySelector('[data-live={name}]').textContent");
        browser.until(&format!("{}.startsWith('0 begun')", live("operations"))).await;
        growing.grow(300);
        browser.until("document.querySelector('progress').value > 0").await;
        assert_eq!(browser.text("[data-live=verdict]").await, "nothing wrong so far");
        growing.judge();
        // It loads itself again, and then tells the verdict.
        browser.until("document.querySelector('.badge').textContent.includes('valid')").await;
        assert_eq!(browser.value("document.querySelector('#live')").await, Value::Null);
    });
}
