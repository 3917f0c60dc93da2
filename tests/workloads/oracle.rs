//! Every row of theory has its workloads, of each kind that applies, or a reason.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::workloads;

/// The rows: a to z, aa to ah.
fn rows() -> Vec<String> {
    let single = ('a'..='z').map(String::from);
    let double = ('a'..='h').map(|letter| format!("a{letter}"));
    single.chain(double).collect()
}

/// The table of the collection: of each row its name, what keeps its promise, and what does not.
fn table() -> Vec<(String, String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads/README.md");
    let text = fs::read_to_string(path).expect("it is readable");
    let start = text.find("| row | configuration |").expect("the table is there");
    let lines = text[start..].lines().skip(2).take_while(|line| line.starts_with('|'));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 7, "{line}");
        (cells[1].to_owned(), cells[4].to_owned(), cells[5].to_owned())
    };
    lines.map(row).collect()
}

/// The workloads that a cell names; none, if it says why there is none.
fn named(cell: &str) -> Vec<&str> {
    let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
    let has_reason = cell.strip_prefix("- ").is_some_and(|reason| reason.len() > 5);
    assert!(names.is_empty() == has_reason, "neither workloads nor a reason, or both: {cell}");
    names
}

#[test]
fn every_row_of_theory_has_workloads_of_each_kind_or_a_reason() {
    let table = table();
    let found: Vec<&String> = table.iter().map(|(row, ..)| row).collect();
    assert_eq!(found, rows().iter().collect::<Vec<_>>());
    let all = workloads();
    let mut listed = BTreeSet::new();
    for (row, kept, broken) in &table {
        for (cell, is_found) in [(kept, false), (broken, true)] {
            for name in named(cell) {
                let workload = all.iter().find(|workload| workload.name == name);
                let workload = workload.unwrap_or_else(|| panic!("row {row}: no workload {name}"));
                // What is resurrected is linearizable, though it is looked for.
                let is_right =
                    workload.expect.is_found() == is_found || name == "resurrected-write";
                assert!(is_right, "row {row}: {name} expects {}", workload.expect);
                listed.insert(name.to_owned());
            }
        }
    }
    let missing = all.iter().map(|workload| &workload.name).filter(|name| !listed.contains(*name));
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&String>::new(), "in no row");
}
