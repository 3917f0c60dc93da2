//! What `quorate report` writes, and what it refuses.

use std::fs;

use serde_json::{Value, json};

use super::Reports;

#[test]
fn a_run_and_its_report_made_again_are_the_same() {
    let reports = Reports::new();
    let page = reports.of_run("store", "--seed 7 --ops 300");
    let run = page.parent().expect("it is in a directory").to_owned();
    for plot in
        ["latency", "quantiles", "throughput", "availability", "concurrency", "messages", "bytes"]
    {
        let svg = fs::read_to_string(run.join(format!("plots/{plot}.svg"))).expect(plot);
        assert!(svg.starts_with("<svg "), "{plot}: {svg}");
        let png = fs::File::open(run.join(format!("plots/{plot}.png"))).expect(plot);
        let mut png = png::Decoder::new(std::io::BufReader::new(png)).read_info().expect("PNG");
        let mut pixels = vec![0; png.output_buffer_size().expect("a size")];
        let frame = png.next_frame(&mut pixels).expect("it is whole");
        assert_eq!((frame.width, frame.height), (960, 320));
        // A title stands on it, in black, and a line in blue.
        let has = |color: [u8; 3]| pixels.chunks(3).any(|pixel| pixel == color);
        assert!(has([0, 0, 0]) && has([0, 114, 178]), "{plot}");
    }
    let made = fs::read_to_string(&page).expect("there is a report");
    // The page names its run as it was called.
    let store = run.strip_prefix(reports.path("")).expect("it is in there").display().to_string();
    assert_eq!(reports.quorate(&format!("report {store} -o again.html")), 0);
    assert!(made == fs::read_to_string(reports.path("again.html")).expect("there is another"));
}

/// What all nodes together sent of something, and what that came to in the run.
fn sent(ledger: &Value, what: &str) -> u64 {
    let nodes = ledger["nodes"].as_array().expect("there are nodes");
    let pieces = nodes.iter().flat_map(|node| node[what].as_array().expect("they have sent it"));
    pieces.map(|count| count.as_u64().expect("a number")).sum()
}

#[test]
fn what_nodes_sent_is_kept_and_drawn() {
    let reports = Reports::new();
    let protocols = ["anti-entropy", "lww-read-repair", "sloppy", "chain"];
    for protocol in protocols {
        let workload = super::project(&format!("workloads/protocols/{protocol}.toml"));
        let page = reports.of_run(protocol, &format!("{workload} --seed 1"));
        let read = |name: &str| -> Value {
            let text = fs::read_to_string(page.with_file_name(name)).expect("it is there");
            serde_json::from_str(&text).expect("it is JSON")
        };
        let (ledger, verdict) = (read("traffic.json"), read("verdict.json"));
        assert_eq!(ledger["nodes"][0]["name"], "n1");
        for what in ["messages", "bytes"] {
            assert_eq!(json!(sent(&ledger, what)), verdict["traffic"][what], "{protocol}: {what}");
        }
        let (repairs, all) = (sent(&ledger, "repairs"), sent(&ledger, "messages"));
        assert_eq!(repairs > 0, protocol != "chain", "{protocol}: {repairs}");
        assert!(repairs < all / 2, "{protocol}: {repairs} of {all}");
        let text = fs::read_to_string(&page).expect("there is a report");
        assert_eq!(text.contains("repair, all nodes"), repairs > 0, "{protocol}");
    }
    let run = reports.of_run("store", "--seed 7 --ops 300").with_file_name("");
    let again = |expected: i32| {
        assert_eq!(reports.quorate(&format!("report {} -o again.html", run.display())), expected);
        fs::read_to_string(reports.path("again.html")).expect("there is a report")
    };
    assert!(again(0).contains("Messages by node"));
    fs::write(run.join("traffic.json"), "{}").expect("it is writable");
    again(254);
    fs::remove_file(run.join("traffic.json")).expect("it was there");
    assert!(!again(0).contains("Messages by node"));
}

#[test]
fn continuous_integration_gets_its_files() {
    let reports = Reports::new();
    let run = reports.of_run("store", "--seed 7 --ops 300").with_file_name("");
    let arguments = format!("report {} --junit run.xml --markdown summary.md", run.display());
    for times in 1..=2 {
        assert_eq!(reports.quorate(&arguments), 0);
        let summary = fs::read_to_string(reports.path("summary.md")).expect("there is a summary");
        assert_eq!(summary.matches("### ✓ valid, kept: ").count(), times, "it is added: {summary}");
    }
    let junit = fs::read_to_string(reports.path("run.xml")).expect("there is JUnit");
    assert!(junit.contains("<testcase name=\"promised linearizable\""), "{junit}");
    assert!(junit.contains("tests=\"2\" skipped=\"0\" errors=\"0\" failures=\"0\""), "{junit}");
}

#[test]
fn what_is_no_run_and_no_history_is_refused() {
    let reports = Reports::new();
    assert_eq!(reports.quorate("report ."), 254);
    assert_eq!(reports.quorate("report nowhere.jsonl"), 254);
    fs::write(reports.path("bad.jsonl"), "{\"process\": -1}\n").expect("it is writable");
    assert_eq!(reports.quorate("report bad.jsonl -o page.html"), 254);
    assert!(!reports.path("page.html").exists());
    let page = reports.of_run("store", "--seed 7 --ops 300");
    fs::remove_file(page.with_file_name("verdict.json")).expect("it was there");
    assert_eq!(reports.quorate(&format!("report {}", page.with_file_name("").display())), 254);
}
