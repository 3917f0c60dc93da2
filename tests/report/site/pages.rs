//! Lists, runs, comparisons, archives.

use std::fs;
use std::io::Read;

use serde_json::json;

use super::super::browser::LOOKS;
use super::super::{in_browser, looks};
use super::{Reports, Site, runs};

/// A store with a run that keeps its promise and one that does not, in this order.
fn store() -> (Reports, [String; 2]) {
    let reports = Reports::new();
    reports.of_run("store", "--seed 1 --ops 300");
    let kept = runs(&reports, "store").remove(0);
    let stale = super::super::project("workloads/first-steps/stale-read.toml");
    reports.quorate(&format!("run {stale} --seed 1 --store store --quiet"));
    let stale = runs(&reports, "store").into_iter().find(|name| *name != kept).expect("two");
    (reports, [kept, stale])
}

#[test]
fn runs_are_listed_and_filtered() {
    let (reports, [kept, stale]) = store();
    let site = Site::of(&reports, "store");
    let listed = |query: &str| {
        let text = site.get(query).text();
        [&kept, &stale].map(|run| text.contains(&format!("name=\"run\" value=\"{run}\"")))
    };
    assert_eq!(listed("/"), [true, true]);
    assert_eq!(listed("/?verdict=valid"), [true, false]);
    assert_eq!(listed("/?verdict=invalid&workload=&configuration="), [false, true]);
    assert_eq!(listed("/?workload=stale-read"), [false, true]);
    assert_eq!(
        listed("/?configuration=abd%20with%20N%20%3D%203%2C%20R%20%3D%202%2C%20W%20%3D%202"),
        [true, false]
    );
    assert_eq!(listed("/?verdict=invalid&workload=majority-abd"), [false, false]);
    // The list is of now.
    fs::rename(reports.path(&format!("store/{kept}")), reports.path("gone")).expect("it moves");
    assert_eq!(listed("/"), [false, true]);
    assert_eq!(site.get(&format!("/runs/{kept}")).status, 404);
}

#[test]
fn an_archive_holds_the_files_as_they_are() {
    let (reports, [kept, _]) = store();
    let site = Site::of(&reports, "store");
    let answer = site.get(&format!("/runs/{kept}/archive.zip"));
    assert!(answer.head.contains("content-type: application/zip"), "{}", answer.head);
    let mut archive =
        zip::ZipArchive::new(std::io::Cursor::new(answer.body)).expect("it is an archive");
    for name in ["run.json", "history.jsonl", "report.html", "plots/latency.svg"] {
        let name = format!("{kept}/{name}");
        let mut bytes = Vec::new();
        archive.by_name(&name).expect("it is there").read_to_end(&mut bytes).expect("it is whole");
        assert!(
            bytes == fs::read(reports.path("store").join(&name)).expect("it is readable"),
            "{name}"
        );
    }
}

#[test]
fn two_runs_are_compared() {
    let (reports, [kept, stale]) = store();
    let site = Site::of(&reports, "store");
    let text = site.get(&format!("/compare?run={kept}&run={stale}")).text();
    for row in [
        "<th>cluster.r</th><td>2</td><td>1</td>",
        "<th>promised</th><td class=\"number\">linearizable</td><td class=\"number\">eventual</td>",
        "<th>violated registers</th><td class=\"number\">0</td>",
    ] {
        assert!(text.contains(row), "no {row} in {text}");
    }
    assert!(!text.contains("<th>cluster.protocol</th>"), "what is the same is not told: {text}");
    let one = site.get(&format!("/compare?run={kept}"));
    assert_eq!((one.status, one.text().contains("expected two")), (400, true));
    assert_eq!(site.get(&format!("/compare?run={kept}&run=nowhere")).status, 404);
}

#[test]
fn a_browser_goes_from_the_list_to_a_comparison_and_a_report() {
    in_browser(async |browser| {
        let (reports, [kept, stale]) = store();
        let site = Site::of(&reports, "store");
        for look in LOOKS {
            browser.look(look).await;
            let compared = format!("/compare?run={kept}&run={stale}");
            let pages = [("list", "/"), ("run", &format!("/runs/{stale}")), ("compare", &compared)];
            for (name, path) in pages {
                browser.visit(&site.url(path)).await;
                looks::fits(browser, name, look).await;
                let picture = looks::album().join(format!("site-{name}-{}.png", look.name));
                browser.screenshot(&picture).await;
            }
        }
        browser.look(LOOKS[0]).await;
        browser.visit(&site.url("/")).await;
        browser.select("select[name=verdict]", "invalid").await;
        browser.click("header button").await;
        browser.until("document.querySelectorAll('.runs tbody tr').length === 1").await;
        browser.visit(&site.url("/")).await;
        browser.click(&format!("input[value='{kept}']")).await;
        browser.click(&format!("input[value='{stale}']")).await;
        browser.click("section button").await;
        browser.until("document.querySelector('h1').textContent === 'Two runs'").await;
        // Its pictures are there, and allowed.
        let drawn = "[...document.images].every(image => image.complete && image.naturalWidth > 0)";
        browser.until(&format!("document.images.length === 8 && {drawn}")).await;
        browser.click(&format!("thead a[href='/runs/{}']", stale.replace('-', "%2D"))).await;
        browser.until("document.querySelector('a.button') !== null").await;
        browser.click("a.button").await;
        // The report's own script runs here as it does from disk.
        browser.until("document.querySelector('#lanes')?.width > 0").await;
        browser.click("#zoom-in").await;
        browser.until("Number(document.querySelector('#lanes').dataset.from) > 0").await;
        assert_eq!(browser.value("document.querySelectorAll('.spacetime').length").await, json!(1));
    });
}
