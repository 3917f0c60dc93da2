use quorate_checker::{Format, Reader};

use super::*;
use crate::world::Sent;

fn trace(lines: &str) -> Trace {
    let events = Reader::new(lines.as_bytes(), Some(Format::Jsonl)).unwrap();
    Trace::read(events, true).unwrap()
}

/// Two operations at once for a second, then one that fails after half a second more.
fn two_then_one() -> String {
    [
        r#"{"time":0,"process":0,"type":"invoke","f":"write","value":1}"#,
        r#"{"time":0,"process":1,"type":"invoke","f":"read","value":null}"#,
        r#"{"time":1000000000,"process":0,"type":"ok","f":"write","value":1}"#,
        r#"{"time":1000000000,"process":1,"type":"ok","f":"read","value":1}"#,
        r#"{"time":1000000000,"process":0,"type":"invoke","f":"write","value":2}"#,
        r#"{"time":1500000000,"process":0,"type":"fail","f":"write","value":2}"#,
        "",
    ]
    .join("\n")
}

fn named<'a>(plots: &'a [Plot], name: &str) -> &'a Plot {
    plots.iter().find(|plot| plot.name == name).unwrap()
}

fn values(series: &Series) -> Vec<f64> {
    series.points.iter().filter_map(|(_, value)| *value).collect()
}

#[test]
fn figures_are_those_of_the_history() {
    let plots = plots(&trace(&two_then_one()), None);
    let latencies: Vec<(&str, Vec<f64>)> = named(&plots, "latency")
        .series
        .iter()
        .map(|series| (series.name.as_str(), values(series)))
        .collect();
    assert_eq!(latencies, [("ok", vec![1e9, 1e9]), ("fail", vec![5e8])]);
    assert_eq!(values(&named(&plots, "availability").series[0]), [1.0, 0.0]);
    let under_way = values(&named(&plots, "concurrency").series[0]);
    assert_eq!((under_way[0], under_way[40], under_way[100]), (2.0, 2.0, 1.0));
    let throughput: f64 = values(&named(&plots, "throughput").series[0]).iter().sum();
    assert!((throughput * 1.5 / 120.0 - 2.0).abs() < 1e-3, "two in all: {throughput}");
    let quantiles = &named(&plots, "quantiles").series;
    let names: Vec<&str> = quantiles.iter().map(|series| series.name.as_str()).collect();
    let expected =
        ["write ok, p50", "write ok, p99", "write fail, p50", "read ok, p50", "read ok, p99"];
    assert_eq!(names, expected);
}

#[test]
fn without_times_there_is_no_latency() {
    let lines = two_then_one().replace("\"time\":1500000000,", "");
    let plots = plots(&trace(&lines), None);
    let names: Vec<&str> = plots.iter().map(|plot| plot.name).collect();
    assert_eq!(names, ["availability", "concurrency"]);
    assert!(super::plots(&trace(""), None).is_empty());
}

#[test]
fn files_are_pictures_with_faults_shaded() {
    let nemesis = |f: &str| {
        format!(
            "{{\"time\":5,\"process\":\"nemesis\",\"type\":\"info\",\"f\":\"{f}\",\"value\":{{}}}}\n"
        )
    };
    let trace = trace(&(nemesis("pause") + &two_then_one() + &nemesis("resume")));
    let mut ledger = Ledger::new(2, 1 << 20).named(&["n1".to_owned(), "n2".to_owned()]);
    ledger.add(1, 0, Sent::one(100, true));
    let plots = plots(&trace, Some(&ledger));
    assert!(plots.iter().any(|plot| plot.name == "bytes"));
    for plot in plots {
        let svg = plot.svg(&trace).unwrap();
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "{svg}");
        assert!(svg.contains(plot.title), "{svg}");
        assert!(svg.contains("opacity=\"0.18\""), "{}: no shade", plot.name);
    }
}

fn sent(ledger: &Ledger) -> Vec<(String, Vec<f64>)> {
    let plots = plots(&trace(&two_then_one()), Some(ledger));
    let series = plots.into_iter().find(|plot| plot.name == "messages").map(|plot| plot.series);
    let named = |series: Series| (series.name.clone(), values(&series));
    series.into_iter().flatten().map(named).collect()
}

#[test]
fn what_nodes_sent_is_told_by_the_second() {
    let names: Vec<String> = (1..=7).map(|number| format!("n{number}")).collect();
    // The run takes one second and a half, so the third piece is cut in the middle.
    let width = 600_000_000;
    let mut ledger = Ledger::new(2, width).named(&names);
    assert!(sent(&ledger).is_empty());
    for (now, node) in [(0, 0), (1, 0), (width, 0), (2 * width, 0), (2 * width, 1)] {
        ledger.add(now, node, Sent::one(0, false));
    }
    let rate = |count: f64, seconds: f64| count / seconds;
    let line = |name: &str, values: [f64; 3]| (name.to_owned(), values.to_vec());
    let n1 = line("n1", [rate(2.0, 0.6), rate(1.0, 0.6), rate(1.0, 0.3)]);
    let n2 = line("n2", [0.0, 0.0, rate(1.0, 0.3)]);
    assert_eq!(sent(&ledger), [n1.clone(), n2.clone()]);
    ledger.add(width, 1, Sent::one(0, true));
    let told = sent(&ledger);
    assert_eq!(told[0], n1);
    assert_eq!(told[1], line("n2", [0.0, rate(1.0, 0.6), rate(1.0, 0.3)]));
    assert_eq!(told[2], line("repair, all nodes", [0.0, rate(1.0, 0.6), 0.0]));
    // Nobody has weighed anything.
    let plots = plots(&trace(&two_then_one()), Some(&ledger));
    assert!(plots.iter().all(|plot| plot.name != "bytes"));
}

#[test]
fn of_many_nodes_the_extremes_are_told() {
    let names: Vec<String> = (1..=7).map(|number| format!("n{number}")).collect();
    let mut ledger = Ledger::new(7, 2_000_000_000).named(&names);
    for node in 0..7 {
        (0..=node).for_each(|_| ledger.add(0, node, Sent::one(0, false)));
    }
    let line = |name: &str, count: f64| (name.to_owned(), vec![count / 1.5]);
    let expected =
        [line("most of any node", 7.0), line("median", 4.0), line("least of any node", 1.0)];
    assert_eq!(sent(&ledger), expected);
}
