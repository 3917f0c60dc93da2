use std::path::Path;

use super::script_picture;
use crate::workload::{File, Workload};

/// Nodes whose names are markup, and a read that misses a write.
const STALE: &str = r#"
script = """
w: write 7 at <a>
sync <a>
deliver store <a> -> b
crash b
clock c +2s
drop store <a> -> c
restart b
r: read at c
"""
[cluster]
protocol = "lww"
nodes = ["<a>", "b", "c"]
r = 1
w = 1
"#;

fn workload(text: &str) -> Workload {
    File::parse(Path::new("stale.toml"), text).unwrap().resolve().unwrap()
}

/// What is told of each part that has a title.
fn titles(svg: &str) -> Vec<&str> {
    svg.split("<title>").skip(1).filter_map(|rest| rest.split("</title>").next()).collect()
}

#[test]
fn a_script_is_drawn_with_what_was_lost_and_what_nodes_hold() {
    let svg = script_picture(&workload(STALE)).unwrap();
    assert_eq!(
        titles(&svg),
        [
            "b holds 7",
            "&lt;a&gt; holds 7",
            "b holds 7",
            "b crashed",
            "A: store from &lt;a&gt; to b: arrives",
            "A: store from &lt;a&gt; to c: lost",
            "B: query from c to &lt;a&gt;: on its way",
            "B: query from c to b: on its way",
            "A: write 7 on process 0, asked of &lt;a&gt;",
            "B: read → null on process 1, asked of c",
        ]
    );
    assert!(svg.contains(">clock +2s</text>"), "{svg}");
    assert!(svg.contains("stale-read on key 0: "), "{svg}");
    assert!(!svg.contains("<a>"), "names are text: {svg}");
}

#[test]
fn a_script_without_a_violation_has_no_picture() {
    assert_eq!(script_picture(&workload(&STALE.replace("drop store", "deliver store"))), None);
    assert_eq!(script_picture(&workload("[cluster]\nprotocol = \"lww\"\nnodes = 3\n")), None);
}
