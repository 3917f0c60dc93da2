//! What reports look like, and how fast large ones open.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::browser::{Browser, LOOKS, Look};
use super::{Reports, in_browser};

/// Where screenshots are left.
pub(crate) fn album() -> PathBuf {
    let album = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
    fs::create_dir_all(&album).expect("it can be made");
    album
}

/// Nothing stands out at the side of a page.
pub(crate) async fn fits(browser: &Browser, name: &str, look: Look) {
    let excess = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    assert_eq!(browser.value(excess).await, json!(0), "{name}, {}: too wide", look.name);
}

/// Looks at a page in every way.
async fn pictures(browser: &Browser, page: &Path, name: &str) {
    for look in LOOKS {
        browser.look(look).await;
        browser.open(page).await;
        browser.until("document.querySelector('#lanes').width > 0").await;
        fits(browser, name, look).await;
        browser.screenshot(&album().join(format!("{name}-{}.png", look.name))).await;
    }
}

#[test]
fn a_valid_report_says_so_first() {
    in_browser(async |browser| {
        let page = Reports::new();
        let page = (page.valid(), page);
        pictures(browser, &page.0, "valid").await;
        let heading = browser.text("h1").await;
        assert!(heading.contains("Linearizable") && heading.contains("Promise kept"), "{heading}");
        assert!(browser.text(".facts").await.contains("R + W = 2 + 2 = 4 > N = 3"));
        assert_eq!(browser.value("document.querySelector('#counterexample')").await, json!(null));
        assert_eq!(browser.value("document.querySelectorAll('.plot svg').length").await, json!(7));
    });
}

#[test]
fn an_invalid_report_shows_why() {
    in_browser(async |browser| {
        let reports = Reports::new();
        pictures(browser, &reports.invalid(), "invalid").await;
        let heading = browser.text("h1").await;
        assert!(heading.contains("Not linearizable"), "{heading}");
        assert!(heading.contains("Weaker by design"), "{heading}");
        let story = browser.text(".story").await;
        assert!(story.contains("A contradiction."), "{story}");
        // Every operation that the argument names has its bar.
        let named = story.matches(" be process ").count();
        let bars = browser.value("document.querySelectorAll('.picture .bar').length").await;
        assert_eq!(bars, json!(named), "{story}");
    });
}

#[test]
fn an_unknown_report_does_not_guess() {
    in_browser(async |browser| {
        let reports = Reports::new();
        pictures(browser, &reports.unknown(), "unknown").await;
        let heading = browser.text("h1").await;
        assert!(heading.contains("Undecided"), "{heading}");
        browser.click("#step-on").await;
        let detail = browser.text("#detail").await;
        assert!(detail.contains("there is no proof to walk through"), "{detail}");
    });
}

#[test]
fn a_report_of_a_hundred_thousand_operations_opens() {
    in_browser(async |browser| {
        let reports = Reports::new();
        let page = reports.of_run("large", "--seed 3 --ops 100000");
        let size = fs::metadata(&page).expect("it is there").len();
        assert!(size < 3_000_000, "{size} bytes");
        let took = browser.open(&page).await;
        browser.click("#zoom-in").await;
        browser.until("document.querySelector('#lanes').dataset.from > 0").await;
        println!("100,000 operations: {size} bytes, opened and drawn in {} ms", took.as_millis());
    });
}
