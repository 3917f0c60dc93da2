//! Walking through a report: zoom, search, steps.

use serde_json::json;

use super::{Reports, in_browser};

const FROM: &str = "Number(document.querySelector('#lanes').dataset.from)";
const TO: &str = "Number(document.querySelector('#lanes').dataset.to)";

#[test]
fn the_timeline_zooms_and_moves() {
    in_browser(async |browser| {
        let reports = Reports::new();
        browser.open(&reports.valid()).await;
        browser.until(&format!("{FROM} === 0 && {TO} > 0")).await;
        let whole = browser.value(TO).await.as_f64().expect("a number");
        browser.click("#zoom-in").await;
        browser.until(&format!("{TO} - {FROM} === {whole} / 2 && {FROM} === {whole} / 4")).await;
        browser.click("#later").await;
        browser.until(&format!("{FROM} === {whole} / 2")).await;
        browser.click("#earlier").await;
        browser.click("#earlier").await;
        browser.until(&format!("{FROM} === 0")).await;
        browser.type_into("#lanes", "+").await;
        browser.until(&format!("{TO} - {FROM} === {whole} / 4")).await;
        browser.click("#all").await;
        browser.until(&format!("{FROM} === 0 && {TO} === {whole}")).await;
        browser.click("#zoom-out").await;
        browser.until(&format!("{FROM} === 0 && {TO} === {whole}")).await;
    });
}

#[test]
fn a_value_is_found_and_its_operation_told() {
    in_browser(async |browser| {
        let reports = Reports::new();
        browser.open(&reports.valid()).await;
        browser.type_into("#search-text", "17").await;
        browser.until("document.querySelector('#search-status').value.startsWith('1 of ')").await;
        let detail = browser.text("#detail").await;
        assert!(detail.contains("write 17"), "{detail}");
        assert!(detail.contains("the register held"), "{detail}");
        assert!(detail.contains("then 17"), "{detail}");
        browser.click("#search-next").await;
        browser.until("document.querySelector('#search-status').value.startsWith('2 of ')").await;
        assert!(browser.text("#detail").await.contains("17"));
        browser.click("#search-previous").await;
        browser.until("document.querySelector('#search-status').value.startsWith('1 of ')").await;
        browser.type_into("#search-text", "nonsense").await;
        browser.until("document.querySelector('#search-status').value === 'nothing found'").await;
    });
}

#[test]
fn a_linearization_is_walked_step_by_step() {
    in_browser(async |browser| {
        let reports = Reports::new();
        browser.open(&reports.valid()).await;
        browser.click("#step-on").await;
        let step = "document.querySelector('#step').value";
        browser.until(&format!("{step}.startsWith('step 1 of ')")).await;
        browser.click("#step-on").await;
        browser.click("#step-on").await;
        browser.until(&format!("{step}.startsWith('step 3 of ')")).await;
        browser.click("#step-back").await;
        browser.until(&format!("{step}.startsWith('step 2 of ')")).await;
        // By the keyboard as well.
        browser.type_into("#step-on", "\u{e014}").await;
        browser.until(&format!("{step}.startsWith('step 3 of ')")).await;
        browser.type_into("#lanes", "p").await;
        browser.until(&format!("{step}.startsWith('step 2 of ')")).await;
        let current = browser.text(".steps [aria-current]").await;
        assert!(current.starts_with("2 process "), "{current}");
        // What is read at any step is what the step before left.
        let holds = "[...document.querySelectorAll('.steps tbody tr')].every((row, i, rows) => { \
                     const read = row.cells[2].textContent.match(/^read → (.*)$/); \
                     return !read || row.cells[3].textContent === read[1]; })";
        assert_eq!(browser.value(holds).await, json!(true));
    });
}

#[test]
fn a_counterexample_is_shown_where_it_happened() {
    in_browser(async |browser| {
        let reports = Reports::new();
        browser.open(&reports.invalid()).await;
        let bars = browser.value("document.querySelectorAll('.picture .bar').length").await;
        let count = bars.as_u64().expect("a number");
        assert!((2..=26).contains(&count), "{count} operations");
        browser.click("#show-in-timeline").await;
        let step = "document.querySelector('#step').value";
        browser.until(&format!("{step} === 'step 1 of {count}'")).await;
        let detail = browser.text("#detail").await;
        assert!(detail.contains("A of the counterexample"), "{detail}");
        // Beyond the last step there is none.
        for _ in 0..count {
            browser.click("#step-on").await;
        }
        browser.until(&format!("{step} === 'step {count} of {count}'")).await;
        let last = char::from(b'A' + (count - 1) as u8);
        let detail = browser.text("#detail").await;
        assert!(detail.contains(&format!("{last} of the counterexample")), "{detail}");
    });
}

#[test]
fn an_operation_shows_its_messages() {
    in_browser(async |browser| {
        let reports = Reports::new();
        browser.open(&reports.invalid()).await;
        let count = |css: &str| format!("document.querySelectorAll('{css}').length");
        assert_eq!(browser.value(&count(".behind .spacetime")).await, json!(1));
        // The same operations stand above and in the diagram, under the same letters.
        let labels = |css: &str| {
            format!(
                "[...document.querySelectorAll('{css} text')].map(text => text.textContent).sort().join()"
            )
        };
        let above = browser.value(&labels(".bar")).await;
        assert_eq!(browser.value(&labels(".spacetime .operation")).await, above);
        browser.point(".bar[data-op='0'] rect", (0.0, 0.0), false).await;
        browser.until(&format!("{} === 2", count(".chosen:not(.message)"))).await;
        let others = ".spacetime .message.chosen:not([data-op=\"0\"])";
        assert_eq!(browser.value(&count(others)).await, json!(0));
        assert_ne!(browser.value(&count(".spacetime .message.chosen")).await, json!(0));
        // What was clicked stays when the mouse goes elsewhere, until it is clicked again.
        browser.point(".spacetime .operation[data-op='1'] rect", (0.0, 0.0), true).await;
        browser.point("h1", (0.0, 0.0), false).await;
        browser.until(&format!("{} === 2", count(".chosen:not(.message)[data-op=\"1\"]"))).await;
        browser.point(".spacetime .operation[data-op='1'] rect", (0.0, 0.0), true).await;
        browser.point("h1", (0.0, 0.0), false).await;
        browser.until(&format!("{} === 0", count(".chosen"))).await;
    });
}

#[test]
fn the_mouse_asks_and_chooses() {
    in_browser(async |browser| {
        let reports = Reports::new();
        browser.open(&reports.valid()).await;
        browser.until("document.querySelector('#lanes').width > 0").await;
        browser.point("#lanes", (0.0, 10.0), false).await;
        browser.until("!document.querySelector('.tip').hidden").await;
        let told = browser.text(".tip").await;
        assert!(told.contains("process ") && told.contains("on key "), "{told}");
        browser.point("#lanes", (0.0, 10.0), true).await;
        browser.until("document.querySelector('#detail .operation') !== null").await;
        let detail = browser.text("#detail").await;
        let first = told.lines().next().expect("a line");
        assert!(detail.starts_with(first), "{told}\n{detail}");
    });
}
