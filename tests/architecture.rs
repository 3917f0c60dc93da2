//! The order of the house: each module uses those above it in the table of `lib.rs`, none below.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

/// The modules as the table in the documentation of `lib.rs` has them.
fn table(lib: &str) -> Vec<&str> {
    lib.lines().filter_map(|line| line.strip_prefix("//! | [`")?.split('`').next()).collect()
}

/// The code of a module, without its documentation and its tests.
fn code(src: &Path, module: &str) -> String {
    let mut code = String::new();
    let mut open = vec![src.join(format!("{module}.rs")), src.join(module)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("it is readable");
            open.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else if path.exists() && !path.ends_with("tests.rs") {
            let text = fs::read_to_string(&path).expect("it is readable");
            let tested = text.split("#[cfg(test)]").next().unwrap_or_default();
            for line in tested.lines().filter(|line| !line.trim_start().starts_with("//")) {
                code.push_str(line);
                code.push('\n');
            }
        }
    }
    code
}

/// The modules that `code` names by `crate::`.
fn used<'a>(code: &str, modules: &[&'a str]) -> Vec<&'a str> {
    let name = |rest: &str| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        modules.iter().find(|module| **module == &rest[..end]).copied()
    };
    let mut used: Vec<&str> = code.split("crate::").skip(1).filter_map(name).collect();
    used.sort_unstable();
    used.dedup();
    used
}

/// Who uses whom: an edge from each module to every other that it names.
fn uses<'a>(src: &Path, modules: &[&'a str]) -> DiGraphMap<&'a str, ()> {
    let mut graph = DiGraphMap::new();
    for module in modules {
        for used in used(&code(src, module), modules) {
            if used != *module {
                graph.add_edge(*module, used, ());
            }
        }
    }
    assert!(graph.edge_count() > modules.len(), "the scan finds next to nothing");
    graph
}

fn assert_acyclic(graph: &DiGraphMap<&str, ()>) {
    let cycles: Vec<_> = tarjan_scc(graph).into_iter().filter(|scc| scc.len() > 1).collect();
    assert!(cycles.is_empty(), "modules use each other: {cycles:?}");
}

/// The modules that a `lib.rs` declares.
fn declared(lib: &str) -> Vec<&str> {
    let module = |line| str::strip_prefix(line, "pub ").unwrap_or(line).strip_prefix("mod ");
    lib.lines().filter_map(|line| module(line)?.strip_suffix(';')).collect()
}

#[test]
fn modules_use_only_what_is_above_them() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = fs::read_to_string(src.join("lib.rs")).expect("it is readable");
    let modules = table(&lib);
    let (mut listed, mut declared) = (modules.clone(), declared(&lib));
    listed.sort_unstable();
    declared.sort_unstable();
    assert_eq!(listed, declared, "the table has every module once");

    let place: BTreeMap<&str, usize> = modules.iter().copied().zip(0..).collect();
    let graph = uses(&src, &modules);
    assert_acyclic(&graph);
    let upwards: Vec<_> = graph.all_edges().filter(|(a, b, ())| place[a] < place[b]).collect();
    assert!(upwards.is_empty(), "modules use what is below them: {upwards:?}");
}

#[test]
fn the_checker_has_no_circles() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("checker/src");
    let lib = fs::read_to_string(src.join("lib.rs")).expect("it is readable");
    assert_acyclic(&uses(&src, &declared(&lib)));
}

#[test]
fn the_protocol_does_no_io() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let code = code(&src, "protocol");
    for word in ["std::net", "std::thread", "std::time", "std::fs", "tokio", "rand::", "crate::rng"]
    {
        assert!(!code.contains(word), "src/protocol names {word}");
    }
}
