use quorate_checker::{Certificate, Format, Reader, Reading, Recorded};

use super::*;

fn trace(lines: &str) -> Trace {
    let events = || Reader::new(lines.as_bytes(), Some(Format::Jsonl)).unwrap();
    let certificate: Certificate =
        Recorded::read(events(), &Reading::default()).unwrap().certificate();
    Trace::read(events(), &certificate).unwrap()
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
    let plots = plots(&trace(&two_then_one()));
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
    let plots = plots(&trace(&lines));
    let names: Vec<&str> = plots.iter().map(|plot| plot.name).collect();
    assert_eq!(names, ["availability", "concurrency"]);
    assert!(super::plots(&trace("")).is_empty());
}

#[test]
fn files_are_pictures_with_faults_shaded() {
    let nemesis = |f: &str| {
        format!(
            "{{\"time\":5,\"process\":\"nemesis\",\"type\":\"info\",\"f\":\"{f}\",\"value\":{{}}}}\n"
        )
    };
    let trace = trace(&(nemesis("pause") + &two_then_one() + &nemesis("resume")));
    for plot in plots(&trace) {
        let svg = plot.svg(&trace).unwrap();
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "{svg}");
        assert!(svg.contains(plot.title), "{svg}");
        assert!(svg.contains("opacity=\"0.18\""), "{}: no shade", plot.name);
    }
}
