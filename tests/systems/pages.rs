//! The pages of the systems: each names workloads that are there, and shows pictures that are there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use quorate::systems::SYSTEMS;
use quorate::workload::File;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/systems")
}

/// What stands between these in a text, again and again.
fn between<'a>(text: &'a str, before: &str, after: char) -> BTreeSet<&'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
}

fn names(dir: &Path, extension: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(dir).expect("it is there").flatten().map(|entry| entry.path());
    let of = entries.filter(|path| path.extension().is_some_and(|found| found == extension));
    of.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect()
}

#[test]
fn each_system_has_a_page_with_its_workloads_and_a_picture() {
    let (mut told, mut shown) = (BTreeSet::new(), BTreeSet::new());
    let overview = fs::read_to_string(docs().join("README.md")).expect("it is there");
    for facts in SYSTEMS.iter().map(|system| system.facts()) {
        let name = facts.name;
        assert!(overview.contains(&format!("({name}.md)")), "{name} is not in the overview");
        let page = fs::read_to_string(docs().join(format!("{name}.md"))).expect("it has a page");
        for package in facts.packages {
            assert!(page.contains(package), "{name}: how is {package} installed?");
        }
        let choices = [facts.reads, facts.writes].into_iter().filter(|modes| modes.len() > 1);
        for mode in choices.flatten().map(|mode| mode.name) {
            assert!(page.contains(&format!("`{mode}`")), "{name}: what is {mode}?");
        }
        let workloads = between(&page, "workloads/systems/", '.');
        assert!(!workloads.is_empty(), "{name}: no workload");
        for workload in workloads {
            let path = format!("workloads/systems/{workload}.toml");
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
            let text = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{name}: {workload}"));
            File::parse(&path, &text).unwrap_or_else(|error| panic!("{error}"));
            assert!(
                text.contains(&format!("name = \"{name}\"")),
                "{workload} is of another system"
            );
            told.insert(workload.to_owned());
        }
        let pictures = between(&page, "](", ')');
        let pictures = pictures.iter().filter_map(|link| link.strip_suffix(".svg"));
        let before = shown.len();
        shown.extend(pictures.map(str::to_owned));
        assert!(shown.len() > before, "{name}: no picture");
    }
    let workloads = Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads/systems");
    assert_eq!(told, names(&workloads, "toml"), "those of the pages, and those that there are");
    assert_eq!(shown, names(&docs(), "svg"), "those of the pages, and those that there are");
}
