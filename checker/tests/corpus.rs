//! Recorded histories with known verdicts, each in both directions: the verdict, and its proof.
//!
//! The project's own stand in `histories/`; a corpus of histories from other projects is walked, too,
//! where one is found beside the project.

#[path = "common/index.rs"]
mod index;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use index::{Entry, read};
use quorate_checker::{Budget, Certificate, Reading, Recorded, Verdict};

/// Checks a history and returns the verdict, after its certificate has been accepted.
fn check(path: &Path, recorded: &Recorded) -> Verdict {
    let mut certificate = recorded.certificate();
    for result in recorded.check(Budget::GENEROUS) {
        certificate.keys.push(result.certificate());
    }
    let mut file = Vec::new();
    certificate.write(&mut file).expect("writing to memory");
    let certificate = Certificate::read(&file[..]).expect("what was written is read");
    recorded.verify(&certificate).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The entries of a folder, sorted.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

#[test]
fn our_own_histories() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../histories");
    let mut count = 0;
    for model in entries(&root).into_iter().filter(|path| path.is_dir()) {
        for (folder, expected) in
            [("linearizable", Verdict::Valid), ("not-linearizable", Verdict::Invalid)]
        {
            for path in entries(&model.join(folder)) {
                let recorded = read(&path, None, &Reading::default());
                assert_eq!(model.file_name(), Some(OsStr::new(recorded.object.name())));
                assert_eq!(check(&path, &recorded), expected, "{}", path.display());
                count += 1;
            }
        }
    }
    assert!(count >= 8, "only {count} histories");
}

#[test]
fn histories_of_other_projects() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let Some(entries) = index::entries(&root) else {
        println!("skipped: needs a corpus of other projects' histories beside the project");
        return;
    };
    let mut count = 0;
    for Entry { path, reading, expected } in entries {
        let recorded = read(&path, None, &reading);
        assert_eq!(check(&path, &recorded), expected, "{}", path.display());
        // The model is also found by itself.
        let found = read(&path, None, &Reading { object: None, ..reading.clone() });
        assert_eq!(Some(found.object), reading.object);
        count += 1;
    }
    assert!(count > 0, "the index names no history");
}
